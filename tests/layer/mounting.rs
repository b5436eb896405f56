//! The positions in which axum can mount the layer, and how they differ.
//!
//! 304, 412 and 428 work in every position, before the handler and after it. What differs, for a request with a stale
//! or a missing If-Match, over a source that takes every path for one that exists:
//!
//! | position | method without a handler | path without a route | path that the source sees | route parameters | body of a HEAD inside |
//! |---|---|---|---|---|---|
//! | [`MethodRouter::route_layer`] | **405** | 404 | whole | all | whole |
//! | [`MethodRouter::layer`] | 412 or 428 | 404 | whole | all | whole |
//! | [`Router::route_layer`] | 412 or 428 | 404 | whole | all | whole |
//! | [`Router::layer`] | 412 or 428 | 412 or 428 | whole | all | whole |
//! | nested, `MethodRouter::route_layer` | **405** | 404 | below the prefix | all | whole |
//! | nested, `MethodRouter::layer` | 412 or 428 | 404 | below the prefix | all | whole |
//! | nested, `Router::route_layer` | 412 or 428 | 404 | below the prefix | all | whole |
//! | nested, `Router::layer` | 412 or 428 | 404 | below the prefix | all | whole |
//! | `Router::layer` of the nesting router | 412 or 428 | 412 or 428 | whole | all | whole |
//! | around a service given to `nest_service` | 412 or 428 | 412 or 428 | below the prefix | those of the prefix | none |
//! | around a finished router | 412 or 428 | 412 or 428 | whole | none | none |
//!
//! Only `MethodRouter::route_layer` runs for the methods that have a handler and for nothing else, so only there a 405
//! wins over a 412 ([RFC 9110, section 13.2.1]).
//!
//! [RFC 9110, section 13.2.1]: https://www.rfc-editor.org/rfc/rfc9110#section-13.2.1

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use axum::body::Body;
use axum::extract::{RawPathParams, Request};
use axum::response::Response;
use axum::routing::{MethodRouter, get};
use axum::{RequestPartsExt, Router};
use futures_util::FutureExt;
use http::request::Parts;
use http_body::Body as _;
use tower::util::{BoxCloneSyncService, MapResponseLayer};
use tower::{Layer, ServiceExt};
use tower_conditional::layer::ConditionalBody;
use tower_conditional::source::BoxSource;
use tower_conditional::{
    BodyHash, ConditionalLayer, Current, EntityTag, SourceError, ValidatorSource, WritePolicy,
};

use crate::support::source;
use crate::support::{Answer, Counter, Failures, read, request};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Position {
    MethodRouteLayer,
    MethodLayer,
    RouteLayer,
    RouterLayer,
    NestedMethodRouteLayer,
    NestedMethodLayer,
    NestedRouteLayer,
    NestedRouterLayer,
    OnTheNestingRouter,
    AroundTheNestedService,
    AroundTheFinishedRouter,
}

use Position::{
    AroundTheFinishedRouter, AroundTheNestedService, MethodLayer, MethodRouteLayer,
    NestedMethodLayer, NestedMethodRouteLayer, NestedRouteLayer, NestedRouterLayer,
    OnTheNestingRouter, RouteLayer, RouterLayer,
};

const POSITIONS: [Position; 11] = [
    MethodRouteLayer,
    MethodLayer,
    RouteLayer,
    RouterLayer,
    NestedMethodRouteLayer,
    NestedMethodLayer,
    NestedRouteLayer,
    NestedRouterLayer,
    OnTheNestingRouter,
    AroundTheNestedService,
    AroundTheFinishedRouter,
];

type Service = BoxCloneSyncService<Request, Response, Infallible>;

/// What is mounted: the layer, and inside of it what tells whether a response still has its body there.
type Layers = (
    ConditionalLayer<BoxSource>,
    MapResponseLayer<fn(Response) -> Response>,
);

const BODY_INSIDE: &str = "x-body-inside";

fn tell_body(mut response: Response) -> Response {
    let is_empty = response.body().is_end_stream();
    let body = if is_empty { "none" } else { "whole" };
    response
        .headers_mut()
        .insert(BODY_INSIDE, body.parse().unwrap());
    response
}

/// A note with a GET and a PUT handler, at `/notes/{id}`, or at `/{user}/notes/{id}` where it is nested.
struct Mounted {
    position: Position,
    service: Service,
    /// Calls of the handlers.
    calls: Counter,
}

impl Mounted {
    fn new(position: Position, layer: ConditionalLayer<BoxSource>) -> Self {
        let calls = Counter::default();
        let layers: Layers = (layer, MapResponseLayer::new(tell_body));
        Self {
            position,
            service: mount(position, layers, methods(&calls)),
            calls,
        }
    }

    fn is_nested(&self) -> bool {
        !matches!(
            self.position,
            MethodRouteLayer | MethodLayer | RouteLayer | RouterLayer | AroundTheFinishedRouter
        )
    }

