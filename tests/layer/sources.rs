//! Where validators come from: every form of a source, chains, and sources that refuse or fail.

use std::sync::Arc;

use axum::Router;
use axum::routing::put;
use futures_util::FutureExt;
use http::header::{CONTENT_LENGTH, IF_RANGE, RANGE};
use http::{HeaderMap, Method, Response};
use tower::ServiceExt;
use tower_conditional::extract::extractor_source;
use tower_conditional::observe::{Outcome, Phase};
use tower_conditional::precondition::MethodClass;
use tower_conditional::source::{Fixed, InMemoryVersions};
use tower_conditional::{
    BodyHash, ConditionalLayer, Current, EntityTag, FromResponse, Loaded, Reason, Representation,
    SourceError, ValidatorSource, WritePolicy, source_fn,
};

use crate::support::source::{self, NotMine, Queryable, Script, looked_up};
use crate::support::{Answer, Failures, Handler, Record, T, fields, request, send};

const V1: EntityTag = EntityTag::from_static("\"v1\"");

const CURRENT: [(&str, &str); 1] = [("if-match", "\"v1\"")];
const STALE: [(&str, &str); 1] = [("if-match", "\"v0\"")];
const SEEN: [(&str, &str); 1] = [("if-none-match", "\"v1\"")];

/// 200, without a validator of its own.
fn handler() -> Handler {
    Handler::answering(200, &[], "hello world")
}

/// 200, with a tag of its own.
fn tagging() -> Handler {
    Handler::answering(200, &[("etag", "\"h1\"")], "hello world")
}

#[track_caller]
fn outcome<V: ValidatorSource>(
    source: V,
    handler: Handler,
    method: &str,
    given: &[(&str, &str)],
) -> (u16, usize) {
    let layer = ConditionalLayer::new(source);
    let answer = send(&layer, handler.clone(), request(method, given));
    (answer.status, handler.calls())
}

/// Says what [`SourceError`] it wants to say.
fn erring(error: fn() -> SourceError) -> Script {
    source::scripted(move |_| Err(error()))
}

#[test]
fn every_form_of_a_source_evaluates_alike() {
    #[track_caller]
    fn evaluates<V: ValidatorSource + Clone>(source: V) {
        let outcome = |method, given: &[_]| outcome(source.clone(), handler(), method, given);
        assert_eq!(outcome("GET", &SEEN), (304, 0));
        assert_eq!(outcome("HEAD", &SEEN), (304, 0));
        assert_eq!(outcome("GET", &STALE), (412, 0));
        assert_eq!(outcome("GET", &[]), (200, 1));
        assert_eq!(outcome("PUT", &STALE), (412, 0));
        assert_eq!(outcome("PUT", &CURRENT), (200, 1));
        assert_eq!(outcome("PUT", &[]), (200, 1));
    }
    let closure = || source::closure(V1);
    evaluates(closure());
    evaluates(Fixed::new(V1));
    evaluates(looked_up(V1));
    evaluates(Arc::new(closure()));
    evaluates(Arc::new(Fixed::new(V1)));
    evaluates(closure().boxed());
    evaluates(Fixed::new(V1).boxed());
    evaluates(Arc::new(looked_up(V1).boxed()));
    evaluates(NotMine.or(Fixed::new(V1)));
    evaluates(NotMine.or(looked_up(V1)));
    evaluates(looked_up(V1).or_delegate());
    evaluates(Fixed::new(V1).named("fixed").locked_by(|()| 1_u8));
    evaluates(Arc::new(FromResponse.or(looked_up(V1))).boxed());
}

