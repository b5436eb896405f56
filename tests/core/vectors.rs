//! The conformance vectors of `tests/vectors/preconditions.json` through the core; their README has the format.
//!
//! Nothing is skipped silently: the tests below divide all entries among them and assert how many each has.

use std::collections::{BTreeMap, BTreeSet};

use http::HeaderMap;
use http::header::{IF_RANGE, RANGE};
use tower_conditional::precondition::MethodClass;
use tower_conditional::validator::Absent;

use crate::entry::Entry;
use crate::naive::{Answer, Request, State, Tag, bytes, date};
use crate::support::{NOW, as_method, evaluated, headers};

impl Entry {
    fn now(&self) -> i64 {
        let read = |now: &String| date(now.as_bytes(), NOW).unwrap();
        self.now.as_ref().map_or(NOW, read)
    }

    fn headers(&self) -> HeaderMap {
        let mut headers = headers(&self.lines());
        if self.has_range {
            headers.insert(RANGE, "bytes=0-3".parse().unwrap());
        }
        headers
    }

    /// A tag or date of the server's own that is malformed counts as absent.
    fn state(&self) -> State {
        if self.is_missing() {
            return State::Absent(Absent::WillFail);
        }
        if !self.current.exists {
            return State::Absent(Absent::MaySucceed);
        }
        let tag = self.current.etag.as_ref();
        let modified = self.current.last_modified.as_ref();
        State::present(
            tag.and_then(|tag| Tag::read(&bytes(tag))),
            modified
                .and_then(|modified| date(modified.as_bytes(), self.now()))
                .map(|seconds| (seconds, self.current.last_modified_strong)),
        )
    }

    /// The outcome in the words of the vectors.
    fn outcome(&self, answer: Answer) -> &'static str {
        let is_ranged =
            self.method == "GET" && self.has_range && self.headers().contains_key(IF_RANGE);
        match answer {
            Answer::Perform if is_ranged => "honour_range",
            Answer::Perform => "proceed",
            Answer::PerformWithoutRange => "ignore_range",
            Answer::NotModified => "304",
            // We answer a malformed field with 400: like a 412, it says that nothing was performed.
            Answer::Failed(_) | Answer::BadRequest(_) => "412",
        }
    }

    fn ours_as(&self, class: MethodClass) -> &'static str {
        self.outcome(evaluated(
            class,
            &self.method,
            &self.headers(),
            self.now(),
            &self.state(),
        ))
    }

    fn ours(&self) -> &'static str {
        self.ours_as(self.class())
    }

    fn naive(&self) -> &'static str {
        let request = Request::read(self.class(), &self.method, &self.headers(), self.now());
        self.outcome(request.evaluate(&self.state()))
    }

    fn class(&self) -> MethodClass {
        MethodClass::of(&as_method(&self.method))
    }
}

