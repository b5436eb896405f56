//! Frames that are read ahead, in memory that is bounded by the length of their data.
//!
//! The peer chooses how a body is split into frames. A frame of one byte may keep the whole buffer alive that it was read
//! into, so small frames are merged. An empty frame does not count towards any limit, so empty frames are dropped, and a
//! body with too many of them is not read further.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::mem;
use std::pin::Pin;
use std::task::Poll;

use bytes::{Buf, Bytes, BytesMut};
use http_body::{Body, Frame};

/// A frame of at least this many bytes is kept as it is. Servers read into buffers of about this size.
const LARGE: usize = 8 * 1024;

/// Smaller frames are merged up to this many bytes.
const MERGED: usize = 64 * 1024;

/// A body may have this many more empty frames than bytes.
const EMPTY: u64 = 1024;

/// How many frames are read before the task yields to others.
pub(crate) const FRAMES_PER_POLL: usize = 1024;

/// Frames in order. The first data needs no allocation and is not copied.
#[derive(Debug, Default)]
pub(crate) struct Frames {
    first: Option<Bytes>,
    more: VecDeque<Part>,
}

/// One or more frames after the first.
#[derive(Debug)]
enum Part {
    /// A large frame.
    Kept(Bytes),
    /// The data of several small frames.
    Merged(BytesMut),
    /// Not data: trailers.
    Other(Box<Frame<Bytes>>),
}

impl Part {
    /// The data; empty if it is not a data frame.
    fn data(&self) -> &[u8] {
        match self {
            Self::Kept(data) => data,
            Self::Merged(data) => data,
            Self::Other(_) => &[],
        }
    }

    fn into_frame(self) -> Frame<Bytes> {
        match self {
            Self::Kept(data) => Frame::data(data),
            Self::Merged(data) => Frame::data(data.freeze()),
            Self::Other(frame) => *frame,
        }
    }
}

impl Frames {
    /// Adds a frame at the end. Drops an empty one, and merges a small one with the small ones before it.
    pub(crate) fn push(&mut self, frame: Frame<Bytes>) {
        match frame.into_data() {
            Ok(data) if data.is_empty() => {}
            Ok(data) if self.is_empty() => self.first = Some(data),
            Ok(data) if data.len() >= LARGE => self.more.push_back(Part::Kept(data)),
            Ok(data) => self.merge(&data),
            Err(other) => self.more.push_back(Part::Other(Box::new(other))),
        }
    }

    fn merge(&mut self, data: &[u8]) {
        if let Some(Part::Merged(last)) = self.more.back_mut()
            && last.len() + data.len() <= MERGED
        {
            last.extend_from_slice(data);
        } else {
            self.more.push_back(Part::Merged(data.into()));
        }
    }

    /// Data that ends with what was pushed last; empty if that was not data.
    pub(crate) fn last_data(&self) -> &[u8] {
        match self.more.back() {
            Some(last) => last.data(),
            None => self.first.as_deref().unwrap_or_default(),
        }
    }

    pub(crate) fn have_trailers(&self) -> bool {
        matches!(self.more.back(), Some(Part::Other(_)))
    }

    /// Takes the first frame.
    pub(crate) fn pop(&mut self) -> Option<Frame<Bytes>> {
        let first = self.first.take().map(Frame::data);
        first.or_else(|| self.more.pop_front().map(Part::into_frame))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.first.is_none() && self.more.is_empty()
    }

    /// The bytes of all data frames.
    pub(crate) fn data_length(&self) -> u64 {
        let first = self.first.as_ref().map_or(0, Bytes::len);
        let more = self.more.iter().map(|part| part.data().len());
        more.fold(first as u64, |sum, length| sum + length as u64)
    }

    /// The data, if there is one frame of data at most.
    ///
    /// # Errors
    ///
    /// There are more frames: they are returned.
    pub(crate) fn into_single_data(self) -> Result<Bytes, Self> {
        if self.more.is_empty() {
            Ok(self.first.unwrap_or_default())
        } else {
            Err(self)
        }
    }
}

/// How much of a body was read.
#[derive(Debug, Default)]
pub(crate) struct ReadSoFar {
    bytes: u64,
    empty: u64,
    has_trailers: bool,
    goes_on_after_trailers: bool,
}

impl ReadSoFar {
    /// Counts one more frame.
    pub(crate) fn count<D: Buf>(&mut self, frame: &Frame<D>) {
        let length = frame.data_ref().map_or(0, |data| data.remaining() as u64);
        self.bytes += length;
        self.empty += u64::from(length == 0);
        self.goes_on_after_trailers |= self.has_trailers;
        self.has_trailers |= frame.is_trailers();
    }

