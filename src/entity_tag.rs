//! Entity tags: the value, its two comparisons, and the tags of versions ([RFC 9110, section 8.8.3]).
//!
//! [RFC 9110, section 8.8.3]: https://www.rfc-editor.org/rfc/rfc9110#section-8.8.3

use std::fmt;
use std::str::FromStr;

use bytes::Bytes;
use http::HeaderValue;

use crate::tag_list::RawTag;
use crate::version_number::{self, VersionNumber};

/// An entity tag: an opaque validator that identifies a version of a representation of a resource.
///
/// ```text
/// entity-tag = [ weak ] opaque-tag
/// weak       = %s"W/"
/// opaque-tag = DQUOTE *etagc DQUOTE
/// etagc      = %x21 / %x23-7E / obs-text
/// ```
///
/// The tag consists of bytes, and need not be UTF-8 (obs-text). It is stored as a header value, so that it is not validated
/// again when it is sent.
///
/// It does not implement `==`, because RFC 9110 has two comparisons
/// ([section 8.8.3.2](https://www.rfc-editor.org/rfc/rfc9110#section-8.8.3.2)), and the caller has to choose one:
///
/// | first | second | [`strong_eq`](Self::strong_eq) | [`weak_eq`](Self::weak_eq) |
/// |---|---|---|---|
/// | `W/"1"` | `W/"1"` | no match | match |
/// | `W/"1"` | `W/"2"` | no match | no match |
/// | `W/"1"` | `"1"` | no match | match |
/// | `"1"` | `"1"` | match | match |
///
/// # Examples
///
/// ```
/// use tower_conditional::EntityTag;
///
/// const V1: EntityTag = EntityTag::from_static("\"v1\"");
/// let weak = EntityTag::weak("v1")?;
/// assert!(V1.weak_eq(&weak));
/// assert!(!V1.strong_eq(&weak));
/// # Ok::<(), tower_conditional::validator::InvalidEntityTag>(())
/// ```
#[doc(alias("ETag", "entity-tag"))]
#[derive(Clone)]
pub struct EntityTag(HeaderValue);

impl EntityTag {
    /// A strong tag with these bytes between its quotes.
    ///
    /// A strong tag promises that it changes whenever the bytes of the representation change, and that it is never used
    /// again for other bytes ([section 8.8.1](https://www.rfc-editor.org/rfc/rfc9110#section-8.8.1)).
    ///
    /// # Errors
    ///
    /// A byte that the grammar does not allow between the quotes: a control, a space, `"` or DEL.
    pub fn strong(opaque: impl AsRef<[u8]>) -> Result<Self, InvalidEntityTag> {
        Self::quoted("\"", opaque.as_ref())
    }

    /// A weak tag with these bytes between its quotes; `W/` is put before them.
    ///
    /// # Errors
    ///
    /// As for [`strong`](Self::strong).
    pub fn weak(opaque: impl AsRef<[u8]>) -> Result<Self, InvalidEntityTag> {
        Self::quoted("W/\"", opaque.as_ref())
    }

    /// A tag from a literal as it is sent, with its quotes: `"\"v1\""` or `"W/\"v1\""`.
    ///
    /// # Panics
    ///
    /// If the literal is not an entity tag. In a `const` this is an error at compile time.
    #[must_use]
    pub const fn from_static(literal: &'static str) -> Self {
        let bytes = literal.as_bytes();
        let start = match bytes {
            [b'W', b'/', ..] => 3,
            _ => 1,
        };
        assert!(
            bytes.len() > start && bytes[start - 1] == b'"' && bytes[bytes.len() - 1] == b'"',
            "an entity tag is written in double quotes, with or without W/ before them",
        );
        let mut at = start;
        while at < bytes.len() - 1 {
            assert!(is_etagc(bytes[at]), "a byte that an entity tag cannot hold");
            at += 1;
        }
        Self(HeaderValue::from_static(literal))
    }

