//! The outcomes of section 13.2.2 of RFC 9110, a row for each rule, for the tests of the core and of the layer.

/// Last-Modified of the states that have one.
pub(crate) const T: &str = "Wed, 01 Jan 2025 00:00:00 GMT";
pub(crate) const T_MINUS_1: &str = "Tue, 31 Dec 2024 23:59:59 GMT";
pub(crate) const T_PLUS_1: &str = "Wed, 01 Jan 2025 00:00:01 GMT";
/// A day after the time at which the rows are evaluated, which is noon of the day of T.
pub(crate) const NOW_PLUS_1_DAY: &str = "Thu, 02 Jan 2025 12:00:00 GMT";

pub(crate) const IM: &str = "if-match";
pub(crate) const IUS: &str = "if-unmodified-since";
pub(crate) const INM: &str = "if-none-match";
pub(crate) const IMS: &str = "if-modified-since";
pub(crate) const IR: &str = "if-range";
pub(crate) const RG: &str = "range";

/// The current state of the target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
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

/// The write policy of the route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Policy {
    Optional,
    Required,
    /// A malformed field is 412.
    Strict,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Expected {
    /// The handler is called once, and this is its status.
    Run(u16),
    /// As `Run(200)`, and the handler did not see the Range.
    RunWithoutRange,
    /// As `Run(206)`, and the handler did not see If-Range.
    RunWithRange,
    /// As `Run(206)`, and the handler saw all five fields and the Range.
    RunIntact,
    NotModified,
    /// Refused with this status.
    Refused(u16),
}

use Expected::{NotModified, Refused, Run, RunIntact, RunWithRange, RunWithoutRange};
use Policy::{Optional, Required, Strict};
use State::{A, Answers, Delegates, E, Fails, L, N, StrongL, W};

/// Section of RFC 9110, method, state, policy, fields, expected.
pub(crate) type Row = (
    &'static str,
    &'static str,
    State,
    Policy,
    &'static [(&'static str, &'static str)],
    Expected,
);

