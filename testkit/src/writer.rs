//! Writes to the scratch path, one at a time, and checks what each has done.

use http::header::{ETAG, HeaderName, IF_MATCH, IF_NONE_MATCH};
use http::{Method, StatusCode};

use super::ask::Ask;
use super::exchange::Answer;
use super::fixture::Scratch;
use super::known::Known;
use super::marks::Marks;
use super::rule::{self, Rule};
use super::session::{Lines, Session};
use super::shown::{Escaped, lines};
use tower_conditional::{EntityTag, HttpDate};

pub(crate) struct Writer<'w, 's> {
    pub(crate) session: &'w mut Session<'s>,
    pub(crate) scratch: &'w Scratch,
    /// Whether a write without a precondition is answered 428.
    pub(crate) demands: bool,
    marks: Marks,
    written: usize,
    /// Every state that was read.
    seen: Vec<Known>,
}

/// Whether a write may take place with the lines that it carries.
#[derive(Clone, Copy)]
enum Wanted {
    Granted,
    Refused,
    /// Or refused with 400, because its lines are malformed.
    Malformed,
}

impl Wanted {
    fn is(self, status: StatusCode) -> bool {
        match self {
            Self::Granted => status.is_success(),
            Self::Refused => status == StatusCode::PRECONDITION_FAILED,
            Self::Malformed => Self::Refused.is(status) || status == StatusCode::BAD_REQUEST,
        }
    }

    /// Whether the lines are what a service that requires a precondition accepts: tags that the client has seen.
    fn satisfies(self, lines: Lines<'_>) -> bool {
        let names_tags =
            |&(ref name, value): &(HeaderName, &[u8])| name == IF_MATCH && value != b"*";
        !matches!(self, Self::Malformed) && lines.iter().any(names_tags)
    }

    const fn in_words(self) -> &'static str {
        match self {
            Self::Granted => "2xx",
            Self::Refused => "412 Precondition Failed",
            Self::Malformed => "400 Bad Request or 412 Precondition Failed",
        }
    }
}

impl<'w, 's> Writer<'w, 's> {
    pub(crate) fn new(session: &'w mut Session<'s>, scratch: &'w Scratch) -> Self {
        Self {
            session,
            scratch,
            demands: false,
            marks: Marks::not_in(None),
            written: 0,
            seen: Vec::new(),
        }
    }

    /// Reads the path before the first write: the marks of later writes must not be there yet.
    pub(crate) async fn begin(&mut self) -> Option<Known> {
        let known = self.read().await;
        self.marks = Marks::not_in(known.as_ref());
        known
    }

    pub(crate) async fn refused(&mut self, rule: &'static Rule, lines: Lines<'_>) -> bool {
        self.write(rule, lines, Wanted::Refused).await
    }

    pub(crate) async fn malformed(&mut self, rule: &'static Rule, lines: Lines<'_>) -> bool {
        self.write(rule, lines, Wanted::Malformed).await
    }

    pub(crate) async fn granted(&mut self, rule: &'static Rule, lines: Lines<'_>) -> bool {
        self.write(rule, lines, Wanted::Granted).await
    }

    /// Sends one write and checks its effect. Answers whether both were as they should be.
    async fn write(&mut self, rule: &'static Rule, lines: Lines<'_>, wanted: Wanted) -> bool {
        let before = self.read().await;
        let write = self.put(lines).await;
        let has_changed = self.changed(before.as_ref()).await;
        let Some(status) = write.status() else {
            self.session
                .find(rule, &write, "an answer", write.to_string());
            return false;
        };
        let names_tags = lines.iter().any(|(name, _)| name == IF_NONE_MATCH);
        if status == StatusCode::NOT_MODIFIED && names_tags {
            let expected = "412 Precondition Failed, or the write done";
            self.session.find(
                &rule::NOT_MODIFIED_TO_WRITE,
                &write,
                expected,
                write.to_string(),
            );
            return false;
        }
        let is_demanded =
            status == StatusCode::PRECONDITION_REQUIRED && self.demands && !wanted.satisfies(lines);
        let is_right = is_demanded || wanted.is(status);
        if !is_right {
            let done = ["", ", and the write was done"][usize::from(has_changed)];
            let came = format!("{write}{done}");
            self.session.find(rule, &write, wanted.in_words(), came);
        } else if has_changed && !status.is_success() {
            self.done_despite(&write);
            return false;
        } else if status.is_success() {
            self.effect_of(&write, before.as_ref(), has_changed);
            self.validators_of(&write).await;
        }
        is_right
    }