    /// The bytes of data that were read.
    pub(crate) const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Whether the body may never reach a limit in bytes: it has too many empty frames, or goes on after its trailers,
    /// which must be its last frame.
    pub(crate) const fn is_endless(&self) -> bool {
        self.goes_on_after_trailers || self.empty > EMPTY + self.bytes
    }
}

/// Yields to other tasks after each [`FRAMES_PER_POLL`] frames, even if more frames are ready.
#[derive(Debug, Default)]
pub(crate) struct Yielding(usize);

impl Yielding {
    /// Call it after each frame.
    pub(crate) async fn after_frame(&mut self) {
        self.0 += 1;
        if self.0.is_multiple_of(FRAMES_PER_POLL) {
            let mut has_yielded = false;
            poll_fn(|cx| {
                if mem::replace(&mut has_yielded, true) {
                    return Poll::Ready(());
                }
                cx.waker().wake_by_ref();
                Poll::Pending
            })
            .await;
        }
    }
}

/// Waits for the next frame of a body.
pub(crate) async fn next_frame<B: Body>(
    mut body: Pin<&mut B>,
) -> Option<Result<Frame<B::Data>, B::Error>> {
    poll_fn(|cx| body.as_mut().poll_frame(cx)).await
}

/// Reads all data of a body. `None` if the body fails, has more than `limit` bytes, or may never end.
pub(crate) async fn whole<B>(mut body: B, limit: u64) -> Option<Bytes>
where
    B: Body<Data = Bytes> + Unpin,
{
    let mut content = BytesMut::new();
    let (mut read, mut yielding) = (ReadSoFar::default(), Yielding::default());
    while let Some(frame) = next_frame(Pin::new(&mut body)).await.map(Result::ok) {
        let frame = frame?;
        read.count(&frame);
        if read.bytes() > limit || read.is_endless() {
            return None;
        }
        if let Ok(data) = frame.into_data() {
            content.extend_from_slice(&data);
        }
        yielding.after_frame().await;
    }
    Some(content.freeze())
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderMap;

    fn pushed(sizes: impl IntoIterator<Item = usize>) -> Frames {
        let mut frames = Frames::default();
        for size in sizes {
            frames.push(Frame::data(Bytes::from(vec![b'x'; size])));
        }
        frames
    }

    fn sizes(mut frames: Frames) -> Vec<usize> {
        let next = || Some(frames.pop()?.into_data().map_or(0, |data| data.len()));
        std::iter::from_fn(next).collect()
    }

    #[test]
    fn small_frames_are_merged_and_large_ones_kept() {
        assert_eq!(sizes(pushed([3, 0, 4, 5])), [3, 9]);
        assert_eq!(sizes(pushed([LARGE, 1, LARGE, 1, 1])), [LARGE, 1, LARGE, 2]);
        assert_eq!(sizes(pushed([1, LARGE - 1, LARGE])), [1, LARGE - 1, LARGE]);
        let many = std::iter::repeat_n(1, MERGED + 2);
        assert_eq!(sizes(pushed(many)), [1, MERGED, 1]);
        assert_eq!(pushed([1, 2, LARGE]).data_length(), 3 + LARGE as u64);
        assert!(pushed([0; 3]).is_empty());
    }

    #[test]
    fn large_frames_are_not_copied() {
        let data = [1, LARGE, LARGE + 1].map(|size| Bytes::from(vec![b'x'; size]));
        let mut frames = Frames::default();
        for data in data.clone() {
            frames.push(Frame::data(data));
        }
        for data in data {
            let popped = frames.pop().unwrap().into_data().unwrap();
            assert_eq!(popped.as_ptr(), data.as_ptr());
        }
    }

    #[test]
    fn the_last_data_ends_with_what_was_pushed() {
        let mut frames = pushed([2, 3]);
        frames.push(Frame::data("end".into()));
        assert!(frames.last_data().ends_with(b"end"));
        frames.push(Frame::trailers(HeaderMap::new()));
        assert!(frames.have_trailers());
        assert_eq!(frames.last_data(), b"");
    }

    #[test]
    fn a_body_that_may_never_end_is_endless() {
        let mut read = ReadSoFar::default();
        let mut count = |frame: Frame<Bytes>| {
            read.count(&frame);
            read.is_endless()
        };
        for _ in 0..EMPTY {
            assert!(!count(Frame::data(Bytes::new())));
        }
        assert!(!count(Frame::data("a".into())));
        assert!(!count(Frame::data(Bytes::new())));
        assert!(count(Frame::data(Bytes::new())));

        let mut read = ReadSoFar::default();
        read.count(&Frame::<Bytes>::trailers(HeaderMap::new()));
        assert!(!read.is_endless());
        read.count(&Frame::data(Bytes::from("a")));
        assert!(read.is_endless());
    }
}
