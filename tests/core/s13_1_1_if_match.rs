//! If-Match (section 13.1.1).

use tower_conditional::{Absent, MethodClass};

use crate::naive::{Present, State, Tag};
use crate::support::Outcome::{Failed, Malformed, NotModified, Run};
use crate::support::{
    BEFORE_T, IM, INM, IUS, NEITHER, READS, T, WRITES, a, e, l, n, row, row_as, tagged, w,
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
        row("R-13.1.1-1", method, &e(), &[(IM, "\"v1\"")], Run);
        row("R-13.1.1-1", method, &e(), &[(IM, "\"x\"")], Failed);
        row("R-13.1.1-1", method, &e(), &[], Run);
    }
    for method in NEITHER {
        row("R-13.2.1-4", method, &e(), &[(IM, "\"x\"")], Run);
        row("R-13.2.1-4", method, &e(), &[(IM, "junk")], Run);
    }
}

#[test]
fn compares_strongly() {
    for method in ["GET", "PUT", "DELETE"] {
        row("R-13.1.1-2", method, &w(), &[(IM, "W/\"v1\"")], Failed);
        row("R-13.1.1-2", method, &w(), &[(IM, "\"v1\"")], Failed);
        row("R-13.1.1-2", method, &e(), &[(IM, "W/\"v1\"")], Failed);
        row("R-13.1.1-2", method, &e(), &[(IM, "W/\"v1\", \"v1\"")], Run);
    }
}

#[test]
fn wildcard_means_that_a_representation_exists() {
    for state in [e(), w(), l(), n()] {
        for method in ["GET", "HEAD", "PUT", "DELETE"] {
            row("R-13.1.1-3", method, &state, &[(IM, "*")], Run);
        }
    }
    row("R-13.1.1-3", "PUT", &a(), &[(IM, "*")], Failed);
    row("R-13.1.1-3", "PATCH", &a(), &[(IM, "*")], Failed);
}

#[test]
fn list_holds_if_a_member_is_current() {
    row("R-13.1.1-4", "PUT", &e(), &[(IM, "\"a\", \"v1\"")], Run);
    row("R-13.1.1-4", "PUT", &e(), &[(IM, "\"v1\", \"a\"")], Run);
    row("R-13.1.1-4", "PUT", &n(), &[(IM, "\"v1\"")], Failed);
    row("R-13.1.1-4", "PUT", &l(), &[(IM, "\"v1\"")], Failed);
    row(
        "R-13.1.1-4",
        "PUT",
        &l(),
        &[(IM, "\"v1\""), (IUS, T)],
        Failed,
    );
}

#[test]
fn is_false_otherwise() {
    row("R-13.1.1-5", "PUT", &e(), &[(IM, "v1")], Malformed);
    row("R-13.1.1-5", "PUT", &e(), &[(IM, "")], Failed);
    row("R-13.1.1-5", "PUT", &n(), &[(IM, "")], Failed);
    row("R-13.1.1-5", "DELETE", &e(), &[(IM, ",")], Failed);
    row("R-13.1.1-5", "GET", &e(), &[(IM, "v1")], Malformed);
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
        row("R-13.1.1-9", "PUT", &state, &[(IM, theirs)], outcome);
    }
    // A read has one selected representation.
    row("R-13.1.1-9", "GET", &state, &[(IM, "\"1-json\"")], Run);
    row("R-13.1.1-9", "GET", &state, &[(IM, "\"1-ttl\"")], Failed);
    row("R-13.1.1-9", "GET", &state, &[(INM, "\"1-ttl\"")], Run);
    row("R-13.1.1-9", "PUT", &state, &[(INM, "\"1-html\"")], Failed);
    row(
        "R-13.1.1-9",
        "PUT",
        &negotiated(None, &["\"1-ttl\""]),
        &[(IM, "\"1-ttl\"")],
        Run,
    );
    row(
        "R-13.1.1-9",
        "GET",
        &negotiated(None, &["\"1-ttl\""]),
        &[(IM, "\"1-ttl\"")],
        Failed,
    );
    row(
        "R-13.1.1-9",
        "GET",
        &negotiated(None, &["\"1-ttl\""]),
        &[(INM, "\"1-ttl\"")],
        Run,
    );
}

/// Section 13.2.1: what the request would get without the field decides.
#[test]
fn missing_target() {
    let (may, will_fail) = (
        State::Absent(Absent::MaySucceed),
        State::Absent(Absent::WillFail),
    );
    for theirs in ["*", "\"v1\"", ""] {
        for method in ["GET", "HEAD", "DELETE"] {
            row("J-2", method, &a(), &[(IM, theirs)], Run);
        }
        row("J-2", "PUT", &a(), &[(IM, theirs)], Failed);
        row("R-5789.2-2", "PATCH", &a(), &[(IM, theirs)], Failed);
        row("J-2", "POST", &a(), &[(IM, theirs)], Failed);
        for method in [READS.as_slice(), &WRITES].concat() {
            row("J-2", method, &may, &[(IM, theirs)], Failed);
            row("J-2", method, &will_fail, &[(IM, theirs)], Run);
        }
    }
    // A malformed guard is refused without looking at the target.
    for state in [a(), may, will_fail, State::Unknown] {
        row("J-4", "PUT", &state, &[(IM, "v1")], Malformed);
        row("J-4", "DELETE", &state, &[(IM, "v1")], Malformed);
    }
}

#[test]
fn unknown_state_fails_closed_on_writes() {
    for theirs in ["*", "\"v1\"", ""] {
        for method in WRITES {
            row("design 3", method, &State::Unknown, &[(IM, theirs)], Failed);
        }
        for method in READS {
            row("design 3", method, &State::Unknown, &[(IM, theirs)], Run);
        }
    }
    for method in WRITES {
        row("design 3", method, &State::Unknown, &[], Run);
        row("J-19", method, &State::Delegated, &[(IM, "\"x\"")], Run);
        row("J-19", method, &State::Delegated, &[(IM, "junk")], Run);
    }
}

#[test]
fn switches_if_unmodified_since_off() {
    row(
        "R-13.1.4-1",
        "PUT",
        &e(),
        &[(IM, "\"v1\""), (IUS, BEFORE_T)],
        Run,
    );
    row(
        "R-13.1.4-1",
        "PUT",
        &e(),
        &[(IM, "\"x\""), (IUS, T)],
        Failed,
    );
    row(
        "R-13.1.4-1",
        "PUT",
        &e(),
        &[(IM, "junk"), (IUS, T)],
        Malformed,
    );
}

#[test]
fn registered_methods() {
    for (class, outcome) in [
        (MethodClass::Read, Failed),
        (MethodClass::Write, Failed),
        (MethodClass::Neither, Run),
    ] {
        row_as(
            class,
            "R-9-ext-1",
            "PROPPATCH",
            &e(),
            &[(IM, "\"x\"")],
            outcome,
        );
        row_as(
            class,
            "R-9-ext-1",
            "PROPPATCH",
            &e(),
            &[(IM, "\"v1\"")],
            Run,
        );
    }
    row_as(
        MethodClass::Read,
        "R-9-ext-2",
        "QUERY",
        &e(),
        &[(INM, "\"v1\"")],
        NotModified,
    );
    row("R-9-ext-2", "QUERY", &e(), &[(INM, "\"v1\"")], Run);
    row("R-9.1-1", "put", &tagged("\"v2\""), &[(IM, "\"v1\"")], Run);
}
