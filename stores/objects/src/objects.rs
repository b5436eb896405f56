//! What there is: keys, tags, and objects that were deleted.

use std::sync::Arc;

use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use object_store::path::Path as Location;
use object_store::{
    Attribute, Attributes, Error, GetOptions, GetResult, ObjectStore, PutMode, UpdateVersion,
};
use tower_conditional::{EntityTag, Found, SourceError};

use crate::problem::Problem;

pub(crate) type Store = Arc<dyn ObjectStore>;

/// The key of an object, without regard to how the path spells it.
pub(crate) struct Key(pub(crate) Location);

impl<S: Send + Sync> FromRequestParts<S> for Key {
    type Rejection = Response;

    async fn from_request_parts(head: &mut Parts, state: &S) -> Result<Self, Response> {
        let Path(path) = Path::<String>::from_request_parts(head, state)
            .await
            .map_err(IntoResponse::into_response)?;
        match Location::parse(&path) {
            Ok(location) if !location.as_ref().is_empty() => Ok(Self(location)),
            _ => Err(Problem::NoKey.into_response()),
        }
    }
}

/// Stores have no conditional delete, but a conditional replace: an object with this mark was deleted.
const DELETED: Attribute = Attribute::Metadata(std::borrow::Cow::Borrowed("deleted"));

pub(crate) fn deleted() -> Attributes {
    [(DELETED, "true")].into_iter().collect()
}

pub(crate) fn is_deleted(object: &GetResult) -> bool {
    object.attributes.get(&DELETED).is_some()
}

/// The tag of the store is the tag of the object.
pub(crate) fn tag(e_tag: Option<&str>) -> object_store::Result<EntityTag> {
    let tag = e_tag.and_then(|tag| EntityTag::from_header_value(&tag.parse().ok()?).ok());
    tag.ok_or_else(|| Error::Generic {
        store: "objects",
        source: format!("no entity tag: {e_tag:?}").into(),
    })
}

/// HEAD: without the content.
pub(crate) async fn find(key: &Location, store: &Store) -> object_store::Result<Option<GetResult>> {
    let head = GetOptions {
        head: true,
        ..GetOptions::default()
    };
    match store.get_opts(key, head).await {
        Ok(object) => Ok(Some(object)),
        Err(Error::NotFound { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// The look-up. The handler of a write gets what the store has to compare.
pub(crate) async fn load(key: String, store: Store) -> Result<Found, SourceError> {
    let Some(object) = find(&Location::parse(key)?, &store).await? else {
        return Ok(Found::absent().with(PutMode::Create));
    };
    let found = if is_deleted(&object) {
        Found::absent()
    } else {
        tag(object.meta.e_tag.as_deref())?.into()
    };
    let version = UpdateVersion {
        e_tag: object.meta.e_tag,
        version: object.meta.version,
    };
    Ok(found.with(PutMode::Update(version)))
}
