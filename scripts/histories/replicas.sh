#!/usr/bin/env bash
# Sends contended requests to three replicas of the example `postgres`, injects faults meanwhile, and checks what was answered.
# DATABASE_URL names the database; scripts/histories.sh builds the programs and calls this.
#
#   scripts/histories/replicas.sh [FAULT…] -- [options of `histories run`…]
#
#   --kills          every two seconds a replica is killed (SIGKILL) and started again
#   --pauses         a replica is stopped (SIGSTOP) for up to six seconds, again and again
#   --crashes        every five seconds PostgreSQL crashes, or is restarted
#   --cuts           connections break in the middle: of clients, and of replicas to the database
#   --clocks         the clock of each replica is days off, and jumps when it is started again
#   --proxies        nginx and HAProxy stand before two of the replicas
#   --balancer       nginx distributes the requests to all replicas, and sends each once
#   --resends        nginx distributes the requests to all replicas, with its default of when to send one again
#   --early-commit   PostgreSQL acknowledges before it writes to the disk
#   --slow-commit    PostgreSQL takes a tenth of a second to write to the disk
#   --lock KIND      the option of the replica's program
#   --program FILE   the replica's program
#   --breaks RULE    succeeds only if the checker says that this rule is broken
set -euo pipefail
cd "$(dirname "$0")/../.."
. scripts/steps.sh
. scripts/servers.sh

REPLICAS=3
release=${CARGO_TARGET_DIR:-target}/release
program=$release/postgres
kills='' pauses='' crashes='' cuts='' clocks='' proxies='' early_commit='' slow_commit='' balancer='' once='' breaks=''
lock=()
while [ "${1---}" != -- ]; do
    case $1 in
    --kills) kills=yes ;;
    --pauses) pauses=yes ;;
    --crashes) crashes=yes ;;
    --cuts) cuts=yes ;;
    --clocks) clocks=yes ;;
    --proxies) proxies=yes ;;
    --balancer) balancer=yes once='proxy_next_upstream off;' ;;
    --resends) balancer=yes ;;
    --early-commit) early_commit=yes ;;
    --slow-commit) slow_commit=yes ;;
    --lock) lock=(--lock "$2") && shift ;;
    --program) program=$2 && shift ;;
    --breaks) breaks=$2 && shift ;;
    *) usage "$0" && exit 2 ;;
    esac
    shift
