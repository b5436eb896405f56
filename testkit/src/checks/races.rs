//! Races: writers with one tag, readers beside a writer, and a writer whose client hangs up.

use std::future::poll_fn;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;
use std::time::Duration;

use http::header::IF_MATCH;
use http::uri::PathAndQuery;
use http::{Method, Uri};

use crate::arrival::{Arrival, yield_once};
use crate::ask::Ask;
use crate::exchange::Exchange;
use crate::hammer;
use crate::join::{join, join_all};
use crate::known::Known;
use crate::patience::Patience;
use crate::report::Finding;
use crate::rule::{self, Rule};
use crate::shown::Escaped;
use crate::writer::Writer;

/// How many writes a race is run with.
const WRITERS: usize = 8;
/// How many readers there are beside a writer, each at another step of its read.
const READERS: usize = 4;
/// How often each of them reads at most.
const READS: usize = 16;
/// How many writes they are beside of.
const WRITES: usize = 3;
/// How many times a client hangs up, each a little later.
const HANG_UPS: usize = 3;
/// How often, and how long each time, an abandoned write is waited for.
const WAITS: usize = 10;
const WAIT: Duration = Duration::from_millis(10);

impl Writer<'_, '_> {
    /// The plain race first: what follows is about services that win it.
    pub(super) async fn races(&mut self) {
        let path = [self.scratch.target.clone()];
        if !self.race(&rule::RACE, &path, self.arrivals()).await {
            return;
        }
        self.across_paths().await;
        self.beside_readers().await;
        self.abandoned().await;
    }

    /// Of each race one writer wins, however the writes arrive. Answers whether that was so.
    pub(super) async fn race(
        &mut self,
        rule: &'static Rule,
        targets: &[Uri],
        arrivals: &[Arrival],
    ) -> bool {
        for &arrival in arrivals {
            let (exchange, fields) = (self.session.exchange, &self.session.fixture.fields);
            let scratch = self.scratch;
            let hammered = hammer::run(exchange, scratch, targets, fields, WRITERS, arrival).await;
            let broken = match (hammered.has_lost(), hammered.has_refused_the_others()) {
                (true, _) => rule,
                (false, false) => &rule::RACE_REFUSED,
                (false, true) => continue,
            };
            let mut expected = format!("one 2xx and {} times 412, {arrival}", WRITERS - 1);
            for other in targets.iter().skip(1) {
                expected += &format!(", and writers take turns with the path {other}");
            }
            let finding = hammered.finding(broken, expected, hammered.to_string());
            self.session.report.add(finding);
            return false;
        }
        true
    }

