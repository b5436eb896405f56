//! The lock of one process: a first-come, first-served queue for each key, made of std and wakers alone.

use std::future::Future;
use std::pin::Pin;
use std::sync::OnceLock;
use std::task::{Context, Poll};

use super::key::KeyHashes;
use super::keyed_queue::{KeyGuard, KeyedQueue, Waiting};
use super::{WriteGuard, WriteKey, WriteLock};
use crate::BoxError;

/// A [`WriteLock`] for the writes of one process. Clones share it.
///
/// It serves waiters in the order in which they came. A dropped future, a panic and an error free it. Its memory is bounded
/// by the requests in flight. It needs no runtime.
///
/// # Examples
///
/// Two replicas of a service in one process, as in a test, each with its own lock:
///
/// ```
/// use tower_conditional::source::InMemoryVersions;
/// use tower_conditional::lock::InProcessLock;
/// use tower_conditional::{ConditionalLayer, ValidatorSource, WritePolicy};
///
/// let notes = InMemoryVersions::new().named("notes");
/// let replica = || {
///     let policy = WritePolicy::required().use_lock(InProcessLock::new());
///     ConditionalLayer::new(notes.clone()).writes(policy)
/// };
/// # let _ = (replica(), replica());
/// ```
#[derive(Clone, Debug, Default)]
pub struct InProcessLock(KeyedQueue);

impl InProcessLock {
    /// The lock that all layers of this process share whose source names its kind of resource.
    pub(crate) fn of_the_process() -> Self {
        static LOCK: OnceLock<InProcessLock> = OnceLock::new();
        LOCK.get_or_init(Self::new).clone()
    }

    /// A new lock. Only layers that share it or a clone of it exclude each other.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

impl WriteLock for InProcessLock {
    fn identity(&self) -> usize {
        self.0.address()
    }

    fn try_lock(&self, keys: &[WriteKey]) -> Option<WriteGuard> {
        let keys = KeyHashes::of(keys);
        if let KeyHashes::One(key) = keys {
            return self.0.try_take(key).map(WriteGuard::new);
        }
        let guards = keys.as_slice().iter().map(|&key| self.0.try_take(key));
        guards
            .collect::<Option<Vec<KeyGuard>>>()
            .map(WriteGuard::new)
    }

    fn lock<'a>(
        &'a self,
        keys: &'a [WriteKey],
    ) -> Pin<Box<dyn Future<Output = Result<WriteGuard, BoxError>> + Send + 'a>> {
        Box::pin(TakeAll {
            queue: self.0.clone(),
            keys: KeyHashes::of(keys),
            taken: Vec::new(),
            waiting: None,
        })
    }
}

/// Takes the keys one after the other, in their fixed order. Dropping it frees those that it has.
struct TakeAll {
    queue: KeyedQueue,
    keys: KeyHashes,
    taken: Vec<KeyGuard>,
    waiting: Option<Waiting>,
}

impl Future for TakeAll {
    type Output = Result<WriteGuard, BoxError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        while let Some(&key) = this.keys.as_slice().get(this.taken.len()) {
            let waiting = this.waiting.get_or_insert_with(|| this.queue.wait(key));
            let Poll::Ready(guard) = Pin::new(waiting).poll(cx) else {
                return Poll::Pending;
            };
            this.waiting = None;
            this.taken.push(guard);
        }
        Poll::Ready(Ok(WriteGuard::new(std::mem::take(&mut this.taken))))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::{Wake, Waker};

    use super::*;

    type Locking<'a> = Pin<Box<dyn Future<Output = Result<WriteGuard, BoxError>> + Send + 'a>>;

    fn key(name: &str) -> WriteKey {
        WriteKey::new("", &name.to_owned())
    }

    fn poll<T>(future: &mut (impl Future<Output = T> + Unpin)) -> Poll<T> {
        Pin::new(future).poll(&mut Context::from_waker(Waker::noop()))
    }

    #[track_caller]
    fn guard(locking: &mut Locking<'_>) -> WriteGuard {
        match poll(locking) {
            Poll::Ready(guard) => guard.unwrap(),
            Poll::Pending => panic!("somebody else has the lock"),
        }
    }

    /// No key stays in memory after its last request.
    #[test]
    fn unused_keys_are_forgotten() {
        let lock = InProcessLock::new();
        for n in 0..10_000 {
            let name = format!("/notes/{n}");
            let held = lock.try_lock(&[key(&name)]);
            assert_eq!(lock.0.len(), 1);
            drop(held);
        }
        let names: Vec<_> = (0..100).map(|n| n.to_string()).collect();
        let keys: Vec<_> = names.iter().map(|name| key(name)).collect();
        let held = lock.try_lock(&keys);
        assert_eq!(lock.0.len(), 100);
        drop(held);
        assert_eq!(lock.0.len(), 0);
    }

