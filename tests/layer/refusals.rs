//! 400, 412, 428 and 503: what a refused client reads, and when a precondition is required (RFC 9110, section 15.5.13;
//! RFC 6585, section 3; RFC 9457).

use std::future::Future;
use std::pin::Pin;

use bytes::Bytes;
use http::{Method, Response};
use serde_json::{Value, json};
use tower_conditional::lock::{WriteGuard, WriteKey, WriteLock};
use tower_conditional::precondition::Field;
use tower_conditional::source::Fixed;
use tower_conditional::validator::Absent;
use tower_conditional::{
    BoxError, ConditionalLayer, Current, EntityTag, Epoch, FromResponse, PreconditionFailed,
    Refusal, Representation, SourceError, ValidatorSource, WritePolicy,
};

use crate::support::source::scripted;
use crate::support::{Answer, Failures, Handler, T, T_MINUS_1, date, fields, now, request, send};

const V1: EntityTag = EntityTag::from_static("\"v1\"");
const NOTHING: [(&str, &str); 0] = [];

fn handler() -> Handler {
    Handler::answering(200, &NOTHING, "hello world")
}

fn dated() -> Representation {
    Representation::tagged(V1).last_modified(date(T))
}

/// A lock that cannot be had.
struct Broken;

impl WriteLock for Broken {
    fn lock<'a>(
        &'a self,
        _: &'a [WriteKey],
    ) -> Pin<Box<dyn Future<Output = Result<WriteGuard, BoxError>> + Send + 'a>> {
        Box::pin(async { Err("the lock server is gone".into()) })
    }
}

type Given = &'static [(&'static str, &'static str)];

/// Status, `error`, `field`, `reason`, and what the detail has to mention.
type Expected = (u16, &'static str, &'static str, &'static str, &'static str);

/// Every reason that the layer can come to: the whole body, as parsed JSON.
#[test]
fn every_reason_in_words() {
    const EPOCH: Epoch = Epoch::new("e2");
    let optional = WritePolicy::optional;
    let required = WritePolicy::required;
    let strictly = WritePolicy::strictly_required;
    let weak = EntityTag::from_static("W/\"v1\"");
    let cases: &[(Current, WritePolicy, Given, Expected)] = &[
        (
            V1.into(),
            optional(),
            &[("if-match", "\"v0\"")],
            (
                412,
                "precondition_failed",
                "If-Match",
                "stale",
                "does not match the current resource version.",
            ),
        ),
        (
            V1.into(),
            optional(),
            &[("if-match", "W/\"v1\"")],
            (
                412,
                "precondition_failed",
                "If-Match",
                "weak_tag",
                "is weak (W/)",
            ),
        ),
        (
            weak.into(),
            optional(),
            &[("if-match", "W/\"v1\"")],
            (
                412,
                "precondition_failed",
                "If-Match",
                "weak_tag",
                "is weak (W/)",
            ),
        ),
        (
            V1.into(),
            optional(),
            &[("if-match", "\"v1-gzip\"")],
            (
                412,
                "precondition_failed",
                "If-Match",
                "rewritten_tag",
                "suffix",
            ),
        ),
        (
            EPOCH.version(7).into(),
            optional(),
            &[("if-match", "\"e1.7\"")],
            (
                412,
                "precondition_failed",
                "If-Match",
                "other_epoch",
                "another release",
            ),
        ),
        (
            Current::absent(),
            optional(),
            &[("if-match", "\"v1\"")],
            (
                412,
                "precondition_failed",
                "If-Match",
                "absent",
                "If-None-Match: *",
            ),
        ),
        (
            V1.into(),
            optional(),
            &[("if-none-match", "*")],
            (
                412,
                "precondition_failed",
                "If-None-Match",
                "exists",
                "exists already",
            ),
        ),
        (
            V1.into(),
            optional(),
            &[("if-none-match", "\"v1\"")],
            (
                412,
                "precondition_failed",
                "If-None-Match",
                "exists",
                "exists already",
            ),
        ),
        (
            dated().into(),
            optional(),
            &[("if-unmodified-since", T_MINUS_1)],
            (
                412,
                "precondition_failed",
                "If-Unmodified-Since",
                "modified",
                "was modified after",
            ),
        ),
        (
            Representation::new().into(),
            optional(),
            &[("if-match", "\"v1\"")],
            (
                412,
                "precondition_failed",
                "If-Match",
                "no_validator",
                "cannot be evaluated",
            ),
        ),
        (
            Current::Unknown,
            optional(),
            &[("if-none-match", "*")],
            (
                412,
                "precondition_failed",
                "If-None-Match",
                "no_validator",
                "cannot be evaluated",
            ),
        ),
        (
            V1.into(),
            optional(),
            &[("if-match", "v1")],
            (
                400,
                "precondition_malformed",
                "If-Match",
                "malformed",
                "double quotes",
            ),
        ),
        (
            V1.into(),
            optional(),
            &[("if-none-match", "*, \"v1\"")],
            (
                400,
                "precondition_malformed",
                "If-None-Match",
                "malformed",
                "double quotes",
            ),
        ),
        (
            V1.into(),
            optional().treat_malformed_as_failed(),
            &[("if-match", "v1")],
            (
                412,
                "precondition_failed",
                "If-Match",
                "stale",
                "does not match",
            ),
        ),
        (
            V1.into(),
            optional().treat_malformed_as_failed(),
            &[("if-none-match", "v1")],
            (
                412,
                "precondition_failed",
                "If-None-Match",
                "stale",
                "double quotes",
            ),
        ),
        (
            V1.into(),
            required(),
            &[],
            (
                428,
                "precondition_required",
                "If-Match",
                "missing",
                "apply your change to what you get, and send it with If-Match and its ETag",
            ),
        ),
        (
            V1.into(),
            strictly(),
            &[("if-match", "*")],
            (
                428,
                "precondition_required",
                "If-Match",
                "wildcard",
                "apply your change to what you get, and send it with If-Match and its ETag",
            ),
        ),
        (
            V1.into(),
            required(),
            &[("if-unmodified-since", T)],
            (
                428,
                "precondition_required",
                "If-Unmodified-Since",
                "inapplicable",
                "apply your change to what you get, and send it with If-Match and its ETag",
            ),
        ),
        (
            V1.into(),
            optional().use_lock(Broken),
            &[("if-match", "\"v1\"")],
            (503, "precondition_unavailable", "", "lock", "Try again"),
        ),
    ];
    for (current, policy, given, expected) in cases {
        let handler = handler();
        let layer = ConditionalLayer::new(Fixed::new(current.clone()).named("tests"))
            .writes(policy.clone());
        let answer = send(
            &layer.use_clock(now),
            handler.clone(),
            request("PUT", given),
        );
        check(&answer, expected);
        assert_eq!(handler.calls(), 0, "{expected:?}");
    }
}

