//! The future of the layer: it waits for the inner response, and corrects its headers.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::Response;
use http_body::Body;
use pin_project_lite::pin_project;

use super::incoming::SentTags;
use super::layer::TagForm;
use super::outgoing;
use crate::body::ConditionalBody;

pin_project! {
    /// The future of [`ContentCoding`](super::ContentCoding).
    pub struct ResponseFuture<F> {
        #[pin]
        inner: F,
        form: TagForm,
        sent: Option<Box<SentTags>>,
        is_head: bool,
    }
}

impl<F> ResponseFuture<F> {
    pub(super) const fn new(
        inner: F,
        form: TagForm,
        sent: Option<Box<SentTags>>,
        is_head: bool,
    ) -> Self {
        Self {
            inner,
            form,
            sent,
            is_head,
        }
    }
}

impl<F, B, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Response<B>, E>>,
    B: Body,
{
    type Output = Result<Response<ConditionalBody<B>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let response = ready!(this.inner.poll(cx))?;
        let repaired = outgoing::repair(response, *this.form, this.sent.as_deref(), *this.is_head);
        Poll::Ready(Ok(repaired))
    }
}

impl<F> fmt::Debug for ResponseFuture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ResponseFuture")
    }
}
