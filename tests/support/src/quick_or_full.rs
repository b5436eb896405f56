//! How much a test tries: little in `cargo test`, all of it in `scripts/full.sh`.

use std::env;

/// `quick` in `cargo test`, `full` where `TOWER_CONDITIONAL_FULL` is set, as in `scripts/full.sh`.
pub fn quick_or_full(quick: usize, full: usize) -> usize {
    match env::var_os("TOWER_CONDITIONAL_FULL") {
        Some(_) => full,
        None => quick,
    }
}
