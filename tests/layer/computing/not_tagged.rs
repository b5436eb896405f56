//! Why a response got no tag: each reason reaches the hook and the log, once for each request.

use axum::Router;
use axum::routing::get;
use futures_util::FutureExt;
use http::{Request, Response};
use http_body_util::Empty;
use tower::{Layer, ServiceExt};
use tower_conditional::observe::{Outcome, Phase, Untagged};
use tower_conditional::source::{BodyTag, Fixed};
use tower_conditional::{BodyHash, ConditionalLayer, EntityTag, FromResponse, ValidatorSource};
use tower_http::compression::CompressionLayer;
use tracing::subscriber;
use tracing_subscriber::layer::SubscriberExt;

use crate::support::{
    EventLog, Failures, Record, Scripted, Size, Step, answering, listen_on_all_threads, request,
};

/// A response, and the request for it.
struct Row {
    what: &'static str,
    source: BodyHash,
    method: &'static str,
    status: u16,
    fields: &'static [(&'static str, &'static str)],
    size: Size,
    steps: Vec<Step>,
    expected: Option<Untagged>,
}

fn data() -> Vec<Step> {
    vec![Step::Data("one".into()), Step::Data("two".into())]
}

fn row(what: &'static str, expected: impl Into<Option<Untagged>>) -> Row {
    Row {
        what,
        source: BodyHash::strong(),
        method: "GET",
        status: 200,
        fields: &[],
        size: Size::Known,
        steps: data(),
        expected: expected.into(),
    }
}

#[rustfmt::skip]
fn rows() -> Vec<Row> {
    use Untagged::{
        ContentCoding, Failed, Head, NoStore, OverLimit, Partial, Status, Stream, UnknownLength, WrongLength,
    };
    let hash = BodyHash::strong;
    let (unknown, gzip) = (Size::Unknown, &[("content-encoding", "gzip")]);
    let broken = vec![Step::Data("one".into()), Step::Fail];
    let slow = vec![Step::Wait, Step::Data("one".into()), Step::Wait, Step::Fail];
    vec![
        row("a tag is made", None),
        Row { fields: gzip, ..row("encoded beforehand, of known length", None) },
        Row { fields: &[("etag", "\"own\"")], ..row("the handler has set a tag", None) },
        Row { fields: &[("etag", "\"own\"")], status: 404, ..row("so it has on another status", None) },
        Row { fields: &[("etag", "\"own\""), ("cache-control", "no-store")], ..row("or beside no-store", None) },
        Row { fields: &[("etag", "\"own\"")], method: "HEAD", steps: vec![], ..row("or on a HEAD", None) },
        Row { fields: gzip, size: unknown, ..row("a compressor inside", ContentCoding) },
        Row { fields: gzip, size: unknown, source: hash().collect_streams(), ..row("also where streams are collected", ContentCoding) },
        Row { size: unknown, ..row("of unknown length", UnknownLength) },
        Row { source: hash().limit(5), ..row("too long", OverLimit) },
        Row { fields: gzip, source: hash().limit(5), ..row("encoded and too long", OverLimit) },
        Row { size: unknown, source: hash().collect_streams().limit(5), ..row("a stream that becomes too long", OverLimit) },
        Row { fields: &[("cache-control", "private, No-Store")], ..row("not to be stored", NoStore) },
        Row { status: 201, ..row("created", Status) },
        Row { status: 404, ..row("not found", Status) },
        Row { status: 206, fields: &[("content-range", "bytes 0-5/9")], ..row("a part", Status) },
        Row { fields: &[("content-range", "bytes 0-5/9")], ..row("a part that is called 200", Partial) },
        Row { fields: &[("content-type", "text/event-stream")], ..row("events", Stream) },
        Row { fields: &[("content-type", "application/grpc+proto")], ..row("gRPC", Stream) },
        Row { method: "HEAD", steps: vec![], ..row("a HEAD that its handler answers itself", Head) },
        Row { size: Size::Claimed(9), ..row("shorter than claimed", WrongLength) },
        Row { size: Size::Claimed(4), ..row("longer than claimed", WrongLength) },
        Row { size: unknown, source: hash().collect_streams(), steps: broken, ..row("broken", Failed) },
        Row { size: unknown, source: hash().collect_streams(), steps: slow, ..row("broken after a while", Failed) },
    ]
}

