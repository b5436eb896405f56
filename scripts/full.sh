#!/usr/bin/env bash
# What is too slow for the gate: every set of features, the oldest dependencies, long fuzzing, large contention.
# A tool that is missing and cannot be installed here is skipped loudly, and named again at the end.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/steps.sh

SKIPPED=()

skip() { # what, why
    echo "SKIPPED: $1: $2" >&2
    SKIPPED+=("$1: $2")
}

cargo_tool() { # crate: installs it if it is not there
    command -v "$1" >/dev/null || cargo install --locked "$1"
}

minimal_versions() {
    local copy
    copy=$(mktemp -d)
    git archive HEAD | tar -x -C "$copy"
    # What the examples and tests need says nothing about the library.
    awk '/^\[/{skip = ($0 == "[dev-dependencies]")} !skip' Cargo.toml >"$copy/Cargo.toml"
    (cd "$copy" && cargo +nightly update -Zdirect-minimal-versions && cargo +nightly check --lib --all-features)
    rm -rf "$copy"
}

bash .ci/run

if cargo_tool cargo-hack; then
    step "feature powerset" cargo hack check --locked --lib --feature-powerset
else
    skip "feature powerset" "cargo-hack cannot be installed"
fi
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
if rustup run nightly rustc --version >/dev/null 2>&1; then
    step "oldest versions of direct dependencies" minimal_versions
    step "fuzz, long" scripts/fuzz.sh "${FUZZ_SECONDS:-600}"
else
    skip "oldest versions, long fuzzing" "no nightly toolchain"
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
step "programs of requests, many" env PROPTEST_CASES=20000 cargo test --locked --release --test layer programs
# Ten thousand connections need as many descriptors in each process.
ulimit -n "$(ulimit -Hn)"
step "ten thousand stalled bodies" env TOWER_CONDITIONAL_FULL=1 cargo test --locked --test examples stalled
step "clients that cache" env TOWER_CONDITIONAL_FULL=1 cargo test --locked --test examples proxies::clients
if ! git rev-parse -q --verify v0.1.0 >/dev/null; then
    skip "semver" "nothing has been released yet"
elif cargo_tool cargo-semver-checks; then
    step "semver" cargo semver-checks --baseline-rev v0.1.0
else
    skip "semver" "cargo-semver-checks cannot be installed"
fi
step "package" cargo package --locked --allow-dirty --list

summary
if [ ${#SKIPPED[@]} -gt 0 ]; then
    printf '\nSkipped:\n'
    printf '  %s\n' "${SKIPPED[@]}"
fi
