//! Axum routers: the layer on a route and around it, and crates that serve what they took in when they were built.

use std::future::{Ready, ready};

use axum::Router;
use axum::routing::get;
use bytes::Bytes;
use http::header::{ETAG, HeaderName};
use rustango::etag::{EtagLayer, EtagRouterExt};
use tower_conditional::source::Fixed;
use tower_conditional::{ConditionalLayer, EntityTag, FromResponse};
use tower_conditional_benches::meter::Meter;

use super::{Job, KIB, NOT_MODIFIED, OK, Who, bare, layered, made};
use crate::peers::loco::with_etags;
use crate::request::TAG;

const JOBS: &[Job] = &[OK, NOT_MODIFIED];
const BARE: &str = "bare router";
const PATH: &str = "/note.txt";

const fn who(name: &'static str, base: Option<&'static str>) -> Who {
    Who {
        name,
        base,
        path: PATH,
        jobs: JOBS,
    }
}

const fn over_bare(name: &'static str) -> Who {
    who(name, Some(BARE))
}

pub(super) fn rows(meter: &mut impl Meter) {
    let route = || get(read());
    let layer = || ConditionalLayer::new(Fixed::new(EntityTag::from_static(TAG)));
    bare(
        meter,
        who(BARE, None),
        &mut made(Router::new().route(PATH, route())),
    );
    let on_route = &mut made(Router::new().route(PATH, route().route_layer(layer())));
    layered(
        meter,
        over_bare("tower-conditional, on the route"),
        on_route,
    );
    let around = &mut made(Router::new().route(PATH, route()).layer(layer()));
    layered(
        meter,
        over_bare("tower-conditional, around the router"),
        around,
    );
    layered(meter, over_bare("static-serve"), &mut made(static_router()));
    let memory = memory_serve::load!().into_router();
    layered(meter, over_bare("memory-serve"), &mut made(memory));
    tagged_by_the_handler(meter);
}

static_serve::embed_assets!("assets");

/// The handler runs in any case, and the tag is read off its response.
fn tagged_by_the_handler(meter: &mut impl Meter) {
    const BARE: &str = "bare router, its handler sets the tag";
    let router = || Router::new().route(PATH, get(read_tagged()));
    bare(meter, who(BARE, None), &mut made(router()));
    let ours = &mut made(router().layer(ConditionalLayer::new(FromResponse)));
    let name = "tower-conditional, the tag is the handler's";
    layered(meter, who(name, Some(BARE)), ours);
    let loco = Router::new().route(PATH, get(read_tagged()));
    let name = "loco-rs, the tag is the handler's (equal bytes)";
    layered(meter, who(name, Some(BARE)), &mut made(with_etags(loco)));
    let rustango = &mut made(router().etag(EtagLayer::new()));
    let name = "rustango, the tag is the handler's (splits at commas)";
    layered(meter, who(name, Some(BARE)), rustango);
}

fn read() -> impl Fn() -> Ready<Bytes> + Clone {
    let body = Bytes::from(vec![b'x'; KIB]);
    move || ready(body.clone())
}

fn read_tagged() -> impl Fn() -> Ready<([(HeaderName, &'static str); 1], Bytes)> + Clone {
    let body = Bytes::from(vec![b'x'; KIB]);
    move || ready(([(ETAG, TAG)], body.clone()))
}
