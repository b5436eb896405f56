//! If-Range (section 13.1.5).

use tower_conditional::precondition::MethodClass;
use tower_conditional::validator::Absent;

use crate::naive::State;
use crate::support::Outcome::{NotModified, Run, RunWithoutRange};
use crate::support::{
    BYTES, INM, IR, NEITHER, RANGE, T, T_MINUS_1, T_PLUS_1, WRITES, a, e, l, n, row, row_as,
    strong_l, tagged, w,
};

#[track_caller]
fn keeps_range(id: &str, state: &State, value: &str) {
    row(id, "GET", state, &[(RANGE, BYTES), (IR, value)], Run);
}

#[track_caller]
fn drops_range(id: &str, state: &State, value: &str) {
    row(
        id,
        "GET",
        state,
        &[(RANGE, BYTES), (IR, value)],
        RunWithoutRange,
    );
}

#[test]
fn is_ignored_without_range() {
    for value in ["\"x\"", "\"v1\"", T, "junk"] {
        row("13.1.5", "GET", &e(), &[(IR, value)], Run);
    }
    row("13.1.5", "GET", &e(), &[(RANGE, BYTES)], Run);
}

#[test]
fn is_for_get_alone() {
    for method in ["HEAD"].iter().chain(&WRITES).chain(&NEITHER) {
        row(
            "13.1.5",
            method,
            &e(),
            &[(RANGE, BYTES), (IR, "\"x\"")],
            Run,
        );
    }
    row_as(
        MethodClass::Read,
        "13.1.5",
        "QUERY",
        &e(),
        &[(RANGE, BYTES), (IR, "\"x\"")],
        Run,
    );
}

#[test]
fn comes_after_steps_one_to_four() {
    let fields = [(RANGE, BYTES), (IR, "\"x\""), (INM, "\"v1\"")];
    row("13.2.2", "GET", &e(), &fields, NotModified);
}

#[test]
fn tags_are_compared_strongly() {
    keeps_range("13.1.5", &e(), "\"v1\"");
    keeps_range("5.5", &e(), " \"v1\"\t");
    for value in ["W/\"v1\"", "\"x\"", "\"V1\""] {
        drops_range("13.1.5", &e(), value);
    }
    for state in [w(), n(), l(), strong_l()] {
        drops_range("13.1.5", &state, "\"v1\"");
        drops_range("13.1.5", &state, "W/\"v1\"");
    }
    keeps_range("13.1.5", &tagged("\"a,b\""), "\"a,b\"");
}

#[test]
fn dates_are_strong_and_equal() {
    for value in [
        T,
        "Wednesday, 01-Jan-25 00:00:00 GMT",
        "Wed Jan  1 00:00:00 2025",
    ] {
        keeps_range("13.1.5", &strong_l(), value);
        for state in [l(), e(), n()] {
            drops_range("13.1.5", &state, value);
        }
    }
    keeps_range("5.5", &strong_l(), " Wed, 01 Jan 2025 00:00:00 GMT\t");
    drops_range("13.1.5", &strong_l(), T_PLUS_1);
    drops_range("13.1.5", &strong_l(), T_MINUS_1);
}

/// Second 60 is read as 59, so that no precondition takes a date for later than it is. For If-Range it is never equal.
#[test]
fn a_leap_second_is_never_the_same() {
    let second_59 = State::present(None, Some((1_483_228_799, true)));
    keeps_range("13.1.5", &second_59, "Sat, 31 Dec 2016 23:59:59 GMT");
    for value in [
        "Sat, 31 Dec 2016 23:59:60 GMT",
        " Sat, 31 Dec 2016 23:59:60 GMT\t",
        "Saturday, 31-Dec-16 23:59:60 GMT",
        "Sat Dec 31 23:59:60 2016",
    ] {
        drops_range("5.6.7", &second_59, value);
    }
}

#[test]
fn is_one_value() {
    let both = format!("\"v1\", {T}");
    for value in [
        "*",
        "\"a\", \"v1\"",
        "\"v1\",",
        "\"v1\", \"v1\"",
        "v1",
        "\"v1",
        "w/\"v1\"",
        "",
        "junk",
        &both,
    ] {
        drops_range("13.1.5", &e(), value);
        drops_range("13.1.5", &strong_l(), value);
    }
    let lines = [(RANGE, BYTES), (IR, "\"v1\""), (IR, "\"v1\"")];
    row("13.1.5", "GET", &e(), &lines, RunWithoutRange);
}

#[test]
fn without_a_known_state() {
    for value in ["\"v1\"", T, "junk"] {
        // Ignoring Range is always allowed (section 14.2).
        drops_range("13.1.5", &State::Unknown, value);
        keeps_range("13.1.5", &State::Delegated, value);
        // The 404 of the handler wins. Where the request may succeed, no validator can match.
        keeps_range("13.2.1", &a(), value);
        drops_range("13.1.5", &State::Absent(Absent::MaySucceed), value);
    }
    row("13.1.5", "GET", &State::Unknown, &[(RANGE, BYTES)], Run);
}
