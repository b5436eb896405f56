//! RFC 6585, section 3: which fields guard a write, for a handler that evaluates by itself.

use http::Method;
use http::header::{HeaderMap, HeaderName, HeaderValue};
use tower_conditional::precondition::Field;
use tower_conditional::{HttpDate, Preconditions, Reason, Refusal};

const DATE: &str = "Wed, 01 Jan 2025 00:00:00 GMT";

#[test]
fn what_guards_a_write_and_what_does_not() {
    let rows = [
        ("if-match", "\"v1\"", true),
        ("if-match", "*", true),
        // Present and empty is false, but it is a precondition.
        ("if-match", "", true),
        ("if-none-match", "*", true),
        ("if-none-match", "\"v1\"", false),
        ("if-unmodified-since", DATE, true),
        ("if-unmodified-since", "soon", false),
        ("if-modified-since", DATE, false),
        ("if-range", "\"v1\"", false),
        ("if", "([\"v1\"])", false),
    ];
    for (name, value, guards) in rows {
        let mut headers = HeaderMap::new();
        headers.insert(
            HeaderName::from_static(name),
            HeaderValue::from_static(value),
        );
        let preconditions = Preconditions::parse(&Method::PUT, &headers, HttpDate::UNIX_EPOCH);
        assert_eq!(preconditions.require().is_ok(), guards, "{name}: {value}");
    }
}

#[test]
fn the_answer_is_a_428() {
    let headers = HeaderMap::new();
    let preconditions = Preconditions::parse(&Method::PUT, &headers, HttpDate::UNIX_EPOCH);
    let missing = preconditions.require().unwrap_err();
    assert_eq!(
        (missing.field(), missing.reason()),
        (Field::IfMatch, Reason::Missing)
    );
    assert_eq!(Refusal::from(missing).status(), 428);
}
