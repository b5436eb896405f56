//! What the layer does with the handler's response.

use std::mem;
use std::ops::ControlFlow;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::header::{CONTENT_ENCODING, ETAG};
use http::{Method, Response, StatusCode, response as http_response};
use http_body::Body;

use super::checked::{AwaitsEvaluation, EvaluatedByHandler, NewVersion};
use super::detached::DetachedPreconditions;
use super::evaluation::{Evaluation, Outcome, Phase};
use super::observe::Severity;
use super::options::Options;
use super::read::Answer;
use super::recovery::vary_on_prefer;
use crate::body::{ConditionalBody, drop_content_of_head};
use crate::field::Field;
use crate::header_map::has;
use crate::lock::HeldLock;
use crate::refusal::Refusal;
use crate::response::{Stated, TaggedForCoding};
use crate::source::hashing::{Hashing, ReadEnd};
use crate::source::untagged::Untagged;
use crate::{
    Current, Decision, EntityTag, PreconditionFailed, Preconditions, Reason, Representation,
    response,
};

/// What to do with the handler's response.
pub(crate) enum OnResponse {
    /// Nothing: the layer has no part in this request.
    Pass,
    /// The read was looked up: add the validators that the handler did not set.
    Attach(Attached),
    /// The read was not looked up: evaluate its preconditions by the validators of the response.
    Evaluate(DeferredEvaluation),
    /// The request is a write: free the lock, and report what was done.
    Write(WriteInFlight),
}

/// A read that was looked up before its handler ran.
#[derive(Debug, Default)]
pub(crate) struct Attached {
    pub(crate) current: Representation,
    /// The handler got the value that the source has loaded, and serves that.
    pub(crate) is_loaded: bool,
    /// The handler may send a part (206).
    pub(crate) has_range: bool,
    /// What to do if the handler states another version.
    pub(crate) recheck: Option<Box<Recheck>>,
}

/// A read to evaluate again if its handler states another version.
#[derive(Debug)]
pub(crate) struct Recheck {
    pub(crate) preconditions: DetachedPreconditions,
    /// Its event, which is emitted a second time if it is refused then.
    pub(crate) event: Option<Box<Evaluation>>,
}

/// The evaluation of a read that is left to its response.
#[derive(Debug, Default)]
pub(crate) struct DeferredEvaluation {
    /// `None` when the request carries no precondition.
    pub(crate) preconditions: Option<Box<DetachedPreconditions>>,
    /// The request was a HEAD and was sent to the handler as GET: drop the body.
    pub(crate) drops_body: bool,
    pub(crate) is_head: bool,
    /// The event to emit when the handler has answered; `None` if nobody listens.
    pub(crate) event: Option<Box<Evaluation>>,
}

impl DeferredEvaluation {
    /// Notes in the event why the response gets no tag, if there is a reason and somebody listens.
    #[inline]
    fn note_untagged(&mut self, why: impl FnOnce() -> Option<Untagged>) {
        if let Some(event) = &mut self.event
            && let Some(why) = why()
        {
            event.outcome = Outcome::NotTagged(why);
        }
    }
}

/// A write whose handler runs.
#[derive(Debug)]
pub(crate) struct WriteInFlight {
    /// Held until the handler has answered.
    pub(crate) lock: Option<HeldLock>,
    pub(crate) is_put: bool,
    /// The event to emit when the handler has answered; `None` if nobody listens. Its field is the precondition that was
    /// satisfied, if the write was evaluated.
    pub(crate) event: Option<Box<Evaluation>>,
    /// Set if no layer has evaluated the write's preconditions yet.
    pub(crate) awaits: Option<AwaitsEvaluation>,
    /// The target does not exist, and the handler should answer 404: If-Match was sent, or a required one is missing.
    pub(crate) expected_to_fail: bool,
    /// Whether the answer to a failed compare-and-swap is marked for [`Options::recover_lost`], which takes the mark off.
    pub(crate) recovers: bool,
}

impl OnResponse {
    /// Whether the request asks for the current representation if the handler's compare-and-swap fails.
    pub(crate) const fn recover_if(&mut self, is_asked: bool) {
        if let Self::Write(write) = self {
            write.recovers = is_asked;
        }
    }
}

impl WriteInFlight {
    /// A write that was not evaluated. Its handler may state the new version all the same.
    pub(crate) fn unevaluated(method: &Method, event: Option<Box<Evaluation>>) -> Self {
        Self {
            lock: None,
            is_put: *method == Method::PUT,
            event,
            awaits: None,
            expected_to_fail: false,
            recovers: false,
        }
    }
}

/// A response whose body is being read to make its tag.
pub(crate) struct Reading<B> {
    head: http_response::Parts,
    pub(crate) hashing: Hashing<B>,
    deferred: DeferredEvaluation,
}

