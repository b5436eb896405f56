//! For axum: extractors for the handler contract, answers that are responses, and a source written like a handler
//! (feature `axum`).
//!
//! A glob import of this crate beside axum makes the name `axum` ambiguous: name what you import, or write `::axum`.

mod extract;
mod extractor_source;
mod respond;

pub use extract::{NotChecked, RequestPreconditions};
pub use extractor_source::{ExtractorSource, LookUpHandler, extractor_source, refused};

use ::axum::extract::OriginalUri;
use http::request::Parts;

use crate::WriteKey;

/// The write key of the path as the client sent it, also inside `Router::nest`, which shortens the path that inner
/// layers see. For [`WritePolicy::keys`](crate::WritePolicy::keys).
///
/// ```
/// use tower_conditional::{WritePolicy, axum::original_path};
///
/// let policy = WritePolicy::required().keys(original_path);
/// # let _ = policy;
/// ```
#[must_use]
pub fn original_path(head: &Parts) -> Vec<WriteKey<'static>> {
    let original = head.extensions.get::<OriginalUri>();
    let uri = original.map_or(&head.uri, |original| &original.0);
    vec![WriteKey::of_path(uri.path()).into_owned()]
}
