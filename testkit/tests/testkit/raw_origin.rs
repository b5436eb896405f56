//! An origin that writes its answers byte by byte, right but for one flaw that only the wire shows.

use std::net::SocketAddr;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;

/// What an HTTP client hides or repairs, one at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flaw {
    NotModifiedHasABody,
    NotModifiedEndsWithAChunk,
    NotModifiedHasAnotherLength,
    HeadHasABody,
    HeadHasAnotherLength,
    NotModifiedHeadHasABody,
    FailedHeadHasABody,
    FailedIsLongerThanItSays,
    FailedIsShorterThanItSays,
    FailedHasABrokenChunk,
    TwoTagLines,
    TwoTagsInALine,
    TagWithoutQuotes,
    TagWithOneQuote,
    LineFeedsAlone,
    SpaceBeforeTheColon,
    FoldedLine,
    KnowsOneCaseOfNames,
    WhitespaceIsPartOfTheValue,
    ReadsTheBodyAsARequest,
    ClosesAfterAFailure,
    ContinuesThenRefuses,
    IgnoresExpect,
    AnswersNothingToHead,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct RawOrigin(pub(crate) Option<Flaw>);

/// A request as it came.
struct Request {
    method: String,
    path: String,
    /// Names and values with all their whitespace.
    lines: Vec<(String, String)>,
}

const NOTE: &str = "a note";
const TAG: &str = "\"v1\"";

impl RawOrigin {
    pub(crate) async fn serve(self) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(self.talk(stream));
            }
        });
        address
    }

    /// Answers the requests on one connection until it ends.
    pub(crate) async fn talk<S: AsyncRead + AsyncWrite + Unpin>(self, mut stream: S) {
        let mut read = Vec::new();
        loop {
            let Some(head) = take_head(&mut stream, &mut read).await else {
                return;
            };
            let Some(request) = Request::parse(&head) else {
                let refusal =
                    b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
                let _ = stream.write_all(refusal).await;
                return;
            };
            let (answer, closes) = self.answer(&request);
            if request.has("Expect") {
                let goes_on = match self.0 {
                    Some(Flaw::ContinuesThenRefuses) => {
                        let _ = stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").await;
                        true
                    }
                    Some(Flaw::IgnoresExpect) => true,
                    _ => false,
                };
                if !goes_on {
                    let _ = stream.write_all(&answer).await;
                    return;
                }
            }
            if self.0 != Some(Flaw::ReadsTheBodyAsARequest)
                && !take_body(&mut stream, &mut read, request.length()).await
            {
                return;
            }
            if stream.write_all(&answer).await.is_err() || closes {
                return;
            }
        }
    }

    /// The answer, and whether the connection ends with it.
    fn answer(&self, request: &Request) -> (Vec<u8>, bool) {
        let has = |flaw| self.0 == Some(flaw);
        if request.path != "/notes/1" {
            return match request.method.as_str() {
                "PUT" => self.failed(),
                _ => (
                    b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n".to_vec(),
                    false,
                ),
            };
        }
        let is_head = request.method == "HEAD";
        if is_head && has(Flaw::AnswersNothingToHead) {
            return (Vec::new(), true);
        }
        if request.has("If-Match") {
            return match is_head {
                false => self.failed(),
                true if has(Flaw::FailedHeadHasABody) => self.failed(),
                true => (
                    b"HTTP/1.1 412 Precondition Failed\r\nContent-Length: 5\r\n\r\n".to_vec(),
                    false,
                ),
            };
        }
        if self.is_current(request) {
            return (self.not_modified(is_head), false);
        }
        let mut answer = self.head();
        if is_head && has(Flaw::HeadHasAnotherLength) {
            answer = answer.replace("Content-Length: 6", "Content-Length: 0");
        }
        if !is_head || has(Flaw::HeadHasABody) {
            answer.push_str(NOTE);
        }
        (answer.into_bytes(), false)
    }

    /// The head of a 200.
    fn head(&self) -> String {
        let tag = match self.0 {
            Some(Flaw::TwoTagLines) => "ETag: \"v1\"\r\nETag: \"v2\"\r\n",
            Some(Flaw::TwoTagsInALine) => "ETag: \"v1\", \"v2\"\r\n",
            Some(Flaw::TagWithoutQuotes) => "ETag: v1\r\n",
            Some(Flaw::TagWithOneQuote) => "ETag: \"v1\r\n",
            Some(Flaw::SpaceBeforeTheColon) => "ETag : \"v1\"\r\n",
            Some(Flaw::FoldedLine) => "ETag:\r\n \"v1\"\r\n",
            _ => "ETag: \"v1\"\r\n",
        };
        let head = format!("HTTP/1.1 200 OK\r\n{tag}Content-Length: 6\r\n\r\n");
        match self.0 {
            Some(Flaw::LineFeedsAlone) => head.replace("\r\n", "\n"),
            _ => head,
        }
    }

    fn not_modified(&self, is_head: bool) -> Vec<u8> {
        let rest = match self.0 {
            Some(Flaw::NotModifiedHasABody) if !is_head => "Content-Length: 6\r\n\r\na note",
            Some(Flaw::NotModifiedHeadHasABody) if is_head => "Content-Length: 6\r\n\r\na note",
            Some(Flaw::NotModifiedEndsWithAChunk) => "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            Some(Flaw::NotModifiedHasAnotherLength) => "Content-Length: 0\r\n\r\n",
            _ => "\r\n",
        };
        format!("HTTP/1.1 304 Not Modified\r\nETag: {TAG}\r\n{rest}").into_bytes()
    }

    fn failed(&self) -> (Vec<u8>, bool) {
        let rest = match self.0 {
            Some(Flaw::FailedIsLongerThanItSays) => "Content-Length: 2\r\n\r\nstale",
            Some(Flaw::FailedIsShorterThanItSays) => "Content-Length: 50\r\n\r\nstale",
            Some(Flaw::FailedHasABrokenChunk) => {
                "Transfer-Encoding: chunked\r\n\r\n5\r\nstale0\r\n\r\n"
            }
            _ => "Content-Length: 5\r\n\r\nstale",
        };
        let closes = matches!(
            self.0,
            Some(Flaw::ClosesAfterAFailure | Flaw::FailedIsShorterThanItSays)
        );
        (
            format!("HTTP/1.1 412 Precondition Failed\r\n{rest}").into_bytes(),
            closes,
        )
    }

    fn is_current(&self, request: &Request) -> bool {
        let of_the_field = |(name, _): &&(String, String)| match self.0 {
            Some(Flaw::KnowsOneCaseOfNames) => name == "If-None-Match",
            _ => name.eq_ignore_ascii_case("If-None-Match"),
        };
        let value = request
            .lines
            .iter()
            .find(of_the_field)
            .map(|(_, value)| value);
        value.is_some_and(|value| match self.0 {
            Some(Flaw::WhitespaceIsPartOfTheValue) => {
                value.strip_prefix(' ').unwrap_or(value) == TAG
            }
            _ => value.trim() == TAG,
        })
    }
}

