#!/usr/bin/env bash
# End to end over loopback: axum with and without the layer, beside Go, Express and nginx, as a table.
#
#   scripts/load.sh [SECONDS [ROUNDS]]      1 second a row and 5 rounds, if nothing else is said
#
# The server has one core and one thread, h2load the other core. Every round runs every row; no round starts after LOAD_LIMIT
# seconds (300). A server that cannot be installed is left out, and named on standard error.
set -euo pipefail
cd "$(dirname "$0")/.."

seconds=${1:-1}
rounds=${2:-5}
limit=${LOAD_LIMIT:-300}
PATH=$PATH:/usr/sbin
dir=$(mktemp -d)
declare -A PID PORT
# Protocol, server, path, method, status. Each server has its own bare answer, and what it can do of the rest: none of the
# others guards a write, and Go and Express speak HTTP/2 only over TLS.
JOBS=(
    "h1 axum bare GET 200" "h1 axum looked-up GET 200" "h1 axum looked-up GET 304" "h1 axum hashed GET 200" "h1 axum hashed GET 304"
    "h1 axum bare PUT 204" "h1 axum looked-up PUT 204"
    "h1 Go bare GET 200" "h1 Go looked-up GET 200" "h1 Go looked-up GET 304"
    "h1 Express bare GET 200" "h1 Express hashed GET 200" "h1 Express hashed GET 304"
    "h1 nginx bare GET 200" "h1 nginx looked-up GET 200" "h1 nginx looked-up GET 304"
    "h2 axum bare GET 200" "h2 axum looked-up GET 200" "h2 axum looked-up GET 304" "h2 axum hashed GET 200" "h2 axum hashed GET 304"
    "h2 axum bare PUT 204" "h2 axum looked-up PUT 204"
    "h2 nginx bare GET 200" "h2 nginx looked-up GET 200" "h2 nginx looked-up GET 304"
)

stop() {
    for pid in "${PID[@]}"; do
        kill "$pid" 2>/dev/null || true
        wait "$pid" 2>/dev/null || true
    done
    rm -rf "$dir"
}
trap stop EXIT
trap 'exit 130' INT TERM

say() {
    echo "load.sh: $*" >&2
}

has() { # command, Debian package: installs it if it is not there
    command -v "$1" >/dev/null || scripts/install.sh "$2"
}

