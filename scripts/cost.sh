#!/usr/bin/env bash
# What the layer costs, beside the bare service: instructions (counted by callgrind) and allocations, as a table.
# With a file of gates, fails and names the rows that broke one.
set -euo pipefail
cd "$(dirname "$0")/.."

command -v valgrind >/dev/null || scripts/install.sh valgrind
cargo build --release --locked --quiet --manifest-path benches/Cargo.toml
benches/target/release/cost "$@"