#[track_caller]
fn check(answer: &Answer, &(status, error, field, reason, about): &Expected) {
    let what = format!("{reason}: {answer:?}");
    assert_eq!(answer.status, status, "{what}");
    let mut expected = fields(&[
        ("cache-control", "no-store"),
        ("content-type", "application/problem+json"),
    ]);
    if status == 503 {
        expected.extend(fields(&[("retry-after", "1")]));
    }
    assert_eq!(answer.headers, expected, "{what}");

    let json = answer.json();
    let detail = json["detail"].as_str().unwrap();
    assert!(detail.contains(about), "{what}");
    let mut members = json!({
        "type": "about:blank",
        "title": http::StatusCode::from_u16(status).unwrap().canonical_reason(),
        "status": status,
        "error": error,
        "detail": detail,
        "reason": reason,
    });
    if !field.is_empty() {
        members["field"] = field.into();
    }
    assert_eq!(json, members, "{what}");
}

#[test]
fn the_412_of_a_stale_tag_word_by_word() {
    let layer = ConditionalLayer::new(Fixed::new(V1));
    let answer = send(&layer, handler(), request("PUT", &[("if-match", "\"v0\"")]));
    let expected = json!({
        "type": "about:blank",
        "title": "Precondition Failed",
        "status": 412,
        "error": "precondition_failed",
        "detail": "The If-Match ETag does not match the current resource version. Fetch the resource again, \
                   apply your change to what you get, and send it with the new ETag.",
        "field": "If-Match",
        "reason": "stale",
    });
    assert_eq!(answer.json(), expected);
}

/// Nothing of the request is in the answer, in whatever field it came.
#[test]
fn nothing_is_echoed() {
    const MARK: &str = "<script>";
    let values = [
        "\"<script>\"",
        "<script>",
        "W/\"<script>\"",
        "\"a\", \"<script>\", *",
    ];
    let names = [
        "if-match",
        "if-none-match",
        "if-unmodified-since",
        "x-request-id",
        "accept",
    ];
    let mut refused = 0;
    for name in names {
        for value in values {
            for method in ["GET", "PUT", "PATCH", "DELETE", "POST"] {
                let layer = ConditionalLayer::new(Fixed::new(dated()))
                    .writes(WritePolicy::required().show_validators());
                let answer = send(&layer, handler(), request(method, &[(name, value)]));
                let text = format!("{answer:?}");
                assert!(!text.contains(MARK), "{method} {name}: {value}: {text}");
                refused += u32::from(answer.status >= 400);
            }
        }
    }
    assert_eq!(refused, 70);
}

