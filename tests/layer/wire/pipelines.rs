//! Many requests on one connection: no answer takes a byte of the next one.

use http_body::Body;

use super::ask::{Ask, CURRENT, NO_PRECONDITION};
use super::{Way, ways};
use crate::support::{Answer, Failures, Http2, Server, Wire, read};

const SEEN: (&str, &str) = ("if-none-match", CURRENT);
const UNSEEN: (&str, &str) = ("if-none-match", "\"other\"");
const STALE: (&str, &str) = ("if-match", "\"other\"");
const UNQUOTED: (&str, &str) = ("if-match", "v1");

/// A request, the status of its answer if writes are evaluated, and its status if they are not.
const ROWS: [(Ask, u16, u16); 16] = [
    (Ask::new("GET", SEEN), 304, 304),
    (Ask::new("PUT", STALE).sending("hello"), 412, 204),
    (Ask::new("GET", NO_PRECONDITION), 200, 200),
    (Ask::new("HEAD", SEEN), 304, 304),
    (Ask::new("HEAD", NO_PRECONDITION), 200, 200),
    (Ask::new("PUT", UNQUOTED).sending("hello"), 400, 204),
    (Ask::new("PUT", NO_PRECONDITION).sending("hello"), 428, 204),
    (Ask::new("HEAD", STALE), 412, 412),
    (Ask::new("GET", STALE), 412, 412),
    (Ask::new("HEAD", UNQUOTED), 400, 400),
    (Ask::new("GET", UNQUOTED), 400, 400),
    (Ask::new("DELETE", ("if-match", CURRENT)), 204, 204),
    (Ask::new("HEAD", UNSEEN), 200, 200),
    (Ask::new("GET", ("if-none-match", "*")), 304, 304),
    (Ask::new("HEAD", ("if-none-match", "*")), 304, 304),
    (Ask::new("GET", UNSEEN), 200, 200),
];

impl Way {
    fn rows(&self) -> impl Iterator<Item = (String, Ask, u16)> {
        ROWS.iter().map(|&(ask, evaluated, unevaluated)| {
            let row = format!("{}: {} {:?}", self.name, ask.method, ask.precondition);
            (
                row,
                ask,
                if self.evaluates_writes {
                    evaluated
                } else {
                    unevaluated
                },
            )
        })
    }
}

/// Each on a connection of its own: what they have to be in any company.
async fn one_by_one(server: &Server, current: &str) -> Vec<Answer> {
    let mut answers = Vec::new();
    for (ask, ..) in ROWS {
        let mut wire = Wire::open(server).await;
        answers.push(ask.over(&mut wire, current).await);
    }
    answers
}

async fn current_tag(server: &Server) -> String {
    let mut wire = Wire::open(server).await;
    let answer = Ask::new("GET", NO_PRECONDITION).over(&mut wire, "").await;
    answer.tag().to_owned()
}

/// All in one segment, and every answer is what it is alone.
#[tokio::test]
async fn http1_in_one_segment() {
    let mut failures = Failures::default();
    for way in ways() {
        let server = Server::start(way.service.clone()).await;
        let current = current_tag(&server).await;
        let alone = one_by_one(&server, &current).await;

        let mut segment = String::new();
        for (ask, ..) in ROWS {
            segment += &ask.to_http1(&current, &[]);
        }
        segment += &Ask::new("GET", SEEN).to_http1(&current, &[("connection", "close")]);
        let mut wire = Wire::open(&server).await;
        wire.write(segment).await;
        for ((row, ask, status), alone) in way.rows().zip(alone) {
            let answer = wire.answer(ask.method).await;
            failures.expect_eq(&row, answer.status, status);
            let content = answer.body.len();
            failures.expect_eq(&row, content > 0, ask.has_content(status));
            failures.expect_eq(&row, answer, alone);
        }
        assert_eq!(wire.answer("GET").await.status, 304);
        wire.expect_end().await;
    }
    failures.assert_none();
}

impl Ask {
    fn has_content(&self, status: u16) -> bool {
        self.method != "HEAD" && !matches!(status, 204 | 304)
    }
}

/// The same at once over HTTP/2, where a body that should not be there would be sent: the head is the end.
#[tokio::test]
async fn http2_at_once() {
    let mut failures = Failures::default();
    for way in ways() {
        let server = Server::start(way.service.clone()).await;
        let current = current_tag(&server).await;
        let mut http2 = Http2::open(&server).await;
        let mut send = |ask: Ask| {
            http2
                .client
                .send_request(ask.to_http2(&server, &current, &[]))
        };
        let answers: Vec<_> = ROWS.iter().map(|&(ask, ..)| send(ask)).collect();
        let alone = one_by_one(&server, &current).await;
        for (((row, ask, status), answer), alone) in way.rows().zip(answers).zip(alone) {
            let answer = answer.await.unwrap();
            let ends_at_once = answer.body().is_end_stream();
            let answer = read(answer).await;
            failures.expect_eq(&row, answer.status, status);
            failures.expect_eq(&row, ends_at_once, !ask.has_content(status));
            failures.expect_eq(&row, &answer.body[..], &alone.body[..]);
            let length = answer.field("content-length");
            failures.expect_eq(&row, length.is_some() && status == 304, false);
        }
    }
    failures.assert_none();
}
