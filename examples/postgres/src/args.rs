//! The command line and the environment: `DATABASE_URL=… postgres [--port N]`.

use std::ffi::OsString;

use tokio_postgres::Config;

pub(crate) const HELP: &str = "\
A notes service of many replicas over one PostgreSQL, in which a stale save is refused, not lost.

Usage: DATABASE_URL=postgres://… postgres [--port N]

  DATABASE_URL  the database; its tables are made if they are not there
  --port N      the port on 127.0.0.1, 0 for any free one (default: 3000)
  -h, --help    this text

scripts/postgres.sh start makes a throw-away database and prints its URL.
";

#[derive(Debug)]
pub(crate) enum Command {
    Help,
    Serve(Box<Args>),
}

#[derive(Debug)]
pub(crate) struct Args {
    pub(crate) database: Config,
    pub(crate) port: u16,
}

/// Reads the arguments that follow the program's name; an error is one line for the user.
pub(crate) fn parse(
    args: impl IntoIterator<Item = OsString>,
    database_url: Option<OsString>,
) -> Result<Command, String> {
    let mut port = 3000;

    let mut args = args.into_iter();
    while let Some(arg) = args.next() {
        match arg.to_str() {
            Some("-h" | "--help") => return Ok(Command::Help),
            Some("--port") => port = parse_port(args.next())?,
            Some(option) if option.starts_with("--port=") => {
                port = parse_port(option.strip_prefix("--port=").map(OsString::from))?;
            }
            _ => return Err(format!("unknown argument {}", arg.display())),
        }
    }
    let database = parse_database(database_url)?;
    Ok(Command::Serve(Box::new(Args { database, port })))
}

/// The URL is not repeated in an error: there is a password in it.
fn parse_database(url: Option<OsString>) -> Result<Config, String> {
    let url = url.ok_or("DATABASE_URL is not set")?;
    url.to_str()
        .and_then(|url| url.parse().ok())
        .ok_or_else(|| "DATABASE_URL is not a URL like postgres://user@host/database".to_owned())
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
