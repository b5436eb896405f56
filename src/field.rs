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

#[cfg(test)]
#[cfg(feature = "layer")]
mod tests {
    use http::HeaderValue;
    use http::header::{ACCEPT, ETAG};

    use super::*;

    fn set_of<const N: usize>(names: [HeaderName; N]) -> FieldSet {
        let value = HeaderValue::from_static("x");
        let headers = names.map(|name| (name, value.clone()));
        FieldSet::in_headers(&HeaderMap::from_iter(headers))
    }

    /// Steps 1 to 3 of section 13.2.2 evaluate three fields of a write; three fields have dates; three may be evaluated again.
    #[test]
    fn what_each_field_is_for() {
        let rows = [
            (IF_MATCH, [true, false, true]),
            (IF_NONE_MATCH, [true, false, false]),
            (IF_MODIFIED_SINCE, [false, true, false]),
            (IF_UNMODIFIED_SINCE, [true, true, true]),
            (IF_RANGE, [false, true, true]),
            (RANGE, [false, false, false]),
            (ACCEPT, [false, false, false]),
        ];
        for (name, expected) in rows {
            // Range beside it changes nothing.
            for set in [set_of([name.clone()]), set_of([name.clone(), RANGE])] {
                let again = set.evaluated_again();
                let found = [set.any_for_writes(), set.any_date(), again.any()];
                assert_eq!(found, expected, "{name}");
                assert!(!again.has_range(), "{name}");
            }
        }
    }

    #[test]
    fn range_is_no_precondition() {
        let five = Field::ALL.map(Field::header_name);
        for name in five {
            assert!(FieldSet::is_any(&name), "{name}");
            assert!(set_of([name.clone()]).any(), "{name}");
        }
        assert!(FieldSet::is_any(&RANGE));
        assert!(!set_of([RANGE]).any());
        assert!(!FieldSet::is_any(&ETAG));
        assert!(!set_of([ETAG]).any());
    }

    #[test]
    fn each_field_that_is_there() {
        let found = |set: FieldSet| set.fields().collect::<Vec<_>>();
        let five = Field::ALL.map(Field::header_name);
        assert_eq!(found(set_of(five)), Field::ALL);
        let two = [Field::IfMatch, Field::IfRange];
        assert_eq!(found(set_of([RANGE, IF_RANGE, IF_MATCH, ETAG])), two);
        assert_eq!(found(set_of([RANGE])), []);
    }

    #[test]
    fn what_is_taken_away_is_not_there() {
        let all = set_of([IF_MATCH, IF_NONE_MATCH, IF_RANGE, RANGE]);
        assert_eq!(
            all.without(Field::IfMatch),
            set_of([IF_NONE_MATCH, IF_RANGE, RANGE])
        );
        assert_eq!(
            all.without_range(),
            set_of([IF_MATCH, IF_NONE_MATCH, IF_RANGE])
        );
        let two = set_of([IF_MATCH, IF_RANGE]);
        assert_eq!(all.without_all(two), set_of([IF_NONE_MATCH, RANGE]));
        // What is not there cannot be taken away.
        let one = set_of([IF_MATCH]);
        assert_eq!(one.without(Field::IfRange), one);
        assert_eq!(one.without_range(), one);
        assert_eq!(one.without_all(set_of([IF_RANGE])), one);
    }
}
