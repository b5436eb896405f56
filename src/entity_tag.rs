//! Entity tags: the value, its two comparisons, and the tags that stand for a version ([RFC 9110, section 8.8.3]).
//!
//! [RFC 9110, section 8.8.3]: https://www.rfc-editor.org/rfc/rfc9110#section-8.8.3

use std::fmt;
use std::str::FromStr;

use bytes::Bytes;
use http::HeaderValue;

use crate::tag_list::RawTag;

/// An entity tag: an opaque validator that tells representations of one resource apart.
///
/// ```text
/// entity-tag = [ weak ] opaque-tag
/// weak       = %s"W/"
/// opaque-tag = DQUOTE *etagc DQUOTE
/// etagc      = %x21 / %x23-7E / obs-text
/// ```
///
/// It is bytes end to end (obs-text included) and holds its field value, so that sending it validates nothing again.
///
/// There is no `==`: section 8.8.3.2 of RFC 9110 has two comparisons, and which one is meant has to be said.
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
    /// A strong tag around these opaque bytes (without quotes).
    ///
    /// Strong promises that the tag changes whenever the bytes of the representation change, and that it is
    /// never used again for other bytes ([section 8.8.1](https://www.rfc-editor.org/rfc/rfc9110#section-8.8.1)).
    ///
    /// # Errors
    ///
    /// A byte that the grammar does not allow between the quotes: a control, a space, `"` or DEL.
    pub fn strong(opaque: impl AsRef<[u8]>) -> Result<Self, InvalidEntityTag> {
        Self::quoted("\"", opaque.as_ref())
    }

    /// A weak tag around these opaque bytes (without quotes and `W/`).
    ///
    /// # Errors
    ///
    /// As for [`strong`](Self::strong).
    pub fn weak(opaque: impl AsRef<[u8]>) -> Result<Self, InvalidEntityTag> {
        Self::quoted("W/\"", opaque.as_ref())
    }

    /// A tag from a literal as it stands in the field, quotes included: `"\"v1\""` or `"W/\"v1\""`.
    ///
    /// # Panics
    ///
    /// When the literal is not an entity tag; in a `const` at compile time.
    #[must_use]
    pub const fn from_static(literal: &'static str) -> Self {
        let bytes = literal.as_bytes();
        let start = if bytes.len() > 2 && bytes[0] == b'W' && bytes[1] == b'/' {
            3
        } else {
            1
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

    /// The strong tag of a version number: `42` gives `"42"`; [`version`](Self::version) is its inverse.
    ///
    /// The number has to come from a counter that never repeats for the resource: after delete and re-create an
    /// old tag must not be valid again. Use an [`Epoch`](crate::Epoch) when releases of the service may serialise one version
    /// differently. A database counts in `i64`: `EntityTag::from_version(version.cast_unsigned())`.
    ///
    /// ```
    /// use tower_conditional::EntityTag;
    ///
    /// let tag = EntityTag::from_version(42);
    /// assert_eq!(tag.as_bytes(), b"\"42\"");
    /// assert_eq!(tag.version(), Some(42));
    /// ```
    #[must_use]
    pub fn from_version(version: u64) -> Self {
        Self::of_parts("", "", &version.to_string())
    }

    /// The strong tag of a short key such as a revision id: `3f9a` gives `"3f9a"`; [`key`](Self::key) is its inverse.
    ///
    /// # Errors
    ///
    /// A key that is not 1 to 64 characters of `[A-Za-z0-9_~-]`: these survive every recipient on the way.
    pub fn from_key(key: &str) -> Result<Self, InvalidEntityTag> {
        if (1..=64).contains(&key.len()) && key.bytes().all(is_key_byte) {
            Self::strong(key)
        } else {
            Err(InvalidEntityTag)
        }
    }

    /// Reads one entity tag as it stands in a field, nothing before or after it.
    ///
    /// # Errors
    ///
    /// Anything that is not exactly one entity tag (`w/"x"`, an unquoted tag, a list).
    pub fn from_header_value(value: &HeaderValue) -> Result<Self, InvalidEntityTag> {
        RawTag::parse(value.as_bytes())
            .map(|_| Self(value.clone()))
            .ok_or(InvalidEntityTag)
    }

    /// The tag as it stands in a field: quotes included, `W/` before them when it is weak.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    /// The `opaque-tag` of the grammar: the tag without `W/`, quotes included.
    #[must_use]
    pub fn opaque_tag(&self) -> &[u8] {
        let bytes = self.as_bytes();
        bytes.strip_prefix(b"W/").unwrap_or(bytes)
    }

    /// Whether the tag carries the weak marker `W/`.
    #[must_use]
    pub fn is_weak(&self) -> bool {
        self.as_bytes().first() == Some(&b'W')
    }

    /// The same opaque tag with the weak marker.
    #[must_use]
    pub fn to_weak(&self) -> Self {
        if self.is_weak() {
            return self.clone();
        }
        Self::of_valid(["W/".as_bytes(), self.as_bytes()].concat())
    }

    /// Strong comparison ([section 8.8.3.2](https://www.rfc-editor.org/rfc/rfc9110#section-8.8.3.2)): both are
    /// strong and their opaque tags are the same bytes. A weak tag does not even equal itself.
    #[must_use]
    pub fn strong_eq(&self, other: &Self) -> bool {
        !self.is_weak() && self.as_bytes() == other.as_bytes()
    }

    /// Weak comparison ([section 8.8.3.2](https://www.rfc-editor.org/rfc/rfc9110#section-8.8.3.2)): the opaque
    /// tags are the same bytes, whatever their strength.
    #[must_use]
    pub fn weak_eq(&self, other: &Self) -> bool {
        self.opaque_tag() == other.opaque_tag()
    }

    /// The version that [`from_version`](Self::from_version) or [`Epoch::version`](crate::Epoch::version) put into the tag.
    ///
    /// `None` when the tag is weak or was not made by them (`"007"` was not).
    #[must_use]
    pub fn version(&self) -> Option<u64> {
        let key = self.key()?;
        let canonical = key == "0" || !key.starts_with(['0', '+']);
        key.parse().ok().filter(|_| canonical)
    }

    /// The key that [`from_key`](Self::from_key) or [`Epoch::key`](crate::Epoch::key) put into the tag, without its epoch.
    ///
    /// `None` when the tag is weak or holds other characters than those allow.
    #[must_use]
    pub fn key(&self) -> Option<&str> {
        let (_, key) = self.raw().in_epoch();
        (!self.is_weak() && !key.is_empty() && key.iter().copied().all(is_key_byte))
            .then(|| std::str::from_utf8(key).ok())
            .flatten()
    }

    /// The epoch that [`Epoch`](crate::Epoch) put before the version or key: the part up to the first `.`.
    #[must_use]
    pub fn epoch(&self) -> Option<&str> {
        let (epoch, _) = self.raw().in_epoch();
        std::str::from_utf8(epoch?).ok()
    }

    pub(crate) fn raw(&self) -> RawTag<'_> {
        RawTag::of_valid(self.as_bytes())
    }

    /// The same tag with a suffix inside the quotes, as compressors append it.
    #[cfg(feature = "layer")]
    pub(crate) fn with_suffix(&self, suffix: &str) -> Self {
        let opening: &[u8] = if self.is_weak() { b"W/\"" } else { b"\"" };
        Self::of_valid([opening, self.raw().opaque(), suffix.as_bytes(), b"\""].concat())
    }

    /// Takes bytes that are known to be an entity tag: the one place that turns them into a field value.
    pub(crate) fn of_valid(bytes: Vec<u8>) -> Self {
        debug_assert!(RawTag::parse(&bytes).is_some());
        let value = HeaderValue::from_maybe_shared(Bytes::from(bytes));
        // Every byte of the grammar may stand in a field value, so the other arm is never taken.
        Self(value.unwrap_or_else(|_| HeaderValue::from_static("\"\"")))
    }

    fn quoted(opening: &str, opaque: &[u8]) -> Result<Self, InvalidEntityTag> {
        if opaque.iter().copied().all(is_etagc) {
            Ok(Self::of_valid([opening.as_bytes(), opaque, b"\""].concat()))
        } else {
            Err(InvalidEntityTag)
        }
    }

    /// Of parts that are key bytes, and the dot.
    pub(crate) fn of_parts(epoch: &str, dot: &str, rest: &str) -> Self {
        Self::of_valid(["\"", epoch, dot, rest, "\""].concat().into_bytes())
    }
}

/// What the bytes of a tag look like on the wire.
impl fmt::Debug for EntityTag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EntityTag({})", self.as_bytes().escape_ascii())
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

/// The bytes given are not an entity tag ([RFC 9110, section 8.8.3](https://www.rfc-editor.org/rfc/rfc9110#section-8.8.3)).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct InvalidEntityTag;

impl fmt::Display for InvalidEntityTag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not an entity tag: expected \"...\" or W/\"...\" without spaces or controls")
    }
}

impl std::error::Error for InvalidEntityTag {}

/// `etagc` of the grammar: any visible byte but the double quote, and obs-text.
pub(crate) const fn is_etagc(byte: u8) -> bool {
    matches!(byte, 0x21 | 0x23..=0x7E | 0x80..=0xFF)
}

/// What we put into tags ourselves: no comma (naive splitters), no backslash (naive unescapers), no dot (our own mark).
pub(crate) const fn is_key_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'~' | b'-')
}
