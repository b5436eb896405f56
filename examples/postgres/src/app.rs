//! The routes, and where the conditional layer sits.
//!
//! The layer goes on each route's methods and not around the whole router, so that what HTTP checks
//! first is checked first: a method that a route does not have is a 405, never a 412.

use axum::{
    Router,
    body::Body,
    extract::DefaultBodyLimit,
    http::{HeaderValue, header::CACHE_CONTROL},
    routing::get,
};
use example_support::in_time;
use tower_conditional::content_coding::ContentCodingLayer;
use tower_conditional::observe::Evaluation;
use tower_conditional::{ConditionalLayer, Reason, ValidatorSource, WritePolicy};

use crate::{conditional, handlers, store::Store};

/// No note is longer than this; a longer body is a 413.
const BODY_LIMIT: usize = 256 * 1024;

/// `locked` says what the writers of a note wait for.
pub(crate) fn router(store: Store, locked: impl FnOnce(WritePolicy) -> WritePolicy) -> Router {
    let notes = get(handlers::list)
        .post(handlers::create)
        // The handler evaluates by itself, and locks by itself.
        .route_layer(
            conditional(conditional::list_source(store.clone()))
                .writes(WritePolicy::optional().skip_lock())
                .trust_handler_version(),
        );

    let note = get(handlers::read)
        .put(handlers::save)
        .patch(handlers::change)
        .delete(handlers::remove)
        .route_layer(
            conditional(conditional::note_source(store.clone()))
                .writes(locked(WritePolicy::required()))
                // A client that is slow to send a note keeps no connection of the lock busy.
                .collect_bodies(BODY_LIMIT as u64, Body::new),
        );

    let router = Router::new()
        .route("/notes", notes)
        .route("/notes/{id}", note)
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .with_state(store)
        // Keeps axum's `Content-Length: 0` off a 304.
        .layer(ContentCodingLayer::new().leave_tags());
    // The lock and the database give up earlier; a client that does not send what it has announced does not.
    in_time(router)
}

fn conditional<V: ValidatorSource>(source: V) -> ConditionalLayer<V> {
    // A cache may store it, and must revalidate it before use: then it gets a 304.
    let revalidate = (CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    ConditionalLayer::new(source)
        .add_response_headers([revalidate])
        .observe(log_failure)
}

/// Logs why a lock failed: the client gets a 503 without the reason. The database has logged the failures of the
/// source.
fn log_failure(evaluation: &Evaluation) {
    if let (Some(Reason::Lock), Some(error)) = (evaluation.reason, &evaluation.error) {
        tracing::error!("no write lock: {error}");
    }
}
