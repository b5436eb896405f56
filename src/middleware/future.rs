//! The future of the service: a named type, so that a request that does not wait needs no allocation.

use std::fmt;
use std::future::Future;
use std::ops::ControlFlow;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::Response;
use http_body::Body;
use pin_project_lite::pin_project;

use super::on_response::{OnResponse, Reading};
use super::options::Options;
use crate::body::ConditionalBody;

pin_project! {
    /// The future of [`Conditional`](crate::middleware::Conditional).
    pub struct ResponseFuture<F, B, E>
    where
        B: Body,
    {
        #[pin]
        state: State<F, B, E>,
        options: Arc<Options>,
    }
}

type Waiting<B, E> = Pin<Box<dyn Future<Output = Result<Response<ConditionalBody<B>>, E>> + Send>>;

pin_project! {
    #[project = StateProjection]
    enum State<F, B, E>
    where
        B: Body,
    {
        // The handler runs. It is declared first, so that dropping the future stops the handler before it frees the lock.
        Running { #[pin] inner: F, on_response: OnResponse },
        // The handler has answered, and its body is being read to make a tag.
        Hashing { reading: Option<Box<Reading<B>>> },
        // The layer has answered without the handler.
        Answered { response: Option<Response<ConditionalBody<B>>> },
        // The request waits before its handler runs: for the source, the lock or a body.
        Waiting { future: Waiting<B, E> },
    }
}

impl<F, B: Body, E> ResponseFuture<F, B, E> {
    /// The handler runs; `on_response` says what to do with its response.
    pub(crate) const fn running(options: Arc<Options>, inner: F, on_response: OnResponse) -> Self {
        Self {
            state: State::Running { inner, on_response },
            options,
        }
    }

    /// The layer has answered.
    pub(crate) const fn answered(
        options: Arc<Options>,
        response: Response<ConditionalBody<B>>,
    ) -> Self {
        Self {
            state: State::Answered {
                response: Some(response),
            },
            options,
        }
    }

    /// The request waits before its handler runs.
    pub(crate) fn waiting(
        options: Arc<Options>,
        future: impl Future<Output = Result<Response<ConditionalBody<B>>, E>> + Send + 'static,
    ) -> Self {
        Self {
            state: State::Waiting {
                future: Box::pin(future),
            },
            options,
        }
    }
}

impl<F, B, E> Future for ResponseFuture<F, B, E>
where
    F: Future<Output = Result<Response<B>, E>>,
    B: Body<Data = Bytes> + Unpin,
{
    type Output = Result<Response<ConditionalBody<B>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        const AGAIN: &str = "polled after it was ready";
        let mut this = self.project();
        match this.state.as_mut().project() {
            StateProjection::Running { inner, on_response } => {
                let response = match ready!(inner.poll(cx)) {
                    Ok(response) => response,
                    Err(error) => {
                        // Frees the write lock at once.
                        *on_response = OnResponse::Pass;
                        return Poll::Ready(Err(error));
                    }
                };
                if let OnResponse::Evaluate(deferred) = on_response
                    && this.options.may_read_body(deferred, &response)
                {
                    return match this.options.read_ahead(deferred, response, cx) {
                        ControlFlow::Break(response) => Poll::Ready(Ok(response)),
                        ControlFlow::Continue(reading) => {
                            let reading = Some(reading);
                            this.state.set(State::Hashing { reading });
                            Poll::Pending
                        }
                    };
                }
                Poll::Ready(Ok(this.options.apply(on_response, response)))
            }
            StateProjection::Hashing { reading } => {
                let outcome = ready!(reading.as_mut().expect(AGAIN).hashing.poll(cx));
                let reading = reading.take().expect(AGAIN);
                Poll::Ready(Ok(this.options.answer_read_ahead(*reading, outcome)))
            }
            StateProjection::Answered { response } => {
                Poll::Ready(Ok(response.take().expect(AGAIN)))
            }
            StateProjection::Waiting { future } => {
                let mut polled = future.as_mut().poll(cx);
                if let Poll::Ready(Ok(response)) = &mut polled {
                    this.options.write_tags(response);
                }
                polled
            }
        }
    }
}

impl<F, B: Body, E> fmt::Debug for ResponseFuture<F, B, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ResponseFuture")
    }
}