done
[ $# -eq 0 ] || shift
loops=()

finish() {
    end_faults
    end_replicas
    stop
    rm -rf "$dir"
}
trap finish EXIT

query() { # SQL
    psql --no-psqlrc --quiet --tuples-only --no-align --set ON_ERROR_STOP=1 --command "$1" "$DATABASE_URL"
}

# ---- replicas ----

faketime=$(ls /usr/lib/*/faketime/libfaketimeMT.so.1 2>/dev/null | head -n 1 || true)

# Each replica's process stands in a file: the loops that inject faults are other processes.
start_replica() { # number
    local environment=()
    if [ "$clocks" ]; then
        # Only the clock on the wall: no timer is faked.
        local signs=(+ -)
        environment=("LD_PRELOAD=$faketime" "FAKETIME=${signs[RANDOM % 2]}$((RANDOM % 20 + 1))d"
            FAKETIME_DONT_FAKE_MONOTONIC=1 DONT_FAKE_MONOTONIC=1)
    fi
    env "DATABASE_URL=$replica_database" "${environment[@]}" "$program" --port "${ports[$1]}" "${lock[@]}" >>"$dir/log.$1" 2>&1 &
    echo $! >"$dir/pid.$1"
    disown # so that the shell does not report that it was killed
}

kill_replica() { # number
    local process
    process=$(cat "$dir/pid.$1")
    kill -KILL "$process" 2>/dev/null || true
    # What libfaketime leaves of a process that was killed.
    [ -z "$clocks" ] || rm -f "/dev/shm/faketime_shm_$process" "/dev/shm/sem.faketime_sem_$process"
}

end_replicas() {
    local number
    for ((number = 0; number < REPLICAS; number++)); do
        [ ! -e "$dir/pid.$number" ] || kill_replica "$number"
    done
}

wait_for() { # port
    for _ in {1..400}; do
        (: <"/dev/tcp/127.0.0.1/$1") 2>/dev/null && return
        sleep 0.05
    done
    cat "$dir"/log.* >&2
    return 1
}

# Fails if the replica says the same date as this machine.
clock_is_off() { # port
    local said
    said=$(curl -sSI "http://127.0.0.1:$1/notes" | tr -d '\r' | sed -n 's/^date: //ip')
    [ "$(date -u -d "$said" +%F)" != "$(date -u +%F)" ] || { echo "replicas.sh: its clock is not off: $said" >&2; return 1; }
}

# ---- faults ----

count() { # fault
    echo x >>"$dir/count.$1"
}

counted() { # fault
    cat "$dir/count.$1" 2>/dev/null | wc -l
}

kill_and_start() {
    sleep 2
    victim=$(((${victim:--1} + 1) % REPLICAS))
    kill_replica "$victim"
    start_replica "$victim"
    count kill
}

pause_and_continue() {
    local process
    sleep "$((RANDOM % 2)).$((RANDOM % 10))"
    process=$(cat "$dir/pid.$((RANDOM % REPLICAS))")
    kill -STOP "$process" 2>/dev/null || return 0
    count pause
    sleep "$((RANDOM % 6)).$((RANDOM % 10))"
    kill -CONT "$process" 2>/dev/null || true
}

# Immediately is as a crash of the engine: all connections break, and what was not committed is gone.
restart_engine() {
    sleep 5
    [ "${mode-}" = immediate ] && mode=fast || mode=immediate
    (cd / && "${as_owner[@]}" "$pg_ctl" --pgdata="$engine" --mode="$mode" --wait --log="$engine/server.log" restart) \
        >/dev/null 2>&1 || true
    count "$mode"
}

# A round that has begun goes on to its end: no replica is started that nobody knows of.
inject() { # command, of one round
    (
        ended=
        trap 'ended=yes' TERM
        until [ "$ended" ]; do "$@"; done
    ) &
    loops+=($!)
}

end_faults() {
    local loop number
    for loop in "${loops[@]}"; do
        kill "$loop" 2>/dev/null || true
        wait "$loop" 2>/dev/null || true
    done
    loops=()
    for ((number = 0; number < REPLICAS; number++)); do
        kill -CONT "$(cat "$dir/pid.$number" 2>/dev/null)" 2>/dev/null || true
    done
}

# ---- the stage ----

if [ "$clocks" ] && [ -z "$faketime" ]; then
    scripts/install.sh libfaketime || true
    faketime=$(ls /usr/lib/*/faketime/libfaketimeMT.so.1 2>/dev/null | head -n 1 || true)
    if [ -z "$faketime" ]; then
        missing libfaketime
        clocks=''
    fi
fi

engine=$(query "SELECT setting FROM pg_settings WHERE name = 'data_directory'")
pg_ctl=$(command -v pg_ctl || ls /usr/lib/postgresql/*/bin/pg_ctl | tail -n 1)
as_owner=()
[ "$(id -u)" != 0 ] || as_owner=(runuser -u postgres --)
if [ "$early_commit" ]; then
    query "ALTER SYSTEM SET synchronous_commit = off"
    query "ALTER SYSTEM SET wal_writer_delay = '10s'"
    query "SELECT pg_reload_conf()" >/dev/null
fi
if [ "$slow_commit" ]; then
    query "ALTER SYSTEM SET commit_siblings = 0"
    query "ALTER SYSTEM SET commit_delay = 100000"
    query "SELECT pg_reload_conf()" >/dev/null
fi

database_port=${DATABASE_URL##*:}
database_port=${database_port%%/*}
replica_database=$DATABASE_URL
if [ "$cuts" ]; then
    port=$(free_port)
    start "$port" "$release/histories" cut "127.0.0.1:$port=127.0.0.1:$database_port=100000"
    mv "$dir/log" "$dir/cuts.database"
    replica_database=${DATABASE_URL/127.0.0.1:$database_port/127.0.0.1:$port}
fi

ports=()
targets=()
for ((number = 0; number < REPLICAS; number++)); do
    ports+=("$(free_port)")
    start_replica "$number"
    wait_for "${ports[number]}"
    [ -z "$clocks" ] || clock_is_off "${ports[number]}"
    targets+=(--h1 "127.0.0.1:${ports[number]}" --h2 "127.0.0.1:${ports[number]}")
done

if [ "$cuts" ]; then
    links=()
    for port in "${ports[@]}"; do
        cut=$(free_port)
        links+=("127.0.0.1:$cut=127.0.0.1:$port=3000")
        targets+=(--h1 "127.0.0.1:$cut" --h2 "127.0.0.1:$cut")
    done
    start "$cut" "$release/histories" cut "${links[@]}"
    mv "$dir/log" "$dir/cuts.http"
fi

# A proxy ends when its standard input does: only once it is told to, or it would be told in the middle of its end.
if [ "$proxies" ]; then
    mkfifo "$dir/open"
    exec 9<>"$dir/open"
    number=0
    for proxy in nginx-gzip haproxy; do
        port=$(free_port)
        if scripts/proxies/install.sh "${proxy%-*}"; then
            start "$port" bash -c 'exec scripts/proxies/run.sh "$@" <"$0" 9>&-' "$dir/open" "$proxy" "$port" "${ports[number]}"
            targets+=(--h1 "127.0.0.1:$port")
        else
            missing "$proxy"
        fi
        number=$((number + 1))
    done
fi

if [ "$balancer" ]; then
    scripts/proxies/install.sh nginx
    port=$(free_port)
    mkdir -m 777 "$dir/balancer"
    # Never taken for down: a replica that was killed is back at once.
    addresses=$(printf 'server 127.0.0.1:%s max_fails=0; ' "${ports[@]}")
    sed -e "s|@PORT@|$port|; s|@DIR@|$dir/balancer|; s|@ONCE@|$once|; s|@SERVERS@|$addresses|" \
        scripts/histories/balancer.conf >"$dir/balancer/nginx.conf"
    start "$port" nginx -p "$dir/balancer" -c "$dir/balancer/nginx.conf"
    targets=(--h1 "127.0.0.1:$port")
fi

# `notes` is there as soon as a replica has answered.
curl -sS -o /dev/null --retry 20 --retry-all-errors --fail "http://127.0.0.1:${ports[0]}/notes"
query "
    CREATE TABLE history (sequence bigserial PRIMARY KEY, note bigint NOT NULL, before bigint, after bigint, content bigint);
    CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS \$\$ BEGIN
        INSERT INTO history (note, before, after, content) VALUES (coalesce(NEW.id, OLD.id), OLD.version, NEW.version,
            substring(NEW.body FROM '^write ([0-9]+)\$')::bigint);
        RETURN NULL;
    END \$\$;
    CREATE TRIGGER keep AFTER INSERT OR UPDATE OR DELETE ON notes FOR EACH ROW EXECUTE FUNCTION keep();"

[ -z "$kills" ] || inject kill_and_start
[ -z "$pauses" ] || inject pause_and_continue
[ -z "$crashes" ] || inject restart_engine

# In the background, so that a signal ends this script at once.
"$release/histories" run "${targets[@]}" --operations "$dir/operations" "$@" &
load=$!
servers+=("$load")
wait "$load"

# ---- what the database says ----

end_faults
end_replicas
stop
# A statement that was sent may still be at work.
for _ in {1..600}; do
    others=$(query "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()" || echo none)
    [ "$others" != 0 ] || break
    sleep 0.1
done
[ "$others" = 0 ]
query "COPY (SELECT note, before, after, content FROM history ORDER BY sequence) TO STDOUT" >"$dir/history"
if [ "${HISTORIES_KEEP-}" ]; then cp "$dir/operations" "$dir/history" "$HISTORIES_KEEP"; fi

# Where nothing was injected, nothing was tried.
happened() { # option, fault
    [ -z "$1" ] || [ -s "$dir/$2" ] || { echo "replicas.sh: the run was too short: nothing in $2" >&2; return 1; }
}
happened "$kills" count.kill
happened "$pauses" count.pause
happened "$crashes" count.immediate
happened "$cuts" cuts.http
happened "$cuts" cuts.database

cut_in() { # links, direction
    grep -x "$2" "$dir/cuts.$1" 2>/dev/null | wc -l
}
echo "faults: $(counted kill) kills, $(counted pause) pauses, $(counted immediate) crashes and $(counted fast) restarts of the engine," \
    "cut in requests and answers: $(cut_in http request) and $(cut_in http answer) of clients," \
    "$(cut_in database request) and $(cut_in database answer) of replicas"
if [ -z "$breaks" ]; then
    "$release/histories" check --operations "$dir/operations" --history "$dir/history"
    exit
fi
status=0
"$release/histories" check --operations "$dir/operations" --history "$dir/history" >"$dir/checked" || status=$?
cat "$dir/checked"
[ "$status" = 1 ] && grep -q "^BROKEN $breaks " "$dir/checked" || {
    echo "replicas.sh: the checker has not found the mistake" >&2
    exit 1
}
