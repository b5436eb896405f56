//! Sends a request to the service under test, and reports the answer, an error or a panic.

use std::any::Any;
use std::error::Error;
use std::fmt;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll};

use bytes::{Buf, Bytes, BytesMut};
use http::{HeaderMap, Request, Response, StatusCode};
use http_body::Body;
use tower::Service;

use super::ask::Ask;
use super::content::Content;

/// The error of a service or of a body.
pub(crate) type BoxError = Box<dyn Error + Send + Sync>;

/// How much of a response's body is read.
const LIMIT: usize = 1024 * 1024;

/// A reply, or why there is none.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) ask: Ask,
    pub(crate) reply: Result<Reply, String>,
}

#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) fields: HeaderMap,
    pub(crate) body: Bytes,
    /// Whether the body ended within the limit.
    pub(crate) is_whole: bool,
}

impl Answer {
    pub(crate) fn status(&self) -> Option<StatusCode> {
        self.reply.as_ref().ok().map(|reply| reply.status)
    }

    pub(crate) fn is_success(&self) -> bool {
        self.status().is_some_and(|status| status.is_success())
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.reply {
            Ok(reply) => write!(f, "{}", reply.status),
            Err(failure) => f.write_str(failure),
        }
    }
}

pub(crate) type Answering<'e> = Pin<Box<dyn Future<Output = Answer> + Send + 'e>>;

/// A service with its types erased.
pub(crate) trait Exchange: Sync {
    fn send(&self, ask: Ask) -> Answering<'_>;
}

/// Locked only to be cloned, so that the service need not be `Sync`.
pub(crate) struct Erased<S>(Mutex<S>);

impl<S> Erased<S> {
    pub(crate) const fn new(service: S) -> Self {
        Self(Mutex::new(service))
    }
}

impl<S, B> Exchange for Erased<S>
where
    S: Service<Request<Content>, Response = Response<B>> + Clone + Send,
    S::Future: Send,
    S::Error: Into<BoxError>,
    B: Body + Send + 'static,
    B::Error: Into<BoxError>,
{
    fn send(&self, ask: Ask) -> Answering<'_> {
        let service = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let calling = CatchPanic(Box::pin(call(service.clone(), ask.to_request())));
        Box::pin(async move {
            let reply = calling.await;
            Answer { ask, reply }
        })
    }
}

async fn call<S, B>(mut service: S, request: Request<Content>) -> Result<Reply, String>
where
    S: Service<Request<Content>, Response = Response<B>>,
    S::Error: Into<BoxError>,
    B: Body,
    B::Error: Into<BoxError>,
{
    let failed = |error: S::Error| no_response(&error.into());
    poll_fn(|cx| service.poll_ready(cx)).await.map_err(failed)?;
    let (head, body) = service.call(request).await.map_err(failed)?.into_parts();
    let (body, is_whole) = read(body).await?;
    Ok(Reply {
        status: head.status,
        fields: head.headers,
        body,
        is_whole,
    })
}

async fn read<B>(body: B) -> Result<(Bytes, bool), String>
where
    B: Body,
    B::Error: Into<BoxError>,
{
    let mut body = pin!(body);
    let mut read = BytesMut::new();
    while let Some(frame) = poll_fn(|cx| body.as_mut().poll_frame(cx)).await {
        let frame = frame.map_err(|error| no_response(&error.into()))?;
        if let Ok(data) = frame.into_data() {
            bytes::BufMut::put(&mut read, data.take(LIMIT + 1));
        }
        if read.len() > LIMIT {
            return Ok((read.freeze(), false));
        }
    }
    Ok((read.freeze(), true))
}

/// The error with its causes: "client error (SendRequest)" alone does not say that the connection was closed.
fn no_response(error: &BoxError) -> String {
    let mut text = format!("no response: {error}");
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

/// A panic of the service counts as an answer.
struct CatchPanic<'e>(Pin<Box<dyn Future<Output = Result<Reply, String>> + Send + 'e>>);

impl Future for CatchPanic<'_> {
    type Output = Result<Reply, String>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        // What panicked is not touched again: the future is not polled after it is ready.
        let polled = catch_unwind(AssertUnwindSafe(|| self.0.as_mut().poll(cx)));
        polled.unwrap_or_else(|panic| Poll::Ready(Err(panicked(&*panic))))
    }
}

fn panicked(panic: &(dyn Any + Send)) -> String {
    let message = panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    format!("no response: panicked: {}", message.unwrap_or("…"))
}
