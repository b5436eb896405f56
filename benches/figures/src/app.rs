//! One note behind a router: its text is a number, its entity tag its version.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::{
    Router,
    extract::{Path, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use tower_conditional::extract::extractor_source;
use tower_conditional::lock::WriteLock;
use tower_conditional::{
    Checked, ConditionalLayer, EntityTag, Found, Loaded, SourceError, ValidatorSource, WritePolicy,
};

use crate::stores::{Note, Store};

/// The bare compare-and-swap: what a service does that checks for itself.
pub(crate) fn bare<S: Store>(store: S) -> Router {
    Router::new()
        .route("/notes/{id}", get(read_with_tag::<S>).put(swap::<S>))
        .with_state(store)
}

async fn read_with_tag<S: Store>(State(store): State<S>, Path(id): Path<i64>) -> Response {
    match store.read(id).await {
        Ok(Some(note)) => {
            let tag = HeaderValue::from(EntityTag::from_version(note.version));
            ([(header::ETAG, tag)], note.text).into_response()
        }
        Ok(None) => StatusCode::NOT_FOUND.into_response(),
        Err(_) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    }
}

async fn swap<S: Store>(
    State(store): State<S>,
    Path(id): Path<i64>,
    headers: HeaderMap,
    text: String,
) -> StatusCode {
    let seen = headers.get(header::IF_MATCH).and_then(|tag| {
        let tag = tag.to_str().ok()?.trim_matches('"');
        tag.parse().ok()
    });
    let Some(seen) = seen else {
        return StatusCode::PRECONDITION_REQUIRED;
    };
    match store.swap(id, seen, text).await {
        Ok(true) => StatusCode::NO_CONTENT,
        Ok(false) => StatusCode::PRECONDITION_FAILED,
        Err(_) => StatusCode::SERVICE_UNAVAILABLE,
    }
}

/// The same with the layer, written as the examples are: a read serves what was looked up, a write swaps.
pub(crate) fn guarded<S: Store>(store: S, policy: WritePolicy) -> (Router, LookUps) {
    let look_ups = LookUps::default();
    let counted = look_ups.clone();
    let source = extractor_source(
        store.clone(),
        |Path(id): Path<i64>| id,
        move |id, store: S| {
            counted.0.fetch_add(1, Ordering::Relaxed);
            async move { look_up(&store, id).await }
        },
    );
    let layer = ConditionalLayer::new(source.named("notes")).writes(policy);
    let note = get(read_loaded).put(swap_checked::<S>).route_layer(layer);
    let router = Router::new().route("/notes/{id}", note).with_state(store);
    (router, look_ups)
}

pub(crate) fn locked_by(lock: impl WriteLock) -> WritePolicy {
    WritePolicy::required().use_lock(lock)
}

/// How often the source was asked for the state of the note, by reads and writes.
#[derive(Clone, Default)]
pub(crate) struct LookUps(Arc<AtomicU64>);

impl LookUps {
    pub(crate) fn count(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

async fn look_up<S: Store>(store: &S, id: i64) -> Result<Found, SourceError> {
    Ok(match store.read(id).await.map_err(SourceError::failed)? {
        Some(note) => Found::version(note.version).with(note),
        None => Found::absent(),
    })
}

async fn read_loaded(note: Loaded<Note>) -> String {
    note.text.clone()
}

async fn swap_checked<S: Store>(
    State(store): State<S>,
    Path(id): Path<i64>,
    checked: Checked,
    text: String,
) -> Response {
    let Some(seen) = checked.version() else {
        return StatusCode::NOT_FOUND.into_response();
    };
    match store.swap(id, seen, text).await {
        Ok(true) => StatusCode::NO_CONTENT.into_response(),
        Ok(false) => checked.lost().into_response(),
        Err(_) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    }
}
