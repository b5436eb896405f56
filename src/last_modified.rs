//! The date of the last change, as a validator ([RFC 9110, section 8.8.2]).
//!
//! [RFC 9110, section 8.8.2]: https://www.rfc-editor.org/rfc/rfc9110#section-8.8.2

use http::HeaderValue;

use crate::HttpDate;

/// When a representation was last changed.
#[derive(Clone, Debug)]
pub(crate) struct LastModified {
    pub(crate) date: HttpDate,
    /// Known to be the only change within its second.
    pub(crate) strong: bool,
    /// The date as it stands in the field, where it was written before.
    pub(crate) line: Option<HeaderValue>,
}

impl LastModified {
    pub(crate) const fn new(date: HttpDate, strong: bool) -> Self {
        Self {
            date,
            strong,
            line: None,
        }
    }

    /// The field value; `None` before 1970.
    pub(crate) fn to_header_value(&self) -> Option<HeaderValue> {
        let written = self.line.clone();
        written.or_else(|| self.date.to_header_value())
    }
}
