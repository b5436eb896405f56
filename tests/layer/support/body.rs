//! Bodies that follow a script or arrive when the test sends them, and what a client sees of a body.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::task::{Context, Poll};

use bytes::Bytes;
use http::HeaderMap;
use http_body::{Body, Frame, SizeHint};
use tokio::sync::mpsc;

use super::Broken;

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
            Some(Step::Fail) => Poll::Ready(Some(Err(Broken("the body is broken")))),
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

/// The same with data that follows data joined: small frames are merged.
pub(crate) fn joined(frames: impl IntoIterator<Item = Seen>) -> Vec<Seen> {
    let mut joined = Vec::new();
    for seen in frames {
        match (joined.last_mut(), seen) {
            (Some(Seen::Data(before)), Seen::Data(data)) => {
                *before = [&before[..], &data].concat().into();
            }
            (_, seen) => joined.push(seen),
        }
    }
    joined
}

/// All data that arrived.
pub(crate) fn data_of(frames: &[Seen]) -> Vec<u8> {
    let data = frames.iter().filter_map(|seen| match seen {
        Seen::Data(data) => Some(&data[..]),
        _ => None,
    });
    data.collect::<Vec<_>>().concat()
}

/// A body that arrives frame by frame, when the test sends them.
pub(crate) fn arriving_body(expected: Option<u64>) -> (BodySender, axum::body::Body) {
    let (sender, frames) = mpsc::unbounded_channel();
    (
        BodySender(sender),
        axum::body::Body::new(Arriving { frames, expected }),
    )
}

pub(crate) struct BodySender(mpsc::UnboundedSender<Result<Frame<Bytes>, Broken>>);

impl BodySender {
    pub(crate) fn data(&self, data: impl Into<Bytes>) {
        self.frame(Ok(Frame::data(data.into())));
    }

    pub(crate) fn frame(&self, frame: Result<Frame<Bytes>, Broken>) {
        assert!(self.0.send(frame).is_ok(), "nobody reads the body");
    }
}

struct Arriving {
    frames: mpsc::UnboundedReceiver<Result<Frame<Bytes>, Broken>>,
    expected: Option<u64>,
}

impl Body for Arriving {
    type Data = Bytes;
    type Error = Broken;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
        self.frames.poll_recv(cx)
    }

    fn size_hint(&self) -> SizeHint {
        self.expected
            .map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}
