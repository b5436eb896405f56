//! The policy of a route for its writes: whether a precondition is required, which lock is taken, what is accepted.

use std::fmt;
use std::future::Future;
use std::sync::Arc;

use bytes::Bytes;
use http::request::Parts;
use http::{Method, Response};

use super::recovery::AlreadyApplied;
use crate::field::Field;
use crate::lock::{WriteKey, WriteLock};
use crate::representation::Absent;
use crate::rewritten_tag::RewrittenTags;
use crate::tag_list::ListForm;
use crate::{Current, Preconditions, Reason, Representation};

/// Which write lock a route takes.
#[derive(Clone)]
pub(crate) enum LockChoice {
    /// The layer's own lock, or the one of the process if the source names its kind of resource.
    Own,
    Custom(Arc<dyn WriteLock>),
    None,
}

/// Makes the further keys of a write from its head.
type KeysFn = Arc<dyn Fn(&Parts) -> Vec<WriteKey> + Send + Sync>;

/// How writes are guarded on a route. The default requires no precondition, and takes the write lock.
///
/// # Examples
///
/// ```
/// use tower_conditional::source::InMemoryVersions;
/// use tower_conditional::{ConditionalLayer, WritePolicy};
///
/// let layer = ConditionalLayer::new(InMemoryVersions::new()).writes(WritePolicy::required());
/// # let _ = layer;
/// ```
#[doc(alias("If-Match", "428", "412"))]
#[derive(Clone)]
pub struct WritePolicy {
    /// Whether a precondition is required for `methods`.
    pub(crate) required: bool,
    /// Whether `If-Match: *` and weak dates do not count.
    strict: bool,
    /// Whether a write to a target that does not exist needs no precondition.
    exempts_creation: bool,
    methods: Vec<Method>,
    /// Methods that take the lock also without preconditions.
    also_locked: Vec<Method>,
    pub(crate) lock: LockChoice,
    pub(crate) further_keys: Option<KeysFn>,
    pub(crate) max_waiters: usize,
    pub(crate) malformed_is_412: bool,
    /// Whether a 412 has the current validators.
    pub(crate) shows_validators: bool,
    /// How many bytes of a refused request's body are read.
    pub(crate) drain_limit: u64,
    /// The rewritten tags that the preconditions of writes may have.
    pub(crate) rewrites: Option<RewrittenTags>,
    /// Finds the answer of a first attempt that has taken effect.
    pub(crate) already_applied: Option<AlreadyApplied>,
}

impl WritePolicy {
    /// Evaluates preconditions that are sent, and requires none.
    #[must_use]
    pub fn optional() -> Self {
        Self {
            required: false,
            strict: false,
            exempts_creation: false,
            methods: vec![Method::PUT, Method::PATCH, Method::DELETE],
            also_locked: Vec::new(),
            lock: LockChoice::Own,
            further_keys: None,
            max_waiters: 4096,
            malformed_is_412: false,
            shows_validators: false,
            drain_limit: 0,
            rewrites: None,
            already_applied: None,
        }
    }

    /// Answers 428 to a PUT, PATCH or DELETE without a precondition
    /// ([RFC 6585, section 3](https://www.rfc-editor.org/rfc/rfc6585#section-3)).
    ///
    /// If-Match, `If-None-Match: *`, and an If-Unmodified-Since whose target has a modification date are accepted. Requests
    /// that the source leaves to the handler ([`Current::Delegated`]) need none: the handler can call
    /// [`Preconditions::require`]. Those that can only be answered 404
    /// ([`update_only`](crate::ValidatorSource::update_only)) need none.
    #[doc(alias("If-Match", "428"))]
    #[must_use]
    pub fn required() -> Self {
        Self {
            required: true,
            ..Self::optional()
        }
    }

    /// As [`required`](Self::required), but without the preconditions that do not prevent a lost update.
    ///
    /// `If-Match: *` does not count. If-Unmodified-Since counts only if the date is strong, because two changes within one
    /// second may share a date ([RFC 9110, section 8.8.2.2](https://www.rfc-editor.org/rfc/rfc9110#section-8.8.2.2)). A
    /// source states a strong date by
    /// [`Representation::strong_last_modified`](crate::Representation::strong_last_modified).
    #[must_use]
    pub fn strictly_required() -> Self {
        Self {
            strict: true,
            ..Self::required()
        }
    }

    /// Requires a precondition for these methods, in place of PUT, PATCH and DELETE.
    ///
    /// ```
    /// use http::Method;
    /// use tower_conditional::WritePolicy;
    ///
    /// let policy = WritePolicy::required().require_for([Method::PUT, Method::POST]);
    /// # let _ = policy;
    /// ```
    #[doc(alias("428"))]
    #[must_use]
    pub fn require_for(mut self, methods: impl IntoIterator<Item = Method>) -> Self {
        self.required = true;
        self.methods = methods.into_iter().collect();
        self
    }

