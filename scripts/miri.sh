#!/usr/bin/env bash
# Runs the unit tests, the tables of the core, and the tests of the bodies and of the lock's release under Miri: about ten
# minutes.
set -euo pipefail
cd "$(dirname "$0")/.."

if ! cargo +nightly miri --version >/dev/null 2>&1; then
    echo "miri.sh: NOT RUN: nightly with Miri is missing (rustup component add miri --toolchain nightly)" >&2
    exit 3
fi

# Hundreds of times slower than the machine: a few random cases each, the clock of the host for seeds and time-outs, and
# no backtraces of the panics that are part of a test.
export PROPTEST_CASES=2 RUST_BACKTRACE=0
export MIRIFLAGS="-Zmiri-disable-isolation"
# Every day of ten thousand years, every pair of bytes, ten thousand keys or frames, and half a megabyte to hash would take
# hours here.
cargo +nightly miri test --locked --lib -- --skip every_day --skip two_stops_in_one_word --skip unused_keys
cargo +nightly miri test --locked --test core -- s5_6_1 s13_
cargo +nightly miri test --locked --test layer -- --skip hashing_gives --skip large_frames_are_neither --skip ten_thousand \
    computing::reading_ahead computing::left_alone computing::chunkings lock::bodies lock::release
