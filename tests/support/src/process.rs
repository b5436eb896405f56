//! Example programs as child processes.

use std::env;
use std::ffi::OsStr;
use std::io::Write;
use std::net::SocketAddr;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::process::{Child, ChildStderr, ChildStdout, Command};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::time::timeout;

use crate::client::{Client, Protocol};

/// Nothing here takes long; what hangs shall fail.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running example that has said where it listens. Dropped, it is killed.
pub struct Example {
    child: Child,
    stdout: BufReader<ChildStdout>,
    log: Log,
    address: SocketAddr,
}

/// What a program writes to standard error, read as it comes: a full pipe would stop the program.
struct Log {
    lines: UnboundedReceiver<String>,
    read: String,
}

/// Variables of the environment, each with its value, or without one where it must not be set.
pub type Environment<'a> = &'a [(&'a str, Option<&'a str>)];

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
        Self::start_in(&[(name, Some(value))], program, arguments).await
    }

    /// As [`start`](Self::start), with this in its environment.
    pub async fn start_in(
        environment: Environment<'_>,
        program: &str,
        arguments: &[&OsStr],
    ) -> Self {
        Self::spawned(in_environment(
            &mut command(program, arguments),
            environment,
        ))
        .await
    }

    async fn spawned(command: &mut Command) -> Self {
        let (child, mut stdout, log) = spawn(command);
        let first = next_line(&mut stdout).await;
        let Some(address) = address_in(&first) else {
            let ended = ended(child, stdout, log).await;
            panic!("the program began with {first:?}: {ended:?}");
        };
        Self {
            child,
            stdout,
            log,
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

    /// Waits for a line of the program's log with this in it.
    pub async fn logged(&mut self, part: &str) -> String {
        loop {
            let line = timeout(PATIENCE, self.log.next()).await;
            let line = line.expect("a log line in time").expect("it runs");
            if line.contains(part) {
                return line;
            }
        }
    }

    /// The lines of the program's log that nobody has waited for, up to a line with this in it, which is left out.
    pub async fn logged_up_to(&mut self, part: &str) -> Vec<String> {
        let mut lines = Vec::new();
        loop {
            let line = timeout(PATIENCE, self.log.next()).await;
            let line = line.expect("a log line in time").expect("it runs");
            if line.contains(part) {
                return lines;
            }
            lines.push(line);
        }
    }

    /// Ends the program without a chance to do anything (SIGKILL).
    pub async fn kill(mut self) {
        timeout(PATIENCE, self.child.kill()).await.unwrap().unwrap();
    }

    /// Sends a signal by name and waits for the end.
    pub async fn signal(self, signal: &str) -> Ended {
        self.send(signal).await;
        self.ended().await
    }

    /// Sends a signal by name.
    pub async fn send(&self, signal: &str) {
        let process = self.child.id().expect("it runs").to_string();
        let mut kill = Command::new("kill");
        let sent = kill.args(["-s", signal, &process]).status().await.unwrap();
        assert!(sent.success(), "kill -s {signal}");
    }

    /// Waits for the end.
    pub async fn ended(self) -> Ended {
        ended(self.child, self.stdout, self.log).await
    }
}

/// Runs a program that is expected to end by itself.
pub async fn run(program: &str, arguments: &[&OsStr]) -> Ended {
    let (child, stdout, log) = spawn(&mut command(program, arguments));
    ended(child, stdout, log).await
}

/// As [`run`], with this in its environment.
pub async fn run_in(environment: Environment<'_>, program: &str, arguments: &[&OsStr]) -> Ended {
    let (child, stdout, log) = spawn(in_environment(
        &mut command(program, arguments),
        environment,
    ));
    ended(child, stdout, log).await
}

/// As [`run`], as somebody who is not root, for whom modes of files mean something.
#[cfg(unix)]
pub async fn run_unprivileged(program: &str, arguments: &[&OsStr]) -> Ended {
    use std::os::unix::fs::MetadataExt;

    // What Linux and others have as `nobody`.
    const NOBODY: u32 = 65534;
    let mut command = command(program, arguments);
    let own_file = tempfile::tempfile().unwrap().metadata().unwrap();
    if own_file.uid() == 0 {
        command.uid(NOBODY).gid(NOBODY);
    }
    let (child, stdout, log) = spawn(&mut command);
    ended(child, stdout, log).await
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

impl Log {
    fn of(stderr: ChildStderr) -> Self {
        let (sender, lines) = unbounded_channel();
        tokio::spawn(async move {
            let mut stderr = BufReader::new(stderr);
            let mut line = String::new();
            while let Ok(1..) = stderr.read_line(&mut line).await {
                // The receiver is gone if the test does not wait for the end of the program.
                let _ = sender.send(std::mem::take(&mut line));
            }
        });
        Self {
            lines,
            read: String::new(),
        }
    }

    /// The next line, kept for the end.
    async fn next(&mut self) -> Option<String> {
        let line = self.lines.recv().await?;
        self.read.push_str(&line);
        Some(line.trim_end().to_owned())
    }

    async fn until_the_end(mut self) -> String {
        while self.next().await.is_some() {}
        self.read
    }
}

fn spawn(command: &mut Command) -> (Child, BufReader<ChildStdout>, Log) {
    let mut child = command.spawn().unwrap();
    let stdout = BufReader::new(child.stdout.take().unwrap());
    let log = Log::of(child.stderr.take().unwrap());
    (child, stdout, log)
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

fn in_environment<'c>(command: &'c mut Command, environment: Environment<'_>) -> &'c mut Command {
    for (name, value) in environment {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
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

async fn ended(mut child: Child, mut stdout: BufReader<ChildStdout>, log: Log) -> Ended {
    let mut out = String::new();
    let all = async {
        let (read, err, status) = tokio::join!(
            stdout.read_to_string(&mut out),
            log.until_the_end(),
            child.wait()
        );
        (read.and(status), err)
    };
    let (status, stderr) = timeout(PATIENCE, all).await.expect("an end in time");
    Ended {
        status: status.unwrap(),
        stdout: out,
        stderr,
    }
}
