//! Futures polled by hand, a handler that answers when it is told to, and bodies that arrive when they are sent.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};

use axum::body::Body;
use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::header::{HeaderName, HeaderValue};
use http::{Method, Request, Response, StatusCode};
use http_body::Frame;
use http_body_util::BodyExt;
use tokio::sync::{mpsc, oneshot};
use tower::Service;
use tower_conditional::{Checked, EntityTag};

/// A future that is polled when the test says so; it counts how often it was woken.
pub(crate) struct Driven<F: Future> {
    future: Option<Pin<Box<F>>>,
    wakes: Arc<Wakes>,
}

#[derive(Default)]
struct Wakes(AtomicUsize);

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

impl<F: Future> Driven<F> {
    pub(crate) fn new(future: F) -> Self {
        Self {
            future: Some(Box::pin(future)),
            wakes: Arc::default(),
        }
    }

    /// How often it was woken since it was made.
    pub(crate) fn wakes(&self) -> usize {
        self.wakes.0.load(Ordering::SeqCst)
    }

    /// Polls until it is ready or nothing has woken it.
    #[track_caller]
    pub(crate) fn poll(&mut self) -> Poll<F::Output> {
        let waker = Waker::from(self.wakes.clone());
        let future = self.future.as_mut().expect("the future was dropped");
        loop {
            let before = self.wakes.0.load(Ordering::SeqCst);
            let polled = future.as_mut().poll(&mut Context::from_waker(&waker));
            if polled.is_ready() || self.wakes.0.load(Ordering::SeqCst) == before {
                return polled;
            }
        }
    }

    #[track_caller]
    pub(crate) fn assert_waits(&mut self) {
        assert!(self.poll().is_pending(), "it does not wait");
    }

    #[track_caller]
    pub(crate) fn ready(&mut self) -> F::Output {
        match self.poll() {
            Poll::Ready(output) => output,
            Poll::Pending => panic!("it still waits"),
        }
    }

    /// What hanging up does.
    pub(crate) fn drop_future(&mut self) {
        self.future = None;
    }
}

/// Calls a service with a request and polls the response by hand.
pub(crate) fn send<S: Service<Request<Body>> + Clone>(
    service: &S,
    request: Request<Body>,
) -> Driven<impl Future<Output = Result<S::Response, S::Error>> + use<S>> {
    let mut service = service.clone();
    Driven::new(async move {
        std::future::poll_fn(|cx| service.poll_ready(cx)).await?;
        service.call(request).await
    })
}

/// As [`send`], and the service is called before anything is polled.
pub(crate) fn start<S: Service<Request<Body>> + Clone>(
    service: &S,
    request: Request<Body>,
) -> Driven<S::Future> {
    let mut service = service.clone();
    let mut cx = Context::from_waker(Waker::noop());
    assert!(service.poll_ready(&mut cx).is_ready());
    Driven::new(service.call(request))
}

/// Fields of a row.
pub(crate) type Fields = &'static [(&'static str, &'static str)];

pub(crate) fn request(method: &str, path: &str, fields: &[(&str, &str)]) -> Request<Body> {
    request_with(method, path, fields, Body::empty())
}

pub(crate) fn request_with(
    method: &str,
    path: &str,
    fields: &[(&str, &str)],
    body: Body,
) -> Request<Body> {
    let mut request = Request::new(body);
    *request.method_mut() = Method::from_bytes(method.as_bytes()).unwrap();
    *request.uri_mut() = path.parse().unwrap();
    for &(name, value) in fields {
        let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
        let value = HeaderValue::from_str(value).unwrap();
        request.headers_mut().append(name, value);
    }
    request
}

pub(crate) fn put(path: &str) -> Request<Body> {
    request("PUT", path, &[])
}

pub(crate) fn put_if_match(path: &str, tag: &EntityTag) -> Request<Body> {
    request("PUT", path, &[("if-match", text(tag))])
}

pub(crate) fn text(tag: &EntityTag) -> &str {
    std::str::from_utf8(tag.as_bytes()).unwrap()
}

/// A response whose body was read to its end.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) fields: Vec<(String, String)>,
    pub(crate) body: Bytes,
}

impl Answer {
    /// Bodies in these tests are all there once the head is.
    #[track_caller]
    pub(crate) fn of<B>(response: Response<B>) -> Self
    where
        B: http_body::Body<Data = Bytes>,
        B::Error: std::fmt::Debug,
    {
        let (head, body) = response.into_parts();
        let body = Driven::new(body.collect()).ready().unwrap().to_bytes();
        let fields = head.headers.iter().map(|(name, value)| {
            let value = value.to_str().unwrap();
            (name.as_str().to_owned(), value.to_owned())
        });
        let mut fields: Vec<_> = fields.collect();
        fields.sort();
        Self {
            status: head.status.as_u16(),
            fields,
            body,
        }
    }

    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        let found = self.fields.iter().find(|(field, _)| field == name);
        found.map(|(_, value)| value.as_str())
    }

    /// A member of the problem details.
    #[track_caller]
    pub(crate) fn problem(&self, member: &str) -> String {
        let problem: serde_json::Value = serde_json::from_slice(&self.body).unwrap();
        problem[member].as_str().unwrap_or_default().to_owned()
    }
}

