//! Laws, and `evaluate` against the naive model: random requests, an exhaustive small table, every byte everywhere.

use http::{HeaderMap, HeaderValue};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use tower_conditional::content_coding::RewrittenTags;
use tower_conditional::precondition::{Field, MethodClass};
use tower_conditional::validator::Absent;
use tower_conditional::{EntityTag, HttpDate, Preconditions};

use crate::by_hand::assert_as_in_a_header;
use crate::naive::{self, Answer, Present, State, Tag, http_date};
use crate::quick_or_full::quick_or_full;
use crate::support::{
    BYTES, IM, IMS, INM, IR, IUS, NOW, RANGE, READS, T, T_MINUS_1, T_PLUS_1, T_SECONDS, WRITES, a,
    agree, as_method, classed_methods, e, evaluated, headers, l, n, strong_l, tagged, w,
};

const FIELDS: [Field; 5] = [
    Field::IfMatch,
    Field::IfNoneMatch,
    Field::IfModifiedSince,
    Field::IfUnmodifiedSince,
    Field::IfRange,
];

fn states() -> Vec<State> {
    let with_others = |tag: Option<&str>, others: &[&str]| {
        State::Present(Present {
            tag: tag.map(Tag::of),
            others: others.iter().map(|tag| Tag::of(tag)).collect(),
            modified: Some((T_SECONDS, false)),
        })
    };
    vec![
        e(),
        w(),
        l(),
        strong_l(),
        n(),
        a(),
        State::Absent(Absent::MaySucceed),
        State::Absent(Absent::WillFail),
        State::Unknown,
        State::Delegated,
        State::present(Some(Tag::of("\"v1\"")), Some((T_SECONDS, true))),
        State::present(Some(Tag::of("\"v1\"")), None),
        with_others(Some("\"v0\""), &["\"v1\"", "W/\"v2\""]),
        with_others(Some("W/\"v0\""), &["W/\"v1\""]),
        with_others(None, &["\"v1\""]),
    ]
}

#[test]
fn exhaustive_small_table() {
    let tags = [
        None,
        Some("*"),
        Some("\"v1\""),
        Some("\"x\", W/\"v1\""),
        Some("v1"),
    ];
    let dates = [None, Some(T), Some(T_MINUS_1), Some("soon")];
    let ranges: [&[(&str, &str)]; 6] = [
        &[],
        &[(RANGE, BYTES)],
        &[(IR, "\"v1\"")],
        &[(RANGE, BYTES), (IR, "\"v1\"")],
        &[(RANGE, BYTES), (IR, T)],
        &[(RANGE, BYTES), (IR, "W/\"v1\"")],
    ];
    let (methods, states) = (classed_methods(), states());
    let mut compared = 0;
    for if_match in tags {
        for if_none_match in tags {
            for unmodified_since in dates {
                for modified_since in dates {
                    for range in ranges {
                        let given = [
                            (IM, if_match),
                            (INM, if_none_match),
                            (IUS, unmodified_since),
                            (IMS, modified_since),
                        ];
                        let given = given.into_iter().filter_map(|(name, v)| Some((name, v?)));
                        let fields: Vec<_> = given.chain(range.iter().copied()).collect();
                        let headers = headers(&fields);
                        for (class, method) in &methods {
                            compared += agree(*class, method, &headers, NOW, &states);
                        }
                    }
                }
            }
        }
    }
    println!("compared with the naive model: {compared}");
    assert_eq!(compared, 5 * 5 * 4 * 4 * 6 * 15 * 15);
}

