//! Figures of a resource that many want to write at once, each beside the bare compare-and-swap in the same run.
//!
//! ```sh
//! cargo run --release -- hot-note [SECONDS [ROUNDS]]
//! cargo run --release -- crowd
//! ```
//!
//! prints rows of a table: the figure, what it is now, and what is wanted. What needs PostgreSQL is skipped where
//! `DATABASE_URL` is not set. A lost update ends the program with an error; a figure that misses what is wanted does not.
//!
//! | file        | idea                                                            |
//! |-------------|-----------------------------------------------------------------|
//! | `app.rs`    | one note behind a router, with the layer and without it         |
//! | `stores/`   | where the note is kept                                          |
//! | `client.rs` | a client that reads, changes and saves until it has saved       |
//! | `hot.rs`    | 64 of them over one note, guarded and bare in turn              |
//! | `crowd.rs`  | 1,000 writers with one tag                                      |
//! | `table.rs`  | a row of the table                                              |

// The files of the examples: what is measured is what they show.
#[allow(dead_code, reason = "the example uses all of it")]
#[path = "../../../examples/postgres/src/advisory_lock.rs"]
mod advisory_lock;
#[allow(dead_code, reason = "the example uses all of it")]
#[path = "../../../examples/postgres/src/database.rs"]
mod database;
#[allow(dead_code, reason = "the example uses all of it")]
#[path = "../../../examples/notes/src/ownership.rs"]
mod ownership;
#[allow(dead_code, reason = "the example uses all of it")]
#[path = "../../../examples/notes/src/store.rs"]
mod store;

mod app;
mod client;
mod crowd;
mod hot;
mod stores;
mod table;

use std::{env, error::Error, time::Duration};

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

#[tokio::main]
async fn main() -> Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["hot-note"] => hot::all(Duration::from_secs(2), 5).await,
        ["hot-note", seconds] => hot::all(Duration::from_secs(seconds.parse()?), 5).await,
        ["hot-note", seconds, rounds] => {
            hot::all(Duration::from_secs(seconds.parse()?), rounds.parse()?).await
        }
        ["crowd"] => crowd::all().await,
        _ => Err("crowd | hot-note [SECONDS [ROUNDS]]".into()),
    }
}