impl Options {
    /// Adds the looked-up validators that the handler did not set to a 200 or 206, if they are those of the bytes that
    /// the handler sends (section 8.8.1).
    pub(crate) fn attach<B: Body>(
        &self,
        attached: &mut Attached,
        response: &mut Response<ConditionalBody<B>>,
    ) {
        if !selects_a_representation(response.status()) {
            return;
        }
        let headers = response.headers();
        let stated = Stated::in_headers(headers);
        let states_current =
            response::states_version_of(headers, stated, &attached.current, self.sends_weak_tags);
        if let Some(recheck) = &attached.recheck
            && let Some(refusal) =
                self.refused_by_stated_version(attached, recheck, states_current, response)
        {
            let is_head = recheck.preconditions.is_head;
            *response = self.refuse(refusal, is_head, recheck.event.as_deref(), after_handler);
            return;
        }
        let is_part = attached.has_range && response.status() == StatusCode::PARTIAL_CONTENT;
        let fits = states_current.unwrap_or(attached.is_loaded || !is_part);
        let headers = response.headers_mut();
        if fits {
            response::add_missing_validators(headers, stated, &mut attached.current, || self.now());
        } else {
            response::add_source_fields(headers, &attached.current);
        }
        response::add_fields(headers, &self.response_fields);
        if stated.coding || !self.response_fields.is_empty() {
            mark_as_tagged_for_coding(response);
        }
    }

    /// Evaluates the preconditions of a read again if its handler states another version than the one that was looked up.
    ///
    /// Refuses to send a part of another representation than If-Range names: the client would combine it with the part
    /// that it has (section 13.1.5).
    fn refused_by_stated_version<B>(
        &self,
        attached: &Attached,
        recheck: &Recheck,
        states_current: Option<bool>,
        response: &Response<B>,
    ) -> Option<Refusal> {
        let is_part = response.status() == StatusCode::PARTIAL_CONTENT;
        let guards_part = is_part && recheck.preconditions.guards_range();
        match states_current {
            Some(true) => return None,
            None if guards_part && !attached.is_loaded => {
                return Some(Refusal::of(Some(Field::IfRange), Reason::Source));
            }
            None => return None,
            Some(false) => {}
        }
        let mut stated = Representation::of_response(response.headers(), None);
        if self.sends_weak_tags {
            // The handler may have written the tag as it is sent.
            stated = stated.in_strong_form();
        }
        let preconditions = recheck.preconditions.preconditions();
        let preconditions = preconditions.accept_rewritten_tags(self.read_rewrites);
        match preconditions.evaluate(&Current::Present(stated)) {
            Decision::PreconditionFailed(failed) => Some(failed.into()),
            Decision::IgnoreRange if guards_part => {
                Some(Refusal::of(Some(Field::IfRange), Reason::Source))
            }
            _ => None,
        }
    }

    /// Whether the tag of this response may be made of its body.
    pub(crate) fn may_read_body<B: Body>(
        &self,
        deferred: &DeferredEvaluation,
        response: &Response<B>,
    ) -> bool {
        let body_is_whole = !deferred.is_head || deferred.drops_body;
        // A handler for HEAD may answer the GET with an empty body, which is not the content of a GET.
        let may_be_of_head = deferred.drops_body && response.body().is_end_stream();
        self.reads_bodies && body_is_whole && !may_be_of_head && response.status() == StatusCode::OK
    }

    /// Reads a body to make the tag of its response. Breaks with the response if the whole body is there at once, or if
    /// the source makes no tag of it; continues with the reading if it has to wait.
    pub(crate) fn read_ahead<B: Body<Data = Bytes> + Unpin>(
        &self,
        deferred: &mut DeferredEvaluation,
        response: Response<B>,
        cx: &mut Context<'_>,
    ) -> ControlFlow<Response<ConditionalBody<B>>, Box<Reading<B>>> {
        let (mut head, body) = response.into_parts();
        // Before the source decides: a `no-store` of the route also means that there is no tag to make.
        response::add_fields(&mut head.headers, &self.response_fields);
        let mut hashing = match Hashing::start(|head| self.compute(head), &head, body) {
            Ok(hashing) => hashing,
            Err((body, why)) => {
                deferred.note_untagged(|| why.or_else(|| Untagged::by_head(&head)));
                let body = ConditionalBody::inner(body);
                let response = Response::from_parts(head, body);
                return ControlFlow::Break(self.finished(deferred, None, response));
            }
        };
        match hashing.poll(cx) {
            Poll::Ready(outcome) => {
                deferred.note_untagged(|| outcome.untagged());
                let (tag, body) = hashing.into_parts(&head.headers, outcome);
                let response = Response::from_parts(head, body);
                ControlFlow::Break(self.finished(deferred, tag, response))
            }
            // Boxed, because few bodies have to wait, and it would enlarge the future of every request.
            Poll::Pending => ControlFlow::Continue(Box::new(Reading {
                head,
                hashing,
                deferred: mem::take(deferred),
            })),
        }
    }

