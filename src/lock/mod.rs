//! The write lock: it makes check and write one step, because only one write of a resource runs at a time.

mod in_process;
mod key;
mod keyed_queue;
mod waiters;

use std::any::Any;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

pub use in_process::InProcessLock;
use key::KeyHashes;
pub use key::{KeyBuf, ResourceKey, WriteKey};
pub(crate) use key::{WriteKeys, normalised_path};
pub(crate) use waiters::{Place, Waiters};

use crate::BoxError;

/// The primitives of the queue and its limit. A model checker replaces them.
mod sync {
    pub(super) use std::sync::{Arc, Mutex, MutexGuard, OnceLock};
}

/// A lock for each resource. A write holds it from before its evaluation until its handler has answered.
///
/// The default is an [`InProcessLock`]. Implement the trait for a service on several machines, with a state that all of
/// them share. Serve waiters in the order in which they came.
///
/// # Examples
///
/// A lock that takes the in-process one first, so that each process holds at most one remote lock for each key:
///
/// ```
/// use std::{future::Future, pin::Pin};
/// use tower_conditional::lock::{InProcessLock, WriteGuard, WriteKey, WriteLock};
/// use tower_conditional::BoxError;
///
/// struct Remote { local: InProcessLock }
///
/// impl WriteLock for Remote {
///     fn identity(&self) -> usize {
///         self.local.identity()
///     }
///
///     fn lock<'a>(
///         &'a self,
///         keys: &'a [WriteKey],
///     ) -> Pin<Box<dyn Future<Output = Result<WriteGuard, BoxError>> + Send + 'a>> {
///         Box::pin(async move {
///             let local = self.local.lock(keys).await?;
///             let remote = (); // … take the remote lock; an error becomes 503
///             Ok(WriteGuard::new((remote, local)))
///         })
///     }
/// }
/// ```
#[doc(alias("mutex", "advisory lock", "distributed lock"))]
pub trait WriteLock: Send + Sync + 'static {
    /// Identifies the lock: the same number for values that exclude each other, so that an inner layer with the same lock
    /// does not wait for its own request.
    ///
    /// The default is the address of the value, which is right for a lock that is not `Clone`. If clones share one lock,
    /// return the address of what they share.
    fn identity(&self) -> usize {
        std::ptr::from_ref(self).cast::<()>().addr()
    }

    /// Takes the lock of all keys if they are free; `None` otherwise.
    ///
    /// The default is `None`: then the layer evaluates the write once before it waits, and again under the lock.
    fn try_lock(&self, keys: &[WriteKey]) -> Option<WriteGuard> {
        let _ = keys;
        None
    }

    /// Waits for the lock of all keys. Take them in an order that is the same for all writes, or two writes can deadlock.
    ///
    /// Dropping the future must leave the queue.
    ///
    /// # Errors
    ///
    /// The lock cannot be taken: the client gets 503 (`lock`), and the handler does not run. The text of the error reaches
    /// the observer, and never the client.
    fn lock<'a>(
        &'a self,
        keys: &'a [WriteKey],
    ) -> Pin<Box<dyn Future<Output = Result<WriteGuard, BoxError>> + Send + 'a>>;
}

/// Holds a lock. The lock is free when the last clone is dropped.
#[derive(Clone)]
pub struct WriteGuard(Arc<dyn Any + Send + Sync>);

impl WriteGuard {
    /// A guard from a value that frees the lock in its `Drop`.
    pub fn new(held: impl Any + Send + Sync) -> Self {
        Self(Arc::new(held))
    }
}

impl fmt::Debug for WriteGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WriteGuard")
            .field("clones", &Arc::strong_count(&self.0))
            .finish()
    }
}

/// A lock that a layer holds for a request: its guard, and which keys of which lock, so that an inner layer with the same
/// lock does not wait for its own request.
#[derive(Clone, Debug)]
pub(crate) struct HeldLock {
    guard: WriteGuard,
    lock: usize,
    keys: KeyHashes,
    outer: Option<Arc<Self>>,
}

