//! The write lock of one request: taken at once where it is free, waited for where it is not.

use std::time::Duration;

use http::request::Parts;

use super::judge::{Waited, outer_lock};
use super::options::Shared;
use super::write_lock::{HeldLock, KeyHashes, WriteGuard, WriteKey, WriteLock, path_key};
use crate::source::{BoxError, ValidatorSource};

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

impl<V: ValidatorSource> Shared<V> {
    pub(crate) fn try_lock(&self, head: &Parts) -> TakenLock {
        let Some(lock) = &self.options.writes.lock else {
            return TakenLock::NotNeeded;
        };
        self.with_keys(head, |keys| {
            let hashes = KeyHashes::of(keys);
            let outer = outer_lock(head);
            if let Some(outer) = outer.filter(|outer| outer.covers(lock, &hashes)) {
                return TakenLock::Held(outer.clone());
            }
            match lock.try_lock(keys) {
                Some(guard) => TakenLock::Held(HeldLock::new(guard, lock, hashes, outer)),
                None => TakenLock::Busy,
            }
        })
    }

    pub(crate) async fn wait_for_lock(
        &self,
        head: &Parts,
        waited: &mut Waited,
    ) -> Result<TakenLock, BoxError> {
        // What was free by now, or belongs to a layer further out, needs no waiting.
        let taken = self.try_lock(head);
        let (TakenLock::Busy, Some(lock)) = (&taken, &self.options.writes.lock) else {
            return Ok(taken);
        };
        let start = self.options.observer.start();
        let guard = self.lock_all(head, &**lock).await?;
        waited.lock += start.map_or(Duration::ZERO, |start| start.elapsed());
        let hashes = self.with_keys(head, KeyHashes::of);
        let held = HeldLock::new(guard, lock, hashes, outer_lock(head));
        Ok(TakenLock::Held(held))
    }

    async fn lock_all(&self, head: &Parts, lock: &dyn WriteLock) -> Result<WriteGuard, BoxError> {
        match &self.options.writes.keys {
            Some(keys) => lock.lock(&keys(head)).await,
            None => lock.lock(&[path_key(head)]).await,
        }
    }

    fn with_keys<R>(&self, head: &Parts, use_keys: impl FnOnce(&[WriteKey<'_>]) -> R) -> R {
        match &self.options.writes.keys {
            Some(keys) => use_keys(&keys(head)),
            None => use_keys(&[path_key(head)]),
        }
    }
}