/// What a good value becomes when one byte is replaced or put in, and what is only commas and quotes.
#[test]
fn every_byte_at_every_place() {
    let states = [e(), a(), w(), strong_l(), State::Unknown];
    let states = &states[..quick_or_full(2, 5)];
    let mut compared = 0;
    for field in FIELDS {
        let values: &[&[u8]] = match field {
            Field::IfMatch | Field::IfNoneMatch => &[b"W/\"v1\", \"v1\"", b"*", b""],
            Field::IfRange => &[b"\"v1\"", b"W/\"v1\"", T.as_bytes()],
            _ => &[
                T.as_bytes(),
                b"Wednesday, 01-Jan-25 00:00:00 GMT",
                b"Wed Jan  1 00:00:00 2025",
            ],
        };
        for value in values {
            for byte in 0..=u8::MAX {
                for place in 0..=value.len() {
                    let replaced = match value.get(place) {
                        Some(_) => [&value[..place], &[byte], &value[place + 1..]].concat(),
                        None => [*value, &[byte]].concat(),
                    };
                    let put_in = [&value[..place], &[byte], &value[place..]].concat();
                    for value in [replaced, put_in] {
                        // The bytes that cannot be in a field at all.
                        let Ok(value) = HeaderValue::from_bytes(&value) else {
                            continue;
                        };
                        let mut headers = headers(&[(RANGE, BYTES)]);
                        headers.insert(field.header_name(), value);
                        compared += agree(MethodClass::Read, "GET", &headers, NOW, states);
                        compared += agree(MethodClass::Write, "PUT", &headers, NOW, states);
                    }
                }
            }
        }
    }
    println!("compared with the naive model: {compared}");
    assert!(compared > 100_000 * states.len(), "{compared}");
}

#[test]
fn sixty_four_kibibytes() {
    let pieces = [
        ",",
        "\"",
        "W/",
        "\"\",",
        " ",
        "\\",
        "\t",
        "*",
        "W/\"\"",
        "\"a\",",
        "\"\u{ff}\" ,",
        "0",
    ];
    for piece in pieces {
        let value = naive::bytes(&piece.repeat(65_536 / piece.chars().count()));
        let value = HeaderValue::from_bytes(&value).unwrap();
        for field in FIELDS {
            let mut headers = headers(&[(RANGE, BYTES)]);
            headers.insert(field.header_name(), value.clone());
            // As one line and as several.
            for _ in 0..2 {
                agree(
                    MethodClass::Read,
                    "GET",
                    &headers,
                    NOW,
                    &[e(), strong_l(), a()],
                );
                agree(
                    MethodClass::Write,
                    "PUT",
                    &headers,
                    NOW,
                    &[e(), n(), State::Unknown],
                );
                headers.append(field.header_name(), HeaderValue::from_static("\"v1\""));
            }
        }
    }
}

/// A match at the end of a long list counts, and so does a fault after it.
#[test]
fn the_last_of_a_long_list() {
    let long = "\"a,b\" , ".repeat(8_192);
    for (end, matched) in [
        ("\"v1\"", true),
        ("\"v2\"", false),
        ("\"v1\", ,\t", true),
        ("\"v1\" x", false),
    ] {
        let value = format!("{long}{end}");
        let headers = headers(&[(INM, &value)]);
        let answer = evaluated(MethodClass::Read, "GET", &headers, NOW, &e());
        assert_eq!(answer == Answer::NotModified, matched, "{end}");
        agree(MethodClass::Read, "GET", &headers, NOW, &[e()]);
        agree(MethodClass::Write, "PUT", &headers, NOW, &[e()]);
    }
}

fn opaque() -> impl Strategy<Value = Vec<u8>> {
    let etagc = prop_oneof![
        4 => select(b"v12,W/-.\\*".to_vec()),
        1 => Just(0x21_u8),
        2 => 0x23..=0x7E_u8,
        1 => 0x80..=0xFF_u8,
    ];
    prop_oneof![
        3 => select(vec![b"v1".to_vec(), b"v2".to_vec(), b"a,b".to_vec(), Vec::new()]),
        1 => vec(etagc, 0..12),
    ]
}

fn tag() -> impl Strategy<Value = Tag> {
    (any::<bool>(), opaque()).prop_map(|(weak, opaque)| Tag { weak, opaque })
}

fn tag_bytes() -> impl Strategy<Value = Vec<u8>> {
    tag().prop_map(|tag| tag.ours().as_bytes().to_vec())
}

/// A line of a list: mostly good members, and between them the mistakes of practice.
fn list_line() -> impl Strategy<Value = Vec<u8>> {
    let pieces = [
        "\"v1\"", "W/\"v1\"", "*", "v1", "w/\"v1\"", "\"v1", "v1\"", "W/", "\"", "\\", "\"a b\"",
        "\"*\"", "\u{a0}", ";", " ", "\t", ",", "",
    ];
    let piece = prop_oneof![
        3 => tag_bytes(),
        1 => select(pieces.to_vec()).prop_map(naive::bytes),
    ];
    let separator = select(vec![",", ", ", " ,\t", ",,", " , ,", "", " "]).prop_map(naive::bytes);
    let good = vec(tag_bytes(), 0..5).prop_map(|tags| tags.join(&b", "[..]));
    let mixed = vec((piece, separator), 0..5).prop_map(|members| {
        members
            .into_iter()
            .flat_map(|(piece, sep)| [piece, sep].concat())
            .collect()
    });
    prop_oneof![2 => Just(b"*".to_vec()), 4 => good, 6 => mixed, 1 => field_bytes()]
}

