# Sourced by the gate and by full.sh: runs named steps, and prints the time of each at the end.
# shellcheck shell=bash

STEP_TIMES=()

step() { # name, command…
    local name=$1 start=$SECONDS
    shift
    printf '\n==> %s\n' "$name"
    "$@"
    STEP_TIMES+=("$((SECONDS - start)) s  $name")
}

summary() {
    printf '\nTimes:\n'
    printf '  %s\n' "${STEP_TIMES[@]}"
    printf '  %s s  in all\n' "$SECONDS"
}

# The one command that README.md says passes the tests.
readme_test_command() {
    sed -n 's/^\(cargo test.*\)$/\1/p' README.md | head -n 1
}

# Each feature of the crate by itself, and none.
feature_sets() {
    printf 'none\n'
    sed -n '/^\[features\]/,/^\[/s/^\([a-z-]*\) = .*/\1/p' Cargo.toml | grep -v '^default$'
}
