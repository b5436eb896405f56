//! The future of the companion: the inner response, and then its header surgery.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::Response;
use http_body::Body;
use pin_project_lite::pin_project;

use super::Coded;
use super::incoming::SentTags;
use super::outgoing;
use crate::body::ConditionalBody;

pin_project! {
    /// The future of [`Finish`](super::Finish).
    pub struct FinishFuture<F> {
        #[pin]
        inner: F,
        coded: Coded,
        sent: SentTags,
        is_head: bool,
    }
}

impl<F> FinishFuture<F> {
    pub(super) const fn new(inner: F, coded: Coded, sent: SentTags, is_head: bool) -> Self {
        Self {
            inner,
            coded,
            sent,
            is_head,
        }
    }
}

impl<F, B, E> Future for FinishFuture<F>
where
    F: Future<Output = Result<Response<B>, E>>,
    B: Body,
{
    type Output = Result<Response<ConditionalBody<B>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let response = ready!(this.inner.poll(cx))?;
        let repaired = outgoing::repair(response, *this.coded, this.sent, *this.is_head);
        Poll::Ready(Ok(repaired))
    }
}

impl<F> fmt::Debug for FinishFuture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FinishFuture")
    }
}
