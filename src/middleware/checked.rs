//! The handler contract: what the handler of a write gets from the layer, and what it may state in its response.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::SystemTime;

use crate::field::Field;
use crate::lock::{HeldLock, WriteGuard};
use crate::version_number::VersionNumber;
use crate::{Current, EntityTag, PreconditionFailed, Representation};

/// The version that the write's precondition was checked against. Use it in the `WHERE` clause.
///
/// The layer puts it into the extensions of each write that it lets through after looking it up. With the version in the
/// statement (`… WHERE version = ?`) the write is a compare-and-swap, and safe on any number of machines:
///
/// ```
/// use tower_conditional::{Checked, PreconditionFailed};
///
/// async fn save(checked: &Checked) -> Result<(), PreconditionFailed> {
///     let version = checked.version::<i64>();
///     // UPDATE … WHERE id = ? AND version = ?
///     # let rows = version.map_or(0, |_| 1);
///     if rows == 0 {
///         return Err(checked.lost());
///     }
///     Ok(())
/// }
/// ```
#[doc(alias(
    "compare-and-swap",
    "optimistic locking",
    "optimistic concurrency",
    "lost update"
))]
#[derive(Clone, Debug)]
pub struct Checked {
    current: Current,
    satisfied: Option<Field>,
    lock: Option<HeldLock>,
}

impl Checked {
    pub(crate) const fn new(
        current: Current,
        satisfied: Option<Field>,
        lock: Option<HeldLock>,
    ) -> Self {
        Self {
            current,
            satisfied,
            lock,
        }
    }

    /// The current state of the target, as the source found it.
    #[must_use]
    pub const fn current(&self) -> &Current {
        &self.current
    }

    /// The current representation, which the write is about to change; `None` if there is none.
    #[must_use]
    pub const fn representation(&self) -> Option<&Representation> {
        self.current.representation()
    }

    /// The entity tag of the [`representation`](Self::representation), if it has one.
    #[must_use]
    pub const fn entity_tag(&self) -> Option<&EntityTag> {
        match self.representation() {
            Some(representation) => representation.entity_tag(),
            None => None,
        }
    }

    /// The [version](EntityTag::version) in the [`entity_tag`](Self::entity_tag), if it is a version tag of a number that the
    /// type can hold.
    ///
    /// The type is that of the column: `checked.version::<i64>()`. Whether there is a target is another question: see
    /// [`existed`](Self::existed).
    #[must_use]
    pub fn version<N: VersionNumber>(&self) -> Option<N> {
        self.entity_tag()?.version()
    }

    /// The [time](EntityTag::time) in the [`entity_tag`](Self::entity_tag), if it is the tag of a time, exactly as the source
    /// had it, for `WHERE updated_at = ?`.
    #[must_use]
    pub fn updated_at(&self) -> Option<SystemTime> {
        self.entity_tag()?.time()
    }

    /// Whether the target existed before the write; `None` if that is unknown.
    ///
    /// A PUT answers 201 if it has created the target, 200 or 204 otherwise
    /// ([RFC 9110, section 9.3.4](https://www.rfc-editor.org/rfc/rfc9110#section-9.3.4)).
    #[must_use]
    pub const fn existed(&self) -> Option<bool> {
        self.current.exists()
    }

    /// The precondition that was satisfied; `None` if the request carried none that guards a write.
    ///
    /// A DELETE with If-Match of a target that does not exist counts as satisfied: its handler answers 404.
    #[must_use]
    pub const fn precondition(&self) -> Option<Field> {
        self.satisfied
    }

    /// The error to return when the handler's compare-and-swap failed: its `UPDATE` or `INSERT` changed no row.
    ///
    /// | the target, when it was checked | the precondition | the answer |
    /// |---|---|---|
    /// | either | If-Unmodified-Since | 412 `modified` |
    /// | existed | If-Match, If-None-Match or none | 412 `stale` |
    /// | did not exist | If-None-Match | 412 `exists`: another request has created it |
    /// | did not exist | If-Match | 412 `absent` |
    /// | did not exist | none | 428 `missing` |
    ///
    /// Where there was a row that is gone by now, 404 says more, if the statement or a further query can tell:
    ///
    /// ```
    /// use axum::{http::StatusCode, response::ErrorResponse};
    /// use tower_conditional::Checked;
    ///
    /// fn no_row_changed(checked: &Checked, exists: bool) -> ErrorResponse {
    ///     if exists { checked.lost().into() } else { StatusCode::NOT_FOUND.into() }
    /// }
    /// # let _ = no_row_changed;
    /// ```
    ///
    /// Without a `Checked` use [`PreconditionFailed::stale`], [`PreconditionFailed::exists`] or
    /// [`PreconditionFailed::absent`].
    #[doc(alias("409", "412", "conflict"))]
    #[must_use]
    pub const fn lost(&self) -> PreconditionFailed {
        match (self.satisfied, self.existed()) {
            (Some(Field::IfNoneMatch), Some(false)) => PreconditionFailed::exists(),
            (Some(Field::IfMatch), Some(false)) => PreconditionFailed::absent(),
            (Some(Field::IfUnmodifiedSince), _) => PreconditionFailed::modified(),
            (None, Some(false)) => PreconditionFailed::missing(),
            _ => PreconditionFailed::stale(),
        }
    }

