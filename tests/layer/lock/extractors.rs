//! A source made of extractors: a rejection of the handler's own extractors comes ahead of every answer that depends on
//! preconditions (section 13.2.1).

use std::collections::HashSet;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{FromRequestParts, Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::StatusCode;
use http::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use http::request::Parts;
use test_support::figure;
use tower::ServiceExt;
use tower_conditional::extract::extractor_source;
use tower_conditional::{ConditionalLayer, EntityTag, SourceError, WritePolicy};

use crate::support::{Answer, Counter, Driven, request_to};

/// The caller: unknown (401), without rights (403), without knowledge that the notes exist (404), or the owner.
struct AuthUser;

enum Stranger {
    Anonymous,
    Forbidden,
    Hidden,
}

impl IntoResponse for Stranger {
    fn into_response(self) -> Response {
        match self {
            Self::Anonymous => {
                let challenge = [(WWW_AUTHENTICATE, "Bearer")];
                (StatusCode::UNAUTHORIZED, challenge, "who are you?").into_response()
            }
            Self::Forbidden => (StatusCode::FORBIDDEN, "not yours").into_response(),
            Self::Hidden => (StatusCode::NOT_FOUND, "no such note").into_response(),
        }
    }
}

impl<S: Sync> FromRequestParts<S> for AuthUser {
    type Rejection = Stranger;

    async fn from_request_parts(head: &mut Parts, _: &S) -> Result<Self, Stranger> {
        match head
            .headers
            .get(AUTHORIZATION)
            .map(|value| value.as_bytes())
        {
            Some(b"owner") => Ok(Self),
            Some(b"colleague") => Err(Stranger::Forbidden),
            Some(b"tenant") => Err(Stranger::Hidden),
            _ => Err(Stranger::Anonymous),
        }
    }
}

#[derive(Clone)]
struct Notes {
    ids: Arc<HashSet<i64>>,
    calls: Counter,
}

fn id(_: AuthUser, Path(id): Path<i64>) -> i64 {
    id
}

async fn version(id: i64, notes: Notes) -> Result<Option<EntityTag>, SourceError> {
    let version = notes.ids.contains(&id).then_some(7);
    Ok(version.map(EntityTag::from_version))
}

async fn handler(_: AuthUser, Path(_): Path<i64>, State(notes): State<Notes>) -> StatusCode {
    notes.calls.count();
    StatusCode::NO_CONTENT
}

fn router(policy: WritePolicy) -> (Router, Notes) {
    let notes = Notes {
        ids: Arc::new(HashSet::from([1])),
        calls: Counter::default(),
    };
    let source = extractor_source(notes.clone(), id, version);
    let layer = ConditionalLayer::new(source).writes(policy);
    let route = get(handler)
        .put(handler)
        .patch(handler)
        .delete(handler)
        .post(handler)
        .route_layer(layer);
    let router = Router::new()
        .route("/notes/{id}", route)
        .with_state(notes.clone());
    (router, notes)
}

#[track_caller]
fn call(router: &Router, method: &str, path: &str, fields: &[(&str, &str)]) -> Answer {
    let response = Driven::new(
        router
            .clone()
            .oneshot(request_to::<Body>(method, path, fields)),
    )
    .ready();
    Answer::of(response.unwrap())
}

const PRECONDITIONS: [&[(&str, &str)]; 9] = [
    &[],
    &[("if-match", "\"7\"")],
    &[("if-match", "\"0\"")],
    &[("if-match", "*")],
    &[("if-match", "malformed")],
    &[("if-none-match", "\"7\"")],
    &[("if-none-match", "*")],
    &[("if-none-match", "malformed")],
    &[("if-unmodified-since", "Wed, 01 Jan 2025 00:00:00 GMT")],
];

const METHODS: [&str; 6] = ["GET", "HEAD", "PUT", "PATCH", "DELETE", "POST"];

/// Whatever a stranger asks, and whether or not the target exists, the answer is the one of the authentication.
#[test]
fn strangers_learn_nothing() {
    let strangers = [("nobody", 401), ("colleague", 403), ("tenant", 404)];
    for policy in [WritePolicy::optional, WritePolicy::required] {
        let (router, notes) = router(policy());
        for (stranger, status) in strangers {
            for method in METHODS {
                let plain = call(&router, method, "/notes/1", &[("authorization", stranger)]);
                assert_eq!(plain.status, status, "{stranger} {method}");
                for preconditions in PRECONDITIONS {
                    let mut fields = preconditions.to_vec();
                    fields.push(("authorization", stranger));
                    let row = format!("{stranger} {method} {preconditions:?}");
                    let existing = call(&router, method, "/notes/1", &fields);
                    let absent = call(&router, method, "/notes/2", &fields);
                    assert_eq!(existing, plain, "{row}");
                    assert_eq!(absent, plain, "{row}");
                }
            }
        }
        assert_eq!(notes.calls.get(), 0, "a handler ran");
    }
}

/// A rejection keeps its fields and its text; a HEAD has none.
#[test]
fn the_rejection_is_the_answer() {
    let (router, _) = router(WritePolicy::required());
    for (method, text) in [
        ("GET", "who are you?"),
        ("PUT", "who are you?"),
        ("HEAD", ""),
    ] {
        let answer = call(&router, method, "/notes/1", &[]);
        assert_eq!(answer.status, 401);
        assert_eq!(answer.field("www-authenticate"), Some("Bearer"));
        assert_eq!(answer.body, text, "{method}");
    }
}

/// A path that is no number is 400, ahead of 428, 412 and 304.
#[test]
fn a_path_that_does_not_parse() {
    let (router, notes) = router(WritePolicy::required());
    for method in METHODS {
        for preconditions in PRECONDITIONS {
            let mut fields = preconditions.to_vec();
            fields.push(("authorization", "owner"));
            let answer = call(&router, method, "/notes/seven", &fields);
            assert_eq!(answer.status, 400, "{method} {preconditions:?}");
            // The extractors run in the order in which the function names them.
            let stranger = call(&router, method, "/notes/seven", preconditions);
            assert_eq!(stranger.status, 401, "{method} {preconditions:?}");
        }
    }
    assert_eq!(notes.calls.get(), 0);
}

/// For the owner, the routes answer as they would without authentication.
#[test]
fn the_owner_gets_the_outcome_of_the_evaluation() {
    let (router, notes) = router(WritePolicy::required());
    let rows = [
        ("PUT", "/notes/1", &[][..], 428),
        ("PUT", "/notes/1", &[("if-match", "\"0\"")], 412),
        ("PUT", "/notes/1", &[("if-match", "7")], 400),
        ("PUT", "/notes/1", &[("if-match", "\"7\"")], 204),
        ("PUT", "/notes/2", &[("if-match", "\"7\"")], 412),
        ("PUT", "/notes/2", &[("if-none-match", "*")], 204),
        ("GET", "/notes/1", &[("if-none-match", "\"7\"")], 304),
        ("GET", "/notes/1", &[], 204),
    ];
    let mut ran = 0;
    for (method, path, preconditions, status) in rows {
        let mut fields = preconditions.to_vec();
        fields.push(("authorization", "owner"));
        let answer = call(&router, method, path, &fields);
        assert_eq!(answer.status, status, "{method} {path} {preconditions:?}");
        ran += usize::from(status == 204);
    }
    assert_eq!(notes.calls.get(), ran);
}

/// Who asks, found out once for each request.
#[derive(Clone)]
struct Session;

impl FromRequestParts<Counter> for Session {
    type Rejection = StatusCode;

    async fn from_request_parts(head: &mut Parts, lookups: &Counter) -> Result<Self, StatusCode> {
        if let Some(known) = head.extensions.get::<Self>() {
            return Ok(known.clone());
        }
        lookups.count();
        head.extensions.insert(Self);
        Ok(Self)
    }
}

/// The source and the handler extract from the same head: what the one has cached, the other finds.
#[test]
fn extractor_that_caches_looks_up_once() {
    let lookups = Counter::default();
    let identify = |_: Session, Path(id): Path<i64>| id;
    let look_up = async |_, _| Ok::<_, SourceError>(EntityTag::from_version(7));
    let source = extractor_source(lookups.clone(), identify, look_up);
    let layer = ConditionalLayer::new(source).writes(WritePolicy::required());
    let handler = async |_: Session| ();
    let route = get(handler).put(handler).route_layer(layer);
    let router = Router::new()
        .route("/notes/{id}", route)
        .with_state(lookups.clone());

    let rows = [
        ("GET", &[][..], 200),
        ("GET", &[("if-none-match", "\"6\"")], 200),
        ("GET", &[("if-none-match", "\"7\"")], 304),
        ("PUT", &[("if-match", "\"7\"")], 200),
        ("PUT", &[("if-match", "\"6\"")], 412),
        ("PUT", &[], 428),
    ];
    for (request, (method, fields, status)) in rows.into_iter().enumerate() {
        let answer = call(&router, method, "/notes/1", fields);
        assert_eq!(answer.status, status, "{method} {fields:?}");
        assert_eq!(lookups.get(), request + 1, "{method} {fields:?}");
    }
    let name = "runs of an authenticating extractor that caches, source and handler";
    figure(name, lookups.get() as f64 / 6.0, "for each request", 1);
}
