//! A gateway in front of a real upstream: who evaluates the preconditions.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use tower::ServiceExt;
use tower_conditional::handler::EvaluatedByHandler;
use tower_conditional::observe::Outcome;
use tower_conditional::source::Fixed;
use tower_conditional::{BodyHash, ConditionalLayer, Current};

use crate::support::{Server, TAG, guards, layer, request, router};

type Upstream = Client<HttpConnector, Body>;

/// Passes everything on to the upstream, and says that the upstream evaluates the preconditions.
fn forwarding(upstream: &Server) -> Router {
    let client: Upstream = Client::builder(TokioExecutor::new()).build_http();
    let address = upstream.address;
    Router::new().fallback(async move |mut request: Request| -> Response {
        let target = request
            .uri()
            .path_and_query()
            .map_or("/", |target| target.as_str());
        *request.uri_mut() = format!("http://{address}{target}").parse().unwrap();
        match client.request(request).await {
            Ok(answer) => (EvaluatedByHandler, answer).into_response(),
            Err(_) => StatusCode::BAD_GATEWAY.into_response(),
        }
    })
}

/// The upstream knows preconditions: the gateway's source delegates, and every field passes.
#[tokio::test]
async fn a_gateway_delegates_to_an_upstream_that_evaluates() {
    let upstream = Server::start(router().layer(layer())).await;
    let delegating = ConditionalLayer::new(Fixed::new(Current::Delegated));
    guards::<_, Body, _>(forwarding(&upstream).layer(delegating)).await;
}

/// The upstream may know preconditions, and the gateway adds tags where it has none: `keep_preconditions` lets them reach it.
#[tokio::test]
async fn a_gateway_that_hashes_keeps_the_preconditions_for_its_upstream() {
    let seen = Arc::new(AtomicUsize::new(0));
    let count = seen.clone();
    let counting = layer().observe(move |evaluation| {
        if evaluation.outcome == Outcome::NotModified {
            count.fetch_add(1, SeqCst);
        }
    });
    let upstream = Server::start(router().layer(counting)).await;
    let hashing = ConditionalLayer::new(BodyHash::strong()).keep_preconditions();
    guards::<_, Body, _>(forwarding(&upstream).layer(hashing)).await;
    assert_eq!(seen.load(SeqCst), 1, "the upstream has answered 304 itself");
}

/// An upstream without tags: the gateway makes them, and answers 304.
#[tokio::test]
async fn a_gateway_makes_the_tags_of_an_upstream_that_has_none() {
    let upstream = Server::start(router()).await;
    let gateway = forwarding(&upstream).layer(ConditionalLayer::new(BodyHash::strong()));
    let read = gateway
        .clone()
        .oneshot(request::<Body>("GET", &[]))
        .await
        .unwrap();
    let tag = read.headers()["etag"].to_str().unwrap().to_owned();
    assert_ne!(tag, TAG);
    let known = [("if-none-match", tag.as_str())];
    let again = gateway
        .oneshot(request::<Body>("GET", &known))
        .await
        .unwrap();
    assert_eq!(again.status(), 304);
}