/// A wrapper around a source forwards all that the source says of itself.
#[test]
fn every_form_of_a_computing_source_leaves_writes_alone() {
    #[track_caller]
    fn computes<V: ValidatorSource + Clone>(source: V) {
        let outcome = |method, given: &[_]| outcome(source.clone(), tagging(), method, given);
        assert_eq!(outcome("GET", &[("if-none-match", "\"h1\"")]), (304, 1));
        assert_eq!(outcome("GET", &STALE), (412, 1));
        assert_eq!(outcome("PUT", &STALE), (200, 1));
        assert_eq!(outcome("PUT", &[("if-match", "malformed")]), (200, 1));
    }
    computes(FromResponse);
    computes(Arc::new(FromResponse));
    computes(FromResponse.boxed());
    computes(BodyHash::strong());
    computes(Arc::new(BodyHash::strong()));
    computes(BodyHash::strong().boxed());
    computes(FromResponse.or(BodyHash::strong()));

    // HEAD goes inward as GET where bodies are read.
    #[track_caller]
    fn tags_heads<V: ValidatorSource>(source: V) {
        let handler = Handler::new(|head| {
            assert_eq!(head.method, "GET");
            crate::support::response(200, &[], "hello world")
        });
        let layer = ConditionalLayer::new(source);
        let answer = send(&layer, handler, request("HEAD", &[]));
        assert!(answer.field("etag").is_some() && answer.body.is_empty());
    }
    tags_heads(BodyHash::strong());
    tags_heads(Arc::new(BodyHash::strong()));
    tags_heads(BodyHash::strong().boxed());
    tags_heads(FromResponse.or(BodyHash::strong()));
}

/// The second source identifies where the first says that the request is not about its resources, and only there.
#[test]
fn chains() {
    let both_ways = |current: Current| {
        let at_once = current.clone();
        let known = looked_up(Current::Unknown).knowing(move |_| Some(at_once.clone()));
        [looked_up(current), known]
    };
    let second_is_asked = |first: Current| {
        let mut answers = Vec::new();
        for first in both_ways(first) {
            for second in both_ways(EntityTag::from_static("\"v2\"").into()) {
                let given = [("if-none-match", "\"v2\"")];
                let chain = first.clone().or(second.clone());
                let (status, _) = outcome(chain, tagging(), "GET", &given);
                answers.push((status, second.looks()));
            }
        }
        answers.dedup();
        let [answer] = answers[..] else {
            panic!("{answers:?}");
        };
        answer
    };
    // That nothing is known of it is an answer, too.
    assert_eq!(second_is_asked(Current::Unknown), (200, 0));
    assert_eq!(second_is_asked(V1.into()), (200, 0));
    assert_eq!(second_is_asked(Current::absent()), (200, 0));
    assert_eq!(second_is_asked(Current::Delegated), (200, 0));

    let second = looked_up(V1);
    let elsewhere = NotMine.or(second.clone());
    assert_eq!(outcome(elsewhere, handler(), "PUT", &STALE), (412, 0));
    assert_eq!(second.looks(), 1);

    let second = looked_up(V1);
    let failing = source::failing("down").or(second.clone());
    assert_eq!(outcome(failing, handler(), "PUT", &CURRENT), (503, 0));
    let refusing = erring(unauthorized).or(second.clone());
    assert_eq!(outcome(refusing, handler(), "PUT", &CURRENT), (401, 0));
    assert_eq!(second.looks(), 0);

    // Unknown before the handler: reads are evaluated against the response, writes are not evaluated.
    let nobody = || looked_up(Current::Unknown).or(FromResponse);
    let seen = [("if-none-match", "\"h1\"")];
    assert_eq!(outcome(nobody(), tagging(), "GET", &seen), (304, 1));
    let own_tag = [("if-match", "\"h1\"")];
    assert_eq!(outcome(nobody(), tagging(), "PUT", &own_tag), (412, 0));
}

