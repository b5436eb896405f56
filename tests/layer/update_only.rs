//! `ValidatorSource::update_only`: no write creates its target, so that a missing one is the handler's 404 (section 13.2.1).

use std::sync::Arc;

use axum::Router;
use axum::http::StatusCode;
use axum::routing::get;
use http::Method;
use tower::Layer;
use tower_conditional::observe::Outcome;
use tower_conditional::precondition::Field;
use tower_conditional::source::{BoxSource, Fixed};
use tower_conditional::validator::Absent;
use tower_conditional::{
    BodyHash, ConditionalLayer, Current, EntityTag, FromResponse, PreconditionFailed, Reason,
    ValidatorSource, WritePolicy,
};

use crate::support::source::{NotMine, looked_up};
use crate::support::{
    Counter, Fields, Handler, HeldHandler, Record, request, request_to, send, send_by_hand,
};

const V1: EntityTag = EntityTag::from_static("\"v1\"");
const T: &str = "Wed, 01 Jan 2025 00:00:00 GMT";

/// The adaptor at every place of a chain, over a state that is known at once and over one that is looked up.
fn sources(current: &Current) -> Vec<(&'static str, BoxSource)> {
    let of = || looked_up(current.clone());
    vec![
        ("known", Fixed::new(current.clone()).update_only().boxed()),
        ("looked up", of().update_only().boxed()),
        ("named first", of().named("r").update_only().boxed()),
        ("named last", of().update_only().named("r").boxed()),
        ("locked by", of().update_only().locked_by(|_| 1_i64).boxed()),
        ("first of two", of().update_only().or(FromResponse).boxed()),
        (
            "second of two",
            NotMine.update_only().or(of().update_only()).boxed(),
        ),
        ("both", NotMine.or(of()).update_only().boxed()),
        ("boxed", of().boxed().update_only().boxed()),
        ("shared", Arc::new(of().update_only()).boxed()),
        ("twice", of().update_only().update_only().boxed()),
    ]
}

fn policies() -> [WritePolicy; 3] {
    [
        WritePolicy::optional(),
        WritePolicy::required(),
        WritePolicy::strictly_required(),
    ]
}

#[test]
fn a_missing_target_is_the_handlers_404_whatever_is_sent() {
    let rows: [(Fields, u16); 7] = [
        (&[], 404),
        (&[("if-match", "\"v1\"")], 404),
        (&[("if-match", "*")], 404),
        (&[("if-none-match", "*")], 404),
        (&[("if-unmodified-since", T)], 404),
        // What cannot be read is said first.
        (&[("if-match", "v1")], 400),
        (&[("if-none-match", "v1")], 400),
    ];
    for (name, source) in sources(&Current::absent()) {
        let source = Arc::new(source);
        for policy in policies() {
            for method in ["PUT", "PATCH", "DELETE", "POST"] {
                for (fields, status) in rows {
                    let handler = Handler::answering(404, &[], "gone");
                    let layer = ConditionalLayer::new(source.clone()).writes(policy.clone());
                    let answer = send(&layer, handler.clone(), request(method, fields));
                    assert_eq!(
                        answer.status, status,
                        "{name} {policy:?} {method} {fields:?}"
                    );
                    assert_eq!(
                        handler.calls(),
                        usize::from(status == 404),
                        "{name} {method}"
                    );
                }
            }
        }
    }
}

/// Where the target is there, the adaptor changes nothing.
#[test]
fn a_target_that_exists_is_guarded_as_ever() {
    let rows: [(Fields, u16); 4] = [
        (&[], 428),
        (&[("if-match", "\"v0\"")], 412),
        (&[("if-match", "\"v1\"")], 200),
        (&[("if-none-match", "*")], 412),
    ];
    for (name, source) in sources(&V1.into()) {
        let layer = ConditionalLayer::new(source).writes(WritePolicy::required());
        for (fields, status) in rows {
            let handler = Handler::answering(200, &[], "saved");
            let answer = send(&layer, handler, request("PUT", fields));
            assert_eq!(answer.status, status, "{name} {fields:?}");
        }
        let read = request("GET", &[("if-none-match", "\"v1\"")]);
        let answer = send(&layer, Handler::answering(200, &[], "text"), read);
        assert_eq!(answer.status, 304, "{name}");
    }
}

