//! A failed precondition, and the reason that the client, the observer and the log get.

use std::fmt;

use crate::EntityTag;
use crate::field::Field;
use crate::rewritten_tag::RewrittenTags;
use crate::tag_list::RawTag;

/// A failed precondition: which conditional header failed, and why.
///
/// It is a part of [`Decision`](crate::Decision). A handler also returns it when its own compare-and-swap has failed: the
/// layer then sends the same 412 as for a stale tag.
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
    /// The reason must be about the request, and not that the server could not check it (503).
    pub(crate) const fn new(field: Field, reason: Reason) -> Self {
        debug_assert!(!matches!(reason, Reason::Source | Reason::Lock));
        Self { field, reason }
    }

    /// The client's version is not the current one any more: an `UPDATE … WHERE version = ?` changed no row.
    #[must_use]
    pub const fn stale() -> Self {
        Self::new(Field::IfMatch, Reason::Stale)
    }

    /// The client wanted to create the target, and it exists by now: an `INSERT` found a row.
    #[must_use]
    pub const fn exists() -> Self {
        Self::new(Field::IfNoneMatch, Reason::Exists)
    }

    /// The target was modified after the client's date: an `UPDATE … WHERE modified = ?` changed no row.
    #[must_use]
    pub const fn modified() -> Self {
        Self::new(Field::IfUnmodifiedSince, Reason::Modified)
    }

    /// The client wanted to change the target, and it does not exist any more: an `UPDATE` changed no row, and the handler
    /// knows that there is none.
    #[must_use]
    pub const fn absent() -> Self {
        Self::new(Field::IfMatch, Reason::Absent)
    }

    /// No precondition was sent, and the handler requires one (428,
    /// [RFC 6585, section 3](https://www.rfc-editor.org/rfc/rfc6585#section-3)): an item of a batch has none.
    #[must_use]
    pub const fn missing() -> Self {
        Self::new(Field::IfMatch, Reason::Missing)
    }

    /// The conditional header that failed.
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

/// Why a request was refused.
///
/// A single request does not show whether somebody else has changed the resource, or the client sends a tag that never
/// was current: both are [`Stale`](Self::Stale).
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
    /// No tag in If-Match is current: somebody else changed the resource, or the tag never was current.
    Stale,
    /// The tag in If-Match is the current one, but one of the two is weak: the service makes weak tags, or an intermediary has
    /// weakened a strong one.
    WeakTag,
    /// The tag in If-Match is the current one with the suffix of a content coding, which an intermediary has appended.
    RewrittenTag,
    /// The tag in If-Match was made by another release of the service: its [`Epoch`](crate::Epoch) differs.
    OtherEpoch,
    /// The target does not exist.
    Absent,
    /// The target exists and If-None-Match is `*`, or If-None-Match lists its tag.
    Exists,
    /// The target was modified after the date in If-Unmodified-Since.
    Modified,
    /// The current representation has no tag to compare with, or its state is not known.
    NoValidator,
    /// The field does not match its grammar (400).
    Malformed,
    /// No precondition was sent where one is required (428).
    Missing,
    /// `If-Match: *` was sent where it does not count as a guard (428).
    Wildcard,
    /// The only precondition that was sent does not count: the target has no modification date, or the policy is strict and
    /// the date is weak (428).
    Inapplicable,
    /// The state of the target could not be looked up, or the source states a weak tag under
    /// `ConditionalLayer::send_weak_tags` (503).
    Source,
    /// The write lock could not be taken (503).
    Lock,
}

impl Reason {
    /// How many reasons there are: every `reason as usize` is less.
    pub(crate) const COUNT: usize = Self::Lock as usize + 1;

    /// The stable name for problem details, logs and metrics, such as `other_epoch`.
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

    /// Why a tag in If-Match does not match the tags that it was compared with.
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

    /// Of two reasons for tags of one list, the one that was nearer to a match, because it explains more.
    pub(crate) const fn or_nearer(self, other: Self) -> Self {
        if other.nearness() > self.nearness() {
            other
        } else {
            self
        }
    }

    /// How near the tag was to a match: the greater, the nearer.
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

    /// A new reason does not compile until it is added here.
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
