//! The five conditional fields by name, and which of them a request carries ([RFC 9110, section 13.1]).
//!
//! [RFC 9110, section 13.1]: https://www.rfc-editor.org/rfc/rfc9110#section-13.1

use std::fmt;

use http::header::{
    HeaderMap, HeaderName, IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_RANGE,
    IF_UNMODIFIED_SINCE,
};

/// One of the five conditional fields.
///
/// # Examples
///
/// ```
/// use http::header::IF_MATCH;
/// use tower_conditional::Field;
///
/// assert_eq!(Field::IfMatch.as_str(), "If-Match");
/// assert_eq!(Field::IfMatch.header_name(), IF_MATCH);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(
    clippy::exhaustive_enums,
    reason = "section 13.1 defines five; others are not judged here"
)]
pub enum Field {
    /// If-Match ([section 13.1.1](https://www.rfc-editor.org/rfc/rfc9110#section-13.1.1)).
    IfMatch,
    /// If-None-Match ([section 13.1.2](https://www.rfc-editor.org/rfc/rfc9110#section-13.1.2)).
    IfNoneMatch,
    /// If-Modified-Since ([section 13.1.3](https://www.rfc-editor.org/rfc/rfc9110#section-13.1.3)).
    IfModifiedSince,
    /// If-Unmodified-Since ([section 13.1.4](https://www.rfc-editor.org/rfc/rfc9110#section-13.1.4)).
    IfUnmodifiedSince,
    /// If-Range ([section 13.1.5](https://www.rfc-editor.org/rfc/rfc9110#section-13.1.5)).
    IfRange,
}

impl Field {
    /// As declared: `field as usize` is the place.
    pub(crate) const ALL: [Self; 5] = [
        Self::IfMatch,
        Self::IfNoneMatch,
        Self::IfModifiedSince,
        Self::IfUnmodifiedSince,
        Self::IfRange,
    ];

    /// The name as the RFC spells it: `If-Match`.
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

    /// The name, to look a field up by.
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

    /// A comparison of numbers: most requests carry none of the five, and must not pay for five look-ups.
    pub(crate) const fn named(name: &HeaderName) -> Option<Self> {
        match *name {
            IF_MATCH => Some(Self::IfMatch),
            IF_NONE_MATCH => Some(Self::IfNoneMatch),
            IF_MODIFIED_SINCE => Some(Self::IfModifiedSince),
            IF_UNMODIFIED_SINCE => Some(Self::IfUnmodifiedSince),
            IF_RANGE => Some(Self::IfRange),
            _ => None,
        }
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

/// Which of the five fields a request carries, found in one walk over its field names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Given(u8);

impl Given {
    pub(crate) fn in_headers(headers: &HeaderMap) -> Self {
        let fields = headers.keys().filter_map(Field::named);
        fields.fold(Self::default(), |given, field| Self(given.0 | field.bit()))
    }

    pub(crate) const fn any(self) -> bool {
        self.0 != 0
    }

    pub(crate) const fn has(self, field: Field) -> bool {
        self.0 & field.bit() != 0
    }

    pub(crate) const fn without(self, field: Field) -> Self {
        Self(self.0 & !field.bit())
    }

    pub(crate) fn fields(self) -> impl Iterator<Item = Field> {
        let given = move |field: &Field| self.has(*field);
        Field::ALL.into_iter().filter(given)
    }

    /// Whether one of the fields that can stop a write is there (section 13.2.2, steps 1 to 3).
    pub(crate) const fn any_for_writes(self) -> bool {
        self.has(Field::IfMatch)
            || self.has(Field::IfNoneMatch)
            || self.has(Field::IfUnmodifiedSince)
    }

    /// Whether judging needs a clock: two-digit years do (section 5.6.7).
    pub(crate) const fn any_date(self) -> bool {
        self.has(Field::IfModifiedSince)
            || self.has(Field::IfUnmodifiedSince)
            || self.has(Field::IfRange)
    }
}
