#!/usr/bin/env bash
# Counts over two replicas of the example `objects` on one S3, one of which is killed (SIGKILL) every two seconds and started again.
# They have no lock and no database. Then holds the versions that the bucket has kept: every count is there once.
# DATABASE_URL is the endpoint; scripts/count.sh builds the programs and calls this.
#
#   scripts/count/objects.sh [options of the example `count`…]
set -euo pipefail
cd "$(dirname "$0")/../.."

dir=$(mktemp -d)
ports=()
killer=
export AWS_ENDPOINT=$DATABASE_URL AWS_REGION=us-east-1 AWS_ACCESS_KEY_ID=x AWS_SECRET_ACCESS_KEY=x
signed='Authorization: AWS4-HMAC-SHA256 Credential=x/20250101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=x'

# Each replica's process stands in a file: the killer is another process.
start() { # number
    "$CARGO_TARGET_DIR/debug/objects" --port "${ports[$1]}" --required s3://notes >"$dir/log.$1" 2>&1 &
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

s3() { # options of curl…, path
    curl -sSf -H "$signed" "${@:1:$#-1}" "$DATABASE_URL/${*: -1}"
}

s3 -X PUT -H 'Content-Type: application/xml' -d '<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>' 'notes?versioning'
for number in 0 1; do
    while port=$((20000 + RANDOM % 12000)); (: <"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do :; done
    ports+=("$port")
    start "$number"
    for _ in {1..400}; do
        (: <"/dev/tcp/127.0.0.1/$port") 2>/dev/null && break
        sleep 0.05
    done
done

(
    trap 'exit' TERM
    for ((round = 1; ; round++)); do
        sleep 2
        kill -KILL "$(cat "$dir/pid.$((round % 2))")" 2>/dev/null || true
        start "$((round % 2))"
        echo x >>"$dir/kills"
    done
) &
killer=$!

urls=()
for port in "${ports[@]}"; do urls+=("http://127.0.0.1:$port/count"); done
cargo run --quiet --locked -p tower-conditional-client --example count -- "${urls[@]}" "$@"
kill "$killer" && wait "$killer" 2>/dev/null || true
killer=

# The list has a thousand versions a page.
marker=
while :; do
    s3 "notes?versions&prefix=count$marker" >"$dir/page"
    grep -o '<VersionId>[^<]*' "$dir/page" | cut -d'>' -f2 >>"$dir/versions"
    next=$(sed -n 's/.*<NextVersionIdMarker>\([^<]*\)<.*/\1/p' "$dir/page")
    [ -n "$next" ] || break
    marker="&key-marker=count&version-id-marker=$next"
done
while read -r version; do s3 "notes/count?versionId=$version" && echo; done <"$dir/versions" |
    sed -n 's/^tally \([0-9]*\).*/\1/p' | sort -n >"$dir/counts"
twice=$(uniq -d <"$dir/counts" | wc -l)
rows=$(wc -l <"$dir/counts")
echo "2 replicas: $(wc -l <"$dir/kills") kills; history: $rows versions, $twice counts made twice, the last is $(tail -n 1 "$dir/counts")"
[ "$twice" = 0 ] && [ "$((rows - 1))" = "$(tail -n 1 "$dir/counts")" ]
