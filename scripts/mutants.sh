#!/usr/bin/env bash
# Changes the library in one place at a time (cargo-mutants), and looks whether a test fails. What no test notices has to be
# argued for, in scripts/mutants/argued.txt; scripts/mutants/runs.txt says what was run so far.
#
#   scripts/mutants.sh                all parts whole: days on two cores
#   scripts/mutants.sh PART           one part whole, shard after shard
#   scripts/mutants.sh PART K/N       the K-th of N shards, from 0: every N-th mutant
#   scripts/mutants.sh --list         lists the parts
#
# A shard that has passed at this commit is not run again, so that what was interrupted goes on where it was. MUTANTS_SHARDS
# says how many shards a whole part has (20).
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/steps.sh

PARTS=(core lock middleware sources content-coding description extract)
SHARDS=${MUTANTS_SHARDS:-20}

part() { # part, shard
    if [ -e "target/mutants/$1/${2/\//-of-}/passed-$(git rev-parse HEAD)" ]; then
        echo "$1, shard $2 has passed at this commit"
    else
        "part_$1" "$2"
    fi
}

# The files of each part, and who has to notice a change: what the first look misses goes to the next one.
part_core() { # shard
    # These take a second and more each.
    local slow=(every_byte_at_every_place exhaustive_small_table sixty_four_kibibytes every_day_is_counted_once
        the_last_of_a_long_list)
    # All but those that read pages and sources, and run cargo.
    local core=(-C=--test=core -- -- --skip={commands,documented,links,modules,promised}::)
    choose core "$1" entity_tag epoch evaluate field field_lines http_date last_modified method_class precondition_failed \
        preconditions refusal representation rewritten_tag tag_list timestamp token_list version_number
    PROPTEST_CASES=32 alone quick chosen "" "${core[@]}" "${slow[@]/#/--skip=}"
    # With what the core keeps for the layer.
    PROPTEST_CASES=32 alone for-the-layer quick/missed layer "${core[@]}" "${slow[@]/#/--skip=}"
    leave_argued_out for-the-layer/missed
    MUTANTS_TIMEOUT=${MUTANTS_TIMEOUT:-300} alone slow open layer "${core[@]}"
    nothing_left slow/missed
}

# With the tests beside the code, and without the dependencies of the others: a mutant takes seconds.
alone() { # look, list, features, option…
    RUSTFLAGS="--cfg tower_conditional_core_alone" MUTANTS_TIMEOUT=${MUTANTS_TIMEOUT:-30} \
        look "$1" "$2" --no-default-features -C="--features=$3" -C=--lib "${@:4}"
}

part_lock() {
    through_the_layer lock "$1" 'lock/*' 'look_up/*'
}

part_middleware() {
    through_the_layer middleware "$1" 'middleware/*' body frames header_map response
}

part_sources() {
    through_the_layer sources "$1" 'source/*'
}

part_content-coding() {
    through_the_layer content-coding "$1" 'content_coding/*'
}

part_extract() {
    through_the_layer extract "$1" 'extract/*'
}

part_description() {
    choose description "$1" 'description/*'
    look all chosen --all-features -C=--lib -C=--test=description
    leave_argued_out all/missed
    nothing_left open
}

# The second look takes minutes for each mutant, so what is argued for is not tried again.
through_the_layer() { # part, shard, module…
    choose "$@"
    alone units chosen layer,body-hash
    leave_argued_out units/missed
    # What a compiler says of wrong programs is not what changes here.
    look layer open --all-features -C=--test=layer -- -- --skip mistakes
    nothing_left layer/missed
}

# Sets `files` and `out`, and lists the mutants of the shard.
choose() { # part, shard, module…
    local part=$1 shard=$2 module
    files=()
    for module in "${@:3}"; do files+=(-f "src/$module.rs"); done
    out=target/mutants/$part/${shard/\//-of-}
    rm -rf "$out"
    mkdir -p "$out"
    cargo mutants --list "${files[@]}" | awk -v k="${shard%/*}" -v n="${shard#*/}" 'NR % n == k' >"$out/chosen"
    echo "mutants.sh: $part, shard $shard: $(wc -l <"$out/chosen") mutants"
}

# Deleted fields of structs are in every shard: cargo-mutants 27 does not ask the expressions about these. Its exit code is 2
# where some were missed, and 3 where some took too long, which is being noticed.
look() { # look, list of mutants, option…
    local look=$1 mutant only=() status=0
    while read -r mutant; do only+=(--re "^$(sed 's/[][\.^$*+?(){}|&~#-]/\\&/g' <<<"$mutant")\$"); done <"$out/$2"
    mkdir -p "$out/$look"
    : >"$out/$look/missed"
    [ ${#only[@]} -gt 0 ] || return 0
    # One folder for all copies of the tree, so that dependencies are built once.
    CARGO_TARGET_DIR=$PWD/target/mutants/build CARGO_INCREMENTAL=1 CARGO_PROFILE_DEV_DEBUG=0 \
        cargo mutants --no-shuffle --colors never --timeout "${MUTANTS_TIMEOUT:-300}" -C=--locked -o "$out/$look" \
        "${files[@]}" "${only[@]}" "${@:3}" || status=$?
    case $status in 0 | 2 | 3) ;; *) return "$status" ;; esac
    cp "$out/$look/mutants.out/missed.txt" "$out/$look/missed"
}

# Divides what was missed into `argued.txt`, and what is still open. In the list of arguments the mutants have no places,
# because these change.
leave_argued_out() { # list of mutants
    awk -F ' # ' -v out="$out" 'NR == FNR { argued[$1]; next }
        { name = $0; sub(/:[0-9]+:[0-9]+:/, ":", name); print > (out (name in argued ? "/argued.txt" : "/open")) }' \
        scripts/mutants/argued.txt "$out/$1"
    touch "$out/open"
}

nothing_left() { # list of mutants
    count "${out#target/mutants/}" "$out"
    if [ -s "$out/$1" ]; then
        printf 'no test notices, and nothing argues for:\n%s\n' "$(cat "$out/$1")" >&2
        return 1
    fi
    touch "$out/passed-$(git rev-parse HEAD)"
}

# What came of the mutants of a shard, or of all shards of a part.
count() { # name, folder…
    local outcome
    printf 'mutants.sh: %s:' "$1"
    for outcome in caught unviable timeout argued; do
        printf ' %s %s' "$(find "${@:2}" -name "$outcome.txt" -exec cat {} + | sort -u | wc -l)" "$outcome"
    done
    echo
}

if [ "${1-}" = --list ]; then
    printf '%s\n' "${PARTS[@]}"
    exit
fi
if [[ ${1-} == -* ]] || [ $# -gt 2 ]; then
    usage scripts/mutants.sh
    exit 2
fi
if ! cargo_tool cargo-mutants; then
    echo "mutants.sh: NOT RUN: cargo-mutants cannot be installed" >&2
    exit 3
fi
if [ $# -eq 0 ]; then set -- "${PARTS[@]}"; fi
check_parts scripts/mutants.sh "$1"
if [ $# -eq 2 ] && [[ $2 == */* ]]; then
    part "$1" "$2"
    exit
fi
status=0
for part in "$@"; do
    for ((shard = 0; shard < SHARDS; shard++)); do scripts/mutants.sh "$part" "$shard/$SHARDS" || status=1; done
    count "$part" "target/mutants/$part"/*"-of-$SHARDS"
done
exit "$status"
