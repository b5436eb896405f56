//! What handlers say back: a lost race is a response, and what they know of the new state goes beside theirs.

use std::convert::Infallible;

use axum::body::Body;
use axum::response::{IntoResponse, IntoResponseParts, Response, ResponseParts};

use crate::middleware::{EvaluatedByHandler, NewVersion};
use crate::{PreconditionFailed, Refusal};

/// The 412 that the layer turns into its own, so that both look the same; without a layer it stays as it is.
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

/// With nothing else to say: `(StatusCode::NO_CONTENT, NewVersion::new(tag))`.
impl IntoResponse for NewVersion {
    fn into_response(self) -> Response {
        (self, ()).into_response()
    }
}

/// An empty 200 from a handler that judged by itself.
impl IntoResponse for EvaluatedByHandler {
    fn into_response(self) -> Response {
        (self, ()).into_response()
    }
}