impl Request {
    fn parse(head: &str) -> Option<Self> {
        let mut lines = head.split("\r\n");
        let mut words = lines.next()?.split(' ');
        let (method, path, version) = (words.next()?, words.next()?, words.next()?);
        version.starts_with("HTTP/").then(|| Self {
            method: method.to_owned(),
            path: path.to_owned(),
            lines: lines
                .filter_map(|line| line.split_once(':'))
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
        })
    }

    fn has(&self, name: &str) -> bool {
        self.lines.iter().any(|(line, _)| line == name)
    }

    fn length(&self) -> usize {
        let mut lengths = self
            .lines
            .iter()
            .filter(|(name, _)| name == "Content-Length");
        lengths
            .next()
            .map_or(0, |(_, value)| value.trim().parse().unwrap())
    }
}

async fn take_head(stream: &mut (impl AsyncRead + Unpin), read: &mut Vec<u8>) -> Option<String> {
    loop {
        if let Some(end) = read.windows(4).position(|four| four == b"\r\n\r\n") {
            let head: Vec<u8> = read.drain(..end + 4).collect();
            return String::from_utf8(head).ok();
        }
        if !matches!(stream.read_buf(read).await, Ok(1..)) {
            return None;
        }
    }
}

async fn take_body(
    stream: &mut (impl AsyncRead + Unpin),
    read: &mut Vec<u8>,
    length: usize,
) -> bool {
    while read.len() < length {
        if !matches!(stream.read_buf(read).await, Ok(1..)) {
            return false;
        }
    }
    read.drain(..length);
    true
}
