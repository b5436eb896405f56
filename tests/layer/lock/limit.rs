//! 64 writers where only one request may be inside at a time: no request waits while it holds what another one needs.

use std::convert::Infallible;
use std::future::Future;
use std::time::Duration;

use axum::body::Body;
use http::{Request, Response};
use tokio::task::JoinSet;
use tower::limit::ConcurrencyLimitLayer;
use tower::{Layer, Service, ServiceBuilder, ServiceExt, service_fn};
use tower_conditional::layer::CollectBody;
use tower_conditional::{Checked, ConditionalLayer, WritePolicy};

use crate::support::source::Versions;
use crate::support::{arriving_body, put_if_match, request_with, text};

const WRITERS: usize = 64;

/// The clock is paused: it goes on only when nobody can, so a deadlock ends the test at once.
async fn finishes<T>(work: impl Future<Output = T>) -> T {
    let all_stand_still = tokio::time::timeout(Duration::from_secs(3600), work).await;
    all_stand_still.expect("a deadlock")
}

/// One note behind the limit; each write is a new version, after some waiting.
fn limited(
    source: &Versions,
) -> impl Service<Request<Body>, Response = Response<Body>, Error = Infallible, Future: Send>
+ Clone
+ Send
+ 'static {
    let source = source.clone();
    let save = move |request: Request<Body>| {
        let source = source.clone();
        async move {
            tokio::time::sleep(Duration::from_millis(5)).await;
            assert!(request.extensions().get::<Checked>().is_some());
            source.changed(request.uri().path());
            Ok(Response::new(Body::empty()))
        }
    };
    ConcurrencyLimitLayer::new(1).layer(service_fn(save))
}

async fn all_at_once<S, B>(service: S, requests: Vec<Request<Body>>) -> usize
where
    S: Service<Request<Body>, Response = Response<B>, Error = Infallible, Future: Send>
        + Clone
        + Send
        + 'static,
    B: Send + 'static,
{
    let mut writers = JoinSet::new();
    for request in requests {
        writers.spawn(service.clone().oneshot(request));
    }
    let answers = finishes(writers.join_all()).await;
    let won = answers.iter().filter(|answer| {
        let status = answer.as_ref().unwrap().status();
        assert!(status == 200 || status == 412, "{status}");
        status == 200
    });
    won.count()
}

fn one_winner(source: &Versions) -> Vec<Request<Body>> {
    let tag = source.changed("/a");
    (0..WRITERS).map(|_| put_if_match("/a", &tag)).collect()
}

fn all_win() -> Vec<Request<Body>> {
    let paths = ["/a", "/b", "/c"].into_iter().cycle().take(WRITERS);
    paths
        .map(|path| request_with("PUT", path, &[], Body::from("small")))
        .collect()
}

async fn with_the_limit_inside<C: CollectBody<Body>>(
    layer: impl Fn(Versions) -> ConditionalLayer<Versions, C>,
) {
    for source in Versions::both() {
        let service = layer(source.clone()).layer(limited(&source));
        let won = all_at_once(service.clone(), one_winner(&source)).await;
        assert_eq!(won, 1);
        assert_eq!(all_at_once(service, all_win()).await, WRITERS);
    }
}

#[tokio::test(start_paused = true)]
async fn a_limit_inside() {
    with_the_limit_inside(ConditionalLayer::new).await;
}

#[tokio::test(start_paused = true)]
async fn a_limit_inside_and_bodies_collected() {
    with_the_limit_inside(|source| ConditionalLayer::new(source).collect_bodies(100, Body::new))
        .await;
}

#[tokio::test(start_paused = true)]
async fn a_limit_inside_and_refused_bodies_read() {
    with_the_limit_inside(|source| {
        let policy = WritePolicy::optional().read_refused_bodies(100);
        ConditionalLayer::new(source).writes(policy)
    })
    .await;
}

/// A layer around a layer, with the limit between them and inside the inner one.
#[tokio::test(start_paused = true)]
async fn limits_between_layers() {
    for source in Versions::both() {
        let layer = ConditionalLayer::new(source.clone());
        let service = ServiceBuilder::new()
            .layer(layer.clone())
            .concurrency_limit(1)
            .layer(layer)
            .service(limited(&source));
        let won = all_at_once(service.clone(), one_winner(&source)).await;
        assert_eq!(won, 1);
        assert_eq!(all_at_once(service, all_win()).await, WRITERS);
    }
}

#[tokio::test(start_paused = true)]
async fn a_limit_outside() {
    for source in Versions::both() {
        let service = ServiceBuilder::new()
            .concurrency_limit(1)
            .layer(ConditionalLayer::new(source.clone()))
            .service(limited(&source));
        assert_eq!(all_at_once(service, one_winner(&source)).await, 1);
    }
}

/// A client that stalls in its body takes nobody's place while the body is collected.
#[tokio::test(start_paused = true)]
async fn a_stalled_body_takes_no_place() {
    for source in Versions::both() {
        let tag = source.changed("/a");
        let service = ConditionalLayer::new(source.clone())
            .collect_bodies(100, Body::new)
            .layer(limited(&source));
        let (sender, body) = arriving_body(None);
        let stalled = request_with("PUT", "/a", &[("if-match", text(&tag))], body);
        let stalled = tokio::spawn(service.clone().oneshot(stalled));
        sender.data("half");
        assert_eq!(all_at_once(service, all_win()).await, WRITERS);
        drop(sender);
        let answer = finishes(stalled).await.unwrap().unwrap();
        assert_eq!(answer.status(), 412);
    }
}
