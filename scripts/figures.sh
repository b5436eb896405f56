#!/usr/bin/env bash
# What writers and readers of one resource get, as a table: each figure, measured now, beside what is wanted of it.
#
#   scripts/figures.sh           all parts
#   scripts/figures.sh PART…     these
#   scripts/figures.sh --list    lists the parts
#
# Speeds are ratios within one run, of both sides in turn. A lost update or a wrong answer fails; a figure that misses what
# is wanted is marked. What needs a tool that cannot be had here is skipped loudly, and named again at the end.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/steps.sh

PARTS=(hot-note)

# The table is what goes to standard output; everything else is not.
exec 3>&1 1>&2

figures() { # what the program is asked for…
    cargo build --release --locked --quiet --manifest-path benches/figures/Cargo.toml
    scripts/postgres.sh run benches/figures/target/release/tower-conditional-figures "$@" >&3
}

# 64 clients on one note; shares of the bare compare-and-swap, so a longer window only costs time.
part_hot-note() {
    figures hot-note
}

case ${1-} in
--list)
    printf '%s\n' "${PARTS[@]}" >&3
    exit
    ;;
-*)
    usage scripts/figures.sh
    exit 2
    ;;
esac
check_parts scripts/figures.sh "$@"
[ $# -gt 0 ] || set -- "${PARTS[@]}"
printf '| figure | now | of | wanted |\n| --- | --- | --- | --- |\n' >&3
for part in "$@"; do step "$part" "part_$part"; done
summary
