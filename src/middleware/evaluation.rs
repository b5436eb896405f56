//! The record of one evaluated request, for the application's hook.

use std::sync::Arc;
use std::time::Duration;

use http::{Extensions, StatusCode};

use crate::Reason;
use crate::field::Field;
use crate::method_class::MethodClass;
use crate::refusal::Refusal;
use crate::source::untagged::Untagged;

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
    /// many nanoseconds, where they are tags of [times](crate::EntityTag::from_time).
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
    pub(super) fn new(class: MethodClass, extensions: &Extensions) -> Self {
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
