//! Section 9.3.2: HEAD has the fields of GET, wherever the layer is mounted, and never the tag of an empty body.

use axum::http::{HeaderMap, Method};
use http::Response;
use http_body::Body;
use tower::{Layer, ServiceExt};
use tower_conditional::{BodyHash, ConditionalLayer, ValidatorSource};

use super::things::{Call, Things, everywhere};
use crate::support::{Scripted, Size, answering, field, request, tag, through};

#[tokio::test]
async fn the_validators_and_the_304_are_those_of_get_in_every_place() {
    let things = Things::holding("hello");
    for mounted in everywhere(&things, |_| {
        ConditionalLayer::new(BodyHash::strong().boxed())
    }) {
        let place = mounted.place;
        let get = mounted.send(Method::GET, &[], "").await;
        let head = mounted.send(Method::HEAD, &[], "").await;
        assert_eq!(get.body, "hello", "{place}");
        assert_eq!(head.body, "", "{place}");
        assert_eq!((get.status, head.status), (200, 200));
        assert_eq!(get.headers["content-length"], "5", "{place}");
        assert_eq!(head.headers, get.headers, "{place}");
        let inward = Call::of_client("read", Method::GET);
        assert_eq!(things.take_calls(), [inward.clone(), inward], "{place}");

        let known = [("if-none-match", get.tag())];
        let get = mounted.send(Method::GET, &known, "").await;
        let head = mounted.send(Method::HEAD, &known, "").await;
        assert_eq!((get.status, head.status), (304, 304), "{place}");
        assert_eq!(
            without_length(head.headers),
            without_length(get.headers),
            "{place}"
        );

        let stale = mounted
            .send(Method::HEAD, &[("if-match", "\"other\"")], "")
            .await;
        assert_eq!((stale.status, &*stale.body), (412, &b""[..]), "{place}");
        things.take_calls();
    }
}

/// axum gives a 304 a `content-length: 0` of its own.
fn without_length(mut fields: HeaderMap) -> HeaderMap {
    fields.remove("content-length");
    fields
}

#[tokio::test]
async fn a_response_that_is_not_hashed_keeps_its_length_and_loses_its_body() {
    let table = [
        (200, Size::Unknown, None),
        (200, Size::Claimed(9_999_999), Some("9999999")),
        (404, Size::Known, Some("5")),
    ];
    for (status, size, length) in table {
        let response = through(BodyHash::strong(), request(Method::HEAD, &[]), move |_| {
            let body = Scripted::pieces(size, ["hello"]);
            Response::builder().status(status).body(body).unwrap()
        })
        .await;
        assert_eq!(response.status(), status);
        assert_eq!(tag(&response), None);
        assert_eq!(field(&response, "content-length"), length);
        assert!(response.body().is_end_stream());
        assert_eq!(response.body().size_hint().exact(), Some(0));
    }
}

/// Section 14.2: Range means nothing on HEAD; a HEAD that goes inward as GET must not come back as a 206.
#[tokio::test]
async fn a_range_on_head_goes_no_further() {
    let response = through(
        BodyHash::strong(),
        request(Method::HEAD, &[("range", "bytes=0-1")]),
        |request| {
            assert_eq!(request.method(), Method::GET);
            assert!(!request.headers().contains_key("range"));
            Response::new(Scripted::pieces(Size::Known, ["hello"]))
        },
    )
    .await;
    assert_eq!(field(&response, "content-length"), Some("5"));
}

/// The opt-out: no tag on HEAD, and no tag of the empty body that a HEAD handler may send.
#[tokio::test]
async fn head_can_be_left_alone() {
    let layer = ConditionalLayer::new(BodyHash::strong()).leave_head_alone();
    let service = layer.layer(answering(|request| {
        assert_eq!(request.method(), Method::HEAD);
        assert_eq!(request.headers()["range"], "bytes=0-1");
        Response::new(Scripted::pieces(Size::Known, [""; 0]))
    }));
    let request = request(Method::HEAD, &[("range", "bytes=0-1")]);
    let Ok(response) = service.oneshot(request).await;
    assert_eq!(tag(&response), None);
}
