//! The answers of a reader to a probe, and the state that each shows: absent, present, refused, failed, or unknown.

use std::convert::Infallible;
use std::future::ready;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Empty;
use tower::{Layer, ServiceExt, service_fn};
use tower_conditional::source::ProbeBody;
use tower_conditional::{BodyHash, ConditionalLayer, ValidatorSource};

use crate::support::{Answer, Counter, Scripted, Size, Step, answering, fields, read, request};

/// The tag of "hello" without any field.
const HELLO: &str = "\"Nf74R-5Z8eoDvwY3T3otXg\"";

/// What a PUT with this precondition gets over a reader that answers this, and how often its handler ran.
async fn put<F>(precondition: (&str, &str), answer: F) -> (Answer, usize)
where
    F: Fn() -> Response<Scripted> + Clone + Send + Sync + 'static,
{
    let reader = service_fn(move |_: Request<ProbeBody>| ready(Ok::<_, Infallible>(answer())));
    through(BodyHash::strong().probe_with(reader), precondition).await
}

async fn through<V: ValidatorSource>(source: V, precondition: (&str, &str)) -> (Answer, usize) {
    let runs = Counter::default();
    let counted = runs.clone();
    let handler = answering(move |_| {
        counted.count();
        Response::new(Empty::<Bytes>::new())
    });
    let service = ConditionalLayer::new(source).layer(handler);
    let Ok(response) = service.oneshot(request("PUT", &[precondition])).await;
    (read(response).await, runs.get())
}

fn answer(status: u16, lines: &[(&str, &str)], body: Scripted) -> Response<Scripted> {
    let mut response = Response::new(body);
    *response.status_mut() = status.try_into().unwrap();
    *response.headers_mut() = fields(lines);
    response
}

const PRECONDITIONS: [(&str, &str); 4] = [
    ("if-match", HELLO),
    ("if-match", "*"),
    ("if-none-match", "*"),
    ("if-match", "unquoted"),
];

/// A caller who may not read the target must not learn whether it exists: the reader's refusal is the answer.
#[tokio::test]
async fn a_refusal_of_the_reader_refuses_the_write() {
    let given = [
        ("www-authenticate", "Basic realm=\"notes\""),
        ("www-authenticate", "Bearer"),
        ("content-type", "text/plain"),
        ("x-request-id", "7"),
        ("set-cookie", "a=b"),
        ("etag", "\"secret\""),
        ("last-modified", "Wed, 01 Jan 2025 00:00:00 GMT"),
        ("cache-control", "public, max-age=60"),
        ("cdn-cache-control", "max-age=60"),
        ("expires", "Wed, 01 Jan 2025 00:00:00 GMT"),
        ("age", "5"),
        ("pragma", "cache"),
        ("content-length", "9"),
        ("content-location", "/other"),
    ];
    let expected = [
        ("www-authenticate", "Basic realm=\"notes\""),
        ("www-authenticate", "Bearer"),
        ("content-type", "text/plain"),
        ("x-request-id", "7"),
        ("set-cookie", "a=b"),
        ("cache-control", "no-store"),
    ];
    for status in [401, 403] {
        for precondition in PRECONDITIONS {
            let body = || Scripted::pieces(Size::Known, ["not ", "yours"]);
            let (refused, runs) = put(precondition, move || answer(status, &given, body())).await;
            assert_eq!((refused.status, runs), (status, 0));
            assert_eq!(refused.headers, fields(&expected), "{precondition:?}");
            assert_eq!(refused.body, "not yours");
        }
    }
}

/// It is a refusal even if its text cannot be read, or is too long.
#[tokio::test]
async fn a_refusal_whose_text_is_not_to_be_had() {
    let large = || Scripted::pieces(Size::Known, vec![vec![b'x'; 1024]; 1025]);
    let broken = || Scripted::new(Size::Known, [Step::Data("not".into()), Step::Fail]);
    let bodies: [fn() -> Scripted; 2] = [large, broken];
    for body in bodies {
        let lines = [
            ("content-type", "text/plain"),
            ("content-encoding", "gzip"),
            ("content-language", "en"),
            ("www-authenticate", "Bearer"),
        ];
        let (refused, runs) = put(("if-match", "*"), move || answer(401, &lines, body())).await;
        assert_eq!((refused.status, runs), (401, 0));
        let expected = [
            ("www-authenticate", "Bearer"),
            ("cache-control", "no-store"),
        ];
        assert_eq!(refused.headers, fields(&expected));
        assert!(refused.body.is_empty());
    }
}

/// A reader that answers 429 says nothing about the target.
#[tokio::test]
async fn a_reader_that_is_asked_too_often_has_failed() {
    for status in [429, 500, 502, 503, 504] {
        for precondition in PRECONDITIONS {
            let body = || Scripted::pieces(Size::Known, ["later"]);
            let (failed, runs) = put(precondition, move || answer(status, &[], body())).await;
            assert_eq!((failed.status, runs), (503, 0), "{status}");
            assert_eq!(failed.headers["retry-after"], "1");
        }
    }
}

/// A body that is not as long as it said is not known.
#[tokio::test]
async fn a_body_of_another_length_than_it_said_is_a_failure() {
    let lists = [
        ("if-match", HELLO),
        ("if-match", "\"x\""),
        ("if-none-match", HELLO),
        ("if-none-match", "\"x\""),
    ];
    for precondition in lists {
        for claimed in [0, 4, 6, 100] {
            let body = move || Scripted::pieces(Size::Claimed(claimed), ["hel", "lo"]);
            let (failed, runs) = put(precondition, move || answer(200, &[], body())).await;
            let outcome = (failed.status, runs);
            assert_eq!(outcome, (503, 0), "{claimed} {precondition:?}");
        }
        // As Content-Length says.
        let reader = service_fn(|_: Request<ProbeBody>| {
            let body = Scripted::pieces(Size::Unknown, ["hello"]);
            ready(Ok::<_, Infallible>(answer(
                200,
                &[("content-length", "6")],
                body,
            )))
        });
        let source = BodyHash::strong().collect_streams().probe_with(reader);
        let (failed, runs) = through(source, precondition).await;
        assert_eq!((failed.status, runs), (503, 0), "{precondition:?}");
    }
}

/// A stream that turns out to be over the limit has said nothing of its length: it exists, without a tag.
#[tokio::test]
async fn a_stream_over_the_limit_is_present_without_a_tag() {
    for (precondition, status) in [
        (("if-match", HELLO), 412),
        (("if-none-match", "\"x\""), 200),
        (("if-none-match", "*"), 412),
    ] {
        let reader = service_fn(|_: Request<ProbeBody>| {
            let body = Scripted::pieces(Size::Unknown, ["hel", "lo"]);
            ready(Ok::<_, Infallible>(answer(200, &[], body)))
        });
        let source = BodyHash::strong().collect_streams().limit(4);
        let (answer, _) = through(source.probe_with(reader), precondition).await;
        assert_eq!(answer.status, status, "{precondition:?}");
    }
}
