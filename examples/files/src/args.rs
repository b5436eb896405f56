//! The command line: `files DIR [--port N] [--require]`.

use std::path::PathBuf;

use example_support::arguments;
use example_support::lexopt::prelude::*;
use example_support::lexopt::{Error, Parser};

const HELP: &str = "\
A directory over HTTP, read and written, in which nobody overwrites what they have not seen.

Usage: files DIR [--port N] [--require]

  DIR         the directory
  --port N    the port on 127.0.0.1, 0 for any free one (default: 3000)
  --require   a write without a precondition is refused (428)
  -h, --help  this text
";

pub(crate) struct Args {
    pub(crate) directory: PathBuf,
    pub(crate) port: u16,
    pub(crate) requires_preconditions: bool,
}

pub(crate) fn parse(mut parser: Parser) -> Result<Args, Error> {
    let mut directory = None;
    let mut port = 3000;
    let mut requires_preconditions = false;
    while let Some(arg) = parser.next()? {
        match arg {
            Long("port") => port = parser.value()?.parse()?,
            Long("require") => requires_preconditions = true,
            Short('h') | Long("help") => arguments::help(HELP),
            Value(path) if directory.is_none() => directory = Some(path.into()),
            _ => return Err(arg.unexpected()),
        }
    }
    Ok(Args {
        directory: directory.ok_or("which directory?")?,
        port,
        requires_preconditions,
    })
}
