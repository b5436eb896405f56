//! How many edits each way to guard a write loses, and what it costs, from 1 to 1,000 replicas.
//!
//! ```sh
//! cargo run --release -p simulate                      # prints the tables
//! cargo run --release -p simulate -- src/guide/scaling.md   # puts them into their places there
//! ```
//!
//! It says on standard error how far it is, and looks at the page before it begins.
//!
//! The layer, its locks and the handler contract are the crate's own; the network, the store and the time are
//! not real, so that a thousand replicas run in a minute and every run is the same.

mod model;
mod page;
#[cfg(test)]
mod tests;

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use example_support::arguments;
use example_support::lexopt::prelude::*;
use example_support::lexopt::{Error, Parser};
use example_support::run_now;
use model::{Guard, Scenario, Table};
use page::Page;

const HELP: &str = "\
What each answer to \"check and write are two steps\" loses and costs, from 1 to 1,000 replicas.

Usage: simulate [PAGE]

  PAGE        puts the tables into their places there, instead of printing them
  -h, --help  this text

It takes about two minutes, and says on standard error how far it is.
";

fn main() -> ExitCode {
    let path = arguments::read(parse);
    run_now(|| simulate(path))
}

fn simulate(path: Option<PathBuf>) -> Result<(), String> {
    let tables = [("growing", growing()), ("hot", hot())];
    // Before the long run, so that it is not in vain.
    let mut page = path
        .map(|path| Page::open(path, &tables.each_ref().map(|(name, _)| *name)))
        .transpose()?;
    let rows = tables.iter().map(|(_, table)| table.rows()).sum();
    let mut progress = Progress::of(rows);
    for (name, table) in tables {
        let table = table.written(|row| progress.says(row));
        match &mut page {
            Some(page) => page.put(name, &table)?,
            None => print(&table)?,
        }
    }
    page.map_or(Ok(()), Page::write)
}

fn print(table: &str) -> Result<(), String> {
    writeln!(io::stdout(), "{table}").map_err(|error| format!("cannot print a table: {error}"))
}

/// How many rows are done, in the log.
struct Progress {
    done: usize,
    rows: usize,
    begun: Instant,
}

impl Progress {
    fn of(rows: usize) -> Self {
        Self {
            done: 0,
            rows,
            begun: Instant::now(),
        }
    }

    fn says(&mut self, row: &str) {
        self.done += 1;
        let seconds = self.begun.elapsed().as_secs();
        tracing::info!(
            "{} of {} rows after {seconds} s: {row}",
            self.done,
            self.rows
        );
    }
}

fn parse(mut parser: Parser) -> Result<Option<PathBuf>, Error> {
    let mut page = None;
    while let Some(arg) = parser.next()? {
        match arg {
            Short('h') | Long("help") => arguments::help(HELP),
            Value(path) if page.is_none() => page = Some(path.into()),
            _ => return Err(arg.unexpected()),
        }
    }
    Ok(page)
}

/// Each note has eight writers, wherever they are: a service that grows has more notes, and not more writers for
/// each.
fn growing() -> Table {
    Table::new([1, 10, 100, 1000].map(Scenario::growing), Guard::ALL)
}

/// All writers edit one note.
fn hot() -> Table {
    let guards = [Guard::SWAP, Guard::BOTH, Guard::SHARED_BOTH];
    Table::new([1, 10, 100].map(Scenario::hot), guards)
}
