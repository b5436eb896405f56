//! What all examples do alike: on the command line, when they start, and when somebody stops them.
//!
//! Each example has a test that names its own program here; `examples/support/tests/rules.rs` knows the few that have none.

use std::ffi::OsStr;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::task::yield_now;
use tokio::time::timeout;

use crate::process::{Ended, Environment, Example, run_in};

/// Nothing here takes long; what hangs shall fail.
const PATIENCE: Duration = Duration::from_secs(60);

/// A program and its command line.
#[derive(Clone, Copy, Default)]
pub struct Program<'a> {
    /// `env!("CARGO_BIN_EXE_…")`
    pub path: &'a str,
    /// The first line of its usage, with all that it takes.
    pub usage: &'a str,
    /// Command lines that are none, beside `--bogus`.
    pub misuse: &'a [&'a [&'a str]],
}

/// A program that serves.
#[derive(Clone, Copy)]
pub struct Service<'a> {
    pub program: Program<'a>,
    /// What it needs beside `--port`.
    pub arguments: &'a [&'a OsStr],
    pub environment: Environment<'a>,
    /// A write that succeeds whenever it is sent to a service that has just started.
    pub write: Write<'a>,
}

/// A request with a body.
#[derive(Clone, Copy)]
pub struct Write<'a> {
    pub method: &'a str,
    pub path: &'a str,
    /// Lines of the head, each with its end.
    pub fields: &'a str,
    pub body: &'a str,
}

impl Program<'_> {
    /// `--help` is no failure, and misuse is 2 with one line that names the mistake.
    pub async fn follows_the_rules(&self) {
        for option in ["-h", "--help"] {
            let ended = self.run(&[option]).await;
            assert_eq!((ended.status.code(), &*ended.stderr), (Some(0), ""));
            let usages = ended.stdout.matches("Usage: ").count();
            assert_eq!(usages, 1, "{}", ended.stdout);
            let usage = format!("\nUsage: {}\n", self.usage);
            assert!(
                format!("\n{}", ended.stdout).contains(&usage),
                "{}",
                ended.stdout
            );
        }
        for arguments in self.misuse.iter().chain(&[&["--bogus"][..]]) {
            self.refuses(arguments).await;
        }
    }

    async fn refuses(&self, arguments: &[&str]) {
        let ended = self.run(arguments).await;
        assert_eq!(ended.status.code(), Some(2), "{arguments:?}: {ended:?}");
        let line = self.only_line(&ended);
        assert!(line.ends_with(" (see --help)"), "{arguments:?}: {line}");
    }

    async fn run(&self, arguments: &[&str]) -> Ended {
        let arguments: Vec<_> = arguments.iter().map(OsStr::new).collect();
        run_in(&[], self.path, &arguments).await
    }

    /// What a program that failed wrote, without its name.
    #[track_caller]
    pub fn only_line<'e>(&self, ended: &'e Ended) -> &'e str {
        assert_eq!(ended.stdout, "");
        assert_eq!(ended.stderr.lines().count(), 1, "{}", ended.stderr);
        let name = format!("{}: ", self.name());
        let line = ended.stderr.trim_end().strip_prefix(&name);
        line.unwrap_or_else(|| panic!("{name} is missing: {}", ended.stderr))
    }

    fn name(&self) -> &str {
        let name = Path::new(self.path).file_stem();
        name.and_then(OsStr::to_str).expect("a name in ASCII")
    }
}

