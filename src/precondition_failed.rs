//! Why a precondition failed: the reason that the client, the operator and the log get to see.

use std::fmt;

use crate::EntityTag;
use crate::field::Field;
use crate::rewritten_tag::RewrittenTags;
use crate::tag_list::RawTag;

/// A precondition that is false: which field, and why.
///
/// [`Decision`](crate::Decision) carries it, and a handler answers with it when its own compare-and-swap lost the
/// race: the layer then sends the very same 412 as for a stale tag.
///
/// # Examples
///
/// ```
/// use tower_conditional::precondition::Field;
/// use tower_conditional::{PreconditionFailed, Reason};
///
/// let lost = PreconditionFailed::stale();
/// assert_eq!((lost.field(), lost.reason()), (Field::IfMatch, Reason::Stale));
/// ```
#[doc(alias("412", "conflict", "lost update"))]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PreconditionFailed {
    field: Field,
    reason: Reason,
}

impl PreconditionFailed {
    /// This field failed for this reason: one of the request, and never that the server was unable to check it (503).
    pub(crate) const fn new(field: Field, reason: Reason) -> Self {
        debug_assert!(!matches!(reason, Reason::Source | Reason::Lock));
        Self { field, reason }
    }

    /// The version that the client had is no longer the current one: what a lost `UPDATE … WHERE version = ?` says.
    #[must_use]
    pub const fn stale() -> Self {
        Self::new(Field::IfMatch, Reason::Stale)
    }

    /// The target was to be created and exists by now: what a lost `INSERT` says.
    #[must_use]
    pub const fn exists() -> Self {
        Self::new(Field::IfNoneMatch, Reason::Exists)
    }

    /// The target was modified after the date that the client had: what a lost `UPDATE … WHERE modified = ?` says.
    #[must_use]
    pub const fn modified() -> Self {
        Self::new(Field::IfUnmodifiedSince, Reason::Modified)
    }

    /// The target that the client wanted to change does not exist any more: what a lost `UPDATE` says where the handler
    /// knows that the row is gone.
    #[must_use]
    pub const fn absent() -> Self {
        Self::new(Field::IfMatch, Reason::Absent)
    }

    /// The field that failed.
    #[must_use]
    pub const fn field(self) -> Field {
        self.field
    }

    /// Why it failed.
    #[must_use]
    pub const fn reason(self) -> Reason {
        self.reason
    }
}

impl fmt::Display for PreconditionFailed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is false: {}", self.field, self.reason)
    }
}

impl std::error::Error for PreconditionFailed {}

/// Why a request was refused, as far as one request can tell.
///
/// A concurrent edit and a hard-coded tag look the same in one request: both are [`Stale`](Self::Stale).
///
/// # Examples
///
/// ```
/// use tower_conditional::{PreconditionFailed, Reason};
///
/// assert_eq!(PreconditionFailed::exists().reason(), Reason::Exists);
/// assert_eq!(Reason::OtherEpoch.as_str(), "other_epoch");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Reason {
    /// No tag in the list is current: somebody else changed the resource, or the tag was never right.
    Stale,
    /// The right tag, but weak: an intermediary weakened it, or the service itself makes weak tags.
    WeakTag,
    /// The right tag with the suffix that an intermediary appends for a content coding.
    RewrittenTag,
    /// A tag that another release of the service made (its [`Epoch`](crate::Epoch) differs).
    OtherEpoch,
    /// The target does not exist.
    Absent,
    /// The target exists, or is one of those that If-None-Match lists.
    Exists,
    /// The target was modified after the date in If-Unmodified-Since.
    Modified,
    /// The current representation has no tag to compare with, or its state is not known.
    NoValidator,
    /// The field is not what its grammar says (400).
    Malformed,
    /// No precondition was sent where one is required (428).
    Missing,
    /// `If-Match: *` was sent where it does not count as a guard (428).
    Wildcard,
    /// The only precondition sent does not count: there is no modification date to compare with, or the policy is
    /// strict and the date is weak (428).
    Inapplicable,
    /// The state of the target could not be looked up (503).
    Source,
    /// The write lock could not be taken (503).
    Lock,
}

impl Reason {
    /// As declared: `reason as usize` is below it.
    pub(crate) const COUNT: usize = Self::Lock as usize + 1;

    /// The stable name that the problem body, the hook and the logs use: `other_epoch`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Stale => "stale",
            Self::WeakTag => "weak_tag",
            Self::RewrittenTag => "rewritten_tag",
            Self::OtherEpoch => "other_epoch",
            Self::Absent => "absent",
            Self::Exists => "exists",
            Self::Modified => "modified",
            Self::NoValidator => "no_validator",
            Self::Malformed => "malformed",
            Self::Missing => "missing",
            Self::Wildcard => "wildcard",
            Self::Inapplicable => "inapplicable",
            Self::Source => "source",
            Self::Lock => "lock",
        }
    }

    /// Why a tag of an If-Match list does not match.
    pub(crate) fn of_unmatched<'r>(
        tag: RawTag<'_>,
        mut compared: impl Iterator<Item = &'r EntityTag> + Clone,
    ) -> Self {
        if compared.clone().next().is_none() {
            Self::NoValidator
        } else if compared.clone().any(|ours| tag.weak_eq(ours)) {
            Self::WeakTag
        } else if compared
            .clone()
            .any(|ours| RewrittenTags::KNOWN.weak_eq(tag, ours))
        {
            Self::RewrittenTag
        } else if compared.all(|ours| tag.is_of_another_epoch(ours)) {
            Self::OtherEpoch
        } else {
            Self::Stale
        }
    }

    /// Of the reasons that the tags of one list give, the one nearest to a match explains the most.
    pub(crate) const fn or_nearer(self, other: Self) -> Self {
        if other.nearness() > self.nearness() {
            other
        } else {
            self
        }
    }

    const fn nearness(self) -> u8 {
        match self {
            Self::WeakTag => 3,
            Self::RewrittenTag => 2,
            Self::OtherEpoch | Self::NoValidator => 1,
            _ => 0,
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use std::iter::successors;

    use super::*;

    /// Whoever adds a reason has to come by here.
    #[test]
    fn every_reason_is_counted() {
        let next = |reason: &Reason| {
            Some(match reason {
                Reason::Stale => Reason::WeakTag,
                Reason::WeakTag => Reason::RewrittenTag,
                Reason::RewrittenTag => Reason::OtherEpoch,
                Reason::OtherEpoch => Reason::Absent,
                Reason::Absent => Reason::Exists,
                Reason::Exists => Reason::Modified,
                Reason::Modified => Reason::NoValidator,
                Reason::NoValidator => Reason::Malformed,
                Reason::Malformed => Reason::Missing,
                Reason::Missing => Reason::Wildcard,
                Reason::Wildcard => Reason::Inapplicable,
                Reason::Inapplicable => Reason::Source,
                Reason::Source => Reason::Lock,
                Reason::Lock => return None,
            })
        };
        let reasons: Vec<_> = successors(Some(Reason::Stale), next).collect();
        assert_eq!(reasons.len(), Reason::COUNT);
        for (place, reason) in reasons.into_iter().enumerate() {
            assert_eq!(reason as usize, place, "{reason}");
        }
    }
}
