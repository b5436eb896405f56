//! A conditional write that succeeds and that nobody has evaluated is reported, once, and nothing else happens.

use axum::Router;
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use http::StatusCode;
use http::request::Parts;
use tower::ServiceExt;
use tower_conditional::handler::EvaluatedByHandler;
use tower_conditional::observe::Outcome;
use tower_conditional::precondition::{Field, MethodClass};
use tower_conditional::source::Fixed;
use tower_conditional::validator::Absent;
use tower_conditional::{
    BodyHash, ConditionalLayer, Current, EntityTag, FromResponse, Reason, ValidatorSource,
    WritePolicy,
};

use crate::support::{Driven, Fields, Record, request_to};

const IF_MATCH: Fields = &[("if-match", "\"v1\"")];

#[derive(Clone, Default)]
struct Hook(Record);

impl Hook {
    fn on<V: ValidatorSource>(&self, source: V) -> ConditionalLayer<V> {
        ConditionalLayer::new(source).observe(self.0.hook())
    }

    /// How many were reported since the last time.
    fn unevaluated(&self) -> usize {
        let records = self.0.take_all();
        assert!(
            records
                .iter()
                .all(|record| record.class == MethodClass::Write)
        );
        let unevaluated = records
            .iter()
            .filter(|record| record.outcome == Outcome::Unevaluated);
        unevaluated.count()
    }
}

fn computing() -> [tower_conditional::source::BoxSource; 3] {
    [
        FromResponse.boxed(),
        BodyHash::strong().boxed(),
        Fixed::new(Current::Delegated).boxed(),
    ]
}

fn evaluating() -> Fixed {
    Fixed::new(EntityTag::from_static("\"v1\""))
}

#[track_caller]
fn status(router: Router, method: &str, fields: &[(&str, &str)]) -> u16 {
    let response = Driven::new(router.oneshot(request_to::<Body>(method, "/a", fields))).ready();
    response.unwrap().status().as_u16()
}

fn ok() -> Response {
    StatusCode::NO_CONTENT.into_response()
}