#[rustfmt::skip]
pub(crate) const ROWS: &[Row] = &[
    ("9.1", "get", E, Optional, &[(INM, r#""v1""#)], Run(501)),
    ("13.2.1", "GET", A, Optional, &[(IM, r#""v1""#)], Run(404)),
    ("13.2.1", "OPTIONS", E, Optional, &[(IM, r#""x""#), (INM, "*")], Run(204)),
    ("13.2.1", "DELETE", A, Optional, &[(IM, r#""x""#)], Run(404)),
    ("13.2.1", "GET", Answers(301), Optional, &[(INM, "*"), (IMS, T)], Run(301)),
    ("13.2.1", "GET", Answers(404), Optional, &[(INM, "*"), (IMS, T)], Run(404)),
    ("13.2.1", "GET", Answers(500), Optional, &[(INM, "*"), (IMS, T)], Run(500)),
    ("13.2.1", "GET", A, Optional, &[(INM, "*")], Run(404)),
    ("13.2.1", "PUT", Fails, Optional, &[(IM, r#""v1""#)], Refused(503)),
    ("13.2.1", "GET", Fails, Optional, &[(INM, r#""v1""#)], Run(200)),
    ("13.2.1", "GET", Delegates, Optional,
        &[(IM, r#""x""#), (IUS, T_MINUS_1), (INM, r#""v1""#), (IMS, T), (RG, "bytes=0-3"), (IR, r#""x""#)], RunIntact),
    ("13.1.1", "GET", E, Optional, &[(IM, r#""v1""#)], Run(200)),
    ("13.1.1", "GET", E, Optional, &[(IM, r#""x""#)], Refused(412)),
    ("13.1.1", "GET", W, Optional, &[(IM, r#"W/"v1""#)], Refused(412)),
    ("13.1.1", "GET", N, Optional, &[(IM, "*")], Run(200)),
    ("13.1.1", "GET", N, Optional, &[(IM, r#""v1""#)], Refused(412)),
    ("13.1.1", "PUT", A, Optional, &[(IM, "*")], Refused(412)),
    ("13.1.1", "PUT", A, Optional, &[(IM, r#""v1""#)], Refused(412)),
    ("13.1.1", "PUT", E, Optional, &[(IM, "")], Refused(412)),
    ("13.1.1", "PATCH", E, Optional, &[(IM, r#""x""#)], Refused(412)),
    ("13.1.1", "POST", E, Optional, &[(IM, r#""v1""#)], Run(204)),
    ("13.1.1", "PUT", E, Optional, &[(IM, "v1")], Refused(400)),
    ("13.1.1", "PUT", E, Strict, &[(IM, "v1")], Refused(412)),
    ("13.1.1", "POST", A, Optional, &[(IM, r#""v1""#)], Refused(412)),
    ("13.1.1", "POST", A, Optional, &[(IM, "*")], Refused(412)),
    ("13.1.2", "PUT", A, Optional, &[(INM, "*")], Run(201)),
    ("13.1.2", "PUT", E, Optional, &[(INM, "*")], Refused(412)),
    ("13.1.2", "PUT", E, Optional, &[(INM, r#""v1""#)], Refused(412)),
    ("13.1.2", "PUT", E, Optional, &[(INM, r#""x""#)], Run(204)),
    ("13.1.2", "PUT", W, Optional, &[(INM, r#""v1""#)], Refused(412)),
    ("13.1.2", "GET", W, Optional, &[(INM, r#""v1""#)], NotModified),
    ("13.1.2", "GET", E, Optional, &[(INM, r#"W/"v1""#)], NotModified),
    ("13.1.2", "GET", N, Optional, &[(INM, "*")], NotModified),
    ("13.1.2", "GET", E, Optional, &[(INM, ""), (IMS, T)], Run(200)),
    ("13.1.2", "DELETE", E, Optional, &[(INM, "*")], Refused(412)),
    ("13.1.2", "PUT", E, Optional, &[(INM, r#"*, "x""#)], Refused(400)),
    ("13.1.2", "PUT", E, Strict, &[(INM, r#"*, "x""#)], Refused(412)),
    ("13.1.2", "GET", E, Optional, &[(INM, r#"*, "v1""#), (IMS, T)], Run(200)),
    ("13.1.3", "GET", L, Optional, &[(IMS, T)], NotModified),
    ("13.1.3", "GET", L, Optional, &[(IMS, T_MINUS_1)], Run(200)),
    ("13.1.3", "GET", L, Optional, &[(IMS, NOW_PLUS_1_DAY)], NotModified),
    ("13.1.3", "PUT", E, Optional, &[(IMS, T)], Run(204)),
    ("13.1.4", "PUT", E, Optional, &[(IUS, T)], Run(204)),
    ("13.1.4", "PUT", E, Optional, &[(IUS, T_MINUS_1)], Refused(412)),
    ("13.1.4", "PUT", E, Optional, &[(IUS, "soon")], Run(204)),
    ("13.1.4", "PUT", N, Optional, &[(IUS, T)], Run(204)),
    ("13.1.4", "PUT", A, Optional, &[(IUS, T)], Run(201)),
    ("13.1.5", "GET", E, Optional, &[(RG, "bytes=0-3"), (IR, r#""v1""#)], RunWithRange),
    ("13.1.5", "GET", E, Optional, &[(RG, "bytes=0-3"), (IR, r#""x""#)], RunWithoutRange),
    ("13.1.5", "GET", E, Optional, &[(RG, "bytes=0-3"), (IR, r#"W/"v1""#)], RunWithoutRange),
    ("13.1.5", "GET", W, Optional, &[(RG, "bytes=0-3"), (IR, r#"W/"v1""#)], RunWithoutRange),
    ("13.1.5", "GET", L, Optional, &[(RG, "bytes=0-3"), (IR, T)], RunWithoutRange),
    ("13.1.5", "GET", StrongL, Optional, &[(RG, "bytes=0-3"), (IR, T)], RunWithRange),
    ("13.1.5", "GET", StrongL, Optional, &[(RG, "bytes=0-3"), (IR, T_PLUS_1)], RunWithoutRange),
    ("13.1.5", "GET", E, Optional, &[(IR, r#""x""#)], Run(200)),
    ("13.2.2", "GET", L, Optional, &[(INM, r#""v1""#), (IMS, T)], Run(200)),
    ("13.2.2", "GET", E, Optional, &[(INM, r#""x""#), (IMS, T)], Run(200)),
    ("13.2.2", "GET", E, Optional, &[(INM, r#""v1""#), (IMS, T_MINUS_1)], NotModified),
    ("13.2.2", "PUT", E, Optional, &[(IM, r#""v1""#), (IUS, T_MINUS_1)], Run(204)),
    ("13.2.2", "PUT", E, Optional, &[(IM, r#""x""#), (IUS, T)], Refused(412)),
    ("13.2.2", "GET", E, Optional, &[(IM, r#""v1""#), (INM, r#""v1""#)], NotModified),
    ("13.2.2", "GET", E, Optional, &[(IM, r#""x""#), (INM, r#""v1""#)], Refused(412)),
    ("13.2.2", "GET", E, Optional, &[(IUS, T_MINUS_1), (INM, r#""v1""#)], Refused(412)),
    ("13.2.2", "PUT", E, Optional, &[(IM, r#""v1""#), (INM, r#""v1""#)], Refused(412)),
    ("13.2.2", "PUT", E, Optional, &[(IM, r#""v1""#), (INM, "*")], Refused(412)),
    ("13.2.2", "GET", E, Optional, &[(RG, "bytes=999-"), (INM, r#""v1""#)], NotModified),
    ("13.2.2", "GET", E, Optional, &[(RG, "bytes=999-"), (IM, r#""x""#)], Refused(412)),
    ("14.2", "HEAD", E, Optional, &[(RG, "bytes=0-3"), (IR, r#""x""#)], Run(200)),
    ("9.3.2", "HEAD", E, Optional, &[(INM, r#""v1""#)], NotModified),
    ("9.3.2", "HEAD", E, Optional, &[(IM, r#""x""#)], Refused(412)),
    ("5.6.1.2", "GET", E, Optional, &[(INM, r#""a,b", ,"v1" ,"#)], NotModified),
    ("RFC 6585, 3", "PUT", E, Required, &[(IUS, T)], Run(204)),
    ("RFC 6585, 3", "PUT", E, Required, &[(IUS, "soon")], Refused(428)),
    ("RFC 6585, 3", "PUT", N, Required, &[(IUS, T)], Refused(428)),
    ("RFC 6585, 3", "PUT", A, Required, &[(IUS, T)], Refused(428)),
    ("RFC 6585, 3", "PUT", E, Required, &[], Refused(428)),
    ("RFC 6585, 3", "PUT", A, Required, &[], Refused(428)),
    ("RFC 6585, 3", "PUT", A, Required, &[(INM, "*")], Run(201)),
];
