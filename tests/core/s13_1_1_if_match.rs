//! If-Match (section 13.1.1).

use tower_conditional::precondition::MethodClass;
use tower_conditional::validator::Absent;

use crate::naive::{Present, State, Tag};
use crate::support::Outcome::{Failed, Malformed, NotModified, Run};
use crate::support::{
    IM, INM, IUS, NEITHER, READS, Row, T, T_MINUS_1, WRITES, a, e, l, n, row, row_as, rows, tagged,
    w,
};

fn negotiated(selected: Option<&str>, others: &[&str]) -> State {
    State::Present(Present {
        tag: selected.map(Tag::of),
        others: others.iter().map(|tag| Tag::of(tag)).collect(),
        modified: None,
    })
}

#[test]
fn is_evaluated_for_every_method_that_selects_or_modifies() {
    for method in [READS.as_slice(), &WRITES].concat() {
        row("13.1.1", method, &e(), &[(IM, "\"v1\"")], Run);
        row("13.1.1", method, &e(), &[(IM, "\"x\"")], Failed);
        row("13.1.1", method, &e(), &[], Run);
    }
    for method in NEITHER {
        row("13.2.1", method, &e(), &[(IM, "\"x\"")], Run);
        row("13.2.1", method, &e(), &[(IM, "junk")], Run);
    }
}

#[test]
fn compares_strongly() {
    for method in ["GET", "PUT", "DELETE"] {
        row("13.1.1", method, &w(), &[(IM, "W/\"v1\"")], Failed);
        row("13.1.1", method, &w(), &[(IM, "\"v1\"")], Failed);
        row("13.1.1", method, &e(), &[(IM, "W/\"v1\"")], Failed);
        row("13.1.1", method, &e(), &[(IM, "W/\"v1\", \"v1\"")], Run);
    }
}

#[test]
fn wildcard_means_that_a_representation_exists() {
    for state in [e(), w(), l(), n()] {
        for method in ["GET", "HEAD", "PUT", "DELETE"] {
            row("13.1.1", method, &state, &[(IM, "*")], Run);
        }
    }
    #[rustfmt::skip]
    let table: &[Row<'_>] = &[
        ("13.1.1", "PUT", a(), &[(IM, "*")], Failed),
        ("13.1.1", "PATCH", a(), &[(IM, "*")], Failed),
    ];
    rows(table);
}

