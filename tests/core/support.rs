//! The states that the tables name, and the helper that evaluates one row.

use http::{HeaderMap, HeaderName, HeaderValue, Method};
use tower_conditional::precondition::MethodClass;
use tower_conditional::validator::Absent;
use tower_conditional::{Decision, Preconditions, Reason};

use crate::naive::{Answer, Request, State, Tag, bytes, http_date};

pub(crate) use crate::decision_table::{
    IM, IMS, INM, IR, IUS, RG as RANGE, T, T_MINUS_1, T_PLUS_1,
};

pub(crate) const BYTES: &str = "bytes=0-3";

/// The second of T.
pub(crate) const T_SECONDS: i64 = 1_735_689_600;
/// Wed, 01 Jan 2025 12:00:00 GMT
pub(crate) const NOW: i64 = T_SECONDS + 12 * 3600;

pub(crate) const READS: [&str; 2] = ["GET", "HEAD"];
pub(crate) const WRITES: [&str; 4] = ["POST", "PUT", "PATCH", "DELETE"];
/// Methods that neither select nor modify a representation, or are unknown (names are case-sensitive).
pub(crate) const NEITHER: [&str; 5] = ["CONNECT", "OPTIONS", "TRACE", "PROPPATCH", "get"];

/// Exists, strong tag `"v1"`, modified at T.
pub(crate) fn e() -> State {
    tagged("\"v1\"")
}

/// As E, but the tag is weak.
pub(crate) fn w() -> State {
    tagged("W/\"v1\"")
}

/// Exists, no tag, modified at T.
pub(crate) const fn l() -> State {
    State::present(None, Some((T_SECONDS, false)))
}

/// As L, but the date is a strong validator.
pub(crate) const fn strong_l() -> State {
    State::present(None, Some((T_SECONDS, true)))
}

/// Exists, no validator.
pub(crate) const fn n() -> State {
    State::present(None, None)
}

/// Does not exist.
pub(crate) const fn a() -> State {
    State::Absent(Absent::ByMethod)
}

pub(crate) fn tagged(tag: &str) -> State {
    State::present(Some(Tag::of(tag)), Some((T_SECONDS, false)))
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Run,
    RunWithoutRange,
    NotModified,
    Failed,
    Malformed,
}

impl From<Answer> for Outcome {
    fn from(answer: Answer) -> Self {
        match answer {
            Answer::Perform => Self::Run,
            Answer::PerformWithoutRange => Self::RunWithoutRange,
            Answer::NotModified => Self::NotModified,
            Answer::Failed(_) => Self::Failed,
            Answer::BadRequest(_) => Self::Malformed,
        }
    }
}

/// The section of RFC 9110, the method, the state, the fields, and the expected outcome.
pub(crate) type Row<'r> = (&'r str, &'r str, State, &'r [(&'r str, &'r str)], Outcome);

#[track_caller]
pub(crate) fn rows(table: &[Row<'_>]) {
    for (section, method, state, fields, expected) in table {
        row(section, method, state, fields, *expected);
    }
}

/// One row of a table.
#[track_caller]
pub(crate) fn row(
    section: &str,
    method: &str,
    state: &State,
    fields: &[(&str, &str)],
    expected: Outcome,
) {
    let class = MethodClass::of(&as_method(method));
    row_as(class, section, method, state, fields, expected);
}

/// As [`row`], for a method that the service registers with a class.
#[track_caller]
pub(crate) fn row_as(
    class: MethodClass,
    section: &str,
    method: &str,
    state: &State,
    fields: &[(&str, &str)],
    expected: Outcome,
) {
    let headers = headers(fields);
    let answer = evaluated(class, method, &headers, NOW, state);
    assert_eq!(
        Outcome::from(answer),
        expected,
        "{section}: {method} {fields:?} on {state:?}"
    );
    let naive = Request::read(class, method, &headers, NOW).evaluate(state);
    assert_eq!(
        naive, answer,
        "{section}, naive model: {method} {fields:?} on {state:?}"
    );
}

/// What the core answers. The other ways to evaluate have to give the same answer.
#[track_caller]
pub(crate) fn evaluated(
    class: MethodClass,
    method: &str,
    headers: &HeaderMap,
    now: i64,
    state: &State,
) -> Answer {
    let (method, now, current) = (as_method(method), http_date(now), state.current());
    let preconditions = Preconditions::parse_as(class, &method, headers, now);
    let decision = preconditions.evaluate(&current);
    match (decision, preconditions.check(current)) {
        (Decision::PreconditionFailed(failed), Err(checked)) => assert_eq!(failed, checked),
        (Decision::Malformed(field), Err(checked)) => {
            assert_eq!(
                (field, Reason::Malformed),
                (checked.field(), checked.reason())
            );
        }
        (Decision::Proceed | Decision::IgnoreRange | Decision::NotModified, Ok(())) => {}
        (decision, checked) => panic!("evaluate says {decision:?}, check says {checked:?}"),
    }
    assert_eq!(
        decision.status().map(|status| status.as_u16()),
        status(decision)
    );
    decision.into()
}

/// The core gives the answer of the naive model on every state; returns how many answers were compared.
#[track_caller]
pub(crate) fn agree(
    class: MethodClass,
    method: &str,
    headers: &HeaderMap,
    now: i64,
    states: &[State],
) -> usize {
    let naive = Request::read(class, method, headers, now);
    let preconditions = (as_method(method), http_date(now));
    let preconditions = Preconditions::parse_as(class, &preconditions.0, headers, preconditions.1);
    assert_eq!(
        preconditions.malformed(),
        naive.malformed(),
        "{method} {headers:?}"
    );
    for state in states {
        let expected = naive.evaluate(state);
        let answer = evaluated(class, method, headers, now, state);
        let names_the_other_fault = expected.is_refusal()
            && naive
                .malformed()
                .is_some_and(|field| answer == Answer::BadRequest(field));
        assert!(
            answer == expected || names_the_other_fault,
            "core: {answer:?}, naive: {expected:?}: {class:?} {method} {headers:?} at {now} on {state:?}"
        );
    }
    states.len()
}

pub(crate) fn classed_methods() -> Vec<(MethodClass, &'static str)> {
    let by_itself = READS.iter().chain(&WRITES).chain(&NEITHER);
    let mut methods: Vec<_> = by_itself
        .map(|method| (MethodClass::of(&as_method(method)), *method))
        .collect();
    methods.extend([
        (MethodClass::Read, "QUERY"),
        (MethodClass::Read, "POST"),
        (MethodClass::Write, "PROPPATCH"),
        (MethodClass::Neither, "PUT"),
    ]);
    methods
}

const fn status(decision: Decision) -> Option<u16> {
    match decision {
        Decision::Proceed | Decision::IgnoreRange => None,
        Decision::NotModified => Some(304),
        Decision::PreconditionFailed(_) => Some(412),
        Decision::Malformed(_) => Some(400),
    }
}

pub(crate) fn as_method(method: &str) -> Method {
    Method::from_bytes(method.as_bytes()).unwrap()
}

/// Several fields of one name are several lines.
pub(crate) fn headers(fields: &[(&str, &str)]) -> HeaderMap {
    let field = |(name, value): &(&str, &str)| {
        let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
        (name, HeaderValue::from_bytes(&bytes(value)).unwrap())
    };
    let mut headers = HeaderMap::new();
    for (name, value) in fields.iter().map(field) {
        headers.append(name, value);
    }
    headers
}

pub(crate) fn header_value(text: &str) -> HeaderValue {
    HeaderValue::from_bytes(&bytes(text)).unwrap()
}
