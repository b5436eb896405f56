//! PUT and DELETE: what the layer has checked is handed down to the store, which decides.

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, StatusCode};
use futures_util::StreamExt;
use object_store::path::Path as Location;
use object_store::{Attribute, Attributes, Error, PutMode, PutOptions, PutPayload};
use tower_conditional::handler::NewVersion;
use tower_conditional::{Checked, Loaded, PreconditionFailed};

use crate::app::Shared;
use crate::objects::{Key, Store, deleted, find, is_deleted, tag};
use crate::problem::Problem;

pub(crate) async fn save(
    State(Shared { store, limit }): State<Shared>,
    Key(key): Key,
    checked: Checked,
    seen: Loaded<PutMode>,
    fields: HeaderMap,
    body: Body,
) -> Result<(StatusCode, NewVersion), Problem> {
    let object = upload(body, limit).await?;
    let mut attributes = Attributes::new();
    if let Some(media_type) = fields
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
    {
        attributes.insert(Attribute::ContentType, media_type.to_owned().into());
    }
    let e_tag = put(
        &key,
        object,
        attributes,
        seen.into_inner(),
        &checked,
        &store,
    )
    .await?;
    let status = match checked.existed() {
        Some(true) => StatusCode::NO_CONTENT,
        _ => StatusCode::CREATED,
    };
    // The bytes are stored as they were sent (RFC 9110, section 9.3.4).
    Ok((status, NewVersion::stored_verbatim(tag(e_tag.as_deref())?)))
}

pub(crate) async fn remove(
    State(Shared { store, .. }): State<Shared>,
    Key(key): Key,
    checked: Checked,
    seen: Loaded<PutMode>,
) -> Result<StatusCode, Problem> {
    if checked.existed() == Some(false) {
        return Err(Problem::NotFound);
    }
    put(
        &key,
        PutPayload::new(),
        deleted(),
        seen.into_inner(),
        &checked,
        &store,
    )
    .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The content, in the frames that came. A conditional write is one request to the store, so all of it is kept until then.
async fn upload(body: Body, limit: usize) -> Result<PutPayload, Problem> {
    let mut frames = body.into_data_stream();
    let mut kept: Vec<Bytes> = Vec::new();
    let mut length = 0;
    while let Some(frame) = frames.next().await {
        let frame = frame.map_err(|_| Problem::Incomplete)?;
        length += frame.len();
        if length > limit {
            return Err(Problem::TooLarge);
        }
        if !frame.is_empty() {
            kept.push(frame);
        }
    }
    Ok(kept.into_iter().collect())
}

/// The compare-and-swap; without a precondition it overwrites.
async fn put(
    key: &Location,
    object: PutPayload,
    attributes: Attributes,
    seen: PutMode,
    checked: &Checked,
    store: &Store,
) -> Result<Option<String>, Problem> {
    let mode = match checked.precondition() {
        Some(_) => seen,
        None => PutMode::Overwrite,
    };
    let options = PutOptions {
        mode,
        attributes,
        ..PutOptions::default()
    };
    match store.put_opts(key, object, options).await {
        Ok(put) => Ok(put.e_tag),
        Err(error) if Problem::is_conflict(&error) => Err(Problem::Conflict),
        Err(Error::Precondition { .. } | Error::AlreadyExists { .. }) => {
            let now = find(key, store).await?;
            let is_gone = now.is_none_or(|object| is_deleted(&object));
            Err(Problem::Lost(match checked.existed() {
                Some(true) if is_gone => PreconditionFailed::absent(),
                _ => checked.lost(),
            }))
        }
        Err(error) => Err(error.into()),
    }
}
