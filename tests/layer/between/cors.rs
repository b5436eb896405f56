//! Browsers that ask another origin: tower-http's CorsLayer outside, with the fields that a page needs.

use http::Method;
use http::header::{CONTENT_TYPE, ETAG, IF_MATCH, IF_NONE_MATCH};
use tower_conditional::content_coding::ContentCodingLayer;
use tower_conditional::source::Fixed;
use tower_conditional::{ConditionalLayer, EntityTag, WritePolicy};
use tower_http::compression::CompressionLayer;
use tower_http::cors::CorsLayer;

use crate::support::{Answer, Handler, request, send};

const ORIGIN: (&str, &str) = ("origin", "https://app.example");

/// As `src/guide/placement.md` shows it, for one origin.
fn cors() -> CorsLayer {
    CorsLayer::new()
        .allow_origin(["https://app.example".parse().unwrap()])
        .allow_methods([Method::GET, Method::PUT, Method::PATCH, Method::DELETE])
        .allow_headers([CONTENT_TYPE, IF_MATCH, IF_NONE_MATCH])
        .expose_headers([ETAG])
}

fn ask(handler: Handler, method: &str, fields: &[(&str, &str)]) -> Answer {
    let source = Fixed::new(EntityTag::from_static("\"x\""));
    let guarded = ConditionalLayer::new(source).writes(WritePolicy::required());
    let stack = (
        ContentCodingLayer::new(),
        cors(),
        CompressionLayer::new(),
        guarded,
    );
    send(&stack, handler, request(method, fields))
}

fn page() -> Handler {
    Handler::answering(200, &[("content-type", "text/plain")], "a page")
}

/// The page sees every answer, and its tag.
#[test]
fn every_answer_shows_its_tag_to_the_page() {
    let table = [
        ("GET", ("accept", "*/*"), 200),
        ("GET", ("if-none-match", "\"x\""), 304),
        ("PUT", ("if-match", "\"x\""), 200),
        ("PUT", ("if-match", "\"y\""), 412),
        ("PUT", ("accept", "*/*"), 428),
    ];
    for (method, field, status) in table {
        let answer = ask(page(), method, &[ORIGIN, field]);
        assert_eq!(answer.status, status, "{method} {field:?}");
        assert_eq!(answer.field("access-control-allow-origin"), Some(ORIGIN.1));
        assert_eq!(answer.field("access-control-expose-headers"), Some("etag"));
    }
}

#[test]
fn a_preflight_is_answered_by_cors_and_untouched() {
    let fields = [
        ORIGIN,
        ("access-control-request-method", "PUT"),
        ("access-control-request-headers", "content-type, if-match"),
        ("if-match", "\"y\""),
    ];
    let handler = page();
    let answer = ask(handler.clone(), "OPTIONS", &fields);
    assert_eq!(handler.calls(), 0);
    assert_eq!(answer.status, 200);
    assert_eq!(
        answer.field("access-control-allow-methods"),
        Some("GET,PUT,PATCH,DELETE")
    );
    let allowed = answer.field("access-control-allow-headers").unwrap();
    assert_eq!(allowed, "content-type,if-match,if-none-match");
    assert!(!answer.headers.contains_key("etag"));
}

/// If CORS is the inner layer, a preflight passes the conditional layer: OPTIONS is not evaluated (section 13.2.1).
#[test]
fn a_preflight_passes_a_conditional_layer_outside_of_cors() {
    let source = Fixed::new(EntityTag::from_static("\"x\""));
    let guarded = ConditionalLayer::new(source).writes(WritePolicy::required());
    let fields = [ORIGIN, ("access-control-request-method", "PUT")];
    let answer = send(&(guarded, cors()), page(), request("OPTIONS", &fields));
    assert_eq!(answer.status, 200);
    assert!(answer.headers.contains_key("access-control-allow-methods"));
    assert!(!answer.headers.contains_key("etag"));
}
