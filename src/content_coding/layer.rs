//! The layer around a compressor, which corrects entity tags for content codings.

use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Method, Request, Response};
use http_body::Body;
use tower::{Layer, Service};

use super::future::ResponseFuture;
use super::incoming;
use crate::body::ConditionalBody;

/// Gives each content coding an ETag of its own, and a 304 the headers that it should have. Put it around the compressor and
/// everything else that changes bodies. In axum it is the last `.layer` of the router, with a compressor and without
/// ([`leave_tags`](Self::leave_tags)).
///
/// A compressor changes the bytes, but leaves the strong tag that an inner layer has set. So gzip, br and the plain bytes
/// would have one strong tag, which
/// [RFC 9110, section 8.8.3.3](https://www.rfc-editor.org/rfc/rfc9110#section-8.8.3.3) forbids. If Content-Encoding was
/// applied after the response was tagged, this layer
///
/// - appends the coding to the tag (`"x"` becomes `"x-gzip"`), and accepts the tag in If-Match and If-None-Match, so that a
///   browser can save what it got compressed; or it [weakens](Self::weaken_tags) the tag;
/// - sends in a 304 the tag and the Vary that the 200 had;
/// - removes body, Content-Length and Content-Encoding from a 304 and a 204, and the body from a response to HEAD, because
///   compressors add them, and keeps axum from adding `Content-Length: 0` to a 304 over HTTP/2 and on HEAD, which says that the
///   content is empty ([RFC 9110, section 8.6](https://www.rfc-editor.org/rfc/rfc9110#section-8.6));
/// - prevents that a client combines parts of different codings: a tag with a suffix never satisfies If-Range, and a date
///   does not if the client accepts codings.
///
/// The tag of the plain bytes is answered with 304 whatever the client accepts. A tag with a coding is, if the client still
/// accepts that coding; else it gets the plain bytes.
///
/// A response that was encoded before it was tagged (a precompressed file under [`BodyHash`](crate::BodyHash)) keeps its tag.
/// The tags of your service must not differ only by `-gzip`, `-br`, `-zstd` or `-deflate` at their end.
///
/// tower-http does not compress the response to a HEAD, so that its 200 has the tag of the plain bytes. A tag with a coding
/// can still be revalidated by HEAD.
///
/// **No compressor may be outside of it.** It would encode the 304, because a body that axum takes for one of no stated length
/// has no length for a compressor either.
///
/// # Examples
///
/// ```
/// use axum::{Router, routing::get};
/// use tower_conditional::content_coding::ContentCodingLayer;
/// use tower_conditional::{BodyHash, ConditionalLayer};
/// use tower_http::compression::CompressionLayer;
///
/// let router: Router = Router::new()
///     .route("/", get(async || "a page"))
///     .layer(ConditionalLayer::new(BodyHash::strong()))
///     .layer(CompressionLayer::new()) // around the layer before it
///     .layer(ContentCodingLayer::new()); // around both
///
/// # async {
/// let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
/// axum::serve(listener, router).await
/// # };
/// ```
#[doc(alias("gzip", "br", "zstd", "compression", "Content-Encoding"))]
#[derive(Clone, Copy, Debug, Default)]
#[must_use]
pub struct ContentCodingLayer(TagForm);

/// What to do with the strong tag of a response that was compressed after it was tagged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum TagForm {
    #[default]
    Suffixed,
    Weakened,
    /// There is no compressor.
    Left,
}

impl ContentCodingLayer {
    /// Appends the coding to tags in responses, and removes it from tags in requests.
    pub const fn new() -> Self {
        Self(TagForm::Suffixed)
    }

    /// Weakens tags in place of appending the coding. For routes that are only read, because a weak tag never satisfies
    /// If-Match; or for those whose layer [sends weak tags](crate::ConditionalLayer::send_weak_tags) itself.
    pub const fn weaken_tags(self) -> Self {
        Self(TagForm::Weakened)
    }

    /// Leaves tags, preconditions and Vary as they are, and only keeps content and its length off a 304, a 204 and the response
    /// to HEAD. For services without a compressor.
    ///
    /// ```
    /// use axum::{Router, routing::get};
    /// use tower_conditional::content_coding::ContentCodingLayer;
    /// use tower_conditional::{BodyHash, ConditionalLayer};
    ///
    /// let router: Router = Router::new()
    ///     .route("/", get(async || "a page"))
    ///     .layer(ConditionalLayer::new(BodyHash::strong()))
    ///     .layer(ContentCodingLayer::new().leave_tags()); // a 304 of axum has no `Content-Length: 0`
    /// # let _ = router;
    /// ```
    #[doc(alias("axum", "Content-Length", "304"))]
    pub const fn leave_tags(self) -> Self {
        Self(TagForm::Left)
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
