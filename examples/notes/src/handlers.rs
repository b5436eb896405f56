//! What each method does once the layer has let the request through.
//!
//! A GET of a note asks the database nothing: it serves what the layer's source has loaded, bytes and tag of one row.
//!
//! A write hands the version that the layer checked to the store, which swaps only if it is still the
//! current one. Under the layer's lock that is always so in this process. If another process over the same file
//! was faster, the swap fails and the client gets the very same 412.
//!
//! The store is synchronous, so it is only ever called on the blocking threads.

use axum::{
    Json,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use tokio::task::spawn_blocking;
use tower_conditional::extract::LoadedRejection;
use tower_conditional::{Checked, Loaded};

use crate::{
    conditional::{list_tag, new_version},
    description::{BadBody, Broken, Busy, Missing},
    merge::{Edits, Merge},
    problem::Problem,
    request::{JsonBody, NoteId},
    store::{self, Change, Draft, Failed, Note, Store, Swap},
};

/// All notes.
///
/// The ETag is that of the whole list. With If-Match a POST adds a note only to the list that the client has seen.
#[utoipa::path(get, path = "/notes", operation_id = "list_notes", tag = "notes",
    responses((status = OK, description = "The notes, by id.", body = [Note]), Broken))]
pub(crate) async fn list(State(store): State<Store>) -> Result<Response, Problem> {
    let list = store::blocking(move || store.list()).await?;
    Ok(([(header::ETAG, list_tag(&list))], Json(list.notes)).into_response())
}

/// Adds a note.
///
/// With If-Match it is added only to the list that the client has seen.
#[utoipa::path(post, path = "/notes", operation_id = "create_note", tag = "notes", request_body = Draft,
    responses(
        (status = CREATED, description = "The note.", body = Note,
            headers(("ETag" = String, description = "Its version."), ("Location" = String, description = "Its path."))),
        BadBody, Broken, Busy))]
pub(crate) async fn create(
    State(store): State<Store>,
    checked: Option<Checked>,
    JsonBody(draft): JsonBody<Draft>,
) -> Result<Response, Problem> {
    let note = match checked {
        None => store::blocking(move || store.insert(&draft)).await?,
        Some(checked) => {
            let seen = checked.version();
            swap(checked, move || store.insert_into(seen, &draft)).await?
        }
    };
    let location = [(header::LOCATION, format!("/notes/{}", note.id))];
    Ok((
        StatusCode::CREATED,
        location,
        new_version(&note),
        Json(note),
    )
        .into_response())
}

/// One note.
///
/// Its ETag is the version to change it with: keep both.
#[utoipa::path(get, path = "/notes/{id}", operation_id = "read_note", tag = "notes",
    params(("id" = i64, Path, description = "The number of the note.")),
    responses((status = OK, description = "The note.", body = Note), Missing, Busy))]
pub(crate) async fn read(note: Result<Loaded<Note>, LoadedRejection>) -> Result<Response, Problem> {
    Ok(Json(&*note?).into_response())
}

/// Replaces the note that the client has seen, or creates it where there was none.
///
/// The response carries no entity tag: the note is not stored byte for byte as it was sent, and a tag
/// would mean that the client's own copy is current (RFC 9110, section 9.3.4).
#[utoipa::path(put, path = "/notes/{id}", operation_id = "save_note", tag = "notes", request_body = Draft,
    params(("id" = i64, Path, description = "The number of the note.")),
    responses(
        (status = OK, description = "The note as it is now. GET it for its ETag.", body = Note),
        (status = CREATED, description = "The note that was made. GET it for its ETag.", body = Note),
        BadBody, Missing, Broken, Busy))]
pub(crate) async fn save(
    State(store): State<Store>,
    NoteId(id): NoteId,
    checked: Checked,
    JsonBody(draft): JsonBody<Draft>,
) -> Result<Response, Problem> {
    let seen = checked.version();
    let note = swap(checked, move || match seen {
        Some(version) => store.replace(id, &draft, version),
        None => store.create_at(id, &draft),
    })
    .await?;
    let status = match seen {
        Some(_) => StatusCode::OK,
        None => StatusCode::CREATED,
    };
    Ok((status, Json(note)).into_response())
}

/// Changes the title or the body of a note.
///
/// It is changed only if it is still in the version that the client has seen.
#[utoipa::path(patch, path = "/notes/{id}", operation_id = "change_note", tag = "notes", request_body = Change,
    params(("id" = i64, Path, description = "The number of the note.")),
    responses(
        (status = OK, description = "The note as it is now.", body = Note,
            headers(("ETag" = String, description = "Its new version."))),
        BadBody, Missing, Broken, Busy))]
pub(crate) async fn change(
    State(store): State<Store>,
    NoteId(id): NoteId,
    checked: Checked,
    JsonBody(change): JsonBody<Change>,
) -> Result<Response, Problem> {
    if change.is_empty() {
        return Err(Problem::BadRequest(
            "give a title, a body, or both".to_owned(),
        ));
    }
    let seen = checked.version().ok_or(Problem::NotFound)?;
    let note = swap(checked, move || store.patch(id, &change, seen)).await?;
    Ok((new_version(&note), Json(note)).into_response())
}

/// Deletes a note.
///
/// It is deleted only if it is still in the version that the client has seen.
#[utoipa::path(delete, path = "/notes/{id}", operation_id = "delete_note", tag = "notes",
    params(("id" = i64, Path, description = "The number of the note.")),
    responses((status = NO_CONTENT, description = "It is deleted."), Missing, Broken, Busy))]
pub(crate) async fn remove(
    State(store): State<Store>,
    NoteId(id): NoteId,
    checked: Checked,
) -> Result<Response, Problem> {
    let seen = checked.version().ok_or(Problem::NotFound)?;
    swap(checked, move || store.delete(id, seen)).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// Runs a compare-and-swap and keeps the layer's lock until it has landed.
///
/// A client that hangs up drops the handler's future, but not a closure that already runs: without
/// the lock in it, the next writer would be let in while this write is still under way.
async fn swap<T: Send + 'static>(
    checked: Checked,
    write: impl FnOnce() -> store::Result<Swap<T>> + Send + 'static,
) -> Result<T, Problem> {
    let lock = checked.hold_lock();
    let outcome = store::blocking(move || {
        let _held = lock;
        write()
    })
    .await?;
    match outcome {
        Swap::Done(value) => Ok(value),
        Swap::Lost => Err(Problem::Lost(checked.lost())),
    }
}

/// Which lines two edits changed.
///
/// Nothing is stored, and nothing is resolved: a person decides.
#[utoipa::path(post, path = "/merge", operation_id = "merge_edits", tag = "edits", request_body = Edits,
    responses((status = OK, description = "The lines of the three texts, side by side.", body = Merge), BadBody))]
pub(crate) async fn merge(JsonBody(edits): JsonBody<Edits>) -> Result<Response, Problem> {
    let merge = spawn_blocking(move || edits.merge()).await;
    Ok(Json(merge.map_err(Failed::Thread)?).into_response())
}
