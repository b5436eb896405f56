//! Lists of tags: lines, commas, empty members, the wildcard, malformed values (sections 5.2 to 5.6.1).

use crate::support::Outcome::{Failed, Malformed, NotModified, Run};
use crate::support::{BEFORE_T, IM, IMS, INM, IUS, T, e, n, row, tagged};

/// A list with our tag in it: 304 on reads, a write runs.
#[track_caller]
fn holds_ours(id: &str, lines: &[&str]) {
    let named = |name| lines.iter().map(|line| (name, *line)).collect::<Vec<_>>();
    row(id, "GET", &e(), &named(INM), NotModified);
    row(id, "HEAD", &e(), &named(INM), NotModified);
    row(id, "PUT", &e(), &named(INM), Failed);
    row(id, "PUT", &e(), &named(IM), Run);
    row(id, "GET", &e(), &named(IM), Run);
}

/// A good list without it.
#[track_caller]
fn holds_others(id: &str, lines: &[&str]) {
    let named = |name| lines.iter().map(|line| (name, *line)).collect::<Vec<_>>();
    row(id, "GET", &e(), &named(INM), Run);
    row(id, "PUT", &e(), &named(INM), Run);
    row(id, "PUT", &e(), &named(IM), Failed);
    row(id, "GET", &e(), &named(IM), Failed);
}

/// No list: matches nothing on reads, is refused where it guards.
#[track_caller]
fn is_malformed(id: &str, lines: &[&str]) {
    let named = |name| lines.iter().map(|line| (name, *line)).collect::<Vec<_>>();
    for state in [e(), n()] {
        row(id, "GET", &state, &named(INM), Run);
        row(id, "PUT", &state, &named(INM), Malformed);
        row(id, "PUT", &state, &named(IM), Malformed);
        row(id, "GET", &state, &named(IM), Malformed);
    }
}

#[test]
fn lines_are_one_list() {
    holds_ours("R-5.2-1", &["\"x\"", "\"v1\""]);
    holds_ours("R-5.2-1", &["\"v1\"", "\"x\""]);
    holds_ours("R-5.2-1", &["\"a\", \"b\"", "", "\"c\",\"v1\""]);
    holds_others("R-5.2-1", &["\"x\"", "\"y\""]);
    is_malformed("R-5.2-1", &["\"v1\"", "junk"]);
    is_malformed("R-5.2-1", &["junk", "\"v1\""]);
}

#[test]
fn wildcard_stands_alone() {
    for line in ["*", " *", "*\t", " \t* "] {
        row("R-5.3-1", "GET", &e(), &[(INM, line)], NotModified);
        row("R-5.3-1", "PUT", &e(), &[(INM, line)], Failed);
        row("R-5.3-1", "PUT", &e(), &[(IM, line)], Run);
    }
    is_malformed("R-5.3-1", &["*", "\"v1\""]);
    is_malformed("R-5.3-1", &["\"v1\"", "*"]);
    is_malformed("R-5.3-1", &["*", "*"]);
    is_malformed("R-5.3-1", &["*", ""]);
    is_malformed("R-5.3-1", &["", "*"]);
    for line in [
        "\"x\", *",
        "*, \"v1\"",
        "*, *",
        "*,",
        ",*",
        "**",
        "W/*",
        "* *",
    ] {
        is_malformed("R-5.3-1", &[line]);
    }
    holds_others("R-5.3-1", &["\"*\""]);
    row(
        "R-5.3-1",
        "GET",
        &tagged("\"*\""),
        &[(INM, "\"*\"")],
        NotModified,
    );
    row("R-5.3-1", "PUT", &tagged("\"*\""), &[(IM, "\"x\"")], Failed);
}

