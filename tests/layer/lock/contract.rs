//! The handler contract: what a write's handler learns of the evaluation, and what it may answer.

use std::time::SystemTime;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};
use bytes::Bytes;
use http::header::{ETAG, HeaderValue, LAST_MODIFIED};
use tower::{Layer, ServiceExt};
use tower_conditional::extract::RequestPreconditions;
use tower_conditional::handler::{EvaluatedByHandler, NewVersion};
use tower_conditional::precondition::Field;
use tower_conditional::source::Fixed;
use tower_conditional::{
    Checked, ConditionalLayer, Current, EntityTag, FromResponse, HttpDate, PreconditionFailed,
    Refusal, Representation, ValidatorSource, WritePolicy,
};

use crate::support::source::Versions;
use crate::support::{
    Answer, Driven, Fields, HeldHandler, arriving_body, assert_status, put, request_to,
    request_with, response, send_by_hand,
};

const EARLIER: &str = "Tue, 31 Dec 2024 23:59:59 GMT";
const MODIFIED: &str = "Wed, 01 Jan 2025 00:00:00 GMT";
const V1: &str = "\"v1\"";

fn modified() -> HttpDate {
    HttpDate::parse(MODIFIED.as_bytes(), HttpDate::UNIX_EPOCH).unwrap()
}

fn tagged() -> Representation {
    Representation::tagged(EntityTag::from_static(V1))
}

/// The answer of a router, which does not wait for anything that a runtime would have to provide.
#[track_caller]
fn call(router: &Router, request: Request) -> Answer {
    let response = Driven::new(router.clone().oneshot(request)).ready();
    Answer::of(response.unwrap())
}

#[track_caller]
fn layered<V: ValidatorSource>(
    layer: &ConditionalLayer<V>,
    answer: fn(&Request) -> Response,
) -> Router {
    let handler = any(move |request: Request| async move { answer(&request) });
    Router::new().route("/a", handler.layer(layer.clone()))
}

#[test]
fn what_the_handler_learns() {
    let dated = || tagged().last_modified(modified());
    let untagged = || Current::Present(Representation::new());
    type Row = (
        Current,
        &'static str,
        Fields,
        Option<&'static str>,
        Option<bool>,
        Option<Field>,
    );
    use Field::{IfMatch, IfNoneMatch, IfUnmodifiedSince};
    #[rustfmt::skip]
    let rows: [Row; 14] = [
        (tagged().into(), "PUT", &[], Some(V1), Some(true), None),
        (tagged().into(), "PUT", &[("if-match", V1)], Some(V1), Some(true), Some(IfMatch)),
        (tagged().into(), "PATCH", &[("if-match", "*")], Some(V1), Some(true), Some(IfMatch)),
        (tagged().into(), "DELETE", &[("if-match", "\"v0\", \"v1\"")], Some(V1), Some(true), Some(IfMatch)),
        (tagged().into(), "POST", &[("if-match", V1)], Some(V1), Some(true), Some(IfMatch)),
        (tagged().into(), "PUT", &[("if-none-match", "\"v0\"")], Some(V1), Some(true), Some(IfNoneMatch)),
        (dated().into(), "PUT", &[("if-unmodified-since", MODIFIED)], Some(V1), Some(true), Some(IfUnmodifiedSince)),
        // Section 13.2.2, step 1: If-Match decides alone.
        (dated().into(), "PUT", &[("if-unmodified-since", EARLIER), ("if-match", V1)], Some(V1), Some(true), Some(IfMatch)),
        // Section 13.1.3: If-Modified-Since is ignored on a write.
        (dated().into(), "PUT", &[("if-modified-since", EARLIER)], Some(V1), Some(true), None),
        (untagged(), "PUT", &[("if-match", "*")], None, Some(true), Some(IfMatch)),
        (Current::absent(), "PUT", &[], None, Some(false), None),
        (Current::absent(), "PUT", &[("if-none-match", "*")], None, Some(false), Some(IfNoneMatch)),
        (Current::Unknown, "PUT", &[], None, None, None),
        (Current::Unknown, "DELETE", &[], None, None, None),
    ];
    for (current, method, fields, tag, existed, precondition) in rows {
        let handler = HeldHandler::default();
        let service = ConditionalLayer::new(Fixed::new(current)).layer(handler.clone());
        let mut write = send_by_hand(&service, request_to(method, "/a", fields));
        write.assert_waits();
        let checked = handler.checked(0);
        let found = checked.entity_tag().map(EntityTag::as_bytes);
        let row = format!("{method} {fields:?}");
        assert_eq!(found, tag.map(str::as_bytes), "{row}");
        assert_eq!(checked.existed(), existed, "{row}");
        assert_eq!(checked.precondition(), precondition, "{row}");
        assert!(checked.hold_lock().is_some(), "{row}");
        // A write keeps its fields: a handler may look at them.
        let kept = handler.see(0, |request| request.headers().len());
        assert_eq!(kept, fields.len(), "{row}");
    }
}

