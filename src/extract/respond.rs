//! Responses of handlers: errors as responses, and the new version as a part of a response.

use std::convert::Infallible;

use axum::body::Body;
use axum::response::{IntoResponse, IntoResponseParts, Response, ResponseParts};

use crate::middleware::{EvaluatedByHandler, NewVersion};
use crate::{PreconditionFailed, Refusal};

/// A 412 with problem details. The layer around the handler replaces it by its own, so that both are the same.
impl IntoResponse for PreconditionFailed {
    fn into_response(self) -> Response {
        self.to_response().map(Body::from)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        self.to_problem().map(Body::from)
    }
}

impl IntoResponseParts for NewVersion {
    type Error = Infallible;

    fn into_response_parts(self, mut parts: ResponseParts) -> Result<ResponseParts, Infallible> {
        parts.extensions_mut().insert(self);
        Ok(parts)
    }
}

impl IntoResponseParts for EvaluatedByHandler {
    type Error = Infallible;

    fn into_response_parts(self, mut parts: ResponseParts) -> Result<ResponseParts, Infallible> {
        parts.extensions_mut().insert(self);
        Ok(parts)
    }
}

/// An empty 200 with the new version. For another status: `(StatusCode::NO_CONTENT, NewVersion::new(tag))`.
impl IntoResponse for NewVersion {
    fn into_response(self) -> Response {
        (self, ()).into_response()
    }
}

/// An empty 200 from a handler that has evaluated the preconditions itself.
impl IntoResponse for EvaluatedByHandler {
    fn into_response(self) -> Response {
        (self, ()).into_response()
    }
}
