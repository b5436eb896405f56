//! The routes, and where the conditional layer sits.

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use axum::{
    Router,
    body::Body,
    http::{HeaderValue, header::CACHE_CONTROL},
    routing::get,
};
use tower_conditional::content_coding::ContentCodingLayer;
use tower_conditional::extract::extractor_source;
use tower_conditional::{ConditionalLayer, ValidatorSource, WritePolicy};

use crate::{
    handlers,
    patience::PatientLock,
    problem::Problem,
    tags::{self, Tags},
    target::Target,
};

/// Uploads of up to this size arrive before the write lock is taken. A larger one holds it while it arrives:
/// `upload::PATIENCE` is how long it may be without a byte, `patience::PATIENCE` how long others wait for it.
const SMALL: u64 = 1024 * 1024;

/// The directory, and what is known of the files below it. Clones share both.
#[derive(Clone)]
pub(crate) struct Files {
    pub(crate) root: Arc<Path>,
    pub(crate) tags: Arc<Tags>,
}

impl Files {
    pub(crate) fn below(directory: &Path) -> io::Result<Self> {
        let root: PathBuf = directory.canonicalize()?;
        if !root.is_dir() {
            return Err(io::ErrorKind::NotADirectory.into());
        }
        // Who may not look into it could not serve a file either.
        root.read_dir()?;
        Ok(Self {
            root: root.into(),
            tags: Arc::default(),
        })
    }
}

pub(crate) fn router(files: Files, requires_preconditions: bool) -> Router {
    let policy = if requires_preconditions {
        WritePolicy::required()
    } else {
        WritePolicy::optional()
    };
    let source = extractor_source(files.clone(), |target: Target| target, tags::state);
    // A lock of the service's own tells resources apart by the name of their kind.
    let conditional = ConditionalLayer::new(source.named("files"))
        .writes(
            policy
                .use_lock(PatientLock::default())
                // A client that is still sending gets its 412.
                .read_refused_bodies(SMALL),
        )
        .collect_bodies(SMALL, Body::new)
        // A cache may store it, and must revalidate it before use: then it gets a 304.
        .add_response_headers([(CACHE_CONTROL, HeaderValue::from_static("no-cache"))]);

    let file = get(handlers::read)
        .put(handlers::save)
        .delete(handlers::remove)
        .route_layer(conditional);

    Router::new()
        .route("/{*path}", file)
        .fallback(async || Problem::NotFound)
        .with_state(files)
        // The outermost layer keeps axum's `Content-Length: 0` off a 304.
        .layer(ContentCodingLayer::new().leave_tags())
}
