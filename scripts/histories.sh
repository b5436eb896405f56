#!/usr/bin/env bash
# Contended requests to three replicas of the example `postgres` while faults are injected. A checker compares what the clients were
# answered with a history that a trigger writes in PostgreSQL (tests/histories).
#
#   scripts/histories.sh           all parts
#   scripts/histories.sh PART…     these
#   scripts/histories.sh --list    lists the parts
#
# HISTORIES_REQUESTS says how many requests `everything` sends (100000); the parts with one fault each send a quarter of that. In the
# planted parts the service is broken on purpose, and the checker has to find it. HISTORIES_KEEP names a folder in which operations
# and history are kept.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/steps.sh

PARTS=(calm kills pauses crashes cuts clocks proxies balancer everything
    planted-no-swap planted-lock-alone planted-counted-versions planted-remembered-state planted-early-commit planted-resends)
requests=${HISTORIES_REQUESTS:-100000}
some=$((requests / 4))
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$PWD/target}

histories() { # options of replicas.sh…
    cargo build --quiet --locked --release -p postgres -p histories
    scripts/postgres.sh run scripts/histories/replicas.sh "$@"
}

part_calm() { histories -- --requests "$some"; }
part_kills() { histories --kills -- --requests "$some"; }
part_pauses() { histories --pauses -- --requests "$some"; }
part_crashes() { histories --crashes -- --requests "$some"; }
part_cuts() { histories --cuts -- --requests "$some"; }
part_clocks() { histories --kills --clocks -- --requests "$some"; }
part_proxies() { histories --kills --proxies -- --requests "$some"; }

part_balancer() { histories --kills --slow-commit --balancer -- --requests "$some" --notes 8 --clients 96; }

part_everything() {
    histories --lock shared --kills --pauses --crashes --cuts --clocks --proxies -- --requests "$requests"
}

# ---- the service broken on purpose ----

# Without the version in the statement, two replicas with a lock each lose updates.
part_planted-no-swap() {
    weakened no-swap in-process-lock
    histories --program "$weakened" --breaks OnTheStateOfItsTag -- --requests "$some"
}

# The lock that all replicas share loses updates as well, once faults take it away from a writer.
part_planted-lock-alone() {
    weakened no-swap
    histories --program "$weakened" --lock shared --breaks OnTheStateOfItsTag --slow-commit --kills -- --requests "$requests" \
        --notes 8 --clients 96
}

# A version that is counted for each note comes back when the note is deleted and created again.
part_planted-counted-versions() {
    weakened counted-versions
    histories --program "$weakened" --breaks VersionsRise -- --requests "$some"
}

# A replica that remembers the state of a note answers with what is no longer true.
part_planted-remembered-state() {
    weakened remembered-state
    histories --program "$weakened" --breaks ReadFresh -- --requests "$some"
}

# A database that acknowledges before it writes to the disk loses what was acknowledged.
part_planted-early-commit() {
    histories --early-commit --breaks AcknowledgedOnce --crashes -- --requests "$some"
}

# A proxy that sends a PUT again after the first was made gets a 412, and passes that on.
part_planted-resends() {
    histories --kills --slow-commit --resends --breaks RefusedNeverMade -- --requests "$some" --notes 8 --clients 96
}

# Builds the example from a copy with mistakes in it; leaves the name of the program in $weakened.
weakened() { # mistake…
    weakened=$CARGO_TARGET_DIR/release/weakened
    scripts/histories/weaken.sh "$@"
}

case ${1-} in
--list)
    printf '%s\n' "${PARTS[@]}"
    exit
    ;;
-*)
    usage scripts/histories.sh
    exit 2
    ;;
esac
check_parts scripts/histories.sh "$@"
[ $# -gt 0 ] || set -- "${PARTS[@]}"
for part in "$@"; do step "$part" "part_$part"; done
summary
