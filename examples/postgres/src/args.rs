//! The command line and the environment: `DATABASE_URL=… postgres [--port N] [--lock KIND]`.

use std::env;
use std::ffi::OsString;

use example_support::arguments;
use example_support::lexopt::prelude::*;
use example_support::lexopt::{Error, Parser};
use tokio_postgres::Config;

const HELP: &str = "\
A notes service of many replicas over one PostgreSQL, in which a stale save is refused, not lost.

Usage: DATABASE_URL=postgres://… postgres [--port N] [--lock KIND]

  DATABASE_URL  the database; its tables are made if they are not there
  --port N      the port on 127.0.0.1, 0 for any free one (default: 3000)
  --lock KIND   what the writers of a note wait for, beside the swap in every statement (default: in-process)
  -h, --help    this text

KIND is one of these, each with the accepted writes of 64 clients on one note, as a multiple of those with none, and what
an edit takes on 10 replicas or more:
  none          nothing                          1      11 round trips, p99 780 ms
  in-process    the writers on this replica      2.48   11 round trips, p99 780 ms
  shared        the writers on all replicas      1.69   19 round trips, p99 906 ms; some wait very long on a hot note
The first figure is measured by scripts/figures.sh hot-note, on one process; the others are simulated: src/guide/scaling.md.

scripts/postgres.sh start makes a throw-away database and prints its URL.
";

pub(crate) struct Args {
    pub(crate) database: Config,
    pub(crate) port: u16,
    pub(crate) lock: Lock,
}

/// What the writers of a note wait for. None of it is needed for a write to be correct.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Lock {
    None,
    InProcess,
    /// PostgreSQL's advisory locks.
    Shared,
}

impl Lock {
    fn named(name: &str) -> Result<Self, String> {
        match name {
            "none" => Ok(Self::None),
            "in-process" => Ok(Self::InProcess),
            "shared" => Ok(Self::Shared),
            _ => Err("neither none, in-process nor shared".to_owned()),
        }
    }
}

pub(crate) fn parse(mut parser: Parser) -> Result<Args, Error> {
    let (mut port, mut lock) = (3000, Lock::InProcess);
    while let Some(arg) = parser.next()? {
        match arg {
            Long("port") => port = parser.value()?.parse()?,
            Long("lock") => lock = parser.value()?.parse_with(Lock::named)?,
            Short('h') | Long("help") => arguments::help(HELP),
            _ => return Err(arg.unexpected()),
        }
    }
    let database = parse_database(env::var_os("DATABASE_URL"))?;
    Ok(Args {
        database,
        port,
        lock,
    })
}

/// The URL is not repeated in an error: there is a password in it.
fn parse_database(url: Option<OsString>) -> Result<Config, &'static str> {
    let url = url.ok_or("DATABASE_URL is not set")?;
    if url.is_empty() {
        return Err("DATABASE_URL is empty");
    }
    let config: Option<Config> = url.to_str().and_then(|url| url.parse().ok());
    // Without a host every connection would fail, one by one.
    let names_a_host =
        |config: &Config| !config.get_hosts().is_empty() || !config.get_hostaddrs().is_empty();
    config
        .filter(names_a_host)
        .ok_or("DATABASE_URL is not a URL like postgres://user@host/database")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The prices are those of the guide.
    #[test]
    fn prices_of_the_locks_are_those_of_the_guide() {
        const GUIDE: &str = include_str!("../../../src/guide/scaling.md");
        let cells = |begin: &str| -> Vec<&str> {
            let row = GUIDE
                .lines()
                .find(|line| line.starts_with(begin))
                .expect(begin);
            row.trim_matches('|').split('|').map(str::trim).collect()
        };
        for (kind, measured, simulated) in [
            ("none", None, "swap"),
            ("in-process", Some("in-process"), "lock and swap"),
            (
                "shared",
                Some("advisory, shared by replicas"),
                "shared lock and swap",
            ),
        ] {
            let begin = format!("  {kind} ");
            let line = HELP
                .lines()
                .find(|line| line.starts_with(&begin))
                .expect(kind);
            let writes = measured.map(|lock| cells(&format!("| PostgreSQL | {lock} |"))[2]);
            let simulated = cells(&format!("| 10 | 80 | {simulated} |"));
            let round_trips: f64 = simulated[7].parse().unwrap();
            for price in [
                format!("  {}  ", writes.unwrap_or("1   ")),
                format!(" {round_trips:.0} round trips"),
                format!(" p99 {}", simulated[9]),
            ] {
                assert!(line.contains(&price), "{price:?} in {line}");
            }
        }
    }
}
