//! The queue behind the write lock, its limit and the look-ups that requests share, with the primitives of a model checker:
//! `scripts/shuttle.sh` runs them through interleavings that a test on real threads would hardly ever see.

mod sync {
    pub(super) use shuttle::sync::atomic::{AtomicUsize, Ordering};
    pub(super) use shuttle::sync::{Arc, Mutex, MutexGuard};
    // Nothing that it is made of waits, so it is no point to switch at.
    pub(super) use std::sync::OnceLock;
}

#[path = "../../src/lock/keyed_queue.rs"]
#[allow(dead_code, reason = "the crate uses all of it")]
mod keyed_queue;

#[path = "../../src/lock/waiters.rs"]
#[allow(dead_code, reason = "the crate uses all of it")]
mod waiters;

#[path = "../../src/look_up/wakers.rs"]
mod wakers;

#[path = "../../src/look_up/group.rs"]
#[allow(dead_code, reason = "the crate uses all of it")]
mod group;

#[path = "../../src/look_up/member.rs"]
#[allow(dead_code, reason = "the crate uses all of it")]
mod member;

#[path = "../../src/look_up/joined.rs"]
#[allow(dead_code, reason = "the crate uses all of it")]
mod joined;

#[cfg(test)]
mod counted;
#[cfg(test)]
mod explore;
#[cfg(test)]
mod explore_joined;
#[cfg(test)]
mod explore_writes;
#[cfg(test)]
mod versioned;
