//! The route, and where the conditional layer sits.

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::get;
use tower_conditional::extract::extractor_source;
use tower_conditional::{ConditionalLayer, WritePolicy};

use crate::objects::{Key, Store, load};
use crate::{read, write};

/// What the handlers share.
#[derive(Clone)]
pub(crate) struct Shared {
    pub(crate) store: Store,
    /// How long an uploaded object may be.
    pub(crate) limit: usize,
}

pub(crate) fn router(store: Store, limit: usize, writes: WritePolicy) -> Router {
    let objects = extractor_source(store.clone(), |Key(key): Key| key.to_string(), load);
    let layer = ConditionalLayer::new(objects)
        // A GET without conditional fields is one request to the store.
        .trust_handler_version()
        // The store decides, for all replicas.
        .writes(writes.skip_lock());
    let object = get(read::object)
        .put(write::save)
        .delete(write::remove)
        .route_layer(layer);
    Router::new()
        .route("/{*key}", object)
        .layer(DefaultBodyLimit::disable())
        .with_state(Shared { store, limit })
}
