//! A notes service over SQLite in which a stale save is refused, not lost.
//!
//! `cargo run -p notes` starts it over a temporary database and prints where its page is and the
//! `curl` commands to try.
//!
//! | file             | idea                                                        |
//! |------------------|-------------------------------------------------------------|
//! | `args.rs`        | the command line                                            |
//! | `app.rs`         | routes, and where the conditional layer sits                |
//! | `conditional.rs` | versions as entity tags: all that this service says of them |
//! | `description.rs` | the OpenAPI document, and a page to read it                 |
//! | `handlers.rs`    | what each method does                                       |
//! | `request.rs`     | what a request must look like to reach a handler            |
//! | `problem.rs`     | what goes wrong, as a response                              |
//! | `store.rs`       | the database, compare-and-swap                              |
//! | `ownership.rs`   | whether a database is one of this service                   |
//! | `page.rs`        | the page that a person sees; its files are in `page/`       |
//! | `merge.rs`       | which lines two people changed in one text                  |

mod app;
mod args;
mod conditional;
mod description;
mod handlers;
mod merge;
mod ownership;
mod page;
mod problem;
mod request;
mod store;
#[cfg(test)]
mod tests;

use std::{
    io,
    path::{Path, PathBuf},
    process::ExitCode,
};

use args::Args;
use example_support::{arguments, listen, run, serve};
use store::Store;
use tempfile::TempDir;

/// What to try, printed once the address is known.
const COMMANDS: &str = r#"
See it: open http://ADDRESS in two browser windows, and edit one note in both. What clients can do is at http://ADDRESS/api.

Try it, in another terminal:

  url=http://ADDRESS/notes/1

  # Create it, only if nobody has: 201 (and 412 the second time)
  curl -i -X PUT $url -H 'If-None-Match: *' -d '{"title":"Milk","body":"one litre"}'

  # Read it, and keep its entity tag
  curl -i $url
  tag=$(curl -sI $url | tr -d '\r' | awk '/^etag:/ { print $2 }')

  # Ask again: nothing new, 304
  curl -i $url -H "If-None-Match: $tag"

  # Save over what was read: 200
  curl -i -X PUT $url -H "If-Match: $tag" -d '{"title":"Milk","body":"two litres"}'

  # Save over it once more, with the tag that is now stale: 412, nothing is lost
  curl -i -X PUT $url -H "If-Match: $tag" -d '{"title":"Milk","body":"three litres"}'

  # Save without saying what was read: 428
  curl -i -X PUT $url -d '{"title":"Milk","body":"four litres"}'
"#;

#[tokio::main]
async fn main() -> ExitCode {
    run(notes(arguments::read(args::parse))).await
}

async fn notes(args: Args) -> Result<(), String> {
    let listener = listen(args.port).await?;
    let database = Database::at(args.database)?;
    let store = open(&database.path)?;
    serve(listener, app::router(store), COMMANDS).await
}

/// Where the database is, and, if it is a temporary one, what removes it again.
struct Database {
    path: PathBuf,
    _temporary: Option<TempDir>,
}

impl Database {
    fn at(path: Option<PathBuf>) -> Result<Self, String> {
        match path {
            Some(path) => Ok(Self {
                path,
                _temporary: None,
            }),
            None => Self::temporary()
                .map_err(|error| format!("cannot make a temporary database: {error}")),
        }
    }

    /// A directory of its own, because SQLite puts the write-ahead log beside the file.
    fn temporary() -> io::Result<Self> {
        let directory = tempfile::Builder::new().prefix("notes-").tempdir()?;
        Ok(Self {
            path: directory.path().join("notes.db"),
            _temporary: Some(directory),
        })
    }
}

fn open(path: &Path) -> Result<Store, String> {
    // SQLite has names with a meaning of their own (":memory:"); an absolute path is never one.
    let absolute = std::path::absolute(path).map_err(Into::into);
    let store = absolute.and_then(|path| Store::open(&path));
    store.map_err(|error| format!("cannot open {}: {error}", path.display()))
}
