#!/usr/bin/env bash
# Runs a client that nobody here wrote, and installs it under target/clients first:
#
#   scripts/clients/run.sh python|node URL        caches that revalidate, once for each line of input
#   scripts/clients/run.sh scim|odata|fhir URL    clients that send If-Match: read, change, lose, fetch again, save
#   scripts/clients/run.sh openapi URL            the same, by a client that is generated from the service's /openapi.json
#
# Exits with 3 if the client cannot be installed.
set -euo pipefail
cd "$(dirname "$0")"

usage="usage: scripts/clients/run.sh python|node|scim|odata|fhir|openapi URL"
name=${1:?$usage}
url=${2:?$usage}
installed=$(cd ../.. && pwd)/target/clients
mkdir -p "$installed"

# Several of them may be started at once, and share what is installed.
exec 9>"$installed/lock"

python() { # program
    flock 9
    if [ ! -x "$installed/python/bin/python" ]; then
        python3 -m venv "$installed/python" >&2 || exit 3
    fi
    "$installed/python/bin/python" -m pip install --quiet --requirement requirements.txt >&2 || exit 3
    exec 9>&-
    exec "$installed/python/bin/python" "$1" "$url"
}

node_packages() { # folder
    flock 9
    mkdir -p "$installed/$1"
    # The packages of a lock file that has not changed are there.
    if ! cmp -s "$1/package-lock.json" "$installed/$1/node_modules/installed.json"; then
        cp "$1"/* "$installed/$1"
        (cd "$installed/$1" && npm ci --silent >&2) || exit 3
        cp "$1/package-lock.json" "$installed/$1/node_modules/installed.json"
    fi
    cp "$1"/* "$installed/$1"
    exec 9>&-
}

node_program() { # folder, program
    node_packages "$1"
    exec node "$installed/$1/$2" "$url"
}

# Types of the description, a program that they check, and its run.
generated() {
    node_packages openapi
    cd "$installed/openapi"
    node_modules/.bin/openapi-typescript "$url/openapi.json" --output notes.ts >&2
    node_modules/.bin/tsc --project .
    exec node cycle.js "$url"
}

case $name in
python) python cache.py ;;
scim | odata) python "$name.py" ;;
node) node_program node cache.mjs ;;
fhir) node_program fhir save.mjs ;;
openapi) generated ;;
*)
    echo "run.sh: there is no $name here" >&2
    exit 2
    ;;
esac
