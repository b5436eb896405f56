#!/usr/bin/env bash
# Fails when a row costs more than benches/gates.csv allows, or other than benches/counts.csv or the page on performance says.
#
#   scripts/gates.sh            holds all three
#   scripts/gates.sh record     writes benches/counts.csv anew, after a change that is meant; then the page is out of date:
#                             scripts/performance.sh counted
set -euo pipefail

case ${1-hold} in
    hold) set -- hold benches/gates.csv benches/counts.csv src/guide/performance.md ;;
    record) set -- record benches/counts.csv ;;
    *) echo "usage: scripts/gates.sh [record]" >&2; exit 2 ;;
esac
exec "$(dirname "$0")/cost.sh" "$@"
