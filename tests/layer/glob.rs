//! A glob import of the crate leaves the names of its neighbours what they are.

#[allow(unused_imports, reason = "what a glob brings is what is tested")]
use tower_conditional::*;

/// `axum`, `tower` and `http` are the crates, whatever modules this crate has.
#[test]
fn a_glob_import_hides_no_crate() {
    use axum::Router;
    use axum::routing::get;
    use http::Method;
    use tower::ServiceBuilder;

    let layer = ServiceBuilder::new().layer(ConditionalLayer::new(FromResponse));
    let router: Router = Router::new().route("/", get(async || "a page").layer(layer));
    drop((router, Method::GET));
}
