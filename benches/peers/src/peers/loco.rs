//! loco-rs, whose layer works on the router of its own application.

use axum::Router;
use loco_rs::app::AppContext;
use loco_rs::config::Config;
use loco_rs::controller::middleware::MiddlewareLayer;
use loco_rs::controller::middleware::etag::Etag;
use loco_rs::environment::Environment;
use serde_json::json;

/// The router with loco's layer around it. The layer compares the tag that the handler has set.
pub(crate) fn with_etags(router: Router<AppContext>) -> Router {
    let layered = Etag { enable: true }.apply(router);
    layered.expect("a layer").with_state(context())
}

/// An application without anything.
fn context() -> AppContext {
    let config: Config = serde_json::from_value(json!({
        "logger": { "enable": false, "level": "off", "format": "compact" },
        "server": { "port": 0, "host": "http://localhost" },
    }))
    .expect("a configuration");
    AppContext::builder(Environment::Test, config).build()
}
