//! The write lock of one request: taken at once where it is free, waited for where it is not.

use std::collections::HashMap;
use std::future::{Future, poll_fn};
use std::ops::ControlFlow;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;

use http::request::Parts;

use super::options::Options;
use super::request::{Incoming, outer_lock};
use crate::BoxError;
use crate::lock::{HeldLock, WriteGuard, WriteKey, WriteKeys, WriteLock};
use crate::look_up::{Ended, Member};
use crate::refusal::Refusal;
use crate::source::{Found, ValidatorSource};

/// The write lock of a request, as far as it could be had without waiting.
pub(crate) enum TakenLock {
    /// The route takes none.
    NotNeeded,
    Held(HeldLock),
    /// Somebody else has it, or it is to be taken later.
    WouldWait,
}

impl TakenLock {
    pub(crate) fn held(self) -> Option<HeldLock> {
        match self {
            Self::Held(lock) => Some(lock),
            Self::NotNeeded | Self::WouldWait => None,
        }
    }
}

/// How waiting for the lock has ended.
pub(crate) enum Queued {
    Locked(TakenLock),
    /// The state has changed meanwhile, and this is what the write is refused by.
    Refused(Found, Refusal),
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
            None => TakenLock::WouldWait,
        }
    }

    /// Waits for the lock, and leaves the queue as soon as the write can only lose: `member` hears what others have
    /// looked up since it joined.
    pub(crate) async fn wait_for_lock(
        &self,
        request: &mut Incoming,
        key: WriteKey,
        member: Option<&mut Member>,
    ) -> Result<Queued, BoxError> {
        let head = &request.head;
        // What was free by now, or belongs to an outer layer, needs no waiting.
        match self.try_lock(head, || key.clone()) {
            TakenLock::WouldWait => {}
            taken => return Ok(Queued::Locked(taken)),
        }
        let Some(lock) = &self.lock else {
            return Ok(Queued::Locked(TakenLock::NotNeeded));
        };
        let _place = self.waiters.enter(&key, self.writes.max_waiters)?;
        let start = self.observer.start();
        let keys = self.keys_to_take(head, key.clone(), &**lock);
        let locking = lock.lock(keys.as_slice());
        let queued = self.lock_or_refusal(request, locking, member).await;
        request.timings.add_lock_wait_since(start);
        Ok(match queued? {
            ControlFlow::Continue(guard) => {
                let held = HeldLock::new(guard, &**lock, &keys, outer_lock(&request.head));
                Queued::Locked(TakenLock::Held(held))
            }
            ControlFlow::Break((found, refusal)) => Queued::Refused(found, refusal),
        })
    }

    /// The lock, or the refusal that a look-up begun since has made certain: the write would be refused by it in the
    /// queue as well.
    async fn lock_or_refusal(
        &self,
        request: &Incoming,
        mut locking: Pin<Box<dyn Future<Output = Result<WriteGuard, BoxError>> + Send + '_>>,
        mut member: Option<&mut Member>,
    ) -> Result<ControlFlow<(Found, Refusal), WriteGuard>, BoxError> {
        poll_fn(|cx| {
            while let Some(member) = &mut member
                && let Poll::Ready(ended) = member.poll_news(cx)
            {
                if let Ended::Found(found) = ended
                    && let Err(refusal) = self.evaluate_write(request, &found.current)
                {
                    return Poll::Ready(Ok(ControlFlow::Break((found, refusal))));
                }
            }
            locking.as_mut().poll(cx).map_ok(ControlFlow::Continue)
        })
        .await
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
