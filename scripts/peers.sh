#!/usr/bin/env bash
# Prints tables of the layer beside its peers, in the same run: time, allocations, and the versions of the crates.
set -euo pipefail
cd "$(dirname "$0")/.."

manifest=benches/peers/Cargo.toml
peers='actix-web|entity-tag|etag|headers|httpdate|loco-rs|memory-serve|rustango|static-serve|tower-etag-cache|tower-http'

MEMORY_SERVE_QUIET=1 cargo build --release --locked --quiet --manifest-path $manifest
cat benches/peers.in.md
benches/peers/target/release/peers
versions=$(cargo tree --locked --edges normal --depth 1 --prefix none --manifest-path $manifest |
    sed -nE "s/^($peers) v([^ ]*).*/\1 \2,/p")
echo "With" ${versions%,}.
