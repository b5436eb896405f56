//! What goes wrong, as a response: `application/problem+json` (RFC 9457).
//!
//! The response says what the client can act on. The log says what only the operator can act on.

use std::{fmt, io};

use axum::{
    http::StatusCode,
    response::{IntoResponse, Response},
};
use example_support::problem;
use tower_conditional::extract::LoadedRejection;

#[derive(Debug)]
pub(crate) enum Problem {
    NotFound,
    /// A path that leaves the directory, a symbolic link, a temporary file, a name that cannot be.
    NotWritable,
    /// A folder where the file should be, or a file where a folder should be.
    InTheWay,
    TooSlow,
    CutOff,
    /// The layer's source has failed, and has logged why.
    Unavailable,
    Internal,
}

impl Problem {
    pub(crate) fn internal(error: &dyn fmt::Display) -> Self {
        tracing::error!("{error}");
        Self::Internal
    }
}

impl From<io::Error> for Problem {
    fn from(error: io::Error) -> Self {
        use io::ErrorKind as Kind;

        match error.kind() {
            Kind::NotFound => Self::NotFound,
            Kind::NotADirectory | Kind::IsADirectory | Kind::AlreadyExists => Self::InTheWay,
            Kind::PermissionDenied
            | Kind::InvalidInput
            | Kind::InvalidFilename
            | Kind::ReadOnlyFilesystem => Self::NotWritable,
            _ => Self::internal(&error),
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
        let (status, error, detail) = match self {
            Self::NotFound => (StatusCode::NOT_FOUND, "not_found", "There is no such file."),
            Self::NotWritable => (
                StatusCode::FORBIDDEN,
                "not_writable",
                "No file can be written under this name.",
            ),
            Self::InTheWay => (
                StatusCode::CONFLICT,
                "in_the_way",
                "A folder is where the file should be, or a file where a folder should be.",
            ),
            Self::TooSlow => (
                StatusCode::REQUEST_TIMEOUT,
                "too_slow",
                "The upload took too long. Nothing was changed.",
            ),
            Self::CutOff => (
                StatusCode::BAD_REQUEST,
                "cut_off",
                "The upload broke off. Nothing was changed.",
            ),
            Self::Unavailable => (
                StatusCode::SERVICE_UNAVAILABLE,
                "unavailable",
                "The file cannot be read now. Try again soon.",
            ),
            Self::Internal => (
                StatusCode::INTERNAL_SERVER_ERROR,
                "internal",
                "Something went wrong on the server.",
            ),
        };
        problem(status, error, detail)
    }
}
