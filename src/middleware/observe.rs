//! The observer: one event for each evaluated request.

use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use crate::field::Field;
use crate::method_class::MethodClass;
use crate::{Current, EntityTag, Preconditions, Reason};

/// The event of one evaluated request, as the hook of [`ConditionalLayer::observe`](crate::ConditionalLayer::observe) gets it.
///
/// It holds no tags: a tag can identify a user.
///
/// # Examples
///
/// ```
/// use tower_conditional::source::InMemoryVersions;
/// use tower_conditional::observe::Outcome;
/// use tower_conditional::ConditionalLayer;
///
/// let layer = ConditionalLayer::new(InMemoryVersions::new()).observe(|evaluation| {
///     if evaluation.outcome == Outcome::Refused {
///         let (field, reason) = (evaluation.field, evaluation.reason.map(|reason| reason.as_str()));
///         println!("refused: {field:?} {reason:?}, {:?} behind", evaluation.versions_behind);
///     }
/// });
/// # let _ = layer;
/// ```
#[doc(alias("event", "metrics"))]
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Evaluation {
    /// The class of the method: read or write.
    pub class: MethodClass,
    /// What was done.
    pub outcome: Outcome,
    /// The conditional header that failed or is missing; of a request that proceeded, the one that was satisfied.
    pub field: Option<Field>,
    /// Why the request was refused. `Absent` on an [`Unevaluated`](Outcome::Unevaluated) write to a target that does not
    /// exist.
    pub reason: Option<Reason>,
    /// Whether the request was evaluated before its handler ran or after it.
    pub phase: Phase,
    /// How long the request waited for the write lock.
    pub lock_wait: Duration,
    /// How long the request waited for the source.
    pub look_up: Duration,
    /// How many versions the client was behind, where its tag and the current one are version tags of one epoch; how
    /// many nanoseconds, where they are tags of [times](EntityTag::from_time).
    pub versions_behind: Option<u64>,
    /// A short hash of the first tag in If-Match, keyed for each process. A value that repeats is a tag that a client has
    /// hard-coded. The tag cannot be computed from it.
    pub tag_hash: Option<u32>,
    /// The error of a source or lock that failed, or of a source with weak tags under
    /// [`send_weak_tags`](crate::ConditionalLayer::send_weak_tags). It never reaches the client.
    pub error: Option<Arc<str>>,
}

/// What was done with a request. The [`Decision`](crate::Decision) is what evaluation says; this is what came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Outcome {
    /// The preconditions were satisfied, and the handler was called.
    Proceeded,
    /// The client got a 304.
    NotModified,
    /// The client got a 400, 412, 428 or 503. The reason says which.
    Refused,
    /// A conditional write succeeded (2xx) although no precondition was satisfied. A lost update may have happened.
    ///
    /// Either nobody evaluated the preconditions. Or, with the reason [`Absent`](Reason::Absent), the write carried If-Match,
    /// the source said that the target does not exist, and the handler did not answer 404.
    Unevaluated,
    /// The source failed, and the read went to its handler without evaluation.
    SourceFailed,
    /// A write that would have been refused had taken effect before, and got the answer of its first attempt.
    AlreadyApplied,
}

impl Outcome {
    /// The stable name for logs and metrics, such as `not_modified`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Proceeded => "proceeded",
            Self::NotModified => "not_modified",
            Self::Refused => "refused",
            Self::Unevaluated => "unevaluated",
            Self::SourceFailed => "source_failed",
            Self::AlreadyApplied => "already_applied",
        }
    }
}

/// When a request was evaluated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(clippy::exhaustive_enums, reason = "there are two phases")]
pub enum Phase {
    /// Before the handler ran, against the state that the source looked up.
    Before,
    /// After the handler ran, against its response.
    After,
}

impl Phase {
    /// `before` or `after`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Before => "before",
            Self::After => "after",
        }
    }
}

impl Evaluation {
    pub(crate) const fn new(class: MethodClass, phase: Phase) -> Self {
        Self {
            class,
            outcome: Outcome::Proceeded,
            field: None,
            reason: None,
            phase,
            lock_wait: Duration::ZERO,
            look_up: Duration::ZERO,
            versions_behind: None,
            tag_hash: None,
            error: None,
        }
    }
}

