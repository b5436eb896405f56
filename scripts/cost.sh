#!/usr/bin/env bash
# What the layer costs, beside the bare service: instructions (counted by callgrind) and allocations, as a table.
# benches/src/bin/cost/main.rs says what else it can do.
set -euo pipefail
cd "$(dirname "$0")/.."

command -v valgrind >/dev/null || scripts/install.sh valgrind
cargo build --release --locked --quiet --manifest-path benches/Cargo.toml --bin cost --bin counts --bin instructions
benches/target/release/cost "$@"
