//! The layer around a compressor, which corrects entity tags for content codings.

use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Method, Request, Response};
use http_body::Body;
use tower::{Layer, Service};

use super::future::ResponseFuture;
use super::incoming;
use crate::body::ConditionalBody;

/// Gives each content coding an ETag of its own. Put it around the compressor and everything else that changes bodies:
/// `content_coding(compression(router.layer(conditional(handler))))`.
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
///   axum and compressors add them;
/// - prevents that a client combines parts of different codings: a tag with a suffix never satisfies If-Range, and a date
///   does not if the client accepts codings.
///
/// A response that was encoded before it was tagged (a precompressed file under [`BodyHash`](crate::BodyHash)) keeps its tag.
/// The tags of your service must not differ only by `-gzip`, `-br`, `-zstd` or `-deflate` at their end.
///
/// tower-http does not compress the response to a HEAD, so that its 200 has the tag of the plain bytes. A tag with a coding
/// can still be revalidated by HEAD.
///
/// # Examples
///
/// Put the layer around the [`Router`](https://docs.rs/axum/0.8/axum/struct.Router.html). `Router::layer` would be inside of
/// the code of axum that adds Content-Length to a 304 over HTTP/2. axum needs the `map_response`: without it the compiler says
/// "expected `Response<Body>`, found `Response<ConditionalBody<…>>`".
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

/// What to do with the strong tag of a response that was compressed after it was tagged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum TagForm {
    #[default]
    Suffixed,
    Weakened,
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
