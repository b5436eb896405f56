//! The first moment of a read.

use http::header::{HeaderMap, RANGE};
use http::request::Parts;
use http::{Method, Response};
use http_body::Body;

use super::{After, Plan, SecondLook, Waited};
use crate::body::ConditionalBody;
use crate::field::{Field, Given};
use crate::middleware::observe::{Judged, Verdict};
use crate::middleware::options::Shared;
use crate::middleware::refuse::show_validators;
use crate::middleware::taken::TakenPreconditions;
use crate::source::{BoxError, ValidatorSource};
use crate::{Current, Decision, MethodClass, Representation, response};

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
            self.forget_preconditions(&mut head.headers, given, decision);
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
                self.options.observer.tell(|| judged(Verdict::Proceeded));
                return None;
            }
            Decision::NotModified => {
                self.options.observer.tell(|| judged(Verdict::NotModified));
                return Some(self.not_modified(current));
            }
            Decision::PreconditionFailed(failed) => failed.into(),
            Decision::Malformed(field) => self.malformed(field),
        };
        let judged = judged(Verdict::Refused);
        let mut answer = self.refuse(refusal, judged, head.method == Method::HEAD);
        show_validators(&mut answer, refusal, current);
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
    fn forget_preconditions(&self, headers: &mut HeaderMap, given: Given, decision: Decision) {
        if decision == Decision::IgnoreRange {
            headers.remove(RANGE);
        }
        if !self.options.keeps_preconditions {
            for field in given.fields() {
                headers.remove(field.header_name());
            }
        }
    }

    /// Only the response can tell. A Range is taken off where the answer may be a 304, a 412 or a whole 200: a 206
    /// or 416 could not be judged, and ignoring Range is always allowed (section 14.2). On a HEAD it means nothing,
    /// and must not once it goes inward as GET.
    fn second_look(&self, head: &mut Parts, given: Given) -> After {
        let is_head = head.method == Method::HEAD;
        let drops_body = is_head && self.source.reads_bodies() && !self.options.leaves_head_alone;
        if given.any() || drops_body {
            head.headers.remove(RANGE);
        }
        let now = self.options.now_for(given);
        let keep = self.options.keeps_preconditions;
        let preconditions = given
            .any()
            .then(|| Box::new(TakenPreconditions::take(head, given, now, keep)));
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
        self.options.observer.tell(|| Judged {
            error: Some(error.to_string().into()),
            ..self.judged(MethodClass::Read, Verdict::SourceFailed, waited)
        });
        After::Attach(Representation::new())
    }
}
