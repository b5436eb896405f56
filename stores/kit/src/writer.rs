//! A client that sends the head of a write, and its body only when the handler asks for it.
//!
//! The server sends `100 Continue` when the handler begins to read the body (RFC 9110, section 10.1.1). By then the layer has
//! looked the target up and let the write through. Whatever happens to the target from then on, only the store can notice.

use std::fmt;
use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const CONTINUE: &str = "HTTP/1.1 100 Continue\r\n\r\n";

/// A PUT that the layer has let through, and whose body the handler waits for.
pub(crate) struct LetThrough {
    stream: TcpStream,
    body: String,
}

/// The status of an answer, and the reason in its problem details.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) reason: String,
}

impl LetThrough {
    /// Panics with the answer if the layer refuses the write.
    pub(crate) async fn put(
        address: SocketAddr,
        path: &str,
        (field, value): (&str, &str),
        body: String,
    ) -> Self {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let head = format!(
            "PUT {path} HTTP/1.1\r\nhost: {address}\r\nexpect: 100-continue\r\nconnection: close\r\n\
             content-type: text/plain\r\ncontent-length: {}\r\n{field}: {value}\r\n\r\n",
            body.len()
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut interim = vec![0; CONTINUE.len()];
        stream.read_exact(&mut interim).await.unwrap();
        let interim = String::from_utf8(interim).unwrap();
        assert_eq!(interim, CONTINUE, "{path}, {field}: {value}");
        Self { stream, body }
    }

    pub(crate) async fn finish(mut self) -> Answer {
        self.stream.write_all(self.body.as_bytes()).await.unwrap();
        let mut answer = String::new();
        self.stream.read_to_string(&mut answer).await.unwrap();
        Answer::parse(&answer)
    }
}

impl Answer {
    pub(crate) fn parse(answer: &str) -> Self {
        let status = answer
            .get("HTTP/1.1 ".len()..)
            .and_then(|rest| rest.get(..3));
        let reason = answer.split_once(r#""reason":""#);
        let reason = reason.and_then(|(_, rest)| rest.split_once('"'));
        Self {
            status: status
                .and_then(|status| status.parse().ok())
                .unwrap_or_else(|| panic!("{answer:?}")),
            reason: reason
                .map(|(reason, _)| reason.to_owned())
                .unwrap_or_default(),
        }
    }

    pub(crate) const fn is_success(&self) -> bool {
        self.status >= 200 && self.status < 300
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.status, self.reason)
    }
}
