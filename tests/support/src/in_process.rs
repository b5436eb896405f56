//! Services that are asked in this process, without a socket.

use std::convert::Infallible;
use std::error::Error;
use std::fmt::Debug;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Frame, SizeHint};
use tower::{Service, ServiceExt};

/// A service that can be asked by many at once: a router, a layer around a handler.
pub trait InProcess<B>:
    Service<Request<Full<Bytes>>, Response = Response<B>, Error: Debug, Future: Send>
    + Clone
    + Send
    + 'static
{
}

impl<S, B> InProcess<B> for S where
    S: Service<Request<Full<Bytes>>, Response = Response<B>, Error: Debug, Future: Send>
        + Clone
        + Send
        + 'static
{
}

/// The answer, with its body in memory.
pub async fn ask<B>(service: impl InProcess<B>, request: Request<Full<Bytes>>) -> Response<Bytes>
where
    B: Body<Data = Bytes, Error: Into<Box<dyn Error + Send + Sync>>>,
{
    let (head, body) = service.oneshot(request).await.unwrap().into_parts();
    let body = body.collect().await.map_err(Into::into).unwrap();
    Response::from_parts(head, body.to_bytes())
}

pub fn request(
    method: &str,
    path: &str,
    fields: &[(&str, &str)],
    body: impl Into<Bytes>,
) -> Request<Full<Bytes>> {
    let request = Request::builder().method(method).uri(path);
    let request = fields.iter().fold(request, |request, (name, value)| {
        request.header(*name, *value)
    });
    request.body(Full::new(body.into())).unwrap()
}

/// The body of a client that has announced so many bytes, and sends none of them.
pub struct StalledBody(pub u64);

impl Body for StalledBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Pending
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.0)
    }
}

/// The entity tag of an answer that has one.
#[track_caller]
pub fn tag_of<B: Debug>(answer: &Response<B>) -> String {
    let tag = answer.headers().get("etag");
    let tag = tag.unwrap_or_else(|| panic!("no tag: {answer:?}"));
    tag.to_str().unwrap().to_owned()
}
