//! If-Unmodified-Since (section 13.1.4).

use tower_conditional::precondition::MethodClass;

use crate::naive::State;
use crate::support::Outcome::{Failed, Run};
use crate::support::{
    IM, IUS, NEITHER, READS, Row, T, T_MINUS_1, T_PLUS_1, WRITES, a, e, l, n, row, row_as, rows,
    strong_l,
};

#[test]
fn is_ignored_when_if_match_is_present() {
    #[rustfmt::skip]
    let table: &[Row<'_>] = &[
        ("13.1.4", "PUT", e(), &[(IM, r#""v1""#), (IUS, T_MINUS_1)], Run),
        ("13.1.4", "PUT", e(), &[(IM, "*"), (IUS, T_MINUS_1)], Run),
        ("13.1.4", "PUT", e(), &[(IM, r#""x""#), (IUS, T)], Failed),
    ];
    rows(table);
}

#[test]
fn is_ignored_unless_it_is_one_date() {
    let twice = format!("{T_MINUS_1}, {T_MINUS_1}");
    for value in ["soon", "0", "", "*", "\"v1\"", &twice] {
        row("13.1.4", "PUT", &e(), &[(IUS, value)], Run);
        row("13.1.4", "PUT", &State::Unknown, &[(IUS, value)], Run);
    }
    row(
        "5.5",
        "PUT",
        &e(),
        &[(IUS, T_MINUS_1), (IUS, T_MINUS_1)],
        Run,
    );
}

#[test]
fn is_ignored_without_a_modification_date() {
    for method in [READS.as_slice(), &WRITES].concat() {
        row("13.1.4", method, &n(), &[(IUS, T)], Run);
        row("13.1.4", method, &a(), &[(IUS, T)], Run);
        row("13.1.4", method, &State::Delegated, &[(IUS, T)], Run);
    }
}

#[test]
fn unknown_state_fails_closed_on_writes() {
    for method in WRITES {
        row("13.1", method, &State::Unknown, &[(IUS, T)], Failed);
    }
    for method in READS {
        row("13.1", method, &State::Unknown, &[(IUS, T_MINUS_1)], Run);
    }
}

#[test]
fn is_true_when_last_modified_at_the_date_or_before() {
    for method in [READS.as_slice(), &WRITES].concat() {
        for state in [e(), l(), strong_l()] {
            row("13.1.4", method, &state, &[(IUS, T)], Run);
            row("13.1.4", method, &state, &[(IUS, T_PLUS_1)], Run);
            row("13.1.4", method, &state, &[(IUS, T_MINUS_1)], Failed);
        }
    }
    for method in NEITHER {
        row("13.2.1", method, &e(), &[(IUS, T_MINUS_1)], Run);
    }
    for class in [MethodClass::Read, MethodClass::Write] {
        row_as(class, "9.1", "REPORT", &e(), &[(IUS, T_MINUS_1)], Failed);
    }
}

/// A date with one clear meaning is read even if its form is wrong: ignoring it would leave the write unguarded.
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
        row("5.6.7", "PUT", &e(), &[(IUS, value)], Failed);
    }
    row(
        "5.6.7",
        "PUT",
        &e(),
        &[(IUS, "Tuesday, 01-Jan-75 00:00:00 GMT")],
        Run,
    );
}
