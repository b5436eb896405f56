//! Example programs as child processes.

use std::env;
use std::ffi::OsStr;
use std::io::Write;
use std::net::SocketAddr;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::timeout;

use crate::client::{Client, Protocol};

/// Nothing here takes long; what hangs shall fail.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running example that has said where it listens. Dropped, it is killed.
pub struct Example {
    child: Child,
    stdout: BufReader<ChildStdout>,
    address: SocketAddr,
}

/// What a program left behind.
#[derive(Debug)]
pub struct Ended {
    pub status: ExitStatus,
    pub stdout: String,
    pub stderr: String,
}

impl Example {
    /// Starts a program that prints its address first: `Example::start(env!("CARGO_BIN_EXE_notes"), …)`.
    pub async fn start(program: &str, arguments: &[&OsStr]) -> Self {
        Self::spawned(&mut command(program, arguments)).await
    }

    /// As [`start`](Self::start), with an environment variable.
    pub async fn start_with(program: &str, arguments: &[&OsStr], variable: (&str, &str)) -> Self {
        let (name, value) = variable;
        Self::spawned(command(program, arguments).env(name, value)).await
    }

    async fn spawned(command: &mut Command) -> Self {
        let mut child = command.spawn().unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let first = next_line(&mut stdout).await;
        let Some(address) = address_in(&first) else {
            let ended = ended(child, stdout).await;
            panic!("the program began with {first:?}: {ended:?}");
        };
        Self {
            child,
            stdout,
            address,
        }
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    pub async fn client(&self, protocol: Protocol) -> Client {
        Client::connect(self.address, protocol).await
    }

    /// What the program prints up to this line, which is left out.
    pub async fn printed_up_to(&mut self, last: &str) -> String {
        let mut printed = String::new();
        loop {
            let line = next_line(&mut self.stdout).await;
            assert!(!line.is_empty(), "no line {last:?} in {printed}");
            if line.trim_end() == last {
                return printed;
            }
            printed.push_str(&line);
        }
    }

    /// Waits for a line of the program's log that begins so.
    pub async fn logged(&mut self, beginning: &str) -> String {
        // Octet by octet, because what is not asked for yet has to stay in the pipe.
        let stderr = self.child.stderr.as_mut().unwrap();
        let mut line = Vec::new();
        loop {
            let octet = timeout(PATIENCE, stderr.read_u8()).await;
            match octet.expect("a log line in time").unwrap() {
                b'\n' if line.starts_with(beginning.as_bytes()) => break,
                b'\n' => line.clear(),
                octet => line.push(octet),
            }
        }
        String::from_utf8(line).unwrap()
    }

    /// Ends the program without a chance to do anything (SIGKILL).
    pub async fn kill(mut self) {
        timeout(PATIENCE, self.child.kill()).await.unwrap().unwrap();
    }

    /// Sends a signal by name and waits for the end.
    #[cfg(unix)]
    pub async fn signal(self, signal: &str) -> Ended {
        let process = self.child.id().expect("it runs").to_string();
        let mut kill = Command::new("kill");
        let sent = kill.args(["-s", signal, &process]).status().await.unwrap();
        assert!(sent.success(), "kill -s {signal}");
        ended(self.child, self.stdout).await
    }
}

/// Runs a program that is expected to end by itself.
pub async fn run(program: &str, arguments: &[&OsStr]) -> Ended {
    let mut child = command(program, arguments).spawn().unwrap();
    let stdout = BufReader::new(child.stdout.take().unwrap());
    ended(child, stdout).await
}

/// Whether a program that a test needs is there. In CI it has to be.
pub fn has_tool(name: &str) -> bool {
    let found = std::process::Command::new(name)
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok();
    if !found {
        skip(name);
    }
    found
}

/// Says on standard error that a test is skipped because something is missing. In CI that is a failure.
pub fn skip(missing: &str) {
    assert!(!in_ci(), "{missing} is missing");
    // Past the capture of the test harness.
    let _ = writeln!(std::io::stderr(), "skipped: {missing} is missing");
}

/// Whether this is CI, where tests may install what they need and must not skip.
pub fn in_ci() -> bool {
    env::var_os("CI").is_some_and(|ci| ci == "true")
}

fn command(program: &str, arguments: &[&OsStr]) -> Command {
    let mut command = Command::new(program);
    command
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    command
}

async fn next_line(stdout: &mut BufReader<ChildStdout>) -> String {
    let mut line = String::new();
    let read = timeout(PATIENCE, stdout.read_line(&mut line));
    read.await.expect("a line in time").unwrap();
    line
}

/// The first line is exact, so that programs can read it.
fn address_in(first_line: &str) -> Option<SocketAddr> {
    let address = first_line
        .strip_prefix("listening on http://127.0.0.1:")?
        .strip_suffix('\n')?;
    let port: u16 = address.parse().ok()?;
    (port.to_string() == address).then(|| ([127, 0, 0, 1], port).into())
}

async fn ended(mut child: Child, mut stdout: BufReader<ChildStdout>) -> Ended {
    let mut stderr = child.stderr.take().unwrap();
    let (mut out, mut err) = (String::new(), String::new());
    let all = async {
        let (out, err, status) = tokio::join!(
            stdout.read_to_string(&mut out),
            stderr.read_to_string(&mut err),
            child.wait()
        );
        out.and(err).and(status)
    };
    let status = timeout(PATIENCE, all).await.expect("an end in time");
    Ended {
        status: status.unwrap(),
        stdout: out,
        stderr: err,
    }
}