    fn send(&self, method: &str, path: &str, fields: &[(&str, &str)]) -> Answer {
        let mut request = request::<Body>(method, fields);
        let prefix = if self.is_nested() { "/ada" } else { "" };
        *request.uri_mut() = format!("{prefix}{path}").parse().unwrap();
        let answer = self.service.clone().oneshot(request);
        let answer = answer.now_or_never().expect("nothing has to be waited for");
        read(answer.unwrap()).now_or_never().unwrap()
    }

    /// Status and number of calls.
    fn outcome(&self, method: &str, path: &str, fields: &[(&str, &str)]) -> (u16, usize) {
        let before = self.calls.get();
        let status = self.send(method, path, fields).status;
        (status, self.calls.get() - before)
    }
}

fn methods(calls: &Counter) -> MethodRouter {
    let (reads, writes) = (calls.clone(), calls.clone());
    get(move || async move {
        reads.count();
        "a note"
    })
    .put(move || async move {
        writes.count();
    })
}

fn mount(position: Position, layers: Layers, methods: MethodRouter) -> Service {
    const NOTE: &str = "/notes/{id}";
    let route = |methods| Router::new().route(NOTE, methods);
    let nest = |router| Router::new().nest("/{user}", router);
    let router: Router = match position {
        MethodRouteLayer => route(methods.route_layer(layers)),
        MethodLayer => route(methods.layer(layers)),
        RouteLayer => route(methods).route_layer(layers),
        RouterLayer => route(methods).layer(layers),
        NestedMethodRouteLayer => nest(route(methods.route_layer(layers))),
        NestedMethodLayer => nest(route(methods.layer(layers))),
        NestedRouteLayer => nest(route(methods).route_layer(layers)),
        NestedRouterLayer => nest(route(methods).layer(layers)),
        OnTheNestingRouter => nest(route(methods)).layer(layers),
        AroundTheNestedService => {
            Router::new().nest_service("/{user}", layers.layer(route(methods)))
        }
        AroundTheFinishedRouter => {
            let around = layers.layer(route(methods));
            return Service::new(MapResponseLayer::new(boxed).layer(around));
        }
    };
    Service::new(router)
}

fn boxed(response: http::Response<ConditionalBody<Body>>) -> Response {
    response.map(Body::new)
}

/// What the source was asked about: the path, and the parameters of the route.
type Asked = Arc<Mutex<Vec<(String, Vec<String>)>>>;

/// Whatever is asked for exists, as `"v1"`.
async fn everything(mut head: Parts, asked: Asked) -> Result<Current, SourceError> {
    let path = head.uri.path().to_owned();
    let params = head.extract::<RawPathParams>().await;
    let params = params.iter().flatten().map(|(name, _)| name.to_owned());
    asked.lock().unwrap().push((path, params.collect()));
    Ok(EntityTag::from_static("\"v1\"").into())
}

fn required(asked: &Asked) -> ConditionalLayer<BoxSource> {
    let asked = asked.clone();
    let source = source::asked(move |head| everything(head.clone(), asked.clone()));
    ConditionalLayer::new(source.boxed()).writes(WritePolicy::required())
}

/// 304, 412, 428 and the handler's own answers are the same everywhere, HEAD included.
#[test]
fn what_is_the_same_everywhere() {
    const NOTE: &str = "/notes/1";
    let mut failures = Failures::default();
    for position in POSITIONS {
        let mounted = Mounted::new(position, required(&Asked::default()));
        for (method, fields, expected) in [
            ("GET", &[("if-none-match", "\"v1\"")][..], (304, 0)),
            ("GET", &[("if-none-match", "\"v0\"")], (200, 1)),
            ("GET", &[("if-match", "\"v0\"")], (412, 0)),
            ("GET", &[], (200, 1)),
            ("HEAD", &[("if-none-match", "\"v1\"")], (304, 0)),
            ("HEAD", &[("if-match", "\"v0\"")], (412, 0)),
            ("HEAD", &[], (200, 1)),
            ("PUT", &[("if-match", "\"v1\"")], (200, 1)),
            ("PUT", &[("if-match", "\"v0\"")], (412, 0)),
            ("PUT", &[("if-none-match", "*")], (412, 0)),
            ("PUT", &[], (428, 0)),
        ] {
            let outcome = mounted.outcome(method, NOTE, fields);
            let what = format!("{method} {fields:?} {position:?}");
            failures.expect_eq(what, outcome, expected);
            if method == "HEAD" {
                let answer = mounted.send(method, NOTE, fields);
                failures.expect_eq(format!("{method} {position:?}"), &answer.body[..], b"");
            }
        }
    }
    failures.assert_none();
}

/// The answer to a request that the source sees although no handler takes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unhandled {
    /// 405 or 404, as without the layer.
    Itself,
    /// 412 to a stale If-Match, 428 to none.
    Evaluation,
}

use Unhandled::{Evaluation, Itself};

