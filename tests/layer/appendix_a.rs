//! The decision table (requirements, appendix A) as it stands there, through the layer: what is answered, with
//! exactly which fields, and how often the handler is called.

use std::collections::BTreeSet;

use bytes::Bytes;
use http::Response;
use http::header::{CACHE_CONTROL, CONTENT_LOCATION, EXPIRES, HeaderMap, RANGE, VARY};
use http::request::Parts;
use http_body_util::Full;
use tower_conditional::{
    ConditionalLayer, Current, EntityTag, Fixed, FromResponse, PreconditionFailed, Refusal,
    Representation, ValidatorSource, WritePolicy,
};

use crate::support::source::{self, Script};
use crate::support::{
    Answer, Failures, Handler, NOW_PLUS_1_DAY, T, T_MINUS_1, T_PLUS_1, date, fields, now, request,
    response, send, value,
};

const IM: &str = "if-match";
const IUS: &str = "if-unmodified-since";
const INM: &str = "if-none-match";
const IMS: &str = "if-modified-since";
const IR: &str = "if-range";
const RG: &str = "range";

/// The target, as the requirements name its states.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// `"v1"`, last modified T.
    E,
    /// `W/"v1"`, last modified T.
    W,
    /// Last modified T.
    L,
    /// As L, and the date is a strong validator.
    StrongL,
    /// No validator.
    N,
    /// Absent.
    A,
    /// The source fails; the resource is E.
    Fails,
    /// The source leaves it to the handler; the resource is E.
    Delegates,
    /// The handler sends E's validators with this status.
    Answers(u16),
}

/// What the route asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Policy {
    Optional,
    Required,
    /// A malformed field is 412.
    Strict,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Expected {
    /// The handler is called once, and this is its status.
    Run(u16),
    /// As `Run(200)`, and the handler did not see the Range.
    RunWithoutRange,
    /// As `Run(206)`, and the handler did not see If-Range.
    RunWithRange,
    /// As `Run(200)`, and the handler saw all five fields and the Range.
    RunIntact,
    NotModified,
    /// Refused with this status.
    Refused(u16),
}

use Expected::{NotModified, Refused, Run, RunIntact, RunWithRange, RunWithoutRange};
use Policy::{Optional, Required, Strict};
use State::{A, Answers, Delegates, E, Fails, L, N, StrongL, W};

type Row = (
    &'static str,
    &'static str,
    State,
    Policy,
    &'static [(&'static str, &'static str)],
    Expected,
);

