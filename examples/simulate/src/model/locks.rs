//! A write lock that all replicas share, kept in the store.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use tokio::sync::{OwnedMutexGuard, oneshot};
use tokio::time::{sleep, timeout};
use tower_conditional::BoxError;
use tower_conditional::lock::{InProcessLock, WriteGuard, WriteKey, WriteLock};

use super::store::Store;

/// How long a writer waits for the lock.
const PATIENCE: Duration = Duration::from_secs(5);

/// As in the `postgres` example: a replica takes its own lock first, so that one of its writers waits in the store.
#[derive(Debug)]
pub(crate) struct SharedLock {
    in_process: InProcessLock,
    store: Store,
}

impl SharedLock {
    pub(crate) fn new(store: Store) -> Self {
        Self {
            in_process: InProcessLock::new(),
            store,
        }
    }

    async fn take(&self, keys: &[WriteKey]) -> Result<WriteGuard, BoxError> {
        let in_process = self.in_process.lock(keys).await?;
        let [key] = keys else {
            return Err("a write of this model is about one note".into());
        };
        let turn = self.store.turn_of(key);
        // A lock's connection that breaks gives the lock back: no answer is ever lost for long.
        let (there, back) = self.store.round_trip();
        let (sender, taken) = oneshot::channel();
        let store = self.store.clone();
        tokio::spawn(async move {
            sleep(there).await;
            let held = turn.lock_owned().await;
            sleep(back.unwrap_or(there)).await;
            // Dropped, if the replica has crashed.
            let _ = sender.send(Held(Some(held), store));
        });
        Ok(WriteGuard::new((taken.await?, in_process)))
    }
}

impl WriteLock for SharedLock {
    fn lock<'a>(
        &'a self,
        keys: &'a [WriteKey],
    ) -> Pin<Box<dyn Future<Output = Result<WriteGuard, BoxError>> + Send + 'a>> {
        Box::pin(async move { timeout(PATIENCE, self.take(keys)).await? })
    }
}

/// Dropped, it tells the store to release the lock; the next writer gets it when that has arrived.
#[derive(Debug)]
struct Held(Option<OwnedMutexGuard<()>>, Store);

impl Drop for Held {
    fn drop(&mut self) {
        let held = self.0.take();
        let (there, _) = self.1.round_trip();
        tokio::spawn(async move {
            sleep(there).await;
            drop(held);
        });
    }
}