/// Status and reason of a refusal.
#[track_caller]
pub(crate) fn assert_refused<B, E>(response: Result<Response<B>, E>, status: u16, reason: &str)
where
    B: http_body::Body<Data = Bytes>,
    B::Error: std::fmt::Debug,
    E: std::fmt::Debug,
{
    let answer = Answer::of(response.unwrap());
    assert_eq!(answer.status, status);
    assert_eq!(answer.problem("reason"), reason);
}

#[track_caller]
pub(crate) fn assert_status<B, E: std::fmt::Debug>(response: Result<Response<B>, E>, status: u16) {
    assert_eq!(response.unwrap().status(), status);
}

/// The inner service: a call stays open until the test answers it.
#[derive(Clone, Default)]
pub(crate) struct Handler(Arc<Mutex<Vec<Option<Call>>>>);

pub(crate) struct Call {
    pub(crate) request: Request<Body>,
    answer: oneshot::Sender<Result<Response<Body>, HandlerError>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct HandlerError;

impl std::fmt::Display for HandlerError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the handler failed")
    }
}

impl std::error::Error for HandlerError {}

impl Handler {
    pub(crate) fn calls(&self) -> usize {
        self.0.lock().unwrap().len()
    }

    /// The head of a call that is still open.
    #[track_caller]
    pub(crate) fn see<T>(&self, call: usize, look: impl FnOnce(&Request<Body>) -> T) -> T {
        let calls = self.0.lock().unwrap();
        look(&calls[call].as_ref().expect("the call is over").request)
    }

    #[track_caller]
    pub(crate) fn checked(&self, call: usize) -> Checked {
        self.see(call, |request| request.extensions().get().cloned())
            .expect("the write was not judged")
    }

    /// The paths of the calls that are still open, in the order in which they came.
    pub(crate) fn open_paths(&self) -> Vec<String> {
        let calls = self.0.lock().unwrap();
        let open = calls.iter().flatten();
        open.map(|call| call.request.uri().path().to_owned())
            .collect()
    }

    /// The call itself, to be answered with [`Call::answer`].
    #[track_caller]
    pub(crate) fn take(&self, call: usize) -> Call {
        let taken = self.0.lock().unwrap()[call].take();
        taken.expect("the call is over")
    }

    #[track_caller]
    pub(crate) fn answer(&self, call: usize, status: u16) {
        self.take(call).answer(Ok(response(status)));
    }
}

impl Call {
    pub(crate) fn answer(self, answer: Result<Response<Body>, HandlerError>) {
        // The request goes first, as a handler's arguments do: `Checked` in it holds the lock.
        drop(self.request);
        // Nobody may be there to take it.
        let _ = self.answer.send(answer);
    }
}

pub(crate) fn response(status: u16) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::from_u16(status).unwrap();
    response
}

impl Service<Request<Body>> for Handler {
    type Response = Response<Body>;
    type Error = HandlerError;
    type Future = BoxFuture<'static, Result<Response<Body>, HandlerError>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), HandlerError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let (answer, answered) = oneshot::channel();
        let mut calls = self.0.lock().unwrap();
        let open = OpenCall(self.clone(), calls.len());
        calls.push(Some(Call { request, answer }));
        Box::pin(async move {
            let answer = answered.await;
            drop(open);
            answer.unwrap_or(Err(HandlerError))
        })
    }
}

/// A handler's future owns its request: dropped half-way, it drops the request, too.
struct OpenCall(Handler, usize);

impl Drop for OpenCall {
    fn drop(&mut self) {
        let call = self.0.0.lock().unwrap()[self.1].take();
        drop(call);
    }
}

/// A body that arrives frame by frame, when the test sends them.
pub(crate) fn arriving_body(expected: Option<u64>) -> (BodySender, Body) {
    let (sender, frames) = mpsc::unbounded_channel();
    (BodySender(sender), Body::new(Arriving { frames, expected }))
}

pub(crate) struct BodySender(mpsc::UnboundedSender<Result<Frame<Bytes>, HandlerError>>);

impl BodySender {
    pub(crate) fn data(&self, data: impl Into<Bytes>) {
        self.frame(Ok(Frame::data(data.into())));
    }

    pub(crate) fn frame(&self, frame: Result<Frame<Bytes>, HandlerError>) {
        assert!(self.0.send(frame).is_ok(), "nobody reads the body");
    }
}

struct Arriving {
    frames: mpsc::UnboundedReceiver<Result<Frame<Bytes>, HandlerError>>,
    expected: Option<u64>,
}

impl http_body::Body for Arriving {
    type Data = Bytes;
    type Error = HandlerError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, HandlerError>>> {
        self.frames.poll_recv(cx)
    }

    fn size_hint(&self) -> http_body::SizeHint {
        self.expected.map_or_else(
            http_body::SizeHint::default,
            http_body::SizeHint::with_exact,
        )
    }
}