impl Service<'_> {
    /// Those of a program; and a port that is taken, the commands to try, and the end.
    pub async fn follows_the_rules(&self) {
        self.program.follows_the_rules().await;
        for port in [&["--port"][..], &["--port", "x"], &["--port", "70000"]] {
            self.program.refuses(port).await;
        }
        self.names_a_port_that_is_taken().await;
        self.prints_the_commands_to_try().await;
        for signal in ["INT", "TERM"] {
            self.ends_with_an_idle_connection(signal).await;
            self.finishes_a_write(signal).await;
        }
        self.gives_up_a_write_that_does_not_come("INT").await;
    }

    async fn names_a_port_that_is_taken(&self) {
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = taken.local_addr().unwrap().port().to_string();
        let arguments = self.arguments_with(&port);
        let ended = run_in(self.environment, self.program.path, &arguments).await;
        assert_eq!(ended.status.code(), Some(1), "{ended:?}");
        let message =
            format!("port {port} is taken: choose another with --port, or any with --port 0");
        assert_eq!(self.program.only_line(&ended), message);
    }

    async fn prints_the_commands_to_try(&self) {
        let mut example = self.start().await;
        let printed = example.printed_up_to("Ctrl-C stops it.").await;
        let url = format!("url=http://{}", example.address());
        assert!(printed.contains(&url), "{printed}");
        assert!(printed.contains("\n  curl "), "{printed}");
        assert!(!printed.contains("ADDRESS"), "{printed}");
        has_ended_well(example.signal("INT").await);
    }

    async fn ends_with_an_idle_connection(&self, signal: &str) {
        let example = self.start().await;
        let _idle = TcpStream::connect(example.address()).await.unwrap();
        has_ended_well(example.signal(signal).await);
    }

    /// It was asked to stop in the middle of a body: the write is performed and answered, and then the process ends.
    async fn finishes_a_write(&self, signal: &str) {
        let example = self.start().await;
        let write = HeldBack::begin(example.address(), self.write).await;
        example.send(signal).await;
        nobody_listens_at(example.address()).await;
        let status = write.complete().await;
        assert!(status.starts_with("HTTP/1.1 2"), "{signal}: {status}");
        has_ended_well(example.ended().await);
    }

    /// A client that does not go on keeps nobody from stopping the service.
    async fn gives_up_a_write_that_does_not_come(&self, signal: &str) {
        let example = self.start().await;
        let _write = HeldBack::begin(example.address(), self.write).await;
        has_ended_well(example.signal(signal).await);
    }

    async fn start(&self) -> Example {
        let arguments = self.arguments_with("0");
        Example::start_in(self.environment, self.program.path, &arguments).await
    }

    fn arguments_with<'a>(&'a self, port: &'a str) -> Vec<&'a OsStr> {
        let port = [OsStr::new("--port"), OsStr::new(port)];
        [self.arguments, &port].concat()
    }
}

/// A write whose body the service has begun to read, and has not all of.
pub struct HeldBack<'a> {
    stream: BufReader<TcpStream>,
    rest: &'a str,
}

impl<'a> HeldBack<'a> {
    pub async fn begin(address: SocketAddr, write: Write<'a>) -> Self {
        let Write {
            method,
            path,
            fields,
            body,
        } = write;
        let head = format!(
            "{method} {path} HTTP/1.1\r\nhost: {address}\r\nexpect: 100-continue\r\n\
             content-length: {}\r\n{fields}\r\n",
            body.len()
        );
        let (first, rest) = body.split_at(body.len() / 2);
        let stream = BufReader::new(TcpStream::connect(address).await.unwrap());
        let mut begun = Self { stream, rest };
        begun.stream.write_all(head.as_bytes()).await.unwrap();
        // Sent when somebody begins to read the body.
        assert_eq!(begun.line().await, "HTTP/1.1 100 Continue");
        assert_eq!(begun.line().await, "");
        begun.stream.write_all(first.as_bytes()).await.unwrap();
        begun
    }

    /// Sends the rest; the status line.
    pub async fn complete(mut self) -> String {
        self.stream.write_all(self.rest.as_bytes()).await.unwrap();
        self.line().await
    }

    async fn line(&mut self) -> String {
        let mut line = String::new();
        let read = timeout(PATIENCE, self.stream.read_line(&mut line)).await;
        read.expect("a line in time").unwrap();
        line.trim_end().to_owned()
    }
}

/// Waits until a service that was asked to stop has begun to.
pub async fn nobody_listens_at(address: SocketAddr) {
    let refused = async {
        while TcpStream::connect(address).await.is_ok() {
            yield_now().await;
        }
    };
    timeout(PATIENCE, refused)
        .await
        .expect("it stops to listen");
}

#[track_caller]
fn has_ended_well(ended: Ended) {
    assert_eq!((ended.status.code(), &*ended.stderr), (Some(0), ""));
}
