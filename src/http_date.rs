//! Dates as HTTP writes them: [RFC 9110, section 5.6.7].
//!
//! The parser is our own, because a precondition with an invalid date is ignored, and an ignored `If-Unmodified-Since`
//! lets a write through. So it accepts everything that has one clear meaning: years before 1970, second 60, a weekday that
//! does not match the date. The `httpdate` crate formats dates.
//!
//! [RFC 9110, section 5.6.7]: https://www.rfc-editor.org/rfc/rfc9110#section-5.6.7

use std::fmt::{self, Write as _};
use std::time::{Duration, SystemTime};

use http::HeaderValue;

const SECONDS_PER_DAY: i64 = 86_400;

/// A date with whole seconds, as in `Last-Modified` and `If-Modified-Since` ([RFC 9110, section 5.6.7]).
///
/// It covers the years 0000 to 9999, in UTC. A time with a fraction of a second is rounded down when the value is made, so
/// that the date that is sent is the one that is compared.
///
/// # Examples
///
/// ```
/// use tower_conditional::HttpDate;
///
/// let now = HttpDate::from_unix_seconds(1_735_689_600).unwrap();
/// let fixed = HttpDate::parse(b"Wed, 01 Jan 2025 00:00:00 GMT", now);
/// let rfc850 = HttpDate::parse(b"Wednesday, 01-Jan-25 00:00:00 GMT", now);
/// let asctime = HttpDate::parse(b"Wed Jan  1 00:00:00 2025", now);
///
/// assert_eq!(fixed, Some(now));
/// assert_eq!(rfc850, Some(now));
/// assert_eq!(asctime, Some(now));
/// assert_eq!(now.to_header_value().unwrap(), "Wed, 01 Jan 2025 00:00:00 GMT");
/// ```
///
/// [RFC 9110, section 5.6.7]: https://www.rfc-editor.org/rfc/rfc9110#section-5.6.7
#[doc(alias("Last-Modified", "Date"))]
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HttpDate(i64);

impl HttpDate {
    /// 1 January 1970, 00:00:00 UTC.
    pub const UNIX_EPOCH: Self = Self(0);

    /// 1 January 0000, 00:00:00.
    const MIN: Self = Self(-62_167_219_200);
    /// 31 December 9999, 23:59:59.
    const MAX: Self = Self(253_402_300_799);

    /// The date this many seconds after the start of 1970, or before it if negative.
    ///
    /// `None` outside the years 0000 to 9999.
    ///
    /// # Examples
    ///
    /// ```
    /// use tower_conditional::HttpDate;
    ///
    /// assert_eq!(HttpDate::from_unix_seconds(0), Some(HttpDate::UNIX_EPOCH));
    /// assert_eq!(HttpDate::from_unix_seconds(i64::MAX), None);
    /// ```
    pub const fn from_unix_seconds(seconds: i64) -> Option<Self> {
        if Self::MIN.0 <= seconds && seconds <= Self::MAX.0 {
            Some(Self(seconds))
        } else {
            None
        }
    }

    /// The seconds since the start of 1970, negative before it.
    pub const fn unix_seconds(self) -> i64 {
        self.0
    }

    /// Parses any of the three forms of an HTTP-date. `None` if the value is none of them.
    ///
    /// Spaces and tabs around the value are skipped. Names are case-sensitive. The weekday need not match the date. Second 60
    /// is read as 59, so that a leap second is not later than it was meant. Dates that do not exist, such as 30 February, are
    /// invalid.
    ///
    /// `now` determines the century of a two-digit year in the RFC 850 form: the century of `now`, or the one before if the
    /// date would be more than 50 years after `now`.
    ///
    /// # Examples
    ///
    /// ```
    /// use tower_conditional::HttpDate;
    ///
    /// let now = HttpDate::from_unix_seconds(1_735_689_600).unwrap(); // 2025
    /// let date = HttpDate::parse(b"Sunday, 06-Nov-94 08:49:37 GMT", now).unwrap();
    /// assert_eq!(date.to_string(), "Sun, 06 Nov 1994 08:49:37 GMT");
    ///
    /// assert_eq!(HttpDate::parse(b"Sun, 30 Feb 2025 08:49:37 GMT", now), None);
    /// ```
    pub fn parse(value: &[u8], now: Self) -> Option<Self> {
        let value = trim(value);
        // The forms differ in length; only the full weekday of RFC 850 varies.
        if let Ok(text) = value.try_into() {
            parse_imf_fixdate(text)
        } else if let Ok(text) = value.try_into() {
            parse_asctime(text)
        } else {
            let (weekday, rest) = value.split_last_chunk()?;
            parse_rfc850(weekday, rest, now)
        }
    }

