//! Request bodies: collecting them before the handler runs, and reading the rest after a refusal.

use std::fmt;
use std::future::Future;
use std::pin::{Pin, pin};

use bytes::Bytes;
use http_body::Body;

use crate::body::{ConditionalBody, Left, Rest};
use crate::frames::{Frames, ReadSoFar, Yielding, next_frame};

/// Whether a layer collects request bodies before the handler runs, and holds no lock while it waits for them: [`CollectUpTo`] does, `()` does not.
///
/// It is sealed: use it as a bound, only this crate implements it.
pub trait CollectBody<B>: sealed::Sealed + Clone + Send + Sync + 'static {
    /// Whether to collect this body.
    fn collects(&self, body: &B) -> bool;

    /// Reads the body into memory, up to the limit. Returns what was read, followed by the rest.
    fn collect(&self, body: B) -> impl Future<Output = B> + Send;
}

mod sealed {
    /// Only this crate can implement a trait that has it as a supertrait.
    #[expect(unnameable_types, reason = "that nobody can name it seals the trait")]
    pub trait Sealed {}

    impl Sealed for () {}

    impl<F> Sealed for super::CollectUpTo<F> {}
}

impl<B: Send> CollectBody<B> for () {
    fn collects(&self, _: &B) -> bool {
        false
    }

    async fn collect(&self, body: B) -> B {
        body
    }
}

/// Collects bodies up to a size. Made by [`ConditionalLayer::collect_bodies`](crate::ConditionalLayer::collect_bodies).
#[derive(Clone)]
pub struct CollectUpTo<F> {
    limit: u64,
    wrap: F,
}

impl<F> CollectUpTo<F> {
    pub(crate) const fn new(limit: u64, wrap: F) -> Self {
        Self { limit, wrap }
    }
}

impl<F> fmt::Debug for CollectUpTo<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CollectUpTo")
            .field("limit", &self.limit)
            .finish_non_exhaustive()
    }
}

impl<B, F> CollectBody<B> for CollectUpTo<F>
where
    B: Body<Data = Bytes> + Unpin + Send,
    B::Error: Send,
    F: Fn(ConditionalBody<B>) -> B + Clone + Send + Sync + 'static,
{
    fn collects(&self, body: &B) -> bool {
        !body.is_end_stream() && body.size_hint().lower() <= self.limit
    }

    async fn collect(&self, mut body: B) -> B {
        let mut frames = Frames::default();
        let (mut read, mut yielding) = (ReadSoFar::default(), Yielding::default());
        let rest = loop {
            match next_frame(Pin::new(&mut body)).await {
                None => break Rest::Ended,
                Some(Err(error)) => break Rest::Failed(Some(error)),
                Some(Ok(frame)) => {
                    read.count(&frame);
                    frames.push(frame);
                }
            }
            if read.bytes() > self.limit || read.is_endless() {
                break Rest::Stream(body);
            }
            yielding.after_frame().await;
        };
        (self.wrap)(ConditionalBody::read_ahead(frames, rest, Left::AsSaid))
    }
}

/// Reads and drops up to `limit` bytes of a refused request's body: a client that is still sending then reads the answer.
pub(crate) async fn drain<B: Body>(body: B, limit: u64) {
    let mut body = pin!(body);
    let (mut read, mut yielding) = (ReadSoFar::default(), Yielding::default());
    while read.bytes() <= limit && !read.is_endless() {
        match next_frame(body.as_mut()).await {
            Some(Ok(frame)) => read.count(&frame),
            Some(Err(_)) | None => return,
        }
        yielding.after_frame().await;
    }
}
