//! Removes what axum's routing has left in the extensions of a request, so that another router can match it.

use std::any::TypeId;
use std::convert::Infallible;
use std::future::Future;
use std::pin::pin;
use std::sync::LazyLock;
use std::task::{Context, Poll, Waker};

use axum::Router;
use axum::body::Body;
use axum::extract::{MatchedPath, OriginalUri};
use axum::routing::any;
use http::{Extensions, Request, Response};
use tower::Service;

/// Removes the path parameters if the reader is a `Router`. A router adds its parameters to those that it finds, and
/// `Path<String>` fails on two.
pub(crate) fn unroute_for<Reader: 'static>(extensions: &mut Extensions) {
    if TypeId::of::<Reader>() == TypeId::of::<Router>() {
        extensions.remove::<MatchedPath>();
        extensions.extend(NO_PARAMETERS.clone());
    }
}

/// Extensions that overwrite the parameters with none. Their type is private to axum, so they come from a route without
/// parameters.
static NO_PARAMETERS: LazyLock<Extensions> = LazyLock::new(|| {
    let mut router: Router = Router::new().route("/", any(hand_back_extensions));
    let mut extensions = now(router.call(Request::new(Body::empty())))
        .map(|response| response.into_parts().0.extensions)
        .unwrap_or_default();
    extensions.remove::<MatchedPath>();
    extensions.remove::<OriginalUri>();
    extensions
});

async fn hand_back_extensions(request: Request<Body>) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.extensions_mut() = request.into_parts().0.extensions;
    response
}

/// Polls a future once: its output if it is ready.
fn now<T>(future: impl Future<Output = Result<T, Infallible>>) -> Option<T> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(Ok(outcome)) => Some(outcome),
        Poll::Pending => None,
    }
}
