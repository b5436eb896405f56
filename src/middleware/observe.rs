//! The observer: one event for each evaluated request.

use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use http::Extensions;

use super::evaluation::{Evaluation, Outcome, Phase};
use crate::method_class::MethodClass;
use crate::source::untagged::Untagged;
use crate::{Current, EntityTag, Preconditions};

/// The level of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Severity {
    Error,
    Warn,
    Info,
    Debug,
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
pub(crate) struct Observer {
    hook: Option<Hook>,
    /// Whether a response that a compressor has encoded was reported. Clones of a layer share it.
    has_warned: Arc<AtomicBool>,
}

type Hook = Arc<dyn Fn(&Evaluation) + Send + Sync>;

impl Observer {
    pub(crate) fn new(hook: impl Fn(&Evaluation) + Send + Sync + 'static) -> Self {
        Self {
            hook: Some(Arc::new(hook)),
            has_warned: Arc::default(),
        }
    }

    /// Begins the event of a request, if there is a hook or a subscriber. Only then is time measured.
    #[inline]
    pub(crate) fn begin(
        &self,
        class: MethodClass,
        extensions: &Extensions,
    ) -> Option<Box<Evaluation>> {
        if self.listens_to(Severity::Error) {
            Some(begun(class, extensions))
        } else {
            None
        }
    }

    /// Whether there is a hook, or a subscriber for events of this level.
    fn listens_to(&self, severity: Severity) -> bool {
        self.hook.is_some() || is_traced(severity)
    }

    /// Completes a copy of the event, and gives it to the hook and to `tracing`, if they listen to its level. The same
    /// request may be reported once more.
    #[inline]
    pub(crate) fn emit(
        &self,
        severity: Severity,
        begun: Option<&Evaluation>,
        complete: impl FnOnce(Evaluation) -> Evaluation,
    ) {
        if let Some(begun) = begun {
            self.emit_begun(severity, begun, complete);
        }
    }

    /// Out of line, because most requests have no event.
    #[cold]
    #[inline(never)]
    fn emit_begun(
        &self,
        severity: Severity,
        begun: &Evaluation,
        complete: impl FnOnce(Evaluation) -> Evaluation,
    ) {
        if !self.listens_to(severity) {
            return;
        }
        let evaluation = complete(begun.clone());
        #[cfg(feature = "tracing")]
        trace(severity, &evaluation);
        if let Some(hook) = &self.hook {
            hook(&evaluation);
        }
    }

    /// Reports a response without a tag. The first one that a compressor has encoded is a warning: the layer stands in the
    /// wrong place, and no browser gets a tag.
    pub(crate) fn emit_not_tagged(&self, begun: &Evaluation, why: Untagged) {
        let is_misplaced = why == Untagged::ContentCoding;
        let warns = is_misplaced && !self.has_warned.swap(true, Ordering::Relaxed);
        let severity = if warns {
            Severity::Warn
        } else {
            Severity::Debug
        };
        self.emit(severity, Some(begun), |begun| Evaluation {
            outcome: Outcome::NotTagged(why),
            phase: Phase::After,
            ..begun
        });
    }
}

/// Out of line, because most requests have no event.
#[cold]
#[inline(never)]
fn begun(class: MethodClass, extensions: &Extensions) -> Box<Evaluation> {
    Box::new(Evaluation::new(class, extensions))
}

/// The time now, if the request has an event.
pub(crate) fn start(event: &Option<Box<Evaluation>>) -> Option<Instant> {
    event.is_some().then(Instant::now)
}

impl fmt::Debug for Observer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Observer")
            .field("is_on", &self.listens_to(Severity::Error))
            .finish()
    }
}

/// Whether a subscriber takes our events of this level.
#[cfg(feature = "tracing")]
fn is_traced(severity: Severity) -> bool {
    use tracing::{Level, enabled};
    match severity {
        Severity::Error => enabled!(target: "tower_conditional", Level::ERROR),
        Severity::Warn => enabled!(target: "tower_conditional", Level::WARN),
        Severity::Info => enabled!(target: "tower_conditional", Level::INFO),
        Severity::Debug => enabled!(target: "tower_conditional", Level::DEBUG),
    }
}

#[cfg(not(feature = "tracing"))]
const fn is_traced(_: Severity) -> bool {
    false
}

/// Emits the `tracing` event. Its field names and values are stable.
#[cfg(feature = "tracing")]
fn trace(severity: Severity, evaluation: &Evaluation) {
    macro_rules! event {
        ($level:ident, $message:literal) => {
            tracing::$level!(
                target: "tower_conditional",
                decision = evaluation.outcome.as_str(),
                status = evaluation.status().map(|status| status.as_u16()),
                reason = evaluation.reason_str(),
                field = evaluation.field.map(|field| field.as_str()),
                route = evaluation.route(),
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
    let is_not_tagged = matches!(evaluation.outcome, Outcome::NotTagged(_));
    match severity {
        Severity::Error if evaluation.outcome == Outcome::Unevaluated => {
            event!(error, "a conditional write succeeded without evaluation")
        }
        Severity::Error => event!(error, "a write could not be checked, and was not performed"),
        Severity::Warn if is_not_tagged => event!(
            warn,
            "a compressor inside of the layer: what it encodes has no tag; put the layer inside of the compressor"
        ),
        Severity::Warn if evaluation.outcome == Outcome::SourceFailed => {
            event!(warn, "the validators could not be looked up")
        }
        Severity::Warn => event!(
            warn,
            "the source has weak tags, so that no write can be checked"
        ),
        Severity::Info => event!(info, "a request was refused"),
        Severity::Debug if is_not_tagged => event!(debug, "a response has no tag"),
        Severity::Debug => event!(debug, "a request was evaluated"),
    }
}

#[cfg(feature = "tracing")]
fn micros(duration: std::time::Duration) -> u64 {
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

#[cfg(all(test, feature = "tracing"))]
mod levels {
    use std::sync::atomic::AtomicUsize;

    use tracing::subscriber;
    use tracing_subscriber::filter::LevelFilter;
    use tracing_subscriber::layer::SubscriberExt;

    use super::*;

    /// How often an event of this severity was completed, with a subscriber of this level. Completing is what costs: the
    /// evidence of a 412, for example.
    fn completed(level: LevelFilter, severity: Severity) -> usize {
        let count = AtomicUsize::new(0);
        let listening = tracing_subscriber::registry().with(level);
        subscriber::with_default(listening, || {
            let observer = Observer::default();
            let event = observer.begin(MethodClass::Write, &Extensions::new());
            observer.emit(severity, event.as_deref(), |begun| {
                count.fetch_add(1, Ordering::Relaxed);
                begun
            });
        });
        count.into_inner()
    }

    #[test]
    fn an_event_is_made_only_if_somebody_listens_to_its_level() {
        for (level, severity, expected) in [
            (LevelFilter::OFF, Severity::Error, 0),
            (LevelFilter::OFF, Severity::Info, 0),
            (LevelFilter::ERROR, Severity::Error, 1),
            (LevelFilter::ERROR, Severity::Info, 0),
            (LevelFilter::INFO, Severity::Info, 1),
            (LevelFilter::INFO, Severity::Debug, 0),
            (LevelFilter::DEBUG, Severity::Debug, 1),
        ] {
            assert_eq!(completed(level, severity), expected, "{level} {severity:?}");
        }
    }
}
