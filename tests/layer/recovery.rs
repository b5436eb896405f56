//! Help for a refused write: the representation in the 412 (RFC 8144, section 3.2), and the answer that the first
//! attempt got (RFC 9110, section 13.1.1).

use std::convert::Infallible;

use axum::body::Body;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::middleware::{Next, from_fn};
use axum::routing::get;
use axum::{Router, response::IntoResponse};
use http::{HeaderMap, Method, Response, StatusCode};
use tower::ServiceExt;
use tower_conditional::observe::Outcome;
use tower_conditional::source::{Fixed, Probe};
use tower_conditional::{
    Checked, ConditionalLayer, Current, EntityTag, FromResponse, HttpDate, PreconditionFailed,
    Preconditions, WritePolicy,
};

use crate::support::{self, Answer, Counter, Handler, Record};

const V7: EntityTag = EntityTag::from_static("\"7\"");

/// Only the user called "reader" may read.
struct Reader;

impl<S: Send + Sync> FromRequestParts<S> for Reader {
    type Rejection = StatusCode;

    async fn from_request_parts(head: &mut Parts, _: &S) -> Result<Self, StatusCode> {
        match head.headers.get("x-user").map(|user| user.as_bytes()) {
            Some(b"reader") => Ok(Self),
            _ => Err(StatusCode::FORBIDDEN),
        }
    }
}

async fn read(_: Reader) -> impl IntoResponse {
    (
        [("etag", "\"7\""), ("content-type", "text/plain")],
        "the current text",
    )
}

/// A note whose PUT loses its own race when asked to.
async fn save(headers: HeaderMap, checked: Checked) -> Result<(), PreconditionFailed> {
    if headers.contains_key("x-lose") {
        return Err(checked.lost());
    }
    Ok(())
}

fn notes() -> Router {
    let route = || Router::new().route("/notes/1", get(read).put(save));
    let layer = ConditionalLayer::new(Fixed::new(V7)).recover_with(route());
    route().layer(layer)
}

async fn put(fields: &[(&str, &str)]) -> Answer {
    call(notes(), "PUT", "/notes/1", fields).await
}

async fn call(router: Router, method: &str, target: &str, fields: &[(&str, &str)]) -> Answer {
    let request = support::request_with(method, target, fields, Body::from("mine"));
    let response = router
        .oneshot(request)
        .await
        .unwrap_or_else(|never: Infallible| match never {});
    support::read(response).await
}

const STALE: (&str, &str) = ("if-match", "\"6\"");
const READER: (&str, &str) = ("x-user", "reader");
const PREFER: (&str, &str) = ("prefer", "respond-async, return=representation; foo=bar");

#[tokio::test]
async fn a_412_carries_the_current_representation_on_request() {
    let answer = put(&[STALE, READER, PREFER]).await;
    assert_eq!(answer.status, 412);
    assert_eq!(answer.body, "the current text");
    assert_eq!(answer.field("etag"), Some("\"7\""));
    assert_eq!(answer.field("content-type"), Some("text/plain"));
    assert_eq!(answer.field("content-location"), Some("/notes/1"));
    assert_eq!(
        answer.field("preference-applied"),
        Some("return=representation")
    );
    assert_eq!(answer.field("vary"), Some("prefer"));
    assert_eq!(answer.field("cache-control"), Some("no-store"));
}

/// RFC 9110, section 8.7: Content-Location names the resource that the content is a representation of. Inside `nest`
/// the layer sees a shortened path, and that names another one.
#[tokio::test]
async fn the_content_location_under_nest_is_the_target_as_it_was_sent() {
    let router = Router::new().nest("/v1", notes());
    let answer = call(router, "PUT", "/v1/notes/1?full", &[STALE, READER, PREFER]).await;
    assert_eq!(
        (answer.status, &answer.body[..]),
        (412, &b"the current text"[..])
    );
    assert_eq!(answer.field("content-location"), Some("/v1/notes/1?full"));
}

/// Where nothing says what the client asked for, no Content-Location is made up; the reader's own stays.
#[test]
fn no_content_location_is_made_up() {
    let own = [("etag", "\"7\""), ("content-location", "/notes/1.txt")];
    for (given, expected) in [(&own[..1], None), (&own, Some("/notes/1.txt"))] {
        let reader = Handler::answering(200, given, "current");
        let layer = ConditionalLayer::new(Fixed::new(V7)).recover_with(reader);
        let handler = Handler::answering(204, &[], "");
        let put = support::request("PUT", &[STALE, PREFER]);
        let answer = support::send(&layer, handler, put);
        assert_eq!((answer.status, &answer.body[..]), (412, &b"current"[..]));
        assert_eq!(answer.field("content-location"), expected);
    }
}