    #[test]
    fn waiters_that_leave_are_forgotten() {
        let lock = InProcessLock::new();
        let keys = [key("/a")];
        let held = lock.try_lock(&keys);
        let number = KeyHashes::of(&keys).as_slice()[0];
        let mut waiting: Vec<_> = (0..1000).map(|_| lock.lock(&keys)).collect();
        assert_eq!(
            lock.0.waiters(number),
            0,
            "the place is taken at the first poll"
        );
        for locking in &mut waiting {
            assert!(poll(locking).is_pending());
        }
        assert_eq!(lock.0.waiters(number), 1000);
        waiting.truncate(10);
        assert_eq!(lock.0.waiters(number), 10);
        drop(held);
        assert_eq!(lock.0.len(), 1, "the first waiter has been woken");
        drop(waiting);
        assert_eq!(lock.0.len(), 0);
    }

    #[test]
    fn a_failed_try_gives_back_what_it_took() {
        let lock = InProcessLock::new();
        let held = lock.try_lock(&[key("/b")]);
        let both = [key("/a"), key("/b"), key("/c")];
        assert!(lock.try_lock(&both).is_none());
        assert_eq!(lock.0.len(), 1);
        let mut all = lock.lock(&both);
        assert!(poll(&mut all).is_pending());
        drop(held);
        let all = guard(&mut all);
        assert_eq!(lock.0.len(), 3);
        drop(all);
        assert_eq!(lock.0.len(), 0);
    }

    #[test]
    fn dropped_between_two_keys() {
        let lock = InProcessLock::new();
        let held = lock.try_lock(&[key("/b")]);
        let both = [key("/a"), key("/b")];
        let mut waiting = lock.lock(&both);
        assert!(poll(&mut waiting).is_pending());
        drop(waiting);
        assert_eq!(lock.0.len(), 1);
        drop(held);
        assert_eq!(lock.0.len(), 0);
    }

    /// A waker is not dropped while the table is locked, because it may own the lock itself.
    #[test]
    fn a_waker_may_own_the_lock() {
        struct Owns(#[expect(dead_code, reason = "dropped with it")] WriteGuard);

        impl Wake for Owns {
            fn wake(self: Arc<Self>) {}
        }

        let lock = InProcessLock::new();
        let keys = [key("/a")];
        let owning = || Waker::from(Arc::new(Owns(lock.try_lock(&keys).unwrap())));

        // Replaced by another waker at a later poll.
        let waker = owning();
        let mut waiting = lock.lock(&keys);
        let polled = waiting.as_mut().poll(&mut Context::from_waker(&waker));
        assert!(polled.is_pending());
        drop(waker);
        assert!(poll(&mut waiting).is_pending());
        drop(guard(&mut waiting));

        // Dropped together with its entry in the queue.
        let waker = owning();
        let mut waiting = lock.lock(&keys);
        let polled = waiting.as_mut().poll(&mut Context::from_waker(&waker));
        assert!(polled.is_pending());
        drop(waker);
        drop(waiting);
        assert_eq!(lock.0.len(), 0);
    }

    #[test]
    fn waiters_are_served_in_the_order_in_which_they_came() {
        let lock = InProcessLock::new();
        let keys = [key("/a")];
        let held = lock.try_lock(&keys);
        let [mut first, mut second, mut third] = [0; 3].map(|_| lock.lock(&keys));
        for waiting in [&mut first, &mut second, &mut third] {
            assert!(poll(waiting).is_pending());
        }
        drop(held);
        assert!(poll(&mut second).is_pending(), "the first has been woken");
        assert!(lock.try_lock(&keys).is_none());
        let held = guard(&mut first);
        assert!(poll(&mut second).is_pending(), "the first has it");
        drop(held);
        // Woken, and dropped before it has taken the lock.
        drop(second);
        drop(guard(&mut third));
        assert_eq!(lock.0.len(), 0);
    }

    /// The waker of the last poll is the one that is woken.
    #[test]
    fn the_last_waker_counts() {
        #[derive(Default)]
        struct Counted(AtomicUsize);

        impl Wake for Counted {
            fn wake(self: Arc<Self>) {
                self.0.fetch_add(1, Ordering::SeqCst);
            }
        }

        let lock = InProcessLock::new();
        let keys = [key("/a")];
        let held = lock.try_lock(&keys);
        let mut waiting = lock.lock(&keys);
        let counted = [0; 3].map(|_| Arc::<Counted>::default());
        for counted in &counted {
            let waker = Waker::from(counted.clone());
            let polled = waiting.as_mut().poll(&mut Context::from_waker(&waker));
            assert!(polled.is_pending());
        }
        drop(held);
        let wakes = counted.map(|counted| counted.0.load(Ordering::SeqCst));
        assert_eq!(wakes, [0, 0, 1]);
    }
}
