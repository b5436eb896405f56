//! The command line: `files DIR [--port N] [--require]`.

use std::{ffi::OsString, path::PathBuf};

pub(crate) const HELP: &str = "\
A directory over HTTP, read and written, in which nobody overwrites what they have not seen.

Usage: files DIR [--port N] [--require]

  DIR         the directory
  --port N    the port on 127.0.0.1, 0 for any free one (default: 3000)
  --require   a write without a precondition is refused (428)
  -h, --help  this text
";

#[derive(Debug, PartialEq)]
pub(crate) enum Command {
    Help,
    Serve(Args),
}

#[derive(Debug, PartialEq)]
pub(crate) struct Args {
    pub(crate) directory: PathBuf,
    pub(crate) port: u16,
    pub(crate) requires_preconditions: bool,
}

/// Reads the arguments that follow the program's name; an error is one line for the user.
pub(crate) fn parse(args: impl IntoIterator<Item = OsString>) -> Result<Command, String> {
    let mut directory = None;
    let mut port = 3000;
    let mut requires_preconditions = false;

    let mut args = args.into_iter();
    while let Some(arg) = args.next() {
        match arg.to_str() {
            Some("-h" | "--help") => return Ok(Command::Help),
            Some("--require") => requires_preconditions = true,
            Some("--port") => port = parse_port(args.next())?,
            Some(option) if option.starts_with("--port=") => {
                port = parse_port(option.strip_prefix("--port=").map(OsString::from))?;
            }
            Some(option) if option.starts_with('-') => {
                return Err(format!("unknown option {option}"));
            }
            _ if directory.is_some() => {
                return Err(format!(
                    "one directory is enough, not also {}",
                    arg.display()
                ));
            }
            _ => directory = Some(PathBuf::from(arg)),
        }
    }
    Ok(Command::Serve(Args {
        directory: directory.ok_or("which directory?")?,
        port,
        requires_preconditions,
    }))
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
