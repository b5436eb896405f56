//! The first moment of a write.

use http::Method;
use http::request::Parts;

use super::{After, Incoming, Written, outer_lock};
use crate::field::Field;
use crate::middleware::checked::{AwaitsJudgement, Checked};
use crate::middleware::observe::{Decided, Judged, evidence};
use crate::middleware::options::Shared;
use crate::middleware::write_lock::HeldLock;
use crate::refusal::Refusal;
use crate::source::ValidatorSource;
use crate::{Current, Decision, MethodClass, Preconditions, Reason};

impl<V: ValidatorSource> Shared<V> {
    /// A write: the precondition that holds it, if it carries one that counts.
    ///
    /// # Errors
    ///
    /// The handler must not run: 400, 428 or 412.
    pub(crate) fn judge_write(
        &self,
        request: &Incoming,
        current: &Current,
    ) -> Result<Option<Field>, Refusal> {
        if matches!(current, Current::Delegated) {
            return Ok(None);
        }
        settle(&request.head);
        if !request.given.any() {
            return self.may_go_without(&request.head.method);
        }
        let found = self.preconditions(MethodClass::Write, request);
        let found = found.tolerating(self.options.writes.rewrites.as_deref());
        match self.refusal(&request.head.method, &found, current) {
            None => Ok(found.guarding_field()),
            Some(refusal) => Err(refusal),
        }
    }

    /// What follows the handler of a write that goes on; the handler learns what the judgement rested on.
    pub(crate) fn after_write(
        &self,
        request: &mut Incoming,
        current: Current,
        held_by: Option<Field>,
        lock: Option<HeldLock>,
    ) -> After {
        if matches!(current, Current::Delegated) {
            return self.write_unjudged(request);
        }
        let head = &mut request.head;
        // A layer further out may hold a lock that this one did not take.
        let lock = lock.or_else(|| outer_lock(head).cloned());
        let is_put = head.method == Method::PUT;
        let checked = Checked::new(current, held_by, lock.clone());
        head.extensions.insert(checked);
        let looked_at = held_by.is_some() && self.options.observer.is_on();
        let judged = || Judged {
            field: held_by,
            ..self.judged(MethodClass::Write, Decided::Proceeded, request.waited)
        };
        After::Write(Written {
            lock,
            is_put,
            judged: looked_at.then(|| Box::new(judged())),
            awaits: None,
        })
    }

    /// What the operator learns of a write that is not performed.
    pub(crate) fn not_performed(&self, request: &Incoming, current: &Current) -> Judged {
        let found = self.preconditions(MethodClass::Write, request);
        let (versions_behind, tag_hash) = evidence(&found, current);
        Judged {
            versions_behind,
            tag_hash,
            ..self.judged(MethodClass::Write, Decided::Refused, request.waited)
        }
    }

    /// A write that carries no precondition at all.
    fn may_go_without(&self, method: &Method) -> Result<Option<Field>, Refusal> {
        if self.options.writes.requires(method) {
            Err(Refusal::of(Some(Field::IfMatch), Reason::Missing))
        } else {
            Ok(None)
        }
    }

    fn refusal(
        &self,
        method: &Method,
        preconditions: &Preconditions<'_>,
        current: &Current,
    ) -> Option<Refusal> {
        let decision = preconditions.evaluate(current);
        if let Some(field) = preconditions.malformed_beside(decision) {
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
        match decision {
            Decision::PreconditionFailed(failed) => Some(failed.into()),
            Decision::Malformed(field) => Some(self.malformed(field)),
            Decision::Proceed | Decision::IgnoreRange | Decision::NotModified => {
                unguarded.map(|(field, reason)| Refusal::of(Some(field), reason))
            }
        }
    }

    /// A write that passes unjudged; one with preconditions is reported if it succeeds that way. Its handler may
    /// speak of the new state all the same.
    pub(crate) fn write_unjudged(&self, request: &mut Incoming) -> After {
        let head = &mut request.head;
        let judged_further_out = head.extensions.get::<Checked>().is_some();
        let mut written = Written::unjudged(&head.method);
        if request.given.any_for_writes() && !judged_further_out && self.options.observer.is_on() {
            written.awaits = Some(awaits_judgement(head));
        }
        After::Write(written)
    }
}

/// A layer further out let this write pass unjudged: it is judged now.
fn settle(head: &Parts) {
    if let Some(awaits) = head.extensions.get::<AwaitsJudgement>() {
        awaits.settle();
    }
}

/// One mark for all layers that let the request pass: whoever judges it settles the matter for all of them.
fn awaits_judgement(head: &mut Parts) -> AwaitsJudgement {
    let further_out = head.extensions.get::<AwaitsJudgement>();
    let awaits = further_out.cloned().unwrap_or_default();
    head.extensions.insert(awaits.clone());
    awaits
}
