//! A directory over HTTP, read and written, in which nobody overwrites what they have not seen: an object store with
//! conditional writes.
//!
//! `cargo run -p files -- DIR` starts it and prints the `curl` commands to try. This room is the front door:
//! it reads the command line, says in one line what is wrong when it cannot start, and shuts down cleanly.
//!
//! | room           | idea                                                                    |
//! |----------------|-------------------------------------------------------------------------|
//! | `args.rs`      | the command line                                                        |
//! | `app.rs`       | routes, and where the conditional layer sits                            |
//! | `target.rs`    | which file a request is about, and which it must not be about           |
//! | `tags.rs`      | strong tags from the content, kept while a file has not changed         |
//! | `reads.rs`     | the files as `ServeDir` sees them: bytes and ranges, no tags of its own |
//! | `handlers.rs`  | what PUT and DELETE do                                                  |
//! | `upload.rs`    | bytes on their way to a file: whole or not at all                       |
//! | `leftovers.rs` | uploads that ended with their process, removed at the next start        |
//! | `problem.rs`   | what goes wrong, as a response                                          |
//!
//! The write lock makes check and write one step for all that goes through this process. A program that writes into
//! DIR beside it is seen by the next request, and is not kept out. On a file system that ignores case, `/a` and `/A`
//! are one file under two locks.

mod app;
mod args;
mod handlers;
mod leftovers;
mod problem;
mod reads;
mod tags;
mod target;
mod upload;

use std::{
    io::{self, Write},
    net::{Ipv4Addr, SocketAddr},
    process::ExitCode,
    time::Duration,
};

use app::Files;
use args::{Args, Command};
use example_support::shutdown;
use tokio::net::TcpListener;

/// How long requests may go on once a shutdown was asked for.
const GRACE: Duration = Duration::from_secs(3);

#[tokio::main]
async fn main() -> ExitCode {
    let outcome = match args::parse(std::env::args_os().skip(1)) {
        Ok(Command::Help) => {
            let _ = io::stdout().write_all(args::HELP.as_bytes());
            return ExitCode::SUCCESS;
        }
        Ok(Command::Serve(args)) => serve(args).await,
        Err(message) => {
            eprintln!("files: {message} (see --help)");
            return ExitCode::from(2);
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("files: {message}");
            ExitCode::FAILURE
        }
    }
}

async fn serve(args: Args) -> Result<(), String> {
    let files = Files::below(&args.directory)
        .map_err(|error| format!("cannot serve {}: {error}", args.directory.display()))?;
    leftovers::remove_below(&files.root);
    let listener = bind(args.port).await?;
    let address = listener.local_addr().map_err(|error| error.to_string())?;

    // Before the address is printed: whoever reads it may send a signal at once.
    let stop = shutdown::requested().map_err(|error| error.to_string())?;
    let give_up = shutdown::requested().map_err(|error| error.to_string())?;

    // A service goes on without its standard output.
    let _ = announce(address);

    let router = app::router(files, args.requires_preconditions);
    let serving = axum::serve(listener, router).with_graceful_shutdown(stop);
    tokio::select! {
        served = serving => served.map_err(|error| format!("cannot go on serving: {error}")),
        () = async { give_up.await; tokio::time::sleep(GRACE).await } => Ok(()),
    }
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
    out.flush()?;
    write!(
        out,
        r#"
Try it, in another terminal:

  url=http://{address}/drafts/letter.txt

  # Put it there, only if nobody has: 201 (and 412 the second time)
  curl -i -X PUT $url -H 'If-None-Match: *' -d 'Dear reader,'

  # Read it, and keep its entity tag
  curl -i $url --etag-save letter.etag

  # Ask again: nothing new, 304
  curl -i $url --etag-compare letter.etag

  # Put a new one over what was read: 204
  curl -i -X PUT $url -H "If-Match: $(cat letter.etag)" -d 'Dear readers,'

  # And again with the tag that is now stale: 412, nothing is lost
  curl -i -X PUT $url -H "If-Match: $(cat letter.etag)" -d 'Hello!'

  # The rest of a download that broke off, if it is still the same file
  curl -i $url -r 5- -H "If-Range: $(curl -sI $url | tr -d '\r' | awk '/^etag:/ {{ print $2 }}')"

Ctrl-C stops it.
"#
    )?;
    out.flush()
}
