//! A request on its way to the handler, and the rules that reads and writes share.

use std::time::Instant;

use http::request::Parts;
use http::{Extensions, Method, Request};

use super::checked::Checked;
use super::evaluation::Evaluation;
use super::on_response::{Attached, DeferredEvaluation, OnResponse, WriteInFlight};
use super::options::Options;
use super::read::Answer;
use crate::field::FieldSet;
use crate::lock::HeldLock;
use crate::method_class::MethodClass;
use crate::refusal::Refusal;
use crate::{Decision, Preconditions, Reason, Representation};

/// A request on its way to the handler. Its body is passed separately, because no rule looks at it.
pub(crate) struct Incoming {
    pub(crate) head: Parts,
    /// The conditional headers that it carries.
    pub(crate) given: FieldSet,
    /// Its event, with what is known so far. `None` if nobody listens.
    pub(crate) event: Option<Box<Evaluation>>,
}

impl Incoming {
    /// The request for the handler.
    pub(crate) fn into_request<B>(self, body: B) -> Request<B> {
        Request::from_parts(self.head, body)
    }

    /// Adds the time since `start` to the wait for the lock.
    pub(crate) fn add_lock_wait_since(&mut self, start: Option<Instant>) {
        if let (Some(event), Some(start)) = (&mut self.event, start) {
            event.lock_wait += start.elapsed();
        }
    }

    /// Adds the time since `start` to the look-up.
    pub(crate) fn add_look_up_since(&mut self, start: Option<Instant>) {
        if let (Some(event), Some(start)) = (&mut self.event, start) {
            event.look_up += start.elapsed();
        }
    }

    /// Labels the event by the kind of resource, if there is an event.
    pub(crate) fn set_kind(&mut self, kind: impl FnOnce() -> &'static str) {
        if let Some(event) = &mut self.event {
            event.set_kind(kind());
        }
    }
}

impl Options {
    /// The short way for a request without conditional headers: what to do with its response. `None` if something has to be
    /// looked up, locked or changed before the handler runs.
    pub(crate) fn without_preconditions(
        &self,
        class: MethodClass,
        method: &Method,
        extensions: &Extensions,
    ) -> Option<OnResponse> {
        let looks_up = self.looks_up;
        match class {
            MethodClass::Read if looks_up && self.handler_states_version => {
                Some(OnResponse::Attach(Attached::default()))
            }
            MethodClass::Read if looks_up || *method == Method::HEAD => None,
            MethodClass::Read => Some(OnResponse::Evaluate(DeferredEvaluation {
                // Without preconditions only a missing tag is reported.
                event: match self.reads_bodies {
                    true => self.observer.begin(class, extensions),
                    false => None,
                },
                ..DeferredEvaluation::default()
            })),
            MethodClass::Write if looks_up && self.writes.always_guards(method) => None,
            MethodClass::Write => {
                let event = self.observer.begin(class, extensions);
                Some(OnResponse::Write(WriteInFlight::unevaluated(method, event)))
            }
            MethodClass::Neither => Some(OnResponse::Pass),
        }
    }

    /// The preconditions of the request, ready to be evaluated.
    pub(crate) fn preconditions<'h>(
        &self,
        class: MethodClass,
        request: &'h Incoming,
    ) -> Preconditions<'h> {
        let Incoming { head, given, .. } = request;
        let now = self.now_for(*given);
        Preconditions::of_given(class, &head.method, &head.headers, *given, now)
    }

    /// The error of a source that states a weak tag where the layer sends weak tags. Such a tag cannot be compared as if it
    /// were strong, because two different versions may share it.
    #[inline]
    pub(crate) fn own_weak_tag(&self, current: Option<&Representation>) -> Option<&'static str> {
        if self.sends_weak_tags {
            own_weak_tag(current)
        } else {
            None
        }
    }

    /// The answer to a read in place of the handler, if the decision has one.
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
}

#[cold]
#[inline(never)]
fn own_weak_tag(current: Option<&Representation>) -> Option<&'static str> {
    current?.has_weak_tag().then_some(
        "send_weak_tags() needs strong tags, and the source has stated a weak one: state \"3\" in place of W/\"3\", \
         and the layer sends W/\"3\"",
    )
}

/// The lock that an outer layer holds for this request.
pub(crate) fn outer_lock(head: &Parts) -> Option<&HeldLock> {
    head.extensions.get::<Checked>().and_then(Checked::lock)
}
