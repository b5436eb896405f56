//! An HTTP object service in front of an object store, in memory or S3.
//!
//! ```sh
//! cargo run --manifest-path stores/Cargo.toml -p objects
//! ```
//!
//! It prints the `curl` commands to try.
//!
//! A conditional write is handed down to the store: `If-None-Match: *` becomes `PutMode::Create`, and If-Match becomes
//! `PutMode::Update` with the tag that was looked up. So any number of replicas need no lock and no database.
//!
//! | file         | idea                                                     |
//! |--------------|----------------------------------------------------------|
//! | `args.rs`    | the command line                                         |
//! | `app.rs`     | the route, and where the conditional layer sits          |
//! | `objects.rs` | what there is: keys, tags, deleted objects               |
//! | `read.rs`    | GET: streams an object or a part of it                   |
//! | `write.rs`   | PUT and DELETE: the store's own conditional write        |
//! | `problem.rs` | what goes wrong, as a response                           |

mod app;
mod args;
mod objects;
mod problem;
mod read;
mod write;

use std::process::ExitCode;

use args::Args;
use example_support::{arguments, listen, run, serve};

/// What to try, printed once the address is known.
const COMMANDS: &str = r#"
Try it, in another terminal: two people have read one object, and the second replacement is refused.

  url=http://ADDRESS/notes/milk

  # Create it, only if nobody has: 201 (and 412 the second time)
  curl -i -X PUT $url -H 'If-None-Match: *' -H 'Content-Type: text/plain' -d 'one litre'

  # A part of it, and nothing if it has not changed: 206, 304
  curl -i $url -H 'Range: bytes=4-'
  tag=$(curl -sI $url | tr -d '\r' | awk '/^etag:/ { print $2 }')
  curl -i $url -H "If-None-Match: $tag"

  # The first replacement: 204
  curl -i -X PUT $url -H "If-Match: $tag" -d 'two litres'

  # The second one has a stale tag: 412, nothing is lost
  curl -i -X PUT $url -H "If-Match: $tag" -d 'three litres'
"#;

#[tokio::main]
async fn main() -> ExitCode {
    run(objects(arguments::read(args::parse))).await
}

async fn objects(args: Args) -> Result<(), String> {
    let listener = listen(args.port).await?;
    serve(
        listener,
        app::router(args.store, args.limit, args.writes),
        COMMANDS,
    )
    .await
}
