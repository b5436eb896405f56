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
    /// Known to lie so far back that the answer's Date is not before it, unless somebody sets the clock back.
    pub(crate) past: bool,
    /// The date as it stands in the field, where it was written before.
    pub(crate) line: Option<HeaderValue>,
}

impl LastModified {
    pub(crate) const fn new(date: HttpDate, strong: bool) -> Self {
        Self {
            date,
            strong,
            past: false,
            line: None,
        }
    }

    /// A time in the future is replaced by the time of the answer (section 8.8.2.1); one that is long past is marked as
    /// such.
    pub(crate) fn not_after(&mut self, now: HttpDate) {
        if self.date > now {
            *self = Self::new(now, false);
        }
        // The server below stamps Date from a clock that may lag by a second.
        self.past = self.date < now.saturating_add_seconds(-1);
    }

    /// The field value; `None` before 1970.
    pub(crate) fn into_header_value(self) -> Option<HeaderValue> {
        self.line.or_else(|| self.date.to_header_value())
    }
}
