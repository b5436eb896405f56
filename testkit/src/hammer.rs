//! Many writers at once with one tag, of whom one may win.

use std::fmt;

use http::header::{HeaderMap, HeaderName, IF_MATCH, IF_NONE_MATCH};
use http::{Method, Request, Response, StatusCode, Uri};
use http_body::Body;
use tower::Service;

use super::arrival::{self, Arrival};
use super::ask::Ask;
use super::content::Content;
use super::exchange::{Answer, Erased, Exchange};
use super::fixture::Scratch;
use super::gate::Gate;
use super::join::{join, join_all};
use super::known::Known;
use super::marks::Marks;
use super::report::Finding;
use super::rule::Rule;
use crate::exchange::BoxError;

/// How the writers fared. Each writer is a number from 0.
#[derive(Clone, Debug)]
#[must_use]
pub struct Hammered {
    winners: Vec<usize>,
    losers: Vec<usize>,
    others: Vec<(usize, String)>,
    survivor: Option<usize>,
    request: Ask,
}

impl Hammered {
    /// The writers whose write was answered as done (2xx).
    #[must_use]
    pub fn winners(&self) -> &[usize] {
        &self.winners
    }

    /// The writers whose write was refused because another came first (412).
    #[must_use]
    pub fn losers(&self) -> &[usize] {
        &self.losers
    }

    /// The writers that got another answer, each with that answer.
    #[must_use]
    pub fn others(&self) -> &[(usize, String)] {
        &self.others
    }

    /// The writer whose content is there at the end; `None` if no writer's mark is found in it.
    #[must_use]
    pub const fn survivor(&self) -> Option<usize> {
        self.survivor
    }

    /// Whether no update was lost: one winner, whose content is there if anybody's is, and all others got 412.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        let [winner] = self.winners.as_slice() else {
            return false;
        };
        self.others.is_empty() && self.survivor.is_none_or(|survivor| survivor == *winner)
    }

    /// Whether an update is lost: more than one writer was told that its write is done, or the content of one is there
    /// that was not told so.
    pub(crate) fn has_lost(&self) -> bool {
        let is_of_a_winner = |survivor| self.winners.contains(&survivor);
        self.winners.len() > 1 || !self.survivor.is_none_or(is_of_a_winner)
    }

    /// Whether one writer won and the others were refused, perhaps with 409 (Conflict) or 423 (Locked).
    pub(crate) fn has_refused_the_others(&self) -> bool {
        let is_refusal = |(_, other): &(usize, String)| {
            ["409", "423"].iter().any(|code| other.starts_with(code))
        };
        self.winners.len() == 1 && self.others.iter().all(is_refusal)
    }

    pub(crate) fn finding(&self, rule: &'static Rule, expected: String, came: String) -> Finding {
        Finding::new(rule, &self.request, expected, came)
    }
}

impl fmt::Display for Hammered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (winners, losers) = (self.winners.len(), self.losers.len());
        write!(f, "{winners} times 2xx, {losers} times 412")?;
        if let Some((_, other)) = self.others.first() {
            write!(
                f,
                ", {} times something else, such as {other}",
                self.others.len()
            )?;
        }
        match self.survivor {
            Some(survivor) if !self.winners.contains(&survivor) => {
                write!(f, "; what a refused writer sent is there at the end")
            }
            _ => Ok(()),
        }
    }
}

/// Sends one write of each of the `writers` at once, all with the same precondition.
///
/// Each carries `If-Match` with the tag that is current before, or `If-None-Match: *` where there is nothing: so a path where
/// something is races updates, and one where nothing is races creations, which are another statement. They arrive
/// as the scratch says ([`Scratch::arriving`]). The writes are interleaved on the task that awaits them, each going as
/// far as it can before it waits; over a socket they are as parallel as the server is. What is written is not removed.
///
/// # Examples
///
/// ```no_run
/// # async fn example(app: axum::Router) {
/// use tower_conditional_testkit::{Scratch, hammer};
///
/// let scratch = Scratch::put("/notes/1", "text/plain", |mark| mark.to_owned()); // it is there: this races updates
/// let hammered = hammer(app, scratch, 50).await;
/// assert!(hammered.is_clean(), "{hammered}");
/// # }
/// ```
pub async fn hammer<S, B>(service: S, scratch: Scratch, writers: usize) -> Hammered
where
    S: Service<Request<Content>, Response = Response<B>> + Clone + Send,
    S::Future: Send,
    S::Error: Into<BoxError>,
    B: Body + Send + 'static,
    B::Error: Into<BoxError>,
{
    let arrival = scratch.arrival;
    let fields = HeaderMap::new();
    let targets: Vec<_> = scratch.paths().cloned().collect();
    let exchange = Erased::new(service);
    run(&exchange, &scratch, &targets, &fields, writers, arrival).await
}

