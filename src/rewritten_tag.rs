//! Tags that an intermediary rewrote because it applied a content coding: `"x-gzip"`, `W/"x"`.
//!
//! By default such a tag does not match, and the reason of the refusal says why.

use crate::EntityTag;
#[cfg(feature = "layer")]
use crate::field_lines::Lines;
use crate::tag_list::RawTag;

/// Which rewritten tags are accepted as the tags that they were made from.
///
/// # Examples
///
/// ```
/// use tower_conditional::content_coding::RewrittenTags;
///
/// let behind_apache = RewrittenTags::suffixed();
/// let behind_nginx = RewrittenTags::weakened();
/// let behind_both = RewrittenTags::suffixed_or_weakened();
/// # let _ = (behind_apache, behind_nginx, behind_both);
/// ```
#[doc(alias("gzip", "nginx", "Apache", "weak"))]
#[derive(Clone, Copy, Debug)]
pub struct RewrittenTags(Rewrites);

/// What an intermediary does with a tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rewrites {
    Suffixes,
    Weakens,
    Both,
}

/// What Apache httpd, Jetty and Caddy append inside the quotes.
const CODING_SUFFIXES: [&str; 12] = [
    "-gzip",
    "--gzip",
    ";gzip",
    "-br",
    "--br",
    ";br",
    "-zstd",
    "--zstd",
    ";zstd",
    "-deflate",
    "--deflate",
    ";deflate",
];

impl RewrittenTags {
    /// The rewritten tags that the reason of a refusal names.
    pub(crate) const KNOWN: Self = Self::suffixed();

    /// Accepts tags with the suffix of a content coding inside the quotes, as Apache, Jetty and Caddy append it: `-gzip`,
    /// `--gzip`, `;gzip`, and the same for `br`, `zstd` and `deflate`.
    #[must_use]
    pub const fn suffixed() -> Self {
        Self(Rewrites::Suffixes)
    }

    /// Accepts in If-Match strong tags that come back with `W/` before them, as nginx and Varnish put it there. The 304 to
    /// such a tag also has `W/`.
    ///
    /// RFC 9110 requires a strong comparison for If-Match. Use this only if an intermediary is known to weaken the strong
    /// tags of the service.
    #[must_use]
    pub const fn weakened() -> Self {
        Self(Rewrites::Weakens)
    }

    /// Accepts [suffixed](Self::suffixed) tags, [weakened](Self::weakened) tags, and those that are both.
    #[must_use]
    pub const fn suffixed_or_weakened() -> Self {
        Self(Rewrites::Both)
    }

    /// As these, and [weakened](Self::weakened) tags too.
    #[cfg(feature = "layer")]
    pub(crate) const fn and_weakened(rewrites: Option<Self>) -> Self {
        match rewrites {
            Some(Self(Rewrites::Suffixes | Rewrites::Both)) => Self(Rewrites::Both),
            Some(Self(Rewrites::Weakens)) | None => Self(Rewrites::Weakens),
        }
    }

    const fn has_weakened(self) -> bool {
        matches!(self.0, Rewrites::Weakens | Rewrites::Both)
    }

    /// Strong comparison, after undoing the accepted rewrites.
    pub(crate) fn strong_eq(self, tag: RawTag<'_>, ours: &EntityTag) -> bool {
        let strong_enough = !tag.weak || self.has_weakened();
        strong_enough && !ours.is_weak() && (tag.weak_eq(ours) || self.weak_eq(tag, ours))
    }

    /// Whether the tag is ours with an accepted suffix, by weak comparison.
    pub(crate) fn weak_eq(self, tag: RawTag<'_>, ours: &EntityTag) -> bool {
        self.suffix_of(tag, ours).is_some()
    }

    /// The accepted suffix that was appended to our tag to make this one.
    fn suffix_of(self, tag: RawTag<'_>, ours: &EntityTag) -> Option<&'static str> {
        let known: &[&'static str] = match self.0 {
            Rewrites::Suffixes | Rewrites::Both => &CODING_SUFFIXES,
            Rewrites::Weakens => &[],
        };
        let appended = tag.opaque().strip_prefix(ours.raw().opaque())?;
        let mut known = known.iter().copied();
        known.find(|suffix| suffix.as_bytes() == appended)
    }
}

#[cfg(feature = "layer")]
impl RewrittenTags {
    /// Our tag in the rewritten form that it has in this list. `None` if the list has it unchanged, or does not have it.
    ///
    /// A 304 has to carry the tag of the response that the client has stored (RFC 9111, section 4.3.4).
    pub(crate) fn as_listed(self, lines: &Lines<'_>, ours: &EntityTag) -> Option<EntityTag> {
        let mut as_is = false;
        let mut rewritten = None;
        lines.scan(|tag| match self.rewrite(tag, ours) {
            Some(form) => rewritten = rewritten.take().or(Some(form)),
            None => as_is |= tag.weak_eq(ours),
        });
        rewritten.filter(|_| !as_is)
    }

