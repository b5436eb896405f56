//! What goes wrong, as a response: `application/problem+json` (RFC 9457).
//!
//! The response says what the client can act on. The log says what only the operator can act on.

use std::fmt;

use axum::{
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use example_support::problem;
use tower_conditional::PreconditionFailed;
use tower_conditional::extract::LoadedRejection;

use crate::database::Failed;

#[derive(Debug)]
pub(crate) enum Problem {
    NotFound,
    BadRequest(String),
    TooLarge,
    /// The version that was checked is no longer the current one: the layer answers as it does itself.
    Lost(PreconditionFailed),
    /// The database cannot be reached, or has refused: nothing was written.
    Unavailable,
    /// The database has not answered a statement that writes: it may have been performed.
    OutcomeUnknown,
    Internal,
}

impl Problem {
    /// What a failed write means. A read has no outcome that somebody has to look after.
    pub(crate) fn of_write(failed: Failed) -> Self {
        if failed.may_have_been_performed() {
            Self::OutcomeUnknown
        } else {
            failed.into()
        }
    }

    pub(crate) fn internal(error: &dyn fmt::Display) -> Self {
        tracing::error!("{error}");
        Self::Internal
    }
}

/// An outage has been logged by the database already, once and not for each request.
impl From<Failed> for Problem {
    fn from(failed: Failed) -> Self {
        if failed.is_unavailable() {
            Self::Unavailable
        } else if failed.is_nul_in_text() {
            Self::BadRequest("a note cannot contain the character U+0000".to_owned())
        } else {
            Self::internal(&failed)
        }
    }
}

impl From<LoadedRejection> for Problem {
    fn from(missing: LoadedRejection) -> Self {
        match missing {
            LoadedRejection::Absent => Self::NotFound,
            LoadedRejection::Failed => Self::Unavailable,
            wrong_route => Self::internal(&format_args!("{wrong_route:?}")),
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
            Self::Unavailable => unavailable(
                "unavailable",
                "The notes cannot be reached right now. Try again soon.",
            ),
            Self::OutcomeUnknown => unavailable(
                "outcome_unknown",
                "The database did not answer, and may have made the change or not. Fetch the note and look.",
            ),
            Self::Internal => problem(
                StatusCode::INTERNAL_SERVER_ERROR,
                "internal",
                "Something went wrong on the server.",
            ),
        }
    }
}

/// The `error` of the layer's own 503 is `precondition_unavailable`: no handler has run. These have other words.
fn unavailable(error: &str, detail: &str) -> Response {
    let unavailable = problem(StatusCode::SERVICE_UNAVAILABLE, error, detail);
    ([(header::RETRY_AFTER, "1")], unavailable).into_response()
}
