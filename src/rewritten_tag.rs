//! Tags that an intermediary rewrote because it applied a content coding: `"x-gzip"`, `W/"x"`.
//!
//! Nothing here is on by default: a strict service refuses such a tag, and the reason says what happened.

use std::borrow::Cow;

use crate::EntityTag;
#[cfg(feature = "layer")]
use crate::field_lines::Lines;
use crate::tag_list::RawTag;

/// Which rewritten tags are taken as the tags they came from.
///
/// # Examples
///
/// ```
/// use tower_conditional::content_coding::RewrittenTags;
///
/// let behind_apache = RewrittenTags::suffixes();
/// let behind_nginx = RewrittenTags::none().weakened();
/// let behind_both = RewrittenTags::suffixes().weakened();
/// # let _ = (behind_apache, behind_nginx, behind_both);
/// ```
#[doc(alias("gzip", "nginx", "Apache", "weak"))]
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

    /// Tolerates nothing yet: for [`weakened`](Self::weakened) or a suffix alone.
    #[must_use]
    pub const fn none() -> Self {
        Self {
            suffixes: Cow::Borrowed(&[]),
            weakened: false,
        }
    }

    /// Tolerates one more suffix.
    #[must_use]
    pub fn and_suffix(mut self, suffix: impl Into<Cow<'static, str>>) -> Self {
        self.suffixes.to_mut().push(suffix.into());
        self
    }

    /// Tolerates, in If-Match, a strong tag that comes back with `W/` before it; the 304 to such a tag has it too.
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

    /// The suffix that makes the tag out of ours, from the known list; whole tags are compared, never prefixes.
    fn suffix_of(&self, tag: RawTag<'_>, ours: &EntityTag) -> Option<&str> {
        let appended = tag.opaque().strip_prefix(ours.raw().opaque())?;
        let suffix = self
            .suffixes
            .iter()
            .find(|suffix| suffix.as_bytes() == appended)?;
        Some(suffix)
    }
}

#[cfg(feature = "layer")]
impl RewrittenTags {
    /// Our tag in the form that it has in this list, made of the known rewrites; `None` where it is listed as it is.
    ///
    /// A client's 304 has to name the tag of the response that the client has stored (RFC 9111, section 4.3.4).
    pub(crate) fn as_listed(&self, lines: &Lines<'_>, ours: &EntityTag) -> Option<EntityTag> {
        let mut as_is = false;
        let mut rewritten = None;
        lines.scan(|tag| match self.rewrite(tag, ours) {
            Some(form) => rewritten = rewritten.take().or(Some(form)),
            None => as_is |= tag.weak_eq(ours),
        });
        rewritten.filter(|_| !as_is)
    }

    /// Ours in the form of this tag, where the one came from the other.
    fn rewrite(&self, tag: RawTag<'_>, ours: &EntityTag) -> Option<EntityTag> {
        let weakened = self.weakened && tag.weak && !ours.is_weak();
        let form = match self.suffix_of(tag, ours) {
            Some(suffix) => ours.with_suffix(suffix),
            None if weakened && tag.weak_eq(ours) => ours.clone(),
            None => return None,
        };
        Some(if weakened { form.to_weak() } else { form })
    }
}
