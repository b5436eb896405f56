//! An origin with one page, guarded in three ways.

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use axum::routing::get;
use axum::{Router, ServiceExt};
use http::header::CACHE_CONTROL;
use http::{HeaderName, HeaderValue, StatusCode};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tower::ServiceBuilder;
use tower::util::BoxCloneSyncService;
use tower_conditional::content_coding::{ContentCodingLayer, RewrittenTags};
use tower_conditional::source::Fixed;
use tower_conditional::{
    ConditionalLayer, EntityTag, HttpDate, Representation, SourceError, ValidatorSource,
    WritePolicy, source_fn,
};
use tower_http::compression::CompressionLayer;

/// When the page was modified.
pub(super) const DATE: &str = "Wed, 01 Jan 2025 00:00:00 GMT";

/// How a route takes tags that were rewritten on the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    /// Not at all.
    Strict,
    /// Coding suffixes and weakened tags, on reads and writes.
    Tolerant,
    /// The origin compresses by itself, inside a `ContentCodingLayer`.
    Finished,
    /// Both.
    Both,
}

impl Mode {
    pub(super) const ALL: [Self; 4] = [Self::Strict, Self::Tolerant, Self::Finished, Self::Both];
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Strict => "strict",
            Self::Tolerant => "tolerant",
            Self::Finished => "finished",
            Self::Both => "both",
        })
    }
}

pub(super) struct Origin {
    port: u16,
    state: Arc<State>,
    server: JoinHandle<()>,
}

#[derive(Default)]
struct State {
    /// Cache-Control and X-Deploy of 200 and 304.
    fields: Mutex<Option<[HeaderValue; 2]>>,
    asked: AtomicUsize,
    not_modified: AtomicUsize,
}

impl Origin {
    pub(super) async fn start() -> Self {
        let state = Arc::new(State::default());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let service = ServiceExt::<Request>::into_make_service(service(&state));
        let server = tokio::spawn(async move { axum::serve(listener, service).await.unwrap() });
        let origin = Self {
            port,
            state,
            server,
        };
        origin.serves("no-cache", "1");
        origin
    }

    pub(super) fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    pub(super) const fn port(&self) -> u16 {
        self.port
    }

    /// From now on with this Cache-Control and this X-Deploy; the page and its tag stay.
    pub(super) fn serves(&self, cache_control: &'static str, deploy: &'static str) {
        let fields = [cache_control, deploy].map(HeaderValue::from_static);
        *self.state.fields.lock().unwrap() = Some(fields);
    }

    /// How many requests have come so far.
    pub(super) fn asked(&self) -> usize {
        self.state.asked.load(Ordering::SeqCst)
    }

    /// How many of them were answered 304.
    pub(super) fn not_modified(&self) -> usize {
        self.state.not_modified.load(Ordering::SeqCst)
    }
}

impl Drop for Origin {
    fn drop(&mut self) {
        self.server.abort();
    }
}

fn service(state: &Arc<State>) -> BoxCloneSyncService<Request, Response, std::convert::Infallible> {
    let strict = ConditionalLayer::new(versions(state));
    let rewrites = || RewrittenTags::suffixed_or_weakened();
    let tolerant = ConditionalLayer::new(versions(state))
        .accept_rewritten_tags_on_reads(rewrites())
        .writes(WritePolicy::optional().accept_rewritten_tags(rewrites()));
    let date = HttpDate::parse(DATE.as_bytes(), HttpDate::UNIX_EPOCH).unwrap();
    let dated = Fixed::new(Representation::new().last_modified(date));
    let plain = Router::new()
        .route("/dated/{page}", page(ConditionalLayer::new(dated)))
        .route("/strict/{page}", page(strict.clone()))
        .route("/tolerant/{page}", page(tolerant.clone()));
    let coded = Router::new()
        .route("/finished/{page}", page(strict))
        .route("/both/{page}", page(tolerant));
    let compressing = ServiceBuilder::new()
        .map_response(|response: Response<_>| response.map(Body::new))
        .layer(ContentCodingLayer::new())
        .layer(CompressionLayer::new())
        .service(coded);
    let counted = state.clone();
    let service = ServiceBuilder::new()
        .map_response(move |response: Response| {
            counted.asked.fetch_add(1, Ordering::SeqCst);
            if response.status() == StatusCode::NOT_MODIFIED {
                counted.not_modified.fetch_add(1, Ordering::SeqCst);
            }
            response
        })
        .service(plain.fallback_service(compressing));
    BoxCloneSyncService::new(service)
}

fn page<V: ValidatorSource>(guarded: ConditionalLayer<V>) -> axum::routing::MethodRouter {
    let text = "A page that is long enough to be worth compressing. ".repeat(40);
    let save = async || StatusCode::NO_CONTENT;
    get(async move || text.clone())
        .put(save)
        .route_layer(guarded)
}

/// The page never changes, what is said about it does.
fn versions(state: &Arc<State>) -> impl ValidatorSource + use<> {
    source_fn(
        state.clone(),
        |_| (),
        async |(), state: Arc<State>| {
            let fields = state.fields.lock().unwrap().clone();
            let [cache_control, deploy] = fields.expect("set before anybody asks");
            let page = Representation::tagged(EntityTag::from_version(7))
                .field(CACHE_CONTROL, cache_control)
                .field(HeaderName::from_static("x-deploy"), deploy);
            Ok::<_, SourceError>(page)
        },
    )
}