# Below the ports that the system hands out to clients, so that nobody gets in between.
free_port() {
    local port
    while port=$((20000 + RANDOM % 12000)); (: <"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do :; done
    echo "$port"
}

start() { # name, port, command…
    local name=$1 port=$2
    shift 2
    taskset -c 0 "$@" >"$dir/$name.log" 2>&1 &
    PID[$name]=$!
    PORT[$name]=$port
    for _ in {1..200}; do
        (: <"/dev/tcp/127.0.0.1/$port") 2>/dev/null && return
        sleep 0.05
    done
    cat "$dir/$name.log" >&2
    unset "PID[$name]"
    return 1
}

start_axum() { # port
    cargo build --release --locked --quiet --manifest-path benches/serve/Cargo.toml &&
        start axum "$1" benches/serve/target/release/tower-conditional-serve "$1"
}

start_go() { # port
    has go golang-go && go build -o "$dir/serve-go" scripts/load/go/main.go && start Go "$1" "$dir/serve-go" "$1"
}

start_express() { # port
    local installed=target/load/express
    has node nodejs && has npm npm && mkdir -p $installed && cp scripts/load/express/* $installed &&
        (cd $installed && npm ci --silent >&2) &&
        start Express "$1" env NODE_ENV=production node $installed/server.mjs "$1"
}

start_nginx() { # port
    local h2
    has nginx nginx-light || return
    h2=$(free_port)
    sed "s|@PORT@|$1|; s|@H2_PORT@|$h2|; s|@DIR@|$dir|" scripts/load/nginx.conf >"$dir/nginx.conf"
    start nginx "$1" nginx -p "$dir" -c "$dir/nginx.conf"
    # In clear text, a port of nginx speaks one of the two.
    PORT[h2 nginx]=$h2
}

# All that the process has used, in hundredths of a second.
ticks() { # name
    local stat
    stat=$(<"/proc/${PID[$1]}/stat")
    # Behind the name of the program, which may hold blanks.
    awk '{ print $12 + $13 }' <<<"${stat##*) }"
}

tag_of() { # url
    curl -s -o "$dir/body" -D - "$1" | sed -n 's/\r$//; s/^etag: //Ip'
}

# Checks the answers that are measured: the status, and the whole body or none.
check() { # url, status, size, curl's arguments
    local url=$1 expected="$2 $3" answered
    shift 3
    answered=$(curl -s -o /dev/null -w '%{http_code} %{size_download}' "$@" "$url")
    [ "$answered" = "$expected" ] || { say "$url: $answered, not $expected"; exit 1; }
}

measure() { # round, protocol, name, path, method, status, size
    local protocol=$2 name=$3 method=$5 status=$6 size=$7 row url tag bytes=0 before after curl=() load=()
    url=http://127.0.0.1:${PORT[$name]}/$4/$size
    [ -z "${PORT[$protocol $name]:-}" ] || url=http://127.0.0.1:${PORT[$protocol $name]}/$4/$size
    row="$1\t$protocol\t$name\t$4 $method $status\t$size"
    tag=$(tag_of "http://127.0.0.1:${PORT[$name]}/$4/$size")
    case "$method $status" in
        "GET 200") bytes=$((${size%k} * 1024)) ;;
        "GET 304") curl=(-H "If-None-Match: $tag") load=("${curl[@]}") ;;
        PUT*)
            curl=(-X PUT --data-binary "@$dir/files/$size") load=(-d "$dir/files/$size" -H ':method: PUT')
            [ -z "$tag" ] || { curl+=(-H "If-Match: $tag") load+=(-H "If-Match: $tag"); }
            ;;
    esac
    if [ "$protocol" = h2 ]; then curl+=(--http2-prior-knowledge); else load+=(--h1); fi
    check "$url" "$status" "$bytes" "${curl[@]}"
    before=$(ticks "$name")
    taskset -c 1 h2load -t1 -c64 -D"$seconds" "${load[@]}" "$url" >"$dir/h2load" 2>&1 || { cat "$dir/h2load" >&2; exit 1; }
    after=$(ticks "$name")
    if ! grep -E ' 0 failed, 0 errored' "$dir/h2load" >/dev/null || ! grep -E '0 4xx, 0 5xx' "$dir/h2load" >/dev/null; then
        cat "$dir/h2load" >&2
        say "$protocol $name, $4 $method $status, $size: not all answers were right"
        exit 1
    fi
    awk -v row="$row" -v ticks=$((after - before)) -v hertz="$(getconf CLK_TCK)" '
        /^requests:/ { requests = $8 }
        END { printf "%s\t%.4f\n", row, ticks / hertz * 1e6 / requests }' "$dir/h2load" >>"$dir/measured"
}

round() { # number
    local size job protocol name path method status
    for size in 1k 64k; do
        for job in "${JOBS[@]}"; do
            read -r protocol name path method status <<<"$job"
            [ -z "${PID[$name]:-}" ] || measure "$1" "$protocol" "$name" "$path" "$method" "$status" "$size"
        done
    done
}

versions() {
    local axum
    axum=$(cargo tree --locked --depth 1 --prefix none --manifest-path benches/serve/Cargo.toml | sed -n 's/^axum v//p')
    printf '\nWith axum %s' "${axum%% *}"
    [ -z "${PID[Go]:-}" ] || printf ', %s' "$(go version | cut -d ' ' -f 3)"
    [ -z "${PID[Express]:-}" ] || printf ', Express %s on node %s' \
        "$(sed -n 's/.*"express": "\(.*\)".*/\1/p' scripts/load/express/package.json)" "$(node --version)"
    [ -z "${PID[nginx]:-}" ] || printf ', %s' "$(nginx -v 2>&1 | cut -d ' ' -f 3)"
    printf ', %s.\n' "$(h2load --version)"
}

for tool in h2load:nghttp2-client curl:curl; do
    has "${tool%%:*}" "${tool##*:}" || { say "no ${tool%%:*} here, and it cannot be installed"; exit 1; }
done
mkdir "$dir/files"
head -c 1024 /dev/zero | tr '\0' x >"$dir/files/1k"
head -c 65536 /dev/zero | tr '\0' x >"$dir/files/64k"
start_axum "$(free_port)"
for server in go express nginx; do
    start_$server "$(free_port)" || say "SKIPPED: $server cannot be had here"
done

start=$SECONDS
for ((number = 1; number <= rounds && SECONDS - start < limit; number++)); do
    round $number
done

awk -f scripts/load/table.awk "$dir/measured"
versions
