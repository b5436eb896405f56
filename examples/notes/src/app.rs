//! The routes, and where the conditional layer sits.
//!
//! The layer goes on each route's methods and not around the whole router, so that what HTTP checks
//! first is checked first: a method that a route does not have is a 405, never a 412.

use axum::{
    Router,
    body::Body,
    extract::DefaultBodyLimit,
    http::{HeaderName, HeaderValue, header::CACHE_CONTROL},
    routing::get,
};
use example_support::in_time;
use tower_conditional::content_coding::ContentCodingLayer;
use tower_conditional::{ConditionalLayer, ValidatorSource, WritePolicy};

use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouterExt};
use utoipa_axum::routes;

use crate::{conditional, description, handlers, page, store::Store};

/// No note is longer than this; a longer body is a 413.
const BODY_LIMIT: usize = 256 * 1024;

/// Three notes, and what JSON adds to them.
const MERGE_LIMIT: usize = 4 * BODY_LIMIT;

/// A cache may store it, and must revalidate it before use: then it gets a 304.
pub(crate) const REVALIDATE: (HeaderName, HeaderValue) =
    (CACHE_CONTROL, HeaderValue::from_static("no-cache"));

pub(crate) fn router(store: Store) -> Router {
    let list = conditional(conditional::list_source(store.clone())).trust_handler_version();

    let note = conditional(conditional::note_source(store.clone()))
        .writes(WritePolicy::required())
        // A client that asks for it gets the current note inside the 412.
        .recover_with(reader(store.clone()))
        // A client that is slow to send a note does not delay other writes to it.
        .collect_bodies(BODY_LIMIT as u64, Body::new);

    let (routes, api) = OpenApiRouter::with_openapi(description::of_the_service())
        .routes(list.apply_to(routes!(handlers::list, handlers::create)))
        .routes(note.apply_to(routes!(
            handlers::read,
            handlers::save,
            handlers::change,
            handlers::remove
        )))
        .routes(routes!(handlers::merge).layer(DefaultBodyLimit::max(MERGE_LIMIT)))
        .split_for_parts();

    let router = page::router()
        .merge(routes)
        .merge(description::router(api))
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .with_state(store)
        // Keeps axum's `Content-Length: 0` off a 304.
        .layer(ContentCodingLayer::new().leave_tags());
    // A longer body that is announced and does not come would hold the lock for ever.
    in_time(router)
}

/// Reads one note with its tag, and knows no other method.
fn reader(store: Store) -> Router {
    let source = conditional::note_source(store.clone());
    let note = get(handlers::read).route_layer(conditional(source));
    Router::new().route("/notes/{id}", note).with_state(store)
}

fn conditional<V: ValidatorSource>(source: V) -> ConditionalLayer<V> {
    ConditionalLayer::new(source).add_response_headers([REVALIDATE])
}
