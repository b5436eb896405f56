//! Real connections, byte by byte: every answer ends where it says, the next one begins there, and there is no content
//! where none may be.

mod ask;
mod expect;
mod hostile;
mod lengths;
mod pipelines;

use std::convert::Infallible;

use axum::Router;
use axum::body::Body;
use axum::routing::get;
use bytes::Bytes;
use futures_util::stream;
use http::{Method, Request, Response, StatusCode};
use http_body_util::BodyExt;
use tower::{Layer, Service, ServiceBuilder, ServiceExt, service_fn};
use tower_conditional::content_coding::ContentCodingLayer;
use tower_conditional::source::Fixed;
use tower_conditional::{
    BodyHash, ConditionalLayer, EntityTag, FromResponse, ValidatorSource, WritePolicy,
};
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::SizeAbove;

use crate::support::Served;
use crate::support::source;

const PAGE: &str = "A page that is long enough to be worth compressing, compressing, compressing.";
const V1: EntityTag = EntityTag::from_static("\"v1\"");

/// A way in which the layer comes to its answer.
struct Way {
    name: &'static str,
    service: Served,
    evaluates_writes: bool,
}

fn ways() -> Vec<Way> {
    let reader = service_fn(|request: Request<_>| page(request.map(Body::new)));
    let evaluating = |name, source| Way {
        name,
        service: served(required(source).layer(service_fn(page))),
        evaluates_writes: true,
    };
    let reading = |name, service| Way {
        name,
        service,
        evaluates_writes: false,
    };
    let hashing = |source| served(ConditionalLayer::new(source).layer(service_fn(page)));
    let streams = ConditionalLayer::new(BodyHash::strong().collect_streams());
    let tagged = ConditionalLayer::new(FromResponse).layer(service_fn(tagged_page));
    vec![
        evaluating("known", Fixed::new(V1).boxed()),
        evaluating("looked up", source::waiting(V1).boxed()),
        evaluating("chained", FromResponse.or(Fixed::new(V1)).boxed()),
        evaluating("probed", BodyHash::strong().probe_with(reader).boxed()),
        Way {
            name: "behind a compressor",
            service: compressed(),
            evaluates_writes: true,
        },
        reading("by the response", served(tagged)),
        reading("hashed", hashing(BodyHash::strong())),
        reading(
            "hashed as a stream",
            served(streams.layer(service_fn(streamed_page))),
        ),
    ]
}

fn required<V: ValidatorSource>(source: V) -> ConditionalLayer<V> {
    ConditionalLayer::new(source).writes(WritePolicy::required())
}

fn served<S, B>(service: S) -> Served
where
    S: Service<Request<Body>, Response = Response<B>, Error = Infallible, Future: Send>,
    S: Clone + Send + Sync + 'static,
    B: http_body::Body<Data = Bytes, Error: Into<axum::BoxError>> + Send + 'static,
{
    Served::new(service.map_response(|response: Response<B>| response.map(Body::new)))
}

/// A router behind a compressor without a lower limit, and a `ContentCodingLayer`.
fn compressed() -> Served {
    let done = async || StatusCode::NO_CONTENT;
    let methods = get(async || PAGE).put(done).delete(done);
    let router = Router::new().route("/r", methods.route_layer(required(Fixed::new(V1))));
    let compression = CompressionLayer::new().compress_when(SizeAbove::new(0));
    let service = ServiceBuilder::new()
        .layer(ContentCodingLayer::new())
        .layer(compression);
    served(service.service(router))
}

/// A handler that knows what a HEAD is.
async fn page(request: Request<Body>) -> Result<Response<Body>, Infallible> {
    Ok(match *request.method() {
        Method::GET => Response::new(Body::from(PAGE)),
        Method::HEAD => {
            let mut response = Response::new(Body::empty());
            let length = PAGE.len().into();
            response.headers_mut().insert("content-length", length);
            response
        }
        _ => {
            drop(request.into_body().collect().await.unwrap());
            let mut response = Response::new(Body::empty());
            *response.status_mut() = StatusCode::NO_CONTENT;
            response
        }
    })
}

async fn tagged_page(request: Request<Body>) -> Result<Response<Body>, Infallible> {
    let mut response = page(request).await?;
    if response.status() == StatusCode::OK {
        response.headers_mut().insert("etag", V1.into());
    }
    Ok(response)
}

/// Of unknown size, and in two frames.
async fn streamed_page(request: Request<Body>) -> Result<Response<Body>, Infallible> {
    let response = page(request).await?;
    let (first, second) = PAGE.split_at(10);
    let frames = [first, second].map(|piece| Ok::<_, Infallible>(Bytes::from(piece)));
    Ok(if response.status() == StatusCode::OK {
        Response::new(Body::from_stream(stream::iter(frames)))
    } else {
        response
    })
}
