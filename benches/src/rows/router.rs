//! The layer in an axum router: axum boxes again whatever is put on it.

use std::convert::Infallible;

use axum::Router;
use axum::body::Body;
use axum::routing::{MethodRouter, get};
use bytes::Bytes;
use http::header::{IF_MATCH, IF_NONE_MATCH};
use http::{Method, Request, Response, StatusCode};
use tower::Service;
use tower_conditional::source::Fixed;
use tower_conditional::{ConditionalLayer, EntityTag};

use super::{TAG, anew, request};
use crate::meter::{Meter, Row};
use crate::services::operate;

pub(super) fn rows(meter: &mut impl Meter) {
    let pages = [
        (Method::GET, "router GET", vec![]),
        (
            Method::GET,
            "router GET If-None-Match",
            vec![(IF_NONE_MATCH, TAG)],
        ),
    ];
    // As axum serves a router: `with_state` makes its services once, and not for each request.
    let bare = &mut Router::new()
        .route("/notes/{id}", get(read()))
        .with_state(());
    for (method, name, fields) in pages {
        let request = request(method, &fields);
        routed(meter, Row::new(name), bare, &request, StatusCode::OK);
    }
    let layer = || ConditionalLayer::new(Fixed::new(EntityTag::from_static(TAG)));
    meter.held(
        Row::new("route"),
        || (),
        |()| -> MethodRouter { get(read()) },
    );
    let row = Row::new("route with a layer of its own").over("route");
    meter.held(
        row,
        || (),
        |()| -> MethodRouter { get(read()).route_layer(layer()) },
    );
    let around_routes = &mut Router::new()
        .route("/notes/{id}", get(read()))
        .layer(layer())
        .with_state(());
    let on_method = &mut Router::new()
        .route("/notes/{id}", get(read()).route_layer(layer()))
        .with_state(());
    for (service, ok, not_modified) in [
        (
            around_routes,
            "router 200 Router::layer",
            "router 304 Router::layer",
        ),
        (
            on_method,
            "router 200 route_layer",
            "router 304 route_layer",
        ),
    ] {
        let row = Row::new(ok).over("router GET");
        routed(
            meter,
            row,
            service,
            &request(Method::GET, &[]),
            StatusCode::OK,
        );
        let row = Row::new(not_modified).over("router GET If-None-Match");
        let hit = request(Method::GET, &[(IF_NONE_MATCH, TAG)]);
        routed(meter, row, service, &hit, StatusCode::NOT_MODIFIED);
    }
    waited_for(meter);
}

/// Sources that have to be waited for: one identifies by the path, one by the handler's own extractor.
fn waited_for(meter: &mut impl Meter) {
    let put = request(Method::PUT, &[(IF_MATCH, TAG)]);
    let bare = &mut Router::new().route("/notes/{id}", note()).with_state(());
    let row = Row::new("router PUT If-Match");
    routed(meter, row, bare, &put, StatusCode::OK);
    let router = |note| Router::new().route("/notes/{id}", note).with_state(());
    let by_path = note().route_layer(ConditionalLayer::new(super::waiting()));
    let rows = [
        Row::new("router 200 source_fn").over("router GET"),
        Row::new("router 304 source_fn").over("router GET If-None-Match"),
        Row::new("router PUT source_fn").over("router PUT If-Match"),
    ];
    requested(meter, rows, router(by_path));
    let by_extractor = note().route_layer(ConditionalLayer::new(super::waiting::extracted()));
    let rows = [
        Row::new("router 200 extractor_source").over("router 200 source_fn"),
        Row::new("router 304 extractor_source").over("router 304 source_fn"),
        Row::new("router PUT extractor_source").over("router PUT source_fn"),
    ];
    requested(meter, rows, router(by_extractor));
}

fn requested(meter: &mut impl Meter, rows: [Row; 3], mut router: Router) {
    let requests = [
        (request(Method::GET, &[]), StatusCode::OK),
        (
            request(Method::GET, &[(IF_NONE_MATCH, TAG)]),
            StatusCode::NOT_MODIFIED,
        ),
        (request(Method::PUT, &[(IF_MATCH, TAG)]), StatusCode::OK),
    ];
    for (row, (request, status)) in rows.into_iter().zip(requests) {
        routed(meter, row, &mut router, &request, status);
    }
}

fn note() -> MethodRouter {
    get(read()).put(read())
}

/// The handler that all routes have.
fn read() -> impl Fn() -> std::future::Ready<Bytes> + Clone {
    let body = Bytes::from(vec![b'x'; 1024]);
    move || std::future::ready(body.clone())
}

fn routed<M, S>(
    meter: &mut M,
    row: Row,
    service: &mut S,
    request: &Request<super::NoBody>,
    status: StatusCode,
) where
    M: Meter,
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible>,
{
    let prepare = || anew::<Body>(request);
    assert_eq!(operate(service, prepare()), status, "{}", row.name);
    meter.row(row, prepare, |request| operate(service, request));
}
