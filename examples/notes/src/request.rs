//! What a request must look like to reach a handler: a note's id in the path, JSON in the body.

use axum::{
    body::Bytes,
    extract::{FromRequest, FromRequestParts, Path, Request},
    http::{StatusCode, request::Parts},
};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::problem::Problem;

/// The id in `/notes/{id}`, in any spelling that is a number (`7`, `07`, `%37`); anything else is a note that does not
/// exist.
pub(crate) struct NoteId(pub(crate) i64);

impl<S: Send + Sync> FromRequestParts<S> for NoteId {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match Path::from_request_parts(parts, state).await {
            Ok(Path(id)) => Ok(Self(id)),
            Err(_) => Err(Problem::NotFound),
        }
    }
}

/// A JSON body, whatever its content type says; all that is wrong with it is a 400.
pub(crate) struct JsonBody<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for JsonBody<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let body =
            Bytes::from_request(request, state)
                .await
                .map_err(|rejection| match rejection.status() {
                    StatusCode::PAYLOAD_TOO_LARGE => Problem::TooLarge,
                    _ => Problem::BadRequest(rejection.body_text()),
                })?;
        from_object(&body)
            .map(Self)
            .map_err(|error| Problem::BadRequest(error.to_string()))
    }
}

/// Through a map, because serde would also take an array for a struct.
fn from_object<T: DeserializeOwned>(json: &[u8]) -> serde_json::Result<T> {
    let members: Map<String, Value> = serde_json::from_slice(json)?;
    T::deserialize(Value::Object(members))
}
