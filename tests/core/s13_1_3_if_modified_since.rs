//! If-Modified-Since (section 13.1.3).

use tower_conditional::precondition::MethodClass;

use crate::naive::State;
use crate::support::Outcome::{NotModified, Run};
use crate::support::{
    IMS, INM, NEITHER, READS, Row, T, T_MINUS_1, T_PLUS_1, WRITES, a, e, l, n, row, row_as, rows,
    strong_l,
};

/// Noon on the day after T.
const TOMORROW: &str = "Thu, 02 Jan 2025 12:00:00 GMT";

#[test]
fn is_ignored_when_if_none_match_is_present() {
    #[rustfmt::skip]
    let table: &[Row<'_>] = &[
        ("13.1.3", "GET", e(), &[(INM, r#""x""#), (IMS, T)], Run),
        ("13.1.3", "GET", e(), &[(INM, r#""v1""#), (IMS, T_MINUS_1)], NotModified),
    ];
    rows(table);
}

#[test]
fn is_ignored_unless_it_is_one_date() {
    let twice = format!("{T}, {T}");
    let with_length = format!("{T}; length=11");
    for value in ["yesterday", "0", "", "*", "\"v1\"", &twice, &with_length] {
        for method in READS {
            row("13.1.3", method, &l(), &[(IMS, value)], Run);
        }
    }
    #[rustfmt::skip]
    let table: &[Row<'_>] = &[
        ("5.5", "GET", l(), &[(IMS, T), (IMS, T)], Run),
        ("5.5", "GET", l(), &[(IMS, T), (IMS, "")], Run),
    ];
    rows(table);
}

#[test]
fn is_ignored_for_other_methods() {
    for method in WRITES.iter().chain(&NEITHER) {
        row("13.1.3", method, &e(), &[(IMS, T)], Run);
        row("13.1.3", method, &e(), &[(IMS, T_MINUS_1)], Run);
    }
    row_as(MethodClass::Read, "13.1.3", "QUERY", &e(), &[(IMS, T)], Run);
}

#[test]
fn is_ignored_without_a_modification_date() {
    #[rustfmt::skip]
    let table: &[Row<'_>] = &[
        ("13.1.3", "GET", n(), &[(IMS, TOMORROW)], Run),
        ("13.1.3", "GET", a(), &[(IMS, TOMORROW)], Run),
        ("13.1.3", "GET", State::Unknown, &[(IMS, TOMORROW)], Run),
        ("13.1.3", "GET", State::Delegated, &[(IMS, TOMORROW)], Run),
    ];
    rows(table);
}

#[test]
fn is_read_on_the_clock_of_the_origin() {
    #[rustfmt::skip]
    let table: &[Row<'_>] = &[
        ("13.1.3", "GET", l(), &[("date", T_MINUS_1), (IMS, T)], NotModified),
        ("13.1.3", "GET", l(), &[("date", TOMORROW), (IMS, T_MINUS_1)], Run),
    ];
    rows(table);
}

#[test]
fn is_false_when_last_modified_at_the_date_or_before() {
    for method in READS {
        for state in [l(), strong_l(), e()] {
            row("13.1.3", method, &state, &[(IMS, T)], NotModified);
            row("13.1.3", method, &state, &[(IMS, T_PLUS_1)], NotModified);
            row("13.1.3", method, &state, &[(IMS, T_MINUS_1)], Run);
            row("13.1.3", method, &state, &[(IMS, TOMORROW)], NotModified);
        }
    }
}

#[test]
fn all_three_forms() {
    for value in [
        T,
        "Wednesday, 01-Jan-25 00:00:00 GMT",
        "Wed Jan  1 00:00:00 2025",
    ] {
        row("5.6.7", "GET", &l(), &[(IMS, value)], NotModified);
        row(
            "5.5",
            "GET",
            &l(),
            &[(IMS, &format!(" {value}\t"))],
            NotModified,
        );
    }
    #[rustfmt::skip]
    let table: &[Row<'_>] = &[
        ("5.6.7", "GET", l(), &[(IMS, "wed, 01 jan 2025 00:00:00 gmt")], Run),
        ("5.6.7", "GET", l(), &[(IMS, "Mon, 01 Jan 2025 00:00:00 GMT")], NotModified),
    ];
    rows(table);
}
