//! Reading a body ahead to make its tag: frames are kept as they came and replayed, nothing is copied or lost.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body, Frame};

use super::body::{ConditionalBody, Frames, Rest};
use crate::EntityTag;
use crate::source::BodyTag;

/// How many bytes are hashed before other tasks get a turn: about 0.2 ms of SHA-256.
const BYTES_PER_POLL: usize = 256 * 1024;

/// A body that is being read to make its tag.
pub(crate) struct Hashing<B> {
    body: B,
    tag: BodyTag,
    frames: Frames,
    /// The exact size that the body claims to have.
    claimed: Option<u64>,
    read: u64,
    /// How many bytes of the last frame are still to be hashed.
    unhashed: usize,
}

/// How the reading ended.
pub(crate) enum Outcome<E> {
    /// The body has ended, within the limit and where it said it would.
    Whole,
    /// The body is longer than it said, or than the limit: it goes on as a stream.
    TooLong,
    /// The body has ended this many bytes before it said it would: whoever frames it must get to see that.
    TooShort(u64),
    /// The body failed: the client is to see the frames before the error, then the error.
    Failed(E),
}

impl<B: Body<Data = Bytes> + Unpin> Hashing<B> {
    pub(crate) fn new(body: B, tag: BodyTag) -> Self {
        Self {
            claimed: body.size_hint().exact(),
            body,
            tag,
            frames: Frames::default(),
            read: 0,
            unhashed: 0,
        }
    }

    /// Reads and hashes; pending when the body is, or when others should have a turn.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Outcome<B::Error>> {
        let mut budget = BYTES_PER_POLL;
        loop {
            self.hash_some(&mut budget);
            if self.unhashed > 0 {
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            match ready!(Pin::new(&mut self.body).poll_frame(cx)) {
                None => return Poll::Ready(self.ended()),
                Some(Err(error)) => return Poll::Ready(Outcome::Failed(error)),
                Some(Ok(frame)) => self.keep(frame),
            }
            if self.read > self.claimed.unwrap_or_else(|| self.tag.limit()) {
                return Poll::Ready(Outcome::TooLong);
            }
        }
    }

    fn ended(&self) -> Outcome<B::Error> {
        match self.claimed.unwrap_or(self.read) - self.read {
            0 => Outcome::Whole,
            missing => Outcome::TooShort(missing),
        }
    }

    fn hash_some(&mut self, budget: &mut usize) {
        let Some(data) = self.frames.last_data() else {
            return;
        };
        let (_, unhashed) = data.split_at(data.len() - self.unhashed);
        let (now, later) = unhashed.split_at(unhashed.len().min(*budget));
        self.tag.update(now);
        self.unhashed = later.len();
        *budget -= now.len();
    }

    fn keep(&mut self, frame: Frame<Bytes>) {
        self.unhashed = frame.data_ref().map_or(0, Bytes::len);
        self.read += self.unhashed as u64;
        self.frames.push(frame);
    }

    /// After [`Outcome::Whole`]: the tag, and the body as it came.
    pub(crate) fn into_tagged(self) -> (EntityTag, ConditionalBody<B>) {
        let body = ConditionalBody::read_ahead(self.frames, Rest::Ended);
        (self.tag.finish(), body)
    }

    /// After [`Outcome::Whole`]: the tag alone.
    pub(crate) fn into_tag(self) -> EntityTag {
        self.tag.finish()
    }

    /// Otherwise: the body as it came, and what is still to come.
    pub(crate) fn into_untagged(self, rest: Outcome<B::Error>) -> ConditionalBody<B> {
        let rest = match rest {
            Outcome::Whole => Rest::Ended,
            Outcome::TooLong => Rest::Stream(self.body),
            Outcome::TooShort(missing) => Rest::Missing(missing),
            Outcome::Failed(error) => Rest::Failed(Some(error)),
        };
        ConditionalBody::read_ahead(self.frames, rest)
    }
}

impl<B> fmt::Debug for Hashing<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hashing")
            .field("tag", &self.tag)
            .field("read", &self.read)
            .finish_non_exhaustive()
    }
}
