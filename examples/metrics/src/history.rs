//! What happened to saves in the last steps, for the picture.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tower_conditional::Reason;
use tower_conditional::observe::{Evaluation, Outcome};
use tower_conditional::precondition::Field;

use crate::counters::FAR_BEHIND;

/// How many steps are kept: a minute, where a step is a second.
pub(crate) const STEPS: usize = 60;

/// The last steps, of which the last one goes on. Clones share them.
#[derive(Clone)]
pub(crate) struct History(Arc<Mutex<VecDeque<Step>>>);

/// How often what happened, and what was done to the service then.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Step {
    counts: [u32; Save::ALL.len()],
    pub(crate) mark: Option<&'static str>,
}

/// What became of a save: what the picture tells apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Save {
    Done,
    /// 412, `stale`: somebody else has saved since.
    Stale,
    /// 412, `stale`, by so many versions that the client cannot have read lately.
    StaleForLong,
    OtherEpoch,
    WeakTag,
    RewrittenTag,
    /// 412 for another reason.
    OtherReason,
}

impl Save {
    pub(crate) const ALL: [Self; 7] = [
        Self::Done,
        Self::Stale,
        Self::StaleForLong,
        Self::OtherEpoch,
        Self::WeakTag,
        Self::RewrittenTag,
        Self::OtherReason,
    ];

    /// Nothing where the request was no save of what was read, and was not answered 412 either.
    fn of(evaluation: &Evaluation) -> Option<Self> {
        match (evaluation.outcome, evaluation.field, evaluation.reason) {
            (Outcome::Proceeded, Some(Field::IfMatch), _) => Some(Self::Done),
            (Outcome::Refused, _, Some(reason)) => {
                Self::refused(reason, evaluation.versions_behind)
            }
            _ => None,
        }
    }

    fn refused(reason: Reason, versions_behind: Option<u64>) -> Option<Self> {
        Some(match reason {
            Reason::Stale if versions_behind >= Some(FAR_BEHIND) => Self::StaleForLong,
            Reason::Stale => Self::Stale,
            Reason::OtherEpoch => Self::OtherEpoch,
            Reason::WeakTag => Self::WeakTag,
            Reason::RewrittenTag => Self::RewrittenTag,
            Reason::Absent | Reason::Exists | Reason::Modified | Reason::NoValidator => {
                Self::OtherReason
            }
            // 400, 428 or 503.
            _ => return None,
        })
    }
}

impl Step {
    pub(crate) fn count(&self, save: Save) -> u32 {
        self.counts[save as usize]
    }

    pub(crate) fn refused(&self) -> u32 {
        self.counts.iter().sum::<u32>() - self.count(Save::Done)
    }
}

impl History {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Mutex::new(VecDeque::from([Step::default()]))))
    }

    pub(crate) fn count(&self, evaluation: &Evaluation) {
        if let Some(save) = Save::of(evaluation) {
            self.change_last(|step| step.counts[save as usize] += 1);
        }
    }

    /// Writes into the picture what was done to the service.
    pub(crate) fn mark(&self, mark: &'static str) {
        self.change_last(|step| step.mark = Some(mark));
    }

    /// Ends a step, and begins the next one.
    pub(crate) fn next_step(&self) {
        let mut steps = self.lock();
        if steps.len() == STEPS {
            steps.pop_front();
        }
        steps.push_back(Step::default());
    }

    /// The steps until now, the oldest first.
    pub(crate) fn steps(&self) -> Vec<Step> {
        self.lock().iter().cloned().collect()
    }

    fn change_last(&self, change: impl FnOnce(&mut Step)) {
        self.lock().back_mut().map(change);
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Step>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
