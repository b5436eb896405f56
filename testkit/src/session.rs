//! One run of the kit: it sends requests, compares the answers with the expected ones, and keeps the findings.

use http::header::HeaderName;
use http::{Method, StatusCode, Uri};

use super::ask::Ask;
use super::exchange::{Answer, Exchange};
use super::fixture::Fixture;
use super::report::{Finding, Report};
use super::rule::{self, Rule};

pub(crate) struct Session<'s> {
    pub(crate) exchange: &'s dyn Exchange,
    pub(crate) fixture: &'s Fixture,
    pub(crate) report: Report,
}

/// Lines of fields that a request carries beside the fixture's own.
pub(crate) type Lines<'l> = &'l [(HeaderName, &'l [u8])];

impl<'s> Session<'s> {
    pub(crate) fn new(exchange: &'s dyn Exchange, fixture: &'s Fixture) -> Self {
        Self {
            exchange,
            fixture,
            report: Report::default(),
        }
    }

    pub(crate) fn compose(&self, method: Method, target: &Uri, lines: Lines<'_>) -> Ask {
        Ask::new(method, target, &self.fixture.fields).fields(lines)
    }

    pub(crate) async fn ask(&mut self, ask: Ask) -> Answer {
        self.report.count_request();
        let mut answer = self.exchange.send(ask).await;
        // A server that has closed a kept connection fails the next request on it, whatever that is. As every client does,
        // what is safe is sent once more (RFC 9112, section 9.3.1).
        if answer.reply.is_err() && answer.ask.method().is_safe() {
            self.report.count_request();
            answer = self.exchange.send(answer.ask).await;
        }
        self.explained(&answer);
        answer
    }

    /// A 412 should say what has failed, as every refusal should (section 15.5).
    fn explained(&mut self, answer: &Answer) {
        let Ok(reply) = &answer.reply else { return };
        let is_silent = reply.status == StatusCode::PRECONDITION_FAILED && reply.body.is_empty();
        let has_content = ![Method::HEAD, Method::OPTIONS].contains(answer.ask.method());
        if is_silent && has_content {
            self.find(&rule::FAILED_BODY, answer, "an explanation", "no content");
        }
    }

    pub(crate) async fn send(&mut self, method: Method, target: &Uri, lines: Lines<'_>) -> Answer {
        let ask = self.compose(method, target, lines);
        self.ask(ask).await
    }

    /// A GET of the fixture's resource that has to be answered with one of these statuses.
    pub(crate) async fn get(
        &mut self,
        rule: &'static Rule,
        lines: Lines<'_>,
        statuses: &[u16],
    ) -> bool {
        let fixture = self.fixture;
        let answer = self.send(Method::GET, &fixture.target, lines).await;
        self.expect(rule, &answer, statuses)
    }

    /// Whether the answer has one of these statuses; if not, that is a finding.
    pub(crate) fn expect(
        &mut self,
        rule: &'static Rule,
        answer: &Answer,
        statuses: &[u16],
    ) -> bool {
        let came = answer.status().map(|status| status.as_u16());
        let is_expected = came.is_some_and(|came| statuses.contains(&came));
        if !is_expected {
            self.find(rule, answer, words(statuses), answer.to_string());
        }
        is_expected
    }

    pub(crate) fn find(
        &mut self,
        rule: &'static Rule,
        answer: &Answer,
        expected: impl Into<String>,
        came: impl Into<String>,
    ) {
        self.report
            .add(Finding::new(rule, &answer.ask, expected, came));
    }
}

/// "200 OK", "400 Bad Request or 412 Precondition Failed"
fn words(statuses: &[u16]) -> String {
    let word = |&status: &u16| {
        StatusCode::from_u16(status)
            .map_or_else(|_| status.to_string(), |status| status.to_string())
    };
    statuses.iter().map(word).collect::<Vec<_>>().join(" or ")
}
