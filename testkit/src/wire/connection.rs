//! One connection: what is sent on it, and the answers that come, each within a time and a size.

use std::future::Future;
use std::io;
use std::time::Duration;

use http::Method;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{Instant, timeout_at};

use super::reply::{Framing, Head};
use super::session::Stream;

/// How long the server may send nothing.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long an answer may take as a whole.
const PATIENCE_IN_ALL: Duration = Duration::from_secs(30);
/// How much of a head or of a content is read.
const LIMIT: usize = 1024 * 1024;
/// How much of what is no answer is shown.
const SHOWN: usize = 40;

pub(super) struct Connection {
    stream: Box<dyn Stream>,
    read: Vec<u8>,
    /// When the answer to what was sent last must have come.
    deadline: Instant,
}

/// What comes next on a connection.
#[derive(Debug)]
pub(super) enum Next {
    Answer(Head),
    /// Something that is no answer.
    Junk(Vec<u8>),
    Closed,
    /// Nothing, for longer than anybody waits.
    Silence,
}

/// How a content ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Ended {
    AsItSaid,
    /// It is longer than what is read here.
    TooLong,
    /// The connection was closed, or nothing came any more.
    Early,
}

impl Connection {
    pub(super) fn new(stream: Box<dyn Stream>) -> Self {
        Self {
            stream,
            read: Vec::new(),
            deadline: Instant::now() + PATIENCE_IN_ALL,
        }
    }

    /// A server that has closed its side may refuse what is sent; what it has answered before can still be read.
    pub(super) async fn send(&mut self, bytes: &[u8]) {
        self.deadline = Instant::now() + PATIENCE_IN_ALL;
        let sent = in_time(self.deadline, async {
            self.stream.write_all(bytes).await?;
            self.stream.flush().await
        });
        let _ = sent.await;
    }

    /// The head of the next answer.
    pub(super) async fn next(&mut self) -> Next {
        let mut searched = 0;
        loop {
            let begun = &self.read[..self.read.len().min(7)];
            if !b"HTTP/1.".starts_with(begun) || self.read.len() > LIMIT {
                return self.junk();
            }
            if let Some(end) = end_of_head(&self.read, searched) {
                let head: Vec<u8> = self.read.drain(..end).collect();
                return Head::parse(&head).map_or(Next::Junk(head), Next::Answer);
            }
            searched = self.read.len();
            match self.fill().await {
                Ok(0) if self.read.is_empty() => return Next::Closed,
                Ok(0) => return self.junk(),
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::TimedOut => return Next::Silence,
                Err(_) if self.read.is_empty() => return Next::Closed,
                Err(_) => return self.junk(),
            }
        }
    }

    /// The content behind a head, and how it ended.
    pub(super) async fn content(&mut self, head: &Head, method: &Method) -> (Vec<u8>, Ended) {
        match head.framing(method) {
            Framing::Length(length) if length > LIMIT as u64 => (Vec::new(), Ended::TooLong),
            Framing::Length(length) => self.exactly(usize::try_from(length).unwrap_or(0)).await,
            Framing::Chunked => self.chunks().await,
            Framing::UntilClosed => self.until_closed().await,
        }
    }

    /// Whether the connection is closed now, without another byte.
    pub(super) async fn ends(&mut self) -> Next {
        match self.until_closed().await {
            (rest, _) if !rest.is_empty() => Next::Junk(rest[..rest.len().min(SHOWN)].to_vec()),
            (_, Ended::AsItSaid) => Next::Closed,
            _ => Next::Silence,
        }
    }

    async fn exactly(&mut self, length: usize) -> (Vec<u8>, Ended) {
        while self.read.len() < length {
            if !matches!(self.fill().await, Ok(1..)) {
                return (std::mem::take(&mut self.read), Ended::Early);
            }
        }
        (self.read.drain(..length).collect(), Ended::AsItSaid)
    }

    async fn chunks(&mut self) -> (Vec<u8>, Ended) {
        let mut content = Vec::new();
        loop {
            let Some(line) = self.line().await else {
                return (content, Ended::Early);
            };
            let digits = line.split(|&byte| byte == b';').next().unwrap_or_default();
            let digits = std::str::from_utf8(digits.trim_ascii()).unwrap_or_default();
            let Ok(length) = usize::from_str_radix(digits, 16) else {
                return (content, Ended::Early);
            };
            if length == 0 {
                return self.trailers(content).await;
            }
            if content.len().saturating_add(length) > LIMIT {
                return (content, Ended::TooLong);
            }
            let (chunk, ended) = self.exactly(length).await;
            content.extend_from_slice(&chunk);
            if ended != Ended::AsItSaid || self.line().await.is_none_or(|line| !line.is_empty()) {
                return (content, Ended::Early);
            }
        }
    }

    async fn trailers(&mut self, content: Vec<u8>) -> (Vec<u8>, Ended) {
        loop {
            match self.line().await {
                Some(line) if line.is_empty() => return (content, Ended::AsItSaid),
                Some(_) => {}
                None => return (content, Ended::Early),
            }
        }
    }

    /// A line without its end.
    async fn line(&mut self) -> Option<Vec<u8>> {
        let mut searched = 0;
        loop {
            let rest = self.read.iter().skip(searched);
            if let Some(more) = rest.copied().position(|byte| byte == b'\n') {
                let line: Vec<u8> = self.read.drain(..=searched + more).collect();
                return Some(line.trim_ascii().to_vec());
            }
            searched = self.read.len();
            if self.read.len() > LIMIT || !matches!(self.fill().await, Ok(1..)) {
                return None;
            }
        }
    }

    async fn until_closed(&mut self) -> (Vec<u8>, Ended) {
        let ended = loop {
            if self.read.len() > LIMIT {
                break Ended::TooLong;
            }
            match self.fill().await {
                Ok(1..) => {}
                Err(error) if error.kind() == io::ErrorKind::TimedOut => break Ended::Early,
                Ok(0) | Err(_) => break Ended::AsItSaid,
            }
        };
        (std::mem::take(&mut self.read), ended)
    }

    fn junk(&mut self) -> Next {
        self.read.truncate(SHOWN);
        Next::Junk(std::mem::take(&mut self.read))
    }

    async fn fill(&mut self) -> io::Result<usize> {
        in_time(self.deadline, self.stream.read_buf(&mut self.read)).await
    }
}

async fn in_time<T>(
    deadline: Instant,
    doing: impl Future<Output = io::Result<T>>,
) -> io::Result<T> {
    let soon = Instant::now() + PATIENCE;
    let done = timeout_at(soon.min(deadline), doing).await;
    done.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
}

/// Behind the empty line, whichever way the lines end. So many bytes have been searched before.
fn end_of_head(bytes: &[u8], searched: usize) -> Option<usize> {
    let is_end = |&place: &usize| {
        let before = &bytes[..place];
        bytes[place] == b'\n' && (before.ends_with(b"\n") || before.ends_with(b"\n\r"))
    };
    (searched..bytes.len()).find(is_end).map(|place| place + 1)
}
