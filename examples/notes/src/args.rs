//! The command line: `notes [DB] [--port N]`.

use std::{ffi::OsString, path::PathBuf};

pub(crate) const HELP: &str = "\
A notes service over SQLite in which a stale save is refused, not lost; with a page at /.

Usage: notes [DB] [--port N]

  DB          the database file, made if it is not there (default: a temporary one)
  --port N    the port on 127.0.0.1, 0 for any free one (default: 3000)
  -h, --help  this text
";

#[derive(Debug, PartialEq)]
pub(crate) enum Command {
    Help,
    Serve(Args),
}

#[derive(Debug, PartialEq)]
pub(crate) struct Args {
    pub(crate) database: Option<PathBuf>,
    pub(crate) port: u16,
}

/// Reads the arguments that follow the program's name; an error is one line for the user.
pub(crate) fn parse(args: impl IntoIterator<Item = OsString>) -> Result<Command, String> {
    let mut database = None;
    let mut port = 3000;

    let mut args = args.into_iter();
    while let Some(arg) = args.next() {
        match arg.to_str() {
            Some("-h" | "--help") => return Ok(Command::Help),
            Some("--port") => port = parse_port(args.next())?,
            Some(option) if option.starts_with("--port=") => {
                port = parse_port(option.strip_prefix("--port=").map(OsString::from))?;
            }
            Some(option) if option.starts_with('-') => {
                return Err(format!("unknown option {option}"));
            }
            _ if database.is_some() => {
                return Err(format!(
                    "one database is enough, not also {}",
                    arg.display()
                ));
            }
            _ => database = Some(PathBuf::from(arg)),
        }
    }
    Ok(Command::Serve(Args { database, port }))
}

fn parse_port(value: Option<OsString>) -> Result<u16, String> {
    let value = value.ok_or("--port needs a number")?;
    value
        .to_str()
        .and_then(|text| text.parse().ok())
        .ok_or_else(|| {
            let value = value.display();
            format!("--port takes a number from 0 to 65535, not {value}")
        })
}
