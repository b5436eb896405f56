//! The layer, and what it is configured with.

use std::fmt;
use std::sync::Arc;

use tower::Layer;

use super::service::Remember;
use super::store::{InMemoryStore, Store};

/// Remembers the representations that are read, asks for them again with If-None-Match, and returns what it remembers when
/// the server answers 304.
///
/// Every read still asks the server, so that what is returned is current. It is no cache in the sense of RFC 9111: it never
/// answers by itself, and `max-age` means nothing to it. It must not be shared between callers that may read different things.
///
/// A write through it forgets the resource, whatever its answer: a tag that was refused is not sent again.
///
/// # Examples
///
/// ```
/// use tower::Layer;
/// use tower_conditional_client::RememberLayer;
/// # use axum::{Router, routing::get};
///
/// # let service: Router = Router::new().route("/", get(async || ([("etag", "\"1\"")], "hello")));
/// # let service = service.layer(tower_conditional::ConditionalLayer::new(tower_conditional::FromResponse));
/// # tokio::runtime::Runtime::new().unwrap().block_on(async {
/// # use tower::ServiceExt;
/// let client = RememberLayer::in_memory(4 * 1024 * 1024).layer(service);
/// for _ in 0..2 {
///     let request = http::Request::get("/").body(axum::body::Body::empty())?;
///     let response = client.clone().oneshot(request).await?; // the second time: a 304 on the wire
///     assert_eq!(response.status(), 200);
/// }
/// # Ok::<(), Box<dyn std::error::Error + Send + Sync>>(())
/// # }).unwrap();
/// ```
#[derive(Clone)]
pub struct RememberLayer {
    store: Arc<dyn Store>,
    largest: u64,
}

impl RememberLayer {
    /// Remembers in this store.
    pub fn new(store: impl Store) -> Self {
        Self {
            store: Arc::new(store),
            largest: 1024 * 1024,
        }
    }

    /// Remembers about this many bytes in memory, and forgets what was not used for the longest time.
    #[must_use]
    pub fn in_memory(bytes: usize) -> Self {
        Self::new(InMemoryStore::new(bytes))
    }

    /// Remembers bodies of up to this many bytes (default 1 MiB). A longer one, and one whose length is not known before it is
    /// read, passes through.
    #[must_use]
    pub const fn largest(mut self, bytes: u64) -> Self {
        self.largest = bytes;
        self
    }
}

impl<S> Layer<S> for RememberLayer {
    type Service = Remember<S>;

    fn layer(&self, inner: S) -> Remember<S> {
        Remember {
            inner,
            store: self.store.clone(),
            largest: self.largest,
        }
    }
}

impl fmt::Debug for RememberLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RememberLayer")
            .field("largest", &self.largest)
            .finish_non_exhaustive()
    }
}
