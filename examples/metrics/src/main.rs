//! Why did the 412s spike? A service whose outcomes can be counted by route, field and reason.
//!
//! `cargo run -p metrics` serves documents under `/documents/{id}` and their counters under `/metrics`, in the
//! text form of Prometheus; `--port N` takes another port than 3000, 0 any free one. `POST /deploy` plays a release
//! that writes documents out in another form: every tag that clients hold is of another epoch from then on.
//!
//! ```sh
//! curl -i -X PUT http://127.0.0.1:3000/documents/1 -H 'If-None-Match: *' -d 'one'     # 201
//! curl -i http://127.0.0.1:3000/documents/1                                           # ETag: "r1.1"
//! curl -i -X POST http://127.0.0.1:3000/deploy                                        # a release
//! curl -i -X PUT http://127.0.0.1:3000/documents/1 -H 'If-Match: "r1.1"' -d 'two'     # 412, other_epoch
//! curl -s http://127.0.0.1:3000/metrics
//! ```
//!
//! | room           | idea                                            |
//! |----------------|-------------------------------------------------|
//! | `counters.rs`  | what the layer's hook tells, counted and printed |
//! | `documents.rs` | documents in memory, and the release they are in |

mod counters;
mod documents;

use std::{
    env,
    io::{self, Write},
    net::{Ipv4Addr, SocketAddr},
    process::ExitCode,
};

use axum::{
    Router,
    extract::{Path, State},
    http::StatusCode,
    routing::{get, post},
};
use tokio::net::TcpListener;
use tower_conditional::{Checked, ConditionalLayer, WritePolicy, axum::extractor_source};

use counters::Counters;
use documents::Documents;

#[tokio::main]
async fn main() -> ExitCode {
    match serve().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("metrics: {message}");
            ExitCode::FAILURE
        }
    }
}

async fn serve() -> Result<(), String> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port()?));
    let listener = TcpListener::bind(address)
        .await
        .map_err(|error| format!("cannot listen on {address}: {error}"))?;
    let address = listener.local_addr().map_err(|error| error.to_string())?;
    // A service goes on without its standard output.
    let _ = writeln!(io::stdout(), "listening on http://{address}");
    axum::serve(listener, router())
        .await
        .map_err(|error| error.to_string())
}

fn port() -> Result<u16, String> {
    let args: Vec<String> = env::args().skip(1).collect();
    match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => Ok(3000),
        ["--port", port] => port.parse().map_err(|_| format!("{port} is no port")),
        _ => Err("usage: metrics [--port N]".to_owned()),
    }
}

fn router() -> Router {
    let documents = Documents::default();
    let counters = Counters::default();
    // One hook for each route: the layer does not know what the route is called.
    let counted = counters.clone();
    let source = extractor_source(documents::current_tag, documents.clone());
    let layer = ConditionalLayer::new(source)
        .writes(WritePolicy::required())
        .observe(move |judged| counted.count("/documents/{id}", judged));

    Router::new()
        .route("/documents/{id}", get(read).put(save).route_layer(layer))
        .route("/deploy", post(deploy))
        .with_state(documents)
        .route("/metrics", get(async move || counters.to_string()))
}

async fn read(
    Path(id): Path<String>,
    State(documents): State<Documents>,
) -> Result<String, StatusCode> {
    documents.text(&id).ok_or(StatusCode::NOT_FOUND)
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
