//! The handler contract: what a write's handler learns of the judgement, and what it may say back.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::field::Field;
use crate::lock::{HeldLock, WriteGuard};
use crate::{Current, EntityTag, PreconditionFailed, Representation};

/// In the extensions of a write that was judged: what the judgement rested on.
///
/// A handler puts it into its statement (`… WHERE version = ?`), so that the write is right on many machines too:
///
/// ```
/// use tower_conditional::{Checked, PreconditionFailed};
///
/// async fn save(checked: &Checked) -> Result<(), PreconditionFailed> {
///     let version = checked.version();
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

    /// What the source said of the target.
    #[must_use]
    pub const fn current(&self) -> &Current {
        &self.current
    }

    /// The representation that the write is about to replace.
    #[must_use]
    pub const fn representation(&self) -> Option<&Representation> {
        self.current.representation()
    }

    /// The entity tag of the representation that the write is about to replace.
    #[must_use]
    pub const fn entity_tag(&self) -> Option<&EntityTag> {
        match self.representation() {
            Some(representation) => representation.entity_tag(),
            None => None,
        }
    }

    /// The version in the entity tag of the representation that the write is about to replace:
    /// [`EntityTag::version`] of [`entity_tag`](Self::entity_tag). For a statement that takes an `i64`:
    /// `checked.version().map(u64::cast_signed)`.
    #[must_use]
    pub fn version(&self) -> Option<u64> {
        self.entity_tag()?.version()
    }

    /// Whether the target existed: 201 or 200 for a PUT
    /// ([RFC 9110, section 9.3.4](https://www.rfc-editor.org/rfc/rfc9110#section-9.3.4)). `None` when that is unknown.
    #[must_use]
    pub const fn existed(&self) -> Option<bool> {
        self.current.exists()
    }

    /// The precondition that held, if the request carried one that counts.
    #[must_use]
    pub const fn precondition(&self) -> Option<Field> {
        self.satisfied
    }

    /// The answer when the handler's own compare-and-swap found that somebody else was faster, for a lost `INSERT` as
    /// for a lost `UPDATE`. Without a `Checked` at hand: [`PreconditionFailed::stale`], [`PreconditionFailed::exists`].
    #[doc(alias("409", "412", "conflict"))]
    #[must_use]
    pub const fn lost(&self) -> PreconditionFailed {
        match self.satisfied {
            Some(Field::IfNoneMatch) => PreconditionFailed::exists(),
            Some(Field::IfUnmodifiedSince) => PreconditionFailed::modified(),
            _ => PreconditionFailed::stale(),
        }
    }

    /// A clone of the write lock, to move into `spawn_blocking` or `spawn`: the lock is free when the last clone is
    /// gone. Without it, a client that hangs up frees the lock while the write still runs.
    ///
    /// A `Checked` holds the lock as well: moving it into the work does the same, keeping one for longer than the
    /// write keeps the next writer waiting.
    ///
    /// `None` when the route takes no lock.
    #[must_use]
    pub fn hold_lock(&self) -> Option<WriteGuard> {
        self.lock.as_ref().map(HeldLock::guard)
    }

    pub(crate) const fn lock(&self) -> Option<&HeldLock> {
        self.lock.as_ref()
    }
}

/// In the extensions of the successful response to a write: what the write has made. The layer sends its validators; for a
/// 201 they are those of the created resource.
///
/// In axum it is a part of the response: `(StatusCode::CREATED, NewVersion::new(tag), Json(note))`. It counts on a write
/// whose preconditions nobody has evaluated, too. A modification date after the Date of the response is sent as the latter
/// ([RFC 9110, section 8.8.2.1](https://www.rfc-editor.org/rfc/rfc9110#section-8.8.2.1)).
///
/// **On a PUT it is sent only where it is [stored verbatim](Self::stored_verbatim)**: to a client a validator in the
/// response to a PUT means that the bytes it has sent are the representation
/// ([section 9.3.4](https://www.rfc-editor.org/rfc/rfc9110#section-9.3.4)). Elsewhere both forms are sent.
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
    /// The new state of the target of a PATCH or a POST. It says nothing of the bytes, and so is not sent on a PUT.
    pub fn new(state: impl Into<Representation>) -> Self {
        Self {
            state: state.into(),
            is_verbatim: false,
        }
    }

    /// The new state of a target that was stored as its bytes came: what a GET now selects.
    pub fn stored_verbatim(state: impl Into<Representation>) -> Self {
        Self {
            is_verbatim: true,
            ..Self::new(state)
        }
    }
}

/// In the extensions of a response: the handler has judged the preconditions by itself, under a source that left
/// them to it. Without it a 2xx to a conditional write is reported as unjudged.
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

/// In the extensions of a conditional write that passed a layer unjudged: a layer further in that does judge it
/// says so here.
#[derive(Clone, Debug, Default)]
pub(crate) struct AwaitsEvaluation(Arc<AtomicBool>);

impl AwaitsEvaluation {
    pub(crate) fn mark_evaluated(&self) {
        self.0.store(true, Ordering::Release);
    }

    pub(crate) fn is_evaluated(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}