/// The source may still say of one method that it succeeds on nothing, such as a DELETE that answers 204.
#[test]
fn what_the_source_says_of_a_method_counts() {
    let source = Fixed::new(Current::Absent(Absent::MaySucceed)).update_only();
    let layer = ConditionalLayer::new(source).writes(WritePolicy::required());
    for (fields, status) in [(&[][..], 428), (&[("if-match", "*")], 412)] {
        let answer = send(
            &layer,
            Handler::answering(204, &[], ""),
            request("DELETE", fields),
        );
        assert_eq!(answer.status, status, "{fields:?}");
    }
}

/// Without a required precondition there was nothing to miss; with one, a write has passed that should have been a 428.
#[test]
fn a_handler_that_creates_all_the_same_is_reported() {
    let rows: [(WritePolicy, Fields, usize); 5] = [
        (WritePolicy::required(), &[], 1),
        (WritePolicy::required(), &[("if-match", "\"v1\"")], 1),
        (WritePolicy::required(), &[("if-none-match", "*")], 0),
        (WritePolicy::optional(), &[], 0),
        (WritePolicy::required().exempt_creation(), &[], 0),
    ];
    for (policy, fields, reports) in rows {
        let record = Record::default();
        let source = Fixed::new(Current::absent()).update_only();
        let layer = ConditionalLayer::new(source)
            .writes(policy.clone())
            .observe(record.hook());
        let answer = send(
            &layer,
            Handler::answering(201, &[], ""),
            request("PUT", fields),
        );
        assert_eq!(answer.status, 201);
        let reported = record.take_all().into_iter();
        let reported = reported.filter(|event| event.outcome == Outcome::Unevaluated);
        assert_eq!(reported.count(), reports, "{policy:?} {fields:?}");
    }
}

/// A probed router knows what is missing only if it is asked, and it is asked for writes alone.
#[tokio::test]
async fn a_probed_router_is_asked_before_each_write() {
    let reads = Counter::default();
    let counted = reads.clone();
    let read = move |path: axum::extract::Path<String>| {
        counted.count();
        async move {
            if *path == "there" {
                Ok("text")
            } else {
                Err(StatusCode::NOT_FOUND)
            }
        }
    };
    let save = async || StatusCode::NOT_FOUND;
    let router = Router::new().route("/{name}", get(read).put(save));
    for source in [
        BodyHash::strong()
            .probe_with(router.clone())
            .update_only()
            .boxed(),
        BodyHash::strong()
            .probe_with(router.clone())
            .named("r")
            .update_only()
            .boxed(),
        NotMine
            .update_only()
            .or(BodyHash::strong().probe_with(router.clone()).update_only())
            .boxed(),
    ] {
        let layer = ConditionalLayer::new(source).writes(WritePolicy::required());
        let app = router.clone().layer(layer);
        let status = async |method: Method, path: &str, fields| {
            let request = request_to::<axum::body::Body>(method, path, fields);
            tower::ServiceExt::oneshot(app.clone(), request)
                .await
                .unwrap()
                .status()
                .as_u16()
        };
        let before = reads.get();
        assert_eq!(status(Method::PUT, "/missing", &[]).await, 404);
        assert_eq!(
            status(Method::PUT, "/missing", &[("if-match", "\"v1\"")]).await,
            404
        );
        assert_eq!(status(Method::PUT, "/there", &[]).await, 428);
        assert_eq!(reads.get() - before, 3, "one for each write");
        assert_eq!(status(Method::GET, "/there", &[]).await, 200);
        assert_eq!(reads.get() - before, 4, "the read itself");
    }
}

