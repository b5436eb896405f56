//! Bodies through the hashing path and through the collecting of request bodies: whatever a body does, its bytes,
//! trailers and errors come out as they went in, and its tag is the digest of the whole or there is none.
//!
//! Input: three bytes (source, size, request and Content-Length), then the script of the body: the low three bits of a
//! byte say what the body does, the others how much of it.
#![no_main]

use std::collections::VecDeque;
use std::convert::Infallible;
use std::fmt;
use std::future::{Future, ready};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use http::header::{
    CONTENT_LENGTH, CONTENT_TYPE, ETAG, HeaderMap, HeaderValue, IF_MATCH, IF_NONE_MATCH,
};
use http::{Method, Request, Response, StatusCode};
use http_body::{Body, Frame, SizeHint};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Empty};
use libfuzzer_sys::fuzz_target;
use sha2::{Digest, Sha256};
use tower::{Layer, ServiceExt, service_fn};
use tower_conditional::layer::ConditionalBody;
use tower_conditional::source::Fixed;
use tower_conditional::{BodyHash, ConditionalLayer, EntityTag, Epoch, WritePolicy};

const EPOCH: Epoch = Epoch::new("n1");
const KEY: &[u8] = b"between us";
const TEXT: &str = "text/plain";
const V1: EntityTag = EntityTag::from_static("\"v1\"");
const LARGEST_SCRIPT: usize = 1 << 20;

fuzz_target!(|data: &[u8]| {
    let Some((&[source, size, request], script)) = data.split_first_chunk::<3>() else {
        return;
    };
    let body = Scripted::new(size, u64::from(request >> 3).checked_sub(1), script);
    match request % 4 {
        0 => assert_reads(Hash::new(source), request & 4 != 0, body),
        1 => assert_head(Hash::new(source), body),
        2 => assert_collected(limit(source), body),
        _ => assert_drained(limit(source), body),
    }
});

/// A GET, a revalidation with the tag that it got, and one with another tag.
fn assert_reads(hash: Hash, typed: bool, body: Scripted) {
    let expected = hash.tag_of(typed, &body);
    let response = hash.send(Method::GET, typed, None, &body);
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.headers().get(ETAG), expected.as_ref());
    assert_not_contradicting(&body, response.body().size_hint(), hash.limit);
    assert_same(&body, response.into_body(), expected.is_some());

    let other = HeaderValue::from_static("\"other\"");
    let response = hash.send(Method::GET, typed, Some(&other), &body);
    assert_eq!(response.headers().get(ETAG), expected.as_ref());
    assert_same(&body, response.into_body(), expected.is_some());

    if let Some(tag) = expected {
        let response = hash.send(Method::GET, typed, Some(&tag), &body);
        assert_eq!(response.status(), StatusCode::NOT_MODIFIED);
        assert_eq!(response.headers().get(ETAG), Some(&tag));
        assert_is_empty(response.into_body());
    }
}

/// A server gets no second length beside the Content-Length, and no size that has turned out to be wrong.
fn assert_not_contradicting(body: &Scripted, said: SizeHint, limit: u64) {
    match (body.size_hint().exact(), body.content_length) {
        (None, Some(length)) => assert!(said.exact().is_none_or(|exact| exact == length)),
        (Some(claimed), _) if claimed <= limit && claimed < body.left() && !body.is_endless() => {
            assert!(said.upper().is_none() && said.lower() <= body.left());
        }
        _ => {}
    }
}

/// A HEAD has the fields of the GET and no content. A body that is empty from the start may be the answer of a handler
/// that knows a HEAD when it sees one: it gets no tag.
fn assert_head(hash: Hash, body: Scripted) {
    let expected = hash.tag_of(true, &body).filter(|_| !body.is_end_stream());
    let response = hash.send(Method::HEAD, true, None, &body);
    assert_eq!(response.headers().get(ETAG), expected.as_ref());
    let length = response.headers().get(CONTENT_LENGTH);
    let length: Option<u64> = length.map(|length| length.to_str().unwrap().parse().unwrap());
    let size = if body.is_end_stream() {
        body.size_hint()
    } else {
        let of_get = hash.send(Method::GET, true, None, &body);
        of_get.body().size_hint()
    };
    assert_eq!(length, body.content_length.or(size.exact()));
    assert_is_empty(response.into_body());
}

type Boxed = UnsyncBoxBody<Bytes, Broken>;

