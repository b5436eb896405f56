//! Entity tags: grammar, comparison, and the tags that stand for versions and keys (sections 8.8.3 and 8.8.3.2).

use std::panic::catch_unwind;

use http::HeaderValue;
use tower_conditional::validator::VersionNumber;
use tower_conditional::{EntityTag, Epoch};

use crate::naive::Tag;
use crate::support::Outcome::{Failed, Malformed, NotModified, Run};
use crate::support::{IM, INM, Row, e, header_value, row, rows, tagged, w};

#[track_caller]
fn assert_tag(text: &str, weak: bool, opaque_tag: &str) {
    let value = header_value(text);
    let tag = EntityTag::from_header_value(&value).unwrap_or_else(|_| panic!("refused: {text}"));
    assert_eq!(tag.is_weak(), weak, "{text}");
    assert_eq!(
        tag.opaque_tag(),
        header_value(opaque_tag).as_bytes(),
        "{text}"
    );
    assert_eq!(HeaderValue::from(tag), value, "{text}");
}

/// No constructor accepts the text as a tag; as a field it is a malformed list.
#[track_caller]
fn assert_no_tag(id: &str, text: &'static str) {
    let value = header_value(text);
    assert!(
        EntityTag::from_header_value(&value).is_err(),
        "{id}: {text}"
    );
    assert!(EntityTag::try_from(value).is_err(), "{id}: {text}");
    assert!(text.parse::<EntityTag>().is_err(), "{id}: {text}");
    let literal = catch_unwind(|| EntityTag::from_static(text));
    assert!(literal.is_err(), "{id}: {text}");
}

#[test]
fn grammar() {
    assert_tag("\"xyzzy\"", false, "\"xyzzy\"");
    assert_tag("W/\"xyzzy\"", true, "\"xyzzy\"");
    assert_tag("\"\"", false, "\"\"");
    assert_tag("W/\"\"", true, "\"\"");
    assert_tag("\"a\\\"", false, "\"a\\\"");
    assert_tag("\"\u{80}\u{e9}\u{ff}\"", false, "\"\u{80}\u{e9}\u{ff}\"");
    assert_tag("\"W/\"", false, "\"W/\"");
    assert_tag("\"*\"", false, "\"*\"");
}

#[test]
fn anything_else_is_no_tag() {
    let table = [
        "",
        " ",
        "*",
        "xyzzy",
        "\"",
        "\"x",
        "x\"",
        "'x'",
        "W/",
        "W/\"",
        "W/\"x",
        "W\"x\"",
        "W/ \"x\"",
        "W/x",
        "\"a\"\"b\"",
        "\"x\"y",
        "y\"x\"",
        "\"x\" ",
        " \"x\"",
        "\"x\",",
        "\"x\", \"y\"",
        "W/W/\"x\"",
        "/\"x\"",
        "\"x\";q=1",
    ];
    for text in table {
        assert_no_tag("8.8.3", text);
    }
    for text in ["w/\"x\"", "W\\\"x\"", "w\"x\""] {
        assert_no_tag("8.8.3", text);
    }
    for text in ["\"a b\"", "\"a\tb\"", "\" \"", "W/\"a \""] {
        assert_no_tag("8.8.3", text);
    }
}

/// Section 8.8.3: `etagc = %x21 / %x23-7E / obs-text`.
#[test]
fn every_byte_between_the_quotes() {
    for byte in 0..=u8::MAX {
        let allowed = matches!(byte, 0x21 | 0x23..=0x7E | 0x80..=0xFF);
        for opaque in [
            vec![byte],
            vec![b'a', byte, b'b'],
            [&[b'a'; 20], &[byte][..]].concat(),
        ] {
            assert_eq!(EntityTag::strong(&opaque).is_ok(), allowed, "{byte:#04x}");
            assert_eq!(EntityTag::weak(&opaque).is_ok(), allowed, "{byte:#04x}");
            let quoted = [b"\"", &opaque[..], b"\""].concat();
            let read = HeaderValue::from_bytes(&quoted).map(EntityTag::try_from);
            assert_eq!(matches!(read, Ok(Ok(_))), allowed, "{byte:#04x}");
        }
    }
}

