//! The first moment of a read.

use std::mem;

use http::header::RANGE;
use http::{Method, Response, StatusCode};
use http_body::Body;

use super::{After, Answer, Incoming, SecondLook};
use crate::body::ConditionalBody;
use crate::field::Field;
use crate::header_map::remove;
use crate::middleware::observe::{Decided, Judged};
use crate::middleware::options::Shared;
use crate::middleware::taken::TakenPreconditions;
use crate::source::{BoxError, ValidatorSource};
use crate::{Current, Decision, MethodClass, Representation, response};

impl<V: ValidatorSource> Shared<V> {
    /// A read: how it is answered at once, if it is. What was judged is taken off a request that goes on.
    pub(crate) fn judge_read(
        &self,
        request: &mut Incoming,
        current: &mut Current,
    ) -> Option<Answer> {
        if matches!(current, Current::Unknown | Current::Delegated) {
            return None;
        }
        if !request.given.any() {
            return None;
        }
        let found = self.preconditions(MethodClass::Read, request);
        let found = found.tolerating(self.options.read_rewrites.as_deref());
        let decision = found.evaluate(current);
        if decision == Decision::NotModified
            && let Some(tag) = found.as_listed(current)
            && let Some(current) = current.representation_mut()
        {
            current.retag(tag);
        }
        let answer = self.instead(decision);
        if answer.is_none() {
            self.tell_of_read(request, Decided::Proceeded);
            self.forget_preconditions(request, decision);
        }
        answer
    }

    /// The answer to a read that the handler does not see.
    pub(crate) fn answer_read<B: Body>(
        &self,
        request: &Incoming,
        current: &mut Current,
        answer: Answer,
    ) -> Response<ConditionalBody<B>> {
        match answer {
            Answer::NotModified => {
                self.tell_of_read(request, Decided::NotModified);
                self.not_modified(current)
            }
            Answer::Refuse(refusal) => {
                let judged = || self.judged(MethodClass::Read, Decided::Refused, request.waited);
                let is_head = request.head.method == Method::HEAD;
                let mut answer = self.refuse(refusal, is_head, judged);
                self.show_validators(&mut answer, refusal, current);
                answer
            }
        }
    }

    /// What follows the handler of a read that goes on.
    pub(crate) fn after_read(&self, request: &mut Incoming, current: Current) -> After {
        match current {
            Current::Present(representation) => After::Attach(representation),
            Current::Unknown => After::SecondLook(self.second_look(request)),
            Current::Absent(_) | Current::Delegated => After::Pass,
        }
    }

    fn tell_of_read(&self, request: &Incoming, decision: Decided) {
        let judged = || self.judged(MethodClass::Read, decision, request.waited);
        self.options.observer.tell(judged);
    }

    fn not_modified<B: Body>(&self, current: &mut Current) -> Response<ConditionalBody<B>> {
        let mut answer = Response::new(ConditionalBody::empty());
        *answer.status_mut() = StatusCode::NOT_MODIFIED;
        let headers = answer.headers_mut();
        if let Some(current) = current.representation_mut() {
            response::say_what_is_not_modified(headers, current, || self.options.now());
        }
        response::add_fields(headers, &self.options.response_fields);
        answer
    }

    /// Fields that were judged must not be judged again further in by other validators; a Range goes if If-Range
    /// says so.
    fn forget_preconditions(&self, request: &mut Incoming, decision: Decision) {
        let headers = &mut request.head.headers;
        if decision == Decision::IgnoreRange {
            headers.remove(RANGE);
        }
        if !self.options.keeps_preconditions {
            for field in mem::take(&mut request.given).fields() {
                headers.remove(field.name());
            }
        }
    }

    /// Only the response can tell. A Range is taken off where the answer may be a 304, a 412 or a whole 200: a 206
    /// or 416 could not be judged, and ignoring Range is always allowed (section 14.2). On a HEAD it means nothing,
    /// and must not once it goes inward as GET.
    fn second_look(&self, request: &mut Incoming) -> SecondLook {
        let Incoming { head, given, .. } = request;
        let is_head = head.method == Method::HEAD;
        let drops_body = is_head && self.source.reads_bodies() && !self.options.leaves_head_alone;
        if given.any() || drops_body {
            remove(&mut head.headers, &RANGE);
        }
        let now = self.options.now_for(*given);
        let keep = self.options.keeps_preconditions;
        let preconditions = given
            .any()
            .then(|| Box::new(TakenPreconditions::take(head, *given, now, keep)));
        if drops_body {
            head.method = Method::GET;
        }
        SecondLook {
            preconditions,
            drops_body,
            is_head,
        }
    }

    /// The source failed: a read passes unjudged, with its fields. A Range that If-Range was to judge is taken off.
    pub(crate) fn read_unjudged(&self, request: &mut Incoming, error: &BoxError) -> After {
        if request.given.has(Field::IfRange) {
            remove(&mut request.head.headers, &RANGE);
        }
        self.options.observer.tell(|| Judged {
            error: Some(error.to_string().into()),
            ..self.judged(MethodClass::Read, Decided::SourceFailed, request.waited)
        });
        After::Attach(Representation::new())
    }
}
