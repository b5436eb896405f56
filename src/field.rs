//! The names of the five conditional headers, and which of them a request carries ([RFC 9110, section 13.1]).
//!
//! [RFC 9110, section 13.1]: https://www.rfc-editor.org/rfc/rfc9110#section-13.1

use std::fmt;

use http::header::{
    HeaderMap, HeaderName, IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_RANGE,
    IF_UNMODIFIED_SINCE, RANGE,
};

/// One of the five conditional headers.
///
/// # Examples
///
/// ```
/// use http::header::IF_MATCH;
/// use tower_conditional::precondition::Field;
///
/// assert_eq!(Field::IfMatch.as_str(), "If-Match");
/// assert_eq!(Field::IfMatch.header_name(), IF_MATCH);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(
    clippy::exhaustive_enums,
    reason = "section 13.1 defines five, and others are not evaluated"
)]
pub enum Field {
    /// If-Match ([section 13.1.1](https://www.rfc-editor.org/rfc/rfc9110#section-13.1.1)).
    #[doc(alias("If-Match"))]
    IfMatch,
    /// If-None-Match ([section 13.1.2](https://www.rfc-editor.org/rfc/rfc9110#section-13.1.2)).
    #[doc(alias("If-None-Match"))]
    IfNoneMatch,
    /// If-Modified-Since ([section 13.1.3](https://www.rfc-editor.org/rfc/rfc9110#section-13.1.3)).
    #[doc(alias("If-Modified-Since"))]
    IfModifiedSince,
    /// If-Unmodified-Since ([section 13.1.4](https://www.rfc-editor.org/rfc/rfc9110#section-13.1.4)).
    #[doc(alias("If-Unmodified-Since"))]
    IfUnmodifiedSince,
    /// If-Range ([section 13.1.5](https://www.rfc-editor.org/rfc/rfc9110#section-13.1.5)).
    #[doc(alias("If-Range"))]
    IfRange,
}

impl Field {
    /// In the order of declaration: `ALL[field as usize]` is `field`.
    pub(crate) const ALL: [Self; 5] = [
        Self::IfMatch,
        Self::IfNoneMatch,
        Self::IfModifiedSince,
        Self::IfUnmodifiedSince,
        Self::IfRange,
    ];

    /// The name as the RFC spells it, such as `If-Match`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::IfMatch => "If-Match",
            Self::IfNoneMatch => "If-None-Match",
            Self::IfModifiedSince => "If-Modified-Since",
            Self::IfUnmodifiedSince => "If-Unmodified-Since",
            Self::IfRange => "If-Range",
        }
    }

    /// The name as the key of a header map.
    #[must_use]
    pub const fn header_name(self) -> HeaderName {
        match self {
            Self::IfMatch => IF_MATCH,
            Self::IfNoneMatch => IF_NONE_MATCH,
            Self::IfModifiedSince => IF_MODIFIED_SINCE,
            Self::IfUnmodifiedSince => IF_UNMODIFIED_SINCE,
            Self::IfRange => IF_RANGE,
        }
    }

    /// The name in static memory, for look-ups in a header map.
    pub(crate) fn name(self) -> &'static HeaderName {
        static NAMES: [HeaderName; 5] = [
            Field::ALL[0].header_name(),
            Field::ALL[1].header_name(),
            Field::ALL[2].header_name(),
            Field::ALL[3].header_name(),
            Field::ALL[4].header_name(),
        ];
        &NAMES[self as usize]
    }

    const fn bit(self) -> u8 {
        1 << self as u8
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Which of the five conditional headers, and whether Range, a request carries. One walk over the names finds them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct FieldSet(u8);

impl FieldSet {
    /// Finds the fields in a header map.
    pub(crate) fn in_headers(headers: &HeaderMap) -> Self {
        headers.keys().fold(Self::default(), |given, name| {
            Self(given.0 | Self::of(name))
        })
    }

    /// Range is not a precondition. It is in the set because one walk over the names finds all six.
    const RANGE: u8 = 1 << 7;

    /// Whether the name is one of the five, or Range.
    #[cfg(feature = "layer")]
    pub(crate) const fn is_any(name: &HeaderName) -> bool {
        Self::of(name) != 0
    }

    /// Compares numbers in place of six look-ups, because most requests carry none of the six.
    const fn of(name: &HeaderName) -> u8 {
        match *name {
            IF_MATCH => Field::IfMatch.bit(),
            IF_NONE_MATCH => Field::IfNoneMatch.bit(),
            IF_MODIFIED_SINCE => Field::IfModifiedSince.bit(),
            IF_UNMODIFIED_SINCE => Field::IfUnmodifiedSince.bit(),
            IF_RANGE => Field::IfRange.bit(),
            RANGE => Self::RANGE,
            _ => 0,
        }
    }

    /// This field alone.
    pub(crate) const fn only(field: Field) -> Self {
        Self(field.bit())
    }

    /// Whether Range is there.
    pub(crate) const fn has_range(self) -> bool {
        self.0 & Self::RANGE != 0
    }

    /// Whether this conditional header is there.
    pub(crate) const fn has(self, field: Field) -> bool {
        self.0 & field.bit() != 0
    }

    /// In the order of [`Field::ALL`].
    pub(crate) fn fields(self) -> impl Iterator<Item = Field> {
        let mut left = self.0 & !Self::RANGE;
        std::iter::from_fn(move || {
            let next = Field::ALL.get(left.trailing_zeros() as usize)?;
            left &= left - 1;
            Some(*next)
        })
    }
}

#[cfg(feature = "layer")]
impl FieldSet {
    /// Whether one of the five is there; Range does not count.
    pub(crate) const fn any(self) -> bool {
        self.0 & !Self::RANGE != 0
    }

    pub(crate) const fn without(self, field: Field) -> Self {
        Self(self.0 & !field.bit())
    }

    pub(crate) const fn without_range(self) -> Self {
        Self(self.0 & !Self::RANGE)
    }

    pub(crate) const fn without_all(self, others: Self) -> Self {
        Self(self.0 & !others.0)
    }

    /// Whether one of the preconditions of a write is there (section 13.2.2, steps 1 to 3).
    pub(crate) const fn any_for_writes(self) -> bool {
        self.has(Field::IfMatch)
            || self.has(Field::IfNoneMatch)
            || self.has(Field::IfUnmodifiedSince)
    }

    /// Whether evaluation needs the time, because a date may have a two-digit year (section 5.6.7).
    pub(crate) const fn any_date(self) -> bool {
        self.has(Field::IfModifiedSince)
            || self.has(Field::IfUnmodifiedSince)
            || self.has(Field::IfRange)
    }

    /// The preconditions of a read to evaluate again if the handler states another version.
    pub(crate) const fn evaluated_again(self) -> Self {
        let again = Field::IfMatch.bit() | Field::IfUnmodifiedSince.bit() | Field::IfRange.bit();
        Self(self.0 & again)
    }
}
