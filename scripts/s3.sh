#!/bin/sh
# A throw-away S3 in memory (moto), for the tests.
#
#   scripts/s3.sh run CMD…   runs CMD with DATABASE_URL set to the endpoint of one of its own, which it installs if need be
#
# It listens on a free port of 127.0.0.1, and is gone when CMD ends.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
installed=$(dirname "$here")/target/s3

case ${1-} in
run)
    shift
    [ $# -gt 0 ] || { echo "s3.sh: run what?" >&2; exit 2; }
    ;;
*)
    sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p;}' "$0" >&2
    exit 2
    ;;
esac

mkdir -p "$(dirname "$installed")"
[ -x "$installed/bin/python" ] || python3 -m venv "$installed" >&2
"$installed/bin/python" -m pip install --quiet --disable-pip-version-check --requirement "$here/s3/requirements.txt" >&2

dir=$(mktemp -d "${TMPDIR:-/tmp}/s3.XXXXXXXX")
trap 'kill "${server-}" 2>/dev/null || true; wait; rm -rf "$dir"' EXIT
trap 'exit 130' HUP INT TERM
mkfifo "$dir/url"
"$installed/bin/python" "$here/s3/server.py" >"$dir/url" &
server=$!
read -r DATABASE_URL <"$dir/url" || exit 1
export DATABASE_URL
"$@"
