//! Versions as FHIR, SCIM and OData write them: weak tags that guard writes.
//!
//! `cargo run -p weak_tags` serves just enough of three standards, and prints the `curl` commands to try. Each of them writes
//! a version as `W/"3"` and wants it back in If-Match, which RFC 9110 compares strongly: a weak tag would never match. The
//! layer's `send_weak_tags` keeps the tags strong inside and writes them weak.
//!
//! | file           | idea                                                          |
//! |----------------|---------------------------------------------------------------|
//! | `store.rs`     | resources and their versions, and the source that finds them   |
//! | `resources.rs` | the layer, and the handlers of all three                       |
//! | `standards.rs` | what SCIM users, FHIR patients and OData items look like       |
//!
//! `scripts/clients` has clients that nobody here wrote, which do their whole cycle against it: read, change, lose, fetch
//! again, save.

mod resources;
mod standards;
mod store;

use std::process::ExitCode;

use axum::Router;
use axum::routing::{get, post};
use example_support::{arguments, in_time, listen, run, serve};
use tower_conditional::content_coding::ContentCodingLayer;

/// What to try, printed once the address is known.
const COMMANDS: &str = r#"
Try it, in another terminal:

  url=http://ADDRESS

  # A SCIM user, a FHIR patient, an OData item: 201, each with a weak tag
  curl -i $url/scim/v2/Users -d '{"userName":"amara"}'
  curl -i $url/fhir/Patient -d '{"resourceType":"Patient","active":true}'
  curl -i $url/b1s/v2/Items -d '{"ItemName":"milk"}'

  # Save with the tag as it was sent: 200
  curl -i -X PUT $url/fhir/Patient/1 -H 'If-Match: W/"1"' -d '{"resourceType":"Patient","active":false}'

  # Save with it again: 412
  curl -i -X PUT $url/fhir/Patient/1 -H 'If-Match: W/"1"' -d '{"resourceType":"Patient","active":true}'

"#;

#[tokio::main]
async fn main() -> ExitCode {
    let port = arguments::read(arguments::only_port);
    run(async move { serve(listen(port).await?, router(), COMMANDS).await }).await
}

fn router() -> Router {
    let scim = resources::router(&standards::SCIM)
        .route("/ServiceProviderConfig", get(standards::scim_config));
    let odata = resources::router(&standards::ODATA).route("/Login", post(standards::odata_login));
    let router = Router::new()
        .nest("/scim/v2", scim)
        .nest("/fhir", resources::router(&standards::FHIR))
        .nest("/b1s/v2", odata);
    // A client that is slow to send a resource holds its lock. Outermost: keeps axum's `Content-Length: 0` off a 304.
    in_time(router).layer(ContentCodingLayer::new().leave_tags())
}
