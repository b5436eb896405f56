//! What the layer collects of a body is bounded in memory, however a peer cuts it into frames; the reading ends, and other
//! tasks get their turn meanwhile.

use std::convert::Infallible;
use std::future::{Future, ready};
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use axum::body::Body;
use bytes::Bytes;
use futures_util::FutureExt;
use http::{HeaderMap, Request, Response};
use http_body::{Body as _, Frame, SizeHint};
use http_body_util::{BodyExt, Empty};
use test_support::figure;
use tower::{Layer, ServiceExt, service_fn};
use tower_conditional::layer::ConditionalBody;
use tower_conditional::source::{Fixed, ProbeBody};
use tower_conditional::{BodyHash, ConditionalLayer, EntityTag, WritePolicy};

use crate::support::{Counter, fields, read};

const MIB: usize = 1024 * 1024;
const V1: EntityTag = EntityTag::from_static("\"v1\"");
const STALE: [(&str, &str); 2] = [("if-match", "\"v0\""), ("prefer", "return=representation")];

/// Frames that are all there at once.
struct Frames {
    make: Box<dyn FnMut() -> Frame<Bytes> + Send>,
    left: usize,
    known: bool,
    polls: Counter,
}

impl Frames {
    fn new(count: usize, make: impl FnMut() -> Frame<Bytes> + Send + 'static) -> Self {
        Self {
            make: Box::new(make),
            left: count,
            known: false,
            polls: Counter::default(),
        }
    }

    /// Each byte in a buffer of its own, as a server may read it.
    fn of_single_bytes(count: usize) -> Self {
        Self::new(count, || Frame::data(Bytes::copy_from_slice(b"x")))
    }

    /// The size of single bytes is known.
    fn known(mut self) -> Self {
        self.known = true;
        self
    }

    fn of(frames: Vec<Frame<Bytes>>) -> Self {
        let mut frames = frames.into_iter();
        Self::new(frames.len(), move || frames.next().unwrap())
    }
}

impl http_body::Body for Frames {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        assert!(self.polls.count() < 10 * MIB, "it is read without an end");
        if self.left == 0 {
            return Poll::Ready(None);
        }
        self.left -= 1;
        Poll::Ready(Some(Ok((self.make)())))
    }

    fn size_hint(&self) -> SizeHint {
        if self.known {
            SizeHint::with_exact(self.left as u64)
        } else {
            SizeHint::new()
        }
    }
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    runtime.unwrap().block_on(future)
}

/// What is in memory at most while this runs.
fn memory(run: impl FnOnce()) -> usize {
    allocation_counter::measure(run).bytes_max as usize
}

fn put(given: &[(&str, &str)], body: Frames) -> Request<Body> {
    let mut request = Request::put("/r").body(Body::new(body)).unwrap();
    *request.headers_mut() = fields(given);
    request
}

/// What a handler saw of a collected body: its exact size, how much came, and its trailers.
type Came = (Option<u64>, usize, Option<HeaderMap>);

async fn came<B: http_body::Body<Data = Bytes>>(body: B) -> Came {
    let mut body = pin!(body);
    let exact = body.size_hint().exact();
    let (mut length, mut trailers) = (0, None);
    while let Some(frame) = body.frame().await {
        let Ok(frame) = frame else {
            panic!("it fails");
        };
        match frame.into_data() {
            Ok(data) => length += data.len(),
            Err(frame) => trailers = frame.into_trailers().ok(),
        }
    }
    (exact, length, trailers)
}

/// A write through a layer that collects 1 MiB, to a handler that reads all of it.
async fn collected(body: Frames) -> Came {
    let layer = ConditionalLayer::new(Fixed::new(V1)).collect_bodies(MIB as u64, Body::new);
    let handler = service_fn(|request: Request<Body>| async {
        let came = came(request.into_body()).await;
        Ok::<_, Infallible>(
            Response::builder()
                .extension(came)
                .body(Empty::<Bytes>::new()),
        )
    });
    let handler = handler.map_response(Result::unwrap);
    let Ok(mut response) = layer.layer(handler).oneshot(put(&[], body)).await;
    response.extensions_mut().remove().expect("the handler ran")
}