    /// The arrival that the scratch asks for, and whole requests, which some services take another way.
    pub(super) const fn arrivals(&self) -> &'static [Arrival] {
        match self.scratch.arrival {
            Arrival::LastBytes => &[Arrival::LastBytes, Arrival::Whole],
            Arrival::Whole => &[Arrival::Whole],
        }
    }

    /// The same race, of writers that name the resource by different paths.
    async fn across_paths(&mut self) {
        let mut targets: Vec<_> = self.scratch.paths().cloned().collect();
        targets.extend(self.other_spelling().await);
        if targets.len() > 1 {
            self.race(&rule::RACE_ACROSS, &targets, &[self.scratch.arrival])
                .await;
        }
    }

    /// The path with its last character percent-encoded, which is the same path (RFC 3986, section 6.2.2.2), if the service
    /// takes it for the same.
    async fn other_spelling(&mut self) -> Option<Uri> {
        let spelling = percent_encoded(&self.scratch.target)?;
        let known = self.read().await?;
        let read = self.session.send(Method::GET, &spelling, &[]).await;
        let reply = read.reply.as_ref().ok().filter(|r| r.status == 200)?;
        Known::from_reply(&spelling, reply)
            .is_as(&known)
            .then_some(spelling)
    }

    /// What is read while somebody writes has the tag of its own content.
    async fn beside_readers(&mut self) {
        let (exchange, is_over) = (self.session.exchange, AtomicBool::new(false));
        let target = self.scratch.target.clone();
        let ask = self.session.compose(Method::GET, &target, &[]);
        let readers = (0..READERS).map(|late| Box::pin(reads(exchange, &ask, late, &is_over)));
        let writing = async {
            let states = self.write_again_and_again().await;
            is_over.store(true, Ordering::Release);
            states
        };
        let (read, states) = join(join_all(readers.collect()), writing).await;
        if self.session.report.found(&rule::TAG_IS_UNIQUE) {
            return;
        }
        for known in read.into_iter().flatten() {
            self.session.report.count_request();
            if let Some((rule, came)) = of_another_state(&states, &known) {
                let expected = "the tag of its own content";
                let finding = Finding::new(rule, &ask, expected, came);
                self.session.report.add(finding);
            }
        }
    }

    /// The states before, between and after some writes, each read while nobody writes.
    async fn write_again_and_again(&mut self) -> Vec<Known> {
        let mut states = Vec::new();
        for _ in 0..WRITES {
            let Some(known) = self.read().await else {
                return states;
            };
            let Some(tag) = known.strong_tag().cloned() else {
                return states;
            };
            states.push(known);
            if !self.put(&[(IF_MATCH, tag.as_bytes())]).await.is_success() {
                return states;
            }
        }
        states.extend(self.read().await);
        states
    }

    /// A client sends a write and hangs up, and another sends one with the same tag: not both are performed.
    async fn abandoned(&mut self) {
        let mut abandoned = Vec::new();
        for moment in 0..HANG_UPS {
            let Some(tag) = self.current_tag().await else {
                break;
            };
            let lines = [(IF_MATCH, tag.as_bytes())];
            let (ask, mark) = self.next_put(&lines);
            if self.answers_before_the_hang_up(ask.clone(), moment).await {
                break;
            }
            if self.put_beside_a_reader(&lines).await {
                abandoned.push((ask, mark));
            }
        }
        if let Some(ask) = self.performed_all_the_same(&abandoned).await {
            let expected = "412 to the next write with the same tag, or this one not performed";
            let came = "the next write was answered 2xx, and this one was performed all the same, after its client had \
                        hung up";
            let finding = Finding::new(&rule::ABANDONED, ask, expected, came);
            self.session.report.add(finding);
        }
    }

    /// Waits for the writes whose tag another write has used since. Each has its mark.
    async fn performed_all_the_same<'a>(
        &mut self,
        abandoned: &'a [(Ask, String)],
    ) -> Option<&'a Ask> {
        let waits = if abandoned.is_empty() { 0 } else { WAITS };
        for _ in 0..waits {
            let is_there = |mark: &str| self.seen().iter().any(|known| known.has_text(mark));
            if let Some((ask, _)) = abandoned.iter().find(|(_, mark)| is_there(mark)) {
                return Some(ask);
            }
            Patience::of(WAIT).await;
            self.read().await;
        }
        None
    }

    /// Sends a write, and drops it: at once, or when some reads have been answered. Answers whether it was answered before.
    async fn answers_before_the_hang_up(&mut self, ask: Ask, reads: usize) -> bool {
        let exchange = self.session.exchange;
        self.session.report.count_request();
        let mut writing = exchange.send(ask);
        if poll_fn(|cx| Poll::Ready(writing.as_mut().poll(cx).is_ready())).await {
            return true;
        }
        for _ in 0..reads {
            self.session.report.count_request();
            let target = &self.scratch.target;
            let mut reading = exchange.send(self.session.compose(Method::GET, target, &[]));
            let is_answered = poll_fn(|cx| match writing.as_mut().poll(cx) {
                Poll::Ready(_) => Poll::Ready(true),
                Poll::Pending => reading.as_mut().poll(cx).map(|_| false),
            });
            if is_answered.await {
                return true;
            }
        }
        false
    }

    /// Whether the write is answered as done. What is read meanwhile is kept.
    async fn put_beside_a_reader(&mut self, lines: crate::session::Lines<'_>) -> bool {
        let (exchange, is_over) = (self.session.exchange, AtomicBool::new(false));
        let target = self.scratch.target.clone();
        let ask = self.session.compose(Method::GET, &target, &[]);
        let writing = async {
            let write = self.put(lines).await;
            is_over.store(true, Ordering::Release);
            write.is_success()
        };
        let reading = reads(exchange, &ask, 0, &is_over);
        let (read, is_done) = join(reading, writing).await;
        self.keep(read);
        self.read().await;
        is_done
    }
}

/// Reads until it is over. The first read begins `late` turns later than it could.
async fn reads(
    exchange: &dyn Exchange,
    ask: &Ask,
    late: usize,
    is_over: &AtomicBool,
) -> Vec<Known> {
    for _ in 0..late {
        yield_once().await;
    }
    let mut read = Vec::new();
    while !is_over.load(Ordering::Acquire) && read.len() < READS {
        let answer = exchange.send(ask.clone()).await;
        let Some(reply) = answer.reply.ok().filter(|reply| reply.status == 200) else {
            break;
        };
        read.push(Known::from_reply(ask.target(), &reply));
        yield_once().await;
    }
    read
}

/// The rule that is broken, and how, if what was read has the tag of one state and the content of another.
fn of_another_state(states: &[Known], known: &Known) -> Option<(&'static Rule, String)> {
    let tag = known.strong_tag()?;
    let has_tag = |state: &Known| state.strong_tag().is_some_and(|of| of.strong_eq(tag));
    let has_body = |state: &Known| state.body == known.body;
    let tag_of = states.iter().position(has_tag)?;
    let content_of = states.iter().position(has_body)?;
    if has_body(&states[tag_of]) {
        return None;
    }
    let other = states[content_of].tag.as_ref()?;
    let (tag, other) = (Escaped(tag.as_bytes()), Escaped(other.as_bytes()));
    let came = format!("{tag} with the content of {other}, while somebody wrote");
    Some(if tag_of < content_of {
        (&rule::TAG_IS_OLDER, came)
    } else {
        (&rule::TAG_IS_NEWER, came)
    })
}

fn percent_encoded(target: &Uri) -> Option<Uri> {
    let last = target.path().bytes().last();
    let last = last.filter(u8::is_ascii_alphanumeric)?;
    let path = target.path().get(..target.path().len() - 1)?;
    let query = target.query().map(|query| format!("?{query}"));
    let spelled = format!("{path}%{last:02X}{}", query.unwrap_or_default());
    let mut parts = target.clone().into_parts();
    parts.path_and_query = Some(spelled.parse::<PathAndQuery>().ok()?);
    Uri::from_parts(parts).ok()
}