/// Sections 9.3.2 and 15.5.13: no content and no type of one; the length is that of the GET's (section 9.3.2).
#[test]
fn head_has_no_body() {
    let own = [("etag", "\"v1\""), ("last-modified", T)];
    let shown: [(&str, &str); 2] = own;
    for (given, status, shown) in [
        (("if-match", "\"v0\""), 412, &shown[..]),
        (("if-match", "v0"), 400, &[]),
    ] {
        let by_look_up = ConditionalLayer::new(Fixed::new(dated())).use_clock(now);
        let by_response = ConditionalLayer::new(FromResponse).use_clock(now);
        let handler = Handler::answering(200, &own, "");
        for method in ["GET", "HEAD"] {
            for answer in [
                send(&by_look_up, handler.clone(), request(method, &[given])),
                send(&by_response, handler.clone(), request(method, &[given])),
            ] {
                assert_eq!(answer.status, status);
                let mut expected = fields(&[("cache-control", "no-store")]);
                expected.extend(fields(shown));
                let get = send(&by_look_up, handler.clone(), request("GET", &[given]));
                let length = get.body.len().to_string();
                let of_body = if method == "GET" {
                    ("content-type", "application/problem+json")
                } else {
                    ("content-length", &length[..])
                };
                expected.extend(fields(&[of_body]));
                assert_eq!(answer.headers, expected);
                assert_eq!(answer.body.is_empty(), method == "HEAD");
            }
        }
        assert_eq!(handler.calls(), 2);
    }
}

/// The current validators on the 412 of a read; on that of a write only if the route says so.
#[test]
fn validators_on_a_412() {
    let policies = [
        (WritePolicy::optional(), false),
        (WritePolicy::optional().show_validators(), true),
    ];
    let shown = fields(&[
        ("cache-control", "no-store"),
        ("content-type", "application/problem+json"),
        ("etag", "\"v1\""),
        ("last-modified", T),
    ]);
    for (policy, shows) in policies {
        let layer = ConditionalLayer::new(Fixed::new(dated()))
            .writes(policy)
            .use_clock(now);
        for method in ["GET", "PUT", "PATCH", "DELETE", "POST"] {
            let answer = send(
                &layer,
                handler(),
                request(method, &[("if-match", "\"v0\"")]),
            );
            assert_eq!(answer.status, 412);
            if shows || method == "GET" {
                assert_eq!(answer.headers, shown, "{method}");
            } else {
                assert_eq!(answer.field("etag"), None, "{method}");
                assert_eq!(answer.field("last-modified"), None, "{method}");
            }
        }
    }
}

/// The 412 of a read after its handler: nothing of the handler's response but its validators (section 15.5.13).
#[test]
fn a_412_after_the_handler() {
    let own = [
        ("etag", "\"v1\""),
        ("last-modified", T),
        ("cache-control", "max-age=60"),
        ("expires", T),
        ("content-type", "text/plain"),
        ("content-length", "11"),
        ("set-cookie", "a=1"),
    ];
    let handler = Handler::answering(200, &own, "hello world");
    let layer = ConditionalLayer::new(FromResponse).use_clock(now);
    for given in [("if-match", "\"v0\""), ("if-unmodified-since", T_MINUS_1)] {
        let answer = send(&layer, handler.clone(), request("GET", &[given]));
        assert_eq!(answer.status, 412);
        let expected = fields(&[
            ("cache-control", "no-store"),
            ("content-type", "application/problem+json"),
            ("etag", "\"v1\""),
            ("last-modified", T),
        ]);
        assert_eq!(answer.headers, expected);
        assert_eq!(answer.json()["error"], "precondition_failed");
    }
    assert_eq!(handler.calls(), 2);
}

