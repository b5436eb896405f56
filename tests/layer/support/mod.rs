//! What the tests of the layer share: requests, a handler that remembers them, and answers read to their end.

pub(crate) mod source;

use std::convert::Infallible;
use std::fmt::{Debug, Display};
use std::future::{Ready, ready};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use futures_util::FutureExt;
use http::header::{HeaderMap, HeaderName, HeaderValue};
use http::request::Parts;
use http::{Method, Request, Response, StatusCode};
use http_body::Body;
use http_body_util::{BodyExt, Full};
use tower::{Layer, Service, ServiceExt};
use tower_conditional::{HttpDate, Judged};

/// Wed, 01 Jan 2025 00:00:00 GMT, as in `Last-Modified` of the fixtures.
pub(crate) const T: &str = "Wed, 01 Jan 2025 00:00:00 GMT";
pub(crate) const T_MINUS_1: &str = "Tue, 31 Dec 2024 23:59:59 GMT";
pub(crate) const T_PLUS_1: &str = "Wed, 01 Jan 2025 00:00:01 GMT";
/// Twelve hours after T.
pub(crate) const NOW: &str = "Wed, 01 Jan 2025 12:00:00 GMT";
pub(crate) const NOW_PLUS_1_DAY: &str = "Thu, 02 Jan 2025 12:00:00 GMT";

#[track_caller]
pub(crate) fn date(text: &str) -> HttpDate {
    HttpDate::parse(text.as_bytes(), HttpDate::UNIX_EPOCH).unwrap()
}

pub(crate) fn clock_at(date: HttpDate) -> impl Fn() -> SystemTime + Send + Sync + 'static {
    let since_1970 = Duration::from_secs(date.unix_seconds().try_into().unwrap());
    move || SystemTime::UNIX_EPOCH + since_1970
}

/// The clock that stands at [`NOW`].
pub(crate) fn now() -> SystemTime {
    clock_at(date(NOW))()
}

/// Each character up to U+00FF is one octet.
pub(crate) fn value(text: &str) -> HeaderValue {
    let octets: Vec<u8> = text
        .chars()
        .map(|character| u8::try_from(u32::from(character)).unwrap())
        .collect();
    HeaderValue::from_bytes(&octets).unwrap()
}

/// Several fields of one name are several lines.
pub(crate) fn fields<N: AsRef<str>, V: AsRef<str>>(fields: &[(N, V)]) -> HeaderMap {
    let fields = fields.iter().map(|(name, text)| {
        let name = HeaderName::from_bytes(name.as_ref().as_bytes()).unwrap();
        (name, value(text.as_ref()))
    });
    let mut headers = HeaderMap::new();
    for (name, value) in fields {
        headers.append(name, value);
    }
    headers
}

pub(crate) fn request<N: AsRef<str>, V: AsRef<str>>(
    method: &str,
    given: &[(N, V)],
) -> Request<Full<Bytes>> {
    let mut request = Request::new(Full::default());
    *request.method_mut() = Method::from_bytes(method.as_bytes()).unwrap();
    *request.uri_mut() = "/r".parse().unwrap();
    *request.headers_mut() = fields(given);
    request
}

pub(crate) fn response<N: AsRef<str>, V: AsRef<str>>(
    status: u16,
    given: &[(N, V)],
    body: &'static str,
) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from(body));
    *response.status_mut() = StatusCode::from_u16(status).unwrap();
    *response.headers_mut() = fields(given);
    response
}

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
    pub(crate) fn answering<N: AsRef<str>, V: AsRef<str>>(
        status: u16,
        given: &[(N, V)],
        body: &'static str,
    ) -> Self {
        let answer = response(status, given, body);
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

/// A response that was read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    /// The only line of this field; `None` if there is none.
    #[track_caller]
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        let mut lines = self.headers.get_all(name).iter();
        let line = lines.next()?;
        assert!(lines.next().is_none(), "{name} twice: {self:?}");
        Some(line.to_str().unwrap())
    }

    #[track_caller]
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
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
    let body = answer.unwrap();
    read(body).now_or_never().expect("the body is there")
}

pub(crate) async fn read<B>(response: Response<B>) -> Answer
where
    B: Body,
    B::Error: Debug,
{
    let (head, body) = response.into_parts();
    Answer {
        status: head.status.as_u16(),
        headers: head.headers,
        body: body.collect().await.unwrap().to_bytes(),
    }
}

/// What the hook was told.
#[derive(Clone, Default)]
pub(crate) struct Record(Arc<Mutex<Vec<Judged>>>);

impl Record {
    pub(crate) fn hook(&self) -> impl Fn(&Judged) + Send + Sync + use<> {
        let record = self.clone();
        move |judged| record.0.lock().unwrap().push(judged.clone())
    }

    /// The only record since the last time.
    #[track_caller]
    pub(crate) fn take(&self) -> Judged {
        let mut records = std::mem::take(&mut *self.0.lock().unwrap());
        assert_eq!(records.len(), 1, "{records:?}");
        records.remove(0)
    }
}

/// How often something happened.
#[derive(Clone, Debug, Default)]
pub(crate) struct Counter(Arc<AtomicUsize>);

impl Counter {
    pub(crate) fn count(&self) -> usize {
        self.0.fetch_add(1, Ordering::SeqCst) + 1
    }

    pub(crate) fn get(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

/// One failure for all rows of a table.
#[derive(Debug, Default)]
pub(crate) struct Failures(Vec<String>);

impl Failures {
    pub(crate) fn expect_eq<A: PartialEq + Debug>(
        &mut self,
        what: impl Display,
        left: A,
        right: A,
    ) {
        if left != right {
            self.0.push(format!("{what}: {left:?}, expected {right:?}"));
        }
    }

    #[track_caller]
    pub(crate) fn assert_none(self) {
        assert!(
            self.0.is_empty(),
            "{} wrong:\n{}",
            self.0.len(),
            self.0.join("\n")
        );
    }
}