/// A response through a layer that hashes streams of up to 1 MiB.
async fn response(body: Frames) -> Response<ConditionalBody<Frames>> {
    let layer = ConditionalLayer::new(BodyHash::strong().collect_streams());
    let body = Arc::new(Mutex::new(Some(body)));
    let handler = service_fn(move |_: Request<Empty<Bytes>>| {
        let body = body.lock().unwrap().take().unwrap();
        ready(Ok::<_, Infallible>(Response::new(body)))
    });
    let Ok(response) = layer.layer(handler).oneshot(Request::default()).await;
    response
}

/// Whether it got a tag, and what came.
async fn hashed(body: Frames) -> (bool, Came) {
    let response = response(body).await;
    let is_tagged = response.headers().contains_key("etag");
    (is_tagged, came(response.into_body()).await)
}

fn memory_of(body: &str, bytes: usize) {
    let name = format!("memory of 1 MiB collected: {body}");
    let mebibytes = bytes as f64 / MIB as f64;
    figure(name, format!("{mebibytes:.2} MiB"), "", "at most 2 MiB");
}

#[test]
fn a_request_of_single_bytes() {
    let mut most = 0;
    for body in [
        Frames::of_single_bytes(MIB),
        Frames::of_single_bytes(MIB).known(),
    ] {
        let memory = memory(|| {
            let expected = (Some(MIB as u64), MIB, None);
            assert_eq!(block_on(collected(body)), expected);
        });
        assert!(memory <= 2 * MIB, "{memory}");
        most = most.max(memory);
    }
    memory_of("a request of single bytes", most);
}

#[test]
fn a_response_of_single_bytes() {
    let mut most = 0;
    for body in [
        Frames::of_single_bytes(MIB),
        Frames::of_single_bytes(MIB).known(),
    ] {
        let memory = memory(|| {
            let expected = (true, (Some(MIB as u64), MIB, None));
            assert_eq!(block_on(hashed(body)), expected);
        });
        assert!(memory <= 2 * MIB, "{memory}");
        most = most.max(memory);
    }
    memory_of("a response of single bytes", most);
}

/// A frame that is a small part of a large buffer does not keep the buffer.
#[test]
fn small_parts_of_large_buffers() {
    let parts = || {
        Frames::new(100, || {
            let buffer = Bytes::from(vec![b'x'; 64 * 1024]);
            Frame::data(buffer.slice(..1024))
        })
    };
    let request = memory(|| assert_eq!(block_on(collected(parts())).1, 100 * 1024));
    let response = memory(|| assert_eq!(block_on(hashed(parts())).1.1, 100 * 1024));
    assert!(request.max(response) <= MIB, "{request} {response}");
}

/// In the sizes that are kept and in those that are merged.
#[test]
fn data_and_trailers_stay_in_order() {
    let sizes = [3, 0, 9_000, 1, 0, 7_999, 70_000, 8_000, 8_000, 60_000];
    let pattern: Bytes = (0..200_000_u32).flat_map(u32::to_be_bytes).collect();
    let trailers = HeaderMap::from_iter([("x-sum".parse().unwrap(), "1".parse().unwrap())]);
    let total: usize = sizes.iter().sum();
    let frames = || {
        let mut at = 0;
        let data = sizes.map(|size| {
            at += size;
            Frame::data(pattern.slice(at - size..at))
        });
        let trailers = Frame::trailers(trailers.clone());
        Frames::of(data.into_iter().chain([trailers]).collect())
    };
    let (_, length, seen) = block_on(collected(frames()));
    assert_eq!((length, seen.as_ref()), (total, Some(&trailers)));
    let (is_tagged, (_, length, seen)) = block_on(hashed(frames()));
    assert_eq!((length, seen.as_ref()), (total, Some(&trailers)));
    assert!(is_tagged);

    let echo = service_fn(|request: Request<Body>| async {
        Ok::<_, Infallible>(Response::new(request.into_body()))
    });
    let layer = ConditionalLayer::new(Fixed::new(V1)).collect_bodies(MIB as u64, Body::new);
    let answer = layer.layer(echo).oneshot(put(&[], frames()));
    let answer = block_on(async { read(answer.await.unwrap()).await });
    assert_eq!(answer.body, pattern.slice(..total));
}

