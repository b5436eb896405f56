//! Versions as entity tags: all that this service tells the layer about them.
//!
//! A source identifies the resource with the extractors of the handlers, so that all spellings of an id (`1`, `01`,
//! `%31`) are one note with one write lock, on every replica. What an extractor rejects is rejected ahead of any
//! precondition: a path that names no note is a 404, whatever tag comes with it.

use axum::http::Method;
use tower_conditional::extract::extractor_source;
use tower_conditional::handler::NewVersion;
use tower_conditional::source::Beside;
use tower_conditional::validator::{Absent, InvalidEntityTag};
use tower_conditional::{
    Checked, Current, EntityTag, Epoch, Found, SourceError, ValidatorSource, source_fn,
};

use crate::{
    database::Failed,
    request::NoteId,
    store::{ListState, Note, Store},
};

/// Names the form in which notes are serialised. Change it together with the form: then the same version
/// has another tag, and no client takes the old bytes for the new ones.
const EPOCH: Epoch = Epoch::new("p1");

/// The source of `/notes`. The handler reads the whole list, and states the version of what it has read.
///
/// A note can be added only to the list that the client has seen. The handler evaluates that in its transaction, where
/// no other replica can change the list any more.
pub(crate) fn list_source(store: Store) -> impl ValidatorSource {
    source_fn(store, |head| Beside(head.method.clone()), list_state)
}

async fn list_state(Beside(method): Beside<Method>, store: Store) -> Result<Current, SourceError> {
    if method == Method::POST {
        return Ok(Current::Delegated);
    }
    Ok(list_tag(&store.list_state().await?)?.into())
}

/// The source of `/notes/{id}`: one query loads the version and the note, and a GET serves what was loaded. The kind of
/// resource has a name, because the write lock is shared by all replicas.
pub(crate) fn note_source(store: Store) -> impl ValidatorSource {
    let identify = |NoteId(id): NoteId, method: Method| (id, Beside(method));
    extractor_source(store, identify, note_state).named("notes")
}

async fn note_state(
    (id, Beside(method)): (i64, Beside<Method>),
    store: Store,
) -> Result<Found, Failed> {
    Ok(match store.get(id).await? {
        Some(note) => Found::from(EPOCH.version(note.version)).with(note),
        // A PATCH creates no note: it is a 404 with its preconditions as it is without them
        // (RFC 9110, section 13.2.1).
        None if method == Method::PATCH => Current::Absent(Absent::WillFail).into(),
        None => Found::absent(),
    })
}

/// The tag of one state of the list.
pub(crate) fn list_tag(state: &ListState) -> Result<EntityTag, InvalidEntityTag> {
    EPOCH.key(&state.0)
}

/// The version that the layer has checked, or none where it found no note.
pub(crate) fn checked_version(checked: &Checked) -> Option<i64> {
    checked.entity_tag().and_then(EntityTag::version)
}

/// Beside a response: the tag of the note that the write has made.
pub(crate) fn new_version(note: &Note) -> NewVersion {
    NewVersion::new(EPOCH.version(note.version))
}
