//! What each method does once the layer has let the request through.
//!
//! A write hands the version that the layer checked to the store, which swaps only if it is still the
//! current one. Under the lock that is so. If the lock was lost, because its connection broke, or if a writer
//! bypasses the layer, the swap fails and the client gets the very same 412.

use std::future::Future;

use axum::{
    Json,
    extract::State,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use tower_conditional::extract::{LoadedRejection, RequestPreconditions};
use tower_conditional::handler::EvaluatedByHandler;
use tower_conditional::precondition::Field;
use tower_conditional::{Checked, Loaded};

use crate::{
    conditional::{checked_version, list_tag, new_version},
    database,
    problem::Problem,
    request::{JsonBody, NoteId},
    store::{Change, Draft, Note, Store, Swap},
};

/// `GET /notes`
pub(crate) async fn list(State(store): State<Store>) -> Result<Response, Problem> {
    let list = store.list().await?;
    let tag = list_tag(&list.state).map_err(|error| Problem::internal(&error))?;
    let etag = [(header::ETAG, HeaderValue::from(tag))];
    Ok((etag, Json(list.notes)).into_response())
}

/// `POST /notes`: adds a note, or adds it only to the list that the client has seen.
pub(crate) async fn create(
    State(store): State<Store>,
    preconditions: RequestPreconditions,
    JsonBody(draft): JsonBody<Draft>,
) -> Result<Response, Problem> {
    let note = if is_conditional(&preconditions) {
        create_in_seen_list(&store, &preconditions, &draft).await?
    } else {
        store.insert(&draft).await.map_err(Problem::of_write)?
    };
    let location = [(header::LOCATION, format!("/notes/{}", note.id))];
    let beside = (EvaluatedByHandler, new_version(&note));
    Ok((StatusCode::CREATED, location, beside, Json(note)).into_response())
}

fn is_conditional(preconditions: &RequestPreconditions) -> bool {
    let fields = [Field::IfMatch, Field::IfNoneMatch, Field::IfUnmodifiedSince];
    fields.iter().any(|&field| preconditions.get().has(field))
}

/// Evaluates inside the transaction that writes: what was checked is what is changed.
async fn create_in_seen_list(
    store: &Store,
    preconditions: &RequestPreconditions,
    draft: &Draft,
) -> Result<Note, Problem> {
    store
        .insert_if(draft, |state| {
            let tag = list_tag(&state).map_err(|error| Problem::internal(&error))?;
            preconditions.check(tag).map_err(Problem::Lost)
        })
        .await
}

/// `GET /notes/{id}`
///
/// The source has loaded the note: text and tag are of one row.
pub(crate) async fn read(note: Result<Loaded<Note>, LoadedRejection>) -> Result<Response, Problem> {
    Ok(Json(note?.into_inner()).into_response())
}

/// `PUT /notes/{id}`: replaces the note that the client has seen, or creates where it saw none.
///
/// The answer carries no entity tag: the note is not stored byte for byte as it was sent, and a tag
/// would mean that the client's own copy is current (RFC 9110, section 9.3.4).
pub(crate) async fn save(
    State(store): State<Store>,
    NoteId(id): NoteId,
    checked: Checked,
    JsonBody(draft): JsonBody<Draft>,
) -> Result<Response, Problem> {
    let seen = checked_version(&checked);
    let note = swap(checked, async move {
        match seen {
            Some(version) => store.replace(id, &draft, version).await,
            None => store.create_at(id, &draft).await,
        }
    })
    .await?;
    let status = match seen {
        Some(_) => StatusCode::OK,
        None => StatusCode::CREATED,
    };
    Ok((status, Json(note)).into_response())
}

/// `PATCH /notes/{id}`
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
    let seen = checked_version(&checked).ok_or(Problem::NotFound)?;
    let note = swap(checked, async move { store.patch(id, &change, seen).await }).await?;
    Ok((new_version(&note), Json(note)).into_response())
}

/// `DELETE /notes/{id}`
pub(crate) async fn remove(
    State(store): State<Store>,
    NoteId(id): NoteId,
    checked: Checked,
) -> Result<Response, Problem> {
    let seen = checked_version(&checked).ok_or(Problem::NotFound)?;
    swap(checked, async move { store.delete(id, seen).await }).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// Runs a compare-and-swap and keeps the layer's lock until it has landed.
///
/// A client that hangs up drops the handler's future, but not a statement that the database already has:
/// without the lock in a task of its own, the next writer would be let in while this write is still under way.
async fn swap<T: Send + 'static>(
    checked: Checked,
    write: impl Future<Output = database::Result<Swap<T>>> + Send + 'static,
) -> Result<T, Problem> {
    let lock = checked.hold_lock();
    let landed = tokio::spawn(async move {
        let outcome = write.await;
        drop(lock);
        outcome
    });
    let landed = landed.await.map_err(|error| Problem::internal(&error))?;
    match landed.map_err(Problem::of_write)? {
        Swap::Done(value) => Ok(value),
        Swap::Lost => Err(Problem::Lost(checked.lost())),
    }
}
