#!/usr/bin/env bash
# Makes src/guide/performance.md: every figure measured now, on this machine. It takes about ten minutes.
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

# What is left of the speed of the bare digest, at this size.
share() {
    awk -F ' *[|] *' -v row="hashed 200 of $1" '$2 == row { printf "%.0f %%", 100 / $4 }' target/times.md
}

# The server CPU that a job takes with the layer, in times of the bare 200 of this size.
cpu() {
    awk -F ' *[|] *' -v job="$1" -v size="$2" '$2 == "axum" && $3 == job && $4 == size { print $8 }' target/end-to-end.md
}

timed() { # what, this figure, asked, floor, best peer
    printf '| %s | %s | %s | %s | %s |\n' "$@"
}

{
    cat benches/performance.in.md
    printf '\n## Beside the floor and the best peer\n\n'
    machine
    printf '\n'
    cat target/beside.md
    printf '\nFigures that only time can show, from the sections below; the first three are shares of the speed of sha2 alone, the\n'
    printf 'others server CPU in times of the bare 200:\n\n'
    timed figure now asked floor 'best peer'
    timed --- ---: ---: ---: ---
    timed 'hashed 200 of 1 KiB' "$(share '1 KiB')" 'at least 45 %' '51 %' -
    timed 'hashed 200 of 64 KiB' "$(share '64 KiB')" 'at least 95 %' '97 to 99 %' -
    timed 'hashed 200 of 1 MiB' "$(share '1 MiB')" 'at least 98 %' '99 %' -
    timed 'looked-up 200 of 1 KiB' "$(cpu 'looked-up 200' 1k)" 'at most 1.15' 1 -
    timed 'looked-up 304 of 64 KiB' "$(cpu 'looked-up 304' 64k)" 'at most 0.5' '0.41 to 0.43' 'nginx 0.45'
    timed 'hashed 200 of 64 KiB' "$(cpu 'hashed 200' 64k)" 'at most 2.5' '2.2 to 2.35' 'rustango 3.6 to 4.0'
    printf '\n## Every row\n\n'
    cat target/costs.md
    printf '\n## Time\n\nThe best of 15 rounds, each of which runs every row, and the ratio of the bests: other programs only ever add time.\n\n'
    cat target/times.md
    cat benches/peers.in.md target/peers.md
    cat benches/end-to-end.in.md target/end-to-end.md
} >src/guide/performance.md