    /// Finishes a response whose body was read.
    pub(crate) fn answer_read_ahead<B: Body<Data = Bytes> + Unpin>(
        &self,
        mut reading: Reading<B>,
        outcome: ReadEnd<B::Error>,
    ) -> Response<ConditionalBody<B>> {
        reading.deferred.note_untagged(|| outcome.untagged());
        let headers = &reading.head.headers;
        let (tag, body) = reading.hashing.into_parts(headers, outcome);
        self.finished(
            &reading.deferred,
            tag,
            Response::from_parts(reading.head, body),
        )
    }

    /// Applies what was prepared to a response whose body is not read. Inlined, so that the response is not moved.
    #[inline(always)]
    pub(crate) fn apply<B: Body>(
        &self,
        on_response: &mut OnResponse,
        response: Response<B>,
    ) -> Response<ConditionalBody<B>> {
        let mut response = response.map(ConditionalBody::inner);
        match on_response {
            OnResponse::Pass => {}
            OnResponse::Attach(attached) => self.attach(attached, &mut response),
            OnResponse::Evaluate(deferred) => {
                if self.reads_bodies {
                    deferred.note_untagged(|| Untagged::of_unread(&response));
                }
                self.finish(deferred, None, &mut response);
            }
            OnResponse::Write(write) => self.finish_write(write, &mut response),
        }
        self.write_tags(&mut response);
        response
    }

    /// Writes the tags as this service sends them. Every response that leaves the layer passes here: those of the handler, of
    /// a request that has waited, and the layer's own.
    #[inline]
    pub(crate) fn write_tags<B>(&self, response: &mut Response<B>) {
        if self.sends_weak_tags {
            response::weaken_tags(response.headers_mut());
        }
    }

    /// Evaluates the preconditions by the validators of the response, which stays or becomes a 304, 412 or 400. Any other
    /// response than a 200 stays (section 13.2.1).
    pub(crate) fn finish<B: Body>(
        &self,
        deferred: &DeferredEvaluation,
        tag: Option<EntityTag>,
        response: &mut Response<ConditionalBody<B>>,
    ) {
        if selects_a_representation(response.status()) {
            response::add_fields(response.headers_mut(), &self.response_fields);
        }
        if response.status() == StatusCode::OK {
            mark_as_tagged_for_coding(response);
            if let Some(taken) = &deferred.preconditions {
                let rewrites = self.read_rewrites;
                let again = taken.preconditions().accept_rewritten_tags(rewrites);
                if self.evaluate_response(deferred, &again, tag, response) {
                    return self.write_tags(response);
                }
            } else if let Some(tag) = tag {
                response.headers_mut().insert(ETAG, tag.into());
            }
        }
        if let Some(event) = &deferred.event {
            let is_ok = response.status() == StatusCode::OK;
            self.report_response(event, is_ok && deferred.preconditions.is_some());
        }
        if deferred.drops_body {
            drop_content_of_head(response);
        }
        self.write_tags(response);
    }

    /// Emits the event of a response that stays as it is, if it has no tag or its preconditions were evaluated.
    #[cold]
    #[inline(never)]
    fn report_response(&self, begun: &Evaluation, was_evaluated: bool) {
        if let Outcome::NotTagged(why) = begun.outcome {
            self.observer.emit_not_tagged(begun, why);
        } else if was_evaluated {
            let begun = Some(begun);
            self.observer.emit(Severity::Debug, begun, after_handler);
        }
    }

    /// As [`finish`](Self::finish), for a response that is passed by value.
    fn finished<B: Body>(
        &self,
        deferred: &DeferredEvaluation,
        tag: Option<EntityTag>,
        mut response: Response<ConditionalBody<B>>,
    ) -> Response<ConditionalBody<B>> {
        self.finish(deferred, tag, &mut response);
        response
    }

