//! Lists of tags: lines, commas, empty members, the wildcard, malformed values (sections 5.2 to 5.6.1).

use crate::support::Outcome::{Failed, Malformed, NotModified, Run};
use crate::support::{IM, IMS, INM, IUS, Row, T, T_MINUS_1, e, n, row, rows, tagged};

/// A list with the current tag in it: 304 on reads, a write runs.
#[track_caller]
fn holds_ours(id: &str, lines: &[&str]) {
    let named = |name| lines.iter().map(|line| (name, *line)).collect::<Vec<_>>();
    #[rustfmt::skip]
    let table: &[Row<'_>] = &[
        (id, "GET", e(), &named(INM), NotModified),
        (id, "HEAD", e(), &named(INM), NotModified),
        (id, "PUT", e(), &named(INM), Failed),
        (id, "PUT", e(), &named(IM), Run),
        (id, "GET", e(), &named(IM), Run),
    ];
    rows(table);
}

/// A well-formed list without the current tag.
#[track_caller]
fn holds_others(id: &str, lines: &[&str]) {
    let named = |name| lines.iter().map(|line| (name, *line)).collect::<Vec<_>>();
    #[rustfmt::skip]
    let table: &[Row<'_>] = &[
        (id, "GET", e(), &named(INM), Run),
        (id, "PUT", e(), &named(INM), Run),
        (id, "PUT", e(), &named(IM), Failed),
        (id, "GET", e(), &named(IM), Failed),
    ];
    rows(table);
}

/// A malformed list: matches nothing on reads, is refused where it guards a write.
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
    holds_ours("5.2", &["\"x\"", "\"v1\""]);
    holds_ours("5.2", &["\"v1\"", "\"x\""]);
    holds_ours("5.2", &["\"a\", \"b\"", "", "\"c\",\"v1\""]);
    holds_others("5.2", &["\"x\"", "\"y\""]);
    is_malformed("5.2", &["\"v1\"", "junk"]);
    is_malformed("5.2", &["junk", "\"v1\""]);
}

#[test]
fn wildcard_stands_alone() {
    for line in ["*", " *", "*\t", " \t* "] {
        row("5.3", "GET", &e(), &[(INM, line)], NotModified);
        row("5.3", "PUT", &e(), &[(INM, line)], Failed);
        row("5.3", "PUT", &e(), &[(IM, line)], Run);
    }
    is_malformed("5.3", &["*", "\"v1\""]);
    is_malformed("5.3", &["\"v1\"", "*"]);
    is_malformed("5.3", &["*", "*"]);
    is_malformed("5.3", &["*", ""]);
    is_malformed("5.3", &["", "*"]);
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
        is_malformed("5.3", &[line]);
    }
    holds_others("5.3", &["\"*\""]);
    #[rustfmt::skip]
    let table: &[Row<'_>] = &[
        ("5.3", "GET", tagged(r#""*""#), &[(INM, r#""*""#)], NotModified),
        ("5.3", "PUT", tagged(r#""*""#), &[(IM, r#""x""#)], Failed),
    ];
    rows(table);
}

#[test]
fn space_around() {
    holds_ours("5.5", &["  \"v1\" \t"]);
    holds_ours("5.6.1", &["\"a\" ,\t\"v1\""]);
    holds_ours("5.6.1", &["\"a\",\"v1\""]);
    holds_ours("5.6.1", &["\"a\"\t \t,\"v1\"\t"]);
    // 0xA0 is obs-text, not a blank.
    is_malformed("5.6.1", &["\u{a0}\"v1\""]);
    is_malformed("5.6.1", &["\"v1\"\u{a0}"]);
}

#[test]
fn commas_in_quotes() {
    let comma = tagged("\"a,b\"");
    #[rustfmt::skip]
    let table: &[Row<'_>] = &[
        ("5.6.1", "GET", comma.clone(), &[(INM, r#""a,b""#)], NotModified),
        ("5.6.1", "GET", comma.clone(), &[(INM, r#""x","a,b" ,"y""#)], NotModified),
        ("5.6.1", "PUT", comma.clone(), &[(IM, r#""a", "b""#)], Failed),
    ];
    rows(table);
    holds_others("5.6.1", &["\"x,*,y\""]);
    holds_others("5.6.1", &["\"x,\", \",v1\""]);
    holds_ours("5.6.1", &["\",\",\"v1\",\",\""]);
    row(
        "5.6.1",
        "GET",
        &tagged("\",\""),
        &[(INM, "\",\"")],
        NotModified,
    );
    // A quote that is open at the end of a line does not reach into the next.
    is_malformed("5.6.1", &["\"v", "1\""]);
    is_malformed("5.6.1", &["\"x", "\"v1\""]);
}

#[test]
fn empty_members() {
    holds_ours("5.6.1.2", &[", ,\"x\",, \"v1\" ,"]);
    holds_ours("5.6.1.2", &[" , ,\t,, \"x\" ,  , \"v1\" , ,"]);
    holds_ours("5.6.1.2", &[",", "", ",,\"v1\""]);
    holds_others("5.6.1.2", &[",\"x\","]);
}

/// Section 5.6.1: present but empty is not absent.
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
        holds_others("5.6.1", lines);
        let with = |name, twin| {
            let lines = lines.iter().map(|line| (name, *line));
            lines.chain([twin]).collect::<Vec<_>>()
        };
        row("5.6.1", "GET", &e(), &with(INM, (IMS, T)), Run);
        row("5.6.1", "PUT", &e(), &with(IM, (IUS, T)), Failed);
        row("5.6.1", "PUT", &e(), &with(INM, (IUS, T_MINUS_1)), Failed);
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
        is_malformed("2.4", &[line]);
    }
}

/// A list that begins with the current tag is still read to its end.
#[test]
fn a_match_does_not_save_a_malformed_list() {
    is_malformed("2.4", &["\"v1\" x"]);
    is_malformed("2.4", &["\"v1\",W/"]);
    is_malformed("2.4", &["\"v1\"", "\"v1\" x"]);
}
