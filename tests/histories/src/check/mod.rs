//! The rules that operations and history must keep, and what breaks them.
//!
//! The history gives the order of all states of a note, and the writes' contents say which request made which state. So no order
//! has to be searched for: an operation that saw one state has its place in it, and a refusal has a place if some state that makes
//! it true was current between its start and its end.

mod places;
mod report;
mod rule;
mod states;
#[cfg(test)]
mod tests;
mod writes;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use crate::history::{self, Row};
use crate::operation::Operation;
use report::Report;
use states::States;

/// Checks the files, and prints what they hold.
///
/// # Errors
///
/// A file that cannot be read, or a rule that is broken.
pub(crate) fn run(operations: &Path, history: &Path) -> Result<(), String> {
    let operations = lines(operations, str::parse)?;
    let rows = lines(history, history::row)?;
    let report = check(&operations, &rows);
    print!("{report}");
    if report.is_good() {
        Ok(())
    } else {
        Err("a rule is broken".to_owned())
    }
}

fn lines<T>(file: &Path, parse: impl Fn(&str) -> Result<T, String>) -> Result<Vec<T>, String> {
    let said = |error| format!("{}: {error}", file.display());
    let lines = BufReader::new(File::open(file).map_err(said)?).lines();
    lines.map(|line| parse(&line.map_err(said)?)).collect()
}

/// Compares all operations with the history of all notes.
fn check(operations: &[Operation], rows: &[Row]) -> Report {
    let mut report = Report::new(operations, rows);
    writes::contents_are_sent_once(operations, &mut report);
    states::versions_are_used_once(rows, &mut report);
    let mut notes: BTreeMap<i64, (Vec<Operation>, Vec<Row>)> = BTreeMap::new();
    for operation in operations {
        notes.entry(operation.note).or_default().0.push(*operation);
    }
    for row in rows {
        notes.entry(row.note).or_default().1.push(*row);
    }
    for (operations, rows) in notes.values() {
        let states = States::new(rows, &mut report);
        let landed = writes::check(operations, rows, &mut report);
        places::check(operations, &states, &landed, &mut report);
    }
    report
}
