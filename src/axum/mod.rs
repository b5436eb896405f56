//! For axum: extractors for the handler contract, answers that are responses, and a source written like a handler
//! (feature `axum`).
//!
//! A glob import of this crate beside axum makes the name `axum` ambiguous: name what you import, or write `::axum`.
//!
//! ```
//! use axum::{Router, extract::Path, http::StatusCode, routing::get};
//! use tower_conditional::axum::extractor_source;
//! use tower_conditional::{Checked, ConditionalLayer, EntityTag, PreconditionFailed, SourceError, WritePolicy};
//! # async fn read() {}
//!
//! async fn version(Path(_id): Path<i64>) -> Result<EntityTag, SourceError> {
//!     Ok(EntityTag::from_version(7)) // … from the database
//! }
//!
//! async fn save(Path(_id): Path<i64>, checked: Checked, _text: String) -> Result<StatusCode, PreconditionFailed> {
//!     let rows = checked.version().map_or(0, |_version| 1); // … `WHERE version = ?`
//!     if rows == 0 { Err(checked.lost()) } else { Ok(StatusCode::NO_CONTENT) }
//! }
//!
//! let layer = ConditionalLayer::new(extractor_source(version, ())).writes(WritePolicy::required());
//! let app: Router = Router::new().route("/notes/{id}", get(read).put(save).route_layer(layer));
//! # let _ = app;
//! ```

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
