#!/usr/bin/env bash
# Explores interleavings of the queue behind the write lock and of shared look-ups: scripts/shuttle.sh [ITERATIONS]
# Without a number a few seconds' worth. A failure prints the schedule that leads to it, and success how many were run.
set -euo pipefail
cd "$(dirname "$0")/.."

if [ $# -gt 0 ]; then
    export SHUTTLE_ITERATIONS=$1
fi
cargo test --quiet --locked --manifest-path shuttle/Cargo.toml -- --nocapture |
    awk '/schedules [0-9]/ { sub(/.*schedules /, ""); all += $1; next } { print } END { print all " schedules" }'
