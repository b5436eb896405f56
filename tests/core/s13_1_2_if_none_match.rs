//! If-None-Match (section 13.1.2).

use crate::naive::State;
use crate::support::Outcome::{Failed, Malformed, NotModified, Run};
use crate::support::{IMS, INM, NEITHER, READS, T, WRITES, a, e, l, n, row, w};

#[test]
fn is_evaluated_for_every_method() {
    for method in READS {
        row("R-13.1.2-1", method, &e(), &[(INM, "\"v1\"")], NotModified);
        row("R-13.1.2-1", method, &e(), &[(INM, "*")], NotModified);
        row("R-13.1.2-1", method, &e(), &[(INM, "\"x\"")], Run);
    }
    for method in WRITES {
        row("R-13.1.2-5", method, &e(), &[(INM, "\"v1\"")], Failed);
        row("R-13.1.2-5", method, &e(), &[(INM, "*")], Failed);
        row("R-13.1.2-7", method, &e(), &[(INM, "\"x\"")], Run);
    }
    for method in NEITHER {
        row("R-13.2.1-4", method, &e(), &[(INM, "*")], Run);
        row("R-13.2.1-4", method, &e(), &[(INM, "junk")], Run);
    }
}

#[test]
fn compares_weakly() {
    row("R-13.1.2-2", "GET", &w(), &[(INM, "\"v1\"")], NotModified);
    row("R-13.1.2-2", "GET", &w(), &[(INM, "W/\"v1\"")], NotModified);
    row("R-13.1.2-2", "GET", &e(), &[(INM, "W/\"v1\"")], NotModified);
    row("R-13.1.2-2", "PUT", &w(), &[(INM, "\"v1\"")], Failed);
    row("R-13.1.2-2", "PUT", &e(), &[(INM, "W/\"v1\"")], Failed);
}

#[test]
fn wildcard_means_that_none_exists() {
    for state in [e(), w(), l(), n()] {
        row("R-13.1.2-3", "GET", &state, &[(INM, "*")], NotModified);
        row("R-13.1.2-3", "HEAD", &state, &[(INM, "*")], NotModified);
        row("R-13.1.2-3", "PUT", &state, &[(INM, "*")], Failed);
        row("R-13.1.2-8", "POST", &state, &[(INM, "*")], Failed);
    }
    for method in [READS.as_slice(), &WRITES].concat() {
        row("R-13.1.2-3", method, &a(), &[(INM, "*")], Run);
        row("R-13.1.2-4", method, &a(), &[(INM, "\"v1\"")], Run);
    }
}

#[test]
fn list_fails_if_a_member_is_current() {
    for list in [
        "\"v1\", \"a\", \"b\"",
        "\"a\", \"v1\", \"b\"",
        "\"a\", \"b\", \"v1\"",
    ] {
        row("R-13.1.2-4", "GET", &e(), &[(INM, list)], NotModified);
    }
    for state in [n(), l()] {
        row("R-13.1.2-4", "GET", &state, &[(INM, "\"v1\"")], Run);
        row("R-13.1.2-4", "PUT", &state, &[(INM, "\"v1\"")], Run);
    }
    row("R-13.1.2-4", "GET", &e(), &[(INM, "")], Run);
}

#[test]
fn present_switches_if_modified_since_off() {
    for theirs in ["\"x\"", "garbage", "", "\"v1", "*, \"v1\""] {
        row("R-13.1.2-9", "GET", &e(), &[(INM, theirs), (IMS, T)], Run);
    }
    row("R-13.1.2-9", "GET", &l(), &[(INM, "\"v1\""), (IMS, T)], Run);
}

#[test]
fn malformed_is_refused_on_writes_only() {
    for state in [
        e(),
        n(),
        a(),
        State::Absent(tower_conditional::Absent::WillFail),
        State::Unknown,
    ] {
        for method in WRITES {
            row("J-4", method, &state, &[(INM, "v1")], Malformed);
        }
        for method in READS {
            row("J-4", method, &state, &[(INM, "v1")], Run);
        }
    }
}

#[test]
fn unknown_state_fails_closed_on_writes() {
    for theirs in ["*", "\"v1\"", ""] {
        for method in WRITES {
            row(
                "design 3",
                method,
                &State::Unknown,
                &[(INM, theirs)],
                Failed,
            );
            row("design 3", method, &State::Delegated, &[(INM, theirs)], Run);
        }
        for method in READS {
            row("design 3", method, &State::Unknown, &[(INM, theirs)], Run);
        }
    }
}
