//! The command line: `metrics [--port N] [--play PLAY [--pace MS]] [--draw PLAY]`.

use std::time::Duration;

use example_support::arguments;
use example_support::lexopt::prelude::*;
use example_support::lexopt::{Error, Parser};

use crate::plays::Play;

const HELP: &str = "\
Why did the 412s spike? Counts the outcomes for Prometheus, and draws the 412s by reason over time.

Usage: metrics [--port N] [--play PLAY [--pace MS]]
       metrics --draw PLAY

  --port N     the port on 127.0.0.1, 0 for any free one (default: 3000)
  --play PLAY  plays it against the running service: open the page and watch
  --pace MS    milliseconds between two steps of a play (default: 250)
  --draw PLAY  prints the picture of a play as SVG, and ends
  -h, --help   this text

PLAY is one of these:
  release      a release changes how documents are written out
  hardcoded    a script sends a tag that it has hard-coded
  proxy        a proxy begins to compress, and makes every tag weak
  busy         several people edit one document
";

pub(crate) enum Args {
    Serve {
        port: u16,
        play: Option<Play>,
        pace: Duration,
    },
    Draw(Play),
}

pub(crate) fn parse(mut parser: Parser) -> Result<Args, Error> {
    let (mut port, mut play, mut draw) = (3000, None, None);
    let mut pace = Duration::from_millis(250);
    while let Some(arg) = parser.next()? {
        match arg {
            Long("port") => port = parser.value()?.parse()?,
            Long("play") => play = Some(parser.value()?.parse_with(Play::named)?),
            Long("draw") => draw = Some(parser.value()?.parse_with(Play::named)?),
            Long("pace") => pace = Duration::from_millis(parser.value()?.parse()?),
            Short('h') | Long("help") => arguments::help(HELP),
            _ => return Err(arg.unexpected()),
        }
    }
    match (play, draw) {
        (Some(_), Some(_)) => Err("--play serves and --draw does not: choose one".into()),
        (play, None) => Ok(Args::Serve { port, play, pace }),
        (None, Some(draw)) => Ok(Args::Draw(draw)),
    }
}
