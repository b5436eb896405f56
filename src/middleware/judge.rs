//! The first moment: what is done with a request before the handler runs.

use std::time::Duration;

use http::header::{HeaderMap, RANGE};
use http::request::Parts;
use http::{Method, Response};
use http_body::Body;

use super::body::ConditionalBody;
use super::checked::{AwaitsJudgement, Checked};
use super::observe::{Judged, Moment, Verdict};
use super::options::Shared;
use super::taken::TakenPreconditions;
use super::write_lock::HeldLock;
use crate::preconditions::{Field, Given};
use crate::refusal::Refusal;
use crate::source::{BoxError, SourceError, ValidatorSource};
use crate::{
    Current, Decision, MethodClass, PreconditionFailed, Preconditions, Reason, Representation,
    response,
};

/// What is to be done with a request.
pub(crate) enum Plan<B: Body> {
    /// Answer it; the handler does not run.
    Answer(Response<ConditionalBody<B>>),
    /// Let the handler run, and then this.
    Run(After),
}

/// What is to be done with the handler's response.
pub(crate) enum After {
    /// Nothing: the request was not ours to judge.
    Pass,
    /// A read that was judged: add the validators that the handler did not set.
    Attach(Representation),
    /// A read whose validators only the response can tell.
    SecondLook(SecondLook),
    /// A write.
    Write(Written),
}

/// What is left to judge when the response is there.
#[derive(Debug)]
pub(crate) struct SecondLook {
    /// `None` when the request carries no precondition.
    pub(crate) preconditions: Option<TakenPreconditions>,
    /// A HEAD that went inward as GET.
    pub(crate) drops_body: bool,
    pub(crate) is_head: bool,
}

/// A write on its way through the handler.
#[derive(Debug)]
pub(crate) struct Written {
    /// Held until the handler has answered.
    pub(crate) lock: Option<HeldLock>,
    pub(crate) is_put: bool,
    /// To be reported when the handler has answered.
    pub(crate) judged: Option<Judged>,
    /// Nobody has judged the write yet.
    pub(crate) awaits: Option<AwaitsJudgement>,
}

/// What waiting has cost so far.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Waited {
    pub(crate) lock: Duration,
    pub(crate) look_up: Duration,
}

impl<V: ValidatorSource> Shared<V> {
    /// A read: 304 or 412 at once, or the handler with whatever its response needs.
    pub(crate) fn judge_read<B: Body>(
        &self,
        head: &mut Parts,
        given: Given,
        current: Current,
        waited: Waited,
    ) -> Plan<B> {
        let mut current = current;
        match &mut current {
            Current::Unknown => return Plan::Run(self.second_look(head, given)),
            Current::Delegated => return Plan::Run(After::Pass),
            Current::Absent(_) => {}
            Current::Present(representation) => self.clamp(representation),
        }
        if given.any() {
            let found = self.preconditions(MethodClass::Read, head, given);
            let found = found.tolerating(self.options.read_rewrites.as_deref());
            let decision = found.evaluate(&current);
            let as_listed = found.as_listed(&current);
            if let (Current::Present(current), Some(tag)) = (&mut current, as_listed)
                && decision == Decision::NotModified
            {
                current.retag(tag);
            }
            if let Some(answer) = self.answer_read(head, decision, &mut current, waited) {
                return Plan::Answer(answer);
            }
            self.forget_preconditions(&mut head.headers, decision);
        }
        match current {
            Current::Present(representation) => Plan::Run(After::Attach(representation)),
            _ => Plan::Run(After::Pass),
        }
    }

    fn answer_read<B: Body>(
        &self,
        head: &Parts,
        decision: Decision,
        current: &mut Current,
        waited: Waited,
    ) -> Option<Response<ConditionalBody<B>>> {
        let judged = |verdict| self.judged(MethodClass::Read, verdict, waited);
        let refusal = match decision {
            Decision::Proceed | Decision::IgnoreRange => {
                self.options.observer.tell(&judged(Verdict::Proceeded));
                return None;
            }
            Decision::NotModified => {
                self.options.observer.tell(&judged(Verdict::NotModified));
                return Some(self.not_modified(current));
            }
            Decision::PreconditionFailed(failed) => failed.into(),
            Decision::Malformed(field) => self.malformed(field),
        };
        let judged = judged(Verdict::Refused);
        let mut answer = self.refuse(refusal, judged, head.method == Method::HEAD);
        if let Current::Present(representation) = current {
            response::replace_validators(answer.headers_mut(), representation);
        }
        Some(answer)
    }