/// What the handler of a PUT reads.
fn assert_collected(limit: u64, body: Scripted) {
    let layer = ConditionalLayer::new(Fixed::new(V1)).collect_bodies(limit, Boxed::new);
    let arrived = Arc::new(Mutex::new(None));
    let arrives = arrived.clone();
    let handler = service_fn(move |request: Request<Boxed>| {
        *arrives.lock().unwrap() = Some(request.into_body());
        ready(Ok::<_, Infallible>(Response::new(Empty::<Bytes>::new())))
    });
    let mut request = Request::new(Boxed::new(body.clone()));
    *request.method_mut() = Method::PUT;
    let Ok(response) = finish(layer.layer(handler).oneshot(request));
    assert_eq!(response.status(), StatusCode::OK);
    let arrived = arrived.lock().unwrap().take().unwrap();
    assert_same(&body, arrived, false);
}

/// A refused PUT whose body is read up to a limit.
fn assert_drained(limit: u64, body: Scripted) {
    let policy = WritePolicy::optional().read_refused_bodies(limit);
    let layer = ConditionalLayer::new(Fixed::new(V1)).writes(policy);
    let performed = Arc::new(AtomicBool::new(false));
    let performs = performed.clone();
    let handler = service_fn(move |_: Request<Scripted>| {
        performs.store(true, Relaxed);
        ready(Ok::<_, Infallible>(Response::new(Empty::<Bytes>::new())))
    });
    let mut request = Request::new(body);
    *request.method_mut() = Method::PUT;
    request
        .headers_mut()
        .insert(IF_MATCH, HeaderValue::from_static("\"v0\""));
    let Ok(response) = finish(layer.layer(handler).oneshot(request));
    assert_eq!(response.status(), StatusCode::PRECONDITION_FAILED);
    assert!(!performed.load(Relaxed));
}

/// All data comes out in order, and trailers and errors after it; sizes and ends are never wrong about an honest body.
#[track_caller]
fn assert_same<B>(expected: &Scripted, body: B, is_tagged: bool)
where
    B: Body<Data = Bytes, Error = Broken>,
{
    let mut expected = expected.clone();
    let mut body = pin!(body);
    if is_tagged {
        assert_eq!(body.size_hint().exact(), expected.size_when_read());
    }
    loop {
        if expected.is_honest() {
            let hint = body.size_hint();
            assert!(hint.lower() <= expected.left());
            assert!(hint.upper().is_none_or(|upper| expected.left() <= upper));
        }
        let was_at_end = body.is_end_stream();
        let frame = next(body.as_mut());
        let Some(step) = expected.next_step() else {
            assert!(frame.is_none(), "a frame out of nowhere");
            return;
        };
        assert!(!was_at_end, "an end that is none");
        match (step, frame) {
            (Step::Data(data), Some(Ok(frame))) => {
                assert_begins(frame.into_data().unwrap(), data, &mut expected);
            }
            (Step::Trailers, Some(Ok(frame))) => {
                assert_eq!(frame.into_trailers().ok(), Some(trailers()));
            }
            (Step::Fail, Some(Err(Broken))) => return,
            (step, frame) => panic!("{step:?} became {frame:?}"),
        }
    }
}

/// Small frames may have been merged.
#[track_caller]
fn assert_begins(merged: Bytes, first: Bytes, expected: &mut Scripted) {
    let mut rest = merged.strip_prefix(&first[..]).expect("other data");
    while !rest.is_empty() {
        let Some(Step::Data(data)) = expected.next_step() else {
            panic!("data out of nowhere");
        };
        rest = rest.strip_prefix(&data[..]).expect("other data");
    }
}

#[track_caller]
fn assert_is_empty<B: Body<Data = Bytes, Error = Broken>>(body: B) {
    assert!(body.is_end_stream());
    assert_eq!(body.size_hint().exact(), Some(0));
    assert!(next(pin!(body)).is_none());
}

/// The next frame that is not empty data: how many of those there are means nothing.
fn next<B: Body<Data = Bytes>>(mut body: Pin<&mut B>) -> Option<Result<Frame<Bytes>, B::Error>> {
    loop {
        let frame = finish(body.frame());
        match &frame {
            Some(Ok(frame)) if frame.data_ref().is_some_and(Bytes::is_empty) => {}
            _ => return frame,
        }
    }
}

/// The options of a `BodyHash`.
struct Hash {
    weak: bool,
    keyed: bool,
    epoch: bool,
    streams: bool,
    limit: u64,
}