/// A source that does not identify the request leaves no trace of its question for the next one.
#[tokio::test]
async fn what_is_not_mine_is_not_asked_for() {
    let reads = Counter::default();
    let counted = reads.clone();
    let read = async move || {
        counted.count();
        "text"
    };
    let router = Router::new().route("/r", get(read).put(async || ()));
    let source = NotMine
        .update_only()
        .or(BodyHash::strong().probe_with(router.clone()));
    let app = router.layer(ConditionalLayer::new(source));
    let put = request::<axum::body::Body>("PUT", &[]);
    assert_eq!(
        tower::ServiceExt::oneshot(app, put).await.unwrap().status(),
        200
    );
    assert_eq!(reads.get(), 0);
}

/// What a handler may say whose statement changed no row. It never says that something exists that does not, and tells
/// nobody to fetch what is not there.
#[test]
fn a_lost_write_says_what_was_there() {
    let (exists, absent) = (PreconditionFailed::exists(), PreconditionFailed::absent());
    let missing = PreconditionFailed::missing();
    let nothing = || Current::absent();
    #[rustfmt::skip]
    let rows: [(&str, Fields, Current, PreconditionFailed); 8] = [
        ("PUT", &[("if-none-match", "*")], nothing(), exists),
        ("PUT", &[("if-none-match", "\"v0\"")], nothing(), exists),
        ("PUT", &[("if-none-match", "\"v0\"")], V1.into(), PreconditionFailed::stale()),
        ("DELETE", &[("if-match", "\"v1\"")], nothing(), absent),
        ("PUT", &[("if-match", "\"v1\"")], Current::Absent(Absent::WillFail), absent),
        ("DELETE", &[], nothing(), missing),
        ("PUT", &[], nothing(), missing),
        ("PUT", &[("if-unmodified-since", T)], nothing(), PreconditionFailed::modified()),
    ];
    for (method, fields, current, lost) in rows {
        let handler = HeldHandler::default();
        let service = ConditionalLayer::new(Fixed::new(current)).layer(handler.clone());
        let mut write = send_by_hand(&service, request(method, fields));
        write.assert_waits();
        assert_eq!(handler.checked(0).lost(), lost, "{method} {fields:?}");
    }
}

/// RFC 6585, section 3, and RFC 9110, section 15.5.13: where nothing is there, the client is told that, and nothing else.
#[test]
fn only_what_exists_can_be_fetched_and_only_what_can_be_created_is_created() {
    let required = WritePolicy::required;
    let dated = || V1.into();
    let rows: [(&str, WritePolicy, Fields, Current, Field, Reason); 5] = [
        (
            "PUT",
            required(),
            &[],
            dated(),
            Field::IfMatch,
            Reason::Missing,
        ),
        (
            "DELETE",
            required(),
            &[],
            Current::absent(),
            Field::IfMatch,
            Reason::Missing,
        ),
        (
            "PUT",
            required(),
            &[("if-unmodified-since", T)],
            Current::absent(),
            Field::IfMatch,
            Reason::Missing,
        ),
        (
            "PUT",
            WritePolicy::strictly_required(),
            &[("if-match", "*")],
            Current::absent(),
            Field::IfMatch,
            Reason::Absent,
        ),
        (
            "DELETE",
            required(),
            &[("if-match", "*")],
            Current::Absent(Absent::MaySucceed),
            Field::IfMatch,
            Reason::Absent,
        ),
    ];
    for (method, policy, fields, current, field, reason) in rows {
        let layer = ConditionalLayer::new(Fixed::new(current)).writes(policy);
        let answer = send(
            &layer,
            Handler::answering(200, &[], ""),
            request(method, fields),
        );
        assert_eq!(
            answer.problem("field"),
            field.as_str(),
            "{method} {fields:?}"
        );
        assert_eq!(
            answer.problem("reason"),
            reason.as_str(),
            "{method} {fields:?}"
        );
        let detail = answer.problem("detail");
        let fetches = detail.to_lowercase().contains("fetch");
        assert_eq!(
            fetches,
            detail.contains("If the resource exists, fetch it"),
            "{detail}"
        );
        assert!(
            detail.contains("this request can create it, send If-None-Match: *"),
            "{detail}"
        );
    }
}
