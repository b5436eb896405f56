//! The command line: `notes [DB] [--port N]`.

use std::path::PathBuf;

use example_support::arguments;
use example_support::lexopt::prelude::*;
use example_support::lexopt::{Error, Parser};

const HELP: &str = "\
A notes service over SQLite in which a stale save is refused, not lost; with a page at /.

Usage: notes [DB] [--port N]

  DB          the database file, made if it is not there (default: a temporary one)
  --port N    the port on 127.0.0.1, 0 for any free one (default: 3000)
  -h, --help  this text
";

pub(crate) struct Args {
    pub(crate) database: Option<PathBuf>,
    pub(crate) port: u16,
}

pub(crate) fn parse(mut parser: Parser) -> Result<Args, Error> {
    let mut args = Args {
        database: None,
        port: 3000,
    };
    while let Some(arg) = parser.next()? {
        match arg {
            Long("port") => args.port = parser.value()?.parse()?,
            Short('h') | Long("help") => arguments::help(HELP),
            Value(path) if args.database.is_none() => args.database = Some(path.into()),
            _ => return Err(arg.unexpected()),
        }
    }
    Ok(args)
}