    /// As [`parse`](Self::parse), but without second 60: for a date that must be the same as ours.
    pub(crate) fn parse_exact(value: &[u8], now: Self) -> Option<Self> {
        let is_leap_second = || value.windows(3).any(|text| text == b":60");
        Self::parse(value, now).filter(|_| !is_leap_second())
    }

    /// The header value for this date, in the form that must be sent (IMF-fixdate). `None` before 1970.
    ///
    /// # Examples
    ///
    /// ```
    /// use tower_conditional::HttpDate;
    ///
    /// let epoch = HttpDate::UNIX_EPOCH;
    /// assert_eq!(epoch.to_header_value().unwrap(), "Thu, 01 Jan 1970 00:00:00 GMT");
    /// assert_eq!(epoch.saturating_add_seconds(-1).to_header_value(), None);
    /// ```
    pub fn to_header_value(self) -> Option<HeaderValue> {
        let seconds = u64::try_from(self.0).ok()?;
        HeaderValue::from_bytes(&imf_fixdate(seconds)).ok()
    }

    /// The date this many seconds later, or earlier if negative. It stops at the ends of the range, in the years 0000 and
    /// 9999.
    pub fn saturating_add_seconds(self, seconds: i64) -> Self {
        Self::saturating(self.0.saturating_add(seconds))
    }

    fn saturating(seconds: i64) -> Self {
        Self(seconds).clamp(Self::MIN, Self::MAX)
    }

    /// `None` if the month has no such day or the year does not have four digits.
    fn from_civil(year: i64, month: i64, day: i64, clock: i64) -> Option<Self> {
        if !(1..=days_in_month(year, month)).contains(&day) {
            return None;
        }
        Self::from_unix_seconds(unix_seconds(year, month, day, clock))
    }

    /// The year, and the time in seconds 50 years later: a two-digit year whose date is after it is in the century before.
    fn year_and_fifty_years_on(self) -> (i64, i64) {
        let (year, month, day) = civil_from_days(self.0.div_euclid(SECONDS_PER_DAY));
        let clock = self.0.rem_euclid(SECONDS_PER_DAY);
        (year, unix_seconds(year + 50, month, day, clock))
    }
}

/// Rounds down to a whole second, also before 1970. Stops at the ends of the range.
impl From<SystemTime> for HttpDate {
    fn from(time: SystemTime) -> Self {
        let whole = |duration: Duration| i64::try_from(duration.as_secs()).unwrap_or(i64::MAX);
        match time.duration_since(SystemTime::UNIX_EPOCH) {
            Ok(after) => Self::saturating(whole(after)),
            Err(error) => {
                let before = error.duration();
                Self::saturating(-whole(before) - i64::from(before.subsec_nanos() > 0))
            }
        }
    }
}

/// Writes the fixed-length form, such as `Sun, 06 Nov 1994 08:49:37 GMT`, also before 1970.
impl fmt::Display for HttpDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The calendar repeats every 400 years, with its weekdays. So a date before 1970 has the text of the date 2000 years
        // later, except for the first digit of the year.
        const SECONDS_IN_2000_YEARS: i64 = 5 * 146_097 * SECONDS_PER_DAY;

        let text = match u64::try_from(self.0) {
            Ok(seconds) => imf_fixdate(seconds),
            Err(_) => {
                let mut text = imf_fixdate((self.0 + SECONDS_IN_2000_YEARS).unsigned_abs());
                text[12] = text[12].saturating_sub(2);
                text
            }
        };
        f.pad(std::str::from_utf8(&text).map_err(|_| fmt::Error)?)
    }
}

/// Formats a date. `seconds` must be before the year 10000, or `httpdate` panics.
fn imf_fixdate(seconds: u64) -> [u8; 29] {
    let date = httpdate::HttpDate::from(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds));
    let mut text = Text([0; 29]);
    // Cannot fail, because the form has a fixed length. If it did, the zeros would not be a valid header value.
    let _ = write!(text, "{date}");
    text.0
}

/// A buffer for the one string that `httpdate` writes.
struct Text([u8; 29]);

