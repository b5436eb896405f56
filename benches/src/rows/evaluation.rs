//! Evaluation alone: finding the fields among four others, reading them, comparing.

use http::Method;
use http::header::{
    HeaderMap, HeaderName, HeaderValue, IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_RANGE,
    IF_UNMODIFIED_SINCE, RANGE,
};
use tower::Layer;
use tower_conditional::content_coding::{ContentCodingLayer, RewrittenTags};
use tower_conditional::source::Fixed;
use tower_conditional::{
    Current, Decision, EntityTag, HttpDate, Preconditions, Representation, ValidatorSource,
};

use super::{TAG, request};
use crate::meter::{Meter, Row};
use crate::services::{Bare, operate};

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
    evaluated(meter, Row::new("no field"), bare.headers(), Proceed);
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
        evaluated(
            meter,
            Row::new(name).over("no field"),
            &fields(IF_NONE_MATCH, &list(count, place)),
            decision,
        );
    }
}

const KIB_32: usize = 32 * 1024;

/// Values of about this many bytes that look worst to a parser; each grows with the size.
type Hostile = fn(usize) -> String;

const HOSTILE: [([&str; 2], Hostile); 7] = [
    (["32 KiB of commas", "64 KiB of commas"], |size| {
        ",".repeat(size)
    }),
    (["32 KiB of empty tags", "64 KiB of empty tags"], |size| {
        "\"\",".repeat(size / 3)
    }),
    (["32 KiB of quotes", "64 KiB of quotes"], |size| {
        "\"".repeat(size)
    }),
    (["32 KiB of weak marks", "64 KiB of weak marks"], |size| {
        "W/\"\",".repeat(size / 5)
    }),
    (["32 KiB of blanks", "64 KiB of blanks"], |size| {
        format!("\"a\"{}\"b\"", " ".repeat(size))
    }),
    (["32 KiB without an end", "64 KiB without an end"], |size| {
        format!("\"{}", "a".repeat(size))
    }),
    (["32 KiB of near misses", "64 KiB of near misses"], |size| {
        format!("{},", TAG.replace("uFU", "uFV")).repeat(size / TAG.len())
    }),
];

/// A value of twice the length must cost at most twice as much (and the part that is the same for both).
fn hostile(meter: &mut impl Meter) {
    for ([name, twice], value) in HOSTILE {
        let once = fields(IF_NONE_MATCH, &value(KIB_32));
        evaluated(meter, Row::new(name).times(3), &once, Decision::Proceed);
        let double = fields(IF_NONE_MATCH, &value(2 * KIB_32));
        evaluated(
            meter,
            Row::new(twice).times(3).over(name),
            &double,
            Decision::Proceed,
        );
    }
    for ([name, twice], field) in [
        (["If-Match 32 KiB each", "If-Match 64 KiB each"], IF_MATCH),
        (
            [
                "If-Modified-Since 32 KiB each",
                "If-Modified-Since 64 KiB each",
            ],
            IF_MODIFIED_SINCE,
        ),
        (
            [
                "If-Unmodified-Since 32 KiB each",
                "If-Unmodified-Since 64 KiB each",
            ],
            IF_UNMODIFIED_SINCE,
        ),
        (["If-Range 32 KiB each", "If-Range 64 KiB each"], IF_RANGE),
    ] {
        let evaluate = |fields: &HeaderMap| {
            Preconditions::parse(&Method::GET, fields, NOW).evaluate(&current())
        };
        all_hostile(meter, [name, twice], &field, evaluate);
    }
    rewritten(meter);
}

/// `RewrittenTags` and `ContentCodingLayer` compare every tag with every suffix they know.
fn rewritten(meter: &mut impl Meter) {
    let known = RewrittenTags::suffixed_or_weakened();
    let names = ["tolerated 32 KiB each", "tolerated 64 KiB each"];
    all_hostile(meter, names, &IF_NONE_MATCH, |fields| {
        let preconditions = Preconditions::parse(&Method::GET, fields, NOW);
        preconditions
            .accept_rewritten_tags(known)
            .evaluate(&current())
    });
    let names = [
        "ContentCodingLayer 32 KiB each",
        "ContentCodingLayer 64 KiB each",
    ];
    all_hostile(meter, names, &IF_NONE_MATCH, |fields| {
        let mut request = request(Method::GET, &[]);
        *request.headers_mut() = fields.clone();
        operate(
            &mut ContentCodingLayer::new().layer(Bare::of_size(0)),
            request,
        )
    });
}

/// All hostile values of a field, one after the other: one that costs too much shows in the sum.
fn all_hostile<O>(
    meter: &mut impl Meter,
    [name, twice]: [&'static str; 2],
    field: &HeaderName,
    mut evaluate: impl FnMut(&HeaderMap) -> O,
) {
    for (row, size) in [
        (Row::new(name), KIB_32),
        (Row::new(twice).over(name), 2 * KIB_32),
    ] {
        let values = HOSTILE.map(|(_, value)| {
            let mut fields = fields(field.clone(), &value(size));
            fields.insert(RANGE, HeaderValue::from_static("bytes=0-3"));
            fields
        });
        meter.row(
            row.times(3),
            || &values,
            |values| values.each_ref().map(&mut evaluate),
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
        evaluated(
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

fn evaluated(meter: &mut impl Meter, row: Row, fields: &HeaderMap, decision: Decision) {
    let tag = EntityTag::from_static(TAG);
    let current = Fixed::new(Representation::tagged(tag).last_modified(CHANGED));
    let found = current.known(&()).expect("Fixed knows at once");
    let evaluate = |fields: &HeaderMap| {
        Preconditions::parse(&Method::GET, fields, NOW).evaluate(found.current())
    };
    assert_eq!(evaluate(fields), decision, "{}", row.name);
    meter.row(row, || fields, evaluate);
}

fn current() -> Current {
    let tag = EntityTag::from_static(TAG);
    Representation::tagged(tag).last_modified(CHANGED).into()
}

pub(super) fn fields(name: HeaderName, value: &str) -> HeaderMap {
    let mut fields = request(Method::GET, &[]).headers().clone();
    fields.insert(name, HeaderValue::from_str(value).expect("a field value"));
    fields
}

/// Tags of 43 characters; ours is at this place.
pub(super) fn list(count: usize, ours: Option<usize>) -> String {
    let tag = |number| match ours {
        Some(place) if place == number => TAG.to_owned(),
        _ => format!("\"{number:03}EQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU\""),
    };
    (0..count).map(tag).collect::<Vec<_>>().join(", ")
}