/// Of a chain the source that has identified the resource says whether a read of it is looked up, whatever the other one
/// looks up. Writes have the validators of the one that has identified it all the same.
#[test]
fn a_chain_asks_the_one_that_identified() {
    #[track_caller]
    fn gives<V: ValidatorSource + Clone>(source: V, by_look_up: (u16, usize)) {
        let outcome = |method, tag| {
            let layer = ConditionalLayer::new(source.clone())
                .classify(|method| (method.as_str() == "REPORT").then_some(MethodClass::Read));
            let handler = tagging();
            let answer = send(
                &layer,
                handler.clone(),
                request(method, &[("if-none-match", tag)]),
            );
            (answer.status, handler.calls())
        };
        for method in ["QUERY", "REPORT"] {
            assert_eq!(outcome(method, "\"v1\""), by_look_up, "{method}");
        }
        assert_eq!(outcome("GET", "\"v1\""), (304, 0));
        assert_eq!(outcome("PUT", "\"v1\""), (412, 0));
    }
    let queryable = || Arc::new(Queryable(V1.into()));
    let known = || source::hanging().knowing(|_| Some(V1.into()));
    let after_handler = (200, 1);
    gives(looked_up(V1).or(queryable()), after_handler);
    gives(known().or(queryable()), after_handler);
    gives(identified_later().or(queryable()), after_handler);
    gives(
        known().or(queryable()).named("chain").boxed(),
        after_handler,
    );
    gives(NotMine.or(known()).or(queryable()), after_handler);
    gives(NotMine.or(queryable()).or(known()), (304, 0));
    gives(queryable().or(known()), (304, 0));
}

/// An extractor has to be waited for, or may have to be.
fn identified_later() -> impl ValidatorSource + Clone {
    let version = async |(), ()| Ok::<_, SourceError>(V1);
    Arc::new(extractor_source((), |_: Method| (), version))
}

/// A read is evaluated against its response, a conditional write fails closed, any other write runs.
#[test]
fn the_unknown() {
    let unknown = || Fixed::new(Current::Unknown);
    let by_date = [("if-unmodified-since", T)];
    let no_date = [("if-unmodified-since", "soon")];
    let anything = [("if-none-match", "*")];
    assert_eq!(outcome(unknown(), tagging(), "GET", &STALE), (412, 1));
    assert_eq!(outcome(unknown(), tagging(), "PUT", &CURRENT), (412, 0));
    assert_eq!(outcome(unknown(), tagging(), "PUT", &by_date), (412, 0));
    assert_eq!(outcome(unknown(), tagging(), "PUT", &anything), (412, 0));
    assert_eq!(outcome(unknown(), tagging(), "PUT", &no_date), (200, 1));
    assert_eq!(outcome(unknown(), tagging(), "PUT", &[]), (200, 1));

    let layer = ConditionalLayer::new(unknown());
    let answer = send(&layer, handler(), request("PUT", &CURRENT));
    assert_eq!(answer.json()["reason"], "no_validator");
}

#[test]
fn in_memory_versions() {
    let versions = InMemoryVersions::new();
    let put = |given: &[(&str, &str)]| outcome(versions.clone(), handler(), "PUT", given);
    let matching = |tag: &EntityTag| {
        let tag = String::from_utf8(tag.as_bytes().to_vec()).unwrap();
        put(&[("if-match", &tag)])
    };
    assert_eq!(put(&[("if-none-match", "*")]), (200, 1));
    let first = versions.changed("/r");
    assert_eq!(put(&[("if-none-match", "*")]), (412, 0));
    assert_eq!(matching(&first), (200, 1));
    let second = versions.changed("/r");
    assert_eq!(matching(&first), (412, 0));
    assert_eq!(matching(&second), (200, 1));
    assert_eq!(versions.tag("/r").unwrap().as_bytes(), second.as_bytes());

    // Gone, and made again: no old tag is valid (section 8.8.1).
    versions.removed("/r");
    assert!(versions.tag("/r").is_none());
    assert_eq!(matching(&second), (412, 0));
    let third = versions.changed_at("/r", crate::support::date(T));
    assert_eq!([&first, &second].map(matching), [(412, 0), (412, 0)]);
    assert_eq!(matching(&third), (200, 1));
    assert_eq!(put(&[("if-unmodified-since", T)]), (200, 1));
    assert_eq!(
        put(&[("if-unmodified-since", "Mon, 01 Jan 2024 00:00:00 GMT")]),
        (412, 0)
    );
}

