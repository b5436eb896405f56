# Sourced by the gate, by full.sh and by figures.sh: runs named steps, and says at the end how long each took and what was
# skipped.
# shellcheck shell=bash

STEP_TIMES=()
SKIPPED=()

step() { # name, command…
    local name=$1 start=$SECONDS
    shift
    printf '\n==> %s\n' "$name"
    "$@"
    local took=$((SECONDS - start))
    echo "    $took s"
    STEP_TIMES+=("$took s  $name")
}

# Runs steps beside those that follow, so that two cores have work while a test waits. What they say comes out at `beside_ends`.
beside() { # function that runs steps
    BESIDE=$(mktemp -d)
    set -m # A process group of its own, that can be killed as a whole.
    {
        STEP_TIMES=()
        SKIPPED=()
        "$1"
        [ ${#STEP_TIMES[@]} -eq 0 ] || printf '%s\n' "${STEP_TIMES[@]}" >"$BESIDE/times"
        [ ${#SKIPPED[@]} -eq 0 ] || printf '%s\n' "${SKIPPED[@]}" >"$BESIDE/skipped"
    } >"$BESIDE/said" 2>&1 &
    BESIDE_PID=$!
    set +m
    trap beside_dies EXIT
}

beside_ends() {
    local status=0
    wait "$BESIDE_PID" || status=$?
    cat "$BESIDE/said"
    touch "$BESIDE/times" "$BESIDE/skipped"
    mapfile -t -O ${#STEP_TIMES[@]} STEP_TIMES <"$BESIDE/times"
    mapfile -t -O ${#SKIPPED[@]} SKIPPED <"$BESIDE/skipped"
    return "$status"
}

beside_dies() {
    kill -- "-$BESIDE_PID" 2>/dev/null || true
    rm -rf "$BESIDE"
}

# Runs tests, and fails where they leave a temporary file, a process or a change of the working tree behind. A server that
# stops when its pipe is closed may take a moment.
leaves_nothing() { # command…
    local dir before left
    dir=$(mktemp -d)
    chmod 755 "$dir" # A database runs as a user of its own.
    before=$(git status --porcelain)
    TMPDIR=$dir "$@"
    for _ in {1..100}; do
        left=$(find "$dir" -mindepth 1; processes_with "TMPDIR=$dir"; changed_since "$before")
        if [ -z "$left" ]; then
            rmdir "$dir"
            return
        fi
        sleep 0.1
    done
    printf 'left behind:\n%s\n' "$left" >&2
    return 1
}

# The command lines of those that were started with this in their environment, where the system shows it.
processes_with() { # NAME=VALUE
    local environment
    grep -lzsxF "$1" /proc/[0-9]*/environ | while read -r environment; do
        ps -o args= "$(basename "${environment%/environ}")" || true
    done || true
}

changed_since() { # what git status said
    local now
    now=$(git status --porcelain)
    [ "$now" = "$1" ] || diff <(echo "$1") <(echo "$now") || true
}

skip() { # what, why
    echo "SKIPPED: $1: $2" >&2
    SKIPPED+=("$1: $2")
}

summary() {
    printf '\nTimes:\n'
    printf '  %s\n' "${STEP_TIMES[@]}"
    printf '  %s s  in all\n' "$SECONDS"
    if [ ${#SKIPPED[@]} -gt 0 ]; then
        printf '\nSkipped:\n'
        printf '  %s\n' "${SKIPPED[@]}"
    fi
}

# The comment at the top of a script.
usage() { # script
    sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p;}' "$1"
}

check_parts() { # script, part…: all of them are in PARTS
    local script=$1 part
    shift
    for part in "$@"; do
        if [[ " ${PARTS[*]} " != *" $part "* ]]; then
            echo "${script##*/}: no part $part ($script --list)" >&2
            exit 2
        fi
    done
}

has_toolchain() { # name
    rustup run "$1" rustc --version >/dev/null 2>&1
}

cargo_tool() { # crate: installs it if it is not there
    command -v "$1" >/dev/null || cargo install --locked "$1"
}

# The one command that README.md says passes the tests.
readme_test_command() {
    sed -n 's/^\(cargo test.*\)$/\1/p' README.md | head -n 1
}

# No feature, each by itself, all.
feature_sets() {
    local features
    features=$(sed -n '/^\[features\]/,/^\[/s/^\([a-z-]*\) = .*/\1/p' Cargo.toml | grep -vx default)
    printf '%s\n' none $features "$(paste -sd, <<<"$features")"
}
