//! The write lock: check and write are one step, because every writer of a resource waits for its turn.

mod in_process;
mod key;
mod keyed_queue;

use std::any::Any;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

pub use in_process::InProcessLock;
use key::KeyHashes;
pub use key::{KeyBuf, ResourceKey, WriteKey};
pub(crate) use key::{WriteKeys, normalised_path};

use crate::BoxError;

/// The primitives of the queue; a model checker brings its own.
mod sync {
    pub(super) use std::sync::{Arc, Mutex, MutexGuard};
}

/// A lock for each resource, held from before a write is judged until its handler has answered.
///
/// The default is an [`InProcessLock`]. A service on many machines brings its own: its state has to live where all of
/// them see it. Waiters should be served in the order in which they came.
///
/// # Examples
///
/// A lock that also takes the in-process one, so that a replica holds one remote lock for each key:
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
    /// Tells one lock from another: two values that wait for each other answer the same, so that a layer inside a
    /// layer with the same lock does not wait for its own request.
    ///
    /// The default is the address of the value, which is right as long as it is given to one layer or policy and
    /// shared by cloning that. A lock whose clones are one lock answers with an address of what they share.
    fn identity(&self) -> usize {
        std::ptr::from_ref(self).cast::<()>().addr()
    }

    /// Takes the lock of all keys if that needs no waiting.
    ///
    /// The default says no, and the layer judges once before it waits.
    fn try_lock(&self, keys: &[WriteKey]) -> Option<WriteGuard> {
        let _ = keys;
        None
    }

    /// Waits for the lock of all keys, taken in an order that is the same for everyone.
    ///
    /// Dropping the future gives up the place in the queue.
    ///
    /// # Errors
    ///
    /// The lock cannot be had: the client gets 503, and the handler does not run.
    fn lock<'a>(
        &'a self,
        keys: &'a [WriteKey],
    ) -> Pin<Box<dyn Future<Output = Result<WriteGuard, BoxError>> + Send + 'a>>;
}

/// Whatever frees a lock when it is dropped; the lock is free when the last clone is gone.
#[derive(Clone)]
pub struct WriteGuard(Arc<dyn Any + Send + Sync>);

impl WriteGuard {
    /// A guard made of a value that frees the lock in its `Drop`.
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

/// A lock as a layer holds it: what is held, and for which keys of which lock, so that a nested layer with the same
/// lock does not wait for its own request.
#[derive(Clone, Debug)]
pub(crate) struct HeldLock {
    guard: WriteGuard,
    lock: usize,
    keys: KeyHashes,
    outer: Option<Arc<Self>>,
}

impl HeldLock {
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

    /// Of this lock and of all further out: a write that came by the outer one alone must not get in either.
    pub(crate) fn guard(&self) -> WriteGuard {
        match &self.outer {
            None => self.guard.clone(),
            Some(_) => WriteGuard::new(self.clone()),
        }
    }

    /// Whether this lock, or one further out, is the lock of this key.
    pub(crate) fn covers(&self, lock: &dyn WriteLock, key: &WriteKey) -> bool {
        let here = self.lock == lock.identity() && self.keys.contain(key);
        here || self
            .outer
            .as_ref()
            .is_some_and(|outer| outer.covers(lock, key))
    }
}