/// How many versions the first tag of If-Match is behind, and its hash. The tag itself is not kept.
pub(crate) fn evidence(
    preconditions: &Preconditions<'_>,
    current: &Current,
    sends_weak_tags: bool,
) -> (Option<u64>, Option<u32>) {
    static KEY: OnceLock<RandomState> = OnceLock::new();
    let Some(mut sent) = preconditions.first_tag() else {
        return (None, None);
    };
    if sends_weak_tags {
        sent = sent.to_strong();
    }
    let hash = KEY.get_or_init(RandomState::new).hash_one(sent.as_bytes());
    let behind = current.representation().and_then(|current| {
        let ours = current
            .entity_tag()
            .filter(|ours| ours.epoch() == sent.epoch())?;
        behind(ours, &sent)
    });
    (behind, u32::try_from(hash >> 32).ok())
}

/// How many versions `sent` is behind `ours`. Either may be below zero, or above the greatest `i64`.
fn behind(ours: &EntityTag, sent: &EntityTag) -> Option<u64> {
    u64::try_from(ours.number()?.checked_sub(sent.number()?)?).ok()
}

/// The hook, if there is one, and the tracing event, if the feature is on.
#[derive(Clone, Default)]
pub(crate) struct Observer(Option<Hook>);

type Hook = Arc<dyn Fn(&Evaluation) + Send + Sync>;

impl Observer {
    pub(crate) fn new(hook: impl Fn(&Evaluation) + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(hook)))
    }

    /// Whether there is a hook or a subscriber. Only then is time measured.
    pub(crate) fn is_on(&self) -> bool {
        self.0.is_some() || is_traced()
    }

    /// The time now, if there is a hook or a subscriber.
    pub(crate) fn start(&self) -> Option<Instant> {
        self.is_on().then(Instant::now)
    }

    /// Makes the event and gives it to the hook and to `tracing`, if either is there.
    pub(crate) fn emit(&self, evaluation: impl FnOnce() -> Evaluation) {
        if !self.is_on() {
            return;
        }
        let evaluation = evaluation();
        #[cfg(feature = "tracing")]
        trace(&evaluation);
        if let Some(hook) = &self.0 {
            hook(&evaluation);
        }
    }
}

impl fmt::Debug for Observer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Observer")
            .field("is_on", &self.is_on())
            .finish()
    }
}

/// Whether a subscriber takes our events of the highest level.
#[cfg(feature = "tracing")]
fn is_traced() -> bool {
    tracing::enabled!(target: "tower_conditional", tracing::Level::ERROR)
}

#[cfg(not(feature = "tracing"))]
const fn is_traced() -> bool {
    false
}

/// Emits the `tracing` event. Its field names and values are stable.
#[cfg(feature = "tracing")]
fn trace(evaluation: &Evaluation) {
    macro_rules! event {
        ($level:ident, $message:literal) => {
            tracing::$level!(
                target: "tower_conditional",
                decision = evaluation.outcome.as_str(),
                reason = evaluation.reason.map(Reason::as_str),
                field = evaluation.field.map(Field::as_str),
                class = evaluation.class.as_str(),
                moment = evaluation.phase.as_str(),
                lock_wait_us = micros(evaluation.lock_wait),
                look_up_us = micros(evaluation.look_up),
                versions_behind = evaluation.versions_behind,
                tag_hash = evaluation.tag_hash,
                error = evaluation.error.as_deref(),
                $message
            )
        };
    }
    match evaluation.outcome {
        Outcome::Unevaluated => event!(error, "a conditional write succeeded without evaluation"),
        Outcome::SourceFailed => event!(warn, "the validators could not be looked up"),
        Outcome::Refused if evaluation.error.is_some() => {
            event!(error, "a write could not be checked, and was not performed")
        }
        Outcome::Refused => event!(info, "a request was refused"),
        Outcome::Proceeded | Outcome::NotModified if evaluation.error.is_some() => {
            event!(
                warn,
                "the source has weak tags, so that no write can be checked"
            )
        }
        Outcome::Proceeded | Outcome::NotModified | Outcome::AlreadyApplied => {
            event!(debug, "a request was evaluated")
        }
    }
}

#[cfg(feature = "tracing")]
fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_may_be_behind_by_versions_below_zero_and_above_all_signed_ones() {
        let tag = |version: i64| EntityTag::from_version(version);
        assert_eq!(behind(&tag(5), &tag(-1)), Some(6));
        assert_eq!(behind(&tag(-3), &tag(-4)), Some(1));
        assert_eq!(behind(&tag(-1), &tag(5)), None, "ahead");
        let greatest = EntityTag::from_version(u64::MAX);
        assert_eq!(behind(&greatest, &tag(0)), Some(u64::MAX));
        assert_eq!(
            behind(&greatest, &tag(-1)),
            None,
            "further than can be said"
        );
        assert_eq!(behind(&greatest, &EntityTag::from_static("\"x\"")), None);
    }
}