/// Frames without data, and trailers after trailers, have no length that a limit could end.
#[test]
fn frames_that_never_end() {
    let endless = [
        || Frame::data(Bytes::new()),
        || Frame::trailers(HeaderMap::new()),
    ];
    for make in endless {
        let endless = || Frames::new(usize::MAX, make);

        // Collected no longer: the handler gets it, and may decide not to read it.
        let layer = ConditionalLayer::new(Fixed::new(V1)).collect_bodies(100, Body::new);
        let handler =
            service_fn(|_: Request<Body>| ready(Ok::<_, Infallible>(Response::new(Body::empty()))));
        let answer = block_on(layer.layer(handler).oneshot(put(&[], endless())));
        assert_eq!(answer.unwrap().status(), 200);

        // Not drained any longer.
        let writes = WritePolicy::optional().read_refused_bodies(100);
        let layer = ConditionalLayer::new(Fixed::new(V1)).writes(writes);
        let answer = block_on(layer.layer(handler).oneshot(put(&STALE, endless())));
        assert_eq!(answer.unwrap().status(), 412);

        // Not shown with the refusal.
        let reader = service_fn(move |_: Request<ProbeBody>| {
            ready(Ok::<_, Infallible>(Response::new(Frames::new(
                usize::MAX,
                make,
            ))))
        });
        let layer = ConditionalLayer::new(Fixed::new(V1)).recover_with(reader);
        let answer = block_on(
            layer
                .layer(handler)
                .oneshot(put(&STALE, Frames::of(vec![]))),
        );
        let answer = answer.unwrap();
        assert_eq!(answer.status(), 412);
        assert!(!answer.headers().contains_key("preference-applied"));

        // Not tagged: it goes on as a stream.
        for known in [false, true] {
            let mut body = endless();
            (body.known, body.left) = (known, if known { 5000 } else { usize::MAX });
            let answer = block_on(response(body));
            assert!(!answer.headers().contains_key("etag"));
            assert!(!answer.body().is_end_stream());
        }
    }
}

/// Some frames without data are nothing: they are dropped.
#[test]
fn some_empty_frames() {
    let frames = || {
        let mut at = 0;
        Frames::new(2_000, move || {
            at += 1;
            Frame::data(Bytes::from_static(if at % 2 == 0 { b"x" } else { b"" }))
        })
    };
    assert_eq!(block_on(collected(frames())), (Some(1_000), 1_000, None));
    assert_eq!(
        block_on(hashed(frames())),
        (true, (Some(1_000), 1_000, None))
    );
}

/// A body whose frames are all there does not keep the thread.
#[test]
fn other_tasks_get_their_turn() {
    #[track_caller]
    fn pauses(polls: &Counter, future: impl Future) {
        let mut future = Box::pin(future);
        assert!(future.as_mut().now_or_never().is_none());
        // A write tries once under the lock, and once more without it.
        assert!((1..=2_048).contains(&polls.get()), "{}", polls.get());
        block_on(future);
        assert!(polls.get() > 10_000, "{}", polls.get());
    }
    let body = || {
        let body = Frames::of_single_bytes(20_000);
        (body.polls.clone(), body)
    };
    let (polls, frames) = body();
    pauses(&polls, collected(frames));
    let (polls, frames) = body();
    pauses(&polls, hashed(frames));

    let (polls, frames) = body();
    let writes = WritePolicy::optional().read_refused_bodies(MIB as u64);
    let layer = ConditionalLayer::new(Fixed::new(V1)).writes(writes);
    let handler =
        service_fn(|_: Request<Body>| ready(Ok::<_, Infallible>(Response::new(Body::empty()))));
    pauses(&polls, layer.layer(handler).oneshot(put(&STALE, frames)));
}

/// Of a representation of up to 1 MiB all is shown in a 412, of a larger one nothing.
#[test]
fn the_limit_of_a_recovered_representation() {
    for (size, is_shown) in [(MIB, true), (MIB + 1, false)] {
        for in_one_frame in [true, false] {
            let reader = service_fn(move |_: Request<ProbeBody>| {
                let body = if in_one_frame {
                    Frames::of(vec![Frame::data(Bytes::from(vec![b'x'; size]))])
                } else {
                    Frames::of_single_bytes(size)
                };
                ready(Ok::<_, Infallible>(Response::new(body)))
            });
            let layer = ConditionalLayer::new(Fixed::new(V1)).recover_with(reader);
            let handler = service_fn(|_: Request<Body>| {
                ready(Ok::<_, Infallible>(Response::new(Body::empty())))
            });
            let answer = layer
                .layer(handler)
                .oneshot(put(&STALE, Frames::of(vec![])));
            let answer = block_on(async { read(answer.await.unwrap()).await });
            assert_eq!(answer.status, 412);
            let shown = answer.field("preference-applied").is_some();
            assert_eq!((shown, answer.body.len() == size), (is_shown, is_shown));
        }
    }
}
