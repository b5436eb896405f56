//! What an edge has done to a tag.

use std::borrow::Cow;
use std::fmt;

/// What separates a coding from the tag that it was appended to: `"7-gzip"`, `"7--gzip"`, `"7;gzip"`.
const SEPARATORS: [&[u8]; 6] = [b"--", b"-", b";", b":", b"_", b"+"];

/// How intermediaries write a content coding in a tag.
const CODINGS: [&[u8]; 7] = [b"gzip", b"br", b"zstd", b"deflate", b"x-gzip", b"gz", b"df"];

/// What lies between the tag of the origin and the tag that a client sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Rewrite<'t> {
    /// Nothing: the tags are equal, byte for byte. Or there is none at either end.
    Kept,
    /// `"7"` became `W/"7"`.
    Weakened,
    /// `"7"` became `"7-gzip"`; this is what was appended.
    Suffixed(&'t str),
    /// `"7"` became `W/"7-gzip"`.
    SuffixedAndWeakened(&'t str),
    /// `W/"7"` became `"7"`.
    Strengthened,
    /// The quotes are gone or new: `"7"` became `7`.
    Requoted,
    /// There is a tag at the origin, and none at the edge.
    Removed,
    /// There is none at the origin, and one at the edge.
    Added,
    /// Another tag.
    Replaced,
}

impl<'t> Rewrite<'t> {
    /// Compares the tag of the origin with the one at the edge, each as it stands in the field.
    ///
    /// # Examples
    ///
    /// ```
    /// use tower_conditional_doctor::edge::Rewrite;
    ///
    /// let rewrite = Rewrite::between(Some(b"\"7\""), Some(b"\"7-gzip\""));
    /// assert_eq!(rewrite, Rewrite::Suffixed("-gzip"));
    /// // Another version, and no suffix.
    /// assert_eq!(Rewrite::between(Some(b"\"7\""), Some(b"\"71\"")), Rewrite::Replaced);
    /// ```
    #[must_use]
    pub fn between(origin: Option<&[u8]>, edge: Option<&'t [u8]>) -> Self {
        match (origin, edge) {
            (None, None) => Self::Kept,
            (Some(_), None) => Self::Removed,
            (None, Some(_)) => Self::Added,
            (Some(origin), Some(edge)) if origin == edge => Self::Kept,
            (Some(origin), Some(edge)) => Self::of_another(&Parts::of(origin), &Parts::of(edge)),
        }
    }

    /// The least that was done to any of the origin's tags: a cache may serve the tag of another coding.
    #[must_use]
    pub fn of_any(origin: &[Option<&[u8]>], edge: Option<&'t [u8]>) -> Self {
        let rewrites = origin.iter().map(|origin| Self::between(*origin, edge));
        rewrites.min().unwrap_or(Self::Kept)
    }

    fn of_another(origin: &Parts<'_>, edge: &Parts<'t>) -> Self {
        if origin.inside == edge.inside {
            return match (origin.is_weak, edge.is_weak) {
                _ if origin.is_quoted != edge.is_quoted => Self::Requoted,
                (false, true) => Self::Weakened,
                _ => Self::Strengthened,
            };
        }
        let suffix = edge
            .inside
            .strip_prefix(origin.inside)
            .and_then(coding_suffix);
        match suffix {
            Some(_) if origin.is_quoted != edge.is_quoted => Self::Replaced,
            Some(suffix) if edge.is_weak && !origin.is_weak => Self::SuffixedAndWeakened(suffix),
            Some(suffix) if edge.is_weak == origin.is_weak => Self::Suffixed(suffix),
            _ => Self::Replaced,
        }
    }

    /// A word for it, which stays the same: `weakened`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Kept => "kept",
            Self::Weakened => "weakened",
            Self::Suffixed(_) => "suffixed",
            Self::SuffixedAndWeakened(_) => "suffixed-and-weakened",
            Self::Strengthened => "strengthened",
            Self::Requoted => "requoted",
            Self::Removed => "removed",
            Self::Added => "added",
            Self::Replaced => "replaced",
        }
    }

    /// What was appended inside the quotes.
    #[must_use]
    pub const fn suffix(self) -> Option<&'t str> {
        match self {
            Self::Suffixed(suffix) | Self::SuffixedAndWeakened(suffix) => Some(suffix),
            _ => None,
        }
    }
}

/// `7-gzip` without `7`: what is left has to be a coding, because `"71"` is another version and no suffix of `"7"`.
fn coding_suffix(rest: &[u8]) -> Option<&str> {
    let is_coding = |coding: &[u8]| CODINGS.contains(&coding);
    let mut separated = SEPARATORS
        .iter()
        .filter_map(|with| rest.strip_prefix(*with));
    separated.any(is_coding).then_some(())?;
    str::from_utf8(rest).ok()
}

/// The parts of what stands in the field, whether it is a tag or not.
struct Parts<'t> {
    is_weak: bool,
    is_quoted: bool,
    inside: &'t [u8],
}

impl<'t> Parts<'t> {
    fn of(value: &'t [u8]) -> Self {
        let (is_weak, rest) = match value.strip_prefix(b"W/") {
            Some(rest) => (true, rest),
            None => (false, value),
        };
        let quoted = rest
            .strip_prefix(b"\"")
            .and_then(|rest| rest.strip_suffix(b"\""));
        Self {
            is_weak,
            is_quoted: quoted.is_some(),
            inside: quoted.unwrap_or(rest),
        }
    }
}