#[test]
fn reported_once_when_it_succeeds() {
    type Row = (&'static str, Fields, fn() -> Response, usize);
    let evaluated_by_handler = || (EvaluatedByHandler, ()).into_response();
    let failed = || StatusCode::CONFLICT.into_response();
    #[rustfmt::skip]
    let rows: [Row; 12] = [
        ("PUT", IF_MATCH, ok, 1),
        ("PATCH", IF_MATCH, ok, 1),
        ("DELETE", IF_MATCH, ok, 1),
        ("POST", IF_MATCH, ok, 1),
        ("PUT", &[("if-none-match", "*")], ok, 1),
        ("PUT", &[("if-unmodified-since", "Wed, 01 Jan 2025 00:00:00 GMT")], ok, 1),
        // There was no precondition, or the write failed.
        ("PUT", &[], ok, 0),
        ("PUT", &[("if-modified-since", "Wed, 01 Jan 2025 00:00:00 GMT")], ok, 0),
        ("PUT", IF_MATCH, failed, 0),
        ("PUT", IF_MATCH, || StatusCode::SEE_OTHER.into_response(), 0),
        // The handler says that it has evaluated.
        ("PUT", IF_MATCH, evaluated_by_handler, 0),
        ("MKCOL", IF_MATCH, ok, 0),
    ];
    for (method, fields, answer, reports) in rows {
        for source in computing() {
            let hook = Hook::default();
            let route = any(move || async move { answer() }).layer(hook.on(source));
            let status = status(Router::new().route("/a", route), method, fields);
            assert_eq!(status, answer().status(), "the answer changed");
            assert_eq!(hook.unevaluated(), reports, "{method} {fields:?}");
        }
    }
}

/// If-Match on a target that does not exist runs where the handler is expected to answer 404 (RFC 9110, section 13.2.1).
/// A 2xx there means that a write was performed although its precondition was false.
#[test]
fn reported_when_it_succeeds_on_what_does_not_exist() {
    type Row = (
        &'static str,
        Fields,
        fn() -> Current,
        fn() -> Response,
        usize,
    );
    let gone = || StatusCode::NOT_FOUND.into_response();
    let evaluated_by_handler = || (EvaluatedByHandler, ()).into_response();
    let (update_only, by_method) = (
        || Current::Absent(Absent::WillFail),
        Current::absent as fn() -> Current,
    );
    #[rustfmt::skip]
    let rows: [Row; 9] = [
        ("DELETE", IF_MATCH, by_method, ok, 1),
        ("DELETE", &[("if-match", "*")], by_method, ok, 1),
        ("PUT", IF_MATCH, update_only, ok, 1),
        ("DELETE", IF_MATCH, by_method, gone, 0),
        ("PUT", IF_MATCH, update_only, gone, 0),
        ("DELETE", IF_MATCH, by_method, evaluated_by_handler, 0),
        ("DELETE", &[], by_method, ok, 0),
        ("PUT", &[("if-none-match", "*")], by_method, ok, 0),
        ("DELETE", IF_MATCH, || EntityTag::from_static("\"v1\"").into(), ok, 0),
    ];
    for (method, fields, current, answer, reports) in rows {
        let record = Record::default();
        let layer = ConditionalLayer::new(Fixed::new(current())).observe(record.hook());
        let route = any(move || async move { answer() }).layer(layer);
        let status = status(Router::new().route("/a", route), method, fields);
        assert_eq!(status, answer().status(), "the answer changed");
        let expected = (
            Outcome::Unevaluated,
            Some(Field::IfMatch),
            Some(Reason::Absent),
        );
        let records = record.take_all().into_iter();
        let records: Vec<_> = records
            .map(|record| (record.outcome, record.field, record.reason))
            .collect();
        assert!(records.len() <= 1, "{method} {fields:?}: {records:?}");
        let reported = records.iter().filter(|&&record| record == expected).count();
        assert_eq!(reported, reports, "{method} {fields:?}: {records:?}");
        let unevaluated = records
            .iter()
            .any(|record| record.0 == Outcome::Unevaluated);
        assert_eq!(
            unevaluated,
            reports == 1,
            "{method} {fields:?}: {records:?}"
        );
    }
}

/// A route whose layer evaluates, inside a router-wide layer that only computes.
#[test]
fn not_reported_when_an_inner_layer_evaluates() {
    for outer in computing() {
        let hook = Hook::default();
        let inner = any(async || ok()).layer(ConditionalLayer::new(evaluating()));
        let router = Router::new().route("/a", inner).layer(hook.on(outer));
        assert_eq!(status(router.clone(), "PUT", IF_MATCH), 204);
        assert_eq!(status(router, "PUT", &[("if-match", "\"v0\"")]), 412);
        assert_eq!(hook.unevaluated(), 0);
    }
}

/// A write that would have been refused, but had taken effect before, counts as evaluated, too.
#[test]
fn not_reported_when_it_had_taken_effect_before() {
    for outer in computing() {
        let hook = Hook::default();
        let policy = WritePolicy::optional().answer_if_applied(|_: &Parts, _: &Current| async {
            Some(http::Response::new("done"))
        });
        let inner = any(async || ok()).layer(ConditionalLayer::new(evaluating()).writes(policy));
        let router = Router::new().route("/a", inner).layer(hook.on(outer));
        assert_eq!(status(router, "PUT", &[("if-match", "\"v0\"")]), 200);
        assert_eq!(hook.unevaluated(), 0);
    }
}

/// The same with another computing layer in between.
#[test]
fn not_reported_through_two_layers() {
    for (outer, between) in computing().into_iter().zip(computing()) {
        let (hook, second) = (Hook::default(), Hook::default());
        let inner = any(async || ok()).layer(ConditionalLayer::new(evaluating()));
        let router = Router::new()
            .route("/a", inner)
            .layer(second.on(between))
            .layer(hook.on(outer));
        assert_eq!(status(router, "PUT", IF_MATCH), 204);
        assert_eq!((hook.unevaluated(), second.unevaluated()), (0, 0));
    }
}

/// A layer that evaluates, outside of one that only computes.
#[test]
fn not_reported_when_an_outer_layer_has_evaluated() {
    for inner in computing() {
        let hook = Hook::default();
        let route = any(async || ok()).layer(hook.on(inner));
        let router = Router::new()
            .route("/a", route)
            .layer(ConditionalLayer::new(evaluating()));
        assert_eq!(status(router, "PUT", IF_MATCH), 204);
        assert_eq!(hook.unevaluated(), 0);
    }
}

/// Two computing layers: each calls its own hook.
#[test]
fn each_hook_is_called_once() {
    let (outer, inner) = (Hook::default(), Hook::default());
    let router = Router::new()
        .route("/a", any(async || ok()))
        .layer(inner.on(FromResponse))
        .layer(outer.on(FromResponse));
    assert_eq!(status(router, "PUT", IF_MATCH), 204);
    assert_eq!((outer.unevaluated(), inner.unevaluated()), (1, 1));
}
