//! What a route asks of writes: whether a precondition is required, how the lock is taken, what is tolerated.

use std::fmt;
use std::future::Future;
use std::sync::Arc;

use bytes::Bytes;
use http::request::Parts;
use http::{Method, Response};

use super::recovery::AlreadyApplied;
use crate::field::Field;
use crate::lock::{WriteKey, WriteLock};
use crate::rewritten_tag::RewrittenTags;
use crate::tag_list::ListForm;
use crate::{Current, Preconditions, Reason, Representation};

/// Which write lock a route takes.
#[derive(Clone)]
pub(crate) enum LockChoice {
    /// That of the layer, or that of the process where the source names its kind of resource.
    Own,
    Custom(Arc<dyn WriteLock>),
    None,
}

/// The further keys of a write, by its head.
type KeysFn = Arc<dyn Fn(&Parts) -> Vec<WriteKey> + Send + Sync>;

/// How writes are guarded on a route; the default requires nothing and holds the write lock.
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
    pub(crate) required: bool,
    strict: bool,
    methods: Vec<Method>,
    also_locked: Vec<Method>,
    pub(crate) lock: LockChoice,
    pub(crate) further_keys: Option<KeysFn>,
    pub(crate) max_waiters: usize,
    pub(crate) malformed_is_412: bool,
    pub(crate) shows_validators: bool,
    pub(crate) drain_limit: u64,
    pub(crate) rewrites: Option<RewrittenTags>,
    pub(crate) already_applied: Option<AlreadyApplied>,
}

