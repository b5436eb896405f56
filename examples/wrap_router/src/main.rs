//! A router that knows nothing of entity tags, with its reads and its writes protected by one line.
//!
//! `cargo run -p wrap_router` starts it and prints the `curl` commands to try; `--lock-each` locks each to-do by itself.
//!
//! The tags are hashes of what the router answers. Before a write with preconditions, the router itself is asked
//! what it would answer to a GET: nothing in it has to change, and no version column is needed. That costs one GET
//! for each such write; a service that can look up a version does better (see the notes example).

use std::process::ExitCode;

use axum::{Router, body::Body};
use example_support::lexopt::prelude::*;
use example_support::lexopt::{Error, Parser};
use example_support::{arguments, in_time, listen, run, serve};
use tower_conditional::content_coding::ContentCodingLayer;
use tower_conditional::source::ProbeTarget;
use tower_conditional::{BodyHash, ConditionalLayer, ValidatorSource};

/// What to try, printed once the address is known.
const COMMANDS: &str = r#"
Try it, in another terminal:

  url=http://ADDRESS/todos/1
  json='Content-Type: application/json'

  # Save one, only if there is none: 201 (and 412 the second time)
  curl -i -X PUT $url -H "$json" -H 'If-None-Match: *' -d '{"text":"milk"}'

  # Read it, and keep its entity tag
  curl -i $url --etag-save todo.etag

  # Ask again: nothing new, 304
  curl -i $url --etag-compare todo.etag

  # Save over what was read: 204
  curl -i -X PUT $url -H "$json" -H "If-Match: $(cat todo.etag)" -d '{"text":"milk","done":true}'

  # And again with the tag that is now stale: 412, nothing is lost
  curl -i -X PUT $url -H "$json" -H "If-Match: $(cat todo.etag)" -d '{"text":"bread"}'

  # By another spelling it is the same to-do, with the same lock: 412
  curl -i -X PUT http://ADDRESS/todos/01 -H "$json" -H "If-Match: $(cat todo.etag)" -d '{"text":"butter"}'
"#;

const HELP: &str = "\
A router that knows nothing of entity tags, with its reads and its writes protected by one line.

Usage: wrap_router [--port N] [--lock-each]

  --port N     the port on 127.0.0.1, 0 for any free one (default: 3000)
  --lock-each  lock each to-do by itself
  -h, --help   this text
";

struct Args {
    port: u16,
    locks_each: bool,
}

fn parse(mut parser: Parser) -> Result<Args, Error> {
    let mut args = Args {
        port: 3000,
        locks_each: false,
    };
    while let Some(arg) = parser.next()? {
        match arg {
            Long("port") => args.port = parser.value()?.parse()?,
            Long("lock-each") => args.locks_each = true,
            Short('h') | Long("help") => arguments::help(HELP),
            _ => return Err(arg.unexpected()),
        }
    }
    Ok(args)
}

/// Bodies of up to this size have arrived before the handler runs under the lock: no slow client keeps the others out.
/// What the router accepts is not longer.
const BODY_LIMIT: u64 = 2 * 1024 * 1024;

/// The one line.
///
/// All writes have one lock: the router parses its paths by itself, and to this one `/todos/1`, `/todos/01` and
/// `/todos/%31` are one to-do, which no layer can know. The price is that writers of different to-dos wait for each
/// other, for a probe and a handler at a time.
fn protected(router: Router) -> Router {
    let source = BodyHash::strong().probe_with(router.clone());
    router.layer(ConditionalLayer::new(source).collect_bodies(BODY_LIMIT, Body::new))
}

/// The same with a lock for each to-do, for a router that is slow.
///
/// It takes away what only the lock of all gives: a POST with the tag of the list (`If-Match` on `/todos`) is not kept
/// apart any more from a save of a to-do in it.
fn protected_each(router: Router) -> Router {
    let source = BodyHash::strong().probe_with(router.clone());
    let layer = ConditionalLayer::new(source.locked_by(todo_of));
    router.layer(layer.collect_bodies(BODY_LIMIT, Body::new))
}

/// The number of a to-do as the router's `Path<u64>` reads it, whatever its spelling. What is no number (the list) has
/// one lock.
fn todo_of(target: &ProbeTarget) -> u64 {
    let path = target.path().normalised();
    let id = path.strip_prefix("/todos/").and_then(|id| id.parse().ok());
    id.unwrap_or(u64::MAX)
}

/// The service as it was before: to-dos in memory.
mod todos {
    use std::{
        collections::BTreeMap,
        sync::{Arc, Mutex, MutexGuard, PoisonError},
    };

    use axum::{
        Json, Router,
        extract::{Path, State},
        http::{StatusCode, header::LOCATION},
        response::IntoResponse,
        routing::get,
    };
    use serde::{Deserialize, Serialize};

    #[derive(Clone, Default)]
    struct Todos(Arc<Mutex<BTreeMap<u64, Todo>>>);

    #[derive(Clone, Deserialize, Serialize)]
    struct Todo {
        text: String,
        #[serde(default)]
        done: bool,
    }

    pub(crate) fn router() -> Router {
        Router::new()
            .route("/todos", get(list).post(add))
            .route("/todos/{id}", get(read).put(save).delete(remove))
            .with_state(Todos::default())
    }

    async fn list(State(todos): State<Todos>) -> impl IntoResponse {
        Json(todos.lock().clone())
    }

    async fn add(State(todos): State<Todos>, Json(todo): Json<Todo>) -> impl IntoResponse {
        let mut todos = todos.lock();
        let id = todos.last_key_value().map_or(1, |(last, _)| last + 1);
        todos.insert(id, todo);
        (StatusCode::CREATED, [(LOCATION, format!("/todos/{id}"))])
    }

    async fn read(State(todos): State<Todos>, Path(id): Path<u64>) -> impl IntoResponse {
        let todo = todos.lock().get(&id).cloned();
        todo.map(Json).ok_or(StatusCode::NOT_FOUND)
    }

    async fn save(
        State(todos): State<Todos>,
        Path(id): Path<u64>,
        Json(todo): Json<Todo>,
    ) -> StatusCode {
        match todos.lock().insert(id, todo) {
            Some(_) => StatusCode::NO_CONTENT,
            None => StatusCode::CREATED,
        }
    }

    async fn remove(State(todos): State<Todos>, Path(id): Path<u64>) -> StatusCode {
        match todos.lock().remove(&id) {
            Some(_) => StatusCode::NO_CONTENT,
            None => StatusCode::NOT_FOUND,
        }
    }

    impl Todos {
        fn lock(&self) -> MutexGuard<'_, BTreeMap<u64, Todo>> {
            // Nothing in here can panic half-way, so a poisoned lock holds a whole state.
            self.0.lock().unwrap_or_else(PoisonError::into_inner)
        }
    }
}

#[cfg(test)]
mod tests;

#[tokio::main]
async fn main() -> ExitCode {
    let Args { port, locks_each } = arguments::read(parse);
    let protect = if locks_each {
        protected_each
    } else {
        protected
    };
    // Outermost: keeps axum's `Content-Length: 0` off a 304. With a compressor, it is `ContentCodingLayer::new()` around that.
    let router = protect(todos::router()).layer(ContentCodingLayer::new().leave_tags());
    // Nobody waits for ever behind a handler that hangs.
    let router = in_time(router);
    run(async move { serve(listen(port).await?, router, COMMANDS).await }).await
}
