//! The future of a response: named, so that a request that need not wait costs no allocation.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::{Response, response};
use http_body::Body;
use pin_project_lite::pin_project;

use super::after::Next;
use super::judge::{After, SecondLook};
use super::options::Shared;
use crate::body::ConditionalBody;
use crate::source::ValidatorSource;
use crate::source::hashing::{Hashing, Outcome};

pin_project! {
    /// The future of [`Conditional`](crate::Conditional).
    pub struct ResponseFuture<F, V, B, E>
    where
        B: Body,
    {
        #[pin]
        state: State<F, B, E>,
        shared: Arc<Shared<V>>,
    }
}

type Waiting<B, E> = Pin<Box<dyn Future<Output = Result<Response<ConditionalBody<B>>, E>> + Send>>;

pin_project! {
    #[project = StateProjection]
    enum State<F, B, E>
    where
        B: Body,
    {
        // The handler runs. Dropped half-way, it stops before the write lock in `after` is freed.
        Running { #[pin] inner: F, after: Option<After> },
        // The handler has answered, and its body is read to make a tag.
        Hashing { reading: Option<Reading<B>> },
        // The handler does not run.
        Answered { response: Option<Response<ConditionalBody<B>>> },
        // Something has to be waited for before the handler runs: the source, the lock, a body.
        Waiting { future: Waiting<B, E> },
    }
}

struct Reading<B> {
    head: response::Parts,
    hashing: Hashing<B>,
    look: SecondLook,
}

impl<F, V, B: Body, E> ResponseFuture<F, V, B, E> {
    pub(crate) const fn running(shared: Arc<Shared<V>>, inner: F, after: After) -> Self {
        Self {
            state: State::Running {
                inner,
                after: Some(after),
            },
            shared,
        }
    }

    pub(crate) const fn answered(
        shared: Arc<Shared<V>>,
        response: Response<ConditionalBody<B>>,
    ) -> Self {
        Self {
            state: State::Answered {
                response: Some(response),
            },
            shared,
        }
    }

    pub(crate) fn waiting(
        shared: Arc<Shared<V>>,
        future: impl Future<Output = Result<Response<ConditionalBody<B>>, E>> + Send + 'static,
    ) -> Self {
        Self {
            state: State::Waiting {
                future: Box::pin(future),
            },
            shared,
        }
    }
}

impl<F, V, B, E> Future for ResponseFuture<F, V, B, E>
where
    F: Future<Output = Result<Response<B>, E>>,
    V: ValidatorSource,
    B: Body<Data = Bytes> + Unpin,
{
    type Output = Result<Response<ConditionalBody<B>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        const AGAIN: &str = "polled after it was ready";
        let mut this = self.project();
        loop {
            match this.state.as_mut().project() {
                StateProjection::Running { inner, after } => {
                    let response = ready!(inner.poll(cx));
                    // An error, too, frees the write lock at once.
                    let after = after.take().expect(AGAIN);
                    let response = response?;
                    return Poll::Ready(Ok(match after {
                        After::Pass => response.map(ConditionalBody::inner),
                        After::Attach(current) => this.shared.attach(current, response),
                        After::Write(written) => this.shared.written(written, response),
                        After::SecondLook(look) => match this.shared.look_again(look, response) {
                            Next::Respond(response) => response,
                            Next::Hash(head, hashing, look) => {
                                let reading = Some(Reading {
                                    head,
                                    hashing,
                                    look,
                                });
                                this.state.set(State::Hashing { reading });
                                continue;
                            }
                        },
                    }));
                }
                StateProjection::Hashing { reading } => {
                    let outcome = ready!(reading.as_mut().expect(AGAIN).hashing.poll(cx));
                    let reading = reading.take().expect(AGAIN);
                    return Poll::Ready(Ok(reading.conclude(outcome, this.shared)));
                }
                StateProjection::Answered { response } => {
                    return Poll::Ready(Ok(response.take().expect(AGAIN)));
                }
                StateProjection::Waiting { future } => return future.as_mut().poll(cx),
            }
        }
    }
}

impl<B: Body<Data = Bytes> + Unpin> Reading<B> {
    fn conclude<V: ValidatorSource>(
        self,
        outcome: Outcome<B::Error>,
        shared: &Shared<V>,
    ) -> Response<ConditionalBody<B>> {
        let (tag, body) = self.hashing.into_parts(outcome);
        shared.conclude(self.look, self.head, body, tag)
    }
}

impl<F, V, B: Body, E> fmt::Debug for ResponseFuture<F, V, B, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ResponseFuture")
    }
}
