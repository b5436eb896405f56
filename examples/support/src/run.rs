//! From the first line of the log to the exit code.

use std::env;
use std::io;
use std::path::Path;
use std::process::ExitCode;

/// Runs the program to its end, with its log on standard error. An error is one line there, and exit code 1.
pub async fn run(program_to_run: impl Future<Output = Result<(), String>>) -> ExitCode {
    log();
    exit_code(program_to_run.await)
}

/// As [`run`], for a program without a runtime of its own.
pub fn run_now(program_to_run: impl FnOnce() -> Result<(), String>) -> ExitCode {
    log();
    exit_code(program_to_run())
}

fn log() {
    tracing_subscriber::fmt()
        .with_writer(io::stderr)
        .with_ansi(false)
        .without_time()
        .init();
}

fn exit_code(ended: Result<(), String>) -> ExitCode {
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{}: {message}", program());
            ExitCode::FAILURE
        }
    }
}

/// The name of the program, as it was called.
pub(crate) fn program() -> String {
    let path = env::args_os().next().unwrap_or_default();
    let name = Path::new(&path).file_stem().unwrap_or_default();
    name.to_string_lossy().into_owned()
}
