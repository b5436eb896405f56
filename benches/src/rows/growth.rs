//! How the cost grows: with headers, tags, body, keys, waiters and routes. Each row is a point of a plot.

use std::convert::Infallible;

use axum::Router;
use axum::routing::get;
use http::header::{HeaderMap, HeaderName, HeaderValue, IF_NONE_MATCH};
use http::{Method, Request, Response, StatusCode};
use sha2::{Digest, Sha256};
use tower::{Layer, Service};
use tower_conditional::lock::{InProcessLock, WriteKey, WriteLock};
use tower_conditional::source::Fixed;
use tower_conditional::{
    BodyHash, ConditionalLayer, Current, EntityTag, HttpDate, Preconditions, Representation,
};

use super::evaluation::{fields, list};
use super::waiting::{pending_call, save};
use super::{NoBody, TAG, anew, request};
use crate::floors::evaluate::lists;
use crate::floors::look_up::Known;
use crate::meter::{Meter, Row};
use crate::services::{Bare, operate};

const KIB: usize = 1024;

/// A point of a plot: `growth PLOT X LINE`.
fn point(plot: &str, x: usize, line: &str) -> Row {
    Row::new(format!("growth {plot} {x} {line}").leak()).times(5)
}

/// The points that count instructions.
pub(super) fn operations(meter: &mut impl Meter) {
    headers(meter);
    tags(meter);
    bodies(meter);
    keys(meter);
}

/// The points that count memory.
pub(super) fn held(meter: &mut impl Meter) {
    waiters(meter);
    routes(meter);
}

fn headers(meter: &mut impl Meter) {
    let bare = &mut Bare::of_size(KIB);
    let known = &mut Known::tagged(Bare::of_size(KIB), TAG);
    let layered = &mut tagged().layer(Bare::of_size(KIB));
    for count in [4, 8, 16, 32, 64] {
        let get = with_headers(count);
        answered(meter, point("headers", count, "bare service"), bare, &get);
        answered(
            meter,
            point("headers", count, "hand-written floor"),
            known,
            &get,
        );
        answered(meter, point("headers", count, "layer 200"), layered, &get);
    }
}

fn tagged() -> ConditionalLayer<Fixed> {
    ConditionalLayer::new(Fixed::new(EntityTag::from_static(TAG)))
}

/// Four ordinary headers, and more up to this count.
fn with_headers(count: usize) -> Request<NoBody> {
    let mut get = request(Method::GET, &[]);
    for number in get.headers().len()..count {
        let name = HeaderName::try_from(format!("x-more-{number}")).expect("a name");
        let value = HeaderValue::from_static("a value of some length");
        get.headers_mut().insert(name, value);
    }
    get
}

fn answered<S, B>(meter: &mut impl Meter, row: Row, service: &mut S, request: &Request<NoBody>)
where
    S: Service<Request<NoBody>, Response = Response<B>, Error = Infallible>,
    B: http_body::Body<Data = bytes::Bytes>,
{
    super::service(meter, row, service, request, StatusCode::OK);
}

fn tags(meter: &mut impl Meter) {
    let tag = EntityTag::from_static(TAG);
    let current: Current = Representation::tagged(tag).into();
    let bytes = HeaderValue::from_static(TAG);
    for count in [1, 10, 25, 50, 100, 200] {
        let headers = fields(IF_NONE_MATCH, &list(count, None));
        let evaluate = |headers: &HeaderMap| {
            Preconditions::parse(&Method::GET, headers, HttpDate::UNIX_EPOCH).evaluate(&current)
        };
        meter.row(point("tags", count, "evaluation"), || &headers, evaluate);
        let search = |headers: &HeaderMap| lists(headers, &IF_NONE_MATCH, &bytes);
        let row = point("tags", count, "search without reading the list");
        meter.row(row, || &headers, search);
    }
}

fn bodies(meter: &mut impl Meter) {
    let get = request(Method::GET, &[]);
    for kib in [1, 4, 16, 64, 256] {
        let bytes = vec![b'x'; kib * KIB];
        let mut bare = Bare::of_size(kib * KIB);
        let hashed = &mut ConditionalLayer::new(BodyHash::strong()).layer(bare.clone());
        let known = &mut tagged().layer(bare.clone());
        let alone = |request| (operate(&mut bare, request), Sha256::digest(&bytes));
        let row = point("body", kib, "bare service and SHA-256").times(1);
        meter.row(row, || anew::<NoBody>(&get), alone);
        answered(
            meter,
            point("body", kib, "layer hashed 200").times(1),
            hashed,
            &get,
        );
        answered(
            meter,
            point("body", kib, "layer looked-up 200"),
            known,
            &get,
        );
    }
}

/// Taking and freeing a lock, while others hold theirs.
fn keys(meter: &mut impl Meter) {
    for count in [1, 10, 100, 1000, 10_000, 100_000] {
        let lock = InProcessLock::new();
        let key = |number: u64| [WriteKey::new("", &number)];
        let held: Vec<_> = (1..count as u64)
            .map(|number| lock.try_lock(&key(number)))
            .collect();
        let free = key(0);
        meter.row(
            point("keys", count, "lock and unlock"),
            || (),
            |()| lock.try_lock(&free),
        );
        drop(held);
    }
}

fn waiters(meter: &mut impl Meter) {
    let layered = || save().route_layer(ConditionalLayer::new(super::waiting()));
    for count in [1, 10, 100, 1000] {
        for (line, save) in [("bare router", save()), ("layer", layered())] {
            let router = Router::new().route("/notes/{id}", save).with_state(());
            let call = || pending_call(router.clone());
            meter.held(point("waiters", count, line), call, |first| {
                let waiting: Vec<_> = (0..count).map(|_| call()).collect();
                (waiting, first)
            });
        }
    }
}

fn routes(meter: &mut impl Meter) {
    let read = || get(async || "a note");
    for count in [1, 10, 50, 100, 200] {
        let layer = tagged();
        let bare = || read();
        meter.held(
            point("routes", count, "bare"),
            || (),
            |()| router(count, bare),
        );
        let cloned = || read().route_layer(layer.clone());
        meter.held(
            point("routes", count, "clones of one layer"),
            || (),
            |()| router(count, cloned),
        );
        let new = || read().route_layer(tagged());
        meter.held(
            point("routes", count, "a new layer each"),
            || (),
            |()| router(count, new),
        );
    }
}

fn router(count: usize, route: impl Fn() -> axum::routing::MethodRouter) -> Router {
    (0..count).fold(Router::new(), |router, number| {
        router.route(&format!("/notes/{number}"), route())
    })
}
