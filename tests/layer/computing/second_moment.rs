//! Reads that are evaluated against their response: what a 200 becomes, and which fields it keeps.

use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;

use http::{Method, Request, Response};
use http_body::Body;
use http_body_util::BodyExt;
use tower_conditional::{BodyHash, FromResponse};

use crate::support::{Log, Scripted, Size, field, get, request, tag, through};

/// The tag of "hello" with the fields below.
const HELLO: &str = "\"UqXISdZEsvwoncRBlPu-AA\"";

const FIELDS: &[(&str, &str)] = &[
    ("cache-control", "max-age=60"),
    ("expires", "Wed, 01 Jan 2025 00:01:00 GMT"),
    ("vary", "accept-encoding"),
    ("content-location", "/a.txt"),
    ("date", "Wed, 01 Jan 2025 00:00:00 GMT"),
    ("access-control-allow-origin", "*"),
    ("set-cookie", "a=b"),
    ("strict-transport-security", "max-age=1"),
    ("cdn-cache-control", "max-age=600"),
    ("content-security-policy", "default-src 'self'"),
    ("link", "</style.css>; rel=preload"),
    ("x-request-id", "17"),
];

const METADATA: &[(&str, &str)] = &[
    ("content-type", "text/plain"),
    ("content-language", "de"),
    ("content-length", "5"),
    ("last-modified", "Wed, 01 Jan 2025 00:00:00 GMT"),
    ("repr-digest", "sha-256=:AAAA:"),
];

fn hello(log: &Arc<Log>) -> Response<Scripted> {
    let mut response = Response::builder();
    for (name, value) in FIELDS.iter().chain(METADATA) {
        response = response.header(*name, *value);
    }
    response
        .body(Scripted::pieces(Size::Known, ["hello"]).logging(log))
        .unwrap()
}

/// Sections 15.4.5 and 8.6.
#[tokio::test]
async fn a_304_keeps_what_identifies_and_guides_and_drops_what_describes_the_content() {
    for method in [Method::GET, Method::HEAD] {
        let log = Arc::default();
        let request = request(method, &[("if-none-match", HELLO)]);
        let response = through(BodyHash::strong(), request, move |_| hello(&log)).await;
        assert_eq!(response.status(), 304);
        assert_eq!(tag(&response), Some(HELLO));
        for (name, value) in FIELDS {
            assert_eq!(field(&response, name), Some(*value));
        }
        for (name, _) in METADATA {
            assert_eq!(field(&response, name), None, "{name}");
        }
    }
}

/// Section 15.4.5: nothing is sent, and the handler's body is dropped.
#[tokio::test]
async fn a_304_has_an_empty_body_of_exact_size() {
    let log = Arc::new(Log::default());
    let response = through(FromResponse, get(&[("if-none-match", "*")]), {
        let log = log.clone();
        move |_| hello(&log)
    })
    .await;
    assert_eq!(response.status(), 304);
    assert_eq!(log.polls.load(SeqCst), 0, "dropped unread");
    assert!(log.dropped.load(SeqCst));
    assert!(response.body().is_end_stream());
    assert_eq!(response.body().size_hint().exact(), Some(0));
    assert!(response.into_body().frame().await.is_none());
}

/// The rows of the decision table that a computed tag can answer.
#[tokio::test]
async fn the_computed_tag_is_evaluated_by_the_rules_of_section_13() {
    let weak = format!("W/{HELLO}");
    let listed = format!("\"a,b\", ,{HELLO} ,");
    #[rustfmt::skip]
    let table: &[(&[(&str, &str)], u16)] = &[
        (&[], 200),
        (&[("if-match", HELLO)], 200),
        (&[("if-match", "\"x\"")], 412),
        (&[("if-match", &weak)], 412),
        (&[("if-match", "*")], 200),
        (&[("if-match", "unquoted")], 400),
        (&[("if-none-match", HELLO)], 304),
        (&[("if-none-match", &weak)], 304),
        (&[("if-none-match", &listed)], 304),
        (&[("if-none-match", "*")], 304),
        (&[("if-none-match", "\"x\"")], 200),
        (&[("if-none-match", "")], 200),
        (&[("if-none-match", "\"x\""), ("if-none-match", HELLO)], 304),
        (&[("if-none-match", "\"x\""), ("if-modified-since", "Wed, 01 Jan 2025 00:00:00 GMT")], 200),
        (&[("if-modified-since", "Wed, 01 Jan 2025 00:00:00 GMT")], 304),
        (&[("if-modified-since", "Tue, 31 Dec 2024 23:59:59 GMT")], 200),
        (&[("if-unmodified-since", "Tue, 31 Dec 2024 23:59:59 GMT")], 412),
        (&[("if-unmodified-since", "Wed, 01 Jan 2025 00:00:00 GMT")], 200),
        (&[("if-match", "\"x\""), ("if-none-match", HELLO)], 412),
        (&[("if-match", HELLO), ("if-none-match", HELLO)], 304),
    ];
    for (fields, status) in table {
        for method in [Method::GET, Method::HEAD] {
            let log = Arc::default();
            let request = request(method.clone(), fields);
            let response = through(BodyHash::strong(), request, move |_| hello(&log)).await;
            assert_eq!(response.status(), *status, "{method} {fields:?}");
            match status {
                200 | 304 | 412 => assert_eq!(tag(&response), Some(HELLO), "{fields:?}"),
                _ => assert_eq!(tag(&response), None),
            }
            if *status >= 400 {
                assert_eq!(field(&response, "cache-control"), Some("no-store"));
                let body = response.into_body().collect().await.unwrap().to_bytes();
                assert_eq!(body.is_empty(), method == Method::HEAD);
            }
        }
    }
}

