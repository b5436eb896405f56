#!/usr/bin/env bash
# End to end over loopback: axum with and without the layer, beside Go, Express and nginx, as a table.
#
#   scripts/load.sh [SECONDS [ROUNDS]]      1 second a row and 5 rounds, if nothing else is said
#
# The server has one core and one thread, wrk the other core. Every round runs every row; no round starts after LOAD_LIMIT
# seconds (200). A server that cannot be installed is left out, and named on standard error.
set -euo pipefail
cd "$(dirname "$0")/.."

seconds=${1:-1}
rounds=${2:-5}
limit=${LOAD_LIMIT:-200}
PATH=$PATH:/usr/sbin
dir=$(mktemp -d)
declare -A PID PORT
# Server, path, status: each has its own bare answer, and what it can do of the rest.
JOBS=(
    "axum bare 200" "axum looked-up 200" "axum looked-up 304" "axum hashed 200" "axum hashed 304"
    "Go bare 200" "Go looked-up 200" "Go looked-up 304"
    "Express bare 200" "Express hashed 200" "Express hashed 304"
    "nginx bare 200" "nginx looked-up 200" "nginx looked-up 304"
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
    MEMORY_SERVE_QUIET=1 cargo build --release --locked --quiet --manifest-path benches/peers/Cargo.toml --bin serve &&
        start axum "$1" benches/peers/target/release/serve "$1"
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
    has nginx nginx-light || return
    mkdir "$dir/files"
    head -c 1024 /dev/zero | tr '\0' x >"$dir/files/1k"
    head -c 65536 /dev/zero | tr '\0' x >"$dir/files/64k"
    sed "s|@PORT@|$1|; s|@DIR@|$dir|" scripts/load/nginx.conf >"$dir/nginx.conf"
    start nginx "$1" nginx -p "$dir" -c "$dir/nginx.conf"
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
check() { # url, status, size, wrk's arguments
    local url=$1 expected="$2 $3" answered
    shift 3
    answered=$(curl -s -o /dev/null -w '%{http_code} %{size_download}' "$@" "$url")
    [ "$answered" = "$expected" ] || { say "$url: $answered, not $expected"; exit 1; }
}

measure() { # round, name, path, status, size
    local name=$2 status=$4 size=$5 row url bytes before after header=()
    url=http://127.0.0.1:${PORT[$name]}/$3/$size
    row="$1\t$name\t$3 $status\t$size"
    bytes=$((${size%k} * 1024))
    if [ "$status" = 304 ]; then
        header=(-H "If-None-Match: $(tag_of "$url")")
        bytes=0
    fi
    check "$url" "$status" "$bytes" "${header[@]}"
    before=$(ticks "$name")
    taskset -c 1 wrk -t1 -c64 -d"${seconds}s" "${header[@]}" "$url" >"$dir/wrk" || { cat "$dir/wrk" >&2; exit 1; }
    after=$(ticks "$name")
    if grep -E 'Non-2xx|Socket errors' "$dir/wrk" >&2; then
        say "$name, $3 $status, $size: not all answers were right"
        exit 1
    fi
    awk -v row="$row" -v ticks=$((after - before)) -v hertz="$(getconf CLK_TCK)" '
        / requests in / { requests = $1 }
        /^Requests\/sec/ { rate = $2 }
        END { printf "%s\t%s\t%.3f\n", row, rate, ticks / hertz * 1e6 / requests }' "$dir/wrk" >>"$dir/measured"
}

round() { # number
    local size job name path status
    for size in 1k 64k; do
        for job in "${JOBS[@]}"; do
            read -r name path status <<<"$job"
            [ -z "${PID[$name]:-}" ] || measure "$1" "$name" "$path" "$status" "$size"
        done
    done
}

versions() {
    local axum wrk
    axum=$(cargo tree --locked --depth 1 --prefix none --manifest-path benches/peers/Cargo.toml | sed -n 's/^axum v//p')
    wrk=$(wrk -v | sed -n '1s/^wrk \([^ ]*\).*/\1/p' || true)
    printf '\nWith axum %s' "${axum%% *}"
    [ -z "${PID[Go]:-}" ] || printf ', %s' "$(go version | cut -d ' ' -f 3)"
    [ -z "${PID[Express]:-}" ] || printf ', Express %s on node %s' \
        "$(sed -n 's/.*"express": "\(.*\)".*/\1/p' scripts/load/express/package.json)" "$(node --version)"
    [ -z "${PID[nginx]:-}" ] || printf ', %s' "$(nginx -v 2>&1 | cut -d ' ' -f 3)"
    printf ', wrk %s.\n' "$wrk"
}

for tool in wrk curl; do
    has $tool $tool || { say "no $tool here, and it cannot be installed"; exit 1; }
done
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
