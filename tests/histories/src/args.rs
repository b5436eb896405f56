//! The command line.

use std::net::SocketAddr;
use std::path::PathBuf;

use lexopt::Parser;
use lexopt::prelude::*;

use crate::cut::Link;
use crate::exchange::{Protocol, Target};
use crate::load::Load;

const HELP: &str = "\
Sends contended requests to replicas of the example `postgres`, and checks what they were answered.

Usage: histories run --h1 ADDRESS… --h2 ADDRESS… --operations FILE [options]
       histories cut LISTEN=ADDRESS=BYTES…
       histories check --operations FILE --history FILE

run     sends requests to the notes 1 to N through every address, and writes what was sent and answered
  --requests N   how many (default: 10000)
  --clients N    how many clients send them, each one after the other (default: 48)
  --notes N      to how many notes (default: 4)
  --seed N       of the clients' choices (default: 1)
  --timeout-ms N after this time an answer is unknown (default: 4000)
cut     passes connections on, and breaks each after about that many bytes, in a request or in an answer; prints a line for each
check   compares the operations with the history of the database; exits with 1 if a rule is broken
";

pub(crate) enum Command {
    Run(Load),
    Cut(Vec<Link>),
    Check {
        operations: PathBuf,
        history: PathBuf,
    },
}

pub(crate) fn parse(mut parser: Parser) -> Result<Command, lexopt::Error> {
    match parser.next()? {
        Some(Value(name)) if name == "run" => run(parser),
        Some(Value(name)) if name == "cut" => cut(parser),
        Some(Value(name)) if name == "check" => check(parser),
        Some(Long("help") | Short('h')) => {
            print!("{HELP}");
            std::process::exit(0);
        }
        Some(other) => Err(other.unexpected()),
        None => Err("run, cut or check?".into()),
    }
}

fn run(mut parser: Parser) -> Result<Command, lexopt::Error> {
    let mut load = Load::default();
    while let Some(argument) = parser.next()? {
        match argument {
            Long("h1") => load.targets.push(target(&mut parser, Protocol::Http1)?),
            Long("h2") => load.targets.push(target(&mut parser, Protocol::Http2)?),
            Long("operations") => load.file = parser.value()?.into(),
            Long("requests") => load.requests = parser.value()?.parse()?,
            Long("clients") => load.clients = parser.value()?.parse()?,
            Long("notes") => load.notes = parser.value()?.parse()?,
            Long("seed") => load.seed = parser.value()?.parse()?,
            Long("timeout-ms") => {
                load.timeout = std::time::Duration::from_millis(parser.value()?.parse()?);
            }
            other => return Err(other.unexpected()),
        }
    }
    if load.targets.is_empty() {
        return Err("there is no address".into());
    }
    Ok(Command::Run(load))
}

fn target(parser: &mut Parser, protocol: Protocol) -> Result<Target, lexopt::Error> {
    let address = parser.value()?.parse()?;
    Ok(Target::new(protocol, address))
}

fn cut(mut parser: Parser) -> Result<Command, lexopt::Error> {
    let mut links = Vec::new();
    while let Some(argument) = parser.next()? {
        let Value(link) = argument else {
            return Err(argument.unexpected());
        };
        links.push(link.parse_with(link_of)?);
    }
    Ok(Command::Cut(links))
}

fn link_of(text: &str) -> Result<Link, String> {
    let parts: Vec<&str> = text.split('=').collect();
    let [listen, to, bytes] = parts[..] else {
        return Err("a link is LISTEN=ADDRESS=BYTES".to_owned());
    };
    let address = |text: &str| {
        text.parse::<SocketAddr>()
            .map_err(|error| error.to_string())
    };
    Ok(Link {
        listen: address(listen)?,
        to: address(to)?,
        bytes: bytes.parse().map_err(|_| "no number of bytes")?,
    })
}

fn check(mut parser: Parser) -> Result<Command, lexopt::Error> {
    let (mut operations, mut history) = (PathBuf::new(), PathBuf::new());
    while let Some(argument) = parser.next()? {
        match argument {
            Long("operations") => operations = parser.value()?.into(),
            Long("history") => history = parser.value()?.into(),
            other => return Err(other.unexpected()),
        }
    }
    Ok(Command::Check {
        operations,
        history,
    })
}