    pub(crate) fn done_despite(&mut self, write: &Answer) {
        let came = format!("{write}, and the write was done all the same");
        self.session
            .find(&rule::DONE_THOUGH_REFUSED, write, "nothing changed", came);
    }

    /// A write that is answered as done is there at the next read, under a tag of its own.
    fn effect_of(&mut self, write: &Answer, before: Option<&Known>, has_changed: bool) {
        let after = self.seen.last();
        let (Some(before), Some(after)) = (before, after) else {
            return;
        };
        let expected = "what was written, at the next read";
        if !has_changed {
            let came = format!("{write}, and the next read is as the one before");
            self.session.find(&rule::FIXTURE, write, expected, came);
        } else if before.body == after.body
            && let (Some(old), Some(new)) = (before.strong_tag(), after.strong_tag())
        {
            let (old, new) = (Escaped(old.as_bytes()), Escaped(new.as_bytes()));
            let came = format!("{write}, and the next read is {new} with the content of {old}");
            self.session
                .find(&rule::TAG_IS_NEWER, write, expected, came);
        }
    }

    /// A validator on a success is the one of the new state (section 8.8). A PUT carries it only if the content was stored as
    /// it was sent (section 9.3.4).
    async fn validators_of(&mut self, write: &Answer) {
        let Ok(reply) = &write.reply else { return };
        let Some(sent) = reply.fields.get(ETAG) else {
            return;
        };
        let Some(now) = self.read().await else { return };
        if Some(sent) != now.fields.get(ETAG) {
            let expected = format!("none, or {}", lines(&now.fields, &ETAG));
            self.session.find(
                &rule::WRITE_TAG,
                write,
                expected,
                lines(&reply.fields, &ETAG),
            );
        } else if now.is_whole && now.body != write.ask.body() {
            let expected = "no ETag: what is read now is not what was sent";
            self.session
                .find(&rule::PUT_TAG, write, expected, lines(&reply.fields, &ETAG));
        }
    }

    /// Sends a write with the next mark.
    pub(crate) async fn put(&mut self, lines: Lines<'_>) -> Answer {
        let (ask, _) = self.next_put(lines);
        self.session.ask(ask).await
    }

    /// A write with the next mark, and the mark.
    pub(crate) fn next_put(&mut self, lines: Lines<'_>) -> (Ask, String) {
        self.written += 1;
        let mark = self.last_mark();
        let content = self.scratch.content(&mark);
        let ask = self
            .session
            .compose(Method::PUT, &self.scratch.target, lines);
        (ask.content(&self.scratch.content_type, content), mark)
    }

    /// Every state that was read.
    pub(crate) fn seen(&self) -> &[Known] {
        &self.seen
    }

    /// Remembers what was read beside a write.
    pub(crate) fn keep(&mut self, read: Vec<Known>) {
        for known in read {
            self.session.report.count_request();
            self.seen.push(known);
        }
    }

    pub(crate) async fn send(&mut self, method: Method, lines: Lines<'_>) -> Answer {
        self.session.send(method, &self.scratch.target, lines).await
    }

    /// Reads the current state, and remembers its tag.
    pub(crate) async fn read(&mut self) -> Option<Known> {
        let read = self.send(Method::GET, &[]).await;
        let reply = read
            .reply
            .as_ref()
            .ok()
            .filter(|reply| reply.status == 200)?;
        let known = Known::from_reply(&self.scratch.target, reply);
        let is_reused = |seen: &Known| match (seen.strong_tag(), known.strong_tag()) {
            (Some(seen_tag), Some(tag)) => seen_tag.strong_eq(tag) && seen.body != known.body,
            _ => false,
        };
        if self.seen.iter().any(is_reused) {
            let came = format!(
                "{}, seen before with other content",
                lines(&known.fields, &ETAG)
            );
            self.session.find(
                &rule::TAG_IS_UNIQUE,
                &read,
                "another tag, or a weak one",
                came,
            );
        }
        self.seen.push(known.clone());
        Some(known)
    }

    pub(crate) async fn changed(&mut self, before: Option<&Known>) -> bool {
        match (before, &self.read().await) {
            (Some(before), Some(after)) => {
                !before.is_as(after) || after.has_text(&self.last_mark())
            }
            (None, None) => false,
            _ => true,
        }
    }

    pub(crate) async fn current_tag(&mut self) -> Option<EntityTag> {
        self.read().await?.tag
    }

    pub(crate) async fn modified(&mut self) -> Option<HttpDate> {
        self.read().await?.modified
    }

    fn last_mark(&self) -> String {
        self.marks.mark(self.written)
    }
}
