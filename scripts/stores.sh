#!/usr/bin/env bash
# The recipes for stores, each against its engine: the write lock of the layer is off, so the store decides.
#
#   scripts/stores.sh           all parts
#   scripts/stores.sh PART…     these; `brief` is what the gate runs
#   scripts/stores.sh --list    lists the parts
#
# With UPDATE_DOCS=1 the tables of src/guide/stores.md are written anew. An engine that cannot be had is skipped loudly and named
# again at the end; with CI=true that is a failure.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/steps.sh

PARTS=(lints brief postgres orms mariadb s3 objects scale)
STORES=(--locked --manifest-path stores/Cargo.toml)
# Half of what these packages depend on has been built for the others already.
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$PWD/target}

# Always of the same packages, so that nothing is built twice for other features.
tested() { # name of the test
    cargo test "${STORES[@]}" --workspace --test "$1" -- --nocapture
}

part_lints() {
    cargo clippy "${STORES[@]}" --workspace --all-targets -- -D warnings
}

# Engines that are a part of the process.
part_brief() {
    cargo fmt --manifest-path stores/Cargo.toml --all --check
    rustfmt --edition 2024 --check src/recipes/stores/*.rs
    cargo test "${STORES[@]}" -p sqlx_sqlite -p object_store_memory -- --nocapture
}

part_postgres() {
    tested sqlx_postgres
}

part_orms() {
    tested orms
}

part_mariadb() {
    tested sqlx_mariadb
}

part_s3() {
    tested object_store_s3
}

part_objects() {
    tested objects
}

# Replicas that are killed, over engines of which PostgreSQL crashes too: more than 100,000 writes of one note.
part_scale() {
    scripts/count.sh scale objects-on-s3
}

case ${1-} in
--list)
    printf '%s\n' "${PARTS[@]}"
    exit
    ;;
-*)
    usage scripts/stores.sh
    exit 2
    ;;
esac
check_parts scripts/stores.sh "$@"
[ $# -gt 0 ] || set -- "${PARTS[@]}"
for part in "$@"; do step "$part" "part_$part"; done
summary
