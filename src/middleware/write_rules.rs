//! The rules of a write, each a plain function: whether it must be evaluated, why it is refused, and what its handler learns.
use http::Method;
use http::request::Parts;

use super::LookedUp;
use super::checked::{AwaitsEvaluation, Checked};
use super::evaluation::Evaluation;
use super::observe::evidence;
use super::on_response::{OnResponse, WriteInFlight};
use super::options::Options;
use super::request::{Incoming, outer_lock};
use crate::field::Field;
use crate::lock::HeldLock;
use crate::method_class::MethodClass;
use crate::refusal::Refusal;
use crate::representation::Absent;
use crate::source::Found;
use crate::{Current, Decision, Preconditions, Reason};

impl Options {
    /// Evaluates the preconditions of a write. Returns the precondition that was satisfied, if the request carries one.
    ///
    /// # Errors
    ///
    /// The handler must not run: the refusal is a 400, 428 or 412.
    pub(crate) fn evaluate_write(
        &self,
        request: &Incoming,
        current: &Current,
    ) -> Result<Option<Field>, Refusal> {
        if matches!(current, Current::Delegated) {
            return Ok(None);
        }
        mark_evaluated(&request.head);
        if !request.given.any() {
            return self.without_any(&request.head.method, current);
        }
        if self.own_weak_tag(current.representation()).is_some() && request.given.any_for_writes() {
            return Err(Refusal::of(None, Reason::Source));
        }
        let found = self.preconditions(MethodClass::Write, request);
        let found = found.accept_rewritten_tags(self.writes.rewrites);
        match self.refusal(&request.head.method, &found, current) {
            None => Ok(found.guarding_field()),
            Some(refusal) => Err(refusal),
        }
    }

    /// Whether this write is looked up and takes the lock.
    pub(crate) fn guards(&self, request: &Incoming) -> bool {
        let always = self.writes.always_guards(&request.head.method);
        self.looks_up && (always || request.given.any_for_writes())
    }

    /// Whether a write must not run without evaluation.
    pub(super) fn must_evaluate(&self, request: &Incoming) -> bool {
        request.given.any_for_writes() || self.writes.requires(&request.head.method)
    }

    /// Prepares a write for its handler, and says what to do with the handler's response. The handler finds in
    /// [`Checked`] the state that the preconditions were evaluated against.
    pub(crate) fn prepare_write(
        &self,
        request: &mut Incoming,
        found: &mut Found,
        satisfied: Option<Field>,
        lock: Option<HeldLock>,
    ) -> OnResponse {
        LookedUp::hand_over(found, &mut request.head.extensions);
        // A write that recovers has waited: the waiting future takes the mark off.
        let recovers = self.recovery_for(&request.head).is_some();
        if matches!(found.current, Current::Delegated) {
            let mut on_response = self.pass_unevaluated_write(request);
            on_response.recover_if(recovers);
            return on_response;
        }
        let head = &mut request.head;
        // An outer layer may hold the lock that this one did not take.
        let lock = lock.or_else(|| outer_lock(head).cloned());
        let is_put = head.method == Method::PUT;
        let expected_to_fail = match (satisfied, &found.current) {
            (Some(Field::IfMatch), Current::Absent(_)) => true,
            // Only therefore it passes without a precondition.
            (None, Current::Absent(Absent::WillFail)) => {
                let writes = &self.writes;
                writes.requires(&head.method) && !writes.asks_whether_exists(&head.method)
            }
            _ => false,
        };
        let checked = Checked::new(found.take_current(), satisfied, lock.clone());
        head.extensions.insert(checked);
        let mut event = request.event.take();
        if let Some(event) = &mut event {
            event.field = satisfied;
        }
        OnResponse::Write(WriteInFlight {
            lock,
            is_put,
            event,
            awaits: None,
            expected_to_fail,
            recovers,
        })
    }

    /// The event of a write that is not performed. Not inlined, because it is made for an observer only.
    #[cold]
    #[inline(never)]
    pub(crate) fn not_performed(
        &self,
        begun: Evaluation,
        request: &Incoming,
        current: &Current,
    ) -> Evaluation {
        let found = self.preconditions(MethodClass::Write, request);
        let (versions_behind, tag_hash) = evidence(&found, current, self.sends_weak_tags);
        Evaluation {
            versions_behind,
            tag_hash,
            error: self.own_weak_tag(current.representation()).map(Into::into),
            ..begun
        }
    }

    /// A write without preconditions: 428 if the policy requires one.
    fn without_any(&self, method: &Method, current: &Current) -> Result<Option<Field>, Refusal> {
        if self.writes.requires_on(method, current) {
            Err(Refusal::of(Some(Field::IfMatch), Reason::Missing))
        } else {
            Ok(None)
        }
    }

    /// Why the write must not run, if it must not. A malformed field comes first (400), then a missing precondition (428),
    /// then a failed one (412), and last a date that does not count (428).
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
        let unguarded = self.writes.unguarded(method, preconditions, current);
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

    /// Lets a write go to its handler without evaluation. If it has preconditions and succeeds all the same, the observer
    /// gets an event. The handler may state the new version in any case.
    pub(crate) fn pass_unevaluated_write(&self, request: &mut Incoming) -> OnResponse {
        let head = &mut request.head;
        let evaluated_by_outer_layer = head.extensions.get::<Checked>().is_some();
        let mut write = WriteInFlight::unevaluated(&head.method, request.event.take());
        if request.given.any_for_writes() && !evaluated_by_outer_layer && write.event.is_some() {
            write.awaits = Some(mark_as_awaiting_evaluation(head));
        }
        OnResponse::Write(write)
    }
}

/// Tells the outer layers that let this write pass that it is evaluated now.
fn mark_evaluated(head: &Parts) {
    if let Some(awaits) = head.extensions.get::<AwaitsEvaluation>() {
        awaits.mark_evaluated();
    }
}

/// Marks a write that passes without evaluation. All layers that it passes share one mark, so that the layer that
/// evaluates it clears the mark for all.
fn mark_as_awaiting_evaluation(head: &mut Parts) -> AwaitsEvaluation {
    let outer = head.extensions.get::<AwaitsEvaluation>();
    let awaits = outer.cloned().unwrap_or_default();
    head.extensions.insert(awaits.clone());
    awaits
}
