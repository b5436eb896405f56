//! The command line: 0 is the exit code of `--help`, 2 that of a mistake.

use std::io::{self, Write};
use std::process::exit;

use lexopt::prelude::*;
use lexopt::{Error, Parser};

use crate::run::program;

/// Reads the arguments of this process with `parse`. A mistake ends the process with one line that names it.
pub fn read<T>(parse: impl FnOnce(Parser) -> Result<T, Error>) -> T {
    parse(Parser::from_env()).unwrap_or_else(|mistake| {
        eprintln!("{}: {mistake} (see --help)", program());
        exit(2)
    })
}

/// Prints the text of `--help` and ends the process.
pub fn help(text: &str) -> ! {
    // Where nobody reads any more there is nobody to tell.
    let _ = io::stdout().write_all(text.as_bytes());
    exit(0)
}

/// The arguments of a program with one option, its port.
///
/// # Errors
///
/// The first argument that is none of them.
pub fn only_port(mut parser: Parser) -> Result<u16, Error> {
    let mut port = 3000;
    while let Some(arg) = parser.next()? {
        match arg {
            Long("port") => port = parser.value()?.parse()?,
            Short('h') | Long("help") => help(&format!(
                "Usage: {} [--port N]\n\n  --port N    the port on 127.0.0.1, 0 for any free one (default: 3000)\n",
                program()
            )),
            _ => return Err(arg.unexpected()),
        }
    }
    Ok(port)
}
