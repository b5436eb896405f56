#!/usr/bin/env bash
# Runs a caching HTTP client, and installs it under target/clients first: scripts/clients/run.sh python|node URL
set -euo pipefail
cd "$(dirname "$0")"

name=${1:?usage: scripts/clients/run.sh python|node URL}
url=${2:?no URL}
installed=$(cd ../.. && pwd)/target/clients
mkdir -p "$installed"

case $name in
python)
    if [ ! -x "$installed/python/bin/python" ]; then
        python3 -m venv "$installed/python" >&2
    fi
    "$installed/python/bin/python" -m pip install --quiet --requirement requirements.txt >&2
    exec "$installed/python/bin/python" cache.py "$url"
    ;;
node)
    mkdir -p "$installed/node"
    cp node/* "$installed/node"
    (cd "$installed/node" && npm ci --silent >&2)
    exec node "$installed/node/cache.mjs" "$url"
    ;;
*)
    echo "run.sh: there is no $name here" >&2
    exit 2
    ;;
esac
