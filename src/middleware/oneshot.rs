//! One call of a service that is not ready yet.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;
use tower::Service;

pin_project! {
    /// Makes a service ready and calls it once.
    ///
    /// Not an `async fn`, because its future would reserve space for the service, the request and the call at the same
    /// time. The one of `tower::util` would add five dependencies.
    #[project = OneshotProjection]
    pub(crate) enum Oneshot<S, R>
    where
        S: Service<R>,
    {
        Unready { inner: S, request: Option<R> },
        Called { #[pin] call: S::Future },
    }
}

impl<S: Service<R>, R> Oneshot<S, R> {
    pub(crate) const fn new(inner: S, request: R) -> Self {
        Self::Unready {
            inner,
            request: Some(request),
        }
    }
}

impl<S: Service<R>, R> Future for Oneshot<S, R> {
    type Output = Result<S::Response, S::Error>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        loop {
            match self.as_mut().project() {
                OneshotProjection::Unready { inner, request } => {
                    ready!(inner.poll_ready(cx))?;
                    let request = request.take().expect("polled after it was ready");
                    let call = inner.call(request);
                    self.set(Self::Called { call });
                }
                OneshotProjection::Called { call } => return call.poll(cx),
            }
        }
    }
}
