//! tower-etag-cache: on http 0.2, and with a task of its own that keeps the tags, so it is asked on a runtime.
//!
//! It has a bare service of the same kind beside it.

use std::convert::Infallible;
use std::fmt;
use std::future::{Ready, poll_fn, ready};
use std::task::{Context, Poll};

use bytes::Bytes;
use http::header::HeaderName;
use http_02::header::HeaderValue;
use http_02::{Request, Response};
use http_body_04::Full;
use hyper_014::Body;
use tokio::runtime::{Builder, Runtime};
use tower::{Layer, Service};
use tower_conditional_benches::meter::Meter;
use tower_etag_cache::EtagCacheLayer;
use tower_etag_cache::const_lru_provider::ConstLruProvider;

use crate::jobs::{Job, row};
use crate::request::{ORDINARY, TAG};

const BARE: &str = "bare service of http 0.2, on tokio";
const CACHE: &str = "tower-etag-cache (BLAKE3; 304 out of its cache)";

pub(crate) fn rows(meter: &mut impl Meter, size: usize, jobs: &[Job]) {
    let runtime = Builder::new_current_thread().build().expect("a runtime");
    let bare = Bare(Full::new(Bytes::from(vec![b'x'; size])));
    ask_all(meter, &runtime, (BARE, None), &mut bare.clone(), jobs);
    let provider = runtime.block_on(async { ConstLruProvider::<_, _, 255, u8>::init(5) });
    let cache = &mut EtagCacheLayer::with_default_predicate(provider).layer(bare);
    ask_all(meter, &runtime, (CACHE, Some(BARE)), cache, jobs);
}

fn ask_all<M, S, B>(
    meter: &mut M,
    runtime: &Runtime,
    (who, base): (&str, Option<&str>),
    service: &mut S,
    jobs: &[Job],
) where
    M: Meter,
    S: Service<Request<Body>, Response = Response<B>>,
    S::Error: fmt::Debug,
    B: http_body_04::Body<Data = Bytes> + Unpin,
    B::Error: fmt::Debug,
{
    let (_, _, tag) = runtime.block_on(operate(service, request(None)));
    let tag = tag
        .as_ref()
        .and_then(|tag| tag.to_str().ok())
        .unwrap_or(TAG);
    for job in jobs {
        let field = (job.field)(tag);
        let (status, bytes, _) = runtime.block_on(operate(service, request(field.as_ref())));
        if base.is_some() {
            let expected = (job.status.as_u16(), job.bytes);
            assert_eq!((status, bytes), expected, "{who}: {}", job.name);
        }
        meter.row(
            row(job.name, who, base),
            || request(field.as_ref()),
            |request| runtime.block_on(operate(service, request)),
        );
    }
}

/// Status, bytes of the body, and the tag.
async fn operate<S, B>(service: &mut S, request: Request<Body>) -> (u16, usize, Option<HeaderValue>)
where
    S: Service<Request<Body>, Response = Response<B>>,
    S::Error: fmt::Debug,
    B: http_body_04::Body<Data = Bytes> + Unpin,
    B::Error: fmt::Debug,
{
    let ready = poll_fn(|context| service.poll_ready(context)).await;
    ready.expect("always ready");
    let response = service.call(request).await.expect("a response");
    let (mut head, mut body) = response.into_parts();
    let mut bytes = 0;
    while let Some(data) = body.data().await {
        bytes += data.expect("bytes").len();
    }
    (head.status.as_u16(), bytes, head.headers.remove("etag"))
}

fn request(field: Option<&(HeaderName, String)>) -> Request<Body> {
    let mut request = Request::get("/notes/1");
    for (name, value) in ORDINARY {
        request = request.header(name, value);
    }
    if let Some((name, value)) = field {
        request = request.header(name.as_str(), value);
    }
    request.body(Body::empty()).expect("a well-formed request")
}

/// What `tower-conditional-benches` measures as bare, on the older http.
#[derive(Clone)]
struct Bare(Full<Bytes>);

impl Service<Request<Body>> for Bare {
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<Body>) -> Self::Future {
        let mut response = Response::new(self.0.clone());
        let octet_stream = HeaderValue::from_static("application/octet-stream");
        response.headers_mut().insert("content-type", octet_stream);
        ready(Ok(response))
    }
}
