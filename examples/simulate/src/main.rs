//! How many edits each way to guard a write loses, and what it costs, from 1 to 1,000 replicas.
//!
//! ```sh
//! cargo run --release -p simulate                      # prints the tables
//! cargo run --release -p simulate -- src/guide/scaling.md   # puts them into their places there
//! ```
//!
//! The layer, its locks and the handler contract are the crate's own; the network, the store and the time are
//! not real, so that a thousand replicas run in a minute and every run is the same.

mod model;
#[cfg(test)]
mod tests;

use std::fs;
use std::io::{self, Write};
use std::path::PathBuf;

use example_support::arguments;
use example_support::lexopt::prelude::*;
use example_support::lexopt::{Error, Parser};
use model::{Guard, Scenario, table};

const HELP: &str = "\
What each answer to \"check and write are two steps\" loses and costs, from 1 to 1,000 replicas.

Usage: simulate [PAGE]

  PAGE        puts the tables into their places there, instead of printing them
  -h, --help  this text
";

fn main() -> io::Result<()> {
    let page = arguments::read(parse);
    let tables = [("growing", growing()), ("hot", hot())];
    match page {
        Some(path) => {
            let mut page = fs::read_to_string(&path)?;
            for (name, table) in tables {
                page = replaced(&page, name, &table)?;
            }
            fs::write(path, page)
        }
        None => tables
            .iter()
            .try_for_each(|(_, table)| writeln!(io::stdout(), "{table}")),
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
fn growing() -> String {
    table(&[1, 10, 100, 1000].map(Scenario::growing), &Guard::ALL)
}

/// All writers edit one note.
fn hot() -> String {
    let guards = [Guard::SWAP, Guard::BOTH, Guard::SHARED_BOTH];
    table(&[1, 10, 100].map(Scenario::hot), &guards)
}

/// The page with another table between its marks.
fn replaced(page: &str, name: &str, table: &str) -> io::Result<String> {
    let (begin, end) = (format!("<!-- {name} -->\n"), format!("<!-- /{name} -->"));
    let parts = page
        .split_once(&begin)
        .and_then(|(before, rest)| Some((before, rest.split_once(&end)?.1)));
    let (before, after) = parts.ok_or_else(|| io::Error::other(format!("no place for {name}")))?;
    Ok(format!("{before}{begin}\n{table}\n{end}{after}"))
}