/// Reads have no `Checked`, nor have requests that the layer does not evaluate.
#[test]
fn only_writes_are_checked() {
    let rows: [(&str, Fields); 6] = [
        ("GET", &[]),
        ("GET", &[("if-match", V1)]),
        ("HEAD", &[("if-none-match", "\"v0\"")]),
        ("OPTIONS", &[("if-match", V1)]),
        ("MKCOL", &[("if-match", V1)]),
        ("POST", &[]),
    ];
    for (method, fields) in rows {
        let handler = HeldHandler::default();
        let service = ConditionalLayer::new(Fixed::new(tagged())).layer(handler.clone());
        let mut other = send_by_hand(&service, request_to(method, "/a", fields));
        other.assert_waits();
        let checked = handler.see(0, |request| request.extensions().get::<Checked>().is_some());
        assert!(!checked, "{method} {fields:?}");
    }
}

/// The 412 of a handler that lost its compare-and-swap: the layer's own, byte for byte.
#[test]
fn a_failed_compare_and_swap_looks_like_a_stale_tag() {
    fn lost(request: &Request) -> Response {
        let checked: &Checked = request.extensions().get().unwrap();
        checked.lost().into_response()
    }
    // A request that gets as far as the handler, and one of the same kind that the layer refuses.
    let rows: [(&str, Current, &str, Current); 3] = [
        (
            "if-match",
            tagged().into(),
            V1,
            EntityTag::from_static("\"v2\"").into(),
        ),
        ("if-none-match", Current::absent(), "*", tagged().into()),
        (
            "if-unmodified-since",
            Representation::new().last_modified(modified()).into(),
            MODIFIED,
            Representation::new()
                .last_modified(SystemTime::now())
                .into(),
        ),
    ];
    let terse = |refusal: &Refusal| refusal.to_terse();
    let own = |refusal: &Refusal| {
        let text = format!("<{} {:?}>", refusal.reason(), refusal.field());
        let mut response = http::Response::new(Bytes::from(text));
        *response.status_mut() = refusal.status();
        let fields = response.headers_mut();
        fields.insert("x-refused", HeaderValue::from_static("yes"));
        response
    };
    for (field, before, value, after) in rows {
        for method in ["PUT", "PATCH", "DELETE", "POST"] {
            let write = || request_to(method, "/a", &[(field, value)]);
            let holds = ConditionalLayer::new(Fixed::new(before.clone()));
            let fails = ConditionalLayer::new(Fixed::new(after.clone()));
            let pairs = [
                (holds.clone(), fails.clone()),
                (
                    holds.clone().refuse_with(terse),
                    fails.clone().refuse_with(terse),
                ),
                (holds.refuse_with(own), fails.refuse_with(own)),
            ];
            for (holds, fails) in pairs {
                let by_the_handler = call(&layered(&holds, lost), write());
                let by_the_layer = call(&layered(&fails, lost), write());
                assert_eq!(by_the_handler, by_the_layer, "{method} {field}");
                assert_eq!(by_the_handler.status, 412);
            }
        }
    }
}

