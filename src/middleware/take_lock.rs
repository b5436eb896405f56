//! The write lock of one request: taken at once where it is free, waited for where it is not.

use std::time::Duration;

use http::request::Parts;

use super::options::Options;
use super::request::{Incoming, outer_lock};
use super::write_lock::{HeldLock, WriteKeys, WriteLock, path_key};
use crate::source::BoxError;

/// The write lock of a request, as far as it could be had without waiting.
pub(crate) enum TakenLock {
    /// The route takes none.
    NotNeeded,
    Held(HeldLock),
    /// Somebody else has it, or it is to be taken later.
    Busy,
}

impl TakenLock {
    pub(crate) fn held(self) -> Option<HeldLock> {
        match self {
            Self::Held(lock) => Some(lock),
            Self::NotNeeded | Self::Busy => None,
        }
    }
}

impl Options {
    pub(crate) fn try_lock(&self, head: &Parts) -> TakenLock {
        let Some(lock) = &self.writes.lock else {
            return TakenLock::NotNeeded;
        };
        // The error is for whoever waits for the lock.
        let Ok(keys) = self.keys_to_take(head, &**lock) else {
            return TakenLock::Busy;
        };
        let outer = outer_lock(head);
        if keys.as_slice().is_empty() {
            return outer.map_or(TakenLock::NotNeeded, |outer| TakenLock::Held(outer.clone()));
        }
        match lock.try_lock(keys.as_slice()) {
            Some(guard) => TakenLock::Held(HeldLock::new(guard, &**lock, &keys, outer)),
            None => TakenLock::Busy,
        }
    }

    pub(crate) async fn wait_for_lock(
        &self,
        request: &mut Incoming,
    ) -> Result<TakenLock, BoxError> {
        let head = &request.head;
        // What was free by now, or belongs to a layer further out, needs no waiting.
        let taken = self.try_lock(head);
        let (TakenLock::Busy, Some(lock)) = (&taken, &self.writes.lock) else {
            return Ok(taken);
        };
        let start = self.observer.start();
        let keys = self.keys_to_take(head, &**lock)?;
        let guard = lock.lock(keys.as_slice()).await?;
        request.waited.lock += start.map_or(Duration::ZERO, |start| start.elapsed());
        let held = HeldLock::new(guard, &**lock, &keys, outer_lock(head));
        Ok(TakenLock::Held(held))
    }

    /// The keys of a write, without those that an outer layer holds already.
    ///
    /// # Errors
    ///
    /// The route's own function names no key: running without a lock is what `without_lock` is for.
    fn keys_to_take<'h>(
        &self,
        head: &'h Parts,
        lock: &dyn WriteLock,
    ) -> Result<WriteKeys<'h>, BoxError> {
        let mut keys = match &self.writes.keys {
            Some(keys) => WriteKeys::Many(keys(head)),
            None => WriteKeys::One([path_key(head)]),
        };
        if keys.as_slice().is_empty() {
            return Err("the function given to WritePolicy::keys returned no key".into());
        }
        if let Some(outer) = outer_lock(head) {
            keys.retain(|key| !outer.covers(lock, key));
        }
        Ok(keys)
    }
}
