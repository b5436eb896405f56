#!/usr/bin/env bash
# Random requests, evaluated by this crate and by others: scripts/differential.sh model|servers [REQUESTS]
#
#   model     the naive model of the tests, which is written from the text of RFC 9110; 10,000,000 requests without a number
#   servers   Apache, nginx, Caddy and Go, with files; 100,000 requests to each without a number
#
# Where the servers answer otherwise is a table in src/guide/differences.md, and nothing else may be.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/steps.sh
. scripts/servers.sh

# What the test is told: name=address of each.
addresses=

files() {
    local name
    mkdir -p "$dir/files"
    for name in tagged dated; do
        printf 'a page that is long enough to have a part\n' >"$dir/files/$name.txt"
        touch -d '2025-01-01T00:00:00Z' "$dir/files/$name.txt"
    done
    cp -pr "$dir/files" "$dir/files-of-go"
    cp -p "$dir/files/tagged.txt" "$dir/files-of-go/weak.txt"
    rm -rf "$dir/tagged" && mkdir "$dir/tagged" && cp -p "$dir/files/tagged.txt" "$dir/tagged"
    chmod -R a+rX "$dir"
}

nginx_() {
    local port
    has nginx nginx-light || { missing nginx; return; }
    port=$(free_port)
    start_nginx "$port" 'keepalive_requests 1000000; location /dated.txt { etag off; }'
    addresses+=" nginx=127.0.0.1:$port"
}

apache_() {
    local port modules module
    has apache2 apache2 || { missing Apache; return; }
    port=$(free_port)
    modules=$(dirname "$(find /usr/lib/apache2 /usr/libexec -name mod_mime.so 2>/dev/null | head -n 1)")
    mkdir -p "$dir/apache"
    chmod 777 "$dir/apache"
    {
        for module in mpm_event authz_core mime; do
            echo "LoadModule ${module}_module $modules/mod_$module.so"
        done
        printf '%s\n' "ServerRoot $dir/apache" 'ServerName localhost' "Listen 127.0.0.1:$port" "PidFile $dir/apache/pid" \
            "ErrorLog $dir/apache/log" "DocumentRoot $dir/files" "DefaultRuntimeDir $dir/apache" 'TypesConfig /dev/null' \
            'AddType text/plain .txt' 'MaxKeepAliveRequests 0' 'LogLevel crit' '<Files dated.txt>' 'FileETag None' '</Files>'
    } >"$dir/apache.conf"
    start "$port" apache2 -d "$dir/apache" -f "$dir/apache.conf" -DFOREGROUND
    addresses+=" apache=127.0.0.1:$port"
}

caddy_() {
    local port
    has caddy caddy || { missing Caddy; return; }
    port=$(free_port)
    start "$port" env XDG_CONFIG_HOME="$dir" XDG_DATA_HOME="$dir" caddy file-server --root "$dir/tagged" --listen "127.0.0.1:$port"
    addresses+=" caddy=127.0.0.1:$port"
}

go_() {
    local port
    has go golang-go || { missing Go; return; }
    port=$(free_port)
    go build -o "$dir/serve-go" scripts/differential/go/main.go
    start "$port" "$dir/serve-go" "$dir/files-of-go" "$port"
    addresses+=" go=127.0.0.1:$port"
}

evaluate() { # test
    RUSTFLAGS="--cfg tower_conditional_core_alone" CARGO_TARGET_DIR=target/core-alone \
        cargo test --quiet --locked --release --no-default-features --test differential "$1" -- --exact --nocapture
}

case ${1-} in
model)
    export TOWER_CONDITIONAL_RANDOM=${2:-10000000}
    evaluate at_random::at_random
    ;;
servers)
    export TOWER_CONDITIONAL_RANDOM=${2:-100000}
    files
    nginx_
    apache_
    caddy_
    go_
    TOWER_CONDITIONAL_SERVERS=$addresses evaluate servers::servers_of_others
    ;;
*)
    usage scripts/differential.sh
    exit 2
    ;;
esac
