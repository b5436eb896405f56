//! The order of section 13.2.2: Appendix A of the requirement table, as far as the core decides it.
//!
//! The other rows (policy 428, failing sources, what a response looks like) are tested through the layer.

use crate::naive::State;
use crate::support::Outcome::{Failed, Malformed, NotModified, Run, RunWithoutRange};
use crate::support::{
    AFTER_T, BEFORE_T, BYTES, IM, IMS, INM, IR, IUS, RANGE, T, a, e, l, n, row, strong_l, w,
};

const UNSATISFIABLE: &str = "bytes=999-";

#[test]
fn if_match() {
    row("1", "GET", &e(), &[(IM, "\"v1\"")], Run);
    row("2", "GET", &e(), &[(IM, "\"x\"")], Failed);
    row("3", "GET", &w(), &[(IM, "W/\"v1\"")], Failed);
    row("4", "GET", &n(), &[(IM, "*")], Run);
    row("5", "GET", &n(), &[(IM, "\"v1\"")], Failed);
    row("6", "GET", &a(), &[(IM, "\"v1\"")], Run);
    row("7", "PUT", &a(), &[(IM, "*")], Failed);
    row("8", "PUT", &a(), &[(IM, "\"v1\"")], Failed);
}

#[test]
fn if_none_match() {
    row("9", "PUT", &a(), &[(INM, "*")], Run);
    row("10", "PUT", &e(), &[(INM, "*")], Failed);
    row("11", "PUT", &e(), &[(INM, "\"v1\"")], Failed);
    row("12", "PUT", &e(), &[(INM, "\"x\"")], Run);
    row("13", "PUT", &w(), &[(INM, "\"v1\"")], Failed);
    row("14", "GET", &w(), &[(INM, "\"v1\"")], NotModified);
    row("15", "GET", &e(), &[(INM, "W/\"v1\"")], NotModified);
    row("16", "GET", &n(), &[(INM, "*")], NotModified);
    row("17", "GET", &l(), &[(INM, "\"v1\""), (IMS, T)], Run);
    row("18", "GET", &e(), &[(INM, "\"x\""), (IMS, T)], Run);
    row(
        "19",
        "GET",
        &e(),
        &[(INM, "\"v1\""), (IMS, BEFORE_T)],
        NotModified,
    );
}

#[test]
fn dates() {
    row("20a", "GET", &l(), &[(IMS, T)], NotModified);
    row("20b", "GET", &l(), &[(IMS, BEFORE_T)], Run);
    row(
        "20c",
        "GET",
        &l(),
        &[(IMS, "Thu, 02 Jan 2025 12:00:00 GMT")],
        NotModified,
    );
    row("21", "PUT", &e(), &[(IMS, T)], Run);
    row("22a", "PUT", &e(), &[(IUS, T)], Run);
    row("22b", "PUT", &e(), &[(IUS, BEFORE_T)], Failed);
    row("22c", "PUT", &e(), &[(IUS, "soon")], Run);
    row("23", "PUT", &n(), &[(IUS, T)], Run);
    row("23b", "PUT", &a(), &[(IUS, T)], Run);
}

#[test]
fn several_fields() {
    row("24", "PUT", &e(), &[(IM, "\"v1\""), (IUS, BEFORE_T)], Run);
    row("25", "PUT", &e(), &[(IM, "\"x\""), (IUS, T)], Failed);
    row(
        "26",
        "GET",
        &e(),
        &[(IM, "\"v1\""), (INM, "\"v1\"")],
        NotModified,
    );
    row("27", "GET", &e(), &[(IM, "\"x\""), (INM, "\"v1\"")], Failed);
    row(
        "28",
        "GET",
        &e(),
        &[(IUS, BEFORE_T), (INM, "\"v1\"")],
        Failed,
    );
    row(
        "29",
        "PUT",
        &e(),
        &[(IM, "\"v1\""), (INM, "\"v1\"")],
        Failed,
    );
    row("30", "PUT", &e(), &[(IM, "\"v1\""), (INM, "*")], Failed);
}