    /// Requires a precondition only where the target exists: a client may create it without one.
    ///
    /// The target is looked up before a precondition is asked for, so a 428 tells the client that the target exists, also if
    /// it may not read it: authenticate outside of the layer, or in the source. If the state is
    /// [unknown](Current::Unknown), a precondition is required; if the source fails, the write is answered 503.
    ///
    /// Of N clients that create one target without a precondition, the write lock lets one create it; the others get 428. The
    /// lock covers one process: on several, let the statement decide (`INSERT … ON CONFLICT DO NOTHING`) and return
    /// [`Checked::lost`](crate::Checked::lost) if it has inserted no row.
    ///
    /// ```
    /// use tower_conditional::WritePolicy;
    ///
    /// let policy = WritePolicy::required().exempt_creation();
    /// # let _ = policy;
    /// ```
    #[doc(alias("428", "upsert", "If-None-Match"))]
    #[must_use]
    pub const fn exempt_creation(mut self) -> Self {
        self.exempts_creation = true;
        self
    }

    /// Takes this write lock in place of the layer's own, such as one that works across machines.
    ///
    /// The source must name its kind of resource ([`ValidatorSource::named`](crate::ValidatorSource::named)), which becomes a
    /// part of the lock's keys.
    #[must_use]
    pub fn use_lock(mut self, lock: impl WriteLock) -> Self {
        self.lock = LockChoice::Custom(Arc::new(lock));
        self
    }

    /// Takes no write lock. Then check and write are two steps, unless the handler's statement is a compare-and-swap.
    #[must_use]
    pub fn skip_lock(mut self) -> Self {
        self.lock = LockChoice::None;
        self
    }

    /// Locks further resources that a write changes beside its target. All keys are taken in a fixed order.
    ///
    /// The source must name its kind of resource ([`ValidatorSource::named`](crate::ValidatorSource::named)).
    ///
    /// An inner layer with the same lock takes only the keys that the outer layer does not hold. Name all keys in the outer
    /// layer: keys that are taken in two steps have no fixed order, and two such writes can deadlock.
    ///
    /// ```
    /// use tower_conditional::lock::WriteKey;
    /// use tower_conditional::WritePolicy;
    ///
    /// // A note is saved together with its folder, which the client names in a header.
    /// let policy = WritePolicy::required().lock_also(|head| {
    ///     let folder = head.headers.get("folder").and_then(|folder| folder.to_str().ok()?.parse::<i64>().ok());
    ///     folder.map(|folder| WriteKey::new("folders", &folder)).into_iter().collect()
    /// });
    /// # let _ = policy;
    /// ```
    #[must_use]
    pub fn lock_also(
        mut self,
        keys: impl Fn(&Parts) -> Vec<WriteKey> + Send + Sync + 'static,
    ) -> Self {
        self.further_keys = Some(Arc::new(keys));
        self
    }

    /// Takes the write lock for these methods also without preconditions.
    ///
    /// PUT, PATCH, DELETE and the methods that need a precondition always take it. A POST takes it only if it carries
    /// preconditions, or if it is named here.
    ///
    /// ```
    /// use http::Method;
    /// use tower_conditional::WritePolicy;
    ///
    /// let policy = WritePolicy::required().lock_for([Method::POST]);
    /// # let _ = policy;
    /// ```
    #[doc(alias("POST"))]
    #[must_use]
    pub fn lock_for(mut self, methods: impl IntoIterator<Item = Method>) -> Self {
        self.also_locked.extend(methods);
        self
    }

    /// Limits how many writes of this layer may wait for the lock of one resource (default 4,096). The next one is answered
    /// 503 (`lock`) at once.
    ///
    /// Each layer counts its own writes, also if two layers share a lock.
    ///
    /// The time that a write waits is not limited, because the crate has no timer. Put a timeout outside of the layer, or use
    /// a lock of your own that fails after some time.
    #[doc(alias("503", "timeout"))]
    #[must_use]
    pub const fn limit_waiters(mut self, writes: usize) -> Self {
        self.max_waiters = writes;
        self
    }

    /// Answers 412 in place of 400 to a write with a malformed If-Match or If-None-Match
    /// ([RFC 9110, section 13.1.1](https://www.rfc-editor.org/rfc/rfc9110#section-13.1.1)), for clients that expect only 412.
    ///
    /// A read with a malformed If-Match is still answered 400.
    #[doc(alias("400"))]
    #[must_use]
    pub const fn treat_malformed_as_failed(mut self) -> Self {
        self.malformed_is_412 = true;
        self
    }

    /// Sends the current validators in the 412 to a write. This saves a round trip, and invites clients to retry blindly.
    #[doc(alias("ETag"))]
    #[must_use]
    pub const fn show_validators(mut self) -> Self {
        self.shows_validators = true;
        self
    }

    /// Reads up to `limit` bytes of a refused request's body before answering (default 0). A client that is still sending
    /// then gets the 412, and not a broken connection. Not done for `Expect: 100-continue`.
    #[must_use]
    pub const fn read_refused_bodies(mut self, limit: u64) -> Self {
        self.drain_limit = limit;
        self
    }

