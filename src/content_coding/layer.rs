//! The layer around a compressor: it repairs what only the outside can know.

use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Method, Request, Response};
use http_body::Body;
use tower::{Layer, Service};

use super::future::ResponseFuture;
use super::incoming;
use crate::body::ConditionalBody;

/// Goes outside everything that touches bodies: `finish(compression(router.layer(conditional(handler))))`.
///
/// A compressor changes the representation and leaves the strong tag that an inner layer has set, so that gzip, br
/// and identity share one ([RFC 9110, section 8.8.3.3](https://www.rfc-editor.org/rfc/rfc9110#section-8.8.3.3)
/// forbids it). Where Content-Encoding was applied since the response was tagged, this layer
///
/// - appends the coding to the tag (`"x"` becomes `"x-gzip"`) and understands it when it comes back in If-Match or
///   If-None-Match, so that a browser behind gzip can save; or, by choice, [weakens](Self::weaken_tags) the tag;
/// - makes a 304 carry the tag and the Vary that the 200 had;
/// - takes body, Content-Length and Content-Encoding off a 304 and a 204, and the body off an answer to HEAD (axum and
///   compressors add them);
/// - keeps a Range from splicing identity bytes onto a coded body: a suffixed tag never satisfies If-Range, and a
///   date does not where the client takes codings.
///
/// A response that was coded before it was tagged (a precompressed file under [`BodyHash`](crate::BodyHash)) keeps
/// its tag. No two versions of a resource may differ in `-gzip`, `-br`, `-zstd` or `-deflate` at the end of their
/// tags alone.
///
/// axum serves its own body type: without the `map_response` below it says "expected `Response<Body>`, found
/// `Response<ConditionalBody<…>>`". tower-http does not compress a HEAD, so that its 200 has the tag of the identity
/// form; a tag with a coding revalidates by HEAD all the same.
///
/// # Examples
///
/// The outside of a [`Router`](https://docs.rs/axum/0.8/axum/struct.Router.html) is what goes around it:
/// `Router::layer` is still inside, where axum adds Content-Length to a 304 over HTTP/2.
///
/// ```
/// use axum::{Router, ServiceExt, body::Body, extract::Request, routing::get};
/// use http::Response;
/// use tower::ServiceBuilder;
/// use tower_conditional::content_coding::ContentCodingLayer;
/// use tower_conditional::{BodyHash, ConditionalLayer};
/// use tower_http::compression::CompressionLayer;
///
/// let router: Router = Router::new()
///     .route("/", get(async || "a page"))
///     .layer(ConditionalLayer::new(BodyHash::strong()));
/// let service = ServiceBuilder::new()
///     .map_response(|response: Response<_>| response.map(Body::new)) // what axum::serve wants
///     .layer(ContentCodingLayer::new())
///     .layer(CompressionLayer::new())
///     .service(router);
///
/// # async {
/// let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
/// axum::serve(listener, ServiceExt::<Request>::into_make_service(service)).await
/// # };
/// ```
#[doc(alias("gzip", "br", "zstd", "compression", "Content-Encoding"))]
#[derive(Clone, Copy, Debug, Default)]
#[must_use]
pub struct ContentCodingLayer(TagForm);

/// The form of a strong tag whose response was compressed after it was tagged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum TagForm {
    #[default]
    Suffixed,
    Weakened,
}

impl ContentCodingLayer {
    /// Appends the coding to the tag, and takes it off on the way in.
    pub const fn new() -> Self {
        Self(TagForm::Suffixed)
    }

    /// Weakens the tag instead: for routes that are only read, because a weak tag satisfies no If-Match.
    pub const fn weaken_tags(self) -> Self {
        Self(TagForm::Weakened)
    }
}

impl<S> Layer<S> for ContentCodingLayer {
    type Service = ContentCoding<S>;

    fn layer(&self, inner: S) -> ContentCoding<S> {
        ContentCoding {
            inner,
            form: self.0,
        }
    }
}

/// The service that [`ContentCodingLayer`] makes.
#[derive(Clone, Copy, Debug)]
pub struct ContentCoding<S> {
    inner: S,
    form: TagForm,
}

impl<S, ReqBody, ResBody> Service<Request<ReqBody>> for ContentCoding<S>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>>,
    ResBody: Body<Data = Bytes> + Unpin,
{
    type Response = Response<ConditionalBody<ResBody>>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<ReqBody>) -> Self::Future {
        let is_head = request.method() == Method::HEAD;
        let sent = incoming::prepare(&mut request, self.form);
        ResponseFuture::new(self.inner.call(request), self.form, sent, is_head)
    }
}
