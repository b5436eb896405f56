//! A guarded write whose tag is the SHA-256 of what a reader answers.

use std::convert::Infallible;
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::header::IF_MATCH;
use http::{Method, Request, Response};
use http_body::Body;
use http_body_util::{BodyExt, Empty};
use sha2::{Digest, Sha256};
use tower::Service;

use super::evaluate::evaluate;
use super::hash::tag_of;
use super::write::{CheckedAgainst, Locks};

/// Asks the reader for the target under the lock, and evaluates If-Match against the tag of its answer.
#[derive(Clone)]
pub struct Probed<S, R> {
    inner: S,
    reader: R,
    locks: Arc<Locks>,
}

impl<S, R> Probed<S, R> {
    pub fn new(inner: S, reader: R) -> Self {
        Self {
            inner,
            reader,
            locks: Arc::default(),
        }
    }
}

impl<S, R, Q, B> Service<Request<Q>> for Probed<S, R>
where
    S: Service<Request<Q>, Response = Response<B>, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
    R: Service<Request<Empty<Bytes>>, Response = Response<B>, Error = Infallible>
        + Clone
        + Send
        + 'static,
    R::Future: Send,
    Q: Send + 'static,
    B: Body<Data = Bytes, Error = Infallible> + Default + Send + Unpin,
{
    type Response = Response<B>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<B>, Infallible>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<Q>) -> Self::Future {
        let (mut inner, mut reader) = (self.inner.clone(), self.reader.clone());
        let held = self.locks.try_take(&[]).expect("nobody else writes here");
        Box::pin(async move {
            let mut probe = Request::new(Empty::new());
            *probe.method_mut() = Method::GET;
            *probe.uri_mut() = request.uri().clone();
            *probe.headers_mut() = request.headers().clone();
            probe.headers_mut().remove(IF_MATCH);
            let Ok(page) = reader.call(probe).await;
            let mut body = pin!(page.into_body());
            let mut hash = Sha256::new();
            while let Some(Ok(frame)) = body.frame().await {
                hash.update(frame.data_ref().expect("only data"));
            }
            let tag = tag_of(hash);
            if let Some(status) = evaluate(request.method(), request.headers(), &tag) {
                let mut refused = Response::new(B::default());
                *refused.status_mut() = status;
                return Ok(refused);
            }
            request.extensions_mut().insert(CheckedAgainst(tag));
            let answer = inner.call(request).await;
            drop(held);
            answer
        })
    }
}
