//! Locks of these tests.

use std::future::Future;
use std::pin::Pin;

use tower_conditional::BoxError;
use tower_conditional::lock::{WriteGuard, WriteKey, WriteLock};

/// A lock that lives elsewhere, and may be out of reach.
pub(crate) struct OutOfReach;

impl WriteLock for OutOfReach {
    fn lock<'a>(
        &'a self,
        _: &'a [WriteKey],
    ) -> Pin<Box<dyn Future<Output = Result<WriteGuard, BoxError>> + Send + 'a>> {
        Box::pin(async { Err("no route to the lock server".into()) })
    }
}
