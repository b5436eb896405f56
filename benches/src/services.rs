//! The bare service, and how one operation of a service runs.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::future::{Future, Ready, ready};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{Request, Response, StatusCode};
use http_body::{Body, Frame, SizeHint};
use http_body_util::Full;
use tower::Service;

/// How often a [`Bare`] service was called.
pub static CALLS: AtomicU64 = AtomicU64::new(0);

/// 200, one `content-type` field, and a body that is cloned for each response.
#[derive(Clone, Debug)]
pub struct Bare<B>(B);

impl Bare<Full<Bytes>> {
    /// A body of this many bytes, in memory once.
    pub fn of_size(size: usize) -> Self {
        Self(Full::new(Bytes::from(vec![b'x'; size])))
    }
}

impl Bare<Frames> {
    /// A body of frames that are in memory once.
    pub fn of_frames(frames: usize, size: usize) -> Self {
        let frame = Bytes::from(vec![b'x'; size]);
        Self(Frames(std::iter::repeat_n(frame, frames).collect()))
    }
}

impl<B> Bare<B> {
    pub const fn of_body(body: B) -> Self {
        Self(body)
    }
}

impl<B: Clone, R> Service<Request<R>> for Bare<B> {
    type Response = Response<B>;
    type Error = Infallible;
    type Future = Ready<Result<Response<B>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<R>) -> Self::Future {
        CALLS.fetch_add(1, Ordering::Relaxed);
        let mut response = Response::new(self.0.clone());
        let octet_stream = HeaderValue::from_static("application/octet-stream");
        response.headers_mut().insert(CONTENT_TYPE, octet_stream);
        ready(Ok(response))
    }
}

/// One operation.
pub fn operate<S, R, B>(service: &mut S, request: Request<R>) -> StatusCode
where
    S: Service<Request<R>, Response = Response<B>, Error = Infallible>,
    B: Body<Data = Bytes>,
{
    let mut context = Context::from_waker(Waker::noop());
    while service.poll_ready(&mut context).is_pending() {}
    let Ok(response) = wait(service.call(request));
    let (head, body) = response.into_parts();
    drain(body);
    head.status
}

/// Polls until it is ready: nothing here waits for an event.
pub fn wait<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
    }
}

/// Reads a body to its end, and says how long it was.
pub fn drain<B: Body<Data = Bytes>>(body: B) -> u64 {
    let mut body = pin!(body);
    let mut context = Context::from_waker(Waker::noop());
    let mut read = 0;
    loop {
        match body.as_mut().poll_frame(&mut context) {
            Poll::Pending => {}
            Poll::Ready(Some(Ok(frame))) => {
                read += frame.data_ref().map_or(0, |data| data.len() as u64);
            }
            Poll::Ready(Some(Err(_)) | None) => return read,
        }
    }
}

/// A body of known size in several frames.
#[derive(Clone, Debug)]
pub struct Frames(VecDeque<Bytes>);

impl Body for Frames {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.0.pop_front().map(|frame| Ok(Frame::data(frame))))
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.0.iter().map(|frame| frame.len() as u64).sum())
    }
}

/// A body made as it is read: every frame is allocated when it is polled.
#[derive(Clone, Debug)]
pub struct Stream {
    left: u64,
    tells_size: bool,
}

impl Stream {
    pub const FRAME: u64 = 64 * 1024;

    /// Says how long it is.
    pub const fn sized(size: u64) -> Self {
        Self {
            left: size,
            tells_size: true,
        }
    }

    /// Does not.
    pub const fn unsized_(size: u64) -> Self {
        Self {
            left: size,
            tells_size: false,
        }
    }
}

impl Body for Stream {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let size = self.left.min(Self::FRAME);
        if size == 0 {
            return Poll::Ready(None);
        }
        self.left -= size;
        let frame = vec![b'x'; usize::try_from(size).expect("a frame fits")];
        Poll::Ready(Some(Ok(Frame::data(Bytes::from(frame)))))
    }

    fn size_hint(&self) -> SizeHint {
        if self.tells_size {
            SizeHint::with_exact(self.left)
        } else {
            SizeHint::new()
        }
    }
}
