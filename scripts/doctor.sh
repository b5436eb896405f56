#!/usr/bin/env bash
# The doctor examines servers that others have written, and finds what is true of each of them and nothing else.
# scripts/doctor/findings.txt says what that is, and how to see it with curl.
#
#   scripts/doctor.sh           all servers
#   scripts/doctor.sh SERVER…   these
#   scripts/doctor.sh --list    lists the servers
#
# A server that cannot be had is skipped loudly and named again at the end; with CI=true that is a failure.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/steps.sh
. scripts/servers.sh

PARTS=(nginx apache caddy go express express-handler aiohttp starlette)
python=target/doctor/python
requirements=scripts/doctor/requirements.txt

# A folder with a page that nobody has changed lately.
files() {
    mkdir -p "$dir/files"
    printf 'a page that is long enough to have a part\n' >"$dir/files/page.txt"
    touch -d '2025-01-01T00:00:00Z' "$dir/files/page.txt"
    chmod -R a+rX "$dir/files"
}

# Rule and severity of each finding, sorted, beside what findings.txt has of this server.
examine() { # server, URL, options of the doctor…
    local server=$1 status=0
    shift
    target/debug/tower-conditional-doctor --http1 --json "$@" >"$dir/report.json" || status=$?
    [ "$status" -le 1 ] || { cat "$dir/report.json" >&2; return "$status"; }
    python3 -c 'import json, sys
for finding in json.load(sys.stdin)["findings"]:
    print(finding["severity"], finding["rule"])' <"$dir/report.json" | LC_ALL=C sort >"$dir/found"
    expected "$server" >"$dir/expected"
    diff -u --label "of $server: expected" --label found "$dir/expected" "$dir/found"
    by_hand "$server" "$1"
    echo "$server: $(wc -l <"$dir/found") findings, as expected"
}

expected() { # server
    sed -n "s/^$1 \([a-z]* [a-z-]*\) |.*/\1/p" scripts/doctor/findings.txt | LC_ALL=C sort
}

line_of() { # field, URL
    curl -s -o /dev/null -D - "$2" | sed -n "s/\r\$//; s/^$1: //Ip"
}

# Asks with curl what findings.txt says of each finding. A finding that curl does not see is a false alarm.
by_hand() { # server, URL
    local url=$2 status options answered
    # The options name them.
    # shellcheck disable=SC2034
    local tag date written scratch=${2%/*}/by-hand.txt tab=$'\t' obs=$'"\xff"' \
        earlier='Tue, 31 Dec 2024 23:59:59 GMT' later='Wed, 01 Jan 2025 00:00:01 GMT'
    tag=$(line_of etag "$url")
    date=$(line_of last-modified "$url")
    if [ "$1" = apache ]; then curl -s -o /dev/null -T scripts/doctor/findings.txt "$scratch"; fi
    while read -r status options; do
        [ "$status" != - ] || continue
        written=$(line_of etag "$scratch")
        eval "set -- $options"
        # A last argument that is a URL is asked in place of the page.
        [[ ${*: -1} == http://* ]] || set -- "$@" "$url"
        answered=$(curl -s -o /dev/null -w '%{http_code}' "$@")
        [ "$answered" = "$status" ] || { echo "curl $options: $answered, not $status" >&2; return 1; }
    done < <(sed -n "s/^$1 [a-z]* [a-z-]* | //p" scripts/doctor/findings.txt)
}

part_nginx() {
    local port
    has nginx nginx-light || { missing nginx; return; }
    port=$(free_port)
    start_nginx "$port"
    examine nginx "http://127.0.0.1:$port/page.txt"
}

part_apache() {
    local port modules module
    has apache2 apache2 || { missing Apache; return; }
    port=$(free_port)
    modules=$(dirname "$(find /usr/lib/apache2 /usr/libexec -name mod_dav.so 2>/dev/null | head -n 1)")
    mkdir -p "$dir/apache" "$dir/dav"
    cp -p "$dir/files/page.txt" "$dir/dav"
    chmod -R 777 "$dir/apache" "$dir/dav"
    {
        for module in mpm_event authz_core mime dav dav_fs; do
            echo "LoadModule ${module}_module $modules/mod_$module.so"
        done
        printf '%s\n' "ServerRoot $dir/apache" 'ServerName localhost' "Listen 127.0.0.1:$port" "PidFile $dir/apache/pid" \
            "ErrorLog $dir/apache/log" "DocumentRoot $dir/dav" "DavLockDB $dir/apache/lock" "DefaultRuntimeDir $dir/apache" \
            'TypesConfig /dev/null' 'AddType text/plain .txt' '<Directory />' 'Dav On' \
            '# Without this a tag is weak for a second after each change.' 'FileETag Digest' '</Directory>'
    } >"$dir/apache.conf"
    start "$port" apache2 -d "$dir/apache" -f "$dir/apache.conf" -DFOREGROUND
    examine apache "http://127.0.0.1:$port/page.txt" --write /scratch.txt
}

part_caddy() {
    local port
    has caddy caddy || { missing Caddy; return; }
    port=$(free_port)
    start "$port" env XDG_CONFIG_HOME="$dir" XDG_DATA_HOME="$dir" caddy file-server --root "$dir/files" --listen "127.0.0.1:$port"
    examine caddy "http://127.0.0.1:$port/page.txt"
}

part_go() {
    local port
    has go golang-go || { missing Go; return; }
    port=$(free_port)
    go build -o "$dir/serve-go" scripts/doctor/go/main.go
    start "$port" "$dir/serve-go" "$dir/files" "$port"
    examine go "http://127.0.0.1:$port/page.txt"
}

express() { # server, path
    local port installed=target/doctor/express
    port=$(free_port)
    { has node nodejs && has npm npm && mkdir -p $installed && cp scripts/doctor/express/* $installed &&
        (cd $installed && npm ci --silent >&2); } || { missing Express; return; }
    start "$port" env NODE_ENV=production node $installed/server.mjs "$dir/files" "$port"
    examine "$1" "http://127.0.0.1:$port$2"
}

part_express() {
    express express /page.txt
}

part_express-handler() {
    express express-handler /note
}

part_aiohttp() {
    local port
    pip_servers || { missing aiohttp; return; }
    port=$(free_port)
    start "$port" "$python/bin/python" scripts/doctor/aiohttp_files.py "$dir/files" "$port"
    examine aiohttp "http://127.0.0.1:$port/page.txt"
}

part_starlette() {
    local port
    pip_servers || { missing Starlette; return; }
    port=$(free_port)
    start "$port" "$python/bin/python" scripts/doctor/starlette_files.py "$dir/files" "$port"
    examine starlette "http://127.0.0.1:$port/page.txt"
}

case ${1-} in
--list)
    printf '%s\n' "${PARTS[@]}"
    exit
    ;;
-*)
    usage scripts/doctor.sh
    exit 2
    ;;
esac
check_parts scripts/doctor.sh "$@"
[ $# -gt 0 ] || set -- "${PARTS[@]}"
cargo build --quiet --locked -p tower-conditional-doctor
files
for part in "$@"; do
    step "$part" "part_$part"
    stop
done
summary
