#!/usr/bin/env bash
# Fuzzes each target of fuzz/ for a while, without cargo-fuzz: scripts/fuzz.sh SECONDS [TARGET]
# Starts from fuzz/seeds/TARGET, keeps what it finds in fuzz/corpus/TARGET, crashes in fuzz/artifacts/TARGET.
set -euo pipefail
cd "$(dirname "$0")/.."

seconds=${1:?usage: scripts/fuzz.sh SECONDS [TARGET]}
targets=${2:-"tag_list http_date requests bodies rewritten resource_keys remembered wire"}

if ! host=$(rustup run nightly rustc -vV 2>/dev/null | sed -n 's/^host: //p') || [ -z "$host" ]; then
    echo "fuzz.sh: NOT FUZZED: the nightly toolchain is missing (rustup toolchain install nightly)" >&2
    exit 3
fi

# What cargo-fuzz passes for coverage; no sanitizer, since there is no unsafe code to watch.
flags="--cfg fuzzing -Ccodegen-units=1 -Cpasses=sancov-module"
for option in level=4 inline-8bit-counters pc-table trace-compares; do
    flags+=" -Cllvm-args=-sanitizer-coverage-$option"
done
# --target keeps the flags away from build scripts.
RUSTFLAGS=$flags CARGO_TARGET_DIR=fuzz/target \
    cargo +nightly build --quiet --locked --release --manifest-path fuzz/Cargo.toml --target "$host"

for target in $targets; do
    mkdir -p "fuzz/corpus/$target" "fuzz/artifacts/$target"
    echo "fuzz.sh: $target for $seconds s"
    log=$(mktemp)
    if ! "fuzz/target/$host/release/$target" -max_total_time="$seconds" -max_len=2048 -timeout=10 -verbosity=0 \
        -print_final_stats=1 -artifact_prefix="fuzz/artifacts/$target/" \
        "fuzz/corpus/$target" "fuzz/seeds/$target" >"$log" 2>&1; then
        cat "$log" >&2
        rm -f "$log"
        exit 1
    fi
    grep -E 'number_of_executed_units|new_units_added' "$log" || true
    rm -f "$log"
done
