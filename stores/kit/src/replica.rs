//! A recipe as a program: `PROGRAM STORE [--lock]`.

use std::env;
use std::process::ExitCode;

use axum::Router;
use axum::routing::post;
use tokio::net::TcpListener;
use tower_conditional::{BoxError, WritePolicy};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::logged;

/// What a recipe needs to become a service.
#[derive(Debug)]
pub struct Replica {
    /// The URL or the file of the store.
    pub store: String,
    /// Requires preconditions, and takes no write lock unless `--lock` was given.
    pub writes: WritePolicy,
}

/// Serves the router on a free port of 127.0.0.1, and prints the address first.
pub async fn run<F>(app: F) -> ExitCode
where
    F: AsyncFnOnce(Replica) -> Result<Router, BoxError>,
{
    match serve(app).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn serve<F>(app: F) -> Result<(), BoxError>
where
    F: AsyncFnOnce(Replica) -> Result<Router, BoxError>,
{
    let mut arguments = env::args().skip(1);
    let store = arguments.next().ok_or("which store?")?;
    let writes = WritePolicy::required();
    let writes = match arguments.next().as_deref() {
        Some("--lock") => writes,
        None => writes.skip_lock(),
        Some(other) => return Err(format!("what is {other}?").into()),
    };
    // The driver logs each statement there. Everything else is about an error.
    let logged = Targets::new()
        .with_target("sqlx::query", LevelFilter::DEBUG)
        .with_default(LevelFilter::WARN);
    let lines = tracing_subscriber::fmt::layer()
        .with_ansi(false)
        .with_writer(std::io::stderr);
    tracing_subscriber::registry()
        .with(logged)
        .with(lines)
        .init();

    let app = app(Replica { store, writes }).await?;
    let app = app.route(logged::MARK, post(logged::mark));
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("listening on http://{}", listener.local_addr()?);
    Ok(axum::serve(listener, app).await?)
}
