//! `scripts/postgres.sh run` when somebody ends it: nothing is left behind.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tempfile::TempDir;
use test_support::skip;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::net::TcpStream;
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::timeout;

use crate::cluster;

/// A database has to start, and to end.
const PATIENCE: Duration = Duration::from_secs(120);

/// The command would run for an hour, and so would what it has started. Both end, and the database.
#[tokio::test]
async fn a_signal_ends_the_command_and_the_database() {
    for (signal, code) in [("TERM", 143), ("INT", 130), ("HUP", 129)] {
        if is_ignored(code - 128) {
            eprintln!("skipped: whoever started this ignores {signal}");
            continue;
        }
        let Some(mut running) = Running::start("sleep 3600 & sleep 3600").await else {
            return;
        };
        assert!(TcpStream::connect(running.database).await.is_ok());
        running.send(signal).await;
        assert_eq!(running.exit_code().await, Some(code), "{signal}");
        running.has_left_nothing().await;
    }
}

/// It is the command that reads the input, and says how it ended.
#[tokio::test]
async fn the_command_has_its_input_and_its_exit_code() {
    let Some(mut running) = Running::start("read -r code && exit $code").await else {
        return;
    };
    let mut input = running.child.stdin.take().unwrap();
    input.write_all(b"7\n").await.unwrap();
    assert_eq!(running.exit_code().await, Some(7));
    running.has_left_nothing().await;
}

struct Running {
    /// All temporary files are in here.
    directory: TempDir,
    child: Child,
    output: Lines<BufReader<ChildStdout>>,
    database: SocketAddr,
}

impl Running {
    /// Nothing where PostgreSQL cannot be had.
    async fn start(command: &str) -> Option<Self> {
        let directory = tempfile::tempdir().unwrap();
        readable_by_the_database(directory.path());
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../scripts/postgres.sh");
        let command = format!(r#"echo "$DATABASE_URL"; {command}"#);
        let mut child = Command::new(script)
            .args(["run", "sh", "-c", &command])
            .env("TMPDIR", directory.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap()).lines();
        let Some(url) = in_time(output.next_line()).await.unwrap() else {
            skip("a PostgreSQL that scripts/postgres.sh can start");
            return None;
        };
        let (host, port) = cluster::address(&url);
        Some(Self {
            directory,
            child,
            output,
            database: format!("{host}:{port}").parse().unwrap(),
        })
    }

    async fn send(&self, signal: &str) {
        let script = self.child.id().expect("it runs").to_string();
        let sent = Command::new("kill").args(["-s", signal, &script]).status();
        assert!(sent.await.unwrap().success());
    }

    async fn exit_code(&mut self) -> Option<i32> {
        in_time(self.child.wait()).await.unwrap().code()
    }

    async fn has_left_nothing(&mut self) {
        // The pipe is open for as long as the command, or what it has started, has it.
        assert_eq!(in_time(self.output.next_line()).await.unwrap(), None);
        assert!(TcpStream::connect(self.database).await.is_err());
        let files = fs::read_dir(self.directory.path()).unwrap();
        assert_eq!(files.count(), 0);
    }
}

/// Whether this process ignores a signal, as under `nohup`: then what it starts cannot act on it either.
fn is_ignored(number: i32) -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_some_and(|mask| mask & (1 << (number - 1)) != 0)
}

async fn in_time<T>(what: impl Future<Output = T>) -> T {
    timeout(PATIENCE, what).await.expect("an end in time")
}

/// It runs as a user of its own.
fn readable_by_the_database(directory: &Path) {
    use std::os::unix::fs::PermissionsExt;

    fs::set_permissions(directory, fs::Permissions::from_mode(0o755)).unwrap();
}