impl Hash {
    fn new(choice: u8) -> Self {
        let has = |bit: u8| choice & (1 << bit) != 0;
        Self {
            weak: has(0),
            keyed: has(1),
            epoch: has(2),
            streams: has(3),
            limit: limit(choice),
        }
    }

    fn send(
        &self,
        method: Method,
        typed: bool,
        if_none_match: Option<&HeaderValue>,
        body: &Scripted,
    ) -> Response<ConditionalBody<Scripted>> {
        let source = if self.weak {
            BodyHash::weak()
        } else {
            BodyHash::strong()
        };
        let source = if self.keyed { source.key(KEY) } else { source };
        let source = if self.epoch {
            source.epoch(EPOCH)
        } else {
            source
        };
        let source = if self.streams {
            source.collect_streams()
        } else {
            source
        };
        let layer = ConditionalLayer::new(source.limit(self.limit));
        let mut answer = Response::new(body.clone());
        if typed {
            answer
                .headers_mut()
                .insert(CONTENT_TYPE, HeaderValue::from_static(TEXT));
        }
        if let Some(length) = body.content_length {
            answer.headers_mut().insert(CONTENT_LENGTH, length.into());
        }
        let handler =
            service_fn(move |_: Request<Empty<Bytes>>| ready(Ok::<_, Infallible>(answer.clone())));
        let mut request = Request::new(Empty::new());
        *request.method_mut() = method;
        if let Some(tag) = if_none_match {
            request.headers_mut().insert(IF_NONE_MATCH, tag.clone());
        }
        let Ok(response) = finish(layer.layer(handler).oneshot(request));
        response
    }

    /// The documented contract: who gets a tag, and which.
    fn tag_of(&self, typed: bool, body: &Scripted) -> Option<HeaderValue> {
        let is_read = self.streams || body.size_hint().exact().is_some();
        let is_whole = body.claims().is_none_or(|claimed| claimed == body.left());
        if !is_read || !is_whole || body.left() > self.limit || body.fails() || body.is_endless() {
            return None;
        }
        let content = body.content();
        let length = (content.len() as u64).to_be_bytes();
        let bytes = [&content[..], &identifying(typed), &length].concat();
        let digest = if self.keyed {
            hmac(&bytes)
        } else {
            Sha256::digest(bytes).into()
        };
        let opening = if self.weak { "W/\"" } else { "\"" };
        let epoch = if self.epoch { "n1." } else { "" };
        let digest = URL_SAFE_NO_PAD.encode(&digest[..16]);
        Some(format!("{opening}{epoch}{digest}\"").parse().unwrap())
    }
}

fn limit(choice: u8) -> u64 {
    [16, 100, 1 << 20, 0][usize::from(choice >> 6)]
}

/// The numbers of lines of three fields, and of each line its length and bytes.
fn identifying(typed: bool) -> Vec<u8> {
    if typed {
        let length = u32::try_from(TEXT.len()).unwrap();
        [
            &[0, 0, 0, 1][..],
            &length.to_be_bytes(),
            TEXT.as_bytes(),
            &[0; 8],
        ]
        .concat()
    } else {
        vec![0; 12]
    }
}

/// RFC 2104, with a key that is shorter than a block.
fn hmac(bytes: &[u8]) -> [u8; 32] {
    let pad = |with: u8| {
        let mut block = [with; 64];
        block
            .iter_mut()
            .zip(KEY)
            .for_each(|(byte, key)| *byte ^= key);
        block
    };
    let inner = Sha256::digest([&pad(0x36)[..], bytes].concat());
    Sha256::digest([&pad(0x5C)[..], &inner].concat()).into()
}

/// A body that follows the script.
#[derive(Clone, Debug)]
struct Scripted {
    steps: VecDeque<Step>,
    size: Size,
    content_length: Option<u64>,
    sent: u64,
}

#[derive(Clone, Debug)]
enum Step {
    Data(Bytes),
    Wait,
    Trailers,
    Fail,
}

/// What the body says of its size.
#[derive(Clone, Copy, Debug)]
enum Size {
    Exact,
    Unknown,
    /// True bounds, that are no exact size.
    Bounds,
    Claimed(u64),
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Broken;

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("broken")
    }
}

impl std::error::Error for Broken {}

fn trailers() -> HeaderMap {
    HeaderMap::from_iter([(ETAG, HeaderValue::from_static("\"late\""))])
}