/// Without axum the handler says so in the extensions of its response; the rest of its response is not sent.
#[test]
fn a_failed_compare_and_swap_without_axum() {
    for source in Versions::both() {
        let handler = HeldHandler::default();
        let service = ConditionalLayer::new(source).layer(handler.clone());
        let mut write = send_by_hand(&service, put("/a"));
        write.assert_waits();
        let mut lost = response(200, &[], "");
        *lost.body_mut() = Body::from("secret");
        lost.headers_mut()
            .insert(ETAG, HeaderValue::from_static("\"secret\""));
        lost.extensions_mut().insert(PreconditionFailed::stale());
        handler.take(0).answer(Ok(lost));
        let answer = Answer::of(write.ready().unwrap());
        assert_eq!(answer.status, 412);
        assert_eq!(answer.problem("reason"), "stale");
        assert_eq!(answer.field("etag"), None);
    }
}

/// The refusal of a failed compare-and-swap has the application's words even if the layer had nothing to evaluate.
#[test]
fn a_failed_compare_and_swap_on_an_unevaluated_write() {
    let sources = || {
        [
            ("looks up", Fixed::new(tagged()).boxed()),
            ("delegates", Fixed::new(Current::Delegated).boxed()),
            ("computes", FromResponse.boxed()),
        ]
    };
    for (case, source) in sources() {
        let layer = ConditionalLayer::new(source).refuse_with(|refusal| refusal.to_terse());
        let router = layered(&layer, |_| PreconditionFailed::exists().into_response());
        for method in ["POST", "PUT"] {
            let answer = call(&router, request_to(method, "/a", &[]));
            assert_eq!((answer.status, &answer.body[..]), (412, &b""[..]), "{case}");
        }
    }
}

/// Recovery after a failed compare-and-swap asks the reader, which may be slow: the lock is free by then.
#[test]
fn recovering_from_a_failed_compare_and_swap_holds_no_lock() {
    let (reader, handler) = (HeldHandler::default(), HeldHandler::default());
    let of_the_reader = reader.clone();
    let reader = tower::service_fn(
        move |probe: http::Request<tower_conditional::source::ProbeBody>| {
            assert!(probe.extensions().get::<Checked>().is_none());
            let mut reader = of_the_reader.clone();
            tower::Service::call(&mut reader, probe.map(|_| Body::empty()))
        },
    );
    let service = ConditionalLayer::new(Versions::waiting())
        .recover_with(reader)
        .layer(handler.clone());
    let prefer = [("prefer", "return=representation")];
    let mut write = send_by_hand(&service, request_to("PUT", "/a", &prefer));
    write.assert_waits();
    let mut lost = response(412, &[], "");
    lost.extensions_mut().insert(PreconditionFailed::stale());
    handler.take(0).answer(Ok(lost));
    write.assert_waits();
    assert_eq!(of_calls(&service, &handler), 2, "the lock is still held");
    assert!(write.poll().is_pending());
}

/// How often the handler has been called after another write has come.
fn of_calls<S>(service: &S, handler: &HeldHandler) -> usize
where
    S: tower::Service<Request> + Clone,
{
    let mut other = send_by_hand(service, put("/a"));
    assert!(other.poll().is_pending());
    handler.calls()
}

