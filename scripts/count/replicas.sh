#!/usr/bin/env bash
# Counts over replicas of the example `postgres`, one of which is killed (SIGKILL) every two seconds and started again. Then holds the
# history that a trigger has written beside the service: versions rise, and every count is there once.
# DATABASE_URL names the database; scripts/count.sh builds the programs and calls this.
#
#   scripts/count/replicas.sh NUMBER [--restart-engine] [options of the example `count`…]
set -euo pipefail
cd "$(dirname "$0")/../.."

number_of_replicas=${1:?how many replicas}
shift
restarts=
if [ "${1-}" = --restart-engine ]; then
    restarts=yes
    shift
fi
dir=$(mktemp -d)
ports=()
killer=

query() { # SQL
    psql --no-psqlrc --quiet --tuples-only --no-align --set ON_ERROR_STOP=1 --command "$1" "$DATABASE_URL"
}

# Each replica's process stands in a file: the killer is another process.
start() { # number
    target/debug/postgres --lock shared --port "${ports[$1]}" >"$dir/log.$1" 2>&1 &
    echo $! >"$dir/pid.$1"
    disown # so that the shell does not report that it was killed
}

stop() {
    [ -z "$killer" ] || { kill "$killer" && wait "$killer"; } 2>/dev/null || true
    xargs -r kill 2>/dev/null <<<"$(cat "$dir"/pid.* 2>/dev/null)" || true
    rm -rf "$dir"
}
trap stop EXIT
trap 'exit 130' INT TERM

wait_for() { # port
    for _ in {1..400}; do
        (: <"/dev/tcp/127.0.0.1/$1") 2>/dev/null && return
        sleep 0.05
    done
    return 1
}

for ((number = 0; number < number_of_replicas; number++)); do
    while port=$((20000 + RANDOM % 12000)); (: <"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do :; done
    ports+=("$port")
    start "$number"
    wait_for "$port"
done

query "
    CREATE TABLE history (sequence bigserial PRIMARY KEY, version bigint NOT NULL, count bigint NOT NULL);
    CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS \$\$ BEGIN
        INSERT INTO history (version, count) VALUES (NEW.version, substring(NEW.body FROM 'tally ([0-9]+)')::bigint);
        RETURN NEW;
    END \$\$;
    CREATE TRIGGER keep AFTER INSERT OR UPDATE ON notes FOR EACH ROW EXECUTE FUNCTION keep();"
engine=$(query "SELECT setting FROM pg_settings WHERE name = 'data_directory'")

# As a crash of the whole machine: all connections break, and what was not committed is gone.
restart_engine() {
    local owner=()
    [ "$(id -u)" != 0 ] || owner=(runuser -u postgres --)
    (cd / && "${owner[@]}" "$(command -v pg_ctl || ls /usr/lib/postgresql/*/bin/pg_ctl | tail -n 1)" --pgdata="$engine" \
        --mode=immediate --wait --log="$engine/server.log" restart) >/dev/null 2>&1 || true
    echo x >>"$dir/restarts"
}

(
    trap 'exit' TERM
    for ((round = 1; ; round++)); do
        sleep 2
        number=$((round % number_of_replicas))
        kill -KILL "$(cat "$dir/pid.$number")" 2>/dev/null || true
        start "$number"
        echo x >>"$dir/kills"
        if [ -n "$restarts" ] && ((round % 5 == 0)); then restart_engine; fi
    done
) &
killer=$!

urls=()
for port in "${ports[@]}"; do urls+=("http://127.0.0.1:$port/notes/1"); done
cargo run --quiet --locked -p tower-conditional-client --example count -- "${urls[@]}" \
    --content '{"title":"count","body":"{tally}"}' --type application/json "$@"

kill "$killer" && wait "$killer" 2>/dev/null || true
killer=
lines() { wc -l <"$1" 2>/dev/null || echo 0; }
# Each row is the count of the row before it and one more, under a later version.
wrong=$(query "
    SELECT count(*) FROM (SELECT version, count, lag(version) OVER rows AS version_before, lag(count) OVER rows AS count_before
        FROM history WINDOW rows AS (ORDER BY sequence)) AS row
    WHERE version <= version_before OR count <> count_before + 1")
echo "$number_of_replicas replicas: $(lines "$dir/kills") kills, $(lines "$dir/restarts") restarts of the engine;" \
    "history: $(query 'SELECT count(*) FROM history') rows, $wrong wrong"
[ "$wrong" = 0 ]
