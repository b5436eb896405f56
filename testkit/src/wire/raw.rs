//! A request as the bytes that are sent.

use std::fmt;

use http::header::HeaderMap;
use http::{Method, Uri};

use crate::shown::{Capitalised, Escaped};

#[derive(Clone, Debug)]
pub(super) struct Raw {
    pub(super) method: Method,
    pub(super) head: Vec<u8>,
    pub(super) body: Vec<u8>,
}

impl Raw {
    pub(super) fn new(method: Method, target: &Uri, authority: &str) -> Self {
        let path = target.path_and_query().map_or("/", |path| path.as_str());
        let head = format!("{method} {path} HTTP/1.1\r\nHost: {authority}\r\n").into_bytes();
        Self {
            method,
            head,
            body: Vec::new(),
        }
    }

    pub(super) fn fields(mut self, fields: &HeaderMap) -> Self {
        for (name, value) in fields {
            let name = Capitalised(name).to_string();
            self = self.line(&[name.as_bytes(), b": ", value.as_bytes()].concat());
        }
        self
    }

    /// One line, spelled as it is.
    pub(super) fn line(mut self, line: &[u8]) -> Self {
        self.head.extend_from_slice(line);
        self.head.extend_from_slice(b"\r\n");
        self
    }

    pub(super) fn field(self, name: &str, value: &[u8]) -> Self {
        self.line(&[name.as_bytes(), b": ", value].concat())
    }

    pub(super) fn content(self, content_type: &[u8], body: Vec<u8>) -> Self {
        let length = body.len().to_string();
        let mut raw = self
            .field("Content-Type", content_type)
            .field("Content-Length", length.as_bytes());
        raw.body = body;
        raw
    }

    /// The head with its empty line.
    pub(super) fn head_bytes(&self) -> Vec<u8> {
        [&self.head[..], b"\r\n"].concat()
    }

    pub(super) fn bytes(&self) -> Vec<u8> {
        [&self.head_bytes()[..], &self.body].concat()
    }
}

/// The request as it is sent, with what is no ASCII escaped, and without its content.
impl fmt::Display for Raw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines = self.head.strip_suffix(b"\r\n").unwrap_or(&self.head);
        for (number, line) in lines.split(|&byte| byte == b'\n').enumerate() {
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            let separator = if number == 0 { "" } else { "\n" };
            write!(f, "{separator}{}", Escaped(line))?;
        }
        Ok(())
    }
}
