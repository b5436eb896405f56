//! One run over the wire: connections, pairs of requests on one of them, and what is found.

use std::future::Future;
use std::io;
use std::pin::Pin;

use http::{Method, Uri};
use tokio::io::{AsyncRead, AsyncWrite};

use super::connection::{Connection, Ended, Next};
use super::raw::Raw;
use super::reply::Head;
use crate::fixture::Fixture;
use crate::report::{Finding, Report};
use crate::rule::{self, Rule};
use crate::shown::Escaped;

/// How many responses may come before the final one.
const MOST_INFORMATIONAL: usize = 100;

/// What a connection is made of.
pub(super) trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

pub(super) type Opening<'s> =
    Pin<Box<dyn Future<Output = io::Result<Box<dyn Stream>>> + Send + 's>>;

pub(super) struct Session<'s> {
    open: &'s (dyn Fn() -> Opening<'s> + Sync),
    authority: &'s str,
    pub(super) fixture: &'s Fixture,
    pub(super) report: Report,
}

/// An answer with its content.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) head: Head,
    pub(super) body: Vec<u8>,
    ended: Ended,
}

/// What came behind an answer when a plain GET was sent after it on the same connection.
#[derive(Debug)]
pub(super) enum After {
    /// The answer to that GET.
    Answer(u16),
    Junk(Vec<u8>),
    /// The connection was closed; whether the answer had said so.
    Closed {
        announced: bool,
    },
    Silence,
    /// The answer itself is not whole.
    CutShort,
    /// The content is too long to be read here.
    Unknown,
}

impl<'s> Session<'s> {
    pub(super) fn new(
        open: &'s (dyn Fn() -> Opening<'s> + Sync),
        authority: &'s str,
        fixture: &'s Fixture,
    ) -> Self {
        Self {
            open,
            authority,
            fixture,
            report: Report::default(),
        }
    }

    /// With the fields of the fixture.
    pub(super) fn compose(&self, method: Method, target: &Uri) -> Raw {
        Raw::new(method, target, self.authority).fields(&self.fixture.fields)
    }

    pub(super) async fn open(&self) -> io::Result<Connection> {
        Ok(Connection::new((self.open)().await?))
    }

    /// Sends a request on a connection and reads the answer. What is no answer is `Err`.
    pub(super) async fn ask(
        &mut self,
        connection: &mut Connection,
        raw: &Raw,
    ) -> Result<Reply, Next> {
        self.report.count_request();
        connection.send(&raw.bytes()).await;
        self.answer(connection, raw).await
    }

    /// Reads the final answer to what was sent. Informational responses may come before it, and not without end.
    pub(super) async fn answer(
        &mut self,
        connection: &mut Connection,
        raw: &Raw,
    ) -> Result<Reply, Next> {
        for _ in 0..=MOST_INFORMATIONAL {
            let head = match connection.next().await {
                Next::Answer(head) => head,
                other => return Err(other),
            };
            self.syntax(raw, &head);
            if !matches!(head.status, 100..=199) {
                let (body, ended) = connection.content(&head, &raw.method).await;
                return Ok(Reply { head, body, ended });
            }
        }
        Err(Next::Junk(b"HTTP/1.1 1xx over and over".to_vec()))
    }

    /// Sends a request on a new connection and, behind its answer, a plain GET. `None` if there is no answer.
    pub(super) async fn pair(&mut self, raw: &Raw) -> io::Result<Option<(Reply, After)>> {
        let mut connection = self.open().await?;
        let reply = match self.ask(&mut connection, raw).await {
            Ok(reply) => reply,
            Err(next) => {
                self.find(&rule::MESSAGE_FRAMING, raw, "an answer", in_words(&next));
                return Ok(None);
            }
        };
        let after = self.after(&mut connection, &reply).await;
        Ok(Some((reply, after)))
    }

    async fn after(&mut self, connection: &mut Connection, reply: &Reply) -> After {
        let announced = reply.head.announces_close();
        let next = match reply.ended {
            Ended::AsItSaid if announced => connection.ends().await,
            Ended::AsItSaid => {
                let fixture = self.fixture;
                let plain = self.compose(Method::GET, &fixture.target);
                self.report.count_request();
                connection.send(&plain.bytes()).await;
                connection.next().await
            }
            Ended::TooLong => return After::Unknown,
            Ended::Early => return After::CutShort,
        };
        match next {
            Next::Answer(head) => After::Answer(head.status),
            Next::Junk(bytes) => After::Junk(bytes),
            Next::Closed => After::Closed { announced },
            Next::Silence => After::Silence,
        }
    }

    /// Behind an answer there is nothing but the next answer; `rule` names what else is there.
    pub(super) fn nothing_behind(&mut self, rule: &'static Rule, raw: &Raw, after: &After) {
        let (rule, expected, actual) = match after {
            After::Answer(_) | After::Closed { announced: true } | After::Unknown => return,
            After::Junk(bytes) => {
                let actual = format!("`{}` behind the head", Escaped(bytes));
                (rule, "no content, and the next answer", actual)
            }
            After::Closed { announced: false } => {
                let actual = "closed, and nothing said so".to_owned();
                (
                    &rule::CLOSE_UNANNOUNCED,
                    "the next answer, or `Connection: close`",
                    actual,
                )
            }
            After::Silence => {
                let actual = in_words(&Next::Silence);
                (&rule::MESSAGE_FRAMING, "the next answer", actual)
            }
            After::CutShort => {
                let actual = "less than that".to_owned();
                (
                    &rule::MESSAGE_FRAMING,
                    "the content that the head announces",
                    actual,
                )
            }
        };
        self.find(rule, raw, expected, actual);
    }

    fn syntax(&mut self, raw: &Raw, head: &Head) {
        if let Some(fault) = head.faults.first() {
            self.find(
                &rule::MESSAGE_SYNTAX,
                raw,
                "a well-formed head",
                fault.clone(),
            );
        }
    }

    pub(super) fn find(
        &mut self,
        rule: &'static Rule,
        raw: &Raw,
        expected: impl Into<String>,
        actual: impl Into<String>,
    ) {
        let request = raw.to_string();
        self.report.add(Finding::shown_by(
            rule,
            &raw.method,
            request,
            expected,
            actual,
        ));
    }
}

pub(super) fn in_words(next: &Next) -> String {
    match next {
        Next::Answer(head) => head.status.to_string(),
        Next::Junk(bytes) => format!("`{}`, which is no answer", Escaped(bytes)),
        Next::Closed => "the connection was closed".to_owned(),
        Next::Silence => "nothing more in time".to_owned(),
    }
}
