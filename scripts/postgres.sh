#!/usr/bin/env bash
# A throw-away PostgreSQL, for the tests and for trying `examples/postgres`.
#
#   scripts/postgres.sh start      starts one, and installs it if need be; prints its URL
#   scripts/postgres.sh url        prints the URL of the one that was started
#   scripts/postgres.sh stop       stops it and removes all of it
#   scripts/postgres.sh run CMD…   runs CMD with DATABASE_URL set to one of its own
#
# It lives in a temporary folder, listens on a free port of 127.0.0.1 with a random password, and
# writes to the disk as a real one does. Only the URL goes to standard output.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
# Where `start` leaves the name of the folder for `url` and `stop`.
note=$here/target/postgres.dir

usage() {
    sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p;}' "$0"
}

say() {
    echo "postgres.sh: $*" >&2
}

# The folder with initdb and pg_ctl: Debian does not put it into PATH.
bin_dir() {
    for candidate in "$(pg_config --bindir 2>/dev/null || true)" \
        $(ls -d /usr/lib/postgresql/*/bin /opt/homebrew/opt/postgresql*/bin 2>/dev/null | sort -rV); do
        if [ -x "$candidate/initdb" ] && [ -x "$candidate/pg_ctl" ]; then
            echo "$candidate"
            return 0 # In a trap, without a number it is how the command before the trap has ended.
        fi
    done
    return 1
}

# PostgreSQL refuses to run as root.
as_owner() {
    if [ "$(id -u)" = 0 ]; then
        (cd / && runuser -u postgres -- "$@")
    else
        (cd / && "$@")
    fi
}

random_hex() {
    od -An -N16 -tx1 /dev/urandom | tr -d ' \n'
}

# Below the ports that the system hands out to clients, so that nobody gets in between.
random_port() {
    echo $((20000 + $(od -An -N2 -tu2 /dev/urandom) % 12000))
}

# Makes and starts a cluster in $dir.
start_in() {
    dir=$1
    bin=$(bin_dir) || { "$here/scripts/install.sh" postgresql && bin=$(bin_dir); } || return 1
    random_hex >"$dir/password"
    [ "$(id -u)" != 0 ] || chown -R postgres "$dir"
    as_owner "$bin/initdb" --pgdata="$dir/data" --username=postgres --auth=password \
        --pwfile="$dir/password" --encoding=UTF8 --no-locale --no-sync >"$dir/initdb.log" 2>&1 ||
        { cat "$dir/initdb.log" >&2; return 1; }

    # Some tests let the server count its statements.
    modules=
    if [ -e "$("$bin/pg_config" --pkglibdir 2>/dev/null)/pg_stat_statements.so" ]; then
        modules='-c shared_preload_libraries=pg_stat_statements'
    fi
    for _ in 1 2 3 4 5 6 7 8 9 10; do
        port=$(random_port)
        settings="-p $port -c listen_addresses=127.0.0.1 -c max_connections=400 -c unix_socket_directories='' $modules"
        if as_owner "$bin/pg_ctl" --pgdata="$dir/data" --log="$dir/data/server.log" --wait \
            --options="$settings" start >/dev/null 2>&1; then
            echo "postgres://postgres:$(cat "$dir/password")@127.0.0.1:$port/postgres" >"$dir/url"
            return
        fi
        # Somebody else's port: another one, unless it is something else that is wrong.
        grep -q 'could not bind' "$dir/data/server.log" || break
    done
    cat "$dir/data/server.log" >&2
    return 1
}

# Stops and removes the cluster in $dir. Nobody needs its data, so nothing is flushed.
remove() {
    dir=$1
    if [ -e "$dir/data/postmaster.pid" ] && bin=$(bin_dir); then
        as_owner "$bin/pg_ctl" --pgdata="$dir/data" --mode=immediate stop >/dev/null 2>&1 || true
    fi
    rm -rf "$dir"
}

new_dir() {
    mktemp -d "${TMPDIR:-/tmp}/postgres.XXXXXXXX"
}

# The folder of the one that was started, if it still runs.
started_dir() {
    [ -e "$note" ] && dir=$(cat "$note") && bin=$(bin_dir) &&
        as_owner "$bin/pg_ctl" --pgdata="$dir/data" status >/dev/null 2>&1 && echo "$dir"
}

start() {
    if dir=$(started_dir); then
        cat "$dir/url"
        return
    fi
    stop
    dir=$(new_dir)
    start_in "$dir" || { remove "$dir"; exit 1; }
    mkdir -p "$(dirname "$note")"
    echo "$dir" >"$note"
    cat "$dir/url"
}

stop() {
    if [ -e "$note" ]; then
        remove "$(cat "$note")"
        rm "$note"
    fi
}

# In the background, so that a signal is acted on at once: the shell would hold it back until the command ends. One that
# comes while the database starts waits for that.
run() {
    dir=$(new_dir)
    child=
    trap 'end_child; remove "$dir"' EXIT
    trap 'exit 129' HUP
    trap 'exit 130' INT
    trap 'exit 143' TERM
    start_in "$dir" || exit 1
    DATABASE_URL=$(cat "$dir/url")
    export DATABASE_URL
    exec 3<&0 # A command in the background has no input otherwise.
    if [ -t 0 ]; then
        # In the group that has the terminal, which also tells it of Ctrl-C.
        (trap - HUP INT QUIT TERM && exec "$@") <&3 3<&- &
    else
        set -m # A group of its own, to end what it starts as well.
        "$@" <&3 3<&- &
        set +m
    fi
    child=$!
    status=0
    wait "$child" || status=$?
    child=
    exit "$status"
}

# Ends the command, if it runs, with SIGTERM; after five seconds with SIGKILL, as what it has started and not ended.
end_child() {
    [ -n "$child" ] || return 0
    trap '' HUP INT TERM
    target=$child
    [ -t 0 ] || target=-$child
    kill -s TERM -- "$target" 2>/dev/null || true
    for _ in {1..50}; do
        kill -s 0 "$child" 2>/dev/null || break
        sleep 0.1
    done
    kill -s KILL -- "$target" 2>/dev/null || true
    wait "$child" 2>/dev/null || true
}

case ${1-} in
start) start ;;
stop) stop ;;
url)
    dir=$(started_dir) || { say "none was started"; exit 1; }
    cat "$dir/url"
    ;;
run)
    shift
    [ $# -gt 0 ] || { usage >&2; exit 2; }
    run "$@"
    ;;
-h | --help) usage ;;
*)
    usage >&2
    exit 2
    ;;
esac
