//! The kit finds nothing in services with our layer inside, whichever way it is used.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::header::{CACHE_CONTROL, ETAG, LAST_MODIFIED, VARY};
use http::{HeaderName, HeaderValue, Request, StatusCode};
use tower::{Layer, ServiceExt};
use tower_conditional::content_coding::ContentCodingLayer;
use tower_conditional::source::{Fixed, InMemoryVersions};
use tower_conditional::{
    BodyHash, ConditionalLayer, EntityTag, FromResponse, HttpDate, Representation, WritePolicy,
};
use tower_conditional_testkit::{Content, Fixture, Replicas, Scratch, check, compare, hammer};

use super::{fixture, rules, scratch};

const T: HttpDate = HttpDate::UNIX_EPOCH;
const FIELDS: [(HeaderName, &str); 2] = [(CACHE_CONTROL, "no-cache"), (VARY, "accept")];

#[derive(Clone, Default)]
struct Notes {
    versions: InMemoryVersions,
    bodies: Arc<Mutex<HashMap<String, Bytes>>>,
}

impl Notes {
    fn with_one() -> Self {
        let notes = Self::default();
        notes.put("/notes/1", "a note".into());
        notes
    }

    fn put(&self, path: &str, body: Bytes) -> bool {
        let mut bodies = self.bodies.lock().unwrap();
        self.versions
            .changed_at(path, T.saturating_add_seconds(bodies.len() as i64));
        bodies.insert(path.to_owned(), body).is_none()
    }
}

fn path_of(id: &str) -> String {
    format!("/notes/{id}")
}

async fn read(State(notes): State<Notes>, Path(id): Path<String>) -> Response {
    match notes.bodies.lock().unwrap().get(&path_of(&id)) {
        Some(body) => (FIELDS, body.clone()).into_response(),
        None => (StatusCode::NOT_FOUND, "no such note").into_response(),
    }
}

/// Waits before it writes, so that without a lock all writers would win.
async fn save(State(notes): State<Notes>, Path(id): Path<String>, body: Bytes) -> StatusCode {
    tokio::task::yield_now().await;
    match notes.put(&path_of(&id), body) {
        true => StatusCode::CREATED,
        false => StatusCode::NO_CONTENT,
    }
}

async fn remove(State(notes): State<Notes>, Path(id): Path<String>) -> StatusCode {
    notes.versions.removed(&path_of(&id));
    match notes.bodies.lock().unwrap().remove(&path_of(&id)) {
        Some(_) => StatusCode::NO_CONTENT,
        None => StatusCode::NOT_FOUND,
    }
}

/// The outermost layer keeps axum's `content-length: 0` off a 304.
fn finished(router: Router) -> Router {
    router.layer(ContentCodingLayer::new().leave_tags())
}

fn looked_up(policy: WritePolicy) -> Router {
    looked_up_over(Notes::with_one(), policy)
}

fn looked_up_over(notes: Notes, policy: WritePolicy) -> Router {
    let fields = FIELDS.map(|(name, value)| (name, HeaderValue::from_static(value)));
    let layer = ConditionalLayer::new(notes.versions.clone())
        .writes(policy)
        .add_response_headers(fields);
    let methods = get(read).put(save).delete(remove).route_layer(layer);
    Router::new()
        .route("/notes/{id}", methods)
        .with_state(notes)
}

/// The layer around the router, and on the routes inside it.
fn hashed() -> [Router; 2] {
    let notes = Notes::with_one();
    let methods = get(read).put(save).delete(remove);
    let router = Router::new()
        .route("/notes/{id}", methods)
        .with_state(notes);
    let source = BodyHash::strong().probe_with(router.clone());
    let layer = ConditionalLayer::new(source);
    let around = Router::new().fallback_service(layer.layer(router.clone()));
    [around, router.route_layer(layer)]
}

fn response_only() -> Router {
    let tagged = async || {
        let date = T.to_header_value().unwrap();
        let fields = [
            (ETAG, HeaderValue::from_static("\"v1\"")),
            (LAST_MODIFIED, date),
        ];
        (fields, FIELDS, "a note")
    };
    let methods = get(tagged).route_layer(ConditionalLayer::new(FromResponse));
    Router::new().route("/notes/1", methods)
}

#[tokio::test]
async fn looked_up_before_the_handler() {
    for (name, policy) in [
        ("optional", WritePolicy::optional()),
        ("required", WritePolicy::required()),
        ("strictly required", WritePolicy::strictly_required()),
        (
            "malformed as failed",
            WritePolicy::required().treat_malformed_as_failed(),
        ),
    ] {
        let report = check(finished(looked_up(policy)), fixture()).await;
        assert!(report.is_clean(), "{name}: {report}");
        assert_eq!(
            report.not_checked(),
            ["If-Range: the resource does no ranges"]
        );
    }
}

#[tokio::test]
async fn evaluated_against_the_response() {
    let report = check(finished(response_only()), Fixture::at("/notes/1")).await;
    assert!(report.is_clean(), "{report}");
}

#[tokio::test]
async fn hashed_and_probed() {
    for router in hashed() {
        let report = check(finished(router), fixture()).await;
        assert!(report.is_clean(), "{report}");
    }
}