impl WritePolicy {
    /// Preconditions are evaluated when they are sent, and not required.
    #[must_use]
    pub fn optional() -> Self {
        Self {
            required: false,
            strict: false,
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

    /// PUT, PATCH and DELETE need a precondition, or they get 428
    /// ([RFC 6585, section 3](https://www.rfc-editor.org/rfc/rfc6585#section-3)).
    ///
    /// A valid If-Match, an applicable If-Unmodified-Since, or `If-None-Match: *` will do. A request that the source
    /// has left to its handler ([`Current::Delegated`]) is not asked for one: see [`Preconditions::require`].
    #[doc(alias("If-Match", "428"))]
    #[must_use]
    pub fn required() -> Self {
        Self {
            required: true,
            ..Self::optional()
        }
    }

    /// As [`required`](Self::required), and what does not prevent a lost update does not count: `If-Match: *`, and a
    /// date of which it is not known that it changes with every change
    /// ([RFC 9110, section 8.8.2.2](https://www.rfc-editor.org/rfc/rfc9110#section-8.8.2.2)): several writers within one second
    /// would all pass. A source says that it does with [`Representation::strong_last_modified`](crate::Representation::strong_last_modified).
    #[must_use]
    pub fn strictly_required() -> Self {
        Self {
            strict: true,
            ..Self::required()
        }
    }

    /// Requires a precondition of these methods, instead of PUT, PATCH and DELETE.
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

    /// Takes this write lock instead of the layer's own, such as one that works across machines. The source has to name its
    /// kind of resource ([`ValidatorSource::named`](crate::ValidatorSource::named)): the lock tells resources apart by that.
    #[must_use]
    pub fn use_lock(mut self, lock: impl WriteLock) -> Self {
        self.lock = LockChoice::Custom(Arc::new(lock));
        self
    }

    /// Takes no write lock: check and write are two steps, unless the handler's own statement makes them one.
    #[must_use]
    pub fn skip_lock(mut self) -> Self {
        self.lock = LockChoice::None;
        self
    }

    /// Locks the resources that a write touches beside the one that the source identifies, all of them in a fixed
    /// order. The source has to name its kind of resource
    /// ([`ValidatorSource::named`](crate::ValidatorSource::named)).
    ///
    /// A layer inside a layer with the same lock takes only the keys that the outer one does not hold. Let the outer
    /// one name them all: keys taken in two steps are in no fixed order, and two such writes may wait for each other.
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

    /// Takes the write lock for these methods even without preconditions, beside PUT, PATCH, DELETE and those that need a
    /// precondition. A POST that changes its target takes it only if it carries preconditions or is named here.
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

    /// Limits how many writes of this layer may wait for the lock of one resource (default 4,096): the next one is answered 503
    /// (`lock`) at once. Each layer counts its own: two layers over one kind of resource share a lock, and not this limit.
    ///
    /// How *long* a write waits is not limited here, because the crate has no timer: a lock of your own may give up by an
    /// error, or an outer layer may limit the time of the whole request.
    #[doc(alias("503", "timeout"))]
    #[must_use]
    pub const fn limit_waiters(mut self, writes: usize) -> Self {
        self.max_waiters = writes;
        self
    }

    /// Answers 412 instead of 400 to a write with a malformed If-Match or If-None-Match: the letter of
    /// [section 13.1.1](https://www.rfc-editor.org/rfc/rfc9110#section-13.1.1), for clients that know no other answer.
    ///
    /// Reads are left as they are: a malformed If-Match is 400 there, because this is what a route asks of writes.
    #[doc(alias("400"))]
    #[must_use]
    pub const fn treat_malformed_as_failed(mut self) -> Self {
        self.malformed_is_412 = true;
        self
    }

    /// Shows the current validators in the 412 of a write. It saves a round trip, and it invites blind retries.
    #[doc(alias("ETag"))]
    #[must_use]
    pub const fn show_validators(mut self) -> Self {
        self.shows_validators = true;
        self
    }

    /// Reads up to this many bytes of a refused request's body before answering, so that a client that is busy
    /// sending sees the 412 and not a broken connection (default 0). Not done for `Expect: 100-continue`.
    #[must_use]
    pub const fn read_refused_bodies(mut self, limit: u64) -> Self {
        self.drain_limit = limit;
        self
    }

    /// Asks, before a write is refused with 412 for its If-Match or If-Unmodified-Since, whether the change has
    /// already taken effect: a client that never saw the answer to its first attempt may get it now
    /// ([RFC 9110, section 13.1.1](https://www.rfc-editor.org/rfc/rfc9110#section-13.1.1)). Only a 2xx counts.
    ///
    /// Never use it where a success means "it was you": with a resource used as a lock or semaphore, a second client
    /// that asks for the same state would be told that it has it. Recognise the *attempt*, by a key that the client
    /// chose for it, and not the state:
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

    /// Takes rewritten tags in the preconditions of writes as the tags they came from.
    #[doc(alias("gzip", "nginx"))]
    #[must_use]
    pub fn accept_rewritten_tags(mut self, rewrites: RewrittenTags) -> Self {
        self.rewrites = Some(rewrites);
        self
    }

    /// Why the request is to be answered 428, if it is (`None`: it is guarded, or need not be).
    pub(crate) fn unguarded(
        &self,
        method: &Method,
        preconditions: &Preconditions<'_>,
        current: &Current,
    ) -> Option<(Field, Reason)> {
        if !self.requires(method) {
            return None;
        }
        let form = |field| preconditions.list_form(field);
        match (form(Field::IfMatch), form(Field::IfNoneMatch)) {
            (Some(ListForm::Any), _) if self.strict => Some((Field::IfMatch, Reason::Wildcard)),
            (Some(ListForm::Any | ListForm::Tags), _) | (_, Some(ListForm::Any)) => None,
            _ if preconditions.date(Field::IfUnmodifiedSince).is_none() => {
                Some((Field::IfMatch, Reason::Missing))
            }
            _ if self.counts_date_of(current) => None,
            _ => Some((Field::IfUnmodifiedSince, Reason::Inapplicable)),
        }
    }

    /// Whether an If-Unmodified-Since guards against a lost update, as far as this policy asks for it.
    fn counts_date_of(&self, current: &Current) -> bool {
        let modified = current.representation().and_then(Representation::modified);
        modified.is_some_and(|modified| modified.strong || !self.strict)
    }

    /// Whether keys have to mean the same to others than this layer.
    pub(crate) const fn needs_named_resources(&self) -> bool {
        matches!(self.lock, LockChoice::Custom(_)) || self.further_keys.is_some()
    }

    pub(crate) fn requires(&self, method: &Method) -> bool {
        self.required && self.methods.contains(method)
    }

    /// Whether this method takes the lock even without preconditions.
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
