//! Floors: hand-written services that do one job of the layer, for one service, and nothing else.
//!
//! A row that has a goal is compared with its floor in the same binary: what is left is what the layer costs beyond the
//! job itself. No floor is a layer that one could use. None has options, an observer, a policy or an error.

pub mod coding;
pub mod evaluate;
pub mod hash;
pub mod look_up;
pub mod probe;
pub mod write;

use std::pin::Pin;
use std::task::{Context, Poll};

use http::header::{HeaderName, HeaderValue};
use http::{Response, StatusCode};
use http_body::{Body, Frame, SizeHint};

/// The body of the service below, or none.
pub struct Maybe<B>(Option<B>);

impl<B: Body + Unpin> Body for Maybe<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        match &mut self.get_mut().0 {
            Some(body) => Pin::new(body).poll_frame(cx),
            None => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.0.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Some(body) => body.size_hint(),
            None => SizeHint::with_exact(0),
        }
    }
}

/// A response without content, with one header.
fn short<B>(status: StatusCode, name: HeaderName, value: HeaderValue) -> Response<Maybe<B>> {
    let mut response = Response::new(Maybe(None));
    *response.status_mut() = status;
    response.headers_mut().insert(name, value);
    response
}
