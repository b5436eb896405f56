//! Versions as entity tags: all that this service tells the layer about them.
//!
//! A source identifies the resource with the extractors of the handlers, so that all spellings of an id (`1`, `01`,
//! `%31`) are one note with one write lock. What an extractor rejects is rejected ahead of any precondition: a path
//! that names no note is a 404, whatever tag comes with it.

use axum::http::Method;
use tower_conditional::extract::extractor_source;
use tower_conditional::handler::NewVersion;
use tower_conditional::source::{Beside, States};
use tower_conditional::validator::Absent;
use tower_conditional::{Current, EntityTag, Epoch, Found, ValidatorSource, source_fn};

use crate::{
    request::NoteId,
    store::{self, Failed, List, Note, Store},
};

/// Names the form in which notes are serialised. Change it together with the form: then the same version
/// has another tag, and no client takes the old bytes for the new ones.
const EPOCH: Epoch = Epoch::new("n1");

/// The source of `/notes`: the version alone. The handler reads the whole list, and states the version of what it has
/// read.
pub(crate) fn list_source(store: Store) -> impl ValidatorSource {
    source_fn(store, |_| (), list_state).stating(|_| States::of([EPOCH.version(1).into()]))
}

async fn list_state((): (), store: Store) -> Result<EntityTag, Failed> {
    let version = store::blocking(move || store.collection_version()).await?;
    Ok(EPOCH.version(version))
}

/// The tag of a list that was read, for the handler to state.
pub(crate) fn list_tag(list: &List) -> EntityTag {
    EPOCH.version(list.version)
}

/// The source of `/notes/{id}`: one query loads the version and the note, and a GET serves what was loaded.
pub(crate) fn note_source(store: Store) -> impl ValidatorSource {
    let identify = |NoteId(id): NoteId, method: Method| (id, Beside(method));
    extractor_source(store, identify, note_state)
        .stating(|method| States::of([EPOCH.version(1).into(), missing(method)]))
}

async fn note_state(
    (id, Beside(method)): (i64, Beside<Method>),
    store: Store,
) -> Result<Found, Failed> {
    let note = store::blocking(move || store.get(id)).await?;
    Ok(match note {
        Some(note) => Found::from(EPOCH.version(note.version)).with(note),
        None => missing(&method).into(),
    })
}

/// A PATCH creates no note: it is a 404 with its preconditions as it is without them (RFC 9110, section 13.2.1).
fn missing(method: &Method) -> Current {
    match *method {
        Method::PATCH => Current::Absent(Absent::WillFail),
        _ => Current::absent(),
    }
}

/// Beside a response: the tag of the note that the write has made.
pub(crate) fn new_version(note: &Note) -> NewVersion {
    NewVersion::new(EPOCH.version(note.version))
}
