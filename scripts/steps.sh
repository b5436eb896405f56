# Sourced by the gate and by full.sh: runs named steps, and says at the end how long each took and what was skipped.
# shellcheck shell=bash

STEP_TIMES=()
SKIPPED=()

step() { # name, command…
    local name=$1 start=$SECONDS
    shift
    printf '\n==> %s\n' "$name"
    "$@"
    STEP_TIMES+=("$((SECONDS - start)) s  $name")
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

has_toolchain() { # name
    rustup run "$1" rustc --version >/dev/null 2>&1
}

# The one command that README.md says passes the tests.
readme_test_command() {
    sed -n 's/^\(cargo test.*\)$/\1/p' README.md | head -n 1
}

# Every set of features that is not the same as another: `layer` does not stand beside what brings it along.
feature_sets() {
    local table all bring_layer set i names
    table=$(sed -n '/^\[features\]/,/^\[/p' Cargo.toml | grep -v '^default')
    mapfile -t all < <(sed -n 's/^\([a-z-]*\) = .*/\1/p' <<<"$table")
    bring_layer=$(sed -n 's/^\([a-z-]*\) = \["layer".*/\1/p' <<<"$table")
    for ((set = 0; set < 1 << ${#all[@]}; set++)); do
        names=()
        for i in "${!all[@]}"; do
            if ((set & 1 << i)); then names+=("${all[i]}"); fi
        done
        if [[ " ${names[*]} " == *" layer "* ]] && printf '%s\n' "${names[@]}" | grep -qxF "$bring_layer"; then
            continue
        fi
        (IFS=, && printf '%s\n' "${names[*]:-none}")
    done
}