/// A service of ranges that never heard of preconditions.
fn with_ranges<B>(request: &Request<B>) -> Response<Scripted> {
    let range = request.headers().get("range").map(|range| range.as_bytes());
    let (status, content_range, body) = match range {
        None => (200, None, "hello"),
        Some(b"bytes=0-1") => (206, Some("bytes 0-1/5"), "he"),
        Some(_) => (416, Some("bytes */5"), ""),
    };
    let mut response = Response::builder()
        .status(status)
        .header("content-type", "text/plain");
    if let Some(range) = content_range {
        response = response.header("content-range", range);
    }
    response
        .body(Scripted::pieces(Size::Known, [body]))
        .unwrap()
}

/// Sections 13.2.2, 13.2.1 and 13.1.5: 304 and 412 win over 206 and 416; where only the response can tell, a Range
/// beside a precondition is ignored, which is always allowed.
#[tokio::test]
async fn preconditions_come_before_ranges() {
    const TEXT: &str = "\"iWczZefxES_iBWwuUygQGQ\"";
    let some = ("range", "bytes=0-1");
    let none = ("range", "bytes=999-");
    let table: &[(&[(&str, &str)], u16)] = &[
        (&[some], 206),
        (&[none], 416),
        (&[some, ("if-none-match", TEXT)], 304),
        (&[none, ("if-none-match", TEXT)], 304),
        (&[some, ("if-match", "\"x\"")], 412),
        (&[none, ("if-match", "\"x\"")], 412),
        (&[some, ("if-none-match", "\"x\"")], 200),
        (&[none, ("if-none-match", "\"x\"")], 200),
        (&[some, ("if-range", "\"x\"")], 200),
        (&[some, ("if-range", TEXT)], 200),
        (&[none, ("if-range", "\"x\"")], 200),
    ];
    for (fields, status) in table {
        let response = through(BodyHash::strong(), get(fields), with_ranges).await;
        assert_eq!(response.status(), *status, "{fields:?}");
        if *status == 200 {
            assert_eq!(tag(&response), Some(TEXT));
        }
    }
}

/// Preconditions are evaluated once: an inner service must not evaluate them again, against other validators.
#[tokio::test]
async fn the_handler_sees_no_precondition() {
    let fields = [
        ("if-match", "\"x\""),
        ("if-none-match", "\"x\""),
        ("if-modified-since", "Wed, 01 Jan 2025 00:00:00 GMT"),
        ("if-unmodified-since", "Wed, 01 Jan 2025 00:00:00 GMT"),
        ("if-range", "\"x\""),
        ("if", "([\"x\"])"),
    ];
    through(BodyHash::strong(), get(&fields), |request| {
        let names: Vec<_> = request.headers().keys().map(|name| name.as_str()).collect();
        assert_eq!(names, ["if"], "section 13.2.2: extensions are not ours");
        Response::new(Scripted::pieces(Size::Known, ["hello"]))
    })
    .await;
}

/// A read without a tag is still a representation: `*` is about that alone (section 13.1.2).
#[tokio::test]
async fn a_stream_has_no_tag_and_exists() {
    let table = [
        (("if-none-match", "*"), 304),
        (("if-none-match", "\"x\""), 200),
        (("if-match", "*"), 200),
        (("if-match", "\"x\""), 412),
    ];
    for (precondition, status) in table {
        let response = through(BodyHash::strong(), get(&[precondition]), |_| {
            Response::new(Scripted::pieces(Size::Unknown, ["hello"]))
        })
        .await;
        assert_eq!(response.status(), status, "{precondition:?}");
        assert_eq!(tag(&response), None);
    }
}