#[test]
fn space_around() {
    holds_ours("R-5.5-1", &["  \"v1\" \t"]);
    holds_ours("R-5.6.1-1", &["\"a\" ,\t\"v1\""]);
    holds_ours("R-5.6.1-1", &["\"a\",\"v1\""]);
    holds_ours("R-5.6.1-1", &["\"a\"\t \t,\"v1\"\t"]);
    // Octet A0 is obs-text, not a blank.
    is_malformed("R-5.6.1-1", &["\u{a0}\"v1\""]);
    is_malformed("R-5.6.1-1", &["\"v1\"\u{a0}"]);
}

#[test]
fn commas_in_quotes() {
    let comma = tagged("\"a,b\"");
    row("R-5.6.1-1", "GET", &comma, &[(INM, "\"a,b\"")], NotModified);
    row(
        "R-5.6.1-1",
        "GET",
        &comma,
        &[(INM, "\"x\",\"a,b\" ,\"y\"")],
        NotModified,
    );
    row("R-5.6.1-1", "PUT", &comma, &[(IM, "\"a\", \"b\"")], Failed);
    holds_others("R-5.6.1-1", &["\"x,*,y\""]);
    holds_others("R-5.6.1-1", &["\"x,\", \",v1\""]);
    holds_ours("R-5.6.1-1", &["\",\",\"v1\",\",\""]);
    row(
        "R-5.6.1-1",
        "GET",
        &tagged("\",\""),
        &[(INM, "\",\"")],
        NotModified,
    );
    // A quote that is open at the end of a line does not reach into the next.
    is_malformed("R-5.6.1-1", &["\"v", "1\""]);
    is_malformed("R-5.6.1-1", &["\"x", "\"v1\""]);
}

#[test]
fn empty_members() {
    holds_ours("R-5.6.1.2-1", &[", ,\"x\",, \"v1\" ,"]);
    holds_ours("R-5.6.1.2-1", &[" , ,\t,, \"x\" ,  , \"v1\" , ,"]);
    holds_ours("R-5.6.1.2-1", &[",", "", ",,\"v1\""]);
    holds_others("R-5.6.1.2-1", &[",\"x\","]);
}

/// R-5.6.1-3: present but empty is not absent.
#[test]
fn empty_lists() {
    for lines in [
        &[""][..],
        &[" \t "],
        &[","],
        &[" , ,\t, "],
        &["", ""],
        &[",", ""],
    ] {
        holds_others("R-5.6.1-3", lines);
        let with = |name, twin| {
            let lines = lines.iter().map(|line| (name, *line));
            lines.chain([twin]).collect::<Vec<_>>()
        };
        row("R-5.6.1-3", "GET", &e(), &with(INM, (IMS, T)), Run);
        row("R-5.6.1-3", "PUT", &e(), &with(IM, (IUS, T)), Failed);
        row(
            "R-5.6.1-3",
            "PUT",
            &e(),
            &with(INM, (IUS, BEFORE_T)),
            Failed,
        );
    }
}

#[test]
fn malformed() {
    for line in [
        "v1",
        "\"v1",
        "v1\"",
        "\"v1\"\"",
        "\"x\"\"v1\"",
        "\"x\" \"v1\"",
        "\"x\"; \"v1\"",
        "\"v1\";q=1",
        "\"v1\", junk",
        "junk, \"v1\"",
        "W/ \"v1\"",
        "W\"v1\"",
        "W/W/\"v1\"",
        "w/\"v1\"",
        "W/v1",
        "'v1'",
        "\"",
        "\"\"\"",
        "W",
        "W/",
        "W/\"",
        "\\\"v1\\\"",
        "\"v1\" , x, \"v1\"",
        "\"a b\", \"v1\"",
        "\"v1\", \"a\tb\"",
        "\u{ff}",
    ] {
        is_malformed("R-2.4-1", &[line]);
    }
}

/// Exactly our tag in front is no reason not to read on.
#[test]
fn a_match_does_not_save_a_malformed_list() {
    is_malformed("R-2.4-1", &["\"v1\" x"]);
    is_malformed("R-2.4-1", &["\"v1\",W/"]);
    is_malformed("R-2.4-1", &["\"v1\"", "\"v1\" x"]);
}
