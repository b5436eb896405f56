//! Why did the 412s spike? A service whose outcomes can be counted by route, field and reason.
//!
//! `cargo run -p metrics` serves documents under `/documents/{id}` and their counters under `/metrics`, in the text
//! format of Prometheus, and prints the `curl` commands to try. `POST /deploy` plays a release that serialises documents
//! in another form: from then on, every tag that clients hold is of another epoch.
//!
//! | file           | idea                                            |
//! |----------------|-------------------------------------------------|
//! | `counters.rs`  | the events of the layer's hook, counted          |
//! | `documents.rs` | documents in memory, and the release they are in |

mod counters;
mod documents;

use std::process::ExitCode;

use axum::{
    Router,
    extract::{Path, State},
    http::StatusCode,
    routing::{get, post},
};
use example_support::{arguments, in_time, listen, run, serve};
use tower_conditional::content_coding::ContentCodingLayer;
use tower_conditional::{Checked, ConditionalLayer, Loaded, WritePolicy};

use counters::Counters;
use documents::{Documents, WrittenOut};

/// What to try, printed once the address is known.
const COMMANDS: &str = r#"
Try it, in another terminal:

  url=http://ADDRESS

  # Create a document: 201
  curl -i -X PUT $url/documents/1 -H 'If-None-Match: *' -d 'one'

  # Read it: ETag: "r1.1"
  curl -i $url/documents/1

  # A release, which writes documents out in another form
  curl -i -X POST $url/deploy

  # Save over what was read before it: 412, other_epoch
  curl -i -X PUT $url/documents/1 -H 'If-Match: "r1.1"' -d 'two'

  # How often, and why
  curl -s $url/metrics
"#;

#[tokio::main]
async fn main() -> ExitCode {
    let port = arguments::read(arguments::only_port);
    run(async move { serve(listen(port).await?, router(), COMMANDS).await }).await
}

fn router() -> Router {
    let documents = Documents::default();
    let counters = Counters::default();
    // One hook for all routes: the event says which route axum has matched.
    let counted = counters.clone();
    let layer = ConditionalLayer::new(documents::source(documents.clone()))
        .writes(WritePolicy::required())
        .observe(move |evaluation| counted.count(evaluation));

    let router = Router::new()
        .route("/documents/{id}", get(read).put(save).route_layer(layer))
        .route("/deploy", post(deploy))
        .with_state(documents)
        .route("/metrics", get(async move || counters.to_string()))
        // Keeps axum's `Content-Length: 0` off a 304.
        .layer(ContentCodingLayer::new().leave_tags());
    // A client that is slow to send a document holds its lock.
    in_time(router)
}

async fn read(document: Loaded<WrittenOut>) -> String {
    document.into_inner().0
}

async fn save(
    Path(id): Path<String>,
    State(documents): State<Documents>,
    checked: Checked,
    text: String,
) -> StatusCode {
    documents.save(id, text);
    match checked.existed() {
        Some(false) => StatusCode::CREATED,
        _ => StatusCode::NO_CONTENT,
    }
}

async fn deploy(State(documents): State<Documents>) -> String {
    format!("now in release {}\n", documents.deploy())
}