    fn not_modified<B: Body>(&self, current: &mut Current) -> Response<ConditionalBody<B>> {
        let now = || self.options.now();
        match current {
            Current::Present(representation) => {
                response::not_modified(representation, &self.options.response_fields, now)
            }
            _ => response::not_modified(
                &mut Representation::new(),
                &self.options.response_fields,
                now,
            ),
        }
    }

    /// Fields that were judged must not be judged again further in by other validators; a Range goes if If-Range
    /// says so.
    fn forget_preconditions(&self, headers: &mut HeaderMap, decision: Decision) {
        if decision == Decision::IgnoreRange {
            headers.remove(RANGE);
        }
        if !self.options.keeps_preconditions {
            for field in Field::ALL {
                headers.remove(field.header_name());
            }
        }
    }

    /// Only the response can tell. A Range is taken off where the answer may be a 304, a 412 or a whole 200: a 206
    /// or 416 could not be judged, and ignoring Range is always allowed (section 14.2).
    fn second_look(&self, head: &mut Parts, given: Given) -> After {
        let is_head = head.method == Method::HEAD;
        if given.any() {
            head.headers.remove(RANGE);
        }
        let now = self.options.now_for(given);
        let preconditions = given
            .any()
            .then(|| TakenPreconditions::take(head, given, now, self.options.keeps_preconditions));
        let drops_body = is_head && self.source.reads_bodies() && !self.options.leaves_head_alone;
        if drops_body {
            head.method = Method::GET;
        }
        After::SecondLook(SecondLook {
            preconditions,
            drops_body,
            is_head,
        })
    }

    /// The source failed: a read passes unjudged, with its fields. A Range that If-Range was to judge is taken off.
    pub(crate) fn read_unjudged(
        &self,
        head: &mut Parts,
        given: Given,
        error: &BoxError,
        waited: Waited,
    ) -> After {
        if given.has(Field::IfRange) {
            head.headers.remove(RANGE);
        }
        let mut judged = self.judged(MethodClass::Read, Verdict::SourceFailed, waited);
        judged.error = Some(error.to_string().into());
        self.options.observer.tell(&judged);
        After::Pass
    }

    /// A write: 400, 428 or 412 at once, or the handler, which learns what the judgement rested on.
    pub(crate) fn judge_write<B: Body>(
        &self,
        head: &mut Parts,
        given: Given,
        current: Current,
        lock: Option<HeldLock>,
        waited: Waited,
    ) -> Plan<B> {
        let mut current = current;
        match &mut current {
            Current::Delegated => return Plan::Run(self.write_unjudged(head, given)),
            Current::Present(representation) => self.clamp(representation),
            Current::Absent(_) | Current::Unknown => {}
        }
        let judged = self.judged(MethodClass::Write, Verdict::Proceeded, waited);
        let (refusal, held_by) = {
            let found = self.preconditions(MethodClass::Write, head, given);
            let found = found.tolerating(self.options.writes.rewrites.as_deref());
            (
                self.refusal(&head.method, &found, &current),
                found.guarding_field(),
            )
        };
        if let Some(refusal) = refusal {
            let mut answer = self.refuse(refusal, judged, false);
            if self.options.writes.shows_validators
                && let Some(representation) = current.representation()
            {
                response::replace_validators(answer.headers_mut(), representation);
            }
            return Plan::Answer(answer);
        }
        self.settle(head);
        // A layer further out may hold a lock that this one did not take.
        let lock = lock.or_else(|| outer_lock(head).cloned());
        let is_put = head.method == Method::PUT;
        let checked = Checked::new(current, held_by, lock.clone());
        head.extensions.insert(checked);
        Plan::Run(After::Write(Written {
            lock,
            is_put,
            judged: held_by.map(|field| Judged {
                field: Some(field),
                ..judged
            }),
            awaits: None,
        }))
    }

