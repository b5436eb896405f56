#!/usr/bin/env bash
# Many clients count in one resource, each by the client's `update`, and the count is exact in the end: against the examples, and
# against servers that others have written.
#
#   scripts/count.sh           all parts
#   scripts/count.sh PART…     these
#   scripts/count.sh --list    lists the parts
#
# COUNT_OWN and COUNT_OTHERS say how often each of the 16 clients counts (1000 and 50; each of the 64 of `scale` an eighth of the
# first). A server that cannot be had is skipped loudly and named again at the end; with CI=true that is a failure.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/steps.sh
. scripts/servers.sh

PARTS=(notes postgres scale objects objects-on-s3 radicale xandikos kinto s3 lighttpd apache)
own=${COUNT_OWN:-1000}
others=${COUNT_OTHERS:-50}
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$PWD/target}
python=target/count/python
requirements=scripts/count/requirements.txt

counts() { # URL…, options of the example `count`
    cargo run --quiet --locked -p tower-conditional-client --example count -- "$@"
}

NOTE=(--content '{"title":"count","body":"{tally}"}' --type application/json)

part_notes() {
    local port
    port=$(free_port)
    cargo build --quiet --locked -p notes
    start "$port" target/debug/notes "$dir/notes.db" --port "$port"
    counts "http://127.0.0.1:$port/notes/1" "${NOTE[@]}" --times "$own"
    stop
}

# Three replicas, one of which is killed (SIGKILL) every few seconds and started again.
part_postgres() {
    cargo build --quiet --locked -p postgres
    cargo build --quiet --locked -p tower-conditional-client --example count
    scripts/postgres.sh run scripts/count/replicas.sh 3 --times "$own"
}

# Many more clients, and the engine crashes as well.
part_scale() {
    local replicas
    cargo build --quiet --locked -p postgres
    cargo build --quiet --locked -p tower-conditional-client --example count
    for replicas in 1 2 4; do
        scripts/postgres.sh run scripts/count/replicas.sh "$replicas" --restart-engine --clients 64 --times "$((own / 8))"
    done
}

# The example over an object store in memory: it has no lock, so the store decides.
part_objects() {
    local port
    port=$(free_port)
    cargo build --quiet --locked --manifest-path stores/Cargo.toml -p objects
    start "$port" "$CARGO_TARGET_DIR/debug/objects" --port "$port"
    counts "http://127.0.0.1:$port/count" --times "$own"
    stop
}

# The same over one S3, two replicas, one of which is killed every two seconds.
part_objects-on-s3() {
    cargo build --quiet --locked --manifest-path stores/Cargo.toml -p objects
    cargo build --quiet --locked -p tower-conditional-client --example count
    scripts/s3.sh run scripts/count/objects.sh --times "$others"
}

# An event in a calendar; the count stands in its description.
EVENT='BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//count//EN\nBEGIN:VEVENT\nUID:count\nDTSTAMP:20250101T000000Z\nDTSTART:20250101T000000Z\nSUMMARY:count\nDESCRIPTION:{tally}\nEND:VEVENT\nEND:VCALENDAR\n'

part_radicale() {
    local port
    pip_servers || { missing Radicale; return; }
    port=$(free_port)
    start "$port" "$python/bin/python" -m radicale --server-hosts "127.0.0.1:$port" --auth-type none --rights-type authenticated \
        --storage-filesystem-folder "$dir/radicale" --storage-predefined-collections ''
    curl -sSf -u u:p -X MKCALENDAR "http://127.0.0.1:$port/u/c/"
    counts "http://127.0.0.1:$port/u/c/count.ics" --field 'Authorization: Basic dTpw' --content "$EVENT" --type text/calendar \
        --times "$others"
    stop
}

# It answers two writers of one version with 204 now and then, so it loses some; how many is printed.
part_xandikos() {
    local port
    pip_servers || { missing Xandikos; return; }
    port=$(free_port)
    start "$port" "$python/bin/python" -m xandikos serve -d "$dir/xandikos" --listen-address 127.0.0.1 --port "$port" \
        --defaults --current-user-principal /user/
    counts "http://127.0.0.1:$port/user/calendars/calendar/count.ics" --content "$EVENT" --type text/calendar --times "$others" \
        --lossy
    stop
}

# With the threads that it has by default its check and its write are two steps, so it loses some; how many is printed.
part_kinto() {
    pip_servers || { missing Kinto; return; }
    kinto 1
    kinto 4 --lossy
}

