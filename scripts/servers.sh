# Sourced by the scripts that start servers of others: a folder for them, a free port, and their end.
# shellcheck shell=bash

export PATH=$PATH:/usr/sbin
dir=$(mktemp -d)
chmod 777 "$dir" # Some servers give root away.
servers=()

stop() {
    local server
    for server in "${servers[@]}"; do
        kill "$server" 2>/dev/null || true
        wait "$server" 2>/dev/null || true
    done
    servers=()
}
trap 'stop; rm -rf "$dir"' EXIT
trap 'exit 130' INT TERM

# Below the ports that the system hands out to clients, so that nobody gets in between.
free_port() {
    local port
    while port=$((20000 + RANDOM % 12000)); (: <"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do :; done
    echo "$port"
}

# Starts a server and waits until it listens.
start() { # port, command…
    local port=$1
    shift
    "$@" >"$dir/log" 2>&1 &
    servers+=($!)
    for _ in {1..600}; do
        (: <"/dev/tcp/127.0.0.1/$port") 2>/dev/null && return
        kill -0 $! 2>/dev/null || break
        sleep 0.05
    done
    cat "$dir/log" >&2
    return 1
}

missing() { # what
    [ "${CI-}" != true ] || { echo "${0##*/}: $1 cannot be had" >&2; return 1; }
    skip "$1" "it cannot be installed here"
}

has() { # command, Debian package…
    local command=$1
    shift
    command -v "$command" >/dev/null || scripts/install.sh "$@"
}

# The servers that pip has, in a virtual environment of their own.
pip_servers() {
    [ -e "$python/complete" ] && return
    python3 -m venv "$python" >&2 &&
        "$python/bin/python" -m pip install --quiet --requirement "$requirements" >&2 &&
        touch "$python/complete"
}

# nginx over the folder "$dir/files".
start_nginx() { # port, what else its server has
    printf '%s\n' "error_log $dir/nginx.log;" "pid $dir/nginx.pid;" 'daemon off;' 'events {}' 'http {' 'types { text/plain txt; }' \
        'access_log off;' "client_body_temp_path $dir/body;" "proxy_temp_path $dir/proxy;" "fastcgi_temp_path $dir/fastcgi;" \
        "uwsgi_temp_path $dir/uwsgi;" "scgi_temp_path $dir/scgi;" \
        "server { listen 127.0.0.1:$1; root $dir/files; ${2-} }" '}' >"$dir/nginx.conf"
    start "$1" nginx -p "$dir" -c "$dir/nginx.conf"
}
