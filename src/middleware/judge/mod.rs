//! The first moment: what is done with a request before the handler runs.

mod read;
mod write;

use std::time::Duration;

use http::request::Parts;
use http::{Method, Request};

use super::checked::{AwaitsJudgement, Checked};
use super::observe::{Decided, Judged, Moment};
use super::options::Shared;
use super::taken::TakenPreconditions;
use super::write_lock::HeldLock;
use crate::field::Given;
use crate::refusal::Refusal;
use crate::source::{SourceError, ValidatorSource};
use crate::{Current, Decision, MethodClass, Preconditions, Representation};

/// A request on its way to the handler. Its body goes beside it, because nobody judges that.
pub(crate) struct Incoming {
    pub(crate) head: Parts,
    /// Which preconditions it carries.
    pub(crate) given: Given,
    /// What waiting has cost so far.
    pub(crate) waited: Waited,
}

impl Incoming {
    pub(crate) fn into_request<B>(self, body: B) -> Request<B> {
        Request::from_parts(self.head, body)
    }
}

/// What waiting has cost so far.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Waited {
    pub(crate) lock: Duration,
    pub(crate) look_up: Duration,
}

/// How a read is answered that the handler does not, or no longer, answer.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Answer {
    NotModified,
    Refuse(Refusal),
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
#[derive(Debug, Default)]
pub(crate) struct SecondLook {
    /// `None` when the request carries no precondition.
    pub(crate) preconditions: Option<Box<TakenPreconditions>>,
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
    /// To be reported when the handler has answered, if anybody looks.
    pub(crate) judged: Option<Box<Judged>>,
    /// Nobody has judged the write yet.
    pub(crate) awaits: Option<AwaitsJudgement>,
}

impl Written {
    /// A write that nobody has judged. What its handler says of the new state counts all the same.
    pub(crate) fn unjudged(method: &Method) -> Self {
        Self {
            lock: None,
            is_put: *method == Method::PUT,
            judged: None,
            awaits: None,
        }
    }
}

impl<V: ValidatorSource> Shared<V> {
    /// What follows a request without conditional fields, where nothing has to be known before the handler runs.
    pub(crate) fn plain(&self, class: MethodClass, method: &Method) -> Option<After> {
        let looks_up = self.source.looks_up();
        match class {
            MethodClass::Read if looks_up || *method == Method::HEAD => None,
            MethodClass::Read => Some(After::SecondLook(SecondLook::default())),
            MethodClass::Write if looks_up && self.options.writes.always_guards(method) => None,
            MethodClass::Write => Some(After::Write(Written::unjudged(method))),
            MethodClass::Neither => Some(After::Pass),
        }
    }

    fn preconditions<'h>(&self, class: MethodClass, request: &'h Incoming) -> Preconditions<'h> {
        let Incoming { head, given, .. } = request;
        let now = self.options.now_for(*given);
        Preconditions::of_given(class, &head.method, &head.headers, *given, now)
    }

    /// What a read gets instead of the handler's answer, if anything.
    pub(crate) fn instead(&self, decision: Decision) -> Option<Answer> {
        match decision {
            Decision::Proceed | Decision::IgnoreRange => None,
            Decision::NotModified => Some(Answer::NotModified),
            Decision::PreconditionFailed(failed) => Some(Answer::Refuse(failed.into())),
            Decision::Malformed(field) => Some(Answer::Refuse(self.malformed(field))),
        }
    }

    pub(crate) fn judged(&self, class: MethodClass, decision: Decided, waited: Waited) -> Judged {
        Judged {
            decision,
            lock_wait: waited.lock,
            look_up: waited.look_up,
            ..Judged::new(class, Moment::Before)
        }
    }

    /// Asks the source, and measures how long it takes if anybody wants to know.
    pub(crate) async fn look_up(&self, request: &mut Incoming) -> Result<Current, SourceError> {
        if let Some(current) = self.source.known(&request.head) {
            return Ok(current);
        }
        let start = self.options.observer.start();
        let current = self.source.look_up(&request.head).await;
        request.waited.look_up += start.map_or(Duration::ZERO, |start| start.elapsed());
        current
    }
}

/// The lock that a layer further out holds for this request.
pub(crate) fn outer_lock(head: &Parts) -> Option<&HeldLock> {
    head.extensions.get::<Checked>().and_then(Checked::lock)
}
