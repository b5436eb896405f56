//! If-None-Match (section 13.1.2).

use crate::naive::State;
use crate::support::Outcome::{Failed, Malformed, NotModified, Run};
use crate::support::{IMS, INM, NEITHER, READS, Row, T, WRITES, a, e, l, n, row, rows, w};

#[test]
fn is_evaluated_for_every_method() {
    for method in READS {
        row("13.1.2", method, &e(), &[(INM, "\"v1\"")], NotModified);
        row("13.1.2", method, &e(), &[(INM, "*")], NotModified);
        row("13.1.2", method, &e(), &[(INM, "\"x\"")], Run);
    }
    for method in WRITES {
        row("13.1.2", method, &e(), &[(INM, "\"v1\"")], Failed);
        row("13.1.2", method, &e(), &[(INM, "*")], Failed);
        row("13.1.2", method, &e(), &[(INM, "\"x\"")], Run);
    }
    for method in NEITHER {
        row("13.2.1", method, &e(), &[(INM, "*")], Run);
        row("13.2.1", method, &e(), &[(INM, "junk")], Run);
    }
}

#[test]
fn compares_weakly() {
    #[rustfmt::skip]
    let table: &[Row<'_>] = &[
        ("13.1.2", "GET", w(), &[(INM, r#""v1""#)], NotModified),
        ("13.1.2", "GET", w(), &[(INM, r#"W/"v1""#)], NotModified),
        ("13.1.2", "GET", e(), &[(INM, r#"W/"v1""#)], NotModified),
        ("13.1.2", "PUT", w(), &[(INM, r#""v1""#)], Failed),
        ("13.1.2", "PUT", e(), &[(INM, r#"W/"v1""#)], Failed),
    ];
    rows(table);
}

#[test]
fn wildcard_means_that_none_exists() {
    for state in [e(), w(), l(), n()] {
        row("13.1.2", "GET", &state, &[(INM, "*")], NotModified);
        row("13.1.2", "HEAD", &state, &[(INM, "*")], NotModified);
        row("13.1.2", "PUT", &state, &[(INM, "*")], Failed);
        row("13.1.2", "POST", &state, &[(INM, "*")], Failed);
    }
    for method in [READS.as_slice(), &WRITES].concat() {
        row("13.1.2", method, &a(), &[(INM, "*")], Run);
        row("13.1.2", method, &a(), &[(INM, "\"v1\"")], Run);
    }
}

#[test]
fn list_is_false_if_a_member_is_current() {
    for list in [
        "\"v1\", \"a\", \"b\"",
        "\"a\", \"v1\", \"b\"",
        "\"a\", \"b\", \"v1\"",
    ] {
        row("13.1.2", "GET", &e(), &[(INM, list)], NotModified);
    }
    for state in [n(), l()] {
        row("13.1.2", "GET", &state, &[(INM, "\"v1\"")], Run);
        row("13.1.2", "PUT", &state, &[(INM, "\"v1\"")], Run);
    }
    row("13.1.2", "GET", &e(), &[(INM, "")], Run);
}

#[test]
fn disables_if_modified_since() {
    for theirs in ["\"x\"", "garbage", "", "\"v1", "*, \"v1\""] {
        row("13.1.2", "GET", &e(), &[(INM, theirs), (IMS, T)], Run);
    }
    row("13.1.2", "GET", &l(), &[(INM, "\"v1\""), (IMS, T)], Run);
}

#[test]
fn malformed_is_refused_on_writes_only() {
    for state in [
        e(),
        n(),
        a(),
        State::Absent(tower_conditional::validator::Absent::WillFail),
        State::Unknown,
    ] {
        for method in WRITES {
            row("13.1.1", method, &state, &[(INM, "v1")], Malformed);
        }
        for method in READS {
            row("13.1.1", method, &state, &[(INM, "v1")], Run);
        }
    }
}

#[test]
fn unknown_state_fails_closed_on_writes() {
    for theirs in ["*", "\"v1\"", ""] {
        for method in WRITES {
            row("13.1", method, &State::Unknown, &[(INM, theirs)], Failed);
            row("13.1", method, &State::Delegated, &[(INM, theirs)], Run);
        }
        for method in READS {
            row("13.1", method, &State::Unknown, &[(INM, theirs)], Run);
        }
    }
}
