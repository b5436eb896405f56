//! A write lock that gives up: a large upload holds the lock of its file while it arrives, and other writes do not wait
//! for all of it.

use std::{future::Future, pin::Pin, time::Duration};

use tokio::time::timeout;
use tower_conditional::BoxError;
use tower_conditional::lock::{InProcessLock, WriteGuard, WriteKey, WriteLock};

/// How long a write waits for those before it.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// The write lock of this process. A write that has waited for too long gets 503, and was not performed.
#[derive(Default)]
pub(crate) struct PatientLock(InProcessLock);

impl WriteLock for PatientLock {
    fn try_lock(&self, keys: &[WriteKey]) -> Option<WriteGuard> {
        self.0.try_lock(keys)
    }

    fn lock<'a>(
        &'a self,
        keys: &'a [WriteKey],
    ) -> Pin<Box<dyn Future<Output = Result<WriteGuard, BoxError>> + Send + 'a>> {
        Box::pin(async move {
            match timeout(PATIENCE, self.0.lock(keys)).await {
                Ok(taken) => taken,
                Err(_) => Err(format!("another write had the file for {PATIENCE:?}").into()),
            }
        })
    }
}