    /// Our tag rewritten to the form of this one, if this one was made from ours.
    fn rewrite(self, tag: RawTag<'_>, ours: &EntityTag) -> Option<EntityTag> {
        let weakened = self.has_weakened() && tag.weak && !ours.is_weak();
        let form = match self.suffix_of(tag, ours) {
            Some(suffix) => ours.with_suffix(suffix),
            None if weakened && tag.weak_eq(ours) => ours.clone(),
            None => return None,
        };
        Some(if weakened { form.to_weak() } else { form })
    }
}

#[cfg(test)]
#[cfg(feature = "layer")]
mod tests {
    use super::*;

    const SUFFIXED: RewrittenTags = RewrittenTags::suffixed();
    const WEAKENED: RewrittenTags = RewrittenTags::weakened();
    const BOTH: RewrittenTags = RewrittenTags::suffixed_or_weakened();

    #[test]
    fn weakened_tags_too() {
        for (before, after) in [
            (None, WEAKENED),
            (Some(WEAKENED), WEAKENED),
            (Some(SUFFIXED), BOTH),
            (Some(BOTH), BOTH),
        ] {
            let found = RewrittenTags::and_weakened(before);
            assert_eq!(found.0, after.0, "{before:?}");
        }
    }

    /// RFC 9111, section 4.3.4: a 304 has the tag of the response that is stored.
    #[test]
    fn the_tag_in_the_form_in_which_it_is_listed() {
        const STRONG: EntityTag = EntityTag::from_static("\"7\"");
        const WEAK: EntityTag = EntityTag::from_static("W/\"7\"");
        for (rewrites, ours, list, expected) in [
            (SUFFIXED, STRONG, r#""7-gzip""#, Some(r#""7-gzip""#)),
            (SUFFIXED, STRONG, r#""6", "7--br""#, Some(r#""7--br""#)),
            (SUFFIXED, STRONG, r#"W/"7-gzip""#, Some(r#""7-gzip""#)),
            (SUFFIXED, STRONG, r#"W/"7""#, None),
            (SUFFIXED, WEAK, r#""7-gzip""#, Some(r#"W/"7-gzip""#)),
            (WEAKENED, STRONG, r#"W/"7""#, Some(r#"W/"7""#)),
            (WEAKENED, STRONG, r#"W/"6""#, None),
            (WEAKENED, STRONG, r#""7-gzip""#, None),
            // Ours is weak: nobody has weakened it.
            (WEAKENED, WEAK, r#"W/"7""#, None),
            (BOTH, STRONG, r#"W/"7-gzip""#, Some(r#"W/"7-gzip""#)),
            (BOTH, STRONG, r#""7-gzip""#, Some(r#""7-gzip""#)),
            (BOTH, STRONG, r#"W/"7""#, Some(r#"W/"7""#)),
            (BOTH, WEAK, r#"W/"7-gzip""#, Some(r#"W/"7-gzip""#)),
            // The first of several.
            (SUFFIXED, STRONG, r#""7;br", "7-gzip""#, Some(r#""7;br""#)),
            // Listed as it is, before or after.
            (SUFFIXED, STRONG, r#""7", "7-gzip""#, None),
            (SUFFIXED, STRONG, r#""7-gzip", "7""#, None),
            (SUFFIXED, STRONG, r#""7-gzip", W/"7""#, None),
            (BOTH, STRONG, r#""7", W/"7""#, None),
            (SUFFIXED, STRONG, r#""6", "8""#, None),
        ] {
            let listed = rewrites.as_listed(&Lines::Text(list.as_bytes()), &ours);
            let listed = listed.as_ref().and_then(EntityTag::to_str);
            assert_eq!(listed, expected, "{rewrites:?} {ours:?} in {list}");
        }
    }
}
