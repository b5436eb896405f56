//! The decision table of `tests/vectors/decision_table.rs` through the layer: what is answered, with exactly which
//! fields, and how often the handler is called.

use bytes::Bytes;
use http::Response;
use http::header::{CACHE_CONTROL, CONTENT_LOCATION, EXPIRES, HeaderMap, RANGE, VARY};
use http::request::Parts;
use http_body_util::Full;
use tower_conditional::source::Fixed;
use tower_conditional::{
    ConditionalLayer, Current, EntityTag, FromResponse, PreconditionFailed, Refusal,
    Representation, ValidatorSource, WritePolicy,
};

use crate::decision_table::Expected::{
    NotModified, Refused, Run, RunIntact, RunWithRange, RunWithoutRange,
};
use crate::decision_table::Policy::{self, Optional, Required, Strict};
use crate::decision_table::State::{self, Delegates, Fails};
use crate::decision_table::{IM, IMS, INM, IR, IUS, RG, ROWS, Row, T};
use crate::support::source::{self, Script};
use crate::support::{
    Answer, Failures, Handler, date, fields, now, request, response, send, value,
};

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
        Strict => WritePolicy::optional().treat_malformed_as_failed(),
    };
    let layer = ConditionalLayer::new(source).writes(writes).use_clock(now);
    layer.trust_handler_version()
}

/// The source is asked before the handler.
#[test]
fn looked_up() {
    let mut failures = Failures::default();
    for row @ &(_, method, state, policy, given, expected) in ROWS {
        let handler = state.handler();
        let layer = layer(state.source(), policy);
        let answer = send(&layer, handler.clone(), request(method, given));
        check(&mut failures, row, &answer);
        let calls = match expected {
            NotModified | Refused(_) => 0,
            Run(_) | RunWithoutRange | RunWithRange | RunIntact => 1,
        };
        failures.expect_eq(format!("calls of {row:?}"), handler.calls(), calls);
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
    for row @ &(_, method, state, policy, given, expected) in ROWS {
        let Some(current) = state.current() else {
            continue;
        };
        let handler = state.handler();
        let layer = layer(Fixed::new(current), policy);
        let answer = send(&layer, handler.clone(), request(method, given));
        check(&mut failures, row, &answer);
        let runs = !matches!(expected, NotModified | Refused(_));
        failures.expect_eq(
            format!("calls of {row:?}"),
            handler.calls(),
            usize::from(runs),
        );
    }
    failures.assert_none();
}

/// Reads that are evaluated against their response get the same answers, after the handler. If-Range cannot be evaluated
/// then, so its Range is removed, which section 14.2 always allows.
#[test]
fn by_the_response() {
    let mut failures = Failures::default();
    let mut held = 0;
    for &(section, method, state, policy, given, expected) in ROWS {
        let is_read = matches!(method, "GET" | "HEAD");
        if !is_read || matches!(state, Fails | Delegates) {
            continue;
        }
        let expected = match expected {
            RunWithRange => RunWithoutRange,
            other => other,
        };
        let row = &(section, method, state, policy, given, expected);
        let handler = state.handler();
        let layer = ConditionalLayer::new(FromResponse).use_clock(now);
        let answer = send(&layer, handler.clone(), request(method, given));
        check(&mut failures, row, &answer);
        let seen = handler.seen_fields();
        failures.expect_eq(format!("calls of {row:?}"), handler.calls(), 1);
        for field in [IM, IUS, INM, IMS, IR, RG] {
            let is_seen = seen.contains_key(field);
            failures.expect_eq(format!("{field} seen in {row:?}"), is_seen, false);
        }
        held += 1;
    }
    failures.assert_none();
    assert_eq!(held, 38);
}

fn check(failures: &mut Failures, row: &Row, answer: &Answer) {
    let &(_, method, _, _, _, expected) = row;
    let status = match expected {
        Run(status) | Refused(status) => status,
        RunWithRange => 206,
        RunWithoutRange => 200,
        // The handler gets the Range, and acts on it.
        RunIntact => 206,
        NotModified => 304,
    };
    failures.expect_eq(format!("status of {row:?}"), answer.status, status);
    if answer.status != status {
        return;
    }
    match expected {
        NotModified => check_not_modified(failures, row, answer),
        Refused(status) => check_refusal(failures, row, status, answer),
        RunWithoutRange | Run(200) => check_ok(failures, row, answer),
        Run(_) | RunWithRange | RunIntact => {}
    }
    let has_body = !answer.body.is_empty();
    let may_have = method != "HEAD" && !matches!(status, 304 | 204 | 201 | 501);
    failures.expect_eq(format!("body of {row:?}"), has_body, may_have);
}

/// The fields of the 200, but for what describes the content; Last-Modified only where there is no tag.
fn check_not_modified(failures: &mut Failures, row: &Row, answer: &Answer) {
    let validators = row.2.validators();
    let validator = validators.get(..1).unwrap_or_default();
    let expected = fields(&[validator, &REPEATED].concat());
    failures.expect_eq(format!("fields of {row:?}"), &answer.headers, &expected);
}

fn check_ok(failures: &mut Failures, row: &Row, answer: &Answer) {
    let expected = fields(&[&row.2.validators()[..], &REPEATED, &METADATA].concat());
    failures.expect_eq(format!("fields of {row:?}"), &answer.headers, &expected);
}

/// `no-store` and the type of the explanation, on HEAD its length alone; the validators on reads; no more.
fn check_refusal(failures: &mut Failures, row: &Row, status: u16, answer: &Answer) {
    let &(_, method, state, ..) = row;
    let mut expected = fields(&[("cache-control", "no-store")]);
    let mut add = |name: &'static str, text: &str| expected.insert(name, value(text));
    if method == "HEAD" {
        // What a GET would get to read (section 8.6).
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
    failures.expect_eq(format!("fields of {row:?}"), &answer.headers, &expected);
}

/// Reads lose the fields that were evaluated, writes keep them; a handler that evaluates by itself gets all of them.
fn check_seen(failures: &mut Failures, row: &Row, seen: &HeaderMap) {
    let &(_, method, state, _, given, expected) = row;
    let mut left = fields(given);
    let evaluated = matches!(method, "GET" | "HEAD") && !matches!(state, Fails | Delegates);
    if evaluated {
        for field in [IM, IUS, INM, IMS, IR] {
            left.remove(field);
        }
    }
    if expected == RunWithoutRange {
        left.remove(RANGE);
    }
    failures.expect_eq(format!("seen in {row:?}"), seen, &left);
}
