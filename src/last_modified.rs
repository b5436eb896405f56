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

#[cfg(test)]
#[cfg(feature = "layer")]
mod tests {
    use super::*;

    /// Wed, 01 Jan 2025 00:00:00 GMT
    fn now() -> HttpDate {
        HttpDate::from_unix_seconds(1_735_689_600).unwrap()
    }

    /// The strong date that many seconds after now, as a source states it.
    fn stated(seconds: i64) -> LastModified {
        LastModified {
            line: Some(HeaderValue::from_static("as stated")),
            ..LastModified::new(now().saturating_add_seconds(seconds), true)
        }
    }

    /// Section 8.8.2.1. What is sent instead is no date of the representation, so it is not strong.
    #[test]
    fn a_date_in_the_future_becomes_now() {
        for (seconds, strong, sent) in [
            (-1, true, "as stated"),
            (0, true, "as stated"),
            (1, false, "Wed, 01 Jan 2025 00:00:00 GMT"),
            (86_400, false, "Wed, 01 Jan 2025 00:00:00 GMT"),
        ] {
            let mut modified = stated(seconds);
            modified.not_after(now());
            assert_eq!(modified.date, stated(seconds.min(0)).date, "{seconds}");
            assert_eq!(modified.strong, strong, "{seconds}");
            assert_eq!(modified.into_header_value().unwrap(), sent, "{seconds}");
        }
    }

    /// A Date that the server adds may be a second behind.
    #[test]
    fn what_is_before_any_date() {
        for (seconds, before) in [(-3, true), (-2, true), (-1, false), (0, false), (1, false)] {
            let modified = stated(seconds);
            assert_eq!(modified.is_before_any_date_at(now()), before, "{seconds}");
        }
    }

    #[test]
    fn the_field_value() {
        let sent = LastModified::new(now(), true).into_header_value();
        assert_eq!(sent.unwrap(), "Wed, 01 Jan 2025 00:00:00 GMT");
        let before_1970 = HttpDate::UNIX_EPOCH.saturating_add_seconds(-1);
        let sent = LastModified::new(before_1970, true).into_header_value();
        assert_eq!(sent, None);
    }
}
