//! The write lock of one request: taken at once where it is free, waited for where it is not.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use http::request::Parts;

use super::options::Options;
use super::request::{Incoming, outer_lock};
use crate::BoxError;
use crate::lock::{HeldLock, WriteKey, WriteKeys, WriteLock};
use crate::source::ValidatorSource;

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

/// The key of the write lock of a resource.
pub(crate) fn key_of<V: ValidatorSource>(source: &V, resource: &V::Resource) -> WriteKey {
    WriteKey::written(source.kind(resource), |key| source.lock_key(resource, key))
}

impl Options {
    pub(crate) fn try_lock(&self, head: &Parts, key: impl FnOnce() -> WriteKey) -> TakenLock {
        let Some(lock) = &self.lock else {
            return TakenLock::NotNeeded;
        };
        let (keys, outer) = (self.keys_to_take(head, key(), &**lock), outer_lock(head));
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
        key: WriteKey,
    ) -> Result<TakenLock, BoxError> {
        let head = &request.head;
        // What was free by now, or belongs to an outer layer, needs no waiting.
        match self.try_lock(head, || key.clone()) {
            TakenLock::Busy => {}
            taken => return Ok(taken),
        }
        let Some(lock) = &self.lock else {
            return Ok(TakenLock::NotNeeded);
        };
        let _place = self.waiters.enter(&key, self.writes.max_waiters)?;
        let start = self.observer.start();
        let keys = self.keys_to_take(head, key.clone(), &**lock);
        let guard = lock.lock(keys.as_slice()).await?;
        request.waited.for_lock_since(start);
        let held = HeldLock::new(guard, &**lock, &keys, outer_lock(head));
        Ok(TakenLock::Held(held))
    }

    /// The keys of a write, without those that an outer layer holds already.
    fn keys_to_take(&self, head: &Parts, key: WriteKey, lock: &dyn WriteLock) -> WriteKeys {
        let mut keys = match &self.writes.further_keys {
            Some(further) => WriteKeys::Many([vec![key], further(head)].concat()),
            None => WriteKeys::One([key]),
        };
        if let Some(outer) = outer_lock(head) {
            keys.retain(|key| !outer.covers(lock, key));
        }
        keys
    }
}

/// How many writes wait for each resource. Only those that wait come by here.
#[derive(Clone, Default)]
pub(crate) struct Waiters(Arc<Mutex<HashMap<WriteKey, usize>>>);

impl Waiters {
    /// # Errors
    ///
    /// `limit` writes wait already.
    fn enter<'w>(&'w self, key: &'w WriteKey, limit: usize) -> Result<Place<'w>, BoxError> {
        let mut waiters = self.lock();
        let waiting = waiters.entry(key.clone()).or_default();
        if *waiting >= limit {
            let text = format!("{limit} writes wait for this resource already");
            // The last place may just have been entered for the first time, with a limit of 0.
            if *waiting == 0 {
                waiters.remove(key);
            }
            return Err(text.into());
        }
        *waiting += 1;
        Ok(Place { waiters: self, key })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<WriteKey, usize>> {
        // Nothing in here can panic half-way.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One write that waits; dropped, it waits no longer.
struct Place<'w> {
    waiters: &'w Waiters,
    key: &'w WriteKey,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut waiters = self.waiters.lock();
        if let Some(waiting) = waiters.get_mut(self.key) {
            *waiting -= 1;
            if *waiting == 0 {
                waiters.remove(self.key);
            }
        }
    }
}