/// RFC 9457: an application with its own form of error says all of them in it.
#[test]
fn refusals_in_the_applications_own_words() {
    fn in_own_words(refusal: &Refusal) -> Response<Bytes> {
        let field = refusal.field().map_or("none", Field::as_str);
        let text = format!("{} {field} {}", refusal.error(), refusal.reason());
        let mut response = Response::new(Bytes::from(text));
        *response.status_mut() = refusal.status();
        *response.headers_mut() = fields(&[("content-type", "text/x-own")]);
        response
    }
    #[track_caller]
    fn check<V: ValidatorSource>(
        layer: ConditionalLayer<V>,
        handler: Handler,
        method: &str,
        given: &[(&str, &str)],
        expected: (u16, &str),
    ) {
        let own = layer.clone().refuse_with(in_own_words);
        let answer = send(&own, handler.clone(), request(method, given));
        assert_eq!(answer.status, expected.0);
        assert_eq!(answer.body, expected.1);
        assert_eq!(answer.field("content-type"), Some("text/x-own"));

        let terse = layer.refuse_with(|refusal| refusal.to_terse());
        let answer = send(&terse, handler, request(method, given));
        assert_eq!(answer.status, expected.0);
        assert!(answer.body.is_empty());
        assert_eq!(answer.field("content-type"), None);
        assert_eq!(answer.field("cache-control"), Some("no-store"));
    }
    let over = |policy| ConditionalLayer::new(Fixed::new(V1).named("tests")).writes(policy);
    let optional = || over(WritePolicy::optional());
    let stale = [("if-match", "\"v0\"")];
    check(
        optional(),
        handler(),
        "PUT",
        &stale,
        (412, "precondition_failed If-Match stale"),
    );
    check(
        optional(),
        handler(),
        "GET",
        &stale,
        (412, "precondition_failed If-Match stale"),
    );
    check(
        optional(),
        handler(),
        "PUT",
        &[("if-match", "v0")],
        (400, "precondition_malformed If-Match malformed"),
    );
    check(
        over(WritePolicy::required()),
        handler(),
        "PUT",
        &[],
        (428, "precondition_required If-Match missing"),
    );
    check(
        over(WritePolicy::optional().use_lock(Broken)),
        handler(),
        "PUT",
        &stale[..0],
        (503, "precondition_unavailable none lock"),
    );
    check(
        ConditionalLayer::new(FromResponse),
        handler(),
        "GET",
        &stale,
        (412, "precondition_failed If-Match no_validator"),
    );

    // A race that the handler lost looks the same.
    let losing = Handler::new(|_| {
        let mut response = crate::support::response(500, &NOTHING, "");
        response
            .extensions_mut()
            .insert(PreconditionFailed::exists());
        response
    });
    check(
        optional(),
        losing,
        "PUT",
        &[("if-match", "\"v1\"")],
        (412, "precondition_failed If-None-Match exists"),
    );

    // HEAD has no body in any words.
    let own = optional().refuse_with(in_own_words);
    let answer = send(&own, handler(), request("HEAD", &stale));
    assert_eq!((answer.status, answer.field("content-type")), (412, None));
    assert!(answer.body.is_empty());
}

/// RFC 6585, section 3: what counts as a precondition.
#[test]
fn what_satisfies_the_policy() {
    let mut failures = Failures::default();
    let states: [Current; 4] = [
        dated().into(),
        Representation::tagged(V1).into(),
        Representation::new().into(),
        Current::absent(),
    ];
    // Status on: a tag and a date, a tag, neither, absent.
    for (given, expected) in [
        (&[][..], [428; 4]),
        (&[("if-match", "\"v1\"")], [200, 200, 412, 412]),
        (&[("if-match", "\"v0\"")], [412; 4]),
        (&[("if-match", "*")], [200, 200, 200, 412]),
        (&[("if-match", "")], [412; 4]),
        (&[("if-match", "v1")], [400; 4]),
        (&[("if-none-match", "*")], [412, 412, 412, 200]),
        (&[("if-none-match", "\"v0\"")], [428; 4]),
        (&[("if-none-match", "\"v1\"")], [428; 4]),
        (&[("if-none-match", "v0")], [400; 4]),
        (&[("if-unmodified-since", T)], [200, 428, 428, 428]),
        (&[("if-unmodified-since", T_MINUS_1)], [412, 428, 428, 428]),
        (&[("if-unmodified-since", "soon")], [428; 4]),
        (
            &[("if-unmodified-since", T), ("if-unmodified-since", T)],
            [428; 4],
        ),
        (&[("if-modified-since", T)], [428; 4]),
        (&[("if-range", "\"v1\""), ("range", "bytes=0-3")], [428; 4]),
        (&[("if", "([\"v1\"])")], [428; 4]),
        (
            &[("if-unmodified-since", T), ("if-none-match", "\"v1\"")],
            [412, 412, 428, 428],
        ),
    ] {
        for method in ["PUT", "PATCH", "DELETE"] {
            for (state, expected) in states.iter().zip(expected) {
                let layer = ConditionalLayer::new(Fixed::new(state.clone()))
                    .writes(WritePolicy::required())
                    .use_clock(now);
                let handler = handler();
                let answer = send(&layer, handler.clone(), request(method, given));
                // A DELETE of nothing is the handler's to answer (section 13.2.1).
                let absent = matches!(state, Current::Absent(_)) && expected == 412;
                let expected = if absent && method == "DELETE" {
                    200
                } else {
                    expected
                };
                let what = format!("{method} {given:?} {state:?}");
                failures.expect_eq(&what, answer.status, expected);
                failures.expect_eq(&what, handler.calls(), usize::from(expected == 200));
            }
        }
    }
    failures.assert_none();
}

