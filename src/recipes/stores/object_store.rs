// Notes as objects, with object_store: GET, PUT and DELETE of /notes/{name}.

use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::http::header::{CONTENT_LENGTH, ETAG, HeaderValue};
use axum::response::{IntoResponse, Response};
use axum::{Router, routing::get};
use object_store::path::Path as Location;
use object_store::{Error, ObjectMeta, ObjectStore, ObjectStoreExt, PutMode, UpdateVersion};
use tower_conditional::content_coding::ContentCodingLayer;
use tower_conditional::extract::extractor_source;
use tower_conditional::handler::NewVersion;
use tower_conditional::{
    Checked, ConditionalLayer, EntityTag, Found, Loaded, PreconditionFailed, SourceError,
    WritePolicy,
};

type Store = Arc<dyn ObjectStore>;

/// object_store has no conditional delete, but a conditional replace: an empty object stands for a note that was deleted.
const DELETED: Bytes = Bytes::new();

fn location(name: &str) -> Location {
    Location::from_iter(["notes", name])
}

/// The tag of the store is the tag of the note.
fn tag(e_tag: Option<&str>) -> object_store::Result<EntityTag> {
    let tag = e_tag.and_then(|tag| EntityTag::from_header_value(&tag.parse().ok()?).ok());
    tag.ok_or_else(|| Error::Generic {
        store: "notes",
        source: format!("no entity tag: {e_tag:?}").into(),
    })
}

async fn find(name: &str, store: &Store) -> object_store::Result<Option<ObjectMeta>> {
    match store.head(&location(name)).await {
        Ok(object) => Ok(Some(object)),
        Err(Error::NotFound { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// The look-up. The handler of a write gets what the store has to compare: S3 and Azure compare the tag, Google Cloud
/// Storage compares the version.
async fn load(name: String, store: Store) -> Result<Found, SourceError> {
    let Some(object) = find(&name, &store).await? else {
        return Ok(Found::absent().with(PutMode::Create));
    };
    let found = match object.size {
        0 => Found::absent(),
        _ => tag(object.e_tag.as_deref())?.into(),
    };
    let version = UpdateVersion {
        e_tag: object.e_tag,
        version: object.version,
    };
    Ok(found.with(PutMode::Update(version)))
}

/// Streams the object and states its tag: the bytes may be newer than the look-up.
async fn read(Path(name): Path<String>, State(store): State<Store>) -> Result<Response, Failed> {
    let object = store.get(&location(&name)).await?;
    if object.meta.size == 0 {
        return Ok(StatusCode::NOT_FOUND.into_response());
    }
    let tag = tag(object.meta.e_tag.as_deref())?;
    let fields = [
        (ETAG, tag.into()),
        (CONTENT_LENGTH, HeaderValue::from(object.meta.size)),
    ];
    Ok((fields, Body::from_stream(object.into_stream())).into_response())
}

async fn save(
    Path(name): Path<String>,
    State(store): State<Store>,
    checked: Checked, // before the body, as every extractor of the head
    mode: Loaded<PutMode>,
    bytes: Bytes,
) -> Result<(StatusCode, NewVersion), Failed> {
    if bytes == DELETED {
        return Err(Failed::Empty);
    }
    let e_tag = put(&name, bytes, mode.into_inner(), &checked, &store).await?;
    let status = match checked.existed() {
        Some(true) => StatusCode::NO_CONTENT,
        _ => StatusCode::CREATED,
    };
    let tag = tag(e_tag.as_deref())?;
    // The bytes are stored as they were sent: only then may a PUT answer with the tag (RFC 9110, section 9.3.4).
    Ok((status, NewVersion::stored_verbatim(tag)))
}

async fn remove(
    Path(name): Path<String>,
    State(store): State<Store>,
    checked: Checked,
    mode: Loaded<PutMode>,
) -> Result<StatusCode, Failed> {
    if checked.existed() == Some(false) {
        return Ok(StatusCode::NOT_FOUND);
    }
    put(&name, DELETED, mode.into_inner(), &checked, &store).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The compare-and-swap. If the store refuses it, the note has changed since it was looked up, or is gone.
async fn put(
    name: &str,
    bytes: Bytes,
    mode: PutMode,
    checked: &Checked,
    store: &Store,
) -> Result<Option<String>, Failed> {
    match store
        .put_opts(&location(name), bytes.into(), mode.into())
        .await
    {
        Ok(put) => Ok(put.e_tag),
        Err(Error::Precondition { .. } | Error::AlreadyExists { .. }) => {
            let now = find(name, store).await?;
            let is_gone = now.is_none_or(|object| object.size == 0);
            Err(Failed::Lost(match checked.existed() {
                Some(true) if is_gone => PreconditionFailed::absent(),
                _ => checked.lost(),
            }))
        }
        Err(error) => Err(error.into()),
    }
}

enum Failed {
    Lost(PreconditionFailed),
    Empty,
    Store(Error),
}

impl From<Error> for Failed {
    fn from(error: Error) -> Self {
        Self::Store(error)
    }
}

impl IntoResponse for Failed {
    fn into_response(self) -> Response {
        match self {
            Self::Lost(failed) => failed.into_response(), // the same 412 as the layer's own
            Self::Empty => (StatusCode::BAD_REQUEST, "a note has text").into_response(),
            Self::Store(Error::NotFound { .. }) => StatusCode::NOT_FOUND.into_response(),
            Self::Store(error) => {
                tracing::error!("{error}");
                StatusCode::INTERNAL_SERVER_ERROR.into_response()
            }
        }
    }
}

fn app(store: Store, writes: WritePolicy) -> Router {
    let notes = extractor_source(store.clone(), |Path(name): Path<String>| name, load);
    // The handler of a GET states its tag, so that a GET without conditional fields costs no look-up.
    let layer = ConditionalLayer::new(notes)
        .trust_handler_version()
        .writes(writes);
    let note = get(read).put(save).delete(remove).route_layer(layer);
    let router = Router::new().route("/notes/{name}", note).with_state(store);
    router.layer(ContentCodingLayer::new()) // last: it finishes 304s
}
