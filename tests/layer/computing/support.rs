//! Bodies that do as they are told, and what a client sees of them.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::fmt;
use std::future::{Ready, poll_fn, ready};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response};
use http_body::{Body, Frame, SizeHint};
use http_body_util::Empty;
use tower::{Layer, Service, ServiceExt};
use tower_conditional::{BodyHash, ConditionalBody, ConditionalLayer, ValidatorSource};

/// What a scripted body does at one poll.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    Data(Bytes),
    Trailers(HeaderMap),
    /// Pending, and woken at once.
    Wait,
    Fail,
}

/// What a scripted body says of its size.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Size {
    Known,
    Unknown,
    /// Whatever is true, it says this until it has sent as much.
    Claimed(u64),
}

/// How a scripted body failed.
#[derive(Debug, PartialEq)]
pub(crate) struct Broken;

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the body is broken")
    }
}

impl std::error::Error for Broken {}

/// A body that follows a script, and tells what is done with it.
pub(crate) struct Scripted {
    steps: VecDeque<Step>,
    size: Size,
    sent: u64,
    log: Arc<Log>,
}

#[derive(Debug, Default)]
pub(crate) struct Log {
    pub(crate) polls: AtomicUsize,
    pub(crate) dropped: AtomicBool,
}

impl Scripted {
    pub(crate) fn new(size: Size, steps: impl IntoIterator<Item = Step>) -> Self {
        Self {
            steps: steps.into_iter().collect(),
            size,
            sent: 0,
            log: Arc::default(),
        }
    }

    /// One frame for each piece.
    pub(crate) fn pieces<P: Into<Bytes>>(size: Size, pieces: impl IntoIterator<Item = P>) -> Self {
        Self::new(
            size,
            pieces.into_iter().map(|piece| Step::Data(piece.into())),
        )
    }

    pub(crate) fn logging(mut self, log: &Arc<Log>) -> Self {
        self.log = log.clone();
        self
    }

    fn left(&self) -> u64 {
        let lengths = self.steps.iter().map(|step| match step {
            Step::Data(data) => data.len() as u64,
            _ => 0,
        });
        lengths.sum()
    }
}

impl Body for Scripted {
    type Data = Bytes;
    type Error = Broken;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
        self.log.polls.fetch_add(1, SeqCst);
        match self.steps.pop_front() {
            None => Poll::Ready(None),
            Some(Step::Fail) => Poll::Ready(Some(Err(Broken))),
            Some(Step::Trailers(fields)) => Poll::Ready(Some(Ok(Frame::trailers(fields)))),
            Some(Step::Data(data)) => {
                self.sent += data.len() as u64;
                Poll::Ready(Some(Ok(Frame::data(data))))
            }
            Some(Step::Wait) => {
                cx.waker().wake_by_ref();
                Poll::Pending
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.steps.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        match self.size {
            Size::Known => SizeHint::with_exact(self.left()),
            Size::Unknown => SizeHint::new(),
            Size::Claimed(bytes) => SizeHint::with_exact(bytes.saturating_sub(self.sent)),
        }
    }
}

impl Drop for Scripted {
    fn drop(&mut self) {
        self.log.dropped.store(true, SeqCst);
    }
}

/// What a client sees of a body.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Seen {
    Data(Bytes),
    Trailers(HeaderMap),
    Failed,
}

impl Seen {
    pub(crate) fn data(data: impl Into<Bytes>) -> Self {
        Self::Data(data.into())
    }
}

/// Every frame, to the end or to the error.
pub(crate) async fn frames<B: Body<Data = Bytes>>(body: B) -> Vec<Seen> {
    let mut body = pin!(body);
    let mut seen = Vec::new();
    while let Some(frame) = poll_fn(|cx| body.as_mut().poll_frame(cx)).await {
        let Ok(frame) = frame else {
            seen.push(Seen::Failed);
            break;
        };
        seen.push(match frame.into_data() {
            Ok(data) => Seen::Data(data),
            Err(frame) => Seen::Trailers(frame.into_trailers().unwrap_or_default()),
        });
    }
    seen
}

/// All data that arrived.
pub(crate) fn data_of(frames: &[Seen]) -> Vec<u8> {
    let data = frames.iter().filter_map(|seen| match seen {
        Seen::Data(data) => Some(&data[..]),
        _ => None,
    });
    data.collect::<Vec<_>>().concat()
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

pub(crate) fn get(fields: &[(&str, &str)]) -> Request<Empty<Bytes>> {
    request(Method::GET, fields)
}

pub(crate) fn request(method: Method, fields: &[(&str, &str)]) -> Request<Empty<Bytes>> {
    let mut request = Request::builder().method(method).uri("/a");
    for (name, value) in fields {
        request = request.header(*name, *value);
    }
    request.body(Empty::new()).expect("a valid request")
}

/// The only line of a field, as text.
#[track_caller]
pub(crate) fn field<'r, B>(response: &'r Response<B>, name: &str) -> Option<&'r str> {
    let mut lines = response.headers().get_all(name).iter();
    let line = lines.next();
    assert!(lines.next().is_none(), "{name} has more than one line");
    line.map(|line| line.to_str().expect("visible ASCII"))
}

#[track_caller]
pub(crate) fn tag<B>(response: &Response<B>) -> Option<&str> {
    field(response, "etag")
}