    /// Answers a write with the 2xx of its first attempt, if that has already taken effect
    /// ([RFC 9110, section 13.1.1](https://www.rfc-editor.org/rfc/rfc9110#section-13.1.1)).
    ///
    /// The hook is called before a write is refused with 412 for its If-Match or If-Unmodified-Since. `None`, and any
    /// response that is not a 2xx, mean that the write is refused.
    ///
    /// Recognise the *attempt*, by a key that the client has chosen for it. Do not compare the state: if the resource is a
    /// lock or semaphore, a second client that asks for the same state would be told that it has acquired it.
    ///
    /// ```
    /// use http::Response;
    /// use tower_conditional::WritePolicy;
    ///
    /// # #[derive(Clone)] struct Attempts;
    /// # impl Attempts { async fn answer_to(&self, _: &[u8]) -> Option<Response<&'static str>> { None } }
    /// # let attempts = Attempts;
    /// let policy = WritePolicy::required().answer_if_applied(move |head, _current| {
    ///     let (attempts, key) = (attempts.clone(), head.headers.get("idempotency-key").cloned());
    ///     async move { attempts.answer_to(key?.as_bytes()).await }
    /// });
    /// # let _ = policy;
    /// ```
    #[doc(alias("retry", "Idempotency-Key"))]
    #[must_use]
    pub fn answer_if_applied<F, Fut, B>(mut self, hook: F) -> Self
    where
        F: Fn(&Parts, &Current) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Option<Response<B>>> + Send + 'static,
        B: Into<Bytes>,
    {
        self.already_applied = Some(AlreadyApplied::new(hook));
        self
    }

    /// Accepts rewritten tags in the preconditions of writes as the tags they were made from.
    #[doc(alias("gzip", "nginx"))]
    #[must_use]
    pub fn accept_rewritten_tags(mut self, rewrites: RewrittenTags) -> Self {
        self.rewrites = Some(rewrites);
        self
    }

    /// Why the request is answered 428. `None` if it carries a precondition that counts, or needs none.
    pub(crate) fn unguarded(
        &self,
        method: &Method,
        preconditions: &Preconditions<'_>,
        current: &Current,
    ) -> Option<(Field, Reason)> {
        if !self.requires_on(method, current) {
            return None;
        }
        let form = |field| preconditions.list_form(field);
        let exists = !matches!(current, Current::Absent(_));
        match (form(Field::IfMatch), form(Field::IfNoneMatch)) {
            // Nothing is lost where nothing is there, and nothing can be fetched.
            (Some(ListForm::Any), _) if self.strict && exists => {
                Some((Field::IfMatch, Reason::Wildcard))
            }
            (Some(ListForm::Any | ListForm::Tags), _) | (_, Some(ListForm::Any)) => None,
            _ if !exists || preconditions.date(Field::IfUnmodifiedSince).is_none() => {
                Some((Field::IfMatch, Reason::Missing))
            }
            _ if self.counts_date_of(current) => None,
            _ => Some((Field::IfUnmodifiedSince, Reason::Inapplicable)),
        }
    }

    /// Whether If-Unmodified-Since counts as a precondition under this policy.
    fn counts_date_of(&self, current: &Current) -> bool {
        let modified = current.representation().and_then(Representation::modified);
        modified.is_some_and(|modified| modified.strong || !self.strict)
    }

    /// Whether the source must name its kind of resource, because others use the same keys.
    pub(crate) const fn needs_named_resources(&self) -> bool {
        matches!(self.lock, LockChoice::Custom(_)) || self.further_keys.is_some()
    }

    /// Whether this method needs a precondition on a target in this state.
    pub(crate) fn requires_on(&self, method: &Method, current: &Current) -> bool {
        let is_exempt = match current {
            // It will be the handler's 404, with and without preconditions (section 13.2.1).
            Current::Absent(Absent::WillFail) => true,
            Current::Absent(_) => self.exempts_creation,
            _ => false,
        };
        self.requires(method) && !is_exempt
    }

    /// Whether a precondition for this method is required only where the target exists.
    pub(crate) fn asks_whether_exists(&self, method: &Method) -> bool {
        self.exempts_creation && self.requires(method)
    }

    /// Whether this method needs a precondition, on a target that exists.
    pub(crate) fn requires(&self, method: &Method) -> bool {
        self.required && self.methods.contains(method)
    }

    /// Whether this method takes the lock also without preconditions.
    pub(crate) fn always_guards(&self, method: &Method) -> bool {
        matches!(*method, Method::PUT | Method::PATCH | Method::DELETE)
            || self.requires(method)
            || self.also_locked.contains(method)
    }
}

impl Default for WritePolicy {
    fn default() -> Self {
        Self::optional()
    }
}

impl fmt::Debug for WritePolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WritePolicy")
            .field("required", &self.required)
            .field("strict", &self.strict)
            .field("methods", &self.methods)
            .field("locks", &!matches!(self.lock, LockChoice::None))
            .finish_non_exhaustive()
    }
}