#[track_caller]
fn assert_none(wrong: &[String]) {
    assert!(
        wrong.is_empty(),
        "{} wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

#[test]
fn the_file_is_whole() {
    let entries = Entry::all();
    let ids: BTreeSet<_> = entries.iter().map(|entry| &entry.id).collect();
    assert_eq!((entries.len(), ids.len()), (812, 812));

    let count = |agrees, decides| {
        let of_kind =
            |entry: &&Entry| (entry.rfc9110_agrees, entry.rfc_decides) == (agrees, decides);
        entries.iter().filter(of_kind).count()
    };
    let counts = [(true, true), (true, false), (false, true), (false, false)];
    let counts = counts.map(|(agrees, decides)| count(agrees, decides));
    assert_eq!(counts, [696, 53, 51, 12]);
}

/// Every entry that the text alone decides has the outcome of the text, in the core and in the naive model.
#[test]
fn what_the_rfc_decides() {
    let entries = Entry::all();
    let (refused, evaluated): (Vec<_>, Vec<_>) = entries
        .iter()
        .filter(|entry| entry.is_decided())
        .partition(|entry| entry.is_refused_otherwise());

    let mut wrong = Vec::new();
    let mut by_method = 0;
    for entry in &evaluated {
        let expected = &entry.expect.outcome[..];
        for (who, outcome) in [("core", entry.ours()), ("naive model", entry.naive())] {
            if outcome != expected {
                wrong.push(format!("{who}: {outcome}, expected {expected}: {entry:?}"));
            }
        }
        by_method += usize::from(is_also_decided_by_method(entry, &mut wrong));
    }
    assert_none(&wrong);

    println!(
        "decided by the text, and evaluated by the core: {}",
        evaluated.len()
    );
    println!("  absent targets that the method alone decides: {by_method}");
    println!("decided before the core evaluates: {}", refused.len());
    assert_eq!((evaluated.len(), by_method, refused.len()), (667, 22, 29));
}

/// For a missing target about which the source says nothing, the method mostly says the same as `unconditional_status`.
fn is_also_decided_by_method(entry: &Entry, wrong: &mut Vec<String>) -> bool {
    let creates = matches!(&entry.method[..], "PUT" | "PATCH" | "POST");
    let fails = entry.unconditional_status == 404 || entry.unconditional_status == 410;
    if entry.current.exists || creates == fails {
        return false;
    }
    let state = State::Absent(Absent::ByMethod);
    let answer = evaluated(
        entry.class(),
        &entry.method,
        &entry.headers(),
        entry.now(),
        &state,
    );
    if entry.outcome(answer) != entry.expect.outcome {
        wrong.push(format!("by method: {answer:?}: {entry:?}"));
    }
    true
}

/// "A server MUST ignore all received preconditions if its response to the same request without those conditions
/// … would have been a status code other than a 2xx (Successful) or 412 (Precondition Failed)" (section 13.2.1).
///
/// The core evaluates what it is given. Whether a redirect, a 403 or a 405 comes first depends on where the layer is
/// mounted and on evaluating reads against their response. The tests of the layer run these.
const DECIDED_BEFORE_THE_CORE: [&str; 29] = [
    "dj-mw-ims-400",
    "dj-mw-ims-redirect",
    "dj-mw-inm-400",
    "rack-302",
    "rfc-would-be-301-im-put",
    "rfc-would-be-301-inm-get",
    "rfc-would-be-302-im-put",
    "rfc-would-be-302-inm-get",
    "rfc-would-be-303-inm-get",
    "rfc-would-be-307-inm-get",
    "rfc-would-be-308-im-put",
    "rfc-would-be-308-inm-get",
    "rfc-would-be-400-inm-get",
    "rfc-would-be-401-im-put",
    "rfc-would-be-403-im-put",
    "rfc-would-be-403-inm-get",
    "rfc-would-be-405-im-put",
    "rfc-would-be-405-inm-get",
    "rfc-would-be-406-inm-get",
    "rfc-would-be-409-im-put",
    "rfc-would-be-409-inm-get",
    "rfc-would-be-415-inm-get",
    "rfc-would-be-422-inm-get",
    "rfc-would-be-428-im-put",
    "rfc-would-be-428-inm-get",
    "rfc-would-be-429-im-put",
    "rfc-would-be-429-inm-get",
    "rfc-would-be-501-inm-get",
    "rfc-would-be-503-im-put",
];

#[test]
fn what_is_decided_before_the_core() {
    let entries = Entry::all();
    let refused = entries.iter().filter(|entry| entry.is_refused_otherwise());
    let mut ids: Vec<_> = refused.map(|entry| &entry.id[..]).collect();
    ids.sort_unstable();
    assert_eq!(ids, DECIDED_BEFORE_THE_CORE);
}

/// Where the text leaves a choice we choose what the vectors list, except for these: a date satisfies If-Range only if
/// the source says that it is a strong validator, not because some time has passed (section 8.8.2.2).
const OTHER_CHOICES: [(&str, &str); 4] = [
    ("aspnet-ir-date", "ignore_range"),
    ("go-range_with_modtime-get", "ignore_range"),
    ("rfc-ir-date-now-1s", "ignore_range"),
    ("rfc-ir-date-now-59s", "ignore_range"),
];

#[test]
fn where_the_rfc_leaves_a_choice() {
    let entries = Entry::all();
    let open = entries
        .iter()
        .filter(|entry| entry.rfc9110_agrees && !entry.rfc_decides);
    let mut wrong = Vec::new();
    let mut by_basis = BTreeMap::new();
    for entry in open {
        let choice = OTHER_CHOICES.iter().find(|(id, _)| *id == entry.id);
        let expected = choice.map_or(&entry.expect.outcome[..], |(_, outcome)| outcome);
        for (who, outcome) in [("core", entry.ours()), ("naive model", entry.naive())] {
            if outcome != expected {
                wrong.push(format!("{who}: {outcome}, expected {expected}: {entry:?}"));
            }
        }
        let (as_listed, otherwise) = by_basis.entry(&entry.basis[..]).or_insert((0, 0));
        *(if choice.is_some() {
            otherwise
        } else {
            as_listed
        }) += 1;
    }
    assert_none(&wrong);
    println!("left open (as listed, our own choice): {by_basis:?}");
    let expected = [
        ("date-form", (2, 0)),
        ("date-strength", (1, 4)),
        ("recovery", (41, 0)),
        ("two-digit-year", (3, 0)),
        ("weekday", (2, 0)),
    ];
    assert_eq!(by_basis, BTreeMap::from(expected));
}

/// A malformed list is refused on writes, and matches nothing on reads.
#[test]
fn malformed_lists_are_refused_on_writes_only() {
    let entries = Entry::all();
    let recovery = entries
        .iter()
        .filter(|entry| entry.rfc9110_agrees && entry.basis == "recovery");
    let (mut refused, mut run) = (0, 0);
    for entry in recovery {
        let state = entry.state();
        let answer = evaluated(
            entry.class(),
            &entry.method,
            &entry.headers(),
            entry.now(),
            &state,
        );
        match answer {
            Answer::BadRequest(_) => refused += 1,
            Answer::Perform | Answer::PerformWithoutRange => run += 1,
            other => panic!("{other:?}: {entry:?}"),
        }
        assert_eq!(
            matches!(answer, Answer::BadRequest(_)),
            entry.expect.outcome == "412",
            "{entry:?}"
        );
    }
    println!("malformed lists: {refused} refused, {run} run");
    assert_eq!((refused, run), (16, 25));
}

/// QUERY is not in RFC 9110 but in RFC 10008: a read.
const QUERY: &str = "rack-inm-query";

/// Two things that a peer does against the text, and we do too. A date that the source does not call strong never
/// satisfies If-Range, not even half a minute after the change. A query is a read (RFC 10008).
const AGREED_AGAINST_THE_TEXT: [&str; 2] = [QUERY, "httpd-ir-date-30s"];

/// We do not follow peers where they depart from the text.
#[test]
fn peers_against_the_text() {
    let entries = Entry::all();
    let against: Vec<_> = entries
        .iter()
        .filter(|entry| !entry.rfc9110_agrees)
        .collect();
    let mut agreed = Vec::new();
    for entry in &against {
        assert_eq!(entry.ours(), entry.naive(), "{entry:?}");
        if entry.ours() == entry.expect.outcome {
            agreed.push(&entry.id[..]);
        }
    }
    println!(
        "peers against the text: {}, agreed with: {}",
        against.len(),
        agreed.len()
    );
    assert_eq!(agreed, AGREED_AGAINST_THE_TEXT);
    assert_eq!(against.len(), 63);
}

#[test]
fn query_is_a_read() {
    let entries = Entry::all();
    let query = entries.iter().find(|entry| entry.id == QUERY).unwrap();
    assert_eq!(query.ours(), "304");
    assert_eq!(query.ours_as(MethodClass::Read), "304");
    assert_eq!(query.ours_as(MethodClass::Write), "412");
}
