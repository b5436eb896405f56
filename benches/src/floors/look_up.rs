//! A read whose tag is known before the handler runs.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::header::{ETAG, HeaderValue, LAST_MODIFIED};
use http::{Request, Response, StatusCode};
use tower::Service;

use super::evaluate::evaluate;
use super::{Maybe, short};

/// Adds the tag and the date to each response, or answers 304 or 412. Without a tag it only looks for preconditions.
#[derive(Clone)]
pub struct Known<S> {
    inner: S,
    tag: Option<HeaderValue>,
    date: Option<HeaderValue>,
}

impl<S> Known<S> {
    /// Finds no precondition, and adds nothing.
    pub const fn nothing(inner: S) -> Self {
        Self {
            inner,
            tag: None,
            date: None,
        }
    }

    pub fn tagged(inner: S, tag: &'static str) -> Self {
        Self {
            tag: Some(HeaderValue::from_static(tag)),
            ..Self::nothing(inner)
        }
    }

    pub fn dated(inner: S, tag: &'static str, date: &'static str) -> Self {
        Self {
            date: Some(HeaderValue::from_static(date)),
            ..Self::tagged(inner, tag)
        }
    }
}

type Validators = (Option<HeaderValue>, Option<HeaderValue>);

pub enum Answer<F> {
    Running(F, Validators),
    Short(Option<(StatusCode, Validators)>),
}

impl<F, B> Future for Answer<F>
where
    F: Future<Output = Result<Response<B>, Infallible>> + Unpin,
{
    type Output = Result<Response<Maybe<B>>, Infallible>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.get_mut() {
            Self::Running(inner, validators) => {
                let Ok(mut response) = ready!(Pin::new(inner).poll(cx));
                if let (Some(tag), date) = (validators.0.take(), validators.1.take()) {
                    response.headers_mut().insert(ETAG, tag);
                    if let Some(date) = date {
                        response.headers_mut().insert(LAST_MODIFIED, date);
                    }
                }
                Poll::Ready(Ok(response.map(|body| Maybe(Some(body)))))
            }
            Self::Short(answer) => {
                let (status, (tag, date)) = answer.take().expect("polled once");
                let mut response = short(status, ETAG, tag.expect("only a tag is matched"));
                if let Some(date) = date {
                    response.headers_mut().insert(LAST_MODIFIED, date);
                }
                Poll::Ready(Ok(response))
            }
        }
    }
}

impl<S, R, B> Service<Request<R>> for Known<S>
where
    S: Service<Request<R>, Response = Response<B>, Error = Infallible>,
    S::Future: Unpin,
{
    type Response = Response<Maybe<B>>;
    type Error = Infallible;
    type Future = Answer<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<R>) -> Self::Future {
        let status = match &self.tag {
            Some(tag) => evaluate(request.method(), request.headers(), tag),
            None => super::evaluate::any(request.headers()).then_some(StatusCode::BAD_REQUEST),
        };
        let validators = (self.tag.clone(), self.date.clone());
        match status {
            None => Answer::Running(self.inner.call(request), validators),
            Some(status) => Answer::Short(Some((status, validators))),
        }
    }
}

/// The same where the source has to be waited for: the future is boxed.
#[derive(Clone)]
pub struct Boxed<S>(pub S);

impl<S, R> Service<R> for Boxed<S>
where
    S: Service<R, Error = Infallible>,
    S::Future: Send + 'static,
{
    type Response = S::Response;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, request: R) -> Self::Future {
        Box::pin(self.0.call(request))
    }
}