/// The events of one request, whether it has preconditions or not. The name is what the log has.
#[tokio::test]
async fn each_reason_reaches_the_hook_once() {
    let mut failures = Failures::default();
    for preconditions in [&[][..], &[("if-none-match", "\"other\"")]] {
        for row in rows() {
            let record = Record::default();
            let layer = ConditionalLayer::new(row.source).observe(record.hook());
            let make = move |_: &Request<Empty<bytes::Bytes>>| {
                let mut response = Response::new(Scripted::new(row.size, row.steps.clone()));
                *response.status_mut() = row.status.try_into().unwrap();
                *response.headers_mut() = crate::support::fields(row.fields);
                response
            };
            let service = layer.layer(answering(make));
            let Ok(_) = service.oneshot(request(row.method, preconditions)).await;
            let seen: Vec<_> = record.take_all();
            let untagged = seen.iter().map(|event| (event.outcome, event.reason_str()));
            let expected = match row.expected {
                Some(why) => vec![(Outcome::NotTagged(why), Some(why.as_str()))],
                // Evaluated, by the tag that it has.
                None if !preconditions.is_empty() && row.status == 200 => {
                    vec![(Outcome::Proceeded, None)]
                }
                None => vec![],
            };
            failures.expect_eq(row.what, untagged.collect(), expected);
            for event in seen {
                failures.expect_eq(row.what, event.phase, Phase::After);
            }
        }
    }
    failures.assert_none();
}

/// A source of one's own.
struct MakesNone;

impl ValidatorSource for MakesNone {
    type Resource = ();

    fn looks_up(&self) -> bool {
        false
    }

    fn reads_bodies(&self) -> bool {
        true
    }

    fn compute(&self, _: &http::response::Parts) -> Option<BodyTag> {
        None
    }
}

fn outcomes(source: impl ValidatorSource, method: &str, given: &[(&str, &str)]) -> Vec<Outcome> {
    outcomes_of(ConditionalLayer::new(source), method, given)
}

fn outcomes_of<V: ValidatorSource>(
    layer: ConditionalLayer<V>,
    method: &str,
    given: &[(&str, &str)],
) -> Vec<Outcome> {
    let record = Record::default();
    let layer = layer.observe(record.hook());
    let handler = crate::support::Handler::answering(200, &[], "text");
    crate::support::send(&layer, handler, request(method, given));
    record.take_decisions()
}

#[test]
fn a_source_that_makes_none_is_the_reason_itself() {
    let expected = [Outcome::NotTagged(Untagged::Source)];
    assert_eq!(outcomes(MakesNone, "GET", &[]), expected);
}

#[test]
fn only_reads_of_sources_that_make_tags_are_reported() {
    let none: [Outcome; 0] = [];
    assert_eq!(outcomes(FromResponse, "GET", &[]), none);
    assert_eq!(
        outcomes(Fixed::new(EntityTag::from_version(7)), "GET", &[]),
        none
    );
    for method in ["POST", "PUT", "OPTIONS"] {
        assert_eq!(outcomes(MakesNone, method, &[]), none, "{method}");
    }
}

#[test]
fn a_head_that_stays_a_head_has_no_body_to_hash() {
    let layer = ConditionalLayer::new(BodyHash::strong()).leave_head_alone();
    let expected = [Outcome::NotTagged(Untagged::Head)];
    assert_eq!(outcomes_of(layer, "HEAD", &[]), expected);
}

/// What is logged while `run` runs.
fn logged(run: impl FnOnce()) -> Vec<String> {
    let log = EventLog::default();
    listen_on_all_threads();
    let listening = tracing_subscriber::registry().with(log.clone());
    subscriber::with_default(listening, run);
    log.take()
}

fn compressed() -> Router {
    let page = "a page that is long enough for a compressor to take the trouble of encoding it";
    Router::new()
        .route("/pages/{name}", get(move || async move { page }))
        .layer(CompressionLayer::new())
        .layer(ConditionalLayer::new(BodyHash::strong()))
}

fn get_page(router: &Router, coding: &str) {
    let mut request = request::<axum::body::Body>("GET", &[("accept-encoding", coding)]);
    *request.uri_mut() = "/pages/first".parse().unwrap();
    let answer = router.clone().oneshot(request).now_or_never();
    assert_eq!(answer.unwrap().unwrap().status(), 200);
}

/// A compressor inside of the layer is a mistake of the one who mounts it. One warning is enough.
#[test]
fn a_compressor_inside_is_a_warning_once() {
    let log = logged(|| {
        let router = compressed();
        for coding in ["identity", "gzip", "gzip", "br"] {
            get_page(&router, coding);
        }
    });
    let [first, second, third] = &log[..] else {
        panic!("{log:?}");
    };
    assert!(first.starts_with("WARN "), "{first}");
    assert!(
        first.contains("put the layer inside of the compressor"),
        "{first}"
    );
    for event in [first, second, third] {
        for part in [
            "decision=not_tagged",
            "reason=content_coding",
            "route=/pages/{name}",
        ] {
            assert!(event.contains(part), "{part}: {event}");
        }
    }
    for event in [second, third] {
        assert!(event.starts_with("DEBUG "), "{event}");
    }
}

/// Each layer warns by itself.
#[test]
fn another_layer_warns_once_more() {
    let log = logged(|| {
        get_page(&compressed(), "gzip");
        get_page(&compressed(), "gzip");
    });
    let warnings = log.iter().filter(|event| event.starts_with("WARN "));
    assert_eq!(warnings.count(), 2, "{log:?}");
}
