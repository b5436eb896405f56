//! The limit on how many writes wait for one resource. The file uses nothing of the crate, so that a model checker can
//! include it.

use std::collections::HashMap;

use super::sync::{Arc, Mutex, MutexGuard};

/// How many writes wait for each key. A write that does not wait is not counted. Clones count together.
#[derive(Clone, Default)]
pub(crate) struct Waiters(Arc<Mutex<HashMap<u64, usize>>>);

impl Waiters {
    /// Counts one more waiting write. `None` if `limit` writes wait already.
    pub(crate) fn enter(&self, key: u64, limit: usize) -> Option<Place<'_>> {
        let mut waiters = self.lock();
        let waiting = waiters.get(&key).copied().unwrap_or_default();
        if waiting >= limit {
            return None;
        }
        waiters.insert(key, waiting + 1);
        Some(Place { waiters: self, key })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<u64, usize>> {
        // No code panics while it holds the mutex, so a poisoned map is consistent.
        self.0
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// For how many keys a write waits.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.lock().len()
    }
}

/// One write that waits. Dropping it takes it off the count.
pub(crate) struct Place<'w> {
    waiters: &'w Waiters,
    key: u64,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut waiters = self.waiters.lock();
        if let Some(waiting) = waiters.get_mut(&self.key) {
            *waiting -= 1;
            if *waiting == 0 {
                waiters.remove(&self.key);
            }
        }
    }
}