/// `Delegated`: the handler does everything, down to the words of its answer.
#[test]
fn a_handler_that_evaluates_by_itself() {
    async fn evaluate(
        preconditions: RequestPreconditions,
    ) -> Result<EvaluatedByHandler, PreconditionFailed> {
        preconditions.check(tagged())?;
        Ok(EvaluatedByHandler)
    }
    let handler = || get(evaluate).put(evaluate).delete(evaluate).post(evaluate);
    let delegated = ConditionalLayer::new(Fixed::new(Current::Delegated));
    let known = ConditionalLayer::new(Fixed::new(tagged()));
    let rows: [(Fields, u16); 6] = [
        (&[], 200),
        (&[("if-match", V1)], 200),
        (&[("if-match", "\"v0\"")], 412),
        (&[("if-none-match", "*")], 412),
        (&[("if-match", "unquoted")], 400),
        (&[("if-match", "\"v0\""), ("if-none-match", "*")], 412),
    ];
    type Refuse = fn(&Refusal) -> http::Response<Bytes>;
    let terse: Refuse = |refusal| refusal.to_terse();
    let problem: Refuse = |refusal| refusal.to_problem();
    let malformed_as_failed = || WritePolicy::optional().treat_malformed_as_failed();
    for method in ["PUT", "DELETE", "POST"] {
        for (fields, status) in rows {
            for refuse in [terse, problem] {
                let by_the_handler = Router::new()
                    .route("/a", handler().layer(delegated.clone().refuse_with(refuse)));
                let by_the_layer =
                    layered(&known.clone().refuse_with(refuse), |_| ().into_response());
                let by_the_handler = call(&by_the_handler, request_to(method, "/a", fields));
                assert_eq!(by_the_handler.status, status, "{method} {fields:?}");
                let by_the_layer = call(&by_the_layer, request_to(method, "/a", fields));
                assert_eq!(by_the_handler, by_the_layer, "{method} {fields:?}");
            }
            let layer = delegated.clone().writes(malformed_as_failed());
            let router = Router::new().route("/a", handler().layer(layer));
            let answer = call(&router, request_to(method, "/a", fields));
            assert_eq!(answer.status, if status == 400 { 412 } else { status });
        }
    }
}