    fn refusal(
        &self,
        method: &Method,
        preconditions: &Preconditions<'_>,
        current: &Current,
    ) -> Option<Refusal> {
        if let Some(field) = preconditions.malformed() {
            return Some(self.malformed(field));
        }
        let unguarded = self
            .options
            .writes
            .unguarded(method, preconditions, current);
        if let Some((field, reason)) = unguarded
            && reason != Reason::Inapplicable
        {
            return Some(Refusal::of(Some(field), reason));
        }
        match preconditions.evaluate(current) {
            Decision::PreconditionFailed(failed) => Some(failed.into()),
            Decision::Malformed(field) => Some(self.malformed(field)),
            Decision::Proceed | Decision::IgnoreRange | Decision::NotModified => {
                unguarded.map(|(field, reason)| Refusal::of(Some(field), reason))
            }
        }
    }

    /// A write that passes unjudged, to be reported if it succeeds that way.
    pub(crate) fn write_unjudged(&self, head: &mut Parts, given: Given) -> After {
        if !given.any_for_writes() || !self.options.observer.is_on() {
            return After::Pass;
        }
        let awaits = AwaitsJudgement::default();
        head.extensions.insert(awaits.clone());
        After::Write(Written {
            lock: None,
            is_put: head.method == Method::PUT,
            judged: None,
            awaits: Some(awaits),
        })
    }

    /// The source or the lock failed: a write that is guarded must not run.
    pub(crate) fn unavailable<B: Body>(
        &self,
        reason: Reason,
        error: &BoxError,
        waited: Waited,
    ) -> Response<ConditionalBody<B>> {
        let mut judged = self.judged(MethodClass::Write, Verdict::Refused, waited);
        judged.error = Some(error.to_string().into());
        self.refuse(Refusal::of(None, reason), judged, false)
    }

    /// A refusal as the application wants to word it, reported.
    pub(crate) fn refuse<B: Body>(
        &self,
        refusal: Refusal,
        judged: Judged,
        is_head: bool,
    ) -> Response<ConditionalBody<B>> {
        self.options.observer.tell(&Judged {
            verdict: Verdict::Refused,
            field: refusal.field(),
            reason: Some(refusal.reason()),
            ..judged
        });
        let mut answer = self.options.response_to(refusal).map(ConditionalBody::text);
        if is_head {
            *answer.body_mut() = ConditionalBody::empty();
            answer.headers_mut().remove(http::header::CONTENT_TYPE);
        }
        answer
    }

    pub(crate) fn malformed(&self, field: Field) -> Refusal {
        if self.options.writes.malformed_is_412 {
            PreconditionFailed::new(field, Reason::Stale).into()
        } else {
            Refusal::of(Some(field), Reason::Malformed)
        }
    }

    fn preconditions<'h>(
        &self,
        class: MethodClass,
        head: &'h Parts,
        given: Given,
    ) -> Preconditions<'h> {
        let now = self.options.now_for(given);
        Preconditions::found(class, &head.method, &head.headers, given, now)
    }

    /// What is judged is what is sent: a time in the future is neither (section 8.8.2.1).
    fn clamp(&self, representation: &mut Representation) {
        if representation.last_modified_date().is_some() {
            representation.not_after(self.options.now());
        }
    }

    /// A layer further out let this write pass unjudged: it is judged now.
    fn settle(&self, head: &Parts) {
        if let Some(awaits) = head.extensions.get::<AwaitsJudgement>() {
            awaits.settle();
        }
    }

    pub(crate) fn judged(&self, class: MethodClass, verdict: Verdict, waited: Waited) -> Judged {
        Judged {
            verdict,
            lock_wait: waited.lock,
            look_up: waited.look_up,
            ..Judged::new(class, Moment::Before)
        }
    }

    /// Asks the source, and measures how long it takes if anybody wants to know.
    pub(crate) async fn look_up(
        &self,
        head: &Parts,
        waited: &mut Waited,
    ) -> Result<Current, SourceError> {
        if let Some(current) = self.source.known(head) {
            return Ok(current);
        }
        let start = self.options.observer.start();
        let current = self.source.look_up(head).await;
        waited.look_up += start.map_or(Duration::ZERO, |start| start.elapsed());
        current
    }
}

/// The lock that a layer further out holds for this request.
pub(crate) fn outer_lock(head: &Parts) -> Option<&HeldLock> {
    head.extensions.get::<Checked>().and_then(Checked::lock)
}

/// The response of a source that refused.
pub(crate) fn refused_by_source<B: Body>(
    response: Response<bytes::Bytes>,
    is_head: bool,
) -> Response<ConditionalBody<B>> {
    response.map(|body| {
        if is_head {
            ConditionalBody::empty()
        } else {
            ConditionalBody::text(body)
        }
    })
}