#[test]
fn in_a_field() {
    #[rustfmt::skip]
    let table: &[Row<'_>] = &[
        ("8.8.3", "GET", e(), &[(INM, r#"w/"v1""#)], Run),
        ("8.8.3", "PUT", e(), &[(IM, r#"w/"v1""#)], Malformed),
        ("8.8.3", "GET", e(), &[(INM, r#""a b", "v1""#)], Run),
        ("8.8.3", "PUT", e(), &[(IM, "\"a\tb\", \"v1\"")], Malformed),
    ];
    rows(table);

    let backslash = tagged("\"a\\b\"");
    #[rustfmt::skip]
    let table: &[Row<'_>] = &[
        ("8.8.3", "GET", backslash.clone(), &[(INM, "\"a\\b\"")], NotModified),
        ("8.8.3", "GET", backslash.clone(), &[(INM, r#""ab""#)], Run),
        ("8.8.3", "GET", e(), &[(INM, "\"a\\\", \"v1\"")], NotModified),
        ("8.8.3", "GET", tagged(r#""""#), &[(INM, r#""""#)], NotModified),
        ("8.8.3", "GET", tagged(r#""""#), &[(INM, "")], Run),
        ("8.8.3", "GET", e(), &[(INM, r#""""#)], Run),
        ("8.8.3", "PUT", tagged(r#""""#), &[(IM, r#""""#)], Run),
        ("8.8.3", "GET", e(), &[(INM, "\"\u{ff}\", \"v1\"")], NotModified),
        ("8.8.3", "PUT", tagged("\"\u{e9}\""), &[(IM, "\"\u{e9}\"")], Run),
        ("8.8.3", "PUT", tagged("\"\u{e9}\""), &[(IM, "\"\u{e8}\"")], Failed),
    ];
    rows(table);
}

/// The table of section 8.8.3.2, read both ways.
#[test]
fn comparison() {
    #[track_caller]
    fn compare(first: &str, second: &str, strong: bool, weak: bool) {
        for (first, second) in [(first, second), (second, first)] {
            let (one, other): (EntityTag, EntityTag) =
                (first.parse().unwrap(), second.parse().unwrap());
            assert_eq!(one.strong_eq(&other), strong, "strong: {first} {second}");
            assert_eq!(one.weak_eq(&other), weak, "weak: {first} {second}");
        }
    }
    compare("W/\"1\"", "W/\"1\"", false, true);
    compare("W/\"1\"", "W/\"2\"", false, false);
    compare("W/\"1\"", "\"1\"", false, true);
    compare("\"1\"", "\"1\"", true, true);
    compare("\"1\"", "\"01\"", false, false);
    compare("\"v1\"", "\"V1\"", false, false);
    compare("\"v1\"", "\"v10\"", false, false);
    compare("\"v1\"", "\"W/v1\"", false, false);
    compare("\"\"", "\"\"", true, true);
}

#[test]
fn whole_values_are_compared() {
    for theirs in [
        "\"v10\"",
        "\"V1\"",
        "\"xv1\"",
        "\"v\"",
        "\"v1-gzip\"",
        "\"W/v1\"",
    ] {
        row("8.8.3.2", "GET", &e(), &[(INM, theirs)], Run);
        row("8.8.3.2", "GET", &w(), &[(INM, theirs)], Run);
        row("8.8.3.2", "PUT", &e(), &[(IM, theirs)], Failed);
    }
}

#[test]
fn literals() {
    const STRONG: EntityTag = EntityTag::from_static("\"v1\"");
    const WEAK: EntityTag = EntityTag::from_static("W/\"v1\"");
    assert!(!STRONG.is_weak() && WEAK.is_weak());
    assert!(STRONG.weak_eq(&WEAK) && !STRONG.strong_eq(&WEAK));
    assert!(EntityTag::from_static("\"\"").strong_eq(&EntityTag::strong("").unwrap()));
    assert!(EntityTag::from_static("W/\"\"").is_weak());
}

/// The tag of this text, and the version in it as each integer.
fn versions_in(text: &str) -> (Option<i32>, Option<i64>, Option<u32>, Option<u64>) {
    let tag: EntityTag = text.parse().unwrap();
    (tag.version(), tag.version(), tag.version(), tag.version())
}

#[test]
fn versions() {
    assert_eq!(EntityTag::from_version(42).as_bytes(), b"\"42\"");
    let all = |version| {
        let small = (version as i32, version as u32);
        (
            Some(small.0),
            Some(version as i64),
            Some(small.1),
            Some(version),
        )
    };
    assert_eq!(versions_in("\"0\""), all(0));
    assert_eq!(versions_in("\"42\""), all(42));
    assert_eq!(versions_in("\"n1.42\""), all(42));
    assert_eq!(versions_in("\"n1.0\""), all(0));
    assert_eq!(versions_in("\"-7\""), (Some(-7), Some(-7), None, None));
    assert_eq!(versions_in("\"n1.-7\""), (Some(-7), Some(-7), None, None));
    for (text, expected) in [
        (
            "\"2147483648\"",
            (None, Some(1 << 31), Some(1 << 31), Some(1 << 31)),
        ),
        ("\"-2147483649\"", (None, Some(-(1 << 31) - 1), None, None)),
        ("\"4294967296\"", (None, Some(1 << 32), None, Some(1 << 32))),
        ("\"9223372036854775808\"", (None, None, None, Some(1 << 63))),
        (
            "\"18446744073709551615\"",
            (None, None, None, Some(u64::MAX)),
        ),
    ] {
        assert_eq!(versions_in(text), expected, "{text}");
    }
    // No version is written like this, so it must not be read as one.
    for text in [
        "W/\"42\"",
        "\"007\"",
        "\"00\"",
        "\"+7\"",
        "\"-\"",
        "\"-0\"",
        "\"-007\"",
        "\"--7\"",
        "\"-+7\"",
        "\"+-7\"",
        "\"n1.-0\"",
        "\"-9223372036854775809\"",
        "\"\"",
        "\"n1.\"",
        "\"n1.n2.7\"",
        "\"4 2\"",
        "\"n1.007\"",
        "\"18446744073709551616\"",
        "\"x\"",
        "\".7\"",
        "\"an-epoch-too-long.7\"",
        "\"7-gzip\"",
    ] {
        if let Ok(tag) = text.parse::<EntityTag>() {
            assert_eq!(versions_in(text), (None, None, None, None), "{text}");
            assert_eq!(tag.as_bytes(), text.as_bytes());
        }
    }
}

/// Section 5.5: obs-text has no encoding, so it is no text.
#[test]
fn as_text() {
    for literal in ["\"v1\"", "W/\"v1\"", "\"\"", "\"!#~\""] {
        let tag: EntityTag = literal.parse().unwrap();
        assert_eq!(tag.to_str(), Some(literal));
    }
    for opaque in [&b"\x80"[..], b"a\xff", "\u{e9}".as_bytes()] {
        assert_eq!(EntityTag::strong(opaque).unwrap().to_str(), None);
        assert_eq!(EntityTag::weak(opaque).unwrap().to_str(), None);
    }
}

#[test]
fn in_a_log() {
    let tag = EntityTag::weak(b"caf\xe9").unwrap();
    assert_eq!(format!("{tag:?}"), r#"EntityTag(W/\"caf\xe9\")"#);
    let error = "v1".parse::<EntityTag>().unwrap_err();
    assert!(
        error.to_string().starts_with("not an entity tag: "),
        "{error}"
    );
}

/// As a database has them: what goes into a tag comes out of it.
#[test]
fn versions_of_every_integer_come_back() {
    const FORM: Epoch = Epoch::new("n1");
    fn come_back<N: VersionNumber + Copy + PartialEq + std::fmt::Debug>(versions: [N; 3]) {
        for version in versions {
            assert_eq!(EntityTag::from_version(version).version(), Some(version));
            assert_eq!(FORM.version(version).version(), Some(version));
        }
    }
    come_back([i32::MIN, -1, i32::MAX]);
    come_back([i64::MIN, -1, i64::MAX]);
    come_back([u32::MIN, 1, u32::MAX]);
    come_back([u64::MIN, 1, u64::MAX]);
    assert_eq!(
        EntityTag::from_version(i64::MIN).as_bytes(),
        b"\"-9223372036854775808\""
    );
    assert_eq!(FORM.version(-1).as_bytes(), b"\"n1.-1\"");
}

#[test]
fn keys_and_epochs() {
    const FORM: Epoch = Epoch::new("n1");
    assert_eq!(FORM.name(), "n1");
    assert_eq!(FORM.version(42).as_bytes(), b"\"n1.42\"");
    assert_eq!(FORM.key("3f9a").unwrap().as_bytes(), b"\"n1.3f9a\"");
    assert_eq!(EntityTag::from_key("3f9a").unwrap().as_bytes(), b"\"3f9a\"");

    for bad in [
        "",
        "a.b",
        "a b",
        "a\"b",
        "a,b",
        "a\\b",
        "a/b",
        "\u{e9}",
        &"x".repeat(65),
    ] {
        assert!(EntityTag::from_key(bad).is_err(), "{bad}");
        assert!(FORM.key(bad).is_err(), "{bad}");
    }
    for bad in ["", "a.b", "a~b", "a b", "an-epoch-too-long"] {
        assert!(catch_unwind(|| Epoch::new(bad)).is_err(), "{bad}");
    }

    let of = |text: &str| {
        let tag: EntityTag = text.parse().unwrap();
        (tag.epoch().map(str::to_owned), tag.key().map(str::to_owned))
    };
    let (n1, key) = (Some("n1".to_owned()), Some("3f9a".to_owned()));
    assert_eq!(of("\"n1.3f9a\""), (n1.clone(), key.clone()));
    assert_eq!(of("\"3f9a\""), (None, key));
    // The epoch can be read even if the rest was changed.
    assert_eq!(of("W/\"n1.3f9a\""), (n1.clone(), None));
    assert_eq!(of("\"n1.3f9a;gzip\""), (n1.clone(), None));
    // It ends at the first dot, in a short tag and in a long one.
    assert_eq!(of("\"n1.3.9\""), (n1.clone(), None));
    assert_eq!(of("\"n1.3.9-and-more-of-it\""), (n1, None));
}

/// Sections 8.8.3 and 2.3: our tags consist of safe characters, and a list of the longest ones can be read.
#[test]
fn the_longest_tags_of_our_own() {
    const LONGEST: Epoch = Epoch::new("abcdefghijklmnop");
    let tag = LONGEST.key(&"~".repeat(64)).unwrap();
    let text = std::str::from_utf8(tag.as_bytes()).unwrap().to_owned();
    assert_eq!(text.len(), 16 + 1 + 64 + 2);
    let is_safe = |byte: u8| byte.is_ascii_alphanumeric() || b"._~-".contains(&byte);
    assert!(text.trim_matches('"').bytes().all(is_safe));

    let list = format!("{}, {text}", vec!["\"x\""; 1_000].join(", "));
    let state = tagged(&text);
    #[rustfmt::skip]
    let table: &[Row<'_>] = &[
        ("2.3", "GET", state.clone(), &[(INM, &list)], NotModified),
        ("2.3", "PUT", state.clone(), &[(IM, &list)], Run),
    ];
    rows(table);
    assert!(Tag::read(tag.as_bytes()).is_some());
}