/// Whatever a field value may hold.
fn field_bytes() -> impl Strategy<Value = Vec<u8>> {
    vec(
        prop_oneof![Just(b'\t'), 0x20..=0x7E_u8, 0x80..=0xFF_u8],
        0..24,
    )
}

fn list() -> impl Strategy<Value = Vec<Vec<u8>>> {
    prop_oneof![3 => Just(Vec::new()), 5 => vec(list_line(), 1), 2 => vec(list_line(), 2..4)]
}

/// The three forms, dates that the calendar has and dates that it has not.
fn any_date() -> impl Strategy<Value = Vec<u8>> {
    let weekdays = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday Mittwoch wednesday";
    let months = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec jan DEC Mai";
    let year = prop_oneof![6 => 1960..2110_u32, 1 => 0..=9999_u32];
    let clock =
        (0..25_u32, 0..61_u32, 0..62_u32).prop_map(|(h, m, s)| format!("{h:02}:{m:02}:{s:02}"));
    let parts = (
        select(weekdays.split(' ').collect::<Vec<_>>()),
        select(months.split(' ').collect::<Vec<_>>()),
        (0..33_u32, year, clock),
        0..5,
    );
    parts.prop_map(|(weekday, month, (day, year, clock), form)| {
        let (short, two_digits) = (&weekday[..3], year % 100);
        let text = match form {
            0 => format!("{short}, {day:02} {month} {year:04} {clock} GMT"),
            1 => format!("{weekday}, {day:02}-{month}-{two_digits:02} {clock} GMT"),
            2 => format!("{short} {month} {day:2} {clock} {year:04}"),
            3 => format!("{short} {month} {day:02} {clock} {year:04}"),
            _ => format!("{short}, {day} {month} {year} {clock} UTC"),
        };
        text.into_bytes()
    })
}

fn date_line() -> impl Strategy<Value = Vec<u8>> {
    let near = vec![
        T,
        T_MINUS_1,
        T_PLUS_1,
        " \tWed, 01 Jan 2025 00:00:00 GMT\t",
        "Wednesday, 01-Jan-25 00:00:00 GMT",
        "Wed Jan  1 00:00:00 2025",
        "Mon, 01 Jan 2025 00:00:00 GMT",
        "Tue, 31 Dec 2024 23:59:60 GMT",
        "Mon, 01 Jan 0001 00:00:00 GMT",
        "Wed, 01 Jan 2025 00:00:00 GMT, Wed, 01 Jan 2025 00:00:00 GMT",
        "wed, 01 jan 2025 00:00:00 gmt",
        "soon",
        "0",
        "",
    ];
    prop_oneof![4 => select(near).prop_map(naive::bytes), 3 => any_date(), 1 => field_bytes()]
}

fn date_lines() -> impl Strategy<Value = Vec<Vec<u8>>> {
    prop_oneof![3 => Just(Vec::new()), 5 => vec(date_line(), 1), 1 => vec(date_line(), 2)]
}

fn if_range() -> impl Strategy<Value = Vec<Vec<u8>>> {
    let line = || prop_oneof![3 => tag_bytes(), 3 => date_line(), 1 => list_line()];
    prop_oneof![2 => Just(Vec::new()), 5 => vec(line(), 1), 1 => vec(line(), 2)]
}

