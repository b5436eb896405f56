//! The statements that a driver says in its log, where no engine could be asked.

use test_support::{Client, Example};

use crate::suite::Statements;

/// Whoever posts here finds the place in the log.
pub(crate) const MARK: &str = "/-mark-in-the-log";
const LINE: &str = "the mark is here";

pub(crate) async fn mark() {
    eprintln!("{LINE}");
}

/// Counts what sqlx logs: for SQLite, which has no server that could be asked.
#[derive(Debug)]
pub struct DriverLog;

impl Statements for DriverLog {
    async fn since(&mut self, replica: &mut Example, client: &mut Client) -> Vec<String> {
        client.send("POST", MARK, &[], "").await;
        let lines = replica.logged_up_to(LINE).await;
        lines.iter().filter_map(|line| statement(line)).collect()
    }
}

/// `… sqlx::query: summary="SELECT version, text FROM …" …`, without what only begins or ends a transaction.
fn statement(line: &str) -> Option<String> {
    let (_, statement) = line.split_once(" summary=\"")?;
    let controls = ["BEGIN", "COMMIT", "ROLLBACK", "PRAGMA"];
    let is_control = controls
        .iter()
        .any(|control| statement.starts_with(control));
    (!is_control).then(|| statement.to_owned())
}