/// Section 9.3.4: the answer to a write has validators only if the handler states them.
#[test]
fn validators_of_the_new_state() {
    fn plain(_: &Request) -> Response {
        ().into_response()
    }
    fn verbatim(_: &Request) -> Response {
        (NewVersion::stored_verbatim(new_state()), ()).into_response()
    }
    fn version(_: &Request) -> Response {
        (NewVersion::new(new_state()), ()).into_response()
    }
    fn created(request: &Request) -> Response {
        (http::StatusCode::CREATED, version(request)).into_response()
    }
    fn tag_of_its_own(request: &Request) -> Response {
        ([(ETAG, "\"mine\"")], version(request)).into_response()
    }
    fn failed(request: &Request) -> Response {
        (http::StatusCode::CONFLICT, verbatim(request)).into_response()
    }
    fn failed_with_version(request: &Request) -> Response {
        (http::StatusCode::INTERNAL_SERVER_ERROR, version(request)).into_response()
    }
    fn new_state() -> Representation {
        Representation::tagged(EntityTag::from_static("\"v2\"")).last_modified(modified())
    }
    const NEW: Option<&str> = Some("\"v2\"");
    type Row = (
        &'static str,
        fn(&Request) -> Response,
        [Option<&'static str>; 4],
    );
    // The tag on the answers to PUT, PATCH, POST and DELETE.
    #[rustfmt::skip]
    let rows: [Row; 7] = [
        ("nothing said", plain, [None; 4]),
        ("stored verbatim", verbatim, [NEW, NEW, NEW, NEW]),
        // On a PUT it would say that the bytes are those that were sent.
        ("new version", version, [None, NEW, NEW, NEW]),
        ("created", created, [None, NEW, NEW, NEW]),
        ("a tag of its own", tag_of_its_own, [Some("\"mine\""), NEW, NEW, NEW]),
        ("failed", failed, [None; 4]),
        ("failed with a version", failed_with_version, [None; 4]),
    ];
    let sources = || {
        [
            Fixed::new(tagged()).boxed(),
            Fixed::new(Current::Delegated).boxed(),
            FromResponse.boxed(),
        ]
    };
    for (case, answer, tags) in rows {
        for source in sources() {
            let layer = ConditionalLayer::new(source);
            for (method, tag) in ["PUT", "PATCH", "POST", "DELETE"].into_iter().zip(tags) {
                // With and without a precondition: a POST that creates carries none.
                for fields in [&[][..], &[("if-match", V1)]] {
                    let answer = call(&layered(&layer, answer), request_to(method, "/a", fields));
                    assert_eq!(answer.field("etag"), tag, "{case}: {method} {fields:?}");
                    let date = tag.filter(|tag| Some(*tag) == NEW).map(|_| MODIFIED);
                    assert_eq!(answer.field("last-modified"), date, "{case}: {method}");
                }
            }
        }
    }
}

/// A looked-up tag is the old one: it never gets onto the answer to a write (section 9.3.4).
#[test]
fn the_old_tag_is_not_sent() {
    let layer = ConditionalLayer::new(Fixed::new(tagged().last_modified(modified())));
    for method in ["PUT", "PATCH", "POST", "DELETE"] {
        for fields in [&[][..], &[("if-match", V1)]] {
            let router = layered(&layer, |_| ().into_response());
            let answer = call(&router, request_to(method, "/a", fields));
            for field in [ETAG, LAST_MODIFIED] {
                assert_eq!(answer.field(field.as_str()), None, "{method}");
            }
        }
    }
}

/// Without a layer, the extractor says what is wrong; the optional extractor is `None`.
#[test]
fn checked_as_an_extractor() {
    async fn needs(checked: Checked) -> String {
        format!("{:?}", checked.existed())
    }
    async fn copes(checked: Option<Checked>) -> String {
        format!("{:?}", checked.map(|checked| checked.existed()))
    }
    let layer = ConditionalLayer::new(Fixed::new(tagged()));
    let router = Router::new()
        .route("/a", any(needs).layer(layer.clone()))
        .route("/b", any(copes).layer(layer))
        .route("/c", any(needs))
        .route("/d", any(copes));
    let rows = [
        ("PUT", "/a", 200, "Some(true)"),
        ("PUT", "/b", 200, "Some(Some(true))"),
        ("GET", "/b", 200, "None"),
        ("POST", "/b", 200, "None"),
        ("PUT", "/d", 200, "None"),
    ];
    for (method, path, status, body) in rows {
        let answer = call(&router, request_to(method, path, &[]));
        assert_eq!(answer.status, status, "{method} {path}");
        assert_eq!(answer.body, body, "{method} {path}");
    }
    for (method, path) in [("GET", "/a"), ("PUT", "/c")] {
        let answer = call(&router, request_to(method, path, &[]));
        assert_eq!(answer.status, 500, "{method} {path}");
        let says = std::str::from_utf8(&answer.body).unwrap();
        assert!(says.contains("ConditionalLayer"), "{says}");
    }
}

/// The refusal for each precondition that a compare-and-swap may fail with.
#[test]
fn the_refusal_of_each_lost_write() {
    #[rustfmt::skip]
    let rows = [
        (&[("if-match", V1)][..], PreconditionFailed::stale()),
        (&[("if-none-match", "\"v0\"")], PreconditionFailed::stale()),
        (&[("if-unmodified-since", MODIFIED)], PreconditionFailed::modified()),
        // A write without a precondition can lose as well; the swap is If-Match by another name.
        (&[], PreconditionFailed::stale()),
    ];
    for (fields, lost) in rows {
        let handler = HeldHandler::default();
        let current = tagged().last_modified(modified());
        let service = ConditionalLayer::new(Fixed::new(current)).layer(handler.clone());
        let mut write = send_by_hand(&service, request_to("PUT", "/a", fields));
        write.assert_waits();
        assert_eq!(handler.checked(0).lost(), lost);
    }
}

/// The body of a write is not touched: it arrives at the handler as it was sent.
#[test]
fn the_body_stays_whole() {
    for source in Versions::both() {
        let handler = HeldHandler::default();
        let service = ConditionalLayer::new(source).layer(handler.clone());
        let (sender, body) = arriving_body(None);
        let mut write = send_by_hand(&service, request_with("PUT", "/a", &[], body));
        write.assert_waits();
        sender.data("sent");
        sender.data(" later");
        drop(sender);
        let call = handler.take(0);
        let body = http_body_util::BodyExt::collect(call.request.into_body());
        assert_eq!(Driven::new(body).ready().unwrap().to_bytes(), "sent later");
    }
}

#[test]
fn the_status_of_the_handler_stays() {
    let handler = HeldHandler::default();
    let service = ConditionalLayer::new(Versions::at_once()).layer(handler.clone());
    for (call, status) in [200, 201, 202, 204, 303, 404, 409, 412, 428, 500]
        .into_iter()
        .enumerate()
    {
        let mut write = send_by_hand(&service, put("/a"));
        write.assert_waits();
        handler.answer(call, status);
        assert_status(write.ready(), status);
    }
}
