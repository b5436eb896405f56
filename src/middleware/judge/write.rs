//! The first moment of a write.

use http::Method;
use http::request::Parts;

use super::{After, RefusedWrite, Waited, WritePlan, Written, outer_lock};
use crate::field::{Field, Given};
use crate::middleware::checked::{AwaitsJudgement, Checked};
use crate::middleware::observe::{Judged, Verdict, evidence};
use crate::middleware::options::Shared;
use crate::middleware::write_lock::HeldLock;
use crate::refusal::Refusal;
use crate::source::ValidatorSource;
use crate::{Current, Decision, MethodClass, Preconditions, Reason};

impl<V: ValidatorSource> Shared<V> {
    /// A write: 400, 428 or 412 at once, or the handler, which learns what the judgement rested on.
    pub(crate) fn judge_write(
        &self,
        head: &mut Parts,
        given: Given,
        current: Current,
        lock: Option<HeldLock>,
        waited: Waited,
    ) -> WritePlan {
        let mut current = current;
        match &mut current {
            Current::Delegated => return WritePlan::Run(self.write_unjudged(head, given)),
            Current::Present(representation) => self.clamp(representation),
            Current::Absent(_) | Current::Unknown => {}
        }
        let mut judged = self.judged(MethodClass::Write, Verdict::Proceeded, waited);
        let found = self.preconditions(MethodClass::Write, head, given);
        let found = found.tolerating(self.options.writes.rewrites.as_deref());
        if let Some(refusal) = self.refusal(&head.method, &found, &current) {
            if self.options.observer.is_on() {
                (judged.versions_behind, judged.tag_hash) = evidence(&found, &current);
            }
            return WritePlan::Refuse(RefusedWrite {
                refusal,
                current,
                judged,
            });
        }
        let held_by = found.guarding_field();
        self.settle(head);
        // A layer further out may hold a lock that this one did not take.
        let lock = lock.or_else(|| outer_lock(head).cloned());
        let is_put = head.method == Method::PUT;
        let checked = Checked::new(current, held_by, lock.clone());
        head.extensions.insert(checked);
        WritePlan::Run(After::Write(Written {
            lock,
            is_put,
            judged: self.to_report(held_by, judged),
            awaits: None,
        }))
    }

    fn to_report(&self, held_by: Option<Field>, judged: Judged) -> Option<Box<Judged>> {
        let looked_at = held_by.is_some() && self.options.observer.is_on();
        looked_at.then(|| {
            Box::new(Judged {
                field: held_by,
                ..judged
            })
        })
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
    pub(crate) fn write_unjudged(&self, head: &mut Parts, given: Given) -> After {
        let judged_further_out = head.extensions.get::<Checked>().is_some();
        let mut written = Written::unjudged(&head.method);
        if given.any_for_writes() && !judged_further_out && self.options.observer.is_on() {
            written.awaits = Some(awaits_judgement(head));
        }
        After::Write(written)
    }

    /// A layer further out let this write pass unjudged: it is judged now.
    fn settle(&self, head: &Parts) {
        if let Some(awaits) = head.extensions.get::<AwaitsJudgement>() {
            awaits.settle();
        }
    }
}

/// One mark for all layers that let the request pass: whoever judges it settles the matter for all of them.
fn awaits_judgement(head: &mut Parts) -> AwaitsJudgement {
    let further_out = head.extensions.get::<AwaitsJudgement>();
    let awaits = further_out.cloned().unwrap_or_default();
    head.extensions.insert(awaits.clone());
    awaits
}
