//! The notes as a stranger runs them: a child process, real sockets, HTTP/1.1 and HTTP/2.

mod checked;
mod clients;
mod description;
mod durability;
mod life;
mod page;
mod preconditions;
mod process;
mod races;
mod stalled;

use std::path::Path;

use test_support::Example;

const PROGRAM: &str = env!("CARGO_BIN_EXE_notes");

/// Starts the notes over this database, on a free port.
async fn notes(database: &Path) -> Example {
    let arguments = [database.as_os_str(), "--port".as_ref(), "0".as_ref()];
    Example::start(PROGRAM, &arguments).await
}
