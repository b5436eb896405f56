//! A notes service of many replicas over one PostgreSQL, in which a stale save is refused, not lost.
//!
//! ```sh
//! export DATABASE_URL=$(scripts/postgres.sh start)
//! cargo run -p postgres -- --port 3001 &
//! cargo run -p postgres -- --port 3002 &
//! ```
//!
//! Try it: two people on two replicas have read one note, and the second to save is told.
//!
//! ```sh
//! a=http://127.0.0.1:3001/notes/1 b=http://127.0.0.1:3002/notes/1 json='Content-Type: application/json'
//! curl -i -X PUT $a -H "$json" -H 'If-None-Match: *' -d '{"title":"Milk","body":"one litre"}'        # 201
//! tag=$(curl -sI $b | tr -d '\r' | awk '/^etag:/ { print $2 }')
//! curl -i -X PUT $b -H "$json" -H "If-Match: $tag" -d '{"title":"Milk","body":"two litres"}'         # 200
//! curl -i -X PUT $a -H "$json" -H "If-Match: $tag" -d '{"title":"Milk","body":"three litres"}'       # 412, stale
//! scripts/postgres.sh stop
//! ```
//!
//! It has the HTTP interface of the `notes` example. What is different is what a process cannot know:
//! what the others are doing. All three answers are here. The *lock* is made of PostgreSQL's advisory
//! locks, so that writers on all replicas take turns and few work in vain. The *swap* in every statement
//! is what makes a write right, whatever happens to the lock. And a conditional addition to the list is
//! *delegated* to a handler that judges inside its own transaction.
//!
//! | room               | idea                                                        |
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

use std::{
    io::{self, Write},
    net::{Ipv4Addr, SocketAddr},
    process::ExitCode,
    time::Duration,
};

use advisory_lock::AdvisoryLock;
use args::{Args, Command};
use database::Database;
use example_support::shutdown;
use store::Store;
use tokio::net::TcpListener;

/// How long requests may go on once a shutdown was asked for.
const GRACE: Duration = Duration::from_secs(3);

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = std::env::args_os().skip(1);
    let outcome = match args::parse(arguments, std::env::var_os("DATABASE_URL")) {
        Ok(Command::Help) => {
            let _ = io::stdout().write_all(args::HELP.as_bytes());
            return ExitCode::SUCCESS;
        }
        Ok(Command::Serve(args)) => serve(*args).await,
        Err(message) => {
            eprintln!("postgres: {message} (see --help)");
            return ExitCode::from(2);
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("postgres: {message}");
            ExitCode::FAILURE
        }
    }
}

async fn serve(args: Args) -> Result<(), String> {
    let listener = bind(args.port).await?;
    let address = listener.local_addr().map_err(|error| error.to_string())?;
    let no_pool = |error| format!("cannot make a connection pool: {error}");
    let database = Database::new(&args.database).map_err(no_pool)?;
    let lock = AdvisoryLock::new(&args.database).map_err(no_pool)?;

    // Before the address is printed: whoever reads it may send a signal at once.
    let stop = shutdown::requested().map_err(|error| error.to_string())?;
    let give_up = shutdown::requested().map_err(|error| error.to_string())?;

    // A service goes on without its standard output.
    let _ = announce(address);

    // It listens before the database is there, and says 503 until it is.
    let waiting = tokio::spawn(database.clone().until_ready());
    let router = app::router(Store::new(database), lock);
    let serving = axum::serve(listener, router).with_graceful_shutdown(stop);
    let served = tokio::select! {
        served = serving => served.map_err(|error| format!("cannot go on serving: {error}")),
        () = async { give_up.await; tokio::time::sleep(GRACE).await } => Ok(()),
    };
    waiting.abort();
    served
}

async fn bind(port: u16) -> Result<TcpListener, String> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port))
        .await
        .map_err(|error| match error.kind() {
            io::ErrorKind::AddrInUse => {
                format!("port {port} is taken: choose another with --port, or any with --port 0")
            }
            _ => format!("cannot listen on 127.0.0.1:{port}: {error}"),
        })
}

fn announce(address: SocketAddr) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "listening on http://{address}")?;
    out.flush()
}
