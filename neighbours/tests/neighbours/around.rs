//! Layers of tower and tower-http, on both sides of ours.

use std::time::Duration;

use axum::BoxError;
use axum::body::Body;
use axum::error_handling::HandleErrorLayer;
use axum::extract::Request;
use http::{Method, Response, StatusCode};
use tower::util::{MapRequestLayer, option_layer};
use tower::{Layer, ServiceBuilder, ServiceExt};
use tower_conditional::ConditionalLayer;
use tower_conditional::layer::ConditionalBody;
use tower_conditional::source::Fixed;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::limit::RequestBodyLimitLayer;
use tower_http::timeout::TimeoutLayer;
use tower_http::trace::TraceLayer;

use crate::support::{TAG, guards, layer, request, router};

const LONG: Duration = Duration::from_secs(60);

/// With the layer and without it the response has one type of body.
fn with(layer: Option<ConditionalLayer<Fixed>>) -> axum::Router {
    let with_body = |response: Response<ConditionalBody<Body>>| response.map(Body::new);
    let layer = layer.map(|layer| ServiceBuilder::new().map_response(with_body).layer(layer));
    router().layer(option_layer(layer))
}

#[tokio::test]
async fn option_layer_there() {
    guards::<_, Body, _>(with(Some(layer()))).await;
}

#[tokio::test]
async fn option_layer_not_there() {
    let answer = with(None)
        .oneshot(request::<Body>("PUT", &[]))
        .await
        .unwrap();
    assert_eq!(answer.status(), 204);
}

#[tokio::test]
async fn handle_error_layer_and_tower_timeout() {
    let late = async |_: BoxError| StatusCode::SERVICE_UNAVAILABLE;
    let timeout = || {
        ServiceBuilder::new()
            .layer(HandleErrorLayer::new(late))
            .timeout(LONG)
    };
    guards::<_, Body, _>(router().layer(layer()).layer(timeout())).await;
    guards::<_, Body, _>(router().layer(timeout()).layer(layer())).await;
}

#[tokio::test]
async fn tower_http_timeout() {
    let timeout = || TimeoutLayer::with_status_code(StatusCode::REQUEST_TIMEOUT, LONG);
    guards::<_, Body, _>(router().layer(layer()).layer(timeout())).await;
    guards::<_, Body, _>(router().layer(timeout()).layer(layer())).await;
}

#[tokio::test]
async fn catch_panic() {
    guards::<_, Body, _>(router().layer(layer()).layer(CatchPanicLayer::new())).await;
    guards::<_, Body, _>(router().layer(CatchPanicLayer::new()).layer(layer())).await;
}

#[tokio::test]
async fn request_body_limit() {
    guards::<_, Body, _>(
        router()
            .layer(layer())
            .layer(RequestBodyLimitLayer::new(10)),
    )
    .await;
    guards::<_, Body, _>(
        router()
            .layer(RequestBodyLimitLayer::new(10))
            .layer(layer()),
    )
    .await;
}

#[tokio::test]
async fn trace() {
    guards::<_, Body, _>(router().layer(layer()).layer(TraceLayer::new_for_http())).await;
    guards::<_, Body, _>(router().layer(TraceLayer::new_for_http()).layer(layer())).await;
}

#[tokio::test]
async fn concurrency_limit() {
    let limited = ServiceBuilder::new().concurrency_limit(1).layer(layer());
    guards::<_, Body, _>(limited.service(router())).await;
    let limited = ServiceBuilder::new().layer(layer()).concurrency_limit(1);
    guards::<_, Body, _>(limited.service(router())).await;
}

/// A POST that says that it is a PUT.
fn overridden(mut request: Request) -> Request {
    if let Some(method) = request.headers_mut().remove("x-http-method-override")
        && let Ok(method) = Method::from_bytes(method.as_bytes())
    {
        *request.method_mut() = method;
    }
    request
}

/// Outside, the layer evaluates the method that the handler gets. Inside, it evaluates a POST, which needs no precondition:
/// the PUT is not guarded.
#[tokio::test]
async fn method_override_belongs_outside() {
    let as_put = [("x-http-method-override", "PUT")];
    let over = || MapRequestLayer::new(overridden);

    let outside = over().layer(router().layer(layer()));
    let answer = outside
        .clone()
        .oneshot(request("POST", &as_put))
        .await
        .unwrap();
    assert_eq!(answer.status(), 428);
    let guarded = [as_put[0], ("if-match", TAG)];
    let answer = outside.oneshot(request("POST", &guarded)).await.unwrap();
    assert_eq!(answer.status(), 204);

    let inside = layer().layer(over().layer(router()));
    let answer = inside.oneshot(request("POST", &as_put)).await.unwrap();
    assert_eq!(answer.status(), 204, "what must not be done");
}
