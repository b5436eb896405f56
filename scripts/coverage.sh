#!/usr/bin/env bash
# What the committed inputs of the fuzzers (fuzz/seeds) reach of src, in lines: scripts/coverage.sh [FILE]
# With a file of src, such as src/evaluate.rs, prints its lines, and how often each was run.
set -euo pipefail
cd "$(dirname "$0")/.."

if ! sysroot=$(rustup run nightly rustc --print sysroot 2>/dev/null); then
    echo "coverage.sh: NOT MEASURED: the nightly toolchain is missing (rustup toolchain install nightly)" >&2
    exit 3
fi
host=$(rustup run nightly rustc -vV | sed -n 's/^host: //p')
tools=$sysroot/lib/rustlib/$host/bin
if [ ! -x "$tools/llvm-cov" ]; then
    echo "coverage.sh: NOT MEASURED: rustup component add llvm-tools --toolchain nightly" >&2
    exit 3
fi

# --target keeps the flags away from build scripts. Without debug assertions only what a user runs is counted.
RUSTFLAGS="--cfg fuzzing -Cinstrument-coverage -Cdebug-assertions=no" CARGO_TARGET_DIR=fuzz/target/coverage \
    cargo +nightly build --quiet --locked --release --manifest-path fuzz/Cargo.toml --target "$host"

profiles=$(mktemp -d)
trap 'rm -rf "$profiles"' EXIT
binaries=()
for source in fuzz/fuzz_targets/*.rs; do
    target=$(basename "$source" .rs)
    binary=fuzz/target/coverage/$host/release/$target
    # Named one by one, the inputs are run and nothing is searched for.
    find "fuzz/seeds/$target" -type f -print0 |
        LLVM_PROFILE_FILE="$profiles/$target-%p.profraw" xargs -0 -n 2000 "$binary" >/dev/null 2>&1
    binaries+=("$binary" -object)
done
unset 'binaries[-1]'
"$tools/llvm-profdata" merge -sparse "$profiles"/*.profraw -o "$profiles/merged"

if [ $# -gt 0 ]; then
    "$tools/llvm-cov" show "${binaries[@]}" -instr-profile "$profiles/merged" --show-instantiations=false "$PWD/$1"
else
    "$tools/llvm-cov" report "${binaries[@]}" -instr-profile "$profiles/merged" --show-region-summary=false \
        --show-branch-summary=false "$PWD/src"
fi
