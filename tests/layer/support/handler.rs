//! Handlers that answer at once, and what comes out of a layer around them.

use std::convert::Infallible;
use std::fmt::Debug;
use std::future::{Ready, ready};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_util::FutureExt;
use http::header::HeaderMap;
use http::request::Parts;
use http::{Request, Response};
use http_body::Body;
use http_body_util::{Empty, Full};
use tower::{Layer, Service, ServiceExt};
use tower_conditional::layer::ConditionalBody;
use tower_conditional::{BodyHash, ConditionalLayer, ValidatorSource};

use super::body::Scripted;
use super::message::{Answer, get, response};

/// The inner service: it remembers the head of every request that it gets to see.
#[derive(Clone)]
pub(crate) struct Handler {
    seen: Arc<Mutex<Vec<Parts>>>,
    answer: Arc<AnswerFn>,
}

type AnswerFn = dyn Fn(&Parts) -> Response<Full<Bytes>> + Send + Sync;

impl Handler {
    pub(crate) fn new(
        answer: impl Fn(&Parts) -> Response<Full<Bytes>> + Send + Sync + 'static,
    ) -> Self {
        Self {
            seen: Arc::default(),
            answer: Arc::new(answer),
        }
    }

    /// Always this answer.
    pub(crate) fn answering(status: u16, given: &[(&str, &str)], body: &'static str) -> Self {
        let answer: Response<Full<Bytes>> = response(status, given, body);
        Self::new(move |_| answer.clone())
    }

    pub(crate) fn calls(&self) -> usize {
        self.seen.lock().unwrap().len()
    }

    /// The fields of the only request that was seen.
    #[track_caller]
    pub(crate) fn seen_fields(&self) -> HeaderMap {
        let seen = self.seen.lock().unwrap();
        let [only] = &seen[..] else {
            panic!("{} calls", seen.len());
        };
        only.headers.clone()
    }
}

impl<B> Service<Request<B>> for Handler {
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let (mut head, _) = request.into_parts();
        let response = (self.answer)(&head);
        // `Checked` is in there, and with it the write lock.
        head.extensions.clear();
        self.seen.lock().unwrap().push(head);
        ready(Ok(response))
    }
}

/// Sends the request through `layer` around `inner`. Nothing here waits for anything, so no runtime is needed.
#[track_caller]
pub(crate) fn send<L, S, B>(layer: &L, inner: S, request: Request<Full<Bytes>>) -> Answer
where
    L: Layer<S>,
    L::Service: Service<Request<Full<Bytes>>, Response = Response<B>>,
    <L::Service as Service<Request<Full<Bytes>>>>::Error: Debug,
    B: Body,
    B::Error: Debug,
{
    let answer = layer.layer(inner).oneshot(request);
    let answer = answer.now_or_never().expect("nothing has to be waited for");
    Answer::of(answer.unwrap())
}

/// A service that answers every request with the response that `make` makes of its head.
pub(crate) fn answering<F, B>(
    make: F,
) -> impl Service<
    Request<Empty<Bytes>>,
    Response = Response<B>,
    Error = Infallible,
    Future = Ready<Result<Response<B>, Infallible>>,
> + Clone
+ Send
where
    F: Fn(&Request<Empty<Bytes>>) -> Response<B> + Clone + Send,
{
    tower::service_fn(move |request| ready(Ok(make(&request))))
}

/// What comes out of a layer over `source` around a service that makes its responses with `make`.
pub(crate) async fn through<V, F, B>(
    source: V,
    request: Request<Empty<Bytes>>,
    make: F,
) -> Response<ConditionalBody<B>>
where
    V: ValidatorSource,
    F: Fn(&Request<Empty<Bytes>>) -> Response<B> + Clone + Send + 'static,
    B: Body<Data = Bytes> + Unpin + Send + 'static,
    B::Error: Send,
{
    let service = ConditionalLayer::new(source).layer(answering(make));
    let Ok(response) = service.oneshot(request).await;
    response
}

/// The response to a GET of a body that can be made once, through `BodyHash`.
pub(crate) async fn hashed(
    source: BodyHash,
    fields: &[(&str, &str)],
    body: Scripted,
) -> Response<ConditionalBody<Scripted>> {
    let mut response = Response::builder();
    for (name, value) in fields {
        response = response.header(*name, *value);
    }
    let response = response.body(body).expect("a valid response");
    let once = Arc::new(std::sync::Mutex::new(Some(response)));
    through(source, get(&[]), move |_| {
        once.lock().unwrap().take().expect("one request")
    })
    .await
}