impl fmt::Write for Text {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0 = text.as_bytes().try_into().map_err(|_| fmt::Error)?;
        Ok(())
    }
}

/// `Sun, `, then `06 Nov 1994 08:49:37 GMT`
fn parse_imf_fixdate(text: &[u8; 29]) -> Option<HttpDate> {
    let [w1, w2, w3, b',', b' ', t @ ..] = text else {
        return None;
    };
    check_layout(t, b"00 AAA 0000 00:00:00 AAA", b"99 zzz 9999 99:99:99 zzz")?;
    rest_of_weekday([*w1, *w2, *w3])?;
    check_zone([t[21], t[22], t[23]])?;
    let year = number(t[7], t[8]) * 100 + number(t[9], t[10]);
    let month = month([t[3], t[4], t[5]])?;
    let day = number(t[0], t[1]);
    let clock = second_of_day([t[12], t[13], t[15], t[16], t[18], t[19]])?;
    HttpDate::from_civil(year, month, day, clock)
}

/// `Sunday`, then `, 06-Nov-94 08:49:37 GMT`
fn parse_rfc850(weekday: &[u8], t: &[u8; 24], now: HttpDate) -> Option<HttpDate> {
    check_layout(t, b", 00-AAA-00 00:00:00 AAA", b", 99-zzz-99 99:99:99 zzz")?;
    check_full_weekday(weekday)?;
    check_zone([t[21], t[22], t[23]])?;
    let (now_year, latest) = now.year_and_fifty_years_on();
    let year = now_year - now_year % 100 + number(t[9], t[10]);
    let month = month([t[5], t[6], t[7]])?;
    let day = number(t[2], t[3]);
    let clock = second_of_day([t[12], t[13], t[15], t[16], t[18], t[19]])?;
    // The century before also applies to a 29 February that does not exist in this one.
    HttpDate::from_civil(year, month, day, clock)
        .filter(|date| date.0 <= latest)
        .or_else(|| HttpDate::from_civil(year - 100, month, day, clock))
}

/// `Sun Nov  6 08:49:37 1994`
fn parse_asctime(t: &[u8; 24]) -> Option<HttpDate> {
    let mut t = *t;
    if t[8] == b' ' {
        t[8] = b'0';
    }
    check_layout(&t, b"AAA AAA 00 00:00:00 0000", b"zzz zzz 99 99:99:99 9999")?;
    rest_of_weekday([t[0], t[1], t[2]])?;
    let year = number(t[20], t[21]) * 100 + number(t[22], t[23]);
    let month = month([t[4], t[5], t[6]])?;
    let day = number(t[8], t[9]);
    let clock = second_of_day([t[11], t[12], t[14], t[15], t[17], t[18]])?;
    HttpDate::from_civil(year, month, day, clock)
}

fn trim(mut value: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = value {
        value = rest;
    }
    value
}

/// Checks that every byte is within its bounds. Letters may still be wrong: the names are looked up later.
///
/// Without an early return, so that it compiles to a few vector instructions.
#[inline]
fn check_layout<const N: usize>(text: &[u8; N], low: &[u8; N], high: &[u8; N]) -> Option<()> {
    let mut fits = true;
    for ((byte, low), high) in text.iter().zip(low).zip(high) {
        fits &= (low..=high).contains(&byte);
    }
    fits.then_some(())
}

/// The number of two digits. The low four bits of a digit are its value.
fn number(tens: u8, ones: u8) -> i64 {
    i64::from(tens & 0xf) * 10 + i64::from(ones & 0xf)
}

/// The second of the day. Second 60 becomes 59, because a leap second has no number in Unix time.
fn second_of_day([h1, h2, m1, m2, s1, s2]: [u8; 6]) -> Option<i64> {
    let (hour, minute, second) = (number(h1, h2), number(m1, m2), number(s1, s2));
    (hour < 24 && minute < 60 && second <= 60).then(|| hour * 3600 + minute * 60 + second.min(59))
}

fn check_zone(name: [u8; 3]) -> Option<()> {
    (&name == b"GMT").then_some(())
}

fn check_full_weekday(name: &[u8]) -> Option<()> {
    let (start, rest) = name.split_first_chunk()?;
    let expected = rest_of_weekday(*start)?;
    (rest == expected).then_some(())
}