#[tokio::test]
async fn the_content_coding_layer_around_a_finished_router() {
    let service = ContentCodingLayer::new().layer(looked_up(WritePolicy::required()));
    let report = check(service, fixture()).await;
    assert!(report.is_clean(), "{report}");
}

/// The first run of the kit: nothing is found that the owner of the router cannot mend, because the finding says whose it is
/// and what to write.
#[tokio::test]
async fn what_axum_adds_is_said_to_be_axums_with_the_line_that_cures_it() {
    let fresh = || {
        let router = Router::new().route("/", get(async || "hello"));
        router.layer(ConditionalLayer::new(BodyHash::strong()))
    };
    let report = check(fresh(), Fixture::at("/")).await;
    let [finding] = report.findings() else {
        panic!("{report}");
    };
    assert_eq!(finding.rule(), "not-modified-length");
    for part in [
        "axum",
        "takes the content for empty",
        ".layer(tower_conditional::content_coding::ContentCodingLayer::new())",
    ] {
        assert!(finding.actual().contains(part), "{finding}");
    }
    assert_eq!(finding.actual().lines().count(), 1, "{finding}");

    for layer in [
        ContentCodingLayer::new(),
        ContentCodingLayer::new().leave_tags(),
    ] {
        let report = check(fresh().layer(layer), Fixture::at("/")).await;
        assert!(report.is_clean(), "{report}");
    }
}

#[tokio::test]
async fn one_of_many_writers_wins() {
    let [around, inside] = hashed();
    for router in [looked_up(WritePolicy::required()), around, inside] {
        for path in ["/notes/1", "/notes/new"] {
            let scratch = Scratch::put(path, "text/plain", str::to_owned);
            let hammered = hammer(router.clone(), scratch, 50).await;
            assert!(hammered.is_clean(), "{path}: {hammered}");
            assert_eq!(hammered.losers().len(), 49);
            assert_eq!(hammered.survivor(), Some(hammered.winners()[0]));
        }
    }
}

#[tokio::test]
async fn without_the_lock_updates_are_lost() {
    let router = looked_up(WritePolicy::optional().skip_lock());
    let hammered = hammer(router, scratch(), 8).await;
    assert_eq!(hammered.winners().len(), 8);
    assert!(!hammered.is_clean());
    assert!(hammered.to_string().starts_with("8 times 2xx"));
}

fn asking(name: HeaderName, value: &str) -> Request<bytes::Bytes> {
    Request::get("/")
        .header(name, value)
        .body(bytes::Bytes::new())
        .unwrap()
}

/// Two layers over one handler: one evaluates before it with what the source knows, one after it with what the handler set.
#[tokio::test]
async fn before_and_after_answer_alike() {
    let handler = tower::service_fn(async |_: Request<Content>| {
        let response = http::Response::builder()
            .header(ETAG, "\"v1\"")
            .header(CACHE_CONTROL, "no-cache")
            .header(VARY, "accept");
        response.body(Content::from(bytes::Bytes::from("a note")))
    });
    let requests = || {
        let values = ["\"v1\"", "\"x\"", "W/\"v1\"", "*", "", "\"x\", \"v1\""];
        let none_match = values.map(|value| asking(http::header::IF_NONE_MATCH, value));
        let matching = values.map(|value| asking(http::header::IF_MATCH, value));
        none_match.into_iter().chain(matching)
    };
    let after = ConditionalLayer::new(FromResponse).layer(handler.boxed_clone());
    let known = Representation::tagged(EntityTag::from_static("\"v1\""));
    let bare = ConditionalLayer::new(Fixed::new(known.clone())).layer(handler.boxed_clone());

    let report = compare(bare, after.clone(), requests()).await;
    assert_eq!(report.requests(), 12);
    let differences: Vec<_> = report.iter().map(|finding| finding.expected()).collect();
    assert_eq!(
        differences[..2],
        ["vary: accept", "cache-control: no-cache"]
    );
    assert_eq!(differences.len(), 2 * 4, "one pair for each 304: {report}");

    let stated = known
        .field(CACHE_CONTROL, HeaderValue::from_static("no-cache"))
        .field(VARY, HeaderValue::from_static("accept"));
    let before = ConditionalLayer::new(Fixed::new(stated)).layer(handler.boxed_clone());
    let report = compare(before, after, requests()).await;
    assert!(report.is_clean(), "{report}");
}

/// The handler writes without comparing the version. The lock hides that from races in one process.
#[tokio::test]
async fn two_replicas_show_a_write_that_does_not_compare() {
    let notes = Notes::with_one();
    let replica = || finished(looked_up_over(notes.clone(), WritePolicy::optional()));
    assert!(hammer(replica(), scratch(), 8).await.is_clean());

    let replicas = Replicas::new([replica(), replica()]);
    let hammered = hammer(replicas.clone(), scratch(), 8).await;
    assert_eq!(hammered.winners().len(), 2, "one of each: {hammered}");

    let report = check(replicas, fixture()).await;
    assert!(rules(&report).contains(&"lost-update"), "{report}");
}

#[test]
#[should_panic(expected = "one replica at least")]
fn no_replica_is_no_service() {
    let _ = Replicas::<Router>::new([]);
}
