#!/usr/bin/env bash
# Is the description of the notes (`/openapi.json`) what the service does, and can programs of others work with it?
#
#   scripts/openapi.sh           all parts
#   scripts/openapi.sh PART…     these
#   scripts/openapi.sh --list    lists the parts
#
# `fuzz` (Schemathesis) finds what is answered and not described; `statuses` makes everything happen that is described; `lint`
# is Redocly's linter, Spectral and IBM's validator with its rules on ETags; `client` is generated from the description.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/steps.sh

PARTS=(lint statuses client fuzz)

case ${1-} in
--list)
    printf '%s\n' "${PARTS[@]}"
    exit
    ;;
-*)
    usage scripts/openapi.sh
    exit 2
    ;;
esac
check_parts scripts/openapi.sh "$@"

installed=$PWD/target/openapi
directory=$(mktemp -d)
notes=
finish() {
    if [ -n "$notes" ]; then
        kill "$notes" 2>/dev/null || true
        wait "$notes" 2>/dev/null || true
    fi
    rm -rf "$directory"
}
trap finish EXIT

# Starts the notes over an empty database, and waits until they answer.
start() {
    cargo build --locked --quiet -p notes
    target/debug/notes "$directory/notes.db" --port 0 >"$directory/said" 2>&1 &
    notes=$!
    for _ in {1..100}; do
        url=$(grep -o -m 1 'http://127\.0\.0\.1:[0-9]*' "$directory/said" || true)
        if [ -n "$url" ] && curl -sSf -o "$directory/openapi.json" "$url/openapi.json" 2>/dev/null; then return; fi
        kill -0 "$notes" || break
        sleep 0.1
    done
    cat "$directory/said" >&2
    return 1
}

part_lint() {
    local linters=$installed/linters
    mkdir -p "$linters"
    if ! cmp -s scripts/openapi/package-lock.json "$linters/node_modules/installed.json"; then
        cp scripts/openapi/package*.json "$linters"
        (cd "$linters" && npm ci --silent --no-audit --no-fund --ignore-scripts)
        cp scripts/openapi/package-lock.json "$linters/node_modules/installed.json"
    fi
    cp scripts/openapi/*.yaml scripts/openapi/ibm.mjs "$directory/openapi.json" "$linters"
    (
        cd "$linters"
        export REDOCLY_TELEMETRY=off REDOCLY_SUPPRESS_UPDATE_NOTICE=true
        node_modules/.bin/redocly lint openapi.json --config redocly.yaml
        node_modules/.bin/spectral lint openapi.json --ruleset spectral.yaml --fail-severity warn
        # Its status is that of all rules, and IBM's own are left out.
        node_modules/.bin/lint-openapi --json --errors-only openapi.json >ibm.json || true
        node ibm.mjs <ibm.json
        echo "IBM's validator: no error"
    )
}

part_statuses() {
    python3 scripts/openapi/every_status.py "$url" "$directory/notes.db"
}

part_client() {
    scripts/clients/run.sh openapi "$url"
}

part_fuzz() {
    if [ ! -x "$installed/python/bin/python" ]; then python3 -m venv "$installed/python"; fi
    "$installed/python/bin/python" -m pip install --quiet --requirement scripts/openapi/requirements.txt
    (
        cd "$directory" # It leaves files.
        "$installed/python/bin/schemathesis" --config-file "$OLDPWD/scripts/openapi/schemathesis.toml" \
            run "$url/openapi.json" --max-examples "${OPENAPI_EXAMPLES:-30}" --seed 1
    )
}

start
for part in "${@:-${PARTS[@]}}"; do step "$part" "part_$part"; done
summary
