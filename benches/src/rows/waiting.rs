//! The memory of a request that waits, in an axum router: everything a request has there is boxed.

use std::convert::Infallible;
use std::future::{Future, pending};
use std::pin::Pin;
use std::task::{Context, Waker};

use axum::Router;
use axum::body::Body;
use axum::extract::Path;
use axum::routing::{MethodRouter, put};
use bytes::Bytes;
use http::header::IF_MATCH;
use http::{Method, Request, Response};
use tower::{Layer, Service};
use tower_conditional::extract::extractor_source;
use tower_conditional::{ConditionalLayer, EntityTag, SourceError, ValidatorSource};

use super::{TAG, anew, request};
use crate::meter::{Meter, Row};

pub(super) fn rows(meter: &mut impl Meter) {
    writers(meter, Row::new("100 bare PUTs in a router"), save());
    let row = |name| Row::new(name).over("100 bare PUTs in a router");
    let known = ConditionalLayer::new(super::waiting());
    let waiting = save().route_layer(known.clone());
    writers(meter, row("100 waiting PUTs source_fn"), waiting);
    let extracted = ConditionalLayer::new(extracted());
    let waiting = save().route_layer(extracted.clone());
    writers(meter, row("100 waiting PUTs extractor_source"), waiting);

    boxed(meter, "box of a waiting PUT source_fn", &known);
    boxed(meter, "box of a waiting PUT extractor_source", &extracted);
}

/// A source that identifies by the handler's own extractor, and has to be waited for.
pub(super) fn extracted() -> impl ValidatorSource {
    const KNOWN: EntityTag = EntityTag::from_static(TAG);
    extractor_source(
        (),
        |Path(id): Path<i64>| id,
        async |_: i64, ()| Ok::<_, SourceError>(KNOWN),
    )
}

/// A handler that never answers: the first to come keeps the lock. It keeps its request too, as a waiting one is kept.
pub(super) fn save() -> MethodRouter {
    put(async |request: Request<Body>| -> Bytes {
        pending::<()>().await;
        drop(request);
        Bytes::new()
    })
}

/// What a hundred writers hold that wait while another one has the lock: what they share counts, too.
fn writers(meter: &mut impl Meter, row: Row, save: MethodRouter) {
    let router = Router::new().route("/notes/{id}", save).with_state(());
    let call = || pending_call(router.clone());
    meter.held(row, call, |first| {
        let waiting: Vec<_> = (0..100).map(|_| call()).collect();
        (waiting, first)
    });
}

/// What the layer allocates for a PUT, not polled yet, of a service as axum's are: its one box.
fn boxed<V: ValidatorSource>(
    meter: &mut impl Meter,
    name: &'static str,
    layer: &ConditionalLayer<V>,
) {
    let router = Router::new().route("/notes/{id}", save()).with_state(());
    let mut service = layer.layer(router);
    meter.held(Row::new(name), a_put, |put| service.call(put));
}

pub(super) fn pending_call<S>(mut service: S) -> Pin<Box<S::Future>>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible>,
{
    let mut call = Box::pin(service.call(a_put()));
    let mut context = Context::from_waker(Waker::noop());
    assert!(call.as_mut().poll(&mut context).is_pending());
    call
}

fn a_put() -> Request<Body> {
    anew(&request(Method::PUT, &[(IF_MATCH, TAG)]))
}
