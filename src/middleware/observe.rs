//! The observer: one event for each evaluated request.

use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use http::{Extensions, StatusCode};

use crate::field::Field;
use crate::method_class::MethodClass;
use crate::refusal::Refusal;
use crate::source::untagged::Untagged;
use crate::{Current, EntityTag, Preconditions, Reason};

/// The event of one request, as the hook of [`ConditionalLayer::observe`](crate::ConditionalLayer::observe) gets it.
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
///         let (route, reason) = (evaluation.route(), evaluation.reason_str());
///         println!("refused: {route:?} {reason:?}, {:?} behind", evaluation.versions_behind);
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
    pub(super) route: Route,
}

/// What a request is counted under.
#[derive(Clone, Debug, Default)]
pub(super) enum Route {
    #[default]
    Unknown,
    /// The route that axum has matched.
    #[cfg(feature = "axum")]
    Matched(axum::extract::MatchedPath),
    /// The kind of resource that the source names.
    Kind(&'static str),
}

impl Route {
    #[cfg(feature = "axum")]
    fn of(extensions: &Extensions) -> Self {
        let matched = extensions.get::<axum::extract::MatchedPath>();
        matched.map_or_else(Self::default, |path| Self::Matched(path.clone()))
    }

    #[cfg(not(feature = "axum"))]
    fn of(_: &Extensions) -> Self {
        Self::default()
    }
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
    /// The response to a read has no entity tag, although the source makes tags from bodies. Clients cannot revalidate it.
    ///
    /// Also reported for reads without preconditions.
    NotTagged(Untagged),
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
            Self::NotTagged(_) => "not_tagged",
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
    /// The event of a request that has just arrived.
    fn new(class: MethodClass, extensions: &Extensions) -> Self {
        Self {
            class,
            outcome: Outcome::Proceeded,
            field: None,
            reason: None,
            phase: Phase::Before,
            lock_wait: Duration::ZERO,
            look_up: Duration::ZERO,
            versions_behind: None,
            tag_hash: None,
            error: None,
            route: Route::of(extensions),
        }
    }

    /// The label of the route, so that one hook can count the requests of many routes: with the feature `axum` the path of
    /// the route that the router has matched, such as `/notes/{id}`; without a matched route the kind of resource that the
    /// source names ([`named`](crate::ValidatorSource::named)).
    ///
    /// `None` if axum has matched no route (the layer is around a finished router, the request went to a fallback), and the
    /// source has not identified a resource or does not name it.
    ///
    /// ```
    /// use tower_conditional::source::InMemoryVersions;
    /// use tower_conditional::{ConditionalLayer, ValidatorSource};
    ///
    /// let layer = ConditionalLayer::new(InMemoryVersions::new().named("notes")).observe(|evaluation| {
    ///     let route = evaluation.route().unwrap_or("other");
    ///     println!("{route}: {}", evaluation.outcome.as_str());
    /// });
    /// # let _ = layer;
    /// ```
    #[doc(alias("MatchedPath", "label"))]
    #[must_use]
    pub fn route(&self) -> Option<&str> {
        match &self.route {
            Route::Unknown => None,
            #[cfg(feature = "axum")]
            Route::Matched(path) => Some(path.as_str()),
            Route::Kind(kind) => Some(kind),
        }
    }

    /// The stable name of the reason: why the request was refused, or why the response has no tag.
    ///
    /// ```
    /// use tower_conditional::{BodyHash, ConditionalLayer};
    ///
    /// let layer = ConditionalLayer::new(BodyHash::strong()).observe(|evaluation| {
    ///     // refused: Some("stale"); not_tagged: Some("over_limit"); proceeded: None
    ///     println!("{}: {:?}", evaluation.outcome.as_str(), evaluation.reason_str());
    /// });
    /// # let _ = layer;
    /// ```
    #[must_use]
    pub fn reason_str(&self) -> Option<&'static str> {
        match self.outcome {
            Outcome::NotTagged(why) => Some(why.as_str()),
            _ => self.reason.map(Reason::as_str),
        }
    }

    /// The status that the client gets in place of the handler's: 304, 400, 412, 428 or 503. `None` if the handler answers.
    ///
    /// An application that words refusals itself ([`refuse_with`](crate::ConditionalLayer::refuse_with)) may send another one.
    ///
    /// ```
    /// use tower_conditional::{BodyHash, ConditionalLayer};
    ///
    /// let layer = ConditionalLayer::new(BodyHash::strong()).observe(|evaluation| {
    ///     if let Some(status) = evaluation.status() {
    ///         println!("{}: {:?}", status.as_u16(), evaluation.reason_str()); // 412: Some("stale")
    ///     }
    /// });
    /// # let _ = layer;
    /// ```
    #[must_use]
    pub fn status(&self) -> Option<StatusCode> {
        match self.outcome {
            Outcome::NotModified => Some(StatusCode::NOT_MODIFIED),
            Outcome::Refused => {
                let refusal = self.reason.map(|reason| Refusal::of(self.field, reason));
                refusal.map(Refusal::status)
            }
            _ => None,
        }
    }

    /// Sets the kind of resource as the label, if axum has matched no route. `""` is no kind.
    pub(crate) fn set_kind(&mut self, kind: &'static str) {
        if !kind.is_empty() && matches!(self.route, Route::Unknown) {
            self.route = Route::Kind(kind);
        }
    }
}

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
                field = evaluation.field.map(Field::as_str),
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
