//! Contended requests to replicas of `examples/postgres` under faults, and a checker of what they were answered.
//!
//! `scripts/histories.sh` runs it: `run` sends requests and keeps a file of them, `cut` breaks connections, and `check` compares
//! that file with a history that a trigger has written in PostgreSQL. The three share nothing with the service but its wire format.
//!
//! | file           | idea                                                      |
//! |----------------|-----------------------------------------------------------|
//! | `operation.rs` | one request and its answer, in memory and in a file       |
//! | `history.rs`   | what the database says was written                        |
//! | `load.rs`      | clients that send requests to the same few notes          |
//! | `exchange.rs`  | one request over a socket, and what its answer means      |
//! | `cut.rs`       | a proxy that breaks connections in the middle             |
//! | `check/`       | the rules that operations and history must keep           |

mod args;
mod check;
mod cut;
mod exchange;
mod history;
mod load;
mod operation;

use std::process::ExitCode;

use args::Command;

#[tokio::main]
async fn main() -> ExitCode {
    let command = match args::parse(lexopt::Parser::from_env()) {
        Ok(command) => command,
        Err(error) => {
            eprintln!("histories: {error} (see --help)");
            return ExitCode::from(2);
        }
    };
    let ended = match command {
        Command::Run(load) => load::run(load).await,
        Command::Cut(links) => cut::run(links).await,
        Command::Check {
            operations,
            history,
        } => check::run(&operations, &history),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("histories: {error}");
            ExitCode::FAILURE
        }
    }
}
