//! Reading a body ahead to make its tag: what was read is kept and replayed, nothing is lost.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, HeaderMap};
use http::response;
use http_body::{Body, Frame};

use super::BodyTag;
use crate::EntityTag;
use crate::body::{ConditionalBody, Left, Rest};
use crate::frames::{FRAMES_PER_POLL, Frames, ReadSoFar};

/// How many bytes are hashed before other tasks get a turn: about 0.2 ms of SHA-256.
const BYTES_PER_POLL: usize = 256 * 1024;

/// A body that is being read to make its tag.
pub(crate) struct Hashing<B> {
    body: B,
    tag: BodyTag,
    frames: Frames,
    /// The exact size that the body has promised.
    exact: Option<u64>,
    /// The same, or what Content-Length has.
    claimed: Option<u64>,
    read: ReadSoFar,
    /// How many bytes of the last frame are still to be hashed.
    unhashed: usize,
}

/// The size that a body says it has: by its size hint, or else by the Content-Length that the handler has set. Servers
/// frame it by either, so that one of another length is not whole.
fn claimed_size(body: &impl Body, fields: &HeaderMap) -> Option<u64> {
    let exact = body.size_hint().exact();
    exact.or_else(|| fields.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok())
}

/// How the reading ended.
pub(crate) enum ReadEnd<E> {
    /// The body has ended, within the limit and where it said it would.
    Whole,
    /// The body is longer than it said: it goes on as a stream.
    TooLong,
    /// The body is longer than the limit, or may never end: it goes on as a stream.
    GivenUp,
    /// The body has ended before it said it would: whoever frames it must get to see that.
    TooShort,
    /// The body failed: the client is to see the frames before the error, then the error.
    Failed(E),
}

impl<B: Body<Data = Bytes> + Unpin> Hashing<B> {
    /// Starts to read a body whose tag is to be made of it; any other is given back.
    pub(crate) fn start(
        compute: impl FnOnce(&response::Parts) -> Option<BodyTag>,
        head: &response::Parts,
        body: B,
    ) -> Result<Self, B> {
        let (size, claimed) = (body.size_hint(), claimed_size(&body, &head.headers));
        match compute(head) {
            Some(tag) if tag.takes(&size, claimed) => Ok(Self {
                body,
                tag,
                frames: Frames::default(),
                exact: size.exact(),
                claimed,
                read: ReadSoFar::default(),
                unhashed: 0,
            }),
            _ => Err(body),
        }
    }

    /// Reads and hashes; pending when the body is, or when others should have a turn.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<ReadEnd<B::Error>> {
        let mut budget = BYTES_PER_POLL;
        for _ in 0..FRAMES_PER_POLL {
            self.hash_some(&mut budget);
            if self.unhashed > 0 {
                break;
            }
            match ready!(Pin::new(&mut self.body).poll_frame(cx)) {
                None => return Poll::Ready(self.ended()),
                Some(Err(error)) => return Poll::Ready(ReadEnd::Failed(error)),
                Some(Ok(frame)) => self.keep(frame),
            }
            // Of a claim over the limit nothing is read.
            if self
                .claimed
                .is_some_and(|claimed| self.read.bytes() > claimed)
            {
                return Poll::Ready(ReadEnd::TooLong);
            }
            if self.read.bytes() > self.tag.limit() || self.read.is_endless() {
                return Poll::Ready(ReadEnd::GivenUp);
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    fn ended(&self) -> ReadEnd<B::Error> {
        if self
            .claimed
            .is_none_or(|claimed| claimed == self.read.bytes())
        {
            ReadEnd::Whole
        } else {
            ReadEnd::TooShort
        }
    }

    /// What the body itself has promised stands, so that a server sees that it is not kept; unless it was exceeded.
    fn left(&self, outcome: &ReadEnd<B::Error>) -> Left {
        match (outcome, self.exact) {
            (ReadEnd::TooLong, _) => Left::Unknown,
            (ReadEnd::GivenUp, _) => Left::AsSaid,
            (_, Some(exact)) => Left::Owed(exact.saturating_sub(self.read.bytes())),
            (ReadEnd::TooShort, None) => Left::Unknown,
            _ => Left::AsSaid,
        }
    }

    fn hash_some(&mut self, budget: &mut usize) {
        let data = self.frames.last_data();
        let (_, unhashed) = data.split_at(data.len() - self.unhashed);
        let (now, later) = unhashed.split_at(unhashed.len().min(*budget));
        self.tag.update(now);
        self.unhashed = later.len();
        *budget -= now.len();
    }

    fn keep(&mut self, frame: Frame<Bytes>) {
        self.unhashed = frame.data_ref().map_or(0, Bytes::len);
        self.read.count(&frame);
        self.frames.push(frame);
    }

    /// After [`ReadEnd::Whole`]: the tag of the body.
    pub(crate) fn into_tag(self) -> EntityTag {
        self.tag.finish()
    }

    /// The body as it came, and what is still to come; the tag, if it is whole.
    pub(crate) fn into_parts(
        self,
        outcome: ReadEnd<B::Error>,
    ) -> (Option<EntityTag>, ConditionalBody<B>) {
        let left = self.left(&outcome);
        let is_whole = matches!(outcome, ReadEnd::Whole);
        let then = match outcome {
            ReadEnd::Whole | ReadEnd::TooShort => Rest::Ended,
            ReadEnd::TooLong | ReadEnd::GivenUp => Rest::Stream(self.body),
            ReadEnd::Failed(error) => Rest::Failed(Some(error)),
        };
        let body = ConditionalBody::read_ahead(self.frames, then, left);
        (is_whole.then(|| self.tag.finish()), body)
    }
}

impl<B> fmt::Debug for Hashing<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hashing")
            .field("tag", &self.tag)
            .field("read", &self.read.bytes())
            .finish_non_exhaustive()
    }
}
