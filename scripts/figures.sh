#!/usr/bin/env bash
# Prints a table of what writers and readers of one resource get: each figure, measured now, and its goal.
#
#   scripts/figures.sh           all parts
#   scripts/figures.sh PART…     these
#   scripts/figures.sh --list    lists the parts
#
# Speeds are ratios within one run, of both sides in turn. A lost update or a wrong answer fails; a figure that misses its
# goal is marked. A part whose tool cannot be installed here is skipped loudly, and named again at the end.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/steps.sh

PARTS=(spellings versions queries extractor hot-note crowd wall memory size)

# Only the table goes to standard output.
exec 3>&1 1>&2

row() { # figure, now, of, wanted
    printf '| %s | %s | %s | %s |\n' "$@" >&3
}

# Always the same packages, so that nothing is built twice for other features.
TESTS=(-p tower-conditional -p wrap_router -p notes -p files -p hyper_service -p metrics -p postgres
    --bins --test layer --test hyper_service --test metrics --test postgres)

# The rows that tests print, at full size; a test that fails ends the script, one that was skipped is named.
tested() { # how many rows, names of tests…
    local expected=$1 rows
    shift
    rows=$(TOWER_CONDITIONAL_FULL=1 cargo test --release --locked "${TESTS[@]}" -- --nocapture --test-threads=1 "$@" |
        tee /dev/fd/2 | sed -n 's/^.*figure: //p')
    [ -z "$rows" ] || echo "$rows" >&3
    rows=$(grep -c . <<<"$rows" || true)
    [ "$rows" -eq "$expected" ] || skip "$*" "$rows of $expected figures; its test says why"
}

figures() { # what the program is asked for…
    build_figures
    scripts/postgres.sh run benches/figures/target/release/figures "$@" >&3
}

build_figures() {
    cargo build --release --locked --quiet --manifest-path benches/figures/Cargo.toml
}

# Two writers with one tag and two spellings: a second winner fails the test.
part_spellings() {
    tested 9 one_of_two_writers_wins of_n_writers_with_one_tag_one_wins
}

# Readers beside a writer: a tag or a part of another version fails the test.
part_versions() {
    tested 6 tag_of_a_read_is_that bytes_and_parts_of_a_file replaced_file_is_served
}

part_queries() {
    tested 7 tests::queries read_is_one_query
}

part_extractor() {
    tested 1 extractor_that_caches
}

# 64 clients on one note; shares of the bare compare-and-swap, so a longer window only costs time.
part_hot-note() {
    figures hot-note
}

part_crowd() {
    figures crowd
}

# What callgrind cannot show: the instructions for SHA, and threads.
part_wall() {
    cargo build --release --locked --quiet --manifest-path benches/Cargo.toml --bin wall
    benches/target/release/wall >&3
}

# What a waiting writer holds beside a bare one, and what is kept of a body in 1-byte chunks.
part_memory() {
    cargo build --release --locked --quiet --manifest-path benches/Cargo.toml --bin counts
    benches/target/release/counts | awk -F, '
        # "100 waiting PUTs …", or one without a number.
        { writers = $1 + 0 > 0 ? $1 + 0 : 1 }
        $2 == "held" && $1 ~ /^([0-9]+ )?bare PUT/ { bare = $3 / writers }
        $2 == "held" && $1 ~ /^([0-9]+ )?waiting PUT/ {
            printf "| memory of each: %s | %d bytes | beside a bare one | at most 1536 bytes |\n", $1, $3 / writers - bare
            found = 1
        }
        END { exit !found }' >&3
    tested 2 of_single_bytes
}

# A small server with three sources, beside the same one without the layer, both stripped.
part_size() {
    size_of shipped "with LTO in one codegen unit"
    size_of plain "as cargo builds without being told"
}

size_of() { # profile, in words
    local with without built=benches/serve/target/$1
    cargo build --profile "$1" --locked --quiet --manifest-path benches/serve/Cargo.toml --bin size_with --bin size_without
    with=$(wc -c <"$built/size_with")
    without=$(wc -c <"$built/size_without")
    row "binary of three sources over none, $2" "+$(((with - without) / 1000)) KB" \
        "$((with / 1000)) and $((without / 1000)) KB" "at most +280 KB"
}

case ${1-} in
--list)
    printf '%s\n' "${PARTS[@]}" >&3
    exit
    ;;
-*)
    usage scripts/figures.sh
    exit 2
    ;;
esac
check_parts scripts/figures.sh "$@"
[ $# -gt 0 ] || set -- "${PARTS[@]}"
row figure now of wanted
row --- --- --- ---
for part in "$@"; do step "$part" "part_$part"; done
summary