    /// The strong tag of a version number: `42` becomes `"42"`. [`version`](Self::version) is its inverse.
    ///
    /// The number must come from a counter that never repeats for the resource: if the resource is deleted and created
    /// again, an old tag must not match. Use an [`Epoch`](crate::Epoch) if releases of the service may serialise a version
    /// differently.
    ///
    /// ```
    /// use tower_conditional::EntityTag;
    ///
    /// let version: i64 = 42; // SELECT version FROM notes WHERE id = ?
    /// let tag = EntityTag::from_version(version);
    /// assert_eq!(tag.as_bytes(), b"\"42\"");
    /// assert_eq!(tag.version(), Some(version));
    /// ```
    #[must_use]
    pub fn from_version<N: VersionNumber>(version: N) -> Self {
        Self::of_parts("", "", &version.to_string())
    }

    /// The strong tag of a short key, such as a revision id: `3f9a` becomes `"3f9a"`. [`key`](Self::key) is its inverse.
    ///
    /// # Errors
    ///
    /// The key is not 1 to 64 characters of `[A-Za-z0-9_~-]`, which every recipient passes on unchanged.
    pub fn from_key(key: &str) -> Result<Self, InvalidEntityTag> {
        if (1..=64).contains(&key.len()) && key.bytes().all(is_key_byte) {
            Self::strong(key)
        } else {
            Err(InvalidEntityTag)
        }
    }

    /// Reads a header value that is exactly one entity tag.
    ///
    /// # Errors
    ///
    /// The value is anything else, such as `w/"x"`, an unquoted tag or a list.
    pub fn from_header_value(value: &HeaderValue) -> Result<Self, InvalidEntityTag> {
        RawTag::parse(value.as_bytes())
            .map(|_| Self(value.clone()))
            .ok_or(InvalidEntityTag)
    }

    /// The tag as it is sent: with its quotes, and `W/` before them if it is weak.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    /// The tag as it is sent, as text; `None` if it has bytes above 0x7F (obs-text), which have no encoding
    /// ([section 5.5](https://www.rfc-editor.org/rfc/rfc9110#section-5.5)).
    ///
    /// A tag does not implement `Display`: `to_string` of a tag with such bytes would have to change them or panic, and a
    /// client can send one. With the feature `serde` it is serialised as this text.
    ///
    /// ```
    /// use tower_conditional::EntityTag;
    ///
    /// assert_eq!(EntityTag::from_version(7).to_str(), Some("\"7\""));
    /// assert_eq!(EntityTag::strong(b"caf\xe9")?.to_str(), None);
    /// # Ok::<(), tower_conditional::validator::InvalidEntityTag>(())
    /// ```
    #[doc(alias("Display", "to_string", "as_str"))]
    #[must_use]
    pub fn to_str(&self) -> Option<&str> {
        let bytes = self.as_bytes();
        bytes
            .is_ascii()
            .then(|| std::str::from_utf8(bytes).ok())
            .flatten()
    }

    /// The `opaque-tag` of the grammar: the tag with its quotes and without `W/`.
    #[must_use]
    pub fn opaque_tag(&self) -> &[u8] {
        let bytes = self.as_bytes();
        bytes.strip_prefix(b"W/").unwrap_or(bytes)
    }

    /// Whether the tag is weak: it has `W/` before its quotes.
    #[must_use]
    pub fn is_weak(&self) -> bool {
        self.as_bytes().first() == Some(&b'W')
    }

    /// The weak tag with the same opaque tag.
    #[must_use]
    pub fn to_weak(&self) -> Self {
        if self.is_weak() {
            return self.clone();
        }
        Self::of_valid(["W/".as_bytes(), self.as_bytes()].concat())
    }

    /// Strong comparison ([section 8.8.3.2](https://www.rfc-editor.org/rfc/rfc9110#section-8.8.3.2)): true if both are
    /// strong and their opaque tags are the same bytes. A weak tag does not match itself.
    #[must_use]
    pub fn strong_eq(&self, other: &Self) -> bool {
        !self.is_weak() && self.as_bytes() == other.as_bytes()
    }

