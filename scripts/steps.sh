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
