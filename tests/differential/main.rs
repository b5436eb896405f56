//! Random requests, evaluated by the core and by others: the naive model, and servers of others.
//! `scripts/differential.sh` does both at full length.

mod at_random;
#[path = "../vectors/decision_table.rs"]
#[allow(dead_code, reason = "the tests of the core use all of it")]
mod decision_table;
mod generator;
#[path = "../core/naive.rs"]
mod naive;
mod servers;
#[path = "../core/support.rs"]
#[allow(
    dead_code,
    unused_imports,
    reason = "the tests of the core use all of it"
)]
mod support;
