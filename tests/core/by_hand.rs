//! Preconditions that were in no header (sections 13.1.1 and 13.1.2): the same answer as in one.

use http::{HeaderMap, HeaderValue, Method};
use tower_conditional::precondition::{Field, MethodClass};
use tower_conditional::validator::Absent;
use tower_conditional::{
    Current, Decision, EntityTag, HttpDate, PreconditionFailed, Preconditions, Refusal,
};

fn by_hand(field: Field, text: &[u8]) -> Preconditions<'_> {
    match field {
        Field::IfMatch => Preconditions::if_match(text),
        _ => Preconditions::if_none_match(text),
    }
}

/// The answer is that to a PUT with this text in a header. What no header can carry is malformed.
#[track_caller]
pub(crate) fn assert_as_in_a_header(text: &[u8], current: &Current) {
    for field in [Field::IfMatch, Field::IfNoneMatch] {
        let preconditions = by_hand(field, text);
        let Ok(value) = HeaderValue::from_bytes(text) else {
            assert_eq!(
                preconditions.malformed(),
                Some(field),
                "{}",
                text.escape_ascii()
            );
            continue;
        };
        let headers = HeaderMap::from_iter([(field.header_name(), value)]);
        let in_header = Preconditions::parse(&Method::PUT, &headers, HttpDate::UNIX_EPOCH);
        let shown = format!("{field}: {} on {current:?}", text.escape_ascii());
        assert_eq!(
            preconditions.evaluate(current),
            in_header.evaluate(current),
            "{shown}"
        );
        assert_eq!(preconditions.malformed(), in_header.malformed(), "{shown}");
        assert_eq!(preconditions.require(), in_header.require(), "{shown}");
    }
}

#[test]
fn text_and_tags() {
    let seven = || Current::from(EntityTag::from_version(7));
    let failed =
        |preconditions: Preconditions<'_>, current: Current| preconditions.check(current).err();
    let tag = EntityTag::from_version(7);
    let text = String::from("\"6\", \"7\"");
    assert_eq!(failed(Preconditions::if_match(&tag), seven()), None);
    assert_eq!(failed(Preconditions::if_match(&text), seven()), None);
    assert_eq!(failed(Preconditions::if_match("*"), seven()), None);
    assert_eq!(
        failed(Preconditions::if_match("\"6\""), seven()),
        Some(PreconditionFailed::stale())
    );
    assert_eq!(
        failed(Preconditions::if_match(""), seven()),
        Some(PreconditionFailed::stale())
    );
    assert_eq!(
        failed(Preconditions::if_none_match(&tag), seven()),
        Some(PreconditionFailed::exists())
    );
    assert_eq!(
        failed(Preconditions::if_none_match("*"), seven()),
        Some(PreconditionFailed::exists())
    );
    assert_eq!(
        failed(Preconditions::if_none_match("*"), Current::absent()),
        None
    );
    // Section 13.1.1: a write that could create must not, and one that could not is the handler's 404.
    assert_eq!(
        failed(Preconditions::if_match(&tag), Current::absent()),
        Some(PreconditionFailed::absent())
    );
    assert_eq!(
        failed(
            Preconditions::if_match(&tag),
            Current::Absent(Absent::WillFail)
        ),
        None
    );
    assert_eq!(
        Preconditions::if_match(&tag).method_class(),
        MethodClass::Write
    );
}

/// Section 13.1.1: `*` is the whole text. No other line end or blank than those of a header is allowed.
#[test]
fn what_no_header_can_carry_is_malformed() {
    for text in [
        "*\n",
        "\n*",
        "*\r\n",
        "*\u{c}",
        "\"7\"\n",
        "\"7\"\r\n, \"8\"",
        "\"7\n\"",
        "\"7\0\"",
        "\0",
        "7",
        "*, *",
    ] {
        for field in [Field::IfMatch, Field::IfNoneMatch] {
            let decision =
                by_hand(field, text.as_bytes()).evaluate(&EntityTag::from_version(7).into());
            assert_eq!(
                decision,
                Decision::Malformed(field),
                "{}",
                text.escape_debug()
            );
        }
        assert_as_in_a_header(text.as_bytes(), &Current::absent());
    }
    let malformed = Preconditions::if_match("7").check(EntityTag::from_version(7));
    assert_eq!(Refusal::from(malformed.unwrap_err()).status(), 400);
}

/// RFC 6585, section 3.
#[test]
fn an_item_without_a_precondition_is_a_428() {
    assert_eq!(Refusal::from(PreconditionFailed::missing()).status(), 428);
}

#[test]
fn is_shown_in_a_log() {
    let shown = format!("{:?}", Preconditions::if_match("\"7\"\n"));
    assert!(
        shown.contains("IfMatch") && shown.contains("\\\"7\\\""),
        "{shown}"
    );
}
