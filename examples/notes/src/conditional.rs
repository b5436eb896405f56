//! Versions as entity tags: all that this service says of them to the layer.
//!
//! The two sources read like handlers. What their extractors reject is rejected ahead of any
//! precondition: a path that names no note is a 404, whatever tag comes with it.

use axum::{extract::State, http::Method};
use tower_conditional::{Absent, Checked, Current, EntityTag, Epoch, NewVersion};

use crate::{
    request::NoteId,
    store::{self, Failed, Note, Store},
};

/// Names the form in which notes are written out. Change it together with the form: the same version
/// then has another tag, and no client takes the old bytes for the new ones.
const EPOCH: Epoch = Epoch::new("n1");

/// The source of `/notes`.
pub(crate) async fn list_state(State(store): State<Store>) -> Result<EntityTag, Failed> {
    let version = store::blocking(move || store.collection_version()).await?;
    Ok(EPOCH.version(version))
}

/// The source of `/notes/{id}`.
pub(crate) async fn note_state(
    method: Method,
    NoteId(id): NoteId,
    State(store): State<Store>,
) -> Result<Current, Failed> {
    let version = store::blocking(move || store.version_of(id)).await?;
    Ok(match version {
        Some(version) => EPOCH.version(version).into(),
        // A PATCH creates no note: it is a 404 with its preconditions as it is without them
        // (RFC 9110, section 13.2.1).
        None if method == Method::PATCH => Current::Absent(Absent::WillFail),
        None => Current::absent(),
    })
}

/// The version that the layer has judged, or none where it found no note.
pub(crate) fn judged_version(checked: &Checked) -> Option<u64> {
    checked.entity_tag().and_then(EntityTag::version)
}

/// Beside a response: the tag of the note that the write has made.
pub(crate) fn new_version(note: &Note) -> NewVersion {
    NewVersion::new(EPOCH.version(note.version))
}
