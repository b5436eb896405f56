//! A limit to what a request may wait for.

use std::time::Duration;

use axum::error_handling::HandleErrorLayer;
use axum::http::StatusCode;
use axum::response::Response;
use axum::{BoxError, Router};
use tower::ServiceBuilder;

use crate::problem;

/// How long a request may take, whatever it waits for: its body, the write lock, the handler.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// Ends every request of a router that has no answer in time. What it waits with is given back, a lock above all.
pub fn in_time(router: Router) -> Router {
    router.layer(
        ServiceBuilder::new()
            .layer(HandleErrorLayer::new(too_late))
            .timeout(PATIENCE),
    )
}

/// The handler may have been at work.
async fn too_late(_: BoxError) -> Response {
    let detail = "There was no answer in time, and a change may have been made or not. Fetch the resource and look.";
    problem(StatusCode::SERVICE_UNAVAILABLE, "outcome_unknown", detail)
}
