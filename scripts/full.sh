#!/usr/bin/env bash
# Runs the gate, and everything that is too slow for it, in parts that can be started one by one.
#
#   scripts/full.sh           runs the parts that have not passed yet at this commit, until one fails
#   scripts/full.sh PART…     runs these, whether they have passed or not
#   scripts/full.sh --list    lists the parts, and says which have passed at this commit
#
# A tool that is missing and cannot be installed here is skipped loudly, and named again at the end. FUZZ_SECONDS (120 for each target),
# MUTANTS_SHARD (0/100 of each part), SHUTTLE_ITERATIONS (50000) and HISTORIES_REQUESTS (100000) make the long parts longer.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/steps.sh

PARTS=(gate licences advisories external-types in-full differential figures programs stalled browser-firefox clients openapi doctor others neighbours count histories release stores
    miri tsan shuttle models mutants
    fuzz-tag_list fuzz-http_date fuzz-requests fuzz-bodies fuzz-rewritten fuzz-resource_keys fuzz-remembered fuzz-wire)

part_gate() {
    bash .ci/run
}

# Of the packages; of the workspaces beside them, which nobody publishes, where their dependencies come from.
part_licences() {
    local lock
    if cargo_tool cargo-deny; then
        cargo deny --locked --workspace check bans licenses sources
        for lock in $(git ls-files '*/Cargo.lock'); do
            cargo deny --locked --manifest-path "${lock%.lock}.toml" --config deny.toml check sources
        done
    else
        skip "bans, licences, sources" "cargo-deny cannot be installed"
    fi
}

part_advisories() {
    if ! cargo_tool cargo-deny; then
        skip "advisories" "cargo-deny cannot be installed"
    elif cargo deny --locked fetch db; then
        cargo deny --locked --workspace check advisories
    else
        skip "advisories" "their database cannot be had"
    fi
}

# Types of other crates in the public API. The tool and nightly must agree on the form of rustdoc's JSON; 2 is what it
# says when they do not.
part_external-types() {
    local manifest status
    if ! has_toolchain nightly || ! cargo_tool cargo-check-external-types; then
        skip "external types" "no nightly toolchain, or cargo-check-external-types cannot be installed"
        return 0
    fi
    for manifest in Cargo.toml testkit/Cargo.toml client/Cargo.toml; do
        status=0
        cargo +nightly check-external-types --all-features --manifest-path "$manifest" || status=$?
        case $status in
        0) ;;
        2) skip "external types of $manifest" "cargo-check-external-types cannot read what this nightly writes" ;;
        *) return "$status" ;;
        esac
    done
}

# What `cargo test` tries a few times, tried often.
part_in-full() {
    TOWER_CONDITIONAL_FULL=1 cargo test --locked --release --test core --test layer --test description
    TOWER_CONDITIONAL_FULL=1 cargo test --locked -p tower-conditional-testkit
}

# Random requests: against the naive model, and to servers of others.
part_differential() {
    scripts/differential.sh model
    scripts/differential.sh servers
}

# Clients that count in one resource, against our examples and servers of others. `stores` has the rest.
part_count() {
    scripts/count.sh notes postgres objects radicale xandikos kinto s3 lighttpd apache
}

# Contended requests to replicas under faults, and what was answered compared with the database's own history.
part_histories() {
    scripts/histories.sh
}

# Lost updates and wrong answers fail; a figure that misses its goal is printed.
part_figures() {
    scripts/figures.sh
}

part_programs() {
    PROPTEST_CASES=500000 cargo test --locked --release --test layer programs
}

# Ten thousand connections need as many descriptors in each process.
part_stalled() {
    ulimit -n "$(ulimit -Hn)"
    TOWER_CONDITIONAL_FULL=1 cargo test --locked -p notes --test notes stalled
}

# What people see of the notes in Firefox: the gate has it in Chromium.
part_browser-firefox() {
    if ! command -v npm >/dev/null && ! scripts/install.sh nodejs npm; then
        skip "the page of the notes in Firefox" "npm cannot be installed"
    elif ! scripts/browser.sh install firefox >/dev/null; then
        skip "the page of the notes in Firefox" "Firefox cannot be installed"
    else
        NOTES_BROWSER=firefox CI=true leaves_nothing cargo test --locked -p notes --test browser
    fi
}

part_clients() {
    TOWER_CONDITIONAL_FULL=1 cargo test --locked --test proxies clients
}

# Is the description of the notes what they do? `cargo test -p notes` has the generated client alone.
part_openapi() {
    scripts/openapi.sh
}

# The doctor before every proxy that can be installed; the gate has those that its other tests need.
part_doctor() {
    TOWER_CONDITIONAL_FULL=1 cargo test --locked -p tower-conditional-doctor --test proxies
}

# What the doctor finds of servers of others is true, and asked again with curl.
part_others() {
    scripts/doctor.sh
}

# Frameworks and layers of others, at the versions of a lock file of their own.
part_neighbours() {
    cargo test --locked --manifest-path neighbours/Cargo.toml
}

part_release() {
    scripts/release.sh
}

# Every recipe against its engine, and what does not fit into the gate.
part_stores() {
    scripts/stores.sh
}

part_miri() {
    if cargo +nightly miri --version >/dev/null 2>&1; then
        scripts/miri.sh
    else
        skip "miri" "the nightly toolchain here has no miri"
    fi
}

# The thread sanitizer over the lock.
part_tsan() {
    if [ -d "$(rustup run nightly rustc --print sysroot 2>/dev/null)/lib/rustlib/src" ]; then
        scripts/tsan.sh
    else
        skip "thread sanitizer" "the nightly toolchain here has no rust-src"
    fi
}

# Interleavings of the lock's queue.
part_shuttle() {
    scripts/shuttle.sh "${SHUTTLE_ITERATIONS:-50000}"
}

# Every order of the steps of a model of conditional writes.
part_models() {
    scripts/models.sh full
}

# One shard of each part; scripts/mutants.sh PART goes through it whole.
part_mutants() {
    local part
    for part in core lock middleware sources content-coding extract description; do
        scripts/mutants.sh "$part" "${MUTANTS_SHARD:-0/100}"
    done
}

fuzz() { # target
    if has_toolchain nightly; then
        scripts/fuzz.sh "${FUZZ_SECONDS:-120}" "$1"
    else
        skip "fuzzing of $1" "no nightly toolchain"
    fi
}

# Where the parts leave a mark that have passed; nowhere, while there is something that is not committed.
marks() {
    [ -z "$(git status --porcelain)" ] && echo "target/full/$(git rev-parse HEAD)"
}

has_passed() { # part
    local marks
    marks=$(marks) && [ -e "$marks/$1" ]
}

run_part() {
    local skipped=${#SKIPPED[@]} marks
    case $1 in
    fuzz-*) step "$1" fuzz "${1#fuzz-}" ;;
    *) step "$1" "part_$1" ;;
    esac
    if [ "${#SKIPPED[@]}" -eq "$skipped" ] && marks=$(marks); then
        mkdir -p "$marks"
        touch "$marks/$1"
    fi
}

case ${1-} in
--list)
    for part in "${PARTS[@]}"; do
        if has_passed "$part"; then echo "$part (passed)"; else echo "$part"; fi
    done
    exit
    ;;
-*)
    usage scripts/full.sh
    exit 2
    ;;
esac
check_parts scripts/full.sh "$@"
if [ $# -gt 0 ]; then
    for part in "$@"; do run_part "$part"; done
else
    for part in "${PARTS[@]}"; do
        if has_passed "$part"; then echo "$part has passed at this commit"; else run_part "$part"; fi
    done
fi
summary