/// How many bytes of a tag are shown.
const SHOWN: usize = 60;

/// A tag for people: what is not ASCII is escaped, and what is long is cut.
///
/// # Examples
///
/// ```
/// use tower_conditional_doctor::edge::Shown;
///
/// assert_eq!(Shown(Some(b"\"caf\xe9\"")).to_string(), r#""caf\xe9""#);
/// assert_eq!(Shown(None).to_string(), "none");
/// ```
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_structs, reason = "a wrapper")]
pub struct Shown<'t>(pub Option<&'t [u8]>);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(tag) = self.0 else {
            return f.pad("none");
        };
        let (shown, more) = match tag.get(..SHOWN) {
            Some(shown) if tag.len() > SHOWN => (shown, "…"),
            _ => (tag, ""),
        };
        f.pad(&(escaped(shown).into_owned() + more))
    }
}

/// Bytes as text, with what is not printable ASCII as `\xe9`: nothing that a server sends can move the cursor.
pub(crate) fn escaped(bytes: &[u8]) -> Cow<'_, str> {
    let is_plain = |byte: &u8| matches!(byte, b' '..=b'~');
    match str::from_utf8(bytes) {
        Ok(text) if bytes.iter().all(is_plain) => Cow::Borrowed(text),
        _ => Cow::Owned(bytes.iter().fold(String::new(), |text, byte| match byte {
            b' '..=b'~' => text + str::from_utf8(&[*byte]).unwrap_or("?"),
            _ => text + &format!("\\x{byte:02x}"),
        })),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn between<'t>(origin: &str, edge: &'t str) -> Rewrite<'t> {
        let field = |text: &'t str| (!text.is_empty()).then_some(text.as_bytes());
        Rewrite::between(
            (!origin.is_empty()).then_some(origin.as_bytes()),
            field(edge),
        )
    }

    #[test]
    fn each_rewrite_has_its_name() {
        for (origin, edge, expected) in [
            ("", "", Rewrite::Kept),
            (r#""7""#, r#""7""#, Rewrite::Kept),
            (r#"W/"7""#, r#"W/"7""#, Rewrite::Kept),
            (r#""7""#, r#"W/"7""#, Rewrite::Weakened),
            (r#"W/"7""#, r#""7""#, Rewrite::Strengthened),
            (r#""7""#, r#""7-gzip""#, Rewrite::Suffixed("-gzip")),
            (r#""7""#, r#""7--gzip""#, Rewrite::Suffixed("--gzip")),
            (r#""7""#, r#""7;br""#, Rewrite::Suffixed(";br")),
            (r#"W/"7""#, r#"W/"7-zstd""#, Rewrite::Suffixed("-zstd")),
            (
                r#""7""#,
                r#"W/"7-gzip""#,
                Rewrite::SuffixedAndWeakened("-gzip"),
            ),
            // A weak tag that became strong and longer is no rewrite that anybody does by accident.
            (r#"W/"7""#, r#""7-gzip""#, Rewrite::Replaced),
            (r#""7""#, "7", Rewrite::Requoted),
            ("7", r#""7""#, Rewrite::Requoted),
            (r#""7""#, "", Rewrite::Removed),
            ("", r#""7""#, Rewrite::Added),
            // Versions, and no suffixes.
            (r#""7""#, r#""71""#, Rewrite::Replaced),
            (r#""7""#, r#""7-8""#, Rewrite::Replaced),
            (r#""7""#, r#""7-""#, Rewrite::Replaced),
            (r#""7""#, r#""7gzip""#, Rewrite::Replaced),
            (r#""7""#, r#""7-gzip-gzip""#, Rewrite::Replaced),
            (r#""7""#, r#""-gzip""#, Rewrite::Replaced),
            (r#""""#, r#""-gzip""#, Rewrite::Suffixed("-gzip")),
            // Weak is a capital letter.
            (r#""7""#, r#"w/"7""#, Rewrite::Replaced),
        ] {
            assert_eq!(between(origin, edge), expected, "{origin} {edge}");
        }
    }

    #[test]
    fn tag_of_another_coding_is_no_rewrite() {
        let origin = [Some(&b"\"7\""[..]), Some(b"\"7-gzip\"")];
        for (edge, expected) in [
            ("\"7\"", Rewrite::Kept),
            ("\"7-gzip\"", Rewrite::Kept),
            ("W/\"7-gzip\"", Rewrite::Weakened),
            ("\"7-br\"", Rewrite::Suffixed("-br")),
            ("\"8\"", Rewrite::Replaced),
        ] {
            assert_eq!(Rewrite::of_any(&origin, Some(edge.as_bytes())), expected);
        }
        assert_eq!(Rewrite::of_any(&origin, None), Rewrite::Removed);
    }

    #[test]
    fn what_is_shown_is_short_and_printable() {
        let long = [b'x'; 100];
        let shown = Shown(Some(&long)).to_string();
        assert_eq!(shown.chars().count(), SHOWN + 1);
        let hostile = b"\"\x1b[2J\xff\"";
        assert_eq!(Shown(Some(hostile)).to_string(), r#""\x1b[2J\xff""#);
    }
}