impl Scripted {
    fn new(size: u8, content_length: Option<u64>, mut script: &[u8]) -> Self {
        let mut steps = VecDeque::new();
        let mut total = 0;
        while let Some((&step, rest)) = script.split_first() {
            script = rest;
            let much = usize::from(step >> 3);
            let data = match step & 7 {
                0..=3 => {
                    let (data, rest) = script.split_at(much.min(script.len()));
                    script = rest;
                    Bytes::copy_from_slice(data)
                }
                4 => Bytes::from(vec![step; much * 16 * 1024]),
                5 => {
                    steps.push_back(Step::Wait);
                    continue;
                }
                6 => {
                    steps.push_back(Step::Trailers);
                    break;
                }
                _ => {
                    steps.push_back(Step::Fail);
                    break;
                }
            };
            total += data.len();
            if total > LARGEST_SCRIPT {
                break;
            }
            steps.push_back(Step::Data(data));
        }
        let size = match size & 3 {
            0 => Size::Exact,
            1 => Size::Unknown,
            2 => Size::Bounds,
            _ => Size::Claimed(u64::from(size >> 2)),
        };
        Self {
            steps,
            size,
            content_length,
            sent: 0,
        }
    }

    /// The next thing that anybody gets to see.
    fn next_step(&mut self) -> Option<Step> {
        loop {
            match self.steps.pop_front()? {
                Step::Wait => {}
                Step::Data(data) if data.is_empty() => {}
                step => return Some(step),
            }
        }
    }

    /// At some place more frames without data than bytes, beyond 1024 of them.
    fn is_endless(&self) -> bool {
        let (mut bytes, mut empty) = (0, 0);
        self.steps.iter().any(|step| {
            match step {
                Step::Data(data) if !data.is_empty() => bytes += data.len(),
                Step::Data(_) | Step::Trailers => empty += 1,
                Step::Wait | Step::Fail => {}
            }
            empty > 1024 + bytes
        })
    }

    fn content(&self) -> Vec<u8> {
        let data = self.steps.iter().filter_map(|step| match step {
            Step::Data(data) => Some(&data[..]),
            _ => None,
        });
        data.collect::<Vec<_>>().concat()
    }

    fn left(&self) -> u64 {
        let lengths = self.steps.iter().map(|step| match step {
            Step::Data(data) => data.len() as u64,
            _ => 0,
        });
        lengths.sum()
    }

    fn claims(&self) -> Option<u64> {
        self.size_hint().exact().or(self.content_length)
    }

    /// HTTP/1.1 sends trailers only after a body of unknown size: what was read does not make it a known one.
    fn size_when_read(&self) -> Option<u64> {
        match self.steps.back() {
            Some(Step::Trailers) => self.size_hint().exact(),
            _ => Some(self.left()),
        }
    }

    fn fails(&self) -> bool {
        matches!(self.steps.back(), Some(Step::Fail))
    }

    fn is_honest(&self) -> bool {
        !self.fails() && !matches!(self.size, Size::Claimed(_))
    }
}

impl Body for Scripted {
    type Data = Bytes;
    type Error = Broken;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
        match self.steps.pop_front() {
            None => Poll::Ready(None),
            Some(Step::Wait) => Poll::Pending,
            Some(Step::Fail) => Poll::Ready(Some(Err(Broken))),
            Some(Step::Trailers) => Poll::Ready(Some(Ok(Frame::trailers(trailers())))),
            Some(Step::Data(data)) => {
                self.sent += data.len() as u64;
                Poll::Ready(Some(Ok(Frame::data(data))))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.steps.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        match self.size {
            Size::Exact => SizeHint::with_exact(self.left()),
            Size::Unknown => SizeHint::new(),
            Size::Bounds => {
                let mut hint = SizeHint::new();
                hint.set_lower(self.left() / 2);
                hint.set_upper(self.left() * 2 + 1);
                hint
            }
            Size::Claimed(claimed) => SizeHint::with_exact(claimed.saturating_sub(self.sent)),
        }
    }
}

/// Every pending step is woken at once: a future that takes more turns than there are bytes hangs.
fn finish<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let mut cx = Context::from_waker(Waker::noop());
    for _ in 0..10_000 {
        if let Poll::Ready(output) = future.as_mut().poll(&mut cx) {
            return output;
        }
    }
    panic!("it hangs");
}
