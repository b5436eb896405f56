//! A read whose tag is the SHA-256 of its body: one frame, no copy, no box.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use http::header::{CONTENT_TYPE, ETAG, HeaderValue, IF_NONE_MATCH};
use http::{Request, Response, StatusCode};
use http_body::Body;
use http_body_util::Full;
use sha2::{Digest, Sha256};
use tower::Service;

use super::evaluate::has;

/// Tags each response, or makes a 304 of it.
#[derive(Clone)]
pub struct Hashed<S>(pub S);

pub struct Answer<F, B> {
    inner: F,
    if_none_match: Option<HeaderValue>,
    head: Option<http::response::Parts>,
    body: Option<B>,
    hash: Sha256,
    data: Bytes,
}

impl<F, B> Future for Answer<F, B>
where
    F: Future<Output = Result<Response<B>, Infallible>> + Unpin,
    B: Body<Data = Bytes, Error = Infallible> + Unpin,
{
    type Output = Result<Response<Full<Bytes>>, Infallible>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        if this.head.is_none() {
            let Ok(response) = ready!(Pin::new(&mut this.inner).poll(cx));
            let (head, body) = response.into_parts();
            (this.head, this.body) = (Some(head), Some(body));
        }
        let body = this.body.as_mut().expect("polled to its end once");
        while let Some(Ok(frame)) = ready!(Pin::new(&mut *body).poll_frame(cx)) {
            if let Ok(data) = frame.into_data() {
                this.hash.update(&data);
                this.data = data;
            }
        }
        let mut head = this.head.take().expect("polled to its end once");
        let tag = tag_of(std::mem::take(&mut this.hash));
        let is_hit = this
            .if_none_match
            .as_ref()
            .is_some_and(|line| has(line.as_bytes(), tag.as_bytes()));
        head.headers.insert(ETAG, tag);
        let mut data = std::mem::take(&mut this.data);
        if is_hit {
            head.status = StatusCode::NOT_MODIFIED;
            head.headers.remove(CONTENT_TYPE);
            data = Bytes::new();
        }
        Poll::Ready(Ok(Response::from_parts(head, Full::new(data))))
    }
}

/// The tag of what was hashed.
pub fn tag_of(hash: Sha256) -> HeaderValue {
    let digest: [u8; 32] = hash.finalize().into();
    let mut tag = vec![b'"'; 24];
    let written = URL_SAFE_NO_PAD.encode_slice(&digest[..16], &mut tag[1..23]);
    written.expect("16 bytes are 22 characters");
    HeaderValue::from_maybe_shared(Bytes::from(tag)).expect("base64")
}

impl<S, R, B> Service<Request<R>> for Hashed<S>
where
    S: Service<Request<R>, Response = Response<B>, Error = Infallible>,
    S::Future: Unpin,
    B: Body<Data = Bytes, Error = Infallible> + Unpin,
{
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = Answer<S::Future, B>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<R>) -> Self::Future {
        let if_none_match = request.headers_mut().remove(IF_NONE_MATCH);
        Answer {
            inner: self.0.call(request),
            if_none_match,
            head: None,
            body: None,
            hash: Sha256::new(),
            data: Bytes::new(),
        }
    }
}
