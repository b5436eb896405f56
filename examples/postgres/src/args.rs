//! The command line and the environment: `DATABASE_URL=… postgres [--port N]`.

use std::env;
use std::ffi::OsString;

use example_support::arguments;
use example_support::lexopt::prelude::*;
use example_support::lexopt::{Error, Parser};
use tokio_postgres::Config;

const HELP: &str = "\
A notes service of many replicas over one PostgreSQL, in which a stale save is refused, not lost.

Usage: DATABASE_URL=postgres://… postgres [--port N]

  DATABASE_URL  the database; its tables are made if they are not there
  --port N      the port on 127.0.0.1, 0 for any free one (default: 3000)
  -h, --help    this text

scripts/postgres.sh start makes a throw-away database and prints its URL.
";

pub(crate) struct Args {
    pub(crate) database: Config,
    pub(crate) port: u16,
}

pub(crate) fn parse(mut parser: Parser) -> Result<Args, Error> {
    let mut port = 3000;
    while let Some(arg) = parser.next()? {
        match arg {
            Long("port") => port = parser.value()?.parse()?,
            Short('h') | Long("help") => arguments::help(HELP),
            _ => return Err(arg.unexpected()),
        }
    }
    let database = parse_database(env::var_os("DATABASE_URL"))?;
    Ok(Args { database, port })
}

/// The URL is not repeated in an error: there is a password in it.
fn parse_database(url: Option<OsString>) -> Result<Config, &'static str> {
    let url = url.ok_or("DATABASE_URL is not set")?;
    url.to_str()
        .and_then(|url| url.parse().ok())
        .ok_or("DATABASE_URL is not a URL like postgres://user@host/database")
}
