//! The outer layer for content codings, on a read without conditional headers.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::header::{CONTENT_ENCODING, ETAG};
use http::{Method, Request, Response};
use tower::Service;

use super::Maybe;
use super::evaluate::any;

/// Finds no conditional header in the request, and no encoded, tagged content in the response.
#[derive(Clone)]
pub struct Uncoded<S>(pub S);

pub struct Answer<F> {
    inner: F,
    is_head: bool,
}

impl<F, B> Future for Answer<F>
where
    F: Future<Output = Result<Response<B>, Infallible>> + Unpin,
{
    type Output = Result<Response<Maybe<B>>, Infallible>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Ok(response) = ready!(Pin::new(&mut self.inner).poll(cx));
        let has = |name| response.headers().keys().any(|present| present == name);
        let is_plain = !has(CONTENT_ENCODING) && !has(ETAG) && !response.status().is_redirection();
        assert!(is_plain && !self.is_head, "a plain read");
        Poll::Ready(Ok(response.map(|body| Maybe(Some(body)))))
    }
}

impl<S, R, B> Service<Request<R>> for Uncoded<S>
where
    S: Service<Request<R>, Response = Response<B>, Error = Infallible>,
    S::Future: Unpin,
{
    type Response = Response<Maybe<B>>;
    type Error = Infallible;
    type Future = Answer<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, request: Request<R>) -> Self::Future {
        assert!(!any(request.headers()), "a plain read");
        Answer {
            is_head: request.method() == Method::HEAD,
            inner: self.0.call(request),
        }
    }
}
