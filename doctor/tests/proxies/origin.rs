//! An origin with one page of tag `"7"`, served in several ways.

use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use axum::routing::get;
use axum::{Router, ServiceExt};
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderValue, StatusCode};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tower::ServiceBuilder;
use tower::util::BoxCloneSyncService;
use tower_conditional::content_coding::{ContentCodingLayer, RewrittenTags};
use tower_conditional::source::Fixed;
use tower_conditional::{ConditionalLayer, EntityTag, Representation, WritePolicy};
use tower_http::compression::CompressionLayer;

/// How the page is served; the name is the first part of its path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    /// As it is by default.
    Strict,
    /// With `Cache-Control: no-transform`, which asks proxies to leave it alone (RFC 9111, section 5.2.2.6).
    NoTransform,
    /// Takes suffixed and weakened tags, on reads and writes.
    Tolerant,
    /// Compresses by itself, inside a `ContentCodingLayer`.
    Compressing,
}

impl Mode {
    pub(super) const ALL: [Self; 4] = [
        Self::Strict,
        Self::NoTransform,
        Self::Tolerant,
        Self::Compressing,
    ];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Strict => "strict",
            Self::NoTransform => "no-transform",
            Self::Tolerant => "tolerant",
            Self::Compressing => "compressing",
        }
    }
}

pub(super) struct Origin {
    port: u16,
    server: JoinHandle<()>,
}

impl Origin {
    pub(super) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let service = ServiceExt::<Request>::into_make_service(service());
        let server = tokio::spawn(async move { axum::serve(listener, service).await.unwrap() });
        Self { port, server }
    }

    pub(super) const fn port(&self) -> u16 {
        self.port
    }
}

impl Drop for Origin {
    fn drop(&mut self) {
        self.server.abort();
    }
}

fn service() -> BoxCloneSyncService<Request, Response, std::convert::Infallible> {
    let strict = ConditionalLayer::new(version());
    let rewrites = || RewrittenTags::suffixed_or_weakened();
    let tolerant = ConditionalLayer::new(version())
        .accept_rewritten_tags_on_reads(rewrites())
        .writes(WritePolicy::optional().accept_rewritten_tags(rewrites()));
    let plain = Router::new()
        .route("/strict/page", page("no-cache").layer(strict.clone()))
        .route(
            "/no-transform/page",
            page("no-cache, no-transform").layer(strict.clone()),
        )
        .route("/tolerant/page", page("no-cache").layer(tolerant));
    let compressed = Router::new().route("/compressing/page", page("no-cache").layer(strict));
    let compressing = ServiceBuilder::new()
        .map_response(|response: Response<_>| response.map(Body::new))
        .layer(ContentCodingLayer::new())
        .layer(CompressionLayer::new())
        .service(compressed);
    BoxCloneSyncService::new(plain.fallback_service(compressing))
}

fn version() -> Fixed {
    Fixed::new(Representation::tagged(EntityTag::from_version(7)))
}

/// Text that every compressor compresses.
fn page(cache_control: &'static str) -> axum::routing::MethodRouter {
    let cache_control = HeaderValue::from_static(cache_control);
    let read = async move || {
        let fields = [
            (CONTENT_TYPE, HeaderValue::from_static("text/plain")),
            (CACHE_CONTROL, cache_control),
        ];
        (fields, "milk and eggs\n".repeat(200))
    };
    get(read).put(async || StatusCode::NO_CONTENT)
}
