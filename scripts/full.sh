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
fi
if rustup run nightly rustc --version >/dev/null 2>&1; then
    step "oldest versions of direct dependencies" minimal_versions
    step "fuzz, long" scripts/fuzz.sh "${FUZZ_SECONDS:-600}"
else
    skip "oldest versions, long fuzzing" "no nightly toolchain"
fi
if cargo +nightly miri --version >/dev/null 2>&1; then
    step "miri over the core" cargo +nightly miri test --locked --no-default-features --lib
else
    skip "miri" "the nightly toolchain here has no miri"
fi
step "interleavings of the lock, many" scripts/shuttle.sh "${SHUTTLE_ITERATIONS:-50000}"
step "large contention" env TOWER_CONDITIONAL_FULL=1 cargo test --locked --release --test layer lock
step "clients that cache" env TOWER_CONDITIONAL_FULL=1 cargo test --locked --test examples proxies::clients
if git rev-parse -q --verify v0.1.0 >/dev/null; then
    cargo_tool cargo-semver-checks
    step "semver" cargo semver-checks --baseline-rev v0.1.0
else
    skip "semver" "nothing has been released yet"
fi
step "package" cargo package --locked --allow-dirty --list

summary
if [ ${#SKIPPED[@]} -gt 0 ]; then
    printf '\nSkipped:\n'
    printf '  %s\n' "${SKIPPED[@]}"
fi
