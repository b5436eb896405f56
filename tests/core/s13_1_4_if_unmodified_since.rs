//! If-Unmodified-Since (section 13.1.4).

use tower_conditional::MethodClass;

use crate::naive::State;
use crate::support::Outcome::{Failed, Run};
use crate::support::{
    AFTER_T, BEFORE_T, IM, IUS, NEITHER, READS, T, WRITES, a, e, l, n, row, row_as, strong_l,
};

#[test]
fn is_ignored_when_if_match_is_present() {
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
        &[(IM, "*"), (IUS, BEFORE_T)],
        Run,
    );
    row(
        "R-13.1.4-1",
        "PUT",
        &e(),
        &[(IM, "\"x\""), (IUS, T)],
        Failed,
    );
}

#[test]
fn is_ignored_unless_it_is_one_date() {
    let twice = format!("{BEFORE_T}, {BEFORE_T}");
    for value in ["soon", "0", "", "*", "\"v1\"", &twice] {
        row("R-13.1.4-2", "PUT", &e(), &[(IUS, value)], Run);
        row("R-13.1.4-2", "PUT", &State::Unknown, &[(IUS, value)], Run);
    }
    row(
        "R-5.5-3",
        "PUT",
        &e(),
        &[(IUS, BEFORE_T), (IUS, BEFORE_T)],
        Run,
    );
}

#[test]
fn is_ignored_without_a_modification_date() {
    for method in [READS.as_slice(), &WRITES].concat() {
        row("R-13.1.4-3", method, &n(), &[(IUS, T)], Run);
        row("R-13.1.4-3", method, &a(), &[(IUS, T)], Run);
        row("R-13.1.4-3", method, &State::Delegated, &[(IUS, T)], Run);
    }
}

#[test]
fn unknown_state_fails_closed_on_writes() {
    for method in WRITES {
        row("design 3", method, &State::Unknown, &[(IUS, T)], Failed);
    }
    for method in READS {
        row("design 3", method, &State::Unknown, &[(IUS, BEFORE_T)], Run);
    }
}

#[test]
fn is_true_when_last_modified_at_the_date_or_before() {
    for method in [READS.as_slice(), &WRITES].concat() {
        for state in [e(), l(), strong_l()] {
            row("R-13.1.4-5", method, &state, &[(IUS, T)], Run);
            row("R-13.1.4-5", method, &state, &[(IUS, AFTER_T)], Run);
            row("R-13.1.4-5", method, &state, &[(IUS, BEFORE_T)], Failed);
        }
    }
    for method in NEITHER {
        row("R-13.2.1-4", method, &e(), &[(IUS, BEFORE_T)], Run);
    }
    for class in [MethodClass::Read, MethodClass::Write] {
        row_as(
            class,
            "R-9-ext-1",
            "REPORT",
            &e(),
            &[(IUS, BEFORE_T)],
            Failed,
        );
    }
}

/// Whatever has one clear meaning is read: to ignore it would open the write.
#[test]
fn robust_reading_keeps_the_guard() {
    for value in [
        "Mon, 01 Jan 0001 00:00:00 GMT",
        "Wed, 31 Dec 1969 23:59:59 GMT",
        "Tue, 31 Dec 2024 23:59:60 GMT",
        "Fri, 31 Dec 2024 23:59:59 GMT",
        "Tuesday, 31-Dec-24 23:59:59 GMT",
        "Wednesday, 01-Jan-76 00:00:00 GMT",
        "Tue Dec 31 23:59:59 2024",
        " Tue, 31 Dec 2024 23:59:59 GMT ",
    ] {
        row("R-5.6.7-9", "PUT", &e(), &[(IUS, value)], Failed);
    }
    row(
        "R-5.6.7-5",
        "PUT",
        &e(),
        &[(IUS, "Tuesday, 01-Jan-75 00:00:00 GMT")],
        Run,
    );
}
