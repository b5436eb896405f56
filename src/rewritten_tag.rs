//! Tags that an intermediary rewrote because it applied a content coding: `"x-gzip"`, `W/"x"`.
//!
//! Nothing here is on by default: a strict service refuses such a tag, and the reason says what happened.

use std::borrow::Cow;

use crate::EntityTag;
use crate::preconditions::Lines;
use crate::tag_list::RawTag;

/// Which rewritten tags are taken as the tags they came from.
///
/// # Examples
///
/// ```
/// use tower_conditional::RewrittenTags;
///
/// let behind_apache = RewrittenTags::suffixes();
/// let behind_nginx = RewrittenTags::suffixes().weakened();
/// # let _ = (behind_apache, behind_nginx);
/// ```
#[derive(Clone, Debug)]
pub struct RewrittenTags {
    suffixes: Cow<'static, [Cow<'static, str>]>,
    weakened: bool,
}

/// What Apache httpd, Jetty and Caddy append inside the quotes.
const CODING_SUFFIXES: [Cow<'static, str>; 12] = [
    Cow::Borrowed("-gzip"),
    Cow::Borrowed("--gzip"),
    Cow::Borrowed(";gzip"),
    Cow::Borrowed("-br"),
    Cow::Borrowed("--br"),
    Cow::Borrowed(";br"),
    Cow::Borrowed("-zstd"),
    Cow::Borrowed("--zstd"),
    Cow::Borrowed(";zstd"),
    Cow::Borrowed("-deflate"),
    Cow::Borrowed("--deflate"),
    Cow::Borrowed(";deflate"),
];

impl RewrittenTags {
    /// What the reasons of a refusal know about.
    pub(crate) const KNOWN: Self = Self {
        suffixes: Cow::Borrowed(&CODING_SUFFIXES),
        weakened: false,
    };

    /// Tolerates the known coding suffixes inside the quotes (`-gzip`, `--gzip`, `;gzip`, and the same for `br`,
    /// `zstd` and `deflate`).
    #[must_use]
    pub const fn suffixes() -> Self {
        Self::KNOWN
    }

    /// Tolerates one more suffix.
    #[must_use]
    pub fn and_suffix(mut self, suffix: impl Into<Cow<'static, str>>) -> Self {
        self.suffixes.to_mut().push(suffix.into());
        self
    }

    /// Tolerates, in If-Match, a strong tag that comes back with `W/` before it.
    ///
    /// RFC 9110 calls for a strong comparison: switch this on only where an intermediary is known to weaken tags
    /// that were strong when the service made them.
    #[must_use]
    pub const fn weakened(mut self) -> Self {
        self.weakened = true;
        self
    }

    /// Strong comparison after undoing what an intermediary is known to do.
    pub(crate) fn strong_eq(&self, tag: RawTag<'_>, ours: &EntityTag) -> bool {
        let strong_enough = !tag.weak || self.weakened;
        strong_enough && !ours.is_weak() && (tag.weak_eq(ours) || self.weak_eq(tag, ours))
    }

    /// Weak comparison after undoing what an intermediary is known to do.
    pub(crate) fn weak_eq(&self, tag: RawTag<'_>, ours: &EntityTag) -> bool {
        self.suffix_of(tag, ours).is_some()
    }

    /// Our tag with the suffix that it carries in this list, made of the known ones; `None` where it is listed as it
    /// is. A client's 304 has to name the tag of the response that the client has stored.
    pub(crate) fn as_listed(&self, lines: &Lines<'_>, ours: &EntityTag) -> Option<EntityTag> {
        let mut as_is = false;
        let mut suffixed = None;
        lines.scan(|tag| {
            as_is |= tag.weak_eq(ours);
            if suffixed.is_none() {
                suffixed = self.suffix_of(tag, ours);
            }
        });
        suffixed
            .filter(|_| !as_is)
            .map(|suffix| ours.with_suffix(suffix))
    }

    /// The suffix that makes the tag out of ours, from the known list; whole tags are compared, never prefixes.
    pub(crate) fn suffix_of(&self, tag: RawTag<'_>, ours: &EntityTag) -> Option<&str> {
        let appended = tag.opaque().strip_prefix(ours.raw().opaque())?;
        let suffix = self
            .suffixes
            .iter()
            .find(|suffix| suffix.as_bytes() == appended)?;
        Some(suffix)
    }
}