/// Row, method, state, policy, fields, expected.
#[rustfmt::skip]
const ROWS: &[Row] = &[
    ("1", "GET", E, Optional, &[(IM, r#""v1""#)], Run(200)),
    ("2", "GET", E, Optional, &[(IM, r#""x""#)], Refused(412)),
    ("3", "GET", W, Optional, &[(IM, r#"W/"v1""#)], Refused(412)),
    ("4", "GET", N, Optional, &[(IM, "*")], Run(200)),
    ("5", "GET", N, Optional, &[(IM, r#""v1""#)], Refused(412)),
    ("6", "GET", A, Optional, &[(IM, r#""v1""#)], Run(404)),
    ("7", "PUT", A, Optional, &[(IM, "*")], Refused(412)),
    ("8", "PUT", A, Optional, &[(IM, r#""v1""#)], Refused(412)),
    ("9", "PUT", A, Optional, &[(INM, "*")], Run(201)),
    ("10", "PUT", E, Optional, &[(INM, "*")], Refused(412)),
    ("11", "PUT", E, Optional, &[(INM, r#""v1""#)], Refused(412)),
    ("12", "PUT", E, Optional, &[(INM, r#""x""#)], Run(204)),
    ("13", "PUT", W, Optional, &[(INM, r#""v1""#)], Refused(412)),
    ("14", "GET", W, Optional, &[(INM, r#""v1""#)], NotModified),
    ("15", "GET", E, Optional, &[(INM, r#"W/"v1""#)], NotModified),
    ("16", "GET", N, Optional, &[(INM, "*")], NotModified),
    ("17", "GET", L, Optional, &[(INM, r#""v1""#), (IMS, T)], Run(200)),
    ("18", "GET", E, Optional, &[(INM, r#""x""#), (IMS, T)], Run(200)),
    ("19", "GET", E, Optional, &[(INM, r#""v1""#), (IMS, T_MINUS_1)], NotModified),
    ("20a", "GET", L, Optional, &[(IMS, T)], NotModified),
    ("20b", "GET", L, Optional, &[(IMS, T_MINUS_1)], Run(200)),
    ("20c", "GET", L, Optional, &[(IMS, NOW_PLUS_1_DAY)], NotModified),
    ("21", "PUT", E, Optional, &[(IMS, T)], Run(204)),
    ("22a", "PUT", E, Optional, &[(IUS, T)], Run(204)),
    ("22a, required", "PUT", E, Required, &[(IUS, T)], Run(204)),
    ("22b", "PUT", E, Optional, &[(IUS, T_MINUS_1)], Refused(412)),
    ("22c", "PUT", E, Optional, &[(IUS, "soon")], Run(204)),
    ("22c, required", "PUT", E, Required, &[(IUS, "soon")], Refused(428)),
    ("23", "PUT", N, Optional, &[(IUS, T)], Run(204)),
    ("23, required", "PUT", N, Required, &[(IUS, T)], Refused(428)),
    ("23b", "PUT", A, Optional, &[(IUS, T)], Run(201)),
    ("23b, required", "PUT", A, Required, &[(IUS, T)], Refused(428)),
    ("24", "PUT", E, Optional, &[(IM, r#""v1""#), (IUS, T_MINUS_1)], Run(204)),
    ("25", "PUT", E, Optional, &[(IM, r#""x""#), (IUS, T)], Refused(412)),
    ("26", "GET", E, Optional, &[(IM, r#""v1""#), (INM, r#""v1""#)], NotModified),
    ("27", "GET", E, Optional, &[(IM, r#""x""#), (INM, r#""v1""#)], Refused(412)),
    ("28", "GET", E, Optional, &[(IUS, T_MINUS_1), (INM, r#""v1""#)], Refused(412)),
    ("29", "PUT", E, Optional, &[(IM, r#""v1""#), (INM, r#""v1""#)], Refused(412)),
    ("30", "PUT", E, Optional, &[(IM, r#""v1""#), (INM, "*")], Refused(412)),
    ("31", "GET", E, Optional, &[(RG, "bytes=0-3"), (IR, r#""v1""#)], RunWithRange),
    ("32a", "GET", E, Optional, &[(RG, "bytes=0-3"), (IR, r#""x""#)], RunWithoutRange),
    ("32b", "GET", E, Optional, &[(RG, "bytes=0-3"), (IR, r#"W/"v1""#)], RunWithoutRange),
    ("33", "GET", W, Optional, &[(RG, "bytes=0-3"), (IR, r#"W/"v1""#)], RunWithoutRange),
    ("34a", "GET", L, Optional, &[(RG, "bytes=0-3"), (IR, T)], RunWithoutRange),
    ("34b", "GET", StrongL, Optional, &[(RG, "bytes=0-3"), (IR, T)], RunWithRange),
    ("35", "GET", StrongL, Optional, &[(RG, "bytes=0-3"), (IR, T_PLUS_1)], RunWithoutRange),
    ("36", "GET", E, Optional, &[(RG, "bytes=999-"), (INM, r#""v1""#)], NotModified),
    ("37", "GET", E, Optional, &[(RG, "bytes=999-"), (IM, r#""x""#)], Refused(412)),
    ("38", "HEAD", E, Optional, &[(RG, "bytes=0-3"), (IR, r#""x""#)], Run(200)),
    ("39", "GET", E, Optional, &[(IR, r#""x""#)], Run(200)),
    ("40", "OPTIONS", E, Optional, &[(IM, r#""x""#), (INM, "*")], Run(204)),
    ("41", "DELETE", A, Optional, &[(IM, r#""x""#)], Run(404)),
    ("42", "GET", E, Optional, &[(INM, ""), (IMS, T)], Run(200)),
    ("43", "PUT", E, Optional, &[(IM, "")], Refused(412)),
    ("44, 301", "GET", Answers(301), Optional, &[(INM, "*"), (IMS, T)], Run(301)),
    ("44, 404", "GET", Answers(404), Optional, &[(INM, "*"), (IMS, T)], Run(404)),
    ("44, 500", "GET", Answers(500), Optional, &[(INM, "*"), (IMS, T)], Run(500)),
    ("45", "GET", A, Optional, &[(INM, "*")], Run(404)),
    ("46", "DELETE", E, Optional, &[(INM, "*")], Refused(412)),
    ("47", "PATCH", E, Optional, &[(IM, r#""x""#)], Refused(412)),
    ("48", "POST", E, Optional, &[(IM, r#""v1""#)], Run(204)),
    ("49", "PUT", E, Optional, &[(IM, "v1")], Refused(400)),
    ("49, strict", "PUT", E, Strict, &[(IM, "v1")], Refused(412)),
    ("50", "PUT", E, Optional, &[(INM, r#"*, "x""#)], Refused(400)),
    ("50, strict", "PUT", E, Strict, &[(INM, r#"*, "x""#)], Refused(412)),
    ("51", "GET", E, Optional, &[(INM, r#"*, "v1""#), (IMS, T)], Run(200)),
    ("52", "GET", E, Optional, &[(INM, r#""a,b", ,"v1" ,"#)], NotModified),
    ("53", "HEAD", E, Optional, &[(INM, r#""v1""#)], NotModified),
    ("54", "HEAD", E, Optional, &[(IM, r#""x""#)], Refused(412)),
    ("55, E", "PUT", E, Required, &[], Refused(428)),
    ("55, A", "PUT", A, Required, &[], Refused(428)),
    ("56", "PUT", A, Required, &[(INM, "*")], Run(201)),
    ("57", "PUT", Fails, Optional, &[(IM, r#""v1""#)], Refused(503)),
    ("58", "GET", Fails, Optional, &[(INM, r#""v1""#)], Run(200)),
    ("59", "GET", Delegates, Optional,
        &[(IM, r#""x""#), (IUS, T_MINUS_1), (INM, r#""v1""#), (IMS, T), (RG, "bytes=0-3"), (IR, r#""x""#)], RunIntact),
    ("60", "get", E, Optional, &[(INM, r#""v1""#)], Run(501)),
];

const VALIDATORS: [(&str, &str); 2] = [("etag", r#""v1""#), ("last-modified", T)];

/// What a 200 and its 304 both carry (section 15.4.5).
const REPEATED: [(&str, &str); 4] = [
    ("cache-control", "max-age=60"),
    ("content-location", "/r.json"),
    ("expires", "Wed, 01 Jan 2025 12:01:00 GMT"),
    ("vary", "accept-encoding"),
];

/// What only a 200 carries.
const METADATA: [(&str, &str); 2] = [
    ("content-language", "en"),
    ("content-type", "application/json"),
];

const CONTENT: &str = r#"{"r":"one"}"#;

impl State {
    fn validators(self) -> Vec<(&'static str, &'static str)> {
        match self {
            Self::W => vec![("etag", r#"W/"v1""#), VALIDATORS[1]],
            Self::L | Self::StrongL => vec![VALIDATORS[1]],
            Self::N | Self::A => vec![],
            Self::E | Self::Fails | Self::Delegates | Self::Answers(_) => VALIDATORS.into(),
        }
    }

    fn representation(self) -> Representation {
        let mut representation = Representation::new();
        for (name, text) in self.validators() {
            representation = match (name, self) {
                ("etag", _) => Representation::tagged(EntityTag::from_static(text)),
                (_, Self::StrongL) => representation.strong_last_modified(date(text)),
                _ => representation.last_modified(date(text)),
            };
        }
        let repeated = fields(&REPEATED);
        [CACHE_CONTROL, CONTENT_LOCATION, EXPIRES, VARY]
            .into_iter()
            .fold(representation, |representation, name| {
                let line = repeated[&name].clone();
                representation.field(name, line)
            })
    }

    /// What the source says; `None` where it fails.
    fn current(self) -> Option<Current> {
        Some(match self {
            Self::A => Current::absent(),
            Self::Fails => return None,
            Self::Delegates => Current::Delegated,
            Self::Answers(_) => Current::Unknown,
            _ => self.representation().into(),
        })
    }

    fn source(self) -> Script {
        self.current()
            .map_or_else(|| source::failing("the disk is on fire"), source::looked_up)
    }

    /// The handler knows its ranges, and nothing of preconditions.
    fn handler(self) -> Handler {
        Handler::new(move |head| match (head.method.as_str(), self) {
            ("GET" | "HEAD", Self::A) | ("DELETE", Self::A) => not_found(),
            ("GET", Self::Answers(status)) => self.read(status, CONTENT),
            ("GET", _) => self.range_of(head),
            ("HEAD", _) => self.read(200, ""),
            ("PUT", Self::A) => response(201, &[], ""),
            ("PUT" | "PATCH" | "POST" | "DELETE" | "OPTIONS", _) => response(204, &[], ""),
            _ => response(501, &[], ""),
        })
    }

    fn range_of(self, head: &Parts) -> Response<Full<Bytes>> {
        match head.headers.get(RANGE).map(|range| range.as_bytes()) {
            None => self.read(200, CONTENT),
            Some(b"bytes=0-3") => self.read(206, &CONTENT[..4]),
            Some(_) => response(416, &[("content-range", "bytes */11")], ""),
        }
    }

    fn read(self, status: u16, content: &'static str) -> Response<Full<Bytes>> {
        let validators = self.validators();
        let all = [&validators[..], &REPEATED, &METADATA].concat();
        response(status, &all, content)
    }
}

fn not_found() -> Response<Full<Bytes>> {
    response(404, &[], "no such resource")
}

fn layer<V: ValidatorSource>(source: V, policy: Policy) -> ConditionalLayer<V> {
    let writes = match policy {
        Optional => WritePolicy::optional(),
        Required => WritePolicy::required(),
        Strict => WritePolicy::optional().malformed_as_failed(),
    };
    ConditionalLayer::new(source).writes(writes).clock(now)
}

#[test]
fn the_table_is_whole() {
    let number = |row: &Row| -> u32 {
        let digits = row.0.split(|character: char| !character.is_ascii_digit());
        digits.into_iter().next().unwrap().parse().unwrap()
    };
    let numbers: BTreeSet<_> = ROWS.iter().map(number).collect();
    assert_eq!(numbers, (1..=60).collect());
    let names: BTreeSet<_> = ROWS.iter().map(|row| row.0).collect();
    assert_eq!(names.len(), ROWS.len());
}

/// The source is asked before the handler.
#[test]
fn looked_up() {
    let mut failures = Failures::default();
    for row @ &(name, method, state, policy, given, expected) in ROWS {
        let handler = state.handler();
        let layer = layer(state.source(), policy);
        let answer = send(&layer, handler.clone(), request(method, given));
        check(&mut failures, row, &answer);
        let calls = match expected {
            NotModified | Refused(_) => 0,
            Run(_) | RunWithoutRange | RunWithRange | RunIntact => 1,
        };
        failures.expect_eq(format!("calls of {name}"), handler.calls(), calls);
        if calls == 1 {
            check_seen(&mut failures, row, &handler.seen_fields());
        }
    }
    failures.assert_none();
}

/// The source knows at once: the same answers.
#[test]
fn known() {
    let mut failures = Failures::default();
    for row @ &(name, method, state, policy, given, expected) in ROWS {
        let Some(current) = state.current() else {
            continue;
        };
        let handler = state.handler();
        let layer = layer(Fixed::new(current), policy);
        let answer = send(&layer, handler.clone(), request(method, given));
        check(&mut failures, row, &answer);
        let runs = !matches!(expected, NotModified | Refused(_));
        failures.expect_eq(
            format!("calls of {name}"),
            handler.calls(),
            usize::from(runs),
        );
    }
    failures.assert_none();
}

/// Reads that only their response can tell about: the same answers, after the handler; If-Range is judged by none,
/// so its Range is taken off (section 14.2 allows that always).
#[test]
fn by_the_response() {
    let mut failures = Failures::default();
    let mut held = 0;
    for &(name, method, state, policy, given, expected) in ROWS {
        let is_read = matches!(method, "GET" | "HEAD");
        if !is_read || matches!(state, Fails | Delegates) {
            continue;
        }
        let expected = match expected {
            RunWithRange => RunWithoutRange,
            other => other,
        };
        let row = &(name, method, state, policy, given, expected);
        let handler = state.handler();
        let layer = ConditionalLayer::new(FromResponse).clock(now);
        let answer = send(&layer, handler.clone(), request(method, given));
        check(&mut failures, row, &answer);
        let seen = handler.seen_fields();
        failures.expect_eq(format!("calls of {name}"), handler.calls(), 1);
        for field in [IM, IUS, INM, IMS, IR, RG] {
            let is_seen = seen.contains_key(field);
            failures.expect_eq(format!("{field} seen in {name}"), is_seen, false);
        }
        held += 1;
    }
    failures.assert_none();
    assert_eq!(held, 38);
}

fn check(failures: &mut Failures, row: &Row, answer: &Answer) {
    let &(name, method, state, _, _, expected) = row;
    let status = match expected {
        Run(status) | Refused(status) => status,
        RunWithRange => 206,
        RunWithoutRange => 200,
        // The handler gets the Range, and acts on it.
        RunIntact => 206,
        NotModified => 304,
    };
    failures.expect_eq(format!("status of {name}"), answer.status, status);
    if answer.status != status {
        return;
    }
    match expected {
        NotModified => check_not_modified(failures, name, state, answer),
        Refused(status) => check_refusal(failures, row, status, answer),
        RunWithoutRange | Run(200) => check_ok(failures, name, state, answer),
        Run(_) | RunWithRange | RunIntact => {}
    }
    let has_body = !answer.body.is_empty();
    let may_have = method != "HEAD" && !matches!(status, 304 | 204 | 201 | 501);
    failures.expect_eq(format!("body of {name}"), has_body, may_have);
}

/// The fields of the 200, but for what describes the content; Last-Modified only where there is no tag.
fn check_not_modified(failures: &mut Failures, name: &str, state: State, answer: &Answer) {
    let validators = state.validators();
    let validator = validators.get(..1).unwrap_or_default();
    let expected = fields(&[validator, &REPEATED].concat());
    failures.expect_eq(format!("fields of {name}"), &answer.headers, &expected);
}

fn check_ok(failures: &mut Failures, name: &str, state: State, answer: &Answer) {
    let expected = fields(&[&state.validators()[..], &REPEATED, &METADATA].concat());
    failures.expect_eq(format!("fields of {name}"), &answer.headers, &expected);
}

/// `no-store` and the type of the explanation, on HEAD its length alone; the validators on reads; no more.
fn check_refusal(failures: &mut Failures, row: &Row, status: u16, answer: &Answer) {
    let &(name, method, state, ..) = row;
    let mut expected = fields(&[("cache-control", "no-store")]);
    let mut add = |name: &'static str, text: &str| expected.insert(name, value(text));
    if method == "HEAD" {
        // What a GET would get to read (R-8.6-2).
        let explanation = Refusal::from(PreconditionFailed::stale()).to_problem();
        add("content-length", &explanation.body().len().to_string());
    } else {
        add("content-type", "application/problem+json");
    }
    if matches!(method, "GET" | "HEAD") {
        for (name, text) in state.validators() {
            add(name, text);
        }
    }
    if status == 503 {
        add("retry-after", "1");
    }
    failures.expect_eq(format!("fields of {name}"), &answer.headers, &expected);
}

/// Reads lose what was judged, writes keep it; whoever judges by himself gets everything.
fn check_seen(failures: &mut Failures, row: &Row, seen: &HeaderMap) {
    let &(name, method, state, _, given, expected) = row;
    let mut left = fields(given);
    let judged = matches!(method, "GET" | "HEAD") && !matches!(state, Fails | Delegates);
    if judged {
        for field in [IM, IUS, INM, IMS, IR] {
            left.remove(field);
        }
    }
    if expected == RunWithoutRange {
        left.remove(RANGE);
    }
    failures.expect_eq(format!("seen in {name}"), seen, &left);
}