fn state() -> impl Strategy<Value = State> {
    let near = select(vec![T_SECONDS - 1, T_SECONDS, T_SECONDS + 1, -1]);
    let date = prop_oneof![4 => near, 1 => T_SECONDS - 2_000_000_000..T_SECONDS + 2_000_000_000];
    let present = (
        proptest::option::of(tag()),
        prop_oneof![2 => Just(Vec::new()), 1 => vec(tag(), 1..3)],
        proptest::option::of((date, any::<bool>())),
    );
    let present = present.prop_map(|(tag, others, modified)| {
        State::Present(Present {
            tag,
            others,
            modified,
        })
    });
    let absent = vec![Absent::ByMethod, Absent::MaySucceed, Absent::WillFail];
    prop_oneof![
        8 => present,
        2 => select(absent).prop_map(State::Absent),
        1 => Just(State::Unknown),
        1 => Just(State::Delegated),
    ]
}

fn request_headers() -> impl Strategy<Value = HeaderMap> {
    let fields = (
        list(),
        list(),
        date_lines(),
        date_lines(),
        if_range(),
        any::<bool>(),
    );
    fields.prop_map(
        |(if_match, if_none_match, modified, unmodified, if_range, has_range)| {
            let mut headers = HeaderMap::new();
            let lines = [if_match, if_none_match, modified, unmodified, if_range];
            for (field, lines) in FIELDS.into_iter().zip(lines) {
                for line in lines {
                    headers.append(field.header_name(), HeaderValue::from_bytes(&line).unwrap());
                }
            }
            if has_range {
                headers.insert(RANGE, HeaderValue::from_static(BYTES));
            }
            headers
        },
    )
}

