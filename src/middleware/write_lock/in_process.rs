//! The lock of one process: a first-come, first-served queue for each key, over std and wakers alone.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use super::keyed_queue::{KeyedQueue, Turn, Waiting};
use super::{KeyHashes, WriteGuard, WriteKey, WriteLock};
use crate::source::BoxError;

/// A [`WriteLock`] among the writers of one process; clones share it.
///
/// Waiters are served in the order in which they came. Its memory is bounded by the requests in flight; a dropped
/// future, a panic and an error all release it; it needs no runtime.
#[derive(Clone, Debug, Default)]
pub struct InProcessLock(KeyedQueue);

impl InProcessLock {
    /// A lock of its own; only layers that share this value (or a clone) wait for each other.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

impl WriteLock for InProcessLock {
    fn try_lock(&self, keys: &[WriteKey<'_>]) -> Option<WriteGuard> {
        let keys = KeyHashes::of(keys);
        if let KeyHashes::One(key) = keys {
            return self.0.try_take(key).map(WriteGuard::new);
        }
        let turns = keys.as_slice().iter().map(|&key| self.0.try_take(key));
        turns.collect::<Option<Vec<Turn>>>().map(WriteGuard::new)
    }

    fn lock<'a>(
        &'a self,
        keys: &'a [WriteKey<'a>],
    ) -> Pin<Box<dyn Future<Output = Result<WriteGuard, BoxError>> + Send + 'a>> {
        Box::pin(TakeAll {
            queue: self.0.clone(),
            keys: KeyHashes::of(keys),
            taken: Vec::new(),
            waiting: None,
        })
    }
}

/// Takes the keys one after the other, in their fixed order; dropped half-way, it gives back what it has.
struct TakeAll {
    queue: KeyedQueue,
    keys: KeyHashes,
    taken: Vec<Turn>,
    waiting: Option<Waiting>,
}

impl Future for TakeAll {
    type Output = Result<WriteGuard, BoxError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        while let Some(&key) = this.keys.as_slice().get(this.taken.len()) {
            let waiting = this.waiting.get_or_insert_with(|| this.queue.wait(key));
            let Poll::Ready(turn) = Pin::new(waiting).poll(cx) else {
                return Poll::Pending;
            };
            this.waiting = None;
            this.taken.push(turn);
        }
        Poll::Ready(Ok(WriteGuard::new(std::mem::take(&mut this.taken))))
    }
}
