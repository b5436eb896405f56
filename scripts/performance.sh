#!/usr/bin/env bash
# Makes docs/performance.md: every figure measured now, on this machine.
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/cost.sh beside benches/gates.csv >target/beside.md
scripts/cost.sh >target/costs.md
benches/target/release/time >target/times.md

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
} >docs/performance.md