kinto() { # threads, options of the example `count`…
    local port
    port=$(free_port)
    printf '%s\n' '[server:main]' 'use = egg:waitress' 'host = 127.0.0.1' "port = $port" "threads = $1" '[app:main]' \
        'use = egg:kinto' 'kinto.userid_hmac_secret = count' 'multiauth.policies = basicauth' \
        'multiauth.policy.basicauth.use = kinto.core.authentication.BasicAuthAuthenticationPolicy' \
        'kinto.storage_backend = kinto.core.storage.memory' 'kinto.cache_backend = kinto.core.cache.memory' \
        'kinto.permission_backend = kinto.core.permission.memory' \
        'kinto.bucket_create_principals = system.Authenticated' >"$dir/kinto.ini"
    start "$port" "$python/bin/kinto" start --ini "$dir/kinto.ini"
    curl -sSf -o /dev/null -u u:p -X PUT "http://127.0.0.1:$port/v1/buckets/b"
    curl -sSf -o /dev/null -u u:p -X PUT "http://127.0.0.1:$port/v1/buckets/b/collections/c"
    counts "http://127.0.0.1:$port/v1/buckets/b/collections/c/records/count" --field 'Authorization: Basic dTpw' \
        --content '{"data":{"text":"{tally}"}}' --type application/json --times "$others" "${@:2}"
    stop
}

part_s3() {
    local port signed
    pip_servers || { missing "moto's S3"; return; }
    port=$(free_port)
    start "$port" "$python/bin/python" -m moto.server -H 127.0.0.1 -p "$port"
    # Anybody who signs somehow.
    signed='Authorization: AWS4-HMAC-SHA256 Credential=x/20250101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=x'
    curl -sSf -o /dev/null -H "$signed" -X PUT "http://127.0.0.1:$port/bucket"
    counts "http://127.0.0.1:$port/bucket/count" --field "$signed" --times "$others"
    stop
}

part_lighttpd() {
    local port
    has lighttpd lighttpd lighttpd-mod-webdav || { missing lighttpd; return; }
    port=$(free_port)
    mkdir -p "$dir/dav"
    chmod 777 "$dir/dav"
    printf '%s\n' 'server.modules = ("mod_webdav")' "server.document-root = \"$dir/dav\"" 'server.bind = "127.0.0.1"' \
        "server.port = $port" \
        'mimetype.assign = (".txt" => "text/plain")' 'webdav.activate = "enable"' >"$dir/lighttpd.conf"
    start "$port" lighttpd -D -f "$dir/lighttpd.conf"
    counts "http://127.0.0.1:$port/count.txt" --times "$others"
    stop
}

# Its check and its write are two steps, so it loses some; how many is printed.
part_apache() {
    local port modules
    has apache2 apache2 || { missing Apache; return; }
    port=$(free_port)
    modules=$(dirname "$(find /usr/lib/apache2 /usr/libexec -name mod_dav.so 2>/dev/null | head -n 1)")
    mkdir -p "$dir/apache/dav"
    chmod -R 777 "$dir/apache"
    {
        for module in mpm_event authz_core dav dav_fs; do
            echo "LoadModule ${module}_module $modules/mod_$module.so"
        done
        printf '%s\n' "ServerRoot $dir/apache" 'ServerName localhost' "Listen 127.0.0.1:$port" "PidFile $dir/apache/pid" \
            "ErrorLog $dir/apache/log" "DocumentRoot $dir/apache/dav" "DavLockDB $dir/apache/lock" \
            "DefaultRuntimeDir $dir/apache" '<Directory />' 'Dav On' \
            '# Without this a tag is weak for a second after each change.' 'FileETag Digest' '</Directory>'
    } >"$dir/apache.conf"
    start "$port" apache2 -d "$dir/apache" -f "$dir/apache.conf" -DFOREGROUND
    counts "http://127.0.0.1:$port/count.txt" --times "$others" --lossy
    stop
}

case ${1-} in
--list)
    printf '%s\n' "${PARTS[@]}"
    exit
    ;;
-*)
    usage scripts/count.sh
    exit 2
    ;;
esac
check_parts scripts/count.sh "$@"
[ $# -gt 0 ] || set -- "${PARTS[@]}"
for part in "$@"; do step "$part" "part_$part"; done
summary