    /// A guard that holds the write lock until it is dropped; `None` if the write has no lock.
    ///
    /// Move it into `spawn_blocking` or `spawn`. Otherwise a client that disconnects frees the lock while the write still
    /// runs.
    ///
    /// A `Checked` also holds the lock: moving it into the task has the same effect. Keeping one longer than the write
    /// keeps the next writer waiting.
    #[must_use]
    pub fn hold_lock(&self) -> Option<WriteGuard> {
        self.lock.as_ref().map(HeldLock::guard)
    }

    pub(crate) const fn lock(&self) -> Option<&HeldLock> {
        self.lock.as_ref()
    }
}

/// The version that a write has made. The layer sends its validators.
///
/// The handler puts it into the extensions of a successful response; for a 201 it is the version of the created resource.
/// With axum it is a part of the response: `(StatusCode::CREATED, NewVersion::new(tag), Json(note))`. It also works on
/// writes that were not evaluated. A Last-Modified later than Date is sent as Date
/// ([RFC 9110, section 8.8.2.1](https://www.rfc-editor.org/rfc/rfc9110#section-8.8.2.1)).
///
/// **On a PUT only [`stored_verbatim`](Self::stored_verbatim) is sent**, and [`new`](Self::new) is ignored. A client takes a
/// validator in the response to a PUT to mean that the bytes it sent are the representation
/// ([section 9.3.4](https://www.rfc-editor.org/rfc/rfc9110#section-9.3.4)). On other methods both are sent.
///
/// # Examples
///
/// ```
/// use tower_conditional::EntityTag;
/// use tower_conditional::handler::NewVersion;
///
/// let mut response = http::Response::new("the note as it is now");
/// response.extensions_mut().insert(NewVersion::new(EntityTag::from_version(8)));
///
/// let mut response_to_put = http::Response::new("");
/// response_to_put.extensions_mut().insert(NewVersion::stored_verbatim(EntityTag::from_version(8)));
/// ```
#[doc(alias("ETag", "PUT"))]
#[derive(Clone, Debug)]
pub struct NewVersion {
    pub(crate) state: Representation,
    pub(crate) is_verbatim: bool,
}

impl NewVersion {
    /// The new version of the target of a PATCH, or of what a POST has made. Ignored on PUT: use
    /// [`stored_verbatim`](Self::stored_verbatim).
    pub fn new(state: impl Into<Representation>) -> Self {
        Self {
            state: state.into(),
            is_verbatim: false,
        }
    }

    /// The new version of a target whose content was stored byte for byte as it was sent, so that a GET returns it.
    pub fn stored_verbatim(state: impl Into<Representation>) -> Self {
        Self {
            is_verbatim: true,
            ..Self::new(state)
        }
    }
}

/// States that the handler has evaluated the preconditions itself.
///
/// The handler puts it into the extensions of its response, where the source leaves the evaluation to it
/// ([`Current::Delegated`]). Without it the observer reports a 2xx to a conditional write as
/// [`Unevaluated`](crate::observe::Outcome::Unevaluated).
///
/// # Examples
///
/// ```
/// use http::request::Parts;
/// use tower_conditional::handler::EvaluatedByHandler;
/// use tower_conditional::{EntityTag, HttpDate, PreconditionFailed, Preconditions};
///
/// fn save(head: &Parts, now: HttpDate) -> Result<http::Response<()>, PreconditionFailed> {
///     // begin; select version …
///     Preconditions::parse(&head.method, &head.headers, now).check(EntityTag::from_version(7))?;
///     // update …; commit
///     let mut response = http::Response::new(());
///     response.extensions_mut().insert(EvaluatedByHandler);
///     Ok(response)
/// }
/// ```
#[derive(Clone, Copy, Debug, Default)]
#[allow(clippy::exhaustive_structs, reason = "a marker")]
pub struct EvaluatedByHandler;

/// The request extension of a conditional write that passed a layer without evaluation. An inner layer that evaluates it
/// sets the flag.
#[derive(Clone, Debug, Default)]
pub(crate) struct AwaitsEvaluation(Arc<AtomicBool>);

impl AwaitsEvaluation {
    /// An inner layer has evaluated the write.
    pub(crate) fn mark_evaluated(&self) {
        self.0.store(true, Ordering::Release);
    }

    /// Whether an inner layer has evaluated the write.
    pub(crate) fn is_evaluated(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}
