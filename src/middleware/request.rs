//! A request on its way to the handler, and what every rule of it begins with.

use std::time::{Duration, Instant};

use http::request::Parts;
use http::{Method, Request};

use super::checked::Checked;
use super::observe::{Evaluation, Outcome, Phase};
use super::on_response::{Attached, DeferredEvaluation, OnResponse, WriteInFlight};
use super::options::Options;
use super::read::Answer;
use crate::field::FieldSet;
use crate::lock::HeldLock;
use crate::method_class::MethodClass;
use crate::refusal::Refusal;
use crate::{Decision, Preconditions, Reason};

/// A request on its way to the handler. Its body goes beside it, because nobody judges that.
pub(crate) struct Incoming {
    pub(crate) head: Parts,
    /// Which preconditions it carries.
    pub(crate) given: FieldSet,
    /// What waiting has cost so far.
    pub(crate) timings: Timings,
}

impl Incoming {
    pub(crate) fn into_request<B>(self, body: B) -> Request<B> {
        Request::from_parts(self.head, body)
    }
}

/// What waiting has cost so far, in nanoseconds: every request is moved about with it, and two durations are twice as
/// large.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Timings {
    lock: u64,
    look_up: u64,
}

impl Timings {
    /// The request has waited for the lock since then. `None`: nobody wants to know.
    pub(crate) fn add_lock_wait_since(&mut self, start: Option<Instant>) {
        self.lock = self.lock.saturating_add(nanoseconds_since(start));
    }

    /// The same for the source.
    pub(crate) fn add_look_up_since(&mut self, start: Option<Instant>) {
        self.look_up = self.look_up.saturating_add(nanoseconds_since(start));
    }
}

fn nanoseconds_since(start: Option<Instant>) -> u64 {
    let elapsed = start.map_or(0, |start| start.elapsed().as_nanos());
    u64::try_from(elapsed).unwrap_or(u64::MAX)
}

impl Options {
    /// What follows a request without conditional fields, where nothing has to be known before the handler runs.
    pub(crate) fn without_preconditions(
        &self,
        class: MethodClass,
        method: &Method,
    ) -> Option<OnResponse> {
        let looks_up = self.looks_up;
        match class {
            MethodClass::Read if looks_up && self.handler_states_version => {
                Some(OnResponse::Attach(Attached::default()))
            }
            MethodClass::Read if looks_up || *method == Method::HEAD => None,
            MethodClass::Read => Some(OnResponse::Evaluate(DeferredEvaluation::default())),
            MethodClass::Write if looks_up && self.writes.always_guards(method) => None,
            MethodClass::Write => Some(OnResponse::Write(WriteInFlight::unevaluated(method))),
            MethodClass::Neither => Some(OnResponse::Pass),
        }
    }

    pub(crate) fn preconditions<'h>(
        &self,
        class: MethodClass,
        request: &'h Incoming,
    ) -> Preconditions<'h> {
        let Incoming { head, given, .. } = request;
        let now = self.now_for(*given);
        Preconditions::of_given(class, &head.method, &head.headers, *given, now)
    }

    /// What a read gets instead of the handler's answer, if anything.
    pub(crate) fn short_circuit(&self, decision: Decision) -> Option<Answer> {
        match decision {
            Decision::Proceed | Decision::IgnoreRange => None,
            Decision::NotModified => Some(Answer::NotModified),
            Decision::PreconditionFailed(failed) => Some(Answer::Refuse(failed.into())),
            Decision::Malformed(field) => {
                Some(Answer::Refuse(Refusal::of(Some(field), Reason::Malformed)))
            }
        }
    }

    pub(crate) fn evaluation(
        &self,
        class: MethodClass,
        outcome: Outcome,
        timings: Timings,
    ) -> Evaluation {
        Evaluation {
            outcome,
            lock_wait: Duration::from_nanos(timings.lock),
            look_up: Duration::from_nanos(timings.look_up),
            ..Evaluation::new(class, Phase::Before)
        }
    }
}

/// The lock that a layer further out holds for this request.
pub(crate) fn outer_lock(head: &Parts) -> Option<&HeldLock> {
    head.extensions.get::<Checked>().and_then(Checked::lock)
}
