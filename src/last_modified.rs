//! The date of the last change, as a validator ([RFC 9110, section 8.8.2]).
//!
//! [RFC 9110, section 8.8.2]: https://www.rfc-editor.org/rfc/rfc9110#section-8.8.2

use http::HeaderValue;

use crate::HttpDate;

/// When a representation was last changed.
#[derive(Clone, Debug)]
pub(crate) struct LastModified {
    pub(crate) date: HttpDate,
    /// Whether it is known to be the only change within its second (section 8.8.2.2).
    pub(crate) strong: bool,
    /// The date as a field value, if it was formatted before.
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
}

#[cfg(feature = "layer")]
impl LastModified {
    /// Replaces a date in the future by the date of the response, before it is sent (section 8.8.2.1).
    pub(crate) fn not_after(&mut self, now: HttpDate) {
        if self.date > now {
            *self = Self::new(now, false);
        }
    }

    /// Whether it is earlier than any Date that the server may add. The server's clock may lag by a second.
    pub(crate) fn is_before_any_date_at(&self, now: HttpDate) -> bool {
        self.date < now.saturating_add_seconds(-1)
    }

    /// The field value; `None` before 1970.
    pub(crate) fn into_header_value(self) -> Option<HeaderValue> {
        self.line.or_else(|| self.date.to_header_value())
    }
}
