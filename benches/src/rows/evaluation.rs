//! Judging alone: finding the fields among four others, reading them, comparing.

use http::header::{HeaderMap, HeaderName, HeaderValue, IF_MODIFIED_SINCE, IF_NONE_MATCH};
use http::{Method, Request};
use tower_conditional::{
    Decision, EntityTag, Fixed, HttpDate, Preconditions, Representation, ValidatorSource,
};

use super::{TAG, request};
use crate::meter::{Meter, Row};

const NOW: HttpDate = seconds(1_750_000_000);
const CHANGED: HttpDate = seconds(1_735_689_600);

const fn seconds(seconds: i64) -> HttpDate {
    match HttpDate::from_unix_seconds(seconds) {
        Some(date) => date,
        None => HttpDate::UNIX_EPOCH,
    }
}

pub(super) fn rows(meter: &mut impl Meter) {
    tags(meter);
    hostile(meter);
    dates(meter);
}

fn tags(meter: &mut impl Meter) {
    use Decision::{NotModified, Proceed};
    let bare = request(Method::GET, &[]);
    judged(meter, Row::new("no field"), bare.headers(), Proceed);
    for (count, place, name, decision) in [
        (1, None, "If-None-Match 1 tag miss", Proceed),
        (1, Some(0), "If-None-Match 1 tag hit", NotModified),
        (8, None, "If-None-Match 8 tags miss", Proceed),
        (8, Some(0), "If-None-Match 8 tags hit first", NotModified),
        (8, Some(7), "If-None-Match 8 tags hit last", NotModified),
        (100, None, "If-None-Match 100 tags miss", Proceed),
        (
            100,
            Some(0),
            "If-None-Match 100 tags hit first",
            NotModified,
        ),
        (
            100,
            Some(99),
            "If-None-Match 100 tags hit last",
            NotModified,
        ),
    ] {
        judged(
            meter,
            Row::new(name).over("no field"),
            &fields(IF_NONE_MATCH, &list(count, place)),
            decision,
        );
    }
}

/// Twice as long must not cost more than twice as much (and what is the same for both).
fn hostile(meter: &mut impl Meter) {
    let opened = |size: usize| format!("\"{}", "a".repeat(size));
    for (name, twice, value) in [
        (
            "32 KiB of commas",
            "64 KiB of commas",
            &(|size: usize| ",".repeat(size)) as &dyn Fn(usize) -> String,
        ),
        ("32 KiB of empty tags", "64 KiB of empty tags", &|size| {
            "\"\",".repeat(size / 3)
        }),
        ("32 KiB of quotes", "64 KiB of quotes", &|size| {
            "\"".repeat(size)
        }),
        ("32 KiB of weak marks", "64 KiB of weak marks", &|size| {
            "W/\"\",".repeat(size / 5)
        }),
        ("32 KiB of blanks", "64 KiB of blanks", &|size| {
            format!("\"a\"{}\"b\"", " ".repeat(size))
        }),
        ("32 KiB without an end", "64 KiB without an end", &opened),
        ("32 KiB of near misses", "64 KiB of near misses", &|size| {
            format!("{},", TAG.replace("uFU", "uFV")).repeat(size / TAG.len())
        }),
    ] {
        let once = fields(IF_NONE_MATCH, &value(32 * 1024));
        judged(meter, Row::new(name).times(3), &once, Decision::Proceed);
        let double = fields(IF_NONE_MATCH, &value(64 * 1024));
        judged(
            meter,
            Row::new(twice).times(3).over(name),
            &double,
            Decision::Proceed,
        );
    }
}

fn dates(meter: &mut impl Meter) {
    for (name, date, decision) in [
        (
            "If-Modified-Since equal",
            "Wed, 01 Jan 2025 00:00:00 GMT",
            Decision::NotModified,
        ),
        (
            "If-Modified-Since later",
            "Thu, 02 Jan 2025 00:00:00 GMT",
            Decision::NotModified,
        ),
        (
            "If-Modified-Since RFC 850",
            "Thursday, 02-Jan-25 00:00:00 GMT",
            Decision::NotModified,
        ),
        (
            "If-Modified-Since asctime",
            "Thu Jan  2 00:00:00 2025",
            Decision::NotModified,
        ),
    ] {
        judged(
            meter,
            Row::new(name).over("no field"),
            &fields(IF_MODIFIED_SINCE, date),
            decision,
        );
    }
    meter.row(
        Row::new("Last-Modified formatting"),
        || CHANGED,
        HttpDate::to_header_value,
    );
}

fn judged(meter: &mut impl Meter, row: Row, fields: &HeaderMap, decision: Decision) {
    let tag = EntityTag::from_static(TAG);
    let current = Fixed::new(Representation::tagged(tag).last_modified(CHANGED));
    let (head, ()) = Request::new(()).into_parts();
    let current = current.known(&head).expect("Fixed knows at once");
    let judge =
        |fields: &HeaderMap| Preconditions::parse(&Method::GET, fields, NOW).evaluate(&current);
    assert_eq!(judge(fields), decision, "{}", row.name);
    meter.row(row, || fields, judge);
}

fn fields(name: HeaderName, value: &str) -> HeaderMap {
    let mut fields = request(Method::GET, &[]).headers().clone();
    fields.insert(name, HeaderValue::from_str(value).expect("a field value"));
    fields
}

/// Tags of 43 characters; ours is at this place.
fn list(count: usize, ours: Option<usize>) -> String {
    let tag = |number| match ours {
        Some(place) if place == number => TAG.to_owned(),
        _ => format!("\"{number:03}EQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU\""),
    };
    (0..count).map(tag).collect::<Vec<_>>().join(", ")
}
