#!/usr/bin/env bash
# Runs the tests of the write lock under ThreadSanitizer: scripts/tsan.sh [TEST FILTER]
# The standard library is built with it too, or its locks would look like races.
set -euo pipefail
cd "$(dirname "$0")/.."

filter=${1:-lock}

sysroot=$(rustup run nightly rustc --print sysroot 2>/dev/null || true)
if [ -z "$sysroot" ] || [ ! -d "$sysroot/lib/rustlib/src" ]; then
    echo "tsan.sh: NOT RUN: nightly with rust-src is missing (rustup component add rust-src --toolchain nightly)" >&2
    exit 3
fi
host=$(rustup run nightly rustc -vV | sed -n 's/^host: //p')

# A race ends the process: a test that passes had none.
export TSAN_OPTIONS="halt_on_error=1 suppressions=$PWD/scripts/tsan.supp"
# --target keeps the flags away from build scripts, which run without the sanitizer.
RUSTFLAGS="-Zsanitizer=thread" CARGO_TARGET_DIR=target/tsan \
    cargo +nightly test --locked -Zbuild-std --target "$host" --test layer -- "$filter"
