//! Reading a body to make its tag. The frames that were read are kept, and sent afterwards.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, HeaderMap};
use http::response;
use http_body::{Body, Frame};

use super::{BodyTag, Untagged};
use crate::EntityTag;
use crate::body::{ConditionalBody, Left, Rest};
use crate::frames::{FRAMES_PER_POLL, Frames, ReadSoFar};

/// How many bytes are hashed before the task yields to others: about 0.2 ms of SHA-256.
const BYTES_PER_POLL: usize = 256 * 1024;

/// A body that is being read to make its tag.
pub(crate) struct Hashing<B> {
    body: B,
    tag: BodyTag,
    frames: Frames,
    /// The exact size in the size hint of the body.
    exact: Option<u64>,
    /// The exact size, or else the Content-Length.
    claimed: Option<u64>,
    read: ReadSoFar,
    /// How many bytes of the last frame are still to be hashed.
    unhashed: usize,
}

/// The size that a body claims, by its size hint or else by the Content-Length of the handler. Servers frame the body by it,
/// so a body of another length is not complete.
fn claimed_size(body: &impl Body, fields: &HeaderMap) -> Option<u64> {
    let exact = body.size_hint().exact();
    exact.or_else(|| fields.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok())
}

/// How reading a body has ended.
pub(crate) enum ReadEnd<E> {
    /// The body is complete, and not longer than the limit.
    Whole,
    /// The body is longer than it claims. It goes on as a stream.
    TooLong,
    /// The body is longer than the limit, or may never end. It goes on as a stream.
    GivenUp,
    /// The body is shorter than it claims. The server must see that.
    TooShort,
    /// The body failed. The client gets the frames before the error, and then the error.
    Failed(E),
}

impl<E> ReadEnd<E> {
    /// Why there is no tag. `None` if there is one.
    pub(crate) const fn untagged(&self) -> Option<Untagged> {
        match self {
            Self::Whole => None,
            Self::TooLong | Self::TooShort => Some(Untagged::WrongLength),
            Self::GivenUp => Some(Untagged::OverLimit),
            Self::Failed(_) => Some(Untagged::Failed),
        }
    }
}

impl<B: Body<Data = Bytes> + Unpin> Hashing<B> {
    /// Starts to read a body to make its tag.
    ///
    /// # Errors
    ///
    /// The source makes no tag from this body: it is returned, and why it is too long or of unknown length. `None` if the
    /// source has decided so by the head.
    pub(crate) fn start(
        compute: impl FnOnce(&response::Parts) -> Option<BodyTag>,
        head: &response::Parts,
        body: B,
    ) -> Result<Self, (B, Option<Untagged>)> {
        let (size, claimed) = (body.size_hint(), claimed_size(&body, &head.headers));
        let Some(tag) = compute(head) else {
            return Err((body, None));
        };
        if let Some(why) = tag.refuses(&size, claimed, &head.headers) {
            return Err((body, Some(why)));
        }
        Ok(Self {
            body,
            tag,
            frames: Frames::default(),
            exact: size.exact(),
            claimed,
            read: ReadSoFar::default(),
            unhashed: 0,
        })
    }

    /// Reads and hashes the body. Pending if the body is, or to yield to other tasks.
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
            // Checked before the limit: a body with a claim over the limit is not read at all.
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

    /// What the size hint says of the rest. It keeps the size that the body has promised, so that a server sees if the body
    /// is too short.
    fn left(&self, outcome: &ReadEnd<B::Error>) -> Left {
        match (outcome, self.exact) {
            (ReadEnd::TooLong, _) => Left::Unknown,
            (ReadEnd::GivenUp, _) => Left::AsSaid,
            (_, Some(exact)) => Left::Owed(exact.saturating_sub(self.read.bytes())),
            (ReadEnd::TooShort, None) => Left::Unknown,
            _ => Left::AsSaid,
        }
    }

    /// Hashes as much of the last frame as the budget allows.
    fn hash_some(&mut self, budget: &mut usize) {
        let data = self.frames.last_data();
        let (_, unhashed) = data.split_at(data.len() - self.unhashed);
        let (now, later) = unhashed.split_at(unhashed.len().min(*budget));
        self.tag.update(now);
        self.unhashed = later.len();
        *budget -= now.len();
    }

    /// Keeps a frame to send it afterwards.
    fn keep(&mut self, frame: Frame<Bytes>) {
        self.unhashed = frame.data_ref().map_or(0, Bytes::len);
        self.read.count(&frame);
        self.frames.push(frame);
    }

    /// The tag of a response with these headers and this body, after [`ReadEnd::Whole`].
    pub(crate) fn into_tag(self, headers: &HeaderMap) -> EntityTag {
        self.tag.finish_body(headers, self.read.bytes())
    }

    /// The tag, if the body is complete, and the body with the frames that were read and the rest.
    pub(crate) fn into_parts(
        self,
        headers: &HeaderMap,
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
        let tag = is_whole.then(|| self.tag.finish_body(headers, self.read.bytes()));
        (tag, body)
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
