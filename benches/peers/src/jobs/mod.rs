//! The jobs of the layer and its peers.

mod dates;
mod hashing;
mod routed;
mod served;
mod tags;

use std::convert::Infallible;

use axum::Router;
use axum::body::Body;
use bytes::Bytes;
use http::header::{ETAG, HeaderName, IF_MATCH, IF_NONE_MATCH};
use http::{Request, Response, StatusCode};
use tower::Service;
use tower_conditional::source::Fixed;
use tower_conditional::{Current, ValidatorSource};
use tower_conditional_benches::meter::{Meter, Row};
use tower_conditional_benches::services::{drain, operate, wait};

use crate::name;
use crate::request::{OTHER, TAG, anew, get, list_ending_in};

/// Services whose tag is known, or set by the handler.
pub fn looking_up(meter: &mut impl Meter) {
    served::rows(meter);
    routed::rows(meter);
}

/// Services whose tag is made of the body.
pub fn hashing(meter: &mut impl Meter) {
    hashing::rows(meter);
}

/// The fields alone.
pub fn evaluating(meter: &mut impl Meter) {
    tags::rows(meter);
    dates::rows(meter);
}

const KIB: usize = 1024;

/// A router as axum serves it: its services are made once, and not for each request.
fn made(router: Router) -> Router {
    router.with_state(())
}

/// A request, made with the tag that the target has, and what has to come back.
pub(crate) struct Job {
    pub(crate) name: &'static str,
    pub(crate) field: fn(&str) -> Option<(HeaderName, String)>,
    pub(crate) status: StatusCode,
    pub(crate) bytes: usize,
    /// Requests that are made beforehand: few where they are large, so that all stay near the processor.
    pub(crate) at_once: u32,
}

const OK: Job = Job {
    name: "200",
    field: |_| None,
    status: StatusCode::OK,
    bytes: KIB,
    at_once: 50,
};

const NOT_MODIFIED: Job = Job {
    name: "304",
    field: |tag| Some((IF_NONE_MATCH, tag.into())),
    status: StatusCode::NOT_MODIFIED,
    bytes: 0,
    ..OK
};

const NOT_MODIFIED_OF_100: Job = Job {
    name: "304, last of 100 tags",
    field: |tag| Some((IF_NONE_MATCH, list_ending_in(100, tag))),
    at_once: 5,
    ..NOT_MODIFIED
};

const REFUSED: Job = Job {
    name: "412",
    field: |_| Some((IF_MATCH, OTHER.into())),
    status: StatusCode::PRECONDITION_FAILED,
    bytes: 0,
    ..OK
};

/// A crate that does jobs, the base that it is beside, and where its 1 KiB is.
struct Who {
    name: &'static str,
    base: Option<&'static str>,
    path: &'static str,
    jobs: &'static [Job],
}

/// A service without conditional requests: it answers 200 to everything.
fn bare<M, S, B>(meter: &mut M, who: Who, service: &mut S)
where
    M: Meter,
    S: Service<Request<Body>, Response = Response<B>, Error = Infallible>,
    B: http_body::Body<Data = Bytes>,
{
    for job in who.jobs {
        let request = get(who.path, (job.field)(TAG));
        let (status, ..) = answer(service, &request);
        assert_eq!(status, StatusCode::OK, "{}", job.name);
        measure(meter, &who, job, service, &request);
    }
}

fn layered<M, S, B>(meter: &mut M, who: Who, service: &mut S)
where
    M: Meter,
    S: Service<Request<Body>, Response = Response<B>, Error = Infallible>,
    B: http_body::Body<Data = Bytes>,
{
    let (_, _, tag) = answer(service, &get(who.path, None));
    for job in who.jobs {
        let request = get(who.path, (job.field)(&tag));
        let (status, bytes, _) = answer(service, &request);
        let expected = (job.status, job.bytes as u64);
        assert_eq!((status, bytes), expected, "{}: {}", who.name, job.name);
        measure(meter, &who, job, service, &request);
    }
}

fn measure<M, S, B>(meter: &mut M, who: &Who, job: &Job, service: &mut S, request: &Request<()>)
where
    M: Meter,
    S: Service<Request<Body>, Response = Response<B>, Error = Infallible>,
    B: http_body::Body<Data = Bytes>,
{
    let row = row(job.name, who.name, who.base).times(job.at_once);
    meter.row(row, || anew(request), |request| operate(service, request));
}

pub(crate) fn row(job: &str, who: &str, base: Option<&str>) -> Row {
    let row = Row::new(name::of(job, who));
    match base {
        Some(base) => row.over(name::of(job, base)),
        None => row,
    }
}

/// Status, bytes of the body, and the tag.
fn answer<S, B>(service: &mut S, request: &Request<()>) -> (StatusCode, u64, String)
where
    S: Service<Request<Body>, Response = Response<B>, Error = Infallible>,
    B: http_body::Body<Data = Bytes>,
{
    let Ok(response) = wait(service.call(anew(request)));
    let (head, body) = response.into_parts();
    let tag = head.headers.get(ETAG).and_then(|tag| tag.to_str().ok());
    let tag = tag.unwrap_or_default().to_owned();
    (head.status, drain(body), tag)
}

/// What a source knows that always knows the same.
fn known(current: impl Into<Current>) -> Current {
    let found = Fixed::new(current).known(&());
    found.expect("it knows at once").current().clone()
}
