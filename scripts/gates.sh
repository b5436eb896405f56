#!/usr/bin/env bash
# Fails when a row costs more than benches/gates.csv allows.
set -euo pipefail
exec "$(dirname "$0")/cost.sh" benches/gates.csv
