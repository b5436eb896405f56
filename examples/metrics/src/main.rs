//! Why did the 412s spike? A service whose outcomes are counted for Prometheus, and drawn by reason over time.
//!
//! `cargo run -p metrics` serves documents under `/documents/{id}`, their counters under `/metrics` and a page that draws
//! them under `/`, and prints the `curl` commands to try. `POST /deploy` plays a release that serialises documents
//! in another form: from then on, every tag that clients hold is of another epoch.
//!
//! `cargo run -p metrics -- --play release` plays more than that, with clients that read again and recover: see `--help`.
//!
//! | file           | idea                                                    |
//! |----------------|---------------------------------------------------------|
//! | `args.rs`      | the command line                                        |
//! | `service.rs`   | routes, and where the conditional layer and its hook sit |
//! | `counters.rs`  | the events of the layer's hook, counted for Prometheus   |
//! | `history.rs`   | the same events, by step                                |
//! | `chart.rs`     | the picture of the steps                                |
//! | `documents.rs` | documents in memory, and the release they are in        |
//! | `plays/`       | four causes of 412s, and the clients that get them      |

mod args;
mod chart;
mod counters;
mod documents;
mod history;
mod plays;
mod service;
#[cfg(test)]
mod tests;

use std::io::{self, Write};
use std::process::ExitCode;
use std::time::Duration;

use example_support::{arguments, listen, run, serve};
use tokio::time::interval;

use args::Args;
use history::History;
use plays::Play;
use service::Service;

/// What to try, printed once the address is known.
const COMMANDS: &str = r#"
Open http://ADDRESS in a browser, and try it in another terminal:

  url=http://ADDRESS

  # Create a document: 201
  curl -i -X PUT $url/documents/1 -H 'If-None-Match: *' -d 'one'

  # Read it: ETag: "r1.1"
  curl -i $url/documents/1

  # A release, which writes documents out in another form
  curl -i -X POST $url/deploy

  # Save over what was read before it: 412, other_epoch
  curl -i -X PUT $url/documents/1 -H 'If-Match: "r1.1"' -d 'two'

  # How often, and why
  curl -s $url/metrics

With --play release, hardcoded, proxy or busy, clients do it.
"#;

#[tokio::main]
async fn main() -> ExitCode {
    match arguments::read(args::parse) {
        Args::Serve { port, play, pace } => run(serve_and_play(port, play, pace)).await,
        Args::Draw(play) => print(&picture_of(play).await),
    }
}

async fn serve_and_play(port: u16, play: Option<Play>, pace: Duration) -> Result<(), String> {
    let listener = listen(port).await?;
    let service = Service::new();
    let router = service.router();
    let steps = tokio::spawn(async move {
        match play {
            Some(play) => perform(play, &service, pace).await,
            None => step_every_second(&service.history).await,
        }
    });
    let served = serve(listener, router, COMMANDS).await;
    steps.abort();
    served
}

/// The picture stays as the play has left it.
async fn perform(play: Play, service: &Service, pace: Duration) {
    tracing::info!("{}", play.title());
    play.perform(service, pace).await;
    tracing::info!("the play has ended");
}

async fn step_every_second(history: &History) {
    let mut seconds = interval(Duration::from_secs(1));
    // The first is over at once.
    seconds.tick().await;
    loop {
        seconds.tick().await;
        history.next_step();
    }
}

/// Where nobody reads any more there is nobody to tell, but it is no success.
fn print(picture: &str) -> ExitCode {
    match io::stdout().write_all(picture.as_bytes()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

/// A play on a service of its own, without pauses.
async fn picture_of(play: Play) -> String {
    let service = Service::new();
    play.perform(&service, Duration::ZERO).await;
    chart::draw(&service.history.steps(), play.title())
}
