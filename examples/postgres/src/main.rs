//! A notes service of many replicas over one PostgreSQL, in which a stale save is refused, not lost.
//!
//! ```sh
//! export DATABASE_URL=$(scripts/postgres.sh start)
//! cargo run -p postgres -- --port 3001 &
//! cargo run -p postgres -- --port 3002 &
//! ```
//!
//! Each prints the `curl` commands to try.
//!
//! It has the HTTP interface of the `notes` example, but a process cannot know what the others are doing.
//! All three answers to that are here. The *swap* in every statement makes a write correct. With `--lock shared`, a *lock*
//! is made of PostgreSQL's advisory locks: writers on all replicas wait for each other; `--help` says what that costs. A
//! conditional addition to the list is *delegated* to a handler that evaluates inside its own transaction.
//!
//! | file               | idea                                                        |
//! |--------------------|-------------------------------------------------------------|
//! | `args.rs`          | the command line                                            |
//! | `app.rs`           | routes, and where the conditional layer sits                |
//! | `advisory_lock.rs` | a write lock that all replicas share                        |
//! | `conditional.rs`   | versions as entity tags: all that this service says of them |
//! | `handlers.rs`      | what each method does                                       |
//! | `request.rs`       | what a request must look like to reach a handler            |
//! | `problem.rs`       | what goes wrong, as a response                              |
//! | `store.rs`         | the statements, compare-and-swap                            |
//! | `database.rs`      | connections, and what to say when there are none            |

mod advisory_lock;
mod app;
mod args;
mod conditional;
mod database;
mod handlers;
mod problem;
#[path = "../../notes/src/request.rs"]
mod request;
mod store;

use std::pin::pin;
use std::process::ExitCode;

use advisory_lock::AdvisoryLock;
use args::{Args, Lock};
use database::Database;
use example_support::{arguments, listen, run, serve};
use futures_util::future::{Either, select};
use store::Store;
use tower_conditional::WritePolicy;

/// What to try, printed once the address is known.
const COMMANDS: &str = r#"
Try it, in another terminal: two people have read one note, and the second save is refused. With
another replica, one of the two can be on that.

  url=http://ADDRESS/notes/1

  # Create it, only if nobody has: 201 (and 412 the second time)
  curl -i -X PUT $url -H 'If-None-Match: *' -d '{"title":"Milk","body":"one litre"}'

  # Both read it, and keep its entity tag
  tag=$(curl -sI $url | tr -d '\r' | awk '/^etag:/ { print $2 }')

  # The first saves: 200
  curl -i -X PUT $url -H "If-Match: $tag" -d '{"title":"Milk","body":"two litres"}'

  # The second save has a stale tag: 412, nothing is lost
  curl -i -X PUT $url -H "If-Match: $tag" -d '{"title":"Milk","body":"three litres"}'
"#;

#[tokio::main]
async fn main() -> ExitCode {
    run(notes(arguments::read(args::parse))).await
}

async fn notes(args: Args) -> Result<(), String> {
    let listener = listen(args.port).await?;
    let no_pool = |error| format!("cannot make a connection pool: {error}");
    let database = Database::new(&args.database).map_err(no_pool)?;
    let store = Store::new(database.clone());
    let router = match args.lock {
        Lock::None => app::router(store, WritePolicy::skip_lock),
        Lock::InProcess => app::router(store, |policy| policy),
        Lock::Shared => {
            let lock = AdvisoryLock::new(&args.database).map_err(no_pool)?;
            app::router(store, |policy| policy.use_lock(lock))
        }
    };

    // It listens before the database is there, and says 503 until it is.
    let serving = pin!(serve(listener, router, COMMANDS));
    match select(serving, pin!(database.until_ready())).await {
        Either::Left((served, _)) => served,
        Either::Right((Ok(()), serving)) => serving.await,
        Either::Right((Err(useless), _)) => Err(format!("cannot use the database: {useless}")),
    }
}