/// RFC 6585, section 3: a precondition is required only where the target exists. What the client sends all the same counts
/// as ever.
#[test]
fn creation_is_exempt() {
    let mut failures = Failures::default();
    let states: [Current; 4] = [
        V1.into(),
        Representation::new().into(),
        Current::absent(),
        Current::Unknown,
    ];
    let lenient = || WritePolicy::required().exempt_creation();
    let strict = || WritePolicy::strictly_required().exempt_creation();
    // Status on: a tag, no validator, absent, unknown.
    for (given, policy, expected) in [
        (&[][..], lenient(), [428, 428, 200, 428]),
        (&[("if-match", "\"v1\"")], lenient(), [200, 412, 412, 412]),
        (&[("if-match", "\"v0\"")], lenient(), [412; 4]),
        (&[("if-match", "v1")], lenient(), [400; 4]),
        (&[("if-match", "*")], strict(), [428, 428, 412, 428]),
        (&[("if-none-match", "*")], lenient(), [412, 412, 200, 412]),
        (
            &[("if-none-match", "\"v0\"")],
            lenient(),
            [428, 428, 200, 428],
        ),
        (&[("if-none-match", "v0")], lenient(), [400; 4]),
        (
            &[("if-unmodified-since", T)],
            lenient(),
            [428, 428, 200, 412],
        ),
        (
            &[("if-unmodified-since", "soon")],
            lenient(),
            [428, 428, 200, 428],
        ),
        (&[("if-modified-since", T)], lenient(), [428, 428, 200, 428]),
        // POST needs none, unless it is named.
        (&[], lenient().require_for([Method::POST]), [200; 4]),
    ] {
        for (state, expected) in states.iter().zip(expected) {
            let layer = ConditionalLayer::new(Fixed::new(state.clone())).writes(policy.clone());
            let handler = handler();
            let answer = send(
                &layer.use_clock(now),
                handler.clone(),
                request("PUT", given),
            );
            let what = format!("{given:?} {state:?}");
            failures.expect_eq(&what, answer.status, expected);
            failures.expect_eq(&what, handler.calls(), usize::from(expected == 200));
        }
    }
    failures.assert_none();
}

/// A write without preconditions must not run where the source cannot say whether the target exists.
#[test]
fn creation_is_exempt_only_if_the_source_can_say() {
    let failing = scripted(|_| Err(SourceError::failed("the database is gone")));
    let layer = ConditionalLayer::new(failing).writes(WritePolicy::required().exempt_creation());
    let handler = handler();
    let answer = send(&layer, handler.clone(), request("PUT", &NOTHING));
    assert_eq!((answer.status, handler.calls()), (503, 0));
}

/// RFC 6585, section 3: the fields of the request alone decide, so a 428 says nothing of what exists.
#[test]
fn a_428_is_no_oracle() {
    let answer_on = |state: Current| {
        let layer = ConditionalLayer::new(Fixed::new(state)).writes(WritePolicy::required());
        let answer = send(&layer, handler(), request("PUT", &NOTHING));
        assert_eq!(answer.status, 428);
        format!("{answer:?}")
    };
    let on_existing = answer_on(V1.into());
    assert_eq!(on_existing, answer_on(dated().into()));
    assert_eq!(on_existing, answer_on(Current::absent()));
    assert_eq!(on_existing, answer_on(Current::Unknown));
}

