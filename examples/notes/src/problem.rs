//! What goes wrong, as a response: `application/problem+json` (RFC 9457).
//!
//! The response says what the client can act on. The log says what only the operator can act on.

use axum::{
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use example_support::problem;
use rusqlite::ErrorCode;
use tower_conditional::PreconditionFailed;
use tower_conditional::extract::LoadedRejection;

use crate::store::Failed;

#[derive(Debug)]
pub(crate) enum Problem {
    NotFound,
    BadRequest(String),
    TooLarge,
    /// The version that was checked is no longer the current one: the layer answers as it does itself.
    Lost(PreconditionFailed),
    Busy,
    /// The layer's source has failed, and has logged why.
    Unavailable,
    Internal,
}

impl From<Failed> for Problem {
    fn from(failed: Failed) -> Self {
        tracing::error!("{failed}");
        match failed {
            Failed::Database(error) if is_busy(&error) => Self::Busy,
            Failed::Database(_) | Failed::Thread(_) => Self::Internal,
        }
    }
}

fn is_busy(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked)
    )
}

impl From<LoadedRejection> for Problem {
    fn from(missing: LoadedRejection) -> Self {
        match missing {
            LoadedRejection::Absent => Self::NotFound,
            LoadedRejection::Failed => Self::Unavailable,
            wrong_route => {
                tracing::error!("{wrong_route:?}");
                Self::Internal
            }
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        match self {
            Self::NotFound => problem(StatusCode::NOT_FOUND, "not_found", "There is no such note."),
            Self::BadRequest(detail) => problem(StatusCode::BAD_REQUEST, "bad_request", &detail),
            Self::TooLarge => problem(
                StatusCode::PAYLOAD_TOO_LARGE,
                "too_large",
                "The note is too long.",
            ),
            Self::Lost(failed) => failed.into_response(),
            Self::Busy => later(
                "busy",
                "The notes are busy, and nothing was written. Try again soon.",
            ),
            Self::Unavailable => later(
                "unavailable",
                "The notes cannot be read now. Try again soon.",
            ),
            Self::Internal => problem(
                StatusCode::INTERNAL_SERVER_ERROR,
                "internal",
                "Something went wrong on the server.",
            ),
        }
    }
}

fn later(error: &str, detail: &str) -> Response {
    let problem = problem(StatusCode::SERVICE_UNAVAILABLE, error, detail);
    ([(header::RETRY_AFTER, "1")], problem).into_response()
}