    /// Weak comparison ([section 8.8.3.2](https://www.rfc-editor.org/rfc/rfc9110#section-8.8.3.2)): true if the opaque tags
    /// are the same bytes. Either tag may be weak.
    #[must_use]
    pub fn weak_eq(&self, other: &Self) -> bool {
        self.opaque_tag() == other.opaque_tag()
    }

    /// The version of a tag that [`from_version`](Self::from_version) or [`Epoch::version`](crate::Epoch::version) has made.
    ///
    /// `None` for a weak tag, for any other form, such as `"007"`, and for a number that the type cannot hold. The type follows
    /// from what the version is compared with; where it does not, name it: `tag.version::<i64>()`.
    #[must_use]
    pub fn version<N: VersionNumber>(&self) -> Option<N> {
        version_number::parse(self.key()?)
    }

    /// The key, without the epoch, of a tag that [`from_key`](Self::from_key) or [`Epoch::key`](crate::Epoch::key) has made.
    ///
    /// `None` for a weak tag, and for one with characters that a key cannot have.
    #[must_use]
    pub fn key(&self) -> Option<&str> {
        self.rest().filter(|_| !self.is_weak())
    }

    /// The number that is the key, of whatever size.
    #[cfg(feature = "layer")]
    pub(crate) fn number(&self) -> Option<i128> {
        version_number::parse(self.key()?)
    }

    /// What follows the epoch, if it consists of key bytes.
    pub(crate) fn rest(&self) -> Option<&str> {
        let (_, rest) = self.raw().in_epoch();
        (!rest.is_empty() && rest.iter().copied().all(is_key_byte))
            .then(|| std::str::from_utf8(rest).ok())
            .flatten()
    }

    /// The name of the [`Epoch`](crate::Epoch) of the tag: the part before the first `.`.
    #[must_use]
    pub fn epoch(&self) -> Option<&str> {
        let (epoch, _) = self.raw().in_epoch();
        std::str::from_utf8(epoch?).ok()
    }

    /// The tag in the form that the list scanner compares.
    pub(crate) fn raw(&self) -> RawTag<'_> {
        RawTag::of_valid(self.as_bytes())
    }

    /// The strong tag with the same opaque tag. The caller knows that it names the same bytes.
    #[cfg(feature = "layer")]
    pub(crate) fn to_strong(&self) -> Self {
        if self.is_weak() {
            Self::of_valid(self.opaque_tag().to_vec())
        } else {
            self.clone()
        }
    }

    /// The same tag with a suffix inside the quotes.
    #[cfg(feature = "layer")]
    pub(crate) fn with_suffix(&self, suffix: &str) -> Self {
        let opening: &[u8] = if self.is_weak() { b"W/\"" } else { b"\"" };
        Self::of_valid([opening, self.raw().opaque(), suffix.as_bytes(), b"\""].concat())
    }

    /// A tag from bytes that are known to be an entity tag, with its quotes.
    pub(crate) fn of_valid(bytes: Vec<u8>) -> Self {
        debug_assert!(RawTag::parse(&bytes).is_some());
        let value = HeaderValue::from_maybe_shared(Bytes::from(bytes));
        // Cannot fail: a header value may have every byte that the grammar allows.
        Self(value.unwrap_or_else(|_| HeaderValue::from_static("\"\"")))
    }

    /// Puts an opening before the bytes, and a quote after them.
    fn quoted(opening: &str, opaque: &[u8]) -> Result<Self, InvalidEntityTag> {
        if opaque.iter().copied().all(is_etagc) {
            Ok(Self::of_valid([opening.as_bytes(), opaque, b"\""].concat()))
        } else {
            Err(InvalidEntityTag)
        }
    }

    /// A strong tag from parts that consist of key bytes, and the dot between them.
    pub(crate) fn of_parts(epoch: &str, dot: &str, rest: &str) -> Self {
        Self::of_valid(["\"", epoch, dot, rest, "\""].concat().into_bytes())
    }
}

