//! What goes wrong, as a response. 412, 409 and 503 mean to a client what they mean in S3.

use axum::http::header::{CONTENT_RANGE, RETRY_AFTER};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use example_support::problem;
use object_store::Error;
use tower_conditional::PreconditionFailed;

#[derive(Debug)]
pub(crate) enum Problem {
    NoKey,
    NotFound,
    Incomplete,
    TooLarge,
    /// The length of the object.
    NotSatisfiable(u64),
    /// The object has changed since it was read: read again, then write.
    Lost(PreconditionFailed),
    /// Another write of the object was under way, and neither has lost: send the same request again.
    Conflict,
    /// The store does not answer, or asks for patience. A write may have been done.
    Unavailable,
    Internal,
}

impl Problem {
    /// Whether S3 has answered 409: object_store has no word of its own for it.
    pub(crate) fn is_conflict(error: &Error) -> bool {
        let source = match error {
            Error::AlreadyExists { source, .. } | Error::Precondition { source, .. } => source,
            _ => return false,
        };
        source.to_string().contains("status code: 409")
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        if let Error::NotFound { .. } = error {
            return Self::NotFound;
        }
        tracing::error!("{error}");
        match error {
            Error::Generic { .. } => Self::Unavailable,
            _ => Self::Internal,
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let (status, error, detail) = match self {
            Self::Lost(failed) => return failed.into_response(),
            Self::NoKey => (StatusCode::NOT_FOUND, "no_key", "No object has such a key."),
            Self::NotFound => (
                StatusCode::NOT_FOUND,
                "not_found",
                "There is no such object.",
            ),
            Self::Incomplete => (
                StatusCode::BAD_REQUEST,
                "incomplete",
                "The object broke off.",
            ),
            Self::TooLarge => (
                StatusCode::PAYLOAD_TOO_LARGE,
                "too_large",
                "The object is too long.",
            ),
            Self::NotSatisfiable(_) => (
                StatusCode::RANGE_NOT_SATISFIABLE,
                "not_satisfiable",
                "The object has no such part.",
            ),
            Self::Conflict => (
                StatusCode::CONFLICT,
                "conflict",
                "Another write was under way. Send the same request again.",
            ),
            Self::Unavailable => (
                StatusCode::SERVICE_UNAVAILABLE,
                "unavailable",
                "The store did not answer. A write may have been done: fetch the object and look.",
            ),
            Self::Internal => (
                StatusCode::INTERNAL_SERVER_ERROR,
                "internal",
                "Something went wrong on the server.",
            ),
        };
        let mut response = problem(status, error, detail);
        let field = match self {
            Self::NotSatisfiable(size) => Some((CONTENT_RANGE, format!("bytes */{size}"))),
            Self::Conflict | Self::Unavailable => Some((RETRY_AFTER, "1".to_owned())),
            _ => None,
        };
        if let Some((name, value)) = field {
            let value = HeaderValue::try_from(value).expect("digits");
            response.headers_mut().insert(name, value);
        }
        response
    }
}
