//! An untouched service (it knows nothing of tags) and every place where a layer can be put around it.

use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Path, State};
use axum::http::{Extensions, Method, Request, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get};
use tower::util::BoxCloneService;
use tower::{Layer, ServiceExt};
use tower_conditional::ConditionalLayer;
use tower_conditional::source::{BoxSource, Probe};

use crate::support::{self, Answer, request_with};

/// One thing that can be read, saved and removed, and everything its handlers were asked.
#[derive(Clone, Debug, Default)]
pub(crate) struct Things {
    text: Arc<Mutex<Option<String>>>,
    calls: Arc<Mutex<Vec<Call>>>,
}

/// What a handler saw.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Call {
    pub(crate) handler: &'static str,
    pub(crate) method: Method,
    pub(crate) is_probe: bool,
}

impl Call {
    pub(crate) fn of_client(handler: &'static str, method: Method) -> Self {
        Self {
            handler,
            method,
            is_probe: false,
        }
    }

    pub(crate) fn probe() -> Self {
        Self {
            handler: "read",
            method: Method::GET,
            is_probe: true,
        }
    }
}

impl Things {
    pub(crate) fn holding(text: &str) -> Self {
        let things = Self::default();
        things.set(Some(text));
        things
    }

    pub(crate) fn set(&self, text: Option<&str>) {
        *self.text.lock().unwrap() = text.map(str::to_owned);
    }

    pub(crate) fn text(&self) -> Option<String> {
        self.text.lock().unwrap().clone()
    }

    /// What the handlers were asked since the last time.
    pub(crate) fn take_calls(&self) -> Vec<Call> {
        std::mem::take(&mut self.calls.lock().unwrap())
    }

    fn note(&self, handler: &'static str, method: Method, extensions: &Extensions) {
        let is_probe = extensions.get::<Probe>().is_some();
        self.calls.lock().unwrap().push(Call {
            handler,
            method,
            is_probe,
        });
    }

    /// The methods of the thing; `Path` holds them to the parameters that routing has found.
    pub(crate) fn methods(&self) -> MethodRouter {
        get(read).put(save).delete(remove).with_state(self.clone())
    }

    pub(crate) fn router(&self) -> Router {
        Router::new().route("/things/{id}", self.methods())
    }
}

async fn read(
    State(things): State<Things>,
    Path(_): Path<String>,
    request: Request<Body>,
) -> Response {
    things.note("read", request.method().clone(), request.extensions());
    match things.text() {
        Some(text) => text.into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

async fn save(
    State(things): State<Things>,
    Path(_): Path<String>,
    request: Request<Body>,
) -> StatusCode {
    things.note("save", request.method().clone(), request.extensions());
    let body = to_bytes(request.into_body(), usize::MAX).await.unwrap();
    things.set(Some(std::str::from_utf8(&body).unwrap()));
    StatusCode::NO_CONTENT
}

async fn remove(
    State(things): State<Things>,
    Path(_): Path<String>,
    request: Request<Body>,
) -> StatusCode {
    things.note("remove", request.method().clone(), request.extensions());
    things.set(None);
    StatusCode::NO_CONTENT
}

/// What a layer has inside, untouched: what a reader can be made of.
pub(crate) enum Untouched {
    Methods(Box<MethodRouter>),
    Router(Router),
}

pub(crate) type Served = BoxCloneService<Request<Body>, Response, Infallible>;

/// A place for a layer, the path of the thing there, and the service that comes of it.
pub(crate) struct Mounted {
    pub(crate) place: &'static str,
    pub(crate) path: &'static str,
    pub(crate) service: Served,
}

/// The layer in every place that axum and tower have for one.
pub(crate) fn everywhere(
    things: &Things,
    layer: impl Fn(Untouched) -> ConditionalLayer<BoxSource>,
) -> Vec<Mounted> {
    const PATH: &str = "/things/1";
    const NESTED: &str = "/api/things/1";
    let methods = || things.methods();
    let router = || things.router();
    let on_methods = || layer(Untouched::Methods(Box::new(methods())));
    let on_router = || layer(Untouched::Router(router()));
    let nested = || Router::new().nest("/api", router());
    let route = |methods| Router::new().route(PATH_PATTERN, methods);
    let mounted = |place, path, router: Router| Mounted {
        place,
        path,
        service: BoxCloneService::new(router),
    };
    vec![
        mounted(
            "MethodRouter::layer",
            PATH,
            route(methods().layer(on_methods())),
        ),
        mounted(
            "MethodRouter::route_layer",
            PATH,
            route(methods().route_layer(on_methods())),
        ),
        mounted("Router::layer", PATH, router().layer(on_router())),
        mounted(
            "Router::route_layer",
            PATH,
            router().route_layer(on_router()),
        ),
        mounted(
            "inside nest",
            NESTED,
            Router::new().nest("/api", router().layer(on_router())),
        ),
        mounted(
            "outside nest",
            NESTED,
            nested().layer(layer(Untouched::Router(nested()))),
        ),
        mounted(
            "nest_service",
            NESTED,
            Router::new().nest_service("/api", on_router().layer(router())),
        ),
        mounted(
            "route_service",
            PATH,
            Router::new().route_service(PATH_PATTERN, on_methods().layer(methods())),
        ),
        mounted(
            "fallback_service",
            PATH,
            Router::new().fallback_service(on_router().layer(router())),
        ),
        Mounted {
            place: "around a finished router",
            path: PATH,
            service: boxed(on_router().layer(router())),
        },
        Mounted {
            place: "around a plain service",
            path: PATH,
            service: boxed(on_router().layer(tower::service_fn({
                let router = router();
                move |request: Request<Body>| router.clone().oneshot(request)
            }))),
        },
    ]
}

const PATH_PATTERN: &str = "/things/{id}";

fn boxed<S, B>(service: S) -> Served
where
    S: tower::Service<Request<Body>, Response = axum::http::Response<B>, Error = Infallible>
        + Clone
        + Send
        + 'static,
    S::Future: Send,
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<axum::BoxError>,
{
    BoxCloneService::new(service.map_response(|response| response.map(Body::new)))
}

impl Mounted {
    pub(crate) async fn send(&self, method: Method, fields: &[(&str, &str)], body: &str) -> Answer {
        let request = request_with(method, self.path, fields, Body::from(body.to_owned()));
        let Ok(response) = self.service.clone().oneshot(request).await;
        support::read(response).await
    }
}
