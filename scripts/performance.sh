#!/usr/bin/env bash
# Makes docs/performance.md: every figure measured now, on this machine. It takes about ten minutes.
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/cost.sh beside benches/gates.csv >target/beside.md
scripts/cost.sh >target/costs.md
benches/target/release/time >target/times.md
scripts/peers.sh >target/peers.md
scripts/load.sh >target/end-to-end.md

machine() {
    local cpu
    cpu=$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)
    printf '%s, %s cores; %s; %s; %s.\n' "$cpu" "$(nproc)" "$(rustc --version)" "$(valgrind --version)" "$(date -u +%F)"
}

{
    cat benches/performance.in.md
    printf '\n## Beside the floor and the best peer\n\n'
    machine
    printf '\n'
    cat target/beside.md
    printf '\n## Every row\n\n'
    cat target/costs.md
    printf '\n## Time\n\nThe best of 15 rounds in which every row had its turn, and the ratio of the bests: neighbours only ever add time.\n\n'
    cat target/times.md
    cat benches/peers.in.md target/peers.md
    cat benches/end-to-end.in.md target/end-to-end.md
} >docs/performance.md