#[test]
fn list_is_true_if_a_member_is_current() {
    #[rustfmt::skip]
    let table: &[Row<'_>] = &[
        ("13.1.1", "PUT", e(), &[(IM, r#""a", "v1""#)], Run),
        ("13.1.1", "PUT", e(), &[(IM, r#""v1", "a""#)], Run),
        ("13.1.1", "PUT", n(), &[(IM, r#""v1""#)], Failed),
        ("13.1.1", "PUT", l(), &[(IM, r#""v1""#)], Failed),
        ("13.1.1", "PUT", l(), &[(IM, r#""v1""#), (IUS, T)], Failed),
    ];
    rows(table);
}

#[test]
fn is_false_otherwise() {
    #[rustfmt::skip]
    let table: &[Row<'_>] = &[
        ("13.1.1", "PUT", e(), &[(IM, "v1")], Malformed),
        ("13.1.1", "PUT", e(), &[(IM, "")], Failed),
        ("13.1.1", "PUT", n(), &[(IM, "")], Failed),
        ("13.1.1", "DELETE", e(), &[(IM, ",")], Failed),
        ("13.1.1", "GET", e(), &[(IM, "v1")], Malformed),
    ];
    rows(table);
}

#[test]
fn any_current_representation_guards_a_write() {
    let state = negotiated(Some("\"1-json\""), &["\"1-ttl\"", "W/\"1-html\""]);
    for (theirs, outcome) in [
        ("\"1-json\"", Run),
        ("\"1-ttl\"", Run),
        ("\"0-ttl\"", Failed),
        ("\"1-html\"", Failed),
        ("W/\"1-ttl\"", Failed),
    ] {
        row("13.1.1", "PUT", &state, &[(IM, theirs)], outcome);
    }
    // A read has one selected representation.
    #[rustfmt::skip]
    let table: &[Row<'_>] = &[
        ("13.1.1", "GET", state.clone(), &[(IM, r#""1-json""#)], Run),
        ("13.1.1", "GET", state.clone(), &[(IM, r#""1-ttl""#)], Failed),
        ("13.1.1", "GET", state.clone(), &[(INM, r#""1-ttl""#)], Run),
        ("13.1.1", "PUT", state.clone(), &[(INM, r#""1-html""#)], Failed),
        ("13.1.1", "PUT", negotiated(None, &[r#""1-ttl""#]), &[(IM, r#""1-ttl""#)], Run),
        ("13.1.1", "GET", negotiated(None, &[r#""1-ttl""#]), &[(IM, r#""1-ttl""#)], Failed),
        ("13.1.1", "GET", negotiated(None, &[r#""1-ttl""#]), &[(INM, r#""1-ttl""#)], Run),
    ];
    rows(table);
}

/// Section 13.2.1: the status of the answer without the field decides.
#[test]
fn missing_target() {
    let (may, will_fail) = (
        State::Absent(Absent::MaySucceed),
        State::Absent(Absent::WillFail),
    );
    for theirs in ["*", "\"v1\"", ""] {
        for method in ["GET", "HEAD", "DELETE"] {
            row("13.2.1", method, &a(), &[(IM, theirs)], Run);
        }
        row("13.2.1", "PUT", &a(), &[(IM, theirs)], Failed);
        row("RFC 5789, 2", "PATCH", &a(), &[(IM, theirs)], Failed);
        row("13.2.1", "POST", &a(), &[(IM, theirs)], Failed);
        for method in [READS.as_slice(), &WRITES].concat() {
            row("13.2.1", method, &may, &[(IM, theirs)], Failed);
            row("13.2.1", method, &will_fail, &[(IM, theirs)], Run);
        }
    }
    // A malformed field is refused whatever the state of the target is.
    for state in [a(), may, will_fail, State::Unknown] {
        row("13.1.1", "PUT", &state, &[(IM, "v1")], Malformed);
        row("13.1.1", "DELETE", &state, &[(IM, "v1")], Malformed);
    }
}

#[test]
fn unknown_state_fails_closed_on_writes() {
    for theirs in ["*", "\"v1\"", ""] {
        for method in WRITES {
            row("13.1", method, &State::Unknown, &[(IM, theirs)], Failed);
        }
        for method in READS {
            row("13.1", method, &State::Unknown, &[(IM, theirs)], Run);
        }
    }
    for method in WRITES {
        row("13.1", method, &State::Unknown, &[], Run);
        row("13.2.1", method, &State::Delegated, &[(IM, "\"x\"")], Run);
        row("13.2.1", method, &State::Delegated, &[(IM, "junk")], Run);
    }
}

#[test]
fn disables_if_unmodified_since() {
    #[rustfmt::skip]
    let table: &[Row<'_>] = &[
        ("13.1.4", "PUT", e(), &[(IM, r#""v1""#), (IUS, T_MINUS_1)], Run),
        ("13.1.4", "PUT", e(), &[(IM, r#""x""#), (IUS, T)], Failed),
        ("13.1.4", "PUT", e(), &[(IM, "junk"), (IUS, T)], Malformed),
    ];
    rows(table);
}

#[test]
fn registered_methods() {
    for (class, outcome) in [
        (MethodClass::Read, Failed),
        (MethodClass::Write, Failed),
        (MethodClass::Neither, Run),
    ] {
        row_as(class, "9.1", "PROPPATCH", &e(), &[(IM, "\"x\"")], outcome);
        row_as(class, "9.1", "PROPPATCH", &e(), &[(IM, "\"v1\"")], Run);
    }
    row_as(
        MethodClass::Read,
        "9.1",
        "QUERY",
        &e(),
        &[(INM, "\"v1\"")],
        NotModified,
    );
    #[rustfmt::skip]
    let table: &[Row<'_>] = &[
        ("9.1", "QUERY", e(), &[(INM, r#""v1""#)], NotModified),
        ("9.1", "put", tagged(r#""v2""#), &[(IM, r#""v1""#)], Run),
    ];
    rows(table);
}
