#!/usr/bin/env bash
# Makes src/guide/performance.md and its plots: every figure measured now, on this machine. It takes about five minutes.
#
#   scripts/performance.sh          all of it
#   scripts/performance.sh counted  the counted figures and the plots; what was timed stays as it is in target/
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/cost.sh beside benches/gates.csv >target/beside.md
mkdir -p src/guide/plots
benches/target/release/cost plots src/guide/plots
if [ "${1-}" != counted ]; then
    scripts/load.sh >target/end-to-end.md
fi

machine() {
    local cpu
    cpu=$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)
    printf '%s, %s cores; %s; %s; %s.\n' "$cpu" "$(nproc)" "$(rustc --version)" "$(valgrind --version)" "$(date -u +%F)"
}

{
    # The part on whole servers comes behind the one on queries.
    sed '/^## Memory/,$d; /^<!-- tests\/queries\/table.md -->$/{
        r tests/queries/table.md
        d
    }' benches/performance.in.md
    cat benches/end-to-end.in.md target/end-to-end.md
    printf '\n'
    sed -n '/^## Memory/,$p' benches/performance.in.md
    printf '\n'
    machine
    printf '\n'
    cat target/beside.md
    cat benches/plots.in.md
} >src/guide/performance.md
