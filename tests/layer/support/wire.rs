//! Connections to a server, read byte by byte or by hyper.

use std::fmt::Write as _;
use std::panic::Location;

use axum::body::Body;
use bytes::Bytes;
use http::HeaderMap;
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tower_conditional::HttpDate;

use super::message::{Answer, fields};
use super::server::Server;

/// An HTTP/2 connection.
pub(crate) struct Http2 {
    pub(crate) client: http2::SendRequest<Body>,
    _tasks: JoinSet<()>,
}

impl Http2 {
    pub(crate) async fn open(server: &Server) -> Self {
        let stream = TokioIo::new(TcpStream::connect(server.address).await.unwrap());
        let handshake = http2::handshake(TokioExecutor::new(), stream);
        let (client, connection) = handshake.await.unwrap();
        let mut tasks = JoinSet::new();
        tasks.spawn(async { drop(connection.await) });
        Self {
            client,
            _tasks: tasks,
        }
    }
}

/// An HTTP/1.1 connection.
pub(crate) struct Wire {
    stream: TcpStream,
    unread: Vec<u8>,
}

impl Wire {
    pub(crate) async fn open(server: &Server) -> Self {
        let stream = TcpStream::connect(server.address).await.unwrap();
        // What is written in pieces arrives in pieces.
        stream.set_nodelay(true).unwrap();
        let unread = Vec::new();
        Self { stream, unread }
    }

    pub(crate) async fn write(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.write_all(bytes.as_ref()).await.unwrap();
    }

    /// Sends the head of a request.
    pub(crate) async fn send(&mut self, method: &str, given: &[(&str, &str)]) {
        self.write(head_of(method, &fields(given)) + "\r\n").await;
    }

    pub(crate) async fn ask(&mut self, method: &str, given: &[(&str, &str)]) -> Answer {
        self.send(method, given).await;
        self.answer(method).await
    }

    #[track_caller]
    pub(crate) fn answer(&mut self, method: &str) -> impl Future<Output = Answer> {
        let caller = Location::caller();
        async move {
            let answer = self.try_answer(method).await;
            answer.unwrap_or_else(|| panic!("the connection was closed, {caller}"))
        }
    }

    /// The next answer without its Date; it ends where RFC 9112, section 6.3, says. `None` if the connection ends
    /// before that.
    pub(crate) async fn try_answer(&mut self, method: &str) -> Option<Answer> {
        let head = self.read_until("\r\n\r\n").await?;
        let (line, lines) = head.split_once("\r\n").unwrap_or((&head, ""));
        let status = line
            .strip_prefix("HTTP/1.1 ")
            .and_then(|line| line.get(..3));
        let status = status.unwrap_or_else(|| panic!("no status line: {head:?}"));
        let lines: Vec<_> = lines
            .lines()
            .filter_map(|line| line.split_once(": "))
            .collect();
        let mut answer = Answer {
            status: status.parse().unwrap(),
            headers: fields(&lines),
            body: Bytes::new(),
        };
        if answer.status >= 200 {
            take_date(&mut answer.headers);
        }
        let has_none = method == "HEAD" || matches!(answer.status, 100..=199 | 204 | 304);
        if !has_none {
            let body = if answer.headers.contains_key("transfer-encoding") {
                self.read_chunks().await?
            } else {
                let length = answer.field("content-length").expect("an end");
                self.read_bytes(length.parse().unwrap()).await?
            };
            answer.body = body.into();
        }
        Some(answer)
    }

    async fn read_chunks(&mut self) -> Option<Vec<u8>> {
        let mut content = Vec::new();
        loop {
            let length = self.read_until("\r\n").await?;
            let length = usize::from_str_radix(&length, 16).unwrap();
            content.extend(self.read_bytes(length).await?);
            assert_eq!(self.read_bytes(2).await?, b"\r\n");
            if length == 0 {
                return Some(content);
            }
        }
    }

    async fn read_until(&mut self, end: &str) -> Option<String> {
        loop {
            let mut windows = self.unread.windows(end.len());
            if let Some(at) = windows.position(|window| window == end.as_bytes()) {
                let read = self.unread.drain(..at).collect();
                self.unread.drain(..end.len());
                return Some(String::from_utf8(read).unwrap());
            }
            self.fill().await?;
        }
    }

    async fn read_bytes(&mut self, count: usize) -> Option<Vec<u8>> {
        while self.unread.len() < count {
            self.fill().await?;
        }
        Some(self.unread.drain(..count).collect())
    }

    async fn fill(&mut self) -> Option<()> {
        let read = self.stream.read_buf(&mut self.unread).await;
        (read.unwrap() > 0).then_some(())
    }

    /// No byte has come that was not asked for.
    #[track_caller]
    pub(crate) fn expect_nothing(&self) {
        assert_eq!(self.unread, b"");
    }

    /// The server has closed the connection, in order, and nothing more has come.
    pub(crate) async fn expect_end(mut self) {
        assert!(
            self.fill().await.is_none() && self.unread.is_empty(),
            "{:?}",
            self.unread.escape_ascii().to_string()
        );
    }
}

/// The request line and the fields, without the empty line.
pub(crate) fn head_of(method: &str, fields: &HeaderMap) -> String {
    let mut head = format!("{method} /r HTTP/1.1\r\nhost: localhost\r\n");
    for (name, line) in fields {
        write!(head, "{name}: {}\r\n", line.to_str().unwrap()).unwrap();
    }
    head
}

/// Takes the server's own Date off, which has to be an HTTP-date.
#[track_caller]
pub(crate) fn take_date(headers: &mut HeaderMap) {
    let date = headers.remove("date").expect("a server has a clock");
    assert!(HttpDate::parse(date.as_bytes(), HttpDate::UNIX_EPOCH).is_some());
}