/// `None` is a target that does not exist; a representation without a tag does.
#[test]
fn what_a_source_may_return() {
    let any = [("if-match", "*")];
    let put = |source: Fixed| outcome(source, handler(), "PUT", &any);
    assert_eq!(put(Fixed::new(V1)), (200, 1));
    assert_eq!(put(Fixed::new(Some(V1))), (200, 1));
    assert_eq!(put(Fixed::new(Representation::new())), (200, 1));
    assert_eq!(put(Fixed::new(None::<EntityTag>)), (412, 0));
    assert_eq!(put(Fixed::new(Current::Unknown)), (412, 0));
    assert_eq!(put(Fixed::new(Current::Delegated)), (200, 1));

    // `?` on any error.
    let own_error = source_fn(
        (),
        |_| (),
        async |(), ()| {
            let version: u64 = "no number".parse()?;
            Ok::<_, SourceError>(EntityTag::from_version(version))
        },
    );
    assert_eq!(outcome(own_error, handler(), "PUT", &CURRENT), (503, 0));
}

fn unauthorized() -> SourceError {
    let response = Response::builder()
        .status(401)
        .header("www-authenticate", "Bearer")
        .body("who are you?");
    SourceError::refused(response.unwrap())
}

fn forbidden() -> SourceError {
    SourceError::refused(Response::builder().status(403).body("not you").unwrap())
}

fn not_found() -> SourceError {
    SourceError::refused(
        Response::builder()
            .status(404)
            .body("no such note")
            .unwrap(),
    )
}

/// A refusal of the source is the answer, whatever the request asks: no oracle, also not by 428 or 400.
#[test]
fn a_source_that_refuses_comes_first() {
    type Refuse = fn() -> SourceError;
    for (refuse, status, text) in [
        (unauthorized as Refuse, 401, "who are you?"),
        (forbidden, 403, "not you"),
        (not_found, 404, "no such note"),
    ] {
        let handler = handler();
        let layer = ConditionalLayer::new(erring(refuse)).writes(WritePolicy::strictly_required());
        let plain = send(&layer, handler.clone(), request("GET", &[]));
        for method in ["GET", "HEAD", "PUT", "PATCH", "DELETE"] {
            for given in [
                &[][..],
                &CURRENT,
                &STALE,
                &SEEN,
                &[("if-match", "*")],
                &[("if-match", "malformed")],
                &[("if-none-match", "*")],
                &[("if-modified-since", T)],
                &[("if-unmodified-since", T)],
            ] {
                let answer = send(&layer, handler.clone(), request(method, given));
                let what = format!("{method} {given:?}");
                assert_eq!(answer.status, status, "{what}");
                let mut expected = plain.headers.clone();
                let body = if method == "HEAD" {
                    expected.insert(CONTENT_LENGTH, text.len().into());
                    ""
                } else {
                    text
                };
                assert_eq!(answer.headers, expected, "{what}");
                assert_eq!(answer.body, body, "{what}");
            }
        }
        assert_eq!(handler.calls(), 0);
    }
}

const SECRET: &str = "postgres://root:hunter2@db is down";

fn failing() -> Script {
    source::failing(SECRET)
}

