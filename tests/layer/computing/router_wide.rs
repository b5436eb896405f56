//! "304s in one line" around a whole router: routes that evaluate by themselves go on doing so.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tower::ServiceExt;
use tower_conditional::handler::EvaluatedByHandler;
use tower_conditional::observe::Outcome;
use tower_conditional::source::Fixed;
use tower_conditional::{
    BodyHash, Checked, ConditionalLayer, EntityTag, FromResponse, WritePolicy,
};

use crate::support::{Record, request_to, tag};

/// A route under a layer of its own, one whose handler checks by hand, and one without checks. `record` gets the events
/// of the layer around all of them.
fn router(record: &Record) -> Router {
    let own_layer = ConditionalLayer::new(Fixed::new(EntityTag::from_static("\"v7\"")))
        .writes(WritePolicy::required());
    let layered = get(async || "layered")
        .put(async |checked: Checked| {
            assert!(checked.hold_lock().is_some());
            StatusCode::NO_CONTENT
        })
        .route_layer(own_layer);
    let by_hand = get(async || ([("etag", "\"mine\"")], "by hand")).put(save_by_hand);
    let careless = get(async || "careless").put(async || StatusCode::NO_CONTENT);
    Router::new()
        .route("/layered", layered)
        .route("/by-hand", by_hand)
        .route("/careless", careless)
        .layer(ConditionalLayer::new(BodyHash::strong()).observe(record.hook()))
}

async fn save_by_hand(fields: HeaderMap) -> Response {
    if fields.get("if-match").is_some_and(|tag| tag != "\"mine\"") {
        return (StatusCode::PRECONDITION_FAILED, "by hand").into_response();
    }
    let mut response = StatusCode::NO_CONTENT.into_response();
    response.extensions_mut().insert(EvaluatedByHandler);
    response
}

async fn send(router: &Router, method: &str, path: &str, fields: &[(&str, &str)]) -> Response {
    let request = request_to::<Body>(method, path, fields);
    let Ok(response) = router.clone().oneshot(request).await;
    response
}

#[tokio::test]
async fn writes_are_evaluated_where_they_were_before() {
    let stale = ("if-match", "\"x\"");
    let table = [
        ("/layered", vec![], 428, None),
        ("/layered", vec![stale], 412, None),
        ("/layered", vec![("if-match", "\"v7\"")], 204, None),
        ("/layered", vec![("if-match", "unquoted")], 400, None),
        ("/by-hand", vec![], 204, None),
        ("/by-hand", vec![stale], 412, None),
        ("/by-hand", vec![("if-match", "\"mine\"")], 204, None),
        ("/careless", vec![], 204, None),
        // A lost update may have happened, and the operator gets to know.
        ("/careless", vec![stale], 204, Some(Outcome::Unevaluated)),
    ];
    for (path, fields, status, tells) in table {
        let record = Record::default();
        let answer = send(&router(&record), "PUT", path, &fields).await;
        assert_eq!(answer.status(), status, "{path} {fields:?}");
        assert_eq!(
            record.take_decisions(),
            Vec::from_iter(tells),
            "{path} {fields:?}"
        );
    }
}

#[tokio::test]
async fn reads_keep_the_tag_that_is_nearest_to_the_handler() {
    let router = router(&Record::default());
    let hash = send(&router, "GET", "/careless", &[]).await;
    for (path, expected) in [
        ("/layered", "\"v7\""),
        ("/by-hand", "\"mine\""),
        ("/careless", tag(&hash).unwrap()),
    ] {
        for method in ["GET", "HEAD"] {
            let answer = send(&router, method, path, &[]).await;
            assert_eq!(
                (answer.status(), tag(&answer).unwrap()),
                (StatusCode::OK, expected),
                "{method} {path}"
            );
            let known = [("if-none-match", expected)];
            let answer = send(&router, method, path, &known).await;
            assert_eq!(
                (answer.status(), tag(&answer).unwrap()),
                (StatusCode::NOT_MODIFIED, expected),
                "{method} {path}"
            );
            let stale = [("if-match", "\"x\"")];
            assert_eq!(
                send(&router, method, path, &stale).await.status(),
                412,
                "{method} {path}"
            );
        }
    }
}

/// What the handler gets is what the client sent, field by field.
#[tokio::test]
async fn a_write_passes_with_all_its_fields() {
    let fields = [
        ("if-match", "\"a\", W/\"b\""),
        ("if-none-match", "garbage"),
        ("if-modified-since", "yesterday"),
        ("if-unmodified-since", "Wed, 01 Jan 2025 00:00:00 GMT"),
        ("if-range", "\"x\""),
        ("range", "bytes=0-1"),
    ];
    let seen = Arc::new(Mutex::new(HeaderMap::new()));
    let keeps = {
        let seen = seen.clone();
        async move |fields: HeaderMap| {
            *seen.lock().unwrap() = fields;
        }
    };
    for method in ["PUT", "PATCH", "POST", "DELETE"] {
        let router = Router::new()
            .route("/", axum::routing::any(keeps.clone()))
            .layer(ConditionalLayer::new(FromResponse))
            .layer(ConditionalLayer::new(BodyHash::strong()));
        assert_eq!(send(&router, method, "/", &fields).await.status(), 200);
        let seen = std::mem::take(&mut *seen.lock().unwrap());
        assert_eq!(seen.len(), fields.len());
        assert!(
            fields.iter().all(|(name, value)| seen[*name] == value),
            "{method}: {seen:?}"
        );
    }
}
