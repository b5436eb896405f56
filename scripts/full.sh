#!/usr/bin/env bash
# The gate, and what is too slow for it: licences, the public API, long fuzzing, large contention.
# A tool that is missing and cannot be installed here is skipped loudly, and named again at the end.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/steps.sh

cargo_tool() { # crate: installs it if it is not there
    command -v "$1" >/dev/null || cargo install --locked "$1"
}

# The tool and nightly must agree on the form of rustdoc's JSON; 2 is what it says when they do not.
external_types() {
    local status=0
    cargo +nightly check-external-types --all-features || status=$?
    if [ "$status" -eq 2 ]; then
        skip "external types" "cargo-check-external-types cannot read what this nightly writes"
        return 0
    fi
    return "$status"
}

bash .ci/run

if cargo_tool cargo-deny; then
    step "bans, licences and sources" cargo deny --locked check bans licenses sources
    if cargo deny --locked fetch db; then
        step "advisories" cargo deny --locked check advisories
    else
        skip "advisories" "their database cannot be had"
    fi
else
    skip "bans, licences, sources, advisories" "cargo-deny cannot be installed"
fi
if has_toolchain nightly; then
    if cargo_tool cargo-check-external-types; then
        step "types of other crates in the public API" external_types
    else
        skip "external types" "cargo-check-external-types cannot be installed"
    fi
    step "fuzz, long" scripts/fuzz.sh "${FUZZ_SECONDS:-600}"
else
    skip "external types, long fuzzing" "no nightly toolchain"
fi
if cargo +nightly miri --version >/dev/null 2>&1; then
    step "miri" scripts/miri.sh
else
    skip "miri" "the nightly toolchain here has no miri"
fi
if [ -d "$(rustup run nightly rustc --print sysroot 2>/dev/null)/lib/rustlib/src" ]; then
    step "thread sanitizer over the lock" scripts/tsan.sh
else
    skip "thread sanitizer" "the nightly toolchain here has no rust-src"
fi
step "interleavings of the lock, many" scripts/shuttle.sh "${SHUTTLE_ITERATIONS:-50000}"
step "large contention" env TOWER_CONDITIONAL_FULL=1 cargo test --locked --release --test layer lock
step "programs of requests, many" env PROPTEST_CASES=500000 cargo test --locked --release --test layer programs
# Ten thousand connections need as many descriptors in each process.
ulimit -n "$(ulimit -Hn)"
step "ten thousand stalled bodies" env TOWER_CONDITIONAL_FULL=1 cargo test --locked -p notes --test notes stalled
step "clients that cache" env TOWER_CONDITIONAL_FULL=1 cargo test --locked --test proxies clients
if ! released=$(git describe --tags --abbrev=0 --match 'v*' 2>/dev/null); then
    skip "semver" "nothing has been released yet"
elif cargo_tool cargo-semver-checks; then
    step "semver since $released" cargo semver-checks --baseline-rev "$released"
else
    skip "semver since $released" "cargo-semver-checks cannot be installed"
fi

summary
