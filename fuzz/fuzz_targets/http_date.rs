//! Dates: any bytes are read without a panic, in range, and as the naive model of the tests and `httpdate` read them.
//!
//! Input: four bytes of clock (big-endian seconds since 1970), then the field value.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tower_conditional::HttpDate;

#[allow(dead_code, reason = "the tests ask it more")]
#[path = "../../tests/core/naive.rs"]
mod naive;

const YEARS_0000_TO_9999: std::ops::RangeInclusive<i64> = -62_167_219_200..=253_402_300_799;

fuzz_target!(|data: &[u8]| {
    let Some((clock, value)) = data.split_first_chunk::<4>() else {
        return;
    };
    let now = i64::from(u32::from_be_bytes(*clock));
    let date = HttpDate::parse(value, naive::http_date(now));
    assert_eq!(date.map(HttpDate::unix_seconds), naive::date(value, now));

    if let Some(date) = date {
        assert!(YEARS_0000_TO_9999.contains(&date.unix_seconds()));
        let printed = date.to_string();
        assert_eq!(HttpDate::parse(printed.as_bytes(), date), Some(date));
        assert_eq!(date.to_header_value().is_some(), date.unix_seconds() >= 0);
    }
    assert_agreement_with_httpdate(value, date);
});

/// What both read is the same; and what `httpdate` would write, we read. It reads more than there is: it does not look
/// at the byte between date and time of the RFC 850 form, nor at a clock for the century there.
fn assert_agreement_with_httpdate(value: &[u8], date: Option<HttpDate>) {
    let text = std::str::from_utf8(value).ok();
    let theirs = text.and_then(|text| httpdate::parse_http_date(text).ok());
    let Some(theirs) = theirs else {
        return;
    };
    match date {
        Some(date) if !value.contains(&b'-') => assert_eq!(date, HttpDate::from(theirs)),
        Some(_) => {}
        None => assert_ne!(httpdate::fmt_http_date(theirs).as_bytes(), value),
    }
}
