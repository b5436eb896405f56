//! What must not be hashed passes byte for byte, frame for frame, with its size hint, trailers and errors.

use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;

use http::{HeaderMap, Response, StatusCode};
use http_body::Body;
use http_body_util::BodyExt;
use tower_conditional::BodyHash;

use crate::support::{Log, Scripted, Seen, Size, Step, field, frames, get, hashed, tag, through};

fn trailers() -> HeaderMap {
    HeaderMap::from_iter([("x-checksum".parse().unwrap(), "17".parse().unwrap())])
}

/// Everything a body can do, and what is seen of it.
fn script() -> Vec<Step> {
    vec![
        Step::Data("one".into()),
        Step::Wait,
        Step::Data("".into()),
        Step::Data("two".into()),
        Step::Trailers(trailers()),
        Step::Fail,
    ]
}

fn seen() -> Vec<Seen> {
    vec![
        Seen::data("one"),
        Seen::data(""),
        Seen::data("two"),
        Seen::Trailers(trailers()),
        Seen::Failed,
    ]
}

async fn assert_left_alone(
    response: Response<impl Body<Data = bytes::Bytes>>,
    log: &Log,
    what: &str,
) {
    assert_eq!(log.polls.load(SeqCst), 0, "{what}: nothing is read ahead");
    assert_eq!(frames(response.into_body()).await, seen(), "{what}");
}

#[tokio::test]
async fn streams_and_what_is_too_long() {
    let hash = BodyHash::strong;
    #[rustfmt::skip]
    let table = [
        ("unknown size", hash(), Size::Unknown),
        ("over the limit", hash().limit(5), Size::Known),
        ("over the limit, collecting", hash().limit(5).collect_streams(), Size::Known),
    ];
    for (what, source, size) in table {
        let log = Arc::new(Log::default());
        let response = hashed(source, &[], Scripted::new(size, script()).logging(&log)).await;
        assert_eq!(tag(&response), None, "{what}");
        let hint = Scripted::new(size, script()).size_hint().exact();
        assert_eq!(response.body().size_hint().exact(), hint, "{what}");
        assert_left_alone(response, &log, what).await;
    }
}

#[tokio::test]
async fn endless_partial_and_no_store_responses() {
    let table: &[&[(&str, &str)]] = &[
        &[("content-type", "text/event-stream")],
        &[("content-type", "Text/Event-Stream; charset=utf-8")],
        &[("content-type", "application/grpc")],
        &[("content-type", "application/grpc+proto")],
        &[("content-type", "application/grpc-web")],
        &[("cache-control", "no-store")],
        &[("cache-control", "private, No-Store")],
        &[("cache-control", "private"), ("cache-control", "no-store")],
        &[("content-range", "bytes 0-5/9")],
    ];
    for fields in table {
        let log = Arc::new(Log::default());
        let body = Scripted::new(Size::Known, script()).logging(&log);
        let response = hashed(BodyHash::strong().collect_streams(), fields, body).await;
        assert_eq!(tag(&response), None, "{fields:?}");
        assert_left_alone(response, &log, &format!("{fields:?}")).await;
    }
}

#[tokio::test]
async fn what_is_tagged_already_keeps_its_tag() {
    for own in ["\"own\"", "W/\"own\"", "not a tag"] {
        let log = Arc::new(Log::default());
        let body = Scripted::new(Size::Known, script()).logging(&log);
        let response = hashed(BodyHash::strong(), &[("etag", own)], body).await;
        assert_eq!(tag(&response), Some(own));
        assert_left_alone(response, &log, own).await;
    }
}

#[tokio::test]
async fn every_status_but_200() {
    for status in [
        101, 201, 202, 203, 204, 206, 226, 301, 304, 404, 416, 500, 503,
    ] {
        let response = through(
            BodyHash::strong(),
            get(&[("if-none-match", "*")]),
            move |_| {
                Response::builder()
                    .status(status)
                    .body(Scripted::new(Size::Known, script()))
                    .unwrap()
            },
        )
        .await;
        assert_eq!(response.status(), status);
        assert_eq!(tag(&response), None, "{status}");
        assert_left_alone(response, &Log::default(), &format!("{status}")).await;
    }
}

/// Compressed bytes depend on how a compressor was fed: no tag is made of a stream of them.
#[tokio::test]
async fn an_encoded_stream_even_when_streams_are_collected() {
    let gzip = [("content-encoding", "gzip")];
    let collecting = || BodyHash::strong().collect_streams();
    let log = Arc::new(Log::default());
    let body = Scripted::new(Size::Unknown, script()).logging(&log);
    let response = hashed(collecting(), &gzip, body).await;
    assert_eq!(tag(&response), None);
    assert_left_alone(response, &log, "encoded stream").await;

    let stored = Scripted::pieces(Size::Known, ["gzipped beforehand"]);
    assert!(tag(&hashed(collecting(), &gzip, stored).await).is_some());
}

/// Section 8.8.3: a tag in the trailers comes too late, and stays where it is.
#[tokio::test]
async fn a_tag_in_the_trailers() {
    let late = HeaderMap::from_iter([(http::header::ETAG, "\"late\"".parse().unwrap())]);
    let body = Scripted::new(
        Size::Unknown,
        [Step::Data("a".into()), Step::Trailers(late.clone())],
    );
    let response = hashed(BodyHash::strong(), &[], body).await;
    assert_eq!(tag(&response), None);
    let seen = frames(response.into_body()).await;
    assert_eq!(seen, [Seen::data("a"), Seen::Trailers(late)]);
}

/// The body of a stream is polled when the client asks for more, and not otherwise.
#[tokio::test]
async fn backpressure_reaches_the_handler() {
    let log = Arc::new(Log::default());
    let body = Scripted::pieces(Size::Unknown, ["a", "b", "c"]).logging(&log);
    let mut body = hashed(BodyHash::strong(), &[], body).await.into_body();
    for polls in 1..=3 {
        assert!(body.frame().await.is_some());
        assert_eq!(log.polls.load(SeqCst), polls);
    }
    assert!(body.is_end_stream());
}

#[tokio::test]
async fn the_limit_is_the_last_size_that_is_hashed() {
    for (size, tagged) in [(9, true), (10, true), (11, false)] {
        let body = Scripted::pieces(Size::Known, [vec![0; size]]);
        let response = hashed(BodyHash::strong().limit(10), &[], body).await;
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(tag(&response).is_some(), tagged, "{size}");
        assert_eq!(
            field(&response, "last-modified"),
            None,
            "RFC 9111, section 4.2.2"
        );
    }
}
