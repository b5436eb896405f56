#!/usr/bin/env bash
# Counts over three replicas of the example `postgres`, one of which is killed (SIGKILL) every two seconds and started again.
# DATABASE_URL names the database; scripts/count.sh builds the programs and calls this.
set -euo pipefail
cd "$(dirname "$0")/../.."

dir=$(mktemp -d)
ports=()
killer=

# Each replica's process stands in a file: the killer is another process.
start() { # number
    target/debug/postgres --port "${ports[$1]}" >"$dir/log.$1" 2>&1 &
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

for number in 0 1 2; do
    while port=$((20000 + RANDOM % 12000)); (: <"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do :; done
    ports+=("$port")
    start "$number"
done
for port in "${ports[@]}"; do
    for _ in {1..200}; do
        (: <"/dev/tcp/127.0.0.1/$port") 2>/dev/null && break
        sleep 0.05
    done
done

(
    trap 'exit' TERM
    for ((number = 0; ; number = (number + 1) % 3)); do
        sleep 2
        kill -KILL "$(cat "$dir/pid.$number")" 2>/dev/null || true
        start "$number"
        echo x >>"$dir/kills"
    done
) &
killer=$!

urls=()
for port in "${ports[@]}"; do urls+=("http://127.0.0.1:$port/notes/1"); done
cargo run --quiet --locked -p tower-conditional-client --example count -- "${urls[@]}" \
    --content '{"title":"count","body":"{tally}"}' --type application/json --times "${COUNT_OWN:-1000}"
echo "replicas killed: $(wc -l <"$dir/kills" 2>/dev/null || echo 0)"
