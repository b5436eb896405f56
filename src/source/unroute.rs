//! What axum's routing leaves in a request's extensions, taken back before a router matches the request anew.

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

/// Where the reader is a router: it adds the path parameters that it matches to those that it finds, and
/// `Path<String>` fails on two.
pub(crate) fn unroute_for<Reader: 'static>(extensions: &mut Extensions) {
    if TypeId::of::<Reader>() == TypeId::of::<Router>() {
        extensions.remove::<MatchedPath>();
        extensions.extend(NO_PARAMETERS.clone());
    }
}

/// The type of the parameters is private to axum; but a route that has none leaves exactly that behind.
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

/// The outcome of a future that has nothing to wait for.
fn now<T>(future: impl Future<Output = Result<T, Infallible>>) -> Option<T> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(Ok(outcome)) => Some(outcome),
        Poll::Pending => None,
    }
}
