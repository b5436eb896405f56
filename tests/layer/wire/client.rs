//! Connections to the server, read octet by octet or by hyper.

use std::fmt::Write as _;
use std::panic::Location;

use axum::body::Body;
use http::{HeaderMap, Request};
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::support::Server;
use crate::support::fields;

/// A request; [`CURRENT`] stands for the tag that is current.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ask {
    pub(super) method: &'static str,
    pub(super) precondition: (&'static str, &'static str),
    pub(super) content: &'static str,
}

pub(super) const CURRENT: &str = "the current tag";
pub(super) const NO_PRECONDITION: (&str, &str) = ("", "");

impl Ask {
    pub(super) const fn new(
        method: &'static str,
        precondition: (&'static str, &'static str),
    ) -> Self {
        Self {
            method,
            precondition,
            content: "",
        }
    }

    pub(super) const fn sending(mut self, content: &'static str) -> Self {
        self.content = content;
        self
    }

    /// With `more` fields, and the tag that is current.
    fn fields(&self, current: &str, more: &[(&'static str, &str)]) -> HeaderMap {
        let mut lines = vec![("accept-encoding", "gzip")];
        match self.precondition {
            NO_PRECONDITION => {}
            (name, CURRENT) => lines.push((name, current)),
            given => lines.push(given),
        }
        lines.extend(more);
        fields(&lines)
    }

    pub(super) fn to_http2(
        self,
        server: &Server,
        current: &str,
        more: &[(&'static str, &str)],
    ) -> Request<Body> {
        let mut request = Request::new(Body::from(self.content));
        *request.method_mut() = self.method.parse().unwrap();
        *request.uri_mut() = format!("http://{}/r", server.address).parse().unwrap();
        *request.headers_mut() = self.fields(current, more);
        request
    }

    pub(super) fn octets(&self, current: &str, more: &[(&'static str, &str)]) -> String {
        let mut octets = format!("{} /r HTTP/1.1\r\nhost: localhost\r\n", self.method);
        for (name, line) in &self.fields(current, more) {
            write!(octets, "{name}: {}\r\n", line.to_str().unwrap()).unwrap();
        }
        if !self.content.is_empty() {
            write!(octets, "content-length: {}\r\n", self.content.len()).unwrap();
        }
        octets + "\r\n" + self.content
    }
}

/// An HTTP/2 connection.
pub(super) struct Http2 {
    pub(super) client: http2::SendRequest<Body>,
    _tasks: JoinSet<()>,
}

impl Http2 {
    pub(super) async fn open(server: &Server) -> Self {
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
pub(super) struct Wire {
    stream: TcpStream,
    unread: Vec<u8>,
}

/// An answer as it came, without the server's Date.
#[derive(Debug, PartialEq)]
pub(super) struct Raw {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) content: Vec<u8>,
}

impl Raw {
    pub(super) fn tag(&self) -> Option<&str> {
        Some(self.headers.get("etag")?.to_str().unwrap())
    }
}

impl Wire {
    pub(super) async fn open(server: &Server) -> Self {
        Self {
            stream: TcpStream::connect(server.address).await.unwrap(),
            unread: Vec::new(),
        }
    }

    pub(super) async fn write(&mut self, octets: &str) {
        self.stream.write_all(octets.as_bytes()).await.unwrap();
    }

    pub(super) async fn ask(&mut self, ask: Ask, current: &str) -> Raw {
        self.write(&ask.octets(current, &[])).await;
        self.answer(ask.method).await
    }

    #[track_caller]
    pub(super) fn answer(&mut self, method: &str) -> impl Future<Output = Raw> {
        let caller = Location::caller();
        async move {
            let answer = self.try_answer(method).await;
            answer.unwrap_or_else(|| panic!("the connection was closed, {caller}"))
        }
    }

    /// The next answer, which ends where RFC 9112, section 6.3, says; `None` if the connection ends before that.
    pub(super) async fn try_answer(&mut self, method: &str) -> Option<Raw> {
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
        let mut raw = Raw {
            status: status.parse().unwrap(),
            headers: fields(&lines),
            content: Vec::new(),
        };
        raw.headers.remove("date");
        let has_none = method == "HEAD" || matches!(raw.status, 100..=199 | 204 | 304);
        if !has_none {
            raw.content = if raw.headers.contains_key("transfer-encoding") {
                self.read_chunks().await?
            } else {
                let length = raw.headers.get("content-length").expect("an end");
                let length = length.to_str().unwrap().parse().unwrap();
                self.read_octets(length).await?
            };
        }
        Some(raw)
    }

    async fn read_chunks(&mut self) -> Option<Vec<u8>> {
        let mut content = Vec::new();
        loop {
            let length = self.read_until("\r\n").await?;
            let length = usize::from_str_radix(&length, 16).unwrap();
            content.extend(self.read_octets(length).await?);
            assert_eq!(self.read_octets(2).await?, b"\r\n");
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

    async fn read_octets(&mut self, count: usize) -> Option<Vec<u8>> {
        while self.unread.len() < count {
            self.fill().await?;
        }
        Some(self.unread.drain(..count).collect())
    }

    async fn fill(&mut self) -> Option<()> {
        let read = self.stream.read_buf(&mut self.unread).await;
        (read.unwrap() > 0).then_some(())
    }

    /// The server has closed the connection, in order, and nothing more has come.
    pub(super) async fn expect_end(mut self) {
        assert!(
            self.fill().await.is_none() && self.unread.is_empty(),
            "{:?}",
            self.unread.escape_ascii().to_string()
        );
    }
}