/// A row of the table above.
#[derive(Debug, PartialEq, Eq)]
struct Row {
    method_without_handler: Unhandled,
    path_without_route: Unhandled,
    path: String,
    parameters: Vec<String>,
    body_of_head: String,
}

impl Row {
    fn new(
        method_without_handler: Unhandled,
        path_without_route: Unhandled,
        path: &str,
        parameters: &[&str],
        body_of_head: &str,
    ) -> Self {
        Self {
            method_without_handler,
            path_without_route,
            path: path.to_owned(),
            parameters: parameters.iter().map(|&name| name.to_owned()).collect(),
            body_of_head: body_of_head.to_owned(),
        }
    }

    fn seen_at(position: Position) -> Self {
        let asked = Asked::default();
        let mounted = Mounted::new(position, required(&asked));
        let unhandled = |method, path, itself| {
            let stale = mounted.outcome(method, path, &[("if-match", "\"v0\"")]);
            match (stale, mounted.outcome(method, path, &[])) {
                ((412, 0), (428, 0)) => Evaluation,
                ((stale, 0), (missing, 0)) if stale == itself && missing == itself => Itself,
                other => panic!("{method} {path} {position:?}: {other:?}"),
            }
        };
        let method_without_handler = unhandled("DELETE", "/notes/1", 405);
        let path_without_route = unhandled("PUT", "/elsewhere", 404);
        asked.lock().unwrap().clear();
        let head = mounted.send("HEAD", "/notes/1", &[]);
        let (path, parameters) = asked.lock().unwrap().remove(0);
        Self {
            method_without_handler,
            path_without_route,
            path,
            parameters,
            body_of_head: head.field(BODY_INSIDE).unwrap().to_owned(),
        }
    }
}

#[test]
fn what_differs() {
    const OWN: &str = "/notes/1";
    const FULL: &str = "/ada/notes/1";
    #[rustfmt::skip]
    let rows = [
        (MethodRouteLayer, Row::new(Itself, Itself, OWN, &["id"], "whole")),
        (MethodLayer, Row::new(Evaluation, Itself, OWN, &["id"], "whole")),
        (RouteLayer, Row::new(Evaluation, Itself, OWN, &["id"], "whole")),
        (RouterLayer, Row::new(Evaluation, Evaluation, OWN, &["id"], "whole")),
        (NestedMethodRouteLayer, Row::new(Itself, Itself, OWN, &["user", "id"], "whole")),
        (NestedMethodLayer, Row::new(Evaluation, Itself, OWN, &["user", "id"], "whole")),
        (NestedRouteLayer, Row::new(Evaluation, Itself, OWN, &["user", "id"], "whole")),
        (NestedRouterLayer, Row::new(Evaluation, Itself, OWN, &["user", "id"], "whole")),
        (OnTheNestingRouter, Row::new(Evaluation, Evaluation, FULL, &["user", "id"], "whole")),
        (AroundTheNestedService, Row::new(Evaluation, Evaluation, OWN, &["user"], "none")),
        (AroundTheFinishedRouter, Row::new(Evaluation, Evaluation, OWN, &[], "none")),
    ];
    assert_eq!(rows.each_ref().map(|(position, _)| *position), POSITIONS);
    let mut failures = Failures::default();
    for (position, expected) in rows {
        failures.expect_eq(format!("{position:?}"), Row::seen_at(position), expected);
    }
    failures.assert_none();
}

/// A tag made of the body is the same in every position, even if an inner service removed the body of a HEAD (section
/// 9.3.2).
#[test]
fn after_the_handler() {
    const NOTE: &str = "/notes/1";
    let mut failures = Failures::default();
    let mut tags = BTreeSet::new();
    for position in POSITIONS {
        let layer = ConditionalLayer::new(BodyHash::strong().boxed());
        let mounted = Mounted::new(position, layer);
        let tag_of = |method| {
            let answer = mounted.send(method, NOTE, &[]);
            answer.field("etag").map(str::to_owned)
        };
        let tag = tag_of("GET").unwrap();
        failures.expect_eq(
            format!("HEAD {position:?}"),
            tag_of("HEAD"),
            Some(tag.clone()),
        );
        for (method, fields, expected) in [
            ("GET", ("if-none-match", &tag[..]), (304, 1)),
            ("HEAD", ("if-none-match", &tag), (304, 1)),
            ("GET", ("if-match", "\"x\""), (412, 1)),
            ("HEAD", ("if-match", "\"x\""), (412, 1)),
            ("PUT", ("if-match", "\"x\""), (200, 1)),
            ("DELETE", ("if-match", "\"x\""), (405, 0)),
        ] {
            let outcome = mounted.outcome(method, NOTE, &[fields]);
            let what = format!("{method} {fields:?} {position:?}");
            failures.expect_eq(what, outcome, expected);
        }
        tags.insert(tag);
    }
    failures.assert_none();
    assert_eq!(tags.len(), 1);
}
