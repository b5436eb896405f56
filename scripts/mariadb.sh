#!/bin/sh
# A throw-away MariaDB, for the tests.
#
#   scripts/mariadb.sh run CMD…   runs CMD with DATABASE_URL set to one of its own, which it installs if need be
#
# It lives in a temporary folder, listens on a free port of 127.0.0.1 with a random password, does not run as root, and is
# gone when CMD ends.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
PATH=$PATH:/usr/sbin

random() { # format of od, bytes
    od -An -N"$2" -t"$1" /dev/urandom | tr -d ' \n'
}

as_owner() {
    if [ "$(id -u)" = 0 ]; then
        (cd / && exec runuser -u mysql -- "$@")
    else
        (cd / && exec "$@")
    fi
}

client() {
    mariadb --no-defaults --protocol=tcp --host=127.0.0.1 --port="$port" --user=root --password="$password" "$@"
}

# Makes and starts one in $dir.
start_in() {
    command -v mariadbd >/dev/null || "$here/scripts/install.sh" mariadb-server || return 1
    password=$(random x1 16)
    [ "$(id -u)" != 0 ] || chown mysql "$dir"
    as_owner mariadb-install-db --no-defaults --datadir="$dir/data" --skip-test-db --auth-root-authentication-method=normal \
        >"$dir/install.log" 2>&1 || { cat "$dir/install.log" >&2; return 1; }
    # Read at start-up, before anybody can connect.
    printf '%s\n' "SET PASSWORD FOR root@localhost = PASSWORD('$password');" "CREATE DATABASE notes;" >"$dir/init.sql"
    [ "$(id -u)" != 0 ] || chown mysql "$dir/init.sql"
    chmod 600 "$dir/init.sql"
    for _ in 1 2 3 4 5 6 7 8 9 10; do
        port=$((20000 + $(random u2 2) % 12000)) # below what the system hands out to clients
        as_owner mariadbd --no-defaults --datadir="$dir/data" --socket="$dir/socket" --pid-file="$dir/pid" \
            --bind-address=127.0.0.1 --port="$port" --init-file="$dir/init.sql" \
            --max-connections=400 >"$dir/server.log" 2>&1 &
        server=$!
        while kill -0 "$server" 2>/dev/null; do
            if client --execute='SELECT 1' notes >/dev/null 2>&1; then
                DATABASE_URL=mysql://root:$password@127.0.0.1:$port/notes
                export DATABASE_URL
                return
            fi
            sleep 0.1
        done
        # Somebody else's port: another one, unless it is something else that is wrong.
        grep -q "Can't start server: Bind on TCP/IP port" "$dir/server.log" || break
    done
    cat "$dir/server.log" >&2
    return 1
}

# Nobody needs its data, so nothing is flushed.
remove() {
    if [ -e "$dir/pid" ]; then kill -s KILL "$(cat "$dir/pid")" 2>/dev/null || true; fi
    [ -z "${server-}" ] || wait "$server" 2>/dev/null || true
    rm -rf "$dir"
}

case ${1-} in
run)
    shift
    [ $# -gt 0 ] || { echo "mariadb.sh: run what?" >&2; exit 2; }
    dir=$(mktemp -d "${TMPDIR:-/tmp}/mariadb.XXXXXXXX")
    chmod 755 "$dir"
    trap remove EXIT
    trap 'exit 130' HUP INT TERM
    start_in || exit 1
    "$@"
    ;;
*)
    sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p;}' "$0" >&2
    exit 2
    ;;
esac