    /// Evaluates the preconditions by the response. Returns whether the response was replaced by a 304, 412 or 400.
    fn evaluate_response<B: Body>(
        &self,
        deferred: &DeferredEvaluation,
        preconditions: &Preconditions<'_>,
        tag: Option<EntityTag>,
        response: &mut Response<ConditionalBody<B>>,
    ) -> bool {
        let was_computed = tag.is_some();
        let mut current = Current::Present(Representation::of_response(response.headers(), tag));
        let decision = preconditions.evaluate(&current);
        let begun = deferred.event.as_deref();
        let answer = self.short_circuit(decision);
        if let Some(Answer::Refuse(refusal)) = answer {
            *response = self.refuse(refusal, deferred.is_head, begun, after_handler);
            self.show_validators(response, refusal, &current);
            return true;
        }
        let headers = response.headers_mut();
        let listed = answer.and_then(|_| preconditions.as_listed(&current));
        let computed = || current.take_entity_tag().filter(|_| was_computed);
        if let Some(tag) = listed.or_else(computed) {
            headers.insert(ETAG, tag.into());
        }
        if answer.is_none() {
            return false;
        }
        self.observer
            .emit(Severity::Debug, begun, |begun| Evaluation {
                outcome: Outcome::NotModified,
                ..after_handler(begun)
            });
        response::strip_to_not_modified(headers);
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        *response.body_mut() = ConditionalBody::empty();
        true
    }

    /// Finishes a write: frees the lock, answers 412 if the handler's compare-and-swap failed, sends the validators of the
    /// new version, and emits the event.
    pub(crate) fn finish_write<B: Body>(
        &self,
        write: &mut WriteInFlight,
        response: &mut Response<ConditionalBody<B>>,
    ) {
        // First of all, so that the next writer does not wait for the rest.
        drop(write.lock.take());
        let event = write.event.take();
        let begun = event.as_deref();
        if let Some(&lost) = response.extensions().get::<PreconditionFailed>() {
            *response = self.answer_lost(lost, begun, write.recovers);
            return;
        }
        self.report_write(write, begun, response);
        if response.status().is_success() {
            self.send_new_version(response, write.is_put);
        }
    }

    /// Emits the event of a write whose handler has answered, if it was evaluated, or if it succeeded although its
    /// preconditions were not. It does not panic then, because a client could cause that.
    fn report_write<B>(
        &self,
        write: &WriteInFlight,
        begun: Option<&Evaluation>,
        response: &Response<B>,
    ) {
        let Some(evaluation) = begun else { return };
        let was_evaluated = match &write.awaits {
            Some(awaits) => awaits.is_evaluated(),
            None => !write.expected_to_fail,
        };
        if !was_evaluated && succeeded_unevaluated(response) {
            self.observer
                .emit(Severity::Error, begun, |begun| Evaluation {
                    outcome: Outcome::Unevaluated,
                    field: write.expected_to_fail.then_some(Field::IfMatch),
                    reason: write.expected_to_fail.then_some(Reason::Absent),
                    ..begun
                });
        } else if evaluation.field.is_some() {
            self.observer.emit(Severity::Debug, begun, |begun| begun);
        }
    }

    /// The 412 for a handler whose compare-and-swap has failed, in the layer's form.
    fn answer_lost<B: Body>(
        &self,
        lost: PreconditionFailed,
        begun: Option<&Evaluation>,
        recovers: bool,
    ) -> Response<ConditionalBody<B>> {
        let refusal = match lost.reason() {
            Reason::Malformed => self.malformed(lost.field()),
            _ => lost.into(),
        };
        let mut answer = self.refuse(refusal, false, begun, after_handler);
        if self.recovery.is_some() && refusal.status() == StatusCode::PRECONDITION_FAILED {
            vary_on_prefer(answer.headers_mut());
            if recovers {
                answer.extensions_mut().insert(lost);
            }
        }
        answer
    }

    /// Sends the validators of the new version that the handler states (section 9.3.4).
    fn send_new_version<B>(&self, response: &mut Response<B>, is_put: bool) {
        let extensions = response.extensions_mut();
        if extensions.is_empty() {
            return;
        }
        let new = extensions.remove::<NewVersion>();
        // Section 9.3.4: in the response to a PUT a validator means that the content was stored as it was sent.
        if let Some(new) = new.filter(|new| new.is_verbatim || !is_put) {
            response::replace_validators(response.headers_mut(), &new.state, || self.now());
        }
    }
}

/// The event of what was evaluated after the handler.
fn after_handler(begun: Evaluation) -> Evaluation {
    Evaluation {
        phase: Phase::After,
        ..begun
    }
}

/// Whether the handler has performed the write without stating that it evaluated the preconditions itself.
fn succeeded_unevaluated<B>(response: &Response<B>) -> bool {
    response.status().is_success() && response.extensions().get::<EvaluatedByHandler>().is_none()
}

/// Marks a response that has a Content-Encoding: its tag is already that of the encoded bytes.
fn mark_as_tagged_for_coding<B>(response: &mut Response<B>) {
    if has(response.headers(), &CONTENT_ENCODING) {
        response.extensions_mut().insert(TaggedForCoding);
    }
}

/// Whether the response carries the validators of a representation: a 206 has those of the 200 (section 15.3.7).
fn selects_a_representation(status: StatusCode) -> bool {
    matches!(status, StatusCode::OK | StatusCode::PARTIAL_CONTENT)
}
