//! The queue behind the write lock, with the primitives of a model checker: `scripts/shuttle.sh` runs it through
//! interleavings that a test on real threads would hardly ever see.

mod sync {
    pub(super) use shuttle::sync::{Arc, Mutex, MutexGuard};
}

#[path = "../../src/lock/keyed_queue.rs"]
#[allow(dead_code, reason = "the crate uses all of it")]
mod keyed_queue;

#[cfg(test)]
mod explore;
