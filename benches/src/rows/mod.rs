//! The rows, by what they are about.

mod asked;
mod evaluation;
mod floors;
mod growth;
mod hashing;
mod lock;
mod look_up;
mod router;
mod streams;
mod waiting;
mod writers;

use bytes::Bytes;
use http::header::{HeaderName, HeaderValue};
use http::{Method, Request, StatusCode};
use http_body_util::Empty;
use tower::Service;
use tower_conditional::{EntityTag, SourceError, ValidatorSource, source_fn};

pub use hashing::Blake3;

use crate::meter::{Meter, Row};
use crate::services::operate;

/// The rows that are worth counting instructions of.
pub fn operations(meter: &mut impl Meter) {
    floors::rows(meter);
    look_up::rows(meter);
    router::rows(meter);
    evaluation::rows(meter);
    hashing::rows(meter);
    lock::rows(meter);
    writers::rows(meter);
}

/// The hash alone beside a hashed 200: rows that are timed, not counted.
pub fn shares_of_hashing(meter: &mut impl Meter) {
    hashing::shares(meter);
}

/// Rows that are counted once: memory, and the calls of a source.
pub fn once(meter: &mut impl Meter) {
    streams::rows(meter);
    waiting::rows(meter);
    asked::rows(meter);
}

/// The points of the plots that count instructions.
pub fn growing_operations(meter: &mut impl Meter) {
    growth::operations(meter);
}

/// The points of the plots that count memory.
pub fn growing_memory(meter: &mut impl Meter) {
    growth::held(meter);
}

/// The tag of the target: as long as the base64url of a SHA-256.
const TAG: &str = "\"47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU\"";

/// Another tag.
const OTHER: &str = "\"n4bQgYhMfWWaL-qgxVrQFaO_TxsrC4Is0V1sFbDwCgg\"";

/// A source that has to be waited for, if only for a moment.
fn waiting() -> impl ValidatorSource {
    const KNOWN: EntityTag = EntityTag::from_static(TAG);
    source_fn((), |_| (), async |(), ()| Ok::<_, SourceError>(KNOWN))
}

type NoBody = Empty<Bytes>;

/// Four ordinary fields, and these.
fn request(method: Method, fields: &[(HeaderName, &str)]) -> Request<NoBody> {
    let request = Request::builder()
        .method(method)
        .uri("/notes/1")
        .header("host", "example.org")
        .header(
            "user-agent",
            "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
        )
        .header(
            "accept",
            "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
        )
        .header("accept-encoding", "gzip, deflate, br, zstd");
    let request = fields.iter().fold(request, |request, (name, value)| {
        request.header(name, *value)
    });
    request.body(Empty::new()).expect("a well-formed request")
}

/// Sixteen more fields.
fn with_more_fields(mut request: Request<NoBody>) -> Request<NoBody> {
    for number in 0..16 {
        let name = format!("x-more-{number}")
            .parse::<HeaderName>()
            .expect("a field name");
        request.headers_mut().insert(
            name,
            "a value of some length".parse().expect("a field value"),
        );
    }
    request
}

/// The same request, sharing nothing: dropping its fields is part of the operation.
fn anew<B: Default>(request: &Request<NoBody>) -> Request<B> {
    let mut same = Request::new(B::default());
    *same.method_mut() = request.method().clone();
    *same.uri_mut() = request.uri().to_string().parse().expect("a target");
    for (name, value) in request.headers() {
        let value = HeaderValue::from_bytes(value.as_bytes()).expect("a field value");
        same.headers_mut().append(name.clone(), value);
    }
    same
}

/// Measures a service that is to answer with this status.
fn service<M, S, B>(
    meter: &mut M,
    row: Row,
    service: &mut S,
    request: &Request<NoBody>,
    status: StatusCode,
) where
    M: Meter,
    S: Service<Request<NoBody>, Response = http::Response<B>, Error = std::convert::Infallible>,
    B: http_body::Body<Data = Bytes>,
{
    let answered = operate(service, anew(request));
    assert_eq!(answered, status, "{}", row.name);
    meter.row(row, || anew(request), |request| operate(service, request));
}
