//! Frameworks that have the layer inside, or are inside of it.

use std::convert::Infallible;

use axum::body::Body;
use axum::routing::get;
use bytes::{Buf, BufMut, Bytes};
use http::{Method, Request, Response, StatusCode};
use http_body_util::Full;
use salvo::conn::tcp::TcpAcceptor;
use salvo::prelude::TowerLayerCompat;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::server::{Grpc, NamedService, UnaryService};
use tower::{Layer, Service, ServiceBuilder, ServiceExt, service_fn};
use tower_conditional::{BodyHash, ConditionalLayer};
use warp::Filter;

use crate::support::{Server, guards, guards_at, layer, router};

#[tokio::test]
async fn axum_method_router_route_layer() {
    let note = get(async || "a note").put(async || StatusCode::NO_CONTENT);
    guards::<_, Body, _>(axum::Router::new().route("/note", note.route_layer(layer()))).await;
}

#[tokio::test]
async fn axum_method_router_layer() {
    let note = get(async || "a note").put(async || StatusCode::NO_CONTENT);
    guards::<_, Body, _>(axum::Router::new().route("/note", note.layer(layer()))).await;
}

#[tokio::test]
async fn axum_router_route_layer() {
    guards::<_, Body, _>(router().route_layer(layer())).await;
}

#[tokio::test]
async fn axum_router_layer() {
    guards::<_, Body, _>(router().layer(layer())).await;
}

#[tokio::test]
async fn axum_around_the_router() {
    guards::<_, Body, _>(layer().layer(router())).await;
}

#[tokio::test]
async fn hyper() {
    let handle = |request: Request<hyper::body::Incoming>| async move {
        let is_read = matches!(*request.method(), Method::GET | Method::HEAD);
        let mut answer = Response::new(Full::from(if is_read { "a note" } else { "" }));
        if !is_read {
            *answer.status_mut() = StatusCode::NO_CONTENT;
        }
        Ok::<_, Infallible>(answer)
    };
    Server::start(layer().layer(service_fn(handle)))
        .await
        .guards()
        .await;
}

/// As warp's users write a filter: its type has no name.
fn filter() -> impl Filter<Extract = (impl warp::Reply,), Error = warp::Rejection> + Clone {
    let read = warp::path!("note").and(warp::get()).map(|| "a note");
    let save = warp::path!("note")
        .and(warp::put())
        .and(warp::body::bytes())
        .map(|_: Bytes| StatusCode::NO_CONTENT);
    read.or(save)
}

#[tokio::test]
async fn warp() {
    let service = layer().layer(warp::service(filter()));
    Server::start(service).await.guards().await;
    guards::<_, Full<Bytes>, _>(layer().layer(warp::service(filter().boxed()))).await;
}

#[salvo::handler]
async fn read_by_salvo() -> &'static str {
    "a note"
}

#[salvo::handler]
async fn save_by_salvo(answer: &mut salvo::Response) {
    answer.status_code(salvo::http::StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn salvo() {
    let router = salvo::Router::with_path("note")
        .hoop(layer().compat::<salvo::http::ReqBody>())
        .get(read_by_salvo)
        .put(save_by_salvo);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let acceptor = TcpAcceptor::try_from(listener).unwrap();
    let mut tasks = tokio::task::JoinSet::new();
    tasks.spawn(salvo::Server::new(acceptor).serve(router));
    guards_at(address).await;
}

/// A message as it is, so that no code has to be generated.
#[derive(Clone, Default)]
struct Plain;

impl Codec for Plain {
    type Encode = Bytes;
    type Decode = Bytes;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for Plain {
    type Item = Bytes;
    type Error = tonic::Status;

    fn encode(&mut self, item: Bytes, into: &mut EncodeBuf<'_>) -> Result<(), tonic::Status> {
        into.put(item);
        Ok(())
    }
}

impl Decoder for Plain {
    type Item = Bytes;
    type Error = tonic::Status;

    fn decode(&mut self, from: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, tonic::Status> {
        Ok(Some(from.copy_to_bytes(from.remaining())))
    }
}

/// Answers with what it got.
#[derive(Clone)]
struct Echo;

impl NamedService for Echo {
    const NAME: &'static str = "neighbours.Echo";
}

impl UnaryService<Bytes> for Echo {
    type Response = Bytes;
    type Future = std::future::Ready<Result<tonic::Response<Bytes>, tonic::Status>>;

    fn call(&mut self, request: tonic::Request<Bytes>) -> Self::Future {
        std::future::ready(Ok(tonic::Response::new(request.into_inner())))
    }
}

impl Service<Request<tonic::body::Body>> for Echo {
    type Response = Response<tonic::body::Body>;
    type Error = Infallible;
    type Future = futures_util::future::BoxFuture<'static, Result<Self::Response, Infallible>>;

    fn poll_ready(
        &mut self,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Result<(), Infallible>> {
        std::task::Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<tonic::body::Body>) -> Self::Future {
        Box::pin(async move { Ok(Grpc::new(Plain).unary(Echo, request).await) })
    }
}

/// A call passes a layer that looks nothing up, with its trailers. A tag on it would be that of no representation.
#[tokio::test]
async fn tonic() {
    let routes = tonic::service::Routes::new(Echo).prepare();
    let layer = ConditionalLayer::new(BodyHash::strong());
    let service = ServiceBuilder::new()
        .layer(layer)
        .service(routes)
        .map_request(|request: Request<tonic::body::Body>| request);
    let mut client = tonic::client::Grpc::new(service);
    client.ready().await.unwrap();
    let path = http::uri::PathAndQuery::from_static("/neighbours.Echo/Call");
    let request = tonic::Request::new(Bytes::from("a message"));
    let answer = client.unary(request, path, Plain).await.unwrap();
    assert!(!answer.metadata().contains_key("etag"));
    assert_eq!(answer.into_inner(), "a message");
}