/// The role "writer" may save notes and not read them; that is decided outside of the conditional layer.
async fn authorise(request: axum::extract::Request, next: Next) -> Response<Body> {
    let may_read = request
        .headers()
        .get("x-user")
        .is_some_and(|user| user == "reader");
    if request.method() == http::Method::GET && !may_read {
        return StatusCode::FORBIDDEN.into_response();
    }
    next.run(request).await
}

/// A reader that has the authorisation of a GET shows a caller nothing that a GET does not. One without it does: the
/// layer cannot know what was decided outside of it.
#[tokio::test]
async fn the_reader_has_to_contain_the_authorisation_of_a_get() {
    async fn read() -> impl IntoResponse {
        ([("etag", "\"7\"")], "the current text")
    }
    let notes = || Router::new().route("/notes/1", get(read).put(save));
    let authorised = |router: Router| router.layer(from_fn(authorise));
    let app = |reader: Router| {
        let layer = ConditionalLayer::new(Fixed::new(V7)).recover_with(reader);
        authorised(notes().layer(layer))
    };
    let with_authorisation = app(authorised(notes()));
    let writer = ("x-user", "writer");
    let put = [STALE, PREFER];
    for (user, status, shows) in [(READER, 200, true), (writer, 403, false)] {
        let answer = call(with_authorisation.clone(), "GET", "/notes/1", &[user]).await;
        assert_eq!(answer.status, status, "GET by {user:?}");
        let fields = [put[0], put[1], user];
        let answer = call(with_authorisation.clone(), "PUT", "/notes/1", &fields).await;
        assert_eq!(answer.status, 412, "{user:?}");
        assert_eq!(answer.body == "the current text", shows, "{user:?}");
        assert_eq!(answer.field("etag").is_some(), shows, "{user:?}");
        assert_eq!(answer.field("preference-applied").is_some(), shows);
        assert_eq!(answer.field("content-location").is_some(), shows);
    }
    let without = app(notes());
    let answer = call(without, "PUT", "/notes/1", &[put[0], put[1], writer]).await;
    assert_eq!(answer.body, "the current text");
}

#[tokio::test]
async fn a_failed_compare_and_swap_recovers_in_the_same_way() {
    let current = ("if-match", "\"7\"");
    let lost = put(&[current, READER, PREFER, ("x-lose", "1")]).await;
    let refused = put(&[STALE, READER, PREFER]).await;
    assert_eq!((lost.status, &lost.body), (412, &refused.body));
    assert_eq!(lost.headers, refused.headers);
}

/// The layer with the reader answers for the handler that lost. A layer around it sees a 412 like any other, whether or not
/// the client asked for the representation.
#[tokio::test]
async fn an_outer_layer_does_not_refuse_once_more() {
    for prefer in [&[][..], &[PREFER]] {
        let record = Record::default();
        let outer = ConditionalLayer::new(FromResponse)
            .observe(record.hook())
            .refuse_with(|_| Response::new("refused by the outer layer".into()));
        let fields = [&[("if-match", "\"7\""), READER, ("x-lose", "1")], prefer].concat();
        let answer = call(notes().layer(outer), "PUT", "/notes/1", &fields).await;
        assert_eq!(answer.status, 412, "{prefer:?}");
        assert_ne!(answer.body, "refused by the outer layer", "{prefer:?}");
        assert!(record.take_all().is_empty(), "{prefer:?}");
    }
}

/// Only a 412 is answered with the representation. A handler that refuses a malformed field answers 400.
#[tokio::test]
async fn a_refusal_of_the_handler_with_another_status_stays() {
    let malformed = async |headers: HeaderMap| {
        let failed = Preconditions::parse(&Method::PUT, &headers, HttpDate::UNIX_EPOCH).check(V7);
        failed.map(|()| StatusCode::NO_CONTENT)
    };
    let route = || Router::new().route("/notes/1", get(read).put(malformed));
    let layer = ConditionalLayer::new(Fixed::new(Current::Delegated)).recover_with(route());
    let fields = [("if-match", "unquoted"), READER, PREFER];
    let answer = call(route().layer(layer), "PUT", "/notes/1", &fields).await;
    assert_eq!(answer.status, 400);
    assert_eq!(answer.problem("reason"), "malformed");
}