/// Validation is an optimisation on reads. They pass as they came, except for a Range with an If-Range.
#[test]
fn reads_pass_where_the_source_fails() {
    let record = Record::default();
    let layer = ConditionalLayer::new(failing()).observe(record.hook());
    for method in ["GET", "HEAD"] {
        for (given, left) in [
            (&[][..], &[][..]),
            (&STALE, &STALE),
            (&SEEN, &SEEN),
            (&[("if-match", "malformed")], &[("if-match", "malformed")]),
            (&[("range", "bytes=0-3")], &[("range", "bytes=0-3")]),
            (
                &[("range", "bytes=0-3"), ("if-range", "\"v1\"")],
                &[("if-range", "\"v1\"")],
            ),
            (
                &[("range", "bytes=0-3"), ("if-range", "\"v1\""), SEEN[0]],
                &[("if-range", "\"v1\""), SEEN[0]],
            ),
        ] {
            let handler = tagging();
            let answer = send(&layer, handler.clone(), request(method, given));
            assert_eq!(answer.status, 200, "{method} {given:?}");
            assert_eq!(answer.headers, fields(&[("etag", "\"h1\"")]));
            assert_eq!(handler.seen_fields(), fields(left), "{method} {given:?}");

            let evaluation = record.take();
            assert_eq!(evaluation.outcome, Outcome::SourceFailed);
            assert_eq!(evaluation.phase, Phase::Before);
            assert_eq!(evaluation.error.as_deref(), Some(SECRET));
        }
    }
}

/// A write that needs no evaluation runs all the same. The operator learns of the failure, and a handler that wants what was
/// loaded learns that it is not there.
#[test]
fn an_unconditional_write_runs_where_the_source_fails() {
    let record = Record::default();
    let layer = ConditionalLayer::new(failing()).observe(record.hook());
    let handler = tagging();
    let answer = send(&layer, handler.clone(), request("PUT", &[]));
    assert_eq!((answer.status, handler.calls()), (200, 1));
    let evaluation = record.take();
    assert_eq!(evaluation.outcome, Outcome::SourceFailed);
    assert_eq!(evaluation.error.as_deref(), Some(SECRET));

    let save = async |row: Loaded<u64>| drop(row);
    let router: Router = Router::new().route("/r", put(save).route_layer(layer));
    let put = request::<axum::body::Body>("PUT", &[]);
    let answer = router.oneshot(put).now_or_never();
    assert_eq!(answer.unwrap().unwrap().status(), 503, "and not 500");
}

/// On writes it is a promise: a write that could have been refused is not performed.
#[test]
fn conditional_writes_are_503_where_the_source_fails() {
    let record = Record::default();
    for policy in [WritePolicy::optional(), WritePolicy::required()] {
        let layer = ConditionalLayer::new(failing())
            .writes(policy)
            .observe(record.hook());
        for method in ["PUT", "PATCH", "DELETE", "POST"] {
            for given in [
                ("if-match", "\"v1\""),
                ("if-match", "*"),
                ("if-match", ""),
                ("if-none-match", "*"),
                ("if-none-match", "\"v1\""),
                ("if-unmodified-since", T),
            ] {
                let handler = handler();
                let answer = send(&layer, handler.clone(), request(method, &[given]));
                check_unavailable(&answer, &format!("{method} {given:?}"));
                assert_eq!(handler.calls(), 0, "{method} {given:?}");

                let evaluation = record.take();
                assert_eq!(evaluation.outcome, Outcome::Refused);
                assert_eq!(
                    (evaluation.reason, evaluation.field),
                    (Some(Reason::Source), None)
                );
                assert_eq!(evaluation.error.as_deref(), Some(SECRET));
            }
        }
    }
}

#[track_caller]
fn check_unavailable(answer: &Answer, what: &str) {
    assert_eq!(answer.status, 503, "{what}");
    let expected: HeaderMap = fields(&[
        ("cache-control", "no-store"),
        ("content-type", "application/problem+json"),
        ("retry-after", "1"),
    ]);
    assert_eq!(answer.headers, expected, "{what}");
    let json = answer.json();
    assert_eq!(json["error"], "precondition_unavailable");
    assert_eq!(json["reason"], "source");
    let text = String::from_utf8_lossy(&answer.body);
    assert!(
        !text.contains("postgres") && !text.contains("hunter2"),
        "{text}"
    );
}

