//! The page that a person sees: files in the program itself, with nothing to build and nothing to
//! fetch from elsewhere.
//!
//! They have no entity tags of their own. The layer hashes what is sent, and a reload costs a few 304s.

use axum::{
    Router,
    http::{HeaderName, header},
    routing::get,
};
use tower_conditional::{BodyHash, ConditionalLayer};

use crate::app::REVALIDATE;

const FILES: [(&str, &str); 18] = [
    ("/", include_str!("page/index.html")),
    ("/page/style.css", include_str!("page/style.css")),
    ("/page/icon.svg", include_str!("page/icon.svg")),
    ("/page/main.js", include_str!("page/main.js")),
    ("/page/shelf.js", include_str!("page/shelf.js")),
    ("/page/editor.js", include_str!("page/editor.js")),
    ("/page/form.js", include_str!("page/form.js")),
    ("/page/conflict.js", include_str!("page/conflict.js")),
    ("/page/merge.js", include_str!("page/merge.js")),
    ("/page/diff.js", include_str!("page/diff.js")),
    ("/page/marks.js", include_str!("page/marks.js")),
    ("/page/messages.js", include_str!("page/messages.js")),
    ("/page/note.js", include_str!("page/note.js")),
    ("/page/drafts.js", include_str!("page/drafts.js")),
    ("/page/http.js", include_str!("page/http.js")),
    ("/page/wire.js", include_str!("page/wire.js")),
    ("/page/words.js", include_str!("page/words.js")),
    ("/page/dom.js", include_str!("page/dom.js")),
];

/// Everything comes from here, and nothing that a note contains is ever run.
const POLICY: &str =
    "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

pub(crate) fn router<S: Clone + Send + Sync + 'static>() -> Router<S> {
    let files = FILES
        .into_iter()
        .fold(Router::new(), |router, (path, text)| {
            let file = (fields(path), text);
            router.route(path, get(async move || file))
        });
    files.route_layer(ConditionalLayer::new(BodyHash::strong()).add_response_headers([REVALIDATE]))
}

fn fields(path: &str) -> [(HeaderName, &'static str); 3] {
    [
        (header::CONTENT_TYPE, content_type(path)),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ]
}

fn content_type(path: &str) -> &'static str {
    match path.rsplit('.').next() {
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        _ => "text/html; charset=utf-8",
    }
}