#[tokio::test]
async fn never_for_a_caller_who_may_not_read_it() {
    for user in [("x-user", "writer"), ("x-other", "reader")] {
        let answer = put(&[STALE, user, PREFER]).await;
        assert_eq!(answer.status, 412);
        assert_eq!(answer.field("etag"), None);
        assert_eq!(answer.field("preference-applied"), None);
        assert_eq!(
            answer.field("content-type"),
            Some("application/problem+json")
        );
        assert_eq!(answer.field("vary"), Some("prefer"));
    }
}

/// RFC 7240, section 2: what depends on Prefer says so, also where the request had none.
#[tokio::test]
async fn without_the_preference_a_plain_412_that_varies() {
    let others = [
        ("prefer", "return=minimal"),
        ("prefer", "return=representations"),
        ("prefer", "xreturn=representation"),
        ("accept", "*/*"),
    ];
    for other in others {
        let answer = put(&[STALE, READER, other]).await;
        assert_eq!(answer.status, 412);
        assert_eq!(
            answer.field("content-type"),
            Some("application/problem+json"),
            "{other:?}"
        );
        assert_eq!(answer.field("vary"), Some("prefer"));
    }
}

#[tokio::test]
async fn a_write_that_passes_is_left_alone() {
    let answer = put(&[("if-match", "\"7\""), READER, PREFER]).await;
    assert_eq!((answer.status, answer.field("vary")), (200, None));
}

#[test]
fn the_reader_gets_the_callers_fields_and_not_the_writes() {
    let reader = Handler::new(|head| {
        assert_eq!(head.method, "GET");
        assert!(head.extensions.get::<Probe>().is_some());
        support::response(200, &[("etag", "\"7\"")], "current")
    });
    let seen = reader.clone();
    let layer = ConditionalLayer::new(Fixed::new(V7)).recover_with(reader);
    let handler = Handler::answering(204, &[], "");
    let given = [
        STALE,
        READER,
        PREFER,
        ("content-type", "text/plain"),
        ("range", "bytes=0-1"),
    ];
    let answer = support::send(&layer, handler.clone(), support::request("PUT", &given));
    assert_eq!((answer.status, handler.calls()), (412, 0));
    let fields = seen.seen_fields();
    assert_eq!(fields.get("x-user").unwrap(), "reader");
    for gone in ["if-match", "content-type", "range"] {
        assert!(!fields.contains_key(gone), "{gone}");
    }
}

mod already_applied {
    use super::*;

    /// A hook that knows the attempt called "a", and counts how often it is asked.
    fn policy(asked: Counter, status: u16) -> WritePolicy {
        WritePolicy::optional().answer_if_applied(move |head, _| {
            asked.count();
            let known = head
                .headers
                .get("idempotency-key")
                .is_some_and(|key| key == "a");
            async move {
                let answer = Response::builder().status(status).body("as the first time");
                answer.ok().filter(|_| known)
            }
        })
    }

    #[track_caller]
    fn answer(status: u16, given: &[(&str, &str)]) -> (u16, usize, Vec<Outcome>) {
        let asked = Counter::default();
        let record = Record::default();
        let layer = ConditionalLayer::new(Fixed::new(V7))
            .writes(policy(asked.clone(), status))
            .observe(record.hook());
        let handler = Handler::answering(204, &[], "");
        let answer = support::send(&layer, handler, support::request("PUT", given));
        (answer.status, asked.get(), record.take_decisions())
    }

    #[test]
    fn the_answer_of_the_first_attempt_instead_of_a_412() {
        let retry = [STALE, ("idempotency-key", "a")];
        assert_eq!(answer(200, &retry), (200, 1, vec![Outcome::AlreadyApplied]));
        let other = [STALE, ("idempotency-key", "b")];
        assert_eq!(answer(200, &other), (412, 1, vec![Outcome::Refused]));
    }

    #[test]
    fn only_a_2xx_counts() {
        let retry = [STALE, ("idempotency-key", "a")];
        assert_eq!(answer(409, &retry).0, 412);
    }

    /// Section 13.1.2 does not allow it.
    #[test]
    fn not_for_if_none_match_nor_for_other_refusals() {
        for fields in [("if-none-match", "*"), ("if-match", "unquoted")] {
            let (status, asked, _) = answer(200, &[fields, ("idempotency-key", "a")]);
            assert!(matches!(status, 400 | 412), "{fields:?}");
            assert_eq!(asked, 0, "{fields:?}");
        }
    }

    #[test]
    fn not_where_the_precondition_holds() {
        let given = [("if-match", "\"7\""), ("idempotency-key", "a")];
        assert_eq!(answer(200, &given), (204, 0, vec![Outcome::Proceeded]));
    }
}