#[test]
fn ranges() {
    row("31", "GET", &e(), &[(RANGE, BYTES), (IR, "\"v1\"")], Run);
    row(
        "32a",
        "GET",
        &e(),
        &[(RANGE, BYTES), (IR, "\"x\"")],
        RunWithoutRange,
    );
    row(
        "32b",
        "GET",
        &e(),
        &[(RANGE, BYTES), (IR, "W/\"v1\"")],
        RunWithoutRange,
    );
    row(
        "33",
        "GET",
        &w(),
        &[(RANGE, BYTES), (IR, "W/\"v1\"")],
        RunWithoutRange,
    );
    row(
        "34a",
        "GET",
        &l(),
        &[(RANGE, BYTES), (IR, T)],
        RunWithoutRange,
    );
    row("34b", "GET", &strong_l(), &[(RANGE, BYTES), (IR, T)], Run);
    row(
        "35",
        "GET",
        &strong_l(),
        &[(RANGE, BYTES), (IR, AFTER_T)],
        RunWithoutRange,
    );
    row(
        "36",
        "GET",
        &e(),
        &[(INM, "\"v1\""), (RANGE, UNSATISFIABLE)],
        NotModified,
    );
    row(
        "37",
        "GET",
        &e(),
        &[(IM, "\"x\""), (RANGE, UNSATISFIABLE)],
        Failed,
    );
    row("38", "HEAD", &e(), &[(RANGE, BYTES), (IR, "\"x\"")], Run);
    row("39", "GET", &e(), &[(IR, "\"x\"")], Run);
}

#[test]
fn the_rest() {
    row("40", "OPTIONS", &e(), &[(IM, "\"x\""), (INM, "*")], Run);
    row("41", "DELETE", &a(), &[(IM, "\"x\"")], Run);
    row("42", "GET", &e(), &[(INM, ""), (IMS, T)], Run);
    row("43", "PUT", &e(), &[(IM, "")], Failed);
    row("45", "GET", &a(), &[(INM, "*")], Run);
    row("46", "DELETE", &e(), &[(INM, "*")], Failed);
    row("47", "PATCH", &e(), &[(IM, "\"x\"")], Failed);
    row("48", "POST", &e(), &[(IM, "\"v1\"")], Run);
    row("49", "PUT", &e(), &[(IM, "v1")], Malformed);
    row("50", "PUT", &e(), &[(INM, "*, \"x\"")], Malformed);
    row("51", "GET", &e(), &[(INM, "*, \"v1\""), (IMS, T)], Run);
    row(
        "52",
        "GET",
        &e(),
        &[(INM, "\"a,b\", ,\"v1\" ,")],
        NotModified,
    );
    row("53", "HEAD", &e(), &[(INM, "\"v1\"")], NotModified);
    row("54", "HEAD", &e(), &[(IM, "\"x\"")], Failed);
    let all = [
        (IM, "\"x\""),
        (INM, "\"v1\""),
        (IMS, T),
        (RANGE, BYTES),
        (IR, "\"x\""),
    ];
    row("59", "GET", &State::Delegated, &all, Run);
    row("60", "get", &e(), &[(INM, "\"v1\"")], Run);
}

/// R-13.2.2-1: a true condition moves on to the next step, it does not end the evaluation.
#[test]
fn every_step_hands_over_to_the_next() {
    let (im, ius, inm, ims) = ((IM, "\"v1\""), (IUS, T), (INM, "\"x\""), (IMS, BEFORE_T));
    let range = [(RANGE, BYTES), (IR, "\"x\"")];
    for first in [im, ius] {
        for second in [inm, ims] {
            let fields = [&[first, second], &range[..]].concat();
            row("R-13.2.2-1", "GET", &e(), &fields, RunWithoutRange);
        }
        row("R-13.2.2-3", "GET", &e(), &[first, (INM, "*")], NotModified);
        row("R-13.2.2-3", "GET", &e(), &[first, (IMS, T)], NotModified);
        row("R-13.2.2-3", "PUT", &e(), &[first, (INM, "*")], Failed);
    }
    for (field, value) in [(IM, "\"x\""), (IUS, BEFORE_T)] {
        row(
            "R-13.2.2-2",
            "GET",
            &e(),
            &[(field, value), (INM, "\"v1\"")],
            Failed,
        );
        row(
            "R-13.2.2-2",
            "GET",
            &e(),
            &[(field, value), (IMS, T)],
            Failed,
        );
    }
}

/// R-13.2.2-6: fields that are not of section 13.1 are nobody's business here.
#[test]
fn other_fields_are_not_looked_at() {
    for name in [
        "if",
        "if-schedule-tag-match",
        "x-if-match",
        "if-match-x",
        "etag",
        "if-unmodified",
    ] {
        row("R-13.2.2-6", "PUT", &e(), &[(name, "\"x\"")], Run);
        row(
            "R-13.2.2-6",
            "GET",
            &e(),
            &[(name, "*"), (INM, "\"v1\"")],
            NotModified,
        );
    }
}