/// Shows the bytes as they are sent, escaped.
impl fmt::Debug for EntityTag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EntityTag({})", self.as_bytes().escape_ascii())
    }
}

/// The tag [as it is sent](EntityTag::as_bytes).
impl AsRef<[u8]> for EntityTag {
    fn as_ref(&self) -> &[u8] {
        self.as_bytes()
    }
}

impl From<EntityTag> for HeaderValue {
    fn from(tag: EntityTag) -> Self {
        tag.0
    }
}

impl From<&EntityTag> for HeaderValue {
    fn from(tag: &EntityTag) -> Self {
        tag.0.clone()
    }
}

impl TryFrom<HeaderValue> for EntityTag {
    type Error = InvalidEntityTag;

    fn try_from(value: HeaderValue) -> Result<Self, InvalidEntityTag> {
        match RawTag::parse(value.as_bytes()) {
            Some(_) => Ok(Self(value)),
            None => Err(InvalidEntityTag),
        }
    }
}

impl TryFrom<&HeaderValue> for EntityTag {
    type Error = InvalidEntityTag;

    fn try_from(value: &HeaderValue) -> Result<Self, InvalidEntityTag> {
        Self::from_header_value(value)
    }
}

impl FromStr for EntityTag {
    type Err = InvalidEntityTag;

    fn from_str(tag: &str) -> Result<Self, InvalidEntityTag> {
        RawTag::parse(tag.as_bytes())
            .map(|_| Self::of_valid(tag.as_bytes().to_vec()))
            .ok_or(InvalidEntityTag)
    }
}

/// The error for a value that is not an entity tag
/// ([RFC 9110, section 8.8.3](https://www.rfc-editor.org/rfc/rfc9110#section-8.8.3)).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct InvalidEntityTag;

impl fmt::Display for InvalidEntityTag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not an entity tag: expected \"...\" or W/\"...\" without spaces or controls")
    }
}

impl std::error::Error for InvalidEntityTag {}

/// `etagc` of the grammar: any visible character except the double quote, and obs-text.
pub(crate) const fn is_etagc(byte: u8) -> bool {
    matches!(byte, 0x21 | 0x23..=0x7E | 0x80..=0xFF)
}

/// The characters of keys: no comma and no backslash, because naive recipients split and unescape at them, and no dot,
/// because it ends an epoch.
pub(crate) const fn is_key_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'~' | b'-')
}

#[cfg(test)]
#[cfg(feature = "layer")]
mod tests {
    use super::*;

    #[test]
    fn the_strong_form_and_suffixes() {
        for (tag, strong, suffixed) in [
            ("\"1\"", "\"1\"", "\"1-gzip\""),
            ("W/\"1\"", "\"1\"", "W/\"1-gzip\""),
            ("\"\"", "\"\"", "\"-gzip\""),
            ("W/\"W/\"", "\"W/\"", "W/\"W/-gzip\""),
        ] {
            let tag = EntityTag::from_static(tag);
            assert_eq!(tag.to_strong().to_str(), Some(strong));
            assert_eq!(tag.with_suffix("-gzip").to_str(), Some(suffixed));
        }
    }

    /// Either end of the versions that a column can have, and what is none.
    #[test]
    fn numbers() {
        for (tag, number) in [
            (EntityTag::from_version(i64::MIN), Some(i64::MIN.into())),
            (EntityTag::from_version(u64::MAX), Some(u64::MAX.into())),
            (crate::Epoch::new("n1").version(7), Some(7)),
            (EntityTag::from_version(7).to_weak(), None),
            (EntityTag::from_static("\"007\""), None),
            (EntityTag::from_static("\"x\""), None),
        ] {
            assert_eq!(tag.number(), number, "{tag:?}");
        }
    }
}