fn config() -> ProptestConfig {
    ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(quick_or_full(500, 4_000) as u32)
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn evaluate_agrees_with_the_naive_model(
        (class, method) in select(classed_methods()),
        headers in request_headers(),
        now in prop_oneof![3 => Just(NOW), 1 => 0..10_000_000_000_i64],
        state in state(),
    ) {
        agree(class, method, &headers, now, &[state]);
    }

    /// Only one field at a time, so that no other decides first.
    #[test]
    fn each_list_alone(
        method in select([READS.as_slice(), &WRITES].concat()),
        field in select(vec![Field::IfMatch, Field::IfNoneMatch]),
        lines in vec(list_line(), 1..4),
        state in state(),
    ) {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(field.header_name(), HeaderValue::from_bytes(&line).unwrap());
        }
        agree(MethodClass::of(&as_method(method)), method, &headers, NOW, &[state]);
    }

    #[test]
    fn by_hand_as_in_a_header(text in prop_oneof![list_line(), vec(any::<u8>(), 0..8)], state in state()) {
        assert_as_in_a_header(&text, &state.current());
    }

    #[test]
    fn a_request_without_fields_proceeds(
        (class, method) in select(classed_methods()),
        has_range: bool,
        state in state(),
    ) {
        let mut headers = HeaderMap::new();
        if has_range {
            headers.insert(RANGE, HeaderValue::from_static(BYTES));
        }
        // Except for a write that cannot be evaluated, no state refuses a request without fields.
        prop_assert_eq!(evaluated(class, method, &headers, NOW, &state), Answer::Perform);
    }

    /// Accepting rewritten tags can turn "no match" into "match", never the other way.
    #[test]
    fn tolerance_only_adds_matches(
        tags in vec(tag(), 1..4),
        state in state(),
        suffix in select(vec!["", "-gzip", "--br", ";zstd"]),
    ) {
        let rewritten = tags.iter().map(|tag| Tag {
            opaque: [&tag.opaque, suffix.as_bytes()].concat(),
            ..tag.clone()
        });
        let rewritten: Vec<_> = rewritten.map(|tag| tag.ours().as_bytes().to_vec()).collect();
        let mut headers = HeaderMap::new();
        headers.insert(IM, HeaderValue::from_bytes(&rewritten.join(&b", "[..])).unwrap());

        let (put, now, current) = (as_method("PUT"), http_date(NOW), state.current());
        let strict = Preconditions::parse(&put, &headers, now).check(current.clone());
        let known = RewrittenTags::suffixed_or_weakened();
        let tolerant = Preconditions::parse(&put, &headers, now).accept_rewritten_tags(known).check(current);
        prop_assert!(tolerant.is_ok() || strict.is_err());
    }

    #[test]
    fn tags_print_and_read_back(tag in tag()) {
        let ours = tag.ours();
        let printed = HeaderValue::from(&ours);
        prop_assert_eq!(Tag::read(printed.as_bytes()), Some(tag.clone()));

        let read = EntityTag::try_from(&printed).unwrap();
        prop_assert_eq!(read.as_bytes(), ours.as_bytes());
        prop_assert_eq!(read.is_weak(), tag.weak);
        prop_assert_eq!(HeaderValue::from(read), printed);
        let weak = ours.to_weak();
        prop_assert!(weak.is_weak() && weak.opaque_tag() == ours.opaque_tag());
    }

    #[test]
    fn what_reads_as_a_tag_is_one(bytes in prop_oneof![field_bytes(), list_line()]) {
        let value = HeaderValue::from_bytes(&bytes).unwrap();
        let read = EntityTag::from_header_value(&value).ok();
        let read = read.map(|tag| tag.as_bytes().to_vec());
        prop_assert_eq!(read, Tag::read(&bytes).map(|_| bytes));
    }

    #[test]
    fn comparison(first in tag(), second in tag()) {
        let (ours, theirs) = (first.ours(), second.ours());
        prop_assert_eq!(ours.strong_eq(&theirs), first.strong_match(&second));
        prop_assert_eq!(ours.weak_eq(&theirs), first.weak_match(&second));
        prop_assert_eq!(ours.strong_eq(&theirs), theirs.strong_eq(&ours));
        prop_assert_eq!(ours.weak_eq(&theirs), theirs.weak_eq(&ours));
        prop_assert!(!ours.strong_eq(&theirs) || ours.weak_eq(&theirs));
        prop_assert!(ours.weak_eq(&ours.to_weak()));
        prop_assert!(!ours.to_weak().strong_eq(&theirs) && !theirs.strong_eq(&ours.to_weak()));
        prop_assert_eq!(ours.strong_eq(&ours), !first.weak);
    }

    #[test]
    fn versions_and_keys_come_back(version: u64, signed: i64, key in "[A-Za-z0-9_~-]{1,64}") {
        const FORM: tower_conditional::Epoch = tower_conditional::Epoch::new("n1");
        for (tag, epoch) in [(EntityTag::from_version(version), None), (FORM.version(version), Some("n1"))] {
            prop_assert_eq!((tag.version(), tag.epoch()), (Some(version), epoch));
            prop_assert_eq!(tag.version(), i64::try_from(version).ok());
            prop_assert!(Tag::read(tag.as_bytes()).is_some_and(|tag| !tag.weak));
        }
        for (tag, epoch) in [(EntityTag::from_version(signed), None), (FORM.version(signed), Some("n1"))] {
            prop_assert_eq!((tag.version(), tag.epoch()), (Some(signed), epoch));
            prop_assert_eq!(tag.version(), u64::try_from(signed).ok());
        }
        for (tag, epoch) in [(EntityTag::from_key(&key), None), (FORM.key(&key), Some("n1"))] {
            let tag = tag.unwrap();
            prop_assert_eq!((tag.key(), tag.epoch()), (Some(&key[..]), epoch));
            prop_assert!(Tag::read(tag.as_bytes()).is_some_and(|tag| !tag.weak));
        }
    }

    #[test]
    fn dates_print_and_read_back(seconds in -62_167_219_200..=253_402_300_799_i64, now in 0..10_000_000_000_i64) {
        let date = http_date(seconds);
        let printed = date.to_string();
        prop_assert_eq!(HttpDate::parse(printed.as_bytes(), http_date(now)), Some(date));
        prop_assert_eq!(naive::date(printed.as_bytes(), now), Some(seconds));
        if seconds >= 0 {
            prop_assert_eq!(date.to_header_value().unwrap(), printed);
        }
    }

    #[test]
    fn dates_agree_with_the_naive_model(line in date_line(), now in -62_167_219_200..=253_402_300_799_i64) {
        let date = HttpDate::parse(&line, http_date(now)).map(HttpDate::unix_seconds);
        prop_assert_eq!(date, naive::date(&line, now));
    }
}

#[test]
fn a_shared_tag_is_found_by_both() {
    // A guard for the generators above: they have to hit matches, not only misses.
    for (list, expected) in [
        ("\"v1\"", true),
        ("\"v2\", \"v1\"", true),
        ("\"v2\"", false),
    ] {
        let headers = headers(&[(IM, list)]);
        let answer = evaluated(MethodClass::Write, "PUT", &headers, NOW, &tagged("\"v1\""));
        assert_eq!(answer == Answer::Perform, expected);
    }
}
