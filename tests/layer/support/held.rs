//! Futures polled by hand, and a handler whose calls stay open until the test answers them.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};

use axum::body::Body;
use futures_util::future::BoxFuture;
use http::{Request, Response};
use tokio::sync::oneshot;
use tower::Service;
use tower_conditional::{Checked, EntityTag};

use super::Broken;
use super::message::{request_to, response, text};

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
pub(crate) fn send_by_hand<S: Service<Request<Body>> + Clone>(
    service: &S,
    request: Request<Body>,
) -> Driven<impl Future<Output = Result<S::Response, S::Error>> + use<S>> {
    let mut service = service.clone();
    Driven::new(async move {
        std::future::poll_fn(|cx| service.poll_ready(cx)).await?;
        service.call(request).await
    })
}

/// As [`send_by_hand`], and the service is called before anything is polled.
pub(crate) fn start<S: Service<Request<Body>> + Clone>(
    service: &S,
    request: Request<Body>,
) -> Driven<S::Future> {
    let mut service = service.clone();
    let mut cx = Context::from_waker(Waker::noop());
    assert!(service.poll_ready(&mut cx).is_ready());
    Driven::new(service.call(request))
}

pub(crate) fn put(path: &str) -> Request<Body> {
    request_to("PUT", path, &[])
}

pub(crate) fn put_if_match(path: &str, tag: &EntityTag) -> Request<Body> {
    request_to("PUT", path, &[("if-match", text(tag))])
}

/// The inner service: a call stays open until the test answers it.
#[derive(Clone, Default)]
pub(crate) struct HeldHandler(Arc<Mutex<Vec<Option<Call>>>>);

pub(crate) struct Call {
    pub(crate) request: Request<Body>,
    answer: oneshot::Sender<Result<Response<Body>, Broken>>,
}

impl HeldHandler {
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
            .expect("the write was not evaluated")
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
        self.take(call).answer(Ok(response(status, &[], "")));
    }
}

impl Call {
    pub(crate) fn answer(self, answer: Result<Response<Body>, Broken>) {
        // The request goes first, as a handler's arguments do: `Checked` in it holds the lock.
        drop(self.request);
        // The receiver may be gone.
        let _ = self.answer.send(answer);
    }
}

impl Service<Request<Body>> for HeldHandler {
    type Response = Response<Body>;
    type Error = Broken;
    type Future = BoxFuture<'static, Result<Response<Body>, Broken>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Broken>> {
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
            answer.unwrap_or(Err(Broken("nobody answered")))
        })
    }
}

/// A handler's future owns its request: dropped half-way, it drops the request, too.
struct OpenCall(HeldHandler, usize);

impl Drop for OpenCall {
    fn drop(&mut self) {
        let call = self.0.0.lock().unwrap()[self.1].take();
        drop(call);
    }
}
