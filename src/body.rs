//! The body of the layer's responses: that of the inner service, or one that the layer has made.

use std::fmt;
use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::Response;
use http::header::{CONTENT_LENGTH, HeaderValue, TRANSFER_ENCODING};
use http_body::{Body, Frame, SizeHint};

use crate::frames::Frames;

/// The body of the layer's responses: the inner service's body, the text of a refusal, nothing, or frames that were read
/// ahead.
///
/// Data, trailers, errors and size hints of the inner body pass unchanged. Of frames that were read ahead, small ones are
/// merged and empty ones dropped.
pub struct ConditionalBody<B: Body>(Kind<B>);

/// Where the frames come from.
enum Kind<B: Body> {
    Inner(B),
    /// `None` is empty: its size is exactly 0 and it is at its end, so that compressors leave a 304 alone.
    Own(Option<Bytes>),
    /// Nothing, and no size: a router that states the size of each body (axum) states none.
    Unsized,
    ReadAhead(Box<ReadAhead<B>>),
}

/// Frames that were read ahead, and the rest of the body.
struct ReadAhead<B: Body> {
    frames: Frames,
    then: Rest<B>,
    left: Left,
    /// Whether it has been pending once before an error, so that the server has sent the frames.
    has_paused: bool,
}

/// The rest of a body, after the frames that were read ahead.
pub(crate) enum Rest<B: Body> {
    /// The body goes on as a stream.
    Stream(B),
    /// The body has ended.
    Ended,
    /// The body has failed. `None` once the error was returned.
    Failed(Option<B::Error>),
}

/// What the size hint says of the [`Rest`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Left {
    /// The size hint of the rest itself.
    AsSaid,
    /// This many bytes are missing from the exact size that the body had promised.
    Owed(u64),
    /// Nothing, because the body is not as long as it had promised.
    Unknown,
}

impl<B: Body> ConditionalBody<B> {
    /// The body of the inner service, unchanged.
    pub(crate) const fn inner(body: B) -> Self {
        Self(Kind::Inner(body))
    }

    /// No content.
    pub(crate) const fn empty() -> Self {
        Self(Kind::Own(None))
    }

    /// No content, of a response that never has any and is not compressed any more. A compressor would encode it, because its
    /// size is not known.
    pub(crate) const fn none() -> Self {
        Self(Kind::Unsized)
    }

    /// A body of the layer's own.
    pub(crate) fn text(text: Bytes) -> Self {
        Self(Kind::Own(Some(text).filter(|text| !text.is_empty())))
    }

    /// A body of frames and the rest. Most bodies are one frame of data, which needs no box.
    pub(crate) fn read_ahead(frames: Frames, then: Rest<B>, left: Left) -> Self {
        match then {
            Rest::Ended if left.is_nothing() => match frames.into_single_data() {
                Ok(data) => Self::text(data),
                Err(frames) => Self::boxed(frames, Rest::Ended, left),
            },
            then => Self::boxed(frames, then, left),
        }
    }

    /// The size hint, also for an inner body whose data is not `Bytes`.
    pub(crate) fn size(&self) -> SizeHint {
        match &self.0 {
            Kind::Inner(body) => body.size_hint(),
            Kind::Own(text) => SizeHint::with_exact(text.as_ref().map_or(0, Bytes::len) as u64),
            Kind::Unsized => SizeHint::new(),
            Kind::ReadAhead(ahead) => ahead.size(),
        }
    }

    fn boxed(frames: Frames, then: Rest<B>, left: Left) -> Self {
        let has_paused = frames.is_empty();
        Self(Kind::ReadAhead(Box::new(ReadAhead {
            frames,
            then,
            left,
            has_paused,
        })))
    }
}

/// Drops the content of a response to HEAD (RFC 9110, section 9.3.2). Adds its length, if no field states it.
pub(crate) fn drop_content_of_head<B: Body>(response: &mut Response<ConditionalBody<B>>) {
    let body = mem::take(response.body_mut());
    let headers = response.headers_mut();
    let framed = headers.contains_key(CONTENT_LENGTH) || headers.contains_key(TRANSFER_ENCODING);
    if !framed && let Some(length) = body.size().exact() {
        headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
    }
}

impl<B: Body> Default for ConditionalBody<B> {
    fn default() -> Self {
        Self::empty()
    }
}

impl<B: Body> fmt::Debug for ConditionalBody<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Kind::Inner(_) => "ConditionalBody::Inner",
            Kind::Own(_) | Kind::Unsized => "ConditionalBody::Own",
            Kind::ReadAhead(_) => "ConditionalBody::ReadAhead",
        })
    }
}

impl<B> Body for ConditionalBody<B>
where
    B: Body<Data = Bytes> + Unpin,
{
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        match &mut self.get_mut().0 {
            Kind::Inner(body) => Pin::new(body).poll_frame(cx),
            Kind::Own(text) => Poll::Ready(text.take().map(|text| Ok(Frame::data(text)))),
            Kind::Unsized => Poll::Ready(None),
            Kind::ReadAhead(ahead) => ahead.poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.0 {
            Kind::Inner(body) => body.is_end_stream(),
            Kind::Own(text) => text.is_none(),
            Kind::Unsized => true,
            Kind::ReadAhead(ahead) => ahead.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        self.size()
    }
}

// The inner body is polled through `Pin::new`, so nothing is pinned structurally.
impl<B: Body + Unpin> Unpin for ConditionalBody<B> {}

impl<B: Body<Data = Bytes> + Unpin> ReadAhead<B> {
    fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        if let Some(frame) = self.frames.pop() {
            return Poll::Ready(Some(Ok(frame)));
        }
        match &mut self.then {
            Rest::Stream(body) => Pin::new(body).poll_frame(cx),
            Rest::Ended => Poll::Ready(None),
            // Servers send what they have when a body is pending, and drop it when it fails.
            Rest::Failed(Some(_)) if !mem::replace(&mut self.has_paused, true) => {
                cx.waker().wake_by_ref();
                Poll::Pending
            }
            Rest::Failed(error) => Poll::Ready(error.take().map(Err)),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.frames.is_empty()
            && match &self.then {
                Rest::Stream(body) => body.is_end_stream(),
                // The server must poll a body that is too short to its end, to see that it is too short.
                Rest::Ended => self.left.is_nothing(),
                Rest::Failed(error) => error.is_none(),
            }
    }
}

impl<B: Body> ReadAhead<B> {
    fn size(&self) -> SizeHint {
        let rest = match (&self.then, self.left) {
            (_, Left::Owed(owed)) => SizeHint::with_exact(owed),
            (Rest::Stream(body), Left::AsSaid) => body.size_hint(),
            // HTTP/1.1 sends trailers only after a body of unknown size.
            (Rest::Ended, Left::AsSaid) if !self.frames.have_trailers() => SizeHint::with_exact(0),
            _ => SizeHint::new(),
        };
        let ahead = self.frames.data_length();
        let mut hint = SizeHint::new();
        hint.set_lower(rest.lower().saturating_add(ahead));
        if let Some(upper) = rest.upper().and_then(|upper| upper.checked_add(ahead)) {
            hint.set_upper(upper);
        }
        hint
    }
}

impl Left {
    /// Whether no bytes are missing after the end of the body.
    fn is_nothing(self) -> bool {
        matches!(self, Self::AsSaid | Self::Owed(0))
    }
}
