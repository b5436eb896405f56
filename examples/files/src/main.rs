//! A directory over HTTP that clients read and write, and in which nobody overwrites a change that they have not seen: an
//! object store with conditional writes.
//!
//! `cargo run -p files -- DIR` starts it and prints the `curl` commands to try.
//!
//! | file           | idea                                                                    |
//! |----------------|-------------------------------------------------------------------------|
//! | `args.rs`      | the command line                                                        |
//! | `app.rs`       | routes, and where the conditional layer sits                            |
//! | `target.rs`    | which file a request is about, and which it must not be about           |
//! | `tags.rs`      | strong tags from the content, kept while a file has not changed         |
//! | `reads.rs`     | the open file as `ServeDir` sees it: bytes and ranges                   |
//! | `handlers.rs`  | what each method does                                                   |
//! | `patience.rs`  | a write lock that gives up                                              |
//! | `upload.rs`    | bytes on their way to a file: whole or not at all                       |
//! | `leftovers.rs` | uploads that ended with their process, removed at the next start        |
//! | `problem.rs`   | what goes wrong, as a response                                          |
//!
//! The write lock makes check and write one step for all writes through this process. If another program writes into
//! DIR, the next request sees its change, but the lock does not stop it. It should replace files and not write into them:
//! a response serves one open file, even if another file takes its place, but not if its content changes.
//!
//! `/a` and `/A` have one lock, because some file systems take them for one file. Other names that only the file system
//! takes for equal (in another normal form of Unicode, or `LETTER~1.TXT`) have two locks.

mod app;
mod args;
mod handlers;
mod leftovers;
mod patience;
mod problem;
mod reads;
mod tags;
mod target;
#[cfg(test)]
mod tests;
mod upload;

use std::process::ExitCode;

use app::Files;
use args::Args;
use example_support::{arguments, listen, run, serve};

/// What to try, printed once the address is known.
const COMMANDS: &str = r#"
Try it, in another terminal:

  url=http://ADDRESS/drafts/letter.txt

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
  curl -i $url -r 5- -H "If-Range: $(curl -sI $url | tr -d '\r' | awk '/^etag:/ { print $2 }')"
"#;

#[tokio::main]
async fn main() -> ExitCode {
    run(files(arguments::read(args::parse))).await
}

async fn files(args: Args) -> Result<(), String> {
    let files = Files::below(&args.directory)
        .map_err(|error| format!("cannot serve {}: {error}", args.directory.display()))?;
    leftovers::remove_below(&files.root);
    let listener = listen(args.port).await?;
    let router = app::router(files, args.requires_preconditions);
    serve(listener, router, COMMANDS).await
}