impl HeldLock {
    /// A lock with these keys, inside of the lock of an outer layer.
    pub(crate) fn new(
        guard: WriteGuard,
        lock: &dyn WriteLock,
        keys: &WriteKeys,
        outer: Option<&Self>,
    ) -> Self {
        Self {
            guard,
            lock: lock.identity(),
            keys: KeyHashes::of(keys.as_slice()),
            outer: outer.cloned().map(Arc::new),
        }
    }

    /// A guard of this lock and of those of the outer layers: work that goes on must also exclude writes that pass the outer
    /// layer only.
    pub(crate) fn guard(&self) -> WriteGuard {
        match &self.outer {
            None => self.guard.clone(),
            Some(_) => WriteGuard::new(self.clone()),
        }
    }

    /// Whether this lock, or one of an outer layer, holds this key.
    pub(crate) fn covers(&self, lock: &dyn WriteLock, key: &WriteKey) -> bool {
        let here = self.lock == lock.identity() && self.keys.contain(key);
        here || self
            .outer
            .as_ref()
            .is_some_and(|outer| outer.covers(lock, key))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A lock that says nothing of itself.
    struct Plain(#[expect(dead_code, reason = "so that each has its own address")] u8);

    impl WriteLock for Plain {
        fn lock<'a>(
            &'a self,
            _keys: &'a [WriteKey],
        ) -> Pin<Box<dyn Future<Output = Result<WriteGuard, BoxError>> + Send + 'a>> {
            Box::pin(async { Ok(WriteGuard::new(())) })
        }
    }

    fn keys(names: &[&'static str]) -> WriteKeys {
        WriteKeys::Many(names.iter().map(|name| WriteKey::new("", name)).collect())
    }

    #[test]
    fn a_lock_is_itself_alone() {
        let locks = [Plain(1), Plain(2)];
        assert_eq!(locks[0].identity(), locks[0].identity());
        assert_ne!(locks[0].identity(), locks[1].identity());

        let lock = InProcessLock::new();
        assert_eq!(lock.identity(), lock.clone().identity());
        let other = InProcessLock::new();
        assert_ne!(lock.identity(), other.identity());
        // Both are there, so that the second cannot have the address of the first.
        let [one, same] = [0; 2].map(|_| InProcessLock::of_the_process());
        assert_eq!(one.identity(), same.identity());
    }

    /// An inner layer does not wait for what its own request holds, and waits for everything else.
    #[test]
    fn what_a_request_holds() {
        let (ours, other) = (InProcessLock::new(), InProcessLock::new());
        let guard = || WriteGuard::new(());
        let outer = HeldLock::new(guard(), &ours, &keys(&["a", "b"]), None);
        let inner = HeldLock::new(guard(), &other, &keys(&["c"]), Some(&outer));
        let covers = |held: &HeldLock, lock: &InProcessLock| {
            ["a", "b", "c"].map(|name| held.covers(lock, &WriteKey::new("", &name)))
        };
        assert_eq!(covers(&outer, &ours), [true, true, false]);
        assert_eq!(covers(&outer, &other), [false, false, false]);
        assert_eq!(covers(&inner, &ours), [true, true, false]);
        assert_eq!(covers(&inner, &other), [false, false, true]);
    }

    #[test]
    fn a_guard_shows_how_many_hold_it() {
        let guard = WriteGuard::new(());
        let _second = guard.clone();
        assert_eq!(format!("{guard:?}"), "WriteGuard { clones: 2 }");
    }

    /// No key stays in memory after its last waiting write.
    #[test]
    fn waiting_writes_are_counted_by_key_and_forgotten() {
        let waiters = Waiters::default();
        let places: Vec<_> = [1, 1, 2].map(|key| waiters.enter(key, 2)).into();
        assert!(places.iter().all(Option::is_some));
        assert!(waiters.enter(1, 2).is_none());
        assert_eq!(waiters.len(), 2);
        drop(places);
        assert_eq!(waiters.len(), 0);
        assert!(waiters.enter(1, 0).is_none(), "nobody may wait");
        assert_eq!(waiters.len(), 0);
    }
}