/// Section 8.8.2.2: a date is a weak validator unless it is known to change with every change. Five writers within one
/// second have the same one, and at most one of them may be let in by it: under the strict policy none is.
#[test]
fn a_weak_date_does_not_count_in_the_strict_policy() {
    let strict = || WritePolicy::strictly_required();
    let date = date(T);
    let strong = Representation::new().strong_last_modified(date);
    let weak = Representation::new().last_modified(date);
    for (current, policy, given, status) in [
        (weak.clone(), strict(), T, 428),
        (weak.clone(), strict(), T_MINUS_1, 412),
        (weak, WritePolicy::required(), T, 200),
        (strong.clone(), strict(), T, 200),
        (strong, strict(), T_MINUS_1, 412),
    ] {
        let layer = ConditionalLayer::new(Fixed::new(current.clone()))
            .writes(policy)
            .use_clock(now);
        let handler = handler();
        for _ in 0..5 {
            let write = request("PUT", &[("if-unmodified-since", given)]);
            let answer = send(&layer, handler.clone(), write);
            assert_eq!(answer.status, status, "{current:?} {given}");
            if status == 428 {
                let problem: Value = serde_json::from_slice(&answer.body).unwrap();
                assert_eq!(problem["reason"], "inapplicable");
                assert_eq!(problem["field"], "If-Unmodified-Since");
            }
        }
        assert_eq!(handler.calls(), if status == 200 { 5 } else { 0 });
    }
}

/// What a route asks of writes does not change its reads.
#[test]
fn malformed_as_failed_leaves_reads_alone() {
    let policy = || WritePolicy::optional().treat_malformed_as_failed();
    let malformed = [("if-match", "v1")];
    let looked_up = ConditionalLayer::new(Fixed::new(V1)).writes(policy());
    let by_the_response = ConditionalLayer::new(FromResponse).writes(policy());
    for (method, status) in [("GET", 400), ("HEAD", 400), ("PUT", 412), ("DELETE", 412)] {
        let answer = send(&looked_up, handler(), request(method, &malformed));
        assert_eq!(answer.status, status, "{method}");
    }
    for method in ["GET", "HEAD"] {
        let answer = send(&by_the_response, handler(), request(method, &malformed));
        assert_eq!(answer.status, 400, "{method}, by the response");
    }
}

/// POST may create: what its If-Match names does not exist, so it must not be performed (section 13.1.1).
#[test]
fn a_post_to_what_does_not_exist_with_if_match_is_not_performed() {
    for (current, status) in [
        (Current::absent(), 412),
        (Current::Absent(Absent::WillFail), 200),
    ] {
        for tag in ["*", "\"v1\""] {
            let handler = handler();
            let layer = ConditionalLayer::new(Fixed::new(current.clone()));
            let post = request("POST", &[("if-match", tag)]);
            assert_eq!(send(&layer, handler.clone(), post).status, status);
            assert_eq!(handler.calls(), usize::from(status == 200));
        }
    }
}

#[test]
fn strict_policy_and_methods_of_ones_own() {
    let status = |policy: &WritePolicy, method, given: &[(&str, &str)]| {
        let layer = ConditionalLayer::new(Fixed::new(dated())).writes(policy.clone());
        send(&layer.use_clock(now), handler(), request(method, given)).status
    };
    let wildcard = [("if-match", "*")];
    let strict = WritePolicy::strictly_required();
    assert_eq!(status(&strict, "PUT", &wildcard), 428);
    assert_eq!(status(&strict, "PUT", &[("if-match", "\"v1\"")]), 200);
    assert_eq!(status(&strict, "PUT", &[("if-none-match", "*")]), 412);
    // A precondition that is not required is evaluated as it is.
    assert_eq!(status(&strict, "POST", &wildcard), 200);
    assert_eq!(status(&strict, "GET", &wildcard), 200);

    let all = [
        "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "LOCK",
    ];
    let unguarded = |policy: &WritePolicy| all.map(|method| status(policy, method, &[]));
    let required = WritePolicy::required();
    assert_eq!(
        unguarded(&required),
        [200, 200, 200, 428, 428, 428, 200, 200]
    );
    let post_only = WritePolicy::required().require_for([Method::POST]);
    assert_eq!(
        unguarded(&post_only),
        [200, 200, 428, 200, 200, 200, 200, 200]
    );
    // To name methods is to require.
    let post_only = WritePolicy::optional().require_for([Method::POST]);
    assert_eq!(status(&post_only, "POST", &[]), 428);
    assert_eq!(unguarded(&WritePolicy::optional()), [200; 8]);
    assert_eq!(unguarded(&WritePolicy::default()), [200; 8]);
}
