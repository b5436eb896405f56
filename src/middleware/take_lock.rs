//! Taking the write lock of one request: at once if it is free, by waiting otherwise.

use std::future::{Future, poll_fn};
use std::ops::ControlFlow;
use std::pin::Pin;
use std::task::Poll;

use http::request::Parts;

use super::observe;
use super::options::Options;
use super::request::{Incoming, outer_lock};
use crate::BoxError;
use crate::lock::{HeldLock, Place, WriteGuard, WriteKey, WriteKeys, WriteLock};
use crate::look_up::{Ended, Member};
use crate::refusal::Refusal;
use crate::source::{Found, ValidatorSource};

/// What trying to take the write lock without waiting has given.
pub(crate) enum TakenLock {
    /// The write takes no lock.
    NotNeeded,
    Held(HeldLock),
    /// Another write holds the lock, or this one takes it later.
    WouldWait,
}

impl TakenLock {
    /// The lock, if the write holds one.
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
    /// The state has changed while the write waited. The write is refused by the new state.
    Refused(Found, Refusal),
}

/// The key of the write lock of a resource.
pub(crate) fn key_of<V: ValidatorSource>(source: &V, resource: &V::Resource) -> WriteKey {
    WriteKey::written_by(source.kind(resource), |key| source.lock_key(resource, key))
}

/// Takes the lock of these keys if it is free. An outer layer that holds all of them leaves none.
fn try_keys(lock: &dyn WriteLock, keys: &WriteKeys, outer: Option<&HeldLock>) -> TakenLock {
    if keys.as_slice().is_empty() {
        return outer.map_or(TakenLock::NotNeeded, |outer| TakenLock::Held(outer.clone()));
    }
    match lock.try_lock(keys.as_slice()) {
        Some(guard) => TakenLock::Held(HeldLock::new(guard, lock, keys, outer)),
        None => TakenLock::WouldWait,
    }
}

impl Options {
    /// Takes the lock if it is free, or the one that an outer layer holds for this request.
    pub(crate) fn try_lock(&self, head: &Parts, key: impl FnOnce() -> WriteKey) -> TakenLock {
        let Some(lock) = &self.lock else {
            return TakenLock::NotNeeded;
        };
        let keys = self.keys_to_take(head, key(), &**lock);
        try_keys(&**lock, &keys, outer_lock(head))
    }

    /// Waits for the lock. Leaves the queue early if `member` receives a state that refuses the write.
    ///
    /// # Errors
    ///
    /// The lock failed, or too many writes wait for it.
    pub(crate) async fn wait_for_lock(
        &self,
        request: &mut Incoming,
        key: WriteKey,
        member: Option<&mut Member>,
    ) -> Result<Queued, BoxError> {
        let Some(lock) = &self.lock else {
            return Ok(Queued::Locked(TakenLock::NotNeeded));
        };
        let keys = self.keys_to_take(&request.head, key, &**lock);
        // The lock may have become free, or an outer layer may hold it.
        match try_keys(&**lock, &keys, outer_lock(&request.head)) {
            TakenLock::WouldWait => {}
            taken => return Ok(Queued::Locked(taken)),
        }
        let _place = self.place_to_wait(&keys)?;
        let start = observe::start(&request.event);
        let locking = lock.lock(keys.as_slice());
        let queued = self.lock_or_refusal(request, locking, member).await;
        request.add_lock_wait_since(start);
        Ok(match queued? {
            ControlFlow::Continue(guard) => {
                let held = HeldLock::new(guard, &**lock, &keys, outer_lock(&request.head));
                Queued::Locked(TakenLock::Held(held))
            }
            ControlFlow::Break((found, refusal)) => Queued::Refused(found, refusal),
        })
    }

    /// A place among the writes that wait for the first of these keys.
    fn place_to_wait(&self, keys: &WriteKeys) -> Result<Place<'_>, BoxError> {
        let key = keys.as_slice().first().map_or(0, WriteKey::hash);
        let limit = self.writes.max_waiters;
        let place = self.waiters.enter(key, limit);
        place.ok_or_else(|| format!("{limit} writes wait for this resource already").into())
    }

    /// Waits for the lock, or for a look-up of another request whose result refuses this write. The write would get the
    /// same refusal under the lock.
    async fn lock_or_refusal(
        &self,
        request: &Incoming,
        mut locking: Pin<Box<dyn Future<Output = Result<WriteGuard, BoxError>> + Send + '_>>,
        mut member: Option<&mut Member>,
    ) -> Result<ControlFlow<(Found, Refusal), WriteGuard>, BoxError> {
        poll_fn(|cx| {
            while let Some(member) = &mut member
                && let Poll::Ready(ended) = member.poll_state(cx)
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

    /// The keys that a write has to lock: without those that an outer layer holds.
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
