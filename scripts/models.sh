#!/usr/bin/env bash
# Tries every order of the steps of a model of conditional writes, with and without lock and swap: scripts/models.sh [full]
# Prints how many states each claim has, and the shortest way to each counterexample. `full` has more writers and more faults.
set -euo pipefail
cd "$(dirname "$0")/.."

full=()
if [ "${1-}" = full ]; then full=(--include-ignored); fi
cargo test --quiet --locked --manifest-path models/Cargo.toml -- --nocapture --test-threads 1 "${full[@]}"