/// The writers take the targets in turn, all of which are paths of the one resource.
pub(crate) async fn run(
    exchange: &dyn Exchange,
    scratch: &Scratch,
    targets: &[Uri],
    fields: &HeaderMap,
    writers: usize,
    arrival: Arrival,
) -> Hammered {
    let mut before = Vec::new();
    for target in targets {
        before.push(read(exchange, target, fields).await);
    }
    let marks = Marks::not_in(before.first().and_then(Option::as_ref));
    let asks = targets.iter().zip(&before).cycle().take(writers);
    let asks = asks.enumerate().map(|(writer, (target, before))| {
        let ask = Ask::new(Method::PUT, target, fields);
        ask.fields(&[guard(before.as_ref())])
            .content(&scratch.content_type, scratch.content(&marks.mark(writer)))
    });
    let asks: Vec<Ask> = asks.collect();
    let request = asks.first().cloned();
    let answers = match arrival {
        Arrival::Whole => join_all(asks.into_iter().map(|ask| exchange.send(ask)).collect()).await,
        Arrival::LastBytes => {
            let read = Ask::new(Method::GET, &scratch.target, fields);
            together(exchange, asks, &read).await
        }
    };
    let after = read(exchange, &scratch.target, fields).await;

    let mut hammered = Hammered {
        winners: Vec::new(),
        losers: Vec::new(),
        others: Vec::new(),
        survivor: survivor(after.as_ref(), marks, writers),
        request: request.unwrap_or_else(|| Ask::new(Method::PUT, &scratch.target, fields)),
    };
    for (writer, answer) in answers.iter().enumerate() {
        hammered.count(writer, answer);
    }
    hammered
}

/// The precondition that is true of the state before the race, and false after the first write.
fn guard(before: Option<&Known>) -> (HeaderName, Vec<u8>) {
    match before.map(|known| &known.tag) {
        Some(Some(tag)) => (IF_MATCH, tag.as_bytes().to_vec()),
        Some(None) => (IF_MATCH, b"*".to_vec()),
        None => (IF_NONE_MATCH, b"*".to_vec()),
    }
}

/// All heads and all but the last bytes, then the last bytes.
async fn together(exchange: &dyn Exchange, asks: Vec<Ask>, read: &Ask) -> Vec<Answer> {
    let gate = Gate::new(asks.len());
    let sending = asks.into_iter().enumerate().map(|(writer, ask)| {
        let ticket = gate.ticket(writer);
        let answering = exchange.send(ask.held_back(ticket.clone()));
        Box::pin(async move {
            let answer = answering.await;
            ticket.give_back();
            answer
        })
    });
    let opening = arrival::open_when_all_are_there(&gate, exchange, read);
    let (answers, ()) = join(join_all(sending.collect()), opening).await;
    answers
}

impl Hammered {
    fn count(&mut self, writer: usize, answer: &Answer) {
        match answer.status() {
            Some(status) if status.is_success() => self.winners.push(writer),
            Some(StatusCode::PRECONDITION_FAILED) => self.losers.push(writer),
            _ => self.others.push((writer, answer.to_string())),
        }
    }
}

async fn read(exchange: &dyn Exchange, target: &Uri, fields: &HeaderMap) -> Option<Known> {
    let answer = exchange.send(Ask::new(Method::GET, target, fields)).await;
    let reply = answer.reply.ok().filter(|reply| reply.status == 200)?;
    Some(Known::from_reply(target, &reply))
}

fn survivor(after: Option<&Known>, marks: Marks, writers: usize) -> Option<usize> {
    (0..writers).find(|&writer| after.is_some_and(|known| known.has_text(&marks.mark(writer))))
}