/// The rest of a weekday's full name after its first three letters. `None` if no weekday begins with them.
fn rest_of_weekday(start: [u8; 3]) -> Option<&'static [u8]> {
    match &start {
        b"Mon" | b"Fri" | b"Sun" => Some(b"day"),
        b"Tue" => Some(b"sday"),
        b"Wed" => Some(b"nesday"),
        b"Thu" => Some(b"rsday"),
        b"Sat" => Some(b"urday"),
        _ => None,
    }
}

fn month(name: [u8; 3]) -> Option<i64> {
    match &name {
        b"Jan" => Some(1),
        b"Feb" => Some(2),
        b"Mar" => Some(3),
        b"Apr" => Some(4),
        b"May" => Some(5),
        b"Jun" => Some(6),
        b"Jul" => Some(7),
        b"Aug" => Some(8),
        b"Sep" => Some(9),
        b"Oct" => Some(10),
        b"Nov" => Some(11),
        b"Dec" => Some(12),
        _ => None,
    }
}

fn days_in_month(year: i64, month: i64) -> i64 {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    match month {
        2 => 28 + i64::from(leap),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

// The arithmetic of Howard Hinnant's "chrono-compatible low-level date algorithms": years that begin in March
// have their leap day last.

/// 29 February of a year that has none is the same as 1 March.
fn unix_seconds(year: i64, month: i64, day: i64, clock: i64) -> i64 {
    let year = year - i64::from(month < 3);
    let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    let from_march = if month < 3 { month + 9 } else { month - 3 };
    let day_of_year = (153 * from_march + 2) / 5 + day - 1;
    let days = 365 * year + leap_days + day_of_year - 719_468;
    days * SECONDS_PER_DAY + clock
}

/// The year, month and day of a number of days since 1970.
fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let (era, day) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let from_march = (5 * day + 2) / 153;
    let day = day - (153 * from_march + 2) / 5 + 1;
    let month = (from_march + 2) % 12 + 1;
    (era * 400 + year + i64::from(month < 3), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Wed, 01 Jan 2025 00:00:00 GMT
    const T: i64 = 1_735_689_600;
    /// Wed, 01 Jan 2025 12:00:00 GMT
    const NOW: HttpDate = HttpDate(T + 12 * 3600);

    #[track_caller]
    fn read(value: &str) -> i64 {
        read_at(value, NOW).unwrap_or_else(|| panic!("refused: {value:?}"))
    }

    fn read_at(value: &str, now: HttpDate) -> Option<i64> {
        HttpDate::parse(value.as_bytes(), now).map(HttpDate::unix_seconds)
    }

    #[track_caller]
    fn assert_all_are(expected: i64, values: &[&str]) {
        for value in values {
            assert_eq!(read(value), expected, "{value:?}");
        }
    }

    #[track_caller]
    fn assert_invalid(values: &[&str]) {
        for value in values {
            assert_eq!(read_at(value, NOW), None, "{value:?}");
        }
    }

    fn system_time(milliseconds: i64) -> SystemTime {
        let distance = Duration::from_millis(milliseconds.unsigned_abs());
        if milliseconds < 0 {
            SystemTime::UNIX_EPOCH - distance
        } else {
            SystemTime::UNIX_EPOCH + distance
        }
    }

    #[test]
    fn three_forms() {
        assert_all_are(
            T,
            &[
                "Wed, 01 Jan 2025 00:00:00 GMT",
                "Wednesday, 01-Jan-25 00:00:00 GMT",
                "Wed Jan  1 00:00:00 2025",
                "Wed Jan 01 00:00:00 2025",
            ],
        );
        // The examples of RFC 9110 itself.
        assert_all_are(
            784_111_777,
            &[
                "Sun, 06 Nov 1994 08:49:37 GMT",
                "Sunday, 06-Nov-94 08:49:37 GMT",
                "Sun Nov  6 08:49:37 1994",
            ],
        );
    }

    #[test]
    fn space_around() {
        assert_all_are(T, &[" \t Wed, 01 Jan 2025 00:00:00 GMT\t "]);
    }

    #[test]
    fn names_are_case_sensitive() {
        for value in [
            "wed, 01 jan 2025 00:00:00 gmt",
            "Wed, 01 Jan 2025 00:00:00 gmt",
            "Wed, 01 JAN 2025 00:00:00 GMT",
            "WEDNESDAY, 01-Jan-25 00:00:00 GMT",
            "Wed jan  1 00:00:00 2025",
        ] {
            assert_eq!(
                HttpDate::parse(value.as_bytes(), HttpDate(T)),
                None,
                "{value}"
            );
        }
    }

    #[test]
    fn weekday_may_be_wrong_but_not_misspelt() {
        assert_all_are(
            T,
            &[
                "Mon, 01 Jan 2025 00:00:00 GMT",
                "Monday, 01-Jan-25 00:00:00 GMT",
                "Saturday, 01-Jan-25 00:00:00 GMT",
                "Mon Jan  1 00:00:00 2025",
            ],
        );
        for name in "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split(' ') {
            assert_eq!(read(&format!("{name}, 01-Jan-25 00:00:00 GMT")), T);
            assert_eq!(
                read(&format!("{}, 01 Jan 2025 00:00:00 GMT", &name[..3])),
                T
            );
        }
        assert_invalid(&[
            "Mit, 01 Jan 2025 00:00:00 GMT",
            "Wednesdey, 01-Jan-25 00:00:00 GMT",
            "Wedsday, 01-Jan-25 00:00:00 GMT",
            "Wed, 01-Jan-25 00:00:00 GMT",
            "Wednesday, 01 Jan 2025 00:00:00 GMT",
            "Mit Jan  1 00:00:00 2025",
        ]);
    }

    #[test]
    fn months() {
        let names = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec";
        for (name, month) in names.split(' ').zip(1..) {
            let expected = unix_seconds(2025, month, 15, 0);
            assert_all_are(
                expected,
                &[
                    &format!("Wed, 15 {name} 2025 00:00:00 GMT"),
                    &format!("Wednesday, 15-{name}-25 00:00:00 GMT"),
                    &format!("Wed {name} 15 00:00:00 2025"),
                ],
            );
        }
    }

    #[test]
    fn leap_second_is_the_one_before() {
        let last = read("Sat, 31 Dec 2016 23:59:59 GMT");
        assert_all_are(
            last,
            &[
                "Sat, 31 Dec 2016 23:59:60 GMT",
                "Saturday, 31-Dec-16 23:59:60 GMT",
                "Sat Dec 31 23:59:60 2016",
            ],
        );
        assert_invalid(&["Sat, 31 Dec 2016 23:59:61 GMT"]);
    }

    #[test]
    fn no_such_date() {
        assert_eq!(read("Thu, 29 Feb 2024 00:00:00 GMT"), 1_709_164_800);
        assert_eq!(read("Tue, 29 Feb 2000 00:00:00 GMT"), 951_782_400);
        assert_invalid(&[
            "Sun, 30 Feb 2025 00:00:00 GMT",
            "Sunday, 30-Feb-25 00:00:00 GMT",
            "Sun Feb 30 00:00:00 2025",
            "Wed, 31 Apr 2025 00:00:00 GMT",
            "Wed, 29 Feb 2023 00:00:00 GMT",
            "Wed, 29 Feb 1900 00:00:00 GMT",
            "Wed, 00 Jan 2025 00:00:00 GMT",
            "Wed, 32 Jan 2025 00:00:00 GMT",
            "Wed Jan  0 00:00:00 2025",
            "Wed, 01 Jan 2025 24:00:00 GMT",
            "Wed, 01 Jan 2025 00:60:00 GMT",
        ]);
    }

    #[test]
    fn malformed() {
        assert_invalid(&[
            "",
            " ",
            "soon",
            "0",
            "Wed, 1 Jan 2025 00:00:00 GMT",
            "Wed,  1 Jan 2025 00:00:00 GMT",
            "Wed Jan 1 00:00:00 2025",
            "Wed Jan  01 00:00:00 2025",
            "Wednesday, 1-Jan-25 00:00:00 GMT",
            "Wednesday, 01-Jan-2025 00:00:00 GMT",
            "Monday, 01-Jan-25 00:00:00 GMT+",
            "Wed, 01-Jan-2025 00:00:00 GMT",
            "Wed, 01 Jan 2025 00:00:00 EST",
            "Wed, 01 Jan 2025 00:00:00 UTC",
            "Wed, 01 Jan 2025 00:00:00 +0000",
            "Wed, 01 Jan 2025 00:00:00",
            "Wed, 01 Jan 2025 00:00:00GMT ",
            "Wed, 01 Jan 2025 00:00:00 GMT, x",
            "Wed Jan  1 00:00:00 2025 GMT",
            "Wed, +1 Jan 2025 00:00:00 GMT",
            "Wed, -1 Jan 2025 00:00:00 GMT",
            "Wed, 01 Jan +025 00:00:00 GMT",
            "Wed, 01 Jan 2025 +1:00:00 GMT",
            "Wed, 01 Jan 2025 00:-1:00 GMT",
            "Wed, 01 Jan 2025 00:00:+1 GMT",
            "Wednesday, 01-Jan-+5 00:00:00 GMT",
            "Wed Jan +1 00:00:00 2025",
            "Wed, 01 Jan 2025 00.00.00 GMT",
            "\u{a0}Wed, 01 Jan 2025 00:00:00 GMT",
            "\nWed, 01 Jan 2025 00:00:00 GMT",
        ]);
    }

    #[test]
    fn every_four_digit_year() {
        let table = [
            ("Sat, 01 Jan 0000 00:00:00 GMT", HttpDate::MIN.0),
            ("Mon, 01 Jan 0001 00:00:00 GMT", -62_135_596_800),
            ("Wed, 31 Dec 1969 23:59:59 GMT", -1),
            ("Thu, 01 Jan 1970 00:00:00 GMT", 0),
            ("Tue, 19 Jan 2038 03:14:08 GMT", 1 << 31),
            ("Fri, 31 Dec 9999 23:59:59 GMT", HttpDate::MAX.0),
        ];
        for (text, seconds) in table {
            assert_eq!(read(text), seconds);
            assert_eq!(HttpDate(seconds).to_string(), text);
        }
        assert_eq!(read("Mon Jan  1 00:00:00 0001"), -62_135_596_800);
    }

    #[test]
    fn two_digit_years() {
        let in_year = |year| HttpDate(unix_seconds(year, 1, 1, 12 * 3600));
        let table = [
            (in_year(2025), "01-Jan-24 00:00:00", 2024),
            (in_year(2025), "01-Jan-75 00:00:00", 2075),
            (in_year(2025), "01-Jan-75 12:00:00", 2075),
            (in_year(2025), "01-Jan-75 12:00:01", 1975),
            (in_year(2025), "01-Jan-75 13:00:00", 1975),
            (in_year(2025), "01-Jan-76 00:00:00", 1976),
            (in_year(2025), "06-Nov-94 08:49:37", 1994),
            (in_year(2060), "06-Nov-94 08:49:37", 2094),
            (in_year(2060), "06-Nov-05 08:49:37", 2005),
            (in_year(1960), "06-Nov-05 08:49:37", 1905),
            (in_year(9999), "31-Dec-99 23:59:60", 9999),
            (in_year(0), "01-Jan-50 12:00:00", 50),
            // 29 February: in this century, too far ahead, not in this century.
            (in_year(2025), "29-Feb-24 00:00:00", 2024),
            (in_year(2025), "29-Feb-96 00:00:00", 1996),
            (in_year(2150), "29-Feb-00 00:00:00", 2000),
        ];
        for (now, date, year) in table {
            let text = format!("Friday, {date} GMT");
            let date = HttpDate::parse(text.as_bytes(), now).expect(&text);
            assert_eq!(date.year_and_fifty_years_on().0, year, "{text} at {now}");
        }

        for (year, date) in [(2025, "29-Feb-23"), (1950, "29-Feb-00"), (0, "01-Jan-51")] {
            let text = format!("Friday, {date} 00:00:00 GMT");
            assert_eq!(read_at(&text, in_year(year)), None, "{text}");
        }
    }

    #[test]
    fn header_values() {
        let table = [
            (0, Some("Thu, 01 Jan 1970 00:00:00 GMT")),
            (784_111_777, Some("Sun, 06 Nov 1994 08:49:37 GMT")),
            (T, Some("Wed, 01 Jan 2025 00:00:00 GMT")),
            (HttpDate::MAX.0, Some("Fri, 31 Dec 9999 23:59:59 GMT")),
            (-1, None),
            (HttpDate::MIN.0, None),
        ];
        for (seconds, expected) in table {
            let value = HttpDate(seconds).to_header_value();
            assert_eq!(value, expected.map(HeaderValue::from_static));
        }
    }

    #[test]
    fn range() {
        let (min, max) = (HttpDate::MIN, HttpDate::MAX);
        assert_eq!(HttpDate::from_unix_seconds(min.0), Some(min));
        assert_eq!(HttpDate::from_unix_seconds(min.0 - 1), None);
        assert_eq!(HttpDate::from_unix_seconds(max.0), Some(max));
        assert_eq!(HttpDate::from_unix_seconds(max.0 + 1), None);

        assert_eq!(HttpDate(T).saturating_add_seconds(-1), HttpDate(T - 1));
        assert_eq!(HttpDate(T).saturating_add_seconds(i64::MAX), max);
        assert_eq!(HttpDate(T).saturating_add_seconds(i64::MIN), min);
        assert_eq!(min.saturating_add_seconds(i64::MIN), min);
    }

    #[test]
    fn system_times_are_floored() {
        for (milliseconds, seconds) in [(0, 0), (900, 0), (1_000, 1), (-100, -1), (-1_000, -1)] {
            assert_eq!(HttpDate::from(system_time(milliseconds)).0, seconds);
        }
        let t = HttpDate::from(system_time(T * 1_000 + 900));
        assert_eq!(t, HttpDate(T));
    }

    #[test]
    fn system_times_stop_at_the_ends() {
        let far = Duration::from_secs(1 << 58);
        // Not every platform has such times.
        if let Some(time) = SystemTime::UNIX_EPOCH.checked_add(far) {
            assert_eq!(HttpDate::from(time), HttpDate::MAX);
        }
        if let Some(time) = SystemTime::UNIX_EPOCH.checked_sub(far) {
            assert_eq!(HttpDate::from(time), HttpDate::MIN);
        }
    }

    #[test]
    fn every_day_is_counted_once() {
        let (first, last) = (
            HttpDate::MIN.0 / SECONDS_PER_DAY,
            HttpDate::MAX.0 / SECONDS_PER_DAY,
        );
        let mut expected = (0, 1, 1);
        for days in first..=last {
            let (year, month, day) = civil_from_days(days);
            assert_eq!((year, month, day), expected);
            assert_eq!(unix_seconds(year, month, day, 0), days * SECONDS_PER_DAY);
            expected = match (month, day == days_in_month(year, month)) {
                (12, true) => (year + 1, 1, 1),
                (_, true) => (year, month + 1, 1),
                (_, false) => (year, month, day + 1),
            };
        }
        assert_eq!(expected, (10_000, 1, 1));
    }

    proptest! {
        #[test]
        fn what_is_sent_reads_back(seconds in 0..=HttpDate::MAX.0, now in HttpDate::MIN.0..=HttpDate::MAX.0) {
            let date = HttpDate(seconds);
            let sent = date.to_header_value().unwrap();
            prop_assert_eq!(HttpDate::parse(sent.as_bytes(), HttpDate(now)), Some(date));

            let theirs = httpdate::parse_http_date(sent.to_str().unwrap()).unwrap();
            prop_assert_eq!(HttpDate::from(theirs), date);
        }

        #[test]
        fn what_is_displayed_reads_back(seconds in HttpDate::MIN.0..=HttpDate::MAX.0) {
            prop_assert_eq!(read(&HttpDate(seconds).to_string()), seconds);
        }

        #[test]
        fn two_digit_year_is_never_more_than_fifty_years_ahead(now in 0..=HttpDate::MAX.0, year in 0..100) {
            let now = HttpDate(now);
            let text = format!("Friday, 15-Jun-{year:02} 00:00:00 GMT");
            let date = read_at(&text, now).unwrap();
            prop_assert!(date <= now.year_and_fifty_years_on().1);
        }

        #[test]
        fn any_bytes(value in proptest::collection::vec(any::<u8>(), 0..48)) {
            let _ = HttpDate::parse(&value, NOW);
        }

        /// One byte of a good date replaced: reads as some date or none, and only digits, letters matter.
        #[test]
        fn nearly_a_date(form in 0..3_usize, at in 0..24_usize, byte: u8) {
            let mut value = [
                b"Wed, 01 Jan 2025 00:00:00 GMT".to_vec(),
                b"Wednesday, 01-Jan-25 00:00:00 GMT".to_vec(),
                b"Wed Jan  1 00:00:00 2025".to_vec(),
            ][form].clone();
            value[at] = byte;
            if HttpDate::parse(&value, NOW).is_some() {
                prop_assert!(byte.is_ascii_alphanumeric() || b" ,:-".contains(&byte));
            }
        }
    }
}
