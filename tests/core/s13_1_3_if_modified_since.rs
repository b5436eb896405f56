//! If-Modified-Since (section 13.1.3).

use tower_conditional::MethodClass;

use crate::naive::State;
use crate::support::Outcome::{NotModified, Run};
use crate::support::{
    AFTER_T, BEFORE_T, IMS, INM, NEITHER, READS, T, WRITES, a, e, l, n, row, row_as, strong_l,
};

/// Noon on the day after T.
const TOMORROW: &str = "Thu, 02 Jan 2025 12:00:00 GMT";

#[test]
fn is_ignored_when_if_none_match_is_present() {
    row("R-13.1.3-1", "GET", &e(), &[(INM, "\"x\""), (IMS, T)], Run);
    row(
        "R-13.1.3-1",
        "GET",
        &e(),
        &[(INM, "\"v1\""), (IMS, BEFORE_T)],
        NotModified,
    );
}

#[test]
fn is_ignored_unless_it_is_one_date() {
    let twice = format!("{T}, {T}");
    let with_length = format!("{T}; length=11");
    for value in ["yesterday", "0", "", "*", "\"v1\"", &twice, &with_length] {
        for method in READS {
            row("R-13.1.3-2", method, &l(), &[(IMS, value)], Run);
        }
    }
    row("R-5.5-3", "GET", &l(), &[(IMS, T), (IMS, T)], Run);
    row("R-5.5-3", "GET", &l(), &[(IMS, T), (IMS, "")], Run);
}

#[test]
fn is_ignored_for_other_methods() {
    for method in WRITES.iter().chain(&NEITHER) {
        row("R-13.1.3-3", method, &e(), &[(IMS, T)], Run);
        row("R-13.1.3-3", method, &e(), &[(IMS, BEFORE_T)], Run);
    }
    row_as(
        MethodClass::Read,
        "R-13.1.3-3",
        "QUERY",
        &e(),
        &[(IMS, T)],
        Run,
    );
}

#[test]
fn is_ignored_without_a_modification_date() {
    row("R-13.1.3-4", "GET", &n(), &[(IMS, TOMORROW)], Run);
    row("R-13.1.3-4", "GET", &a(), &[(IMS, TOMORROW)], Run);
    row(
        "R-13.1.3-4",
        "GET",
        &State::Unknown,
        &[(IMS, TOMORROW)],
        Run,
    );
    row(
        "R-13.1.3-4",
        "GET",
        &State::Delegated,
        &[(IMS, TOMORROW)],
        Run,
    );
}

#[test]
fn is_read_on_the_clock_of_the_origin() {
    row(
        "R-13.1.3-5",
        "GET",
        &l(),
        &[("date", BEFORE_T), (IMS, T)],
        NotModified,
    );
    row(
        "R-13.1.3-5",
        "GET",
        &l(),
        &[("date", TOMORROW), (IMS, BEFORE_T)],
        Run,
    );
}

#[test]
fn is_false_when_last_modified_at_the_date_or_before() {
    for method in READS {
        for state in [l(), strong_l(), e()] {
            row("R-13.1.3-6", method, &state, &[(IMS, T)], NotModified);
            row("R-13.1.3-6", method, &state, &[(IMS, AFTER_T)], NotModified);
            row("R-13.1.3-6", method, &state, &[(IMS, BEFORE_T)], Run);
            row(
                "R-13.1.3-8",
                method,
                &state,
                &[(IMS, TOMORROW)],
                NotModified,
            );
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
        row("R-5.6.7-1", "GET", &l(), &[(IMS, value)], NotModified);
        row(
            "R-5.5-1",
            "GET",
            &l(),
            &[(IMS, &format!(" {value}\t"))],
            NotModified,
        );
    }
    row(
        "R-5.6.7-3",
        "GET",
        &l(),
        &[(IMS, "wed, 01 jan 2025 00:00:00 gmt")],
        Run,
    );
    row(
        "R-5.6.7-10",
        "GET",
        &l(),
        &[(IMS, "Mon, 01 Jan 2025 00:00:00 GMT")],
        NotModified,
    );
}
