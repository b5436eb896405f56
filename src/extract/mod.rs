//! For axum (feature `axum`): extractors for handlers, errors and new versions as responses, and a source made from the
//! handler's own extractors.
//!
//! ```
//! use axum::{Router, extract::Path, http::StatusCode, routing::get};
//! use tower_conditional::extract::extractor_source;
//! use tower_conditional::{Checked, ConditionalLayer, Found, Loaded, PreconditionFailed, SourceError, WritePolicy};
//!
//! #[derive(Clone)]
//! struct Note { version: i64, text: String }
//!
//! async fn load(id: i64, (): ()) -> Result<Option<Found>, SourceError> {
//!     let note = Some(Note { version: 7, text: format!("note {id}") }); // … from the database
//!     Ok(note.map(|note| Found::version(note.version).with(note)))
//! }
//!
//! async fn read(note: Loaded<Note>) -> String {
//!     note.into_inner().text // body and tag of one row
//! }
//!
//! async fn save(Path(_id): Path<i64>, checked: Checked, _text: String) -> Result<StatusCode, PreconditionFailed> {
//!     let rows = checked.version::<i64>().map_or(0, |_version| 1); // … `WHERE version = ?`
//!     if rows == 0 { Err(checked.lost()) } else { Ok(StatusCode::NO_CONTENT) }
//! }
//!
//! let source = extractor_source((), |Path(id): Path<i64>| id, load);
//! let layer = ConditionalLayer::new(source).writes(WritePolicy::required());
//! let app: Router = Router::new().route("/notes/{id}", get(read).put(save).route_layer(layer));
//! # let _ = app;
//! ```

mod extractor_source;
mod extractors;
mod respond;

pub use extractor_source::{ExtractorSource, IdentifyHandler, extractor_source, refused};
pub use extractors::{CheckedRejection, LoadedRejection, RequestPreconditions};
