//! What goes wrong, as a response: `application/problem+json` (RFC 9457).

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

/// A response that says what went wrong: `error` for programs, `detail` for people.
pub fn problem(status: StatusCode, error: &str, detail: &str) -> Response {
    let problem = json!({
        "title": status.canonical_reason(),
        "status": status.as_u16(),
        "error": error,
        "detail": detail,
    });
    let fields = [(header::CONTENT_TYPE, "application/problem+json")];
    (status, fields, problem.to_string()).into_response()
}