/// Without preconditions nothing has to be evaluated; but if the policy requires one, the write does not pass.
#[test]
fn unconditional_writes_where_the_source_fails() {
    for method in ["PUT", "PATCH", "DELETE", "POST"] {
        assert_eq!(outcome(failing(), handler(), method, &[]), (200, 1));
    }
    let layer = ConditionalLayer::new(failing()).writes(WritePolicy::required());
    let answer = send(&layer, handler(), request("PUT", &[]));
    check_unavailable(&answer, "PUT");
}

/// The source is asked once for each request that it can say something about, and for no other.
#[test]
fn who_is_asked() {
    let mut failures = Failures::default();
    for (method, given, expected) in [
        ("GET", &[][..], 1),
        ("GET", &SEEN, 1),
        ("HEAD", &[], 1),
        ("PUT", &[], 1),
        ("PUT", &CURRENT, 1),
        ("PUT", &STALE, 1),
        ("DELETE", &[], 1),
        ("POST", &CURRENT, 1),
        ("POST", &[("if-modified-since", T)], 0),
        ("POST", &[], 0),
        ("OPTIONS", &STALE, 0),
        ("TRACE", &STALE, 0),
        ("CONNECT", &STALE, 0),
        ("get", &SEEN, 0),
        ("PROPFIND", &STALE, 0),
    ] {
        let source = looked_up(V1);
        outcome(source.clone(), handler(), method, given);
        failures.expect_eq(format!("{method} {given:?}"), source.looks(), expected);
    }
    failures.assert_none();
}

/// `Delegated`: the handler gets every field as it came, and its answer passes as it is (sections 13.2.1 and 13.1.5).
#[test]
fn delegated_requests_pass_untouched() {
    let all = [
        ("if-match", "\"v0\""),
        ("if-none-match", "\"h1\""),
        ("if-modified-since", T),
        ("if-unmodified-since", T),
        ("if-range", "\"v0\""),
        ("range", "bytes=0-3"),
    ];
    for source in [
        Fixed::new(Current::Delegated).boxed(),
        looked_up(Current::Delegated).boxed(),
        NotMine.or_delegate().boxed(),
    ] {
        for method in ["GET", "HEAD", "PUT", "PATCH", "DELETE", "POST"] {
            let handler = tagging();
            let layer = ConditionalLayer::new(source.clone()).writes(WritePolicy::required());
            let answer = send(&layer, handler.clone(), request(method, &all));
            assert_eq!(answer.status, 200, "{method}");
            assert_eq!(answer.headers, fields(&[("etag", "\"h1\"")]), "{method}");
            let seen = handler.seen_fields();
            assert_eq!(seen, fields(&all), "{method}");
            assert!(seen.contains_key(IF_RANGE) && seen.contains_key(RANGE));
        }
    }
}

#[test]
#[should_panic(
    expected = "give BodyHash a reader with .probe_with(reader), or implement \
                           ValidatorSource::look_up"
)]
fn required_over_a_source_that_looks_nothing_up() {
    let _ = ConditionalLayer::new(FromResponse).writes(WritePolicy::required());
}

#[test]
#[should_panic(expected = "needs a source that looks validators up before the handler runs")]
fn strictly_required_over_a_body_hash() {
    let _ = ConditionalLayer::new(BodyHash::strong()).writes(WritePolicy::strictly_required());
}

/// One of a chain is enough.
#[test]
fn required_over_a_chain_that_looks_up() {
    let chain = FromResponse.or(Fixed::new(V1));
    let layer = ConditionalLayer::new(chain).writes(WritePolicy::required());
    let answer = send(&layer, handler(), request("PUT", &[]));
    assert_eq!(answer.status, 428);
}

/// An empty key is refused: everybody knows it.
#[test]
#[should_panic(expected = "the key of a keyed tag must not be empty")]
fn a_body_hash_with_an_empty_key() {
    let _ = BodyHash::strong().key("");
}
