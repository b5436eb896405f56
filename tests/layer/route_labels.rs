//! The label of an event: one hook counts the requests of many routes.

use axum::body::Body;
use axum::extract::Path;
use axum::routing::get;
use axum::{Router, http::StatusCode};
use tower::{Layer, ServiceExt};
use tower_conditional::extract::extractor_source;
use tower_conditional::observe::Outcome;
use tower_conditional::{
    BodyHash, Checked, ConditionalLayer, Current, EntityTag, Found, PreconditionFailed,
    SourceError, ValidatorSource, source_fn,
};

use crate::support::{Record, request_to};

const SEVEN: EntityTag = EntityTag::from_static("\"7\"");

async fn load(_id: i64, (): ()) -> Result<Found, SourceError> {
    Ok(Found::version(7))
}

/// By the last segment; it need not wait.
fn by_path() -> impl ValidatorSource + Clone {
    let id = |head: &http::request::Parts| {
        let id = head.uri.path().rsplit('/').next()?;
        id.parse::<i64>().ok()
    };
    source_fn((), id, async |_, ()| Ok::<_, SourceError>(SEVEN))
}

/// By an extractor: it has to wait.
fn by_extractor() -> impl ValidatorSource + Clone {
    extractor_source((), |Path(id): Path<i64>| id, load)
}

async fn lose(checked: Checked) -> PreconditionFailed {
    checked.lost()
}

/// Answers as the path says.
fn notes() -> Router {
    Router::new()
        .route(
            "/notes/{id}",
            get(async || "a note").put(async || StatusCode::NO_CONTENT),
        )
        .route(
            "/lost/{id}",
            get(async || ([("etag", "\"8\"")], "newer")).put(lose),
        )
}

async fn labels(
    router: Router,
    record: &Record,
    method: &str,
    path: &str,
    fields: &[(&str, &str)],
) -> Vec<(Outcome, Option<String>)> {
    let Ok(_) = router
        .oneshot(request_to::<Body>(method, path, fields))
        .await;
    let records = record.take_all().into_iter();
    records
        .map(|event| (event.outcome, event.route().map(str::to_owned)))
        .collect()
}

/// The method, the first segment of the path, a field, and the events.
type Row = (
    &'static str,
    &'static str,
    (&'static str, &'static str),
    &'static [Outcome],
);

async fn assert_labels<V: ValidatorSource + Clone>(source: V) {
    use Outcome::{NotModified, Proceeded, Refused};
    let record = Record::default();
    let layer = ConditionalLayer::new(source).observe(record.hook());
    let router = Router::new().nest("/api", notes().layer(layer));
    let (seven, six) = ("\"7\"", "\"6\"");
    let table: [Row; 7] = [
        ("GET", "notes", ("if-none-match", seven), &[NotModified]),
        ("GET", "notes", ("if-none-match", six), &[Proceeded]),
        ("GET", "lost", ("if-match", seven), &[Proceeded, Refused]),
        ("PUT", "notes", ("if-match", seven), &[Proceeded]),
        ("PUT", "notes", ("if-match", six), &[Refused]),
        ("PUT", "lost", ("if-match", seven), &[Refused]),
        ("PUT", "lost", ("x-none", ""), &[Refused]),
    ];
    for (method, first, field, expected) in table {
        let path = format!("/api/{first}/1");
        let label = Some(format!("/api/{first}/{{id}}"));
        let expected = Vec::from_iter(expected.iter().map(|&outcome| (outcome, label.clone())));
        let seen = labels(router.clone(), &record, method, &path, &[field]).await;
        assert_eq!(seen, expected, "{method} {path} {field:?}");
    }
}

#[tokio::test]
async fn events_have_the_route_that_axum_has_matched() {
    assert_labels(by_path()).await;
    assert_labels(by_extractor()).await;
    // It wins over the name: a kind may have many routes.
    assert_labels(by_extractor().named("notes")).await;
}

#[tokio::test]
async fn a_write_that_nobody_evaluates_has_it_too() {
    let record = Record::default();
    let layer = ConditionalLayer::new(BodyHash::strong()).observe(record.hook());
    let router = notes().layer(layer);
    let seen = labels(router, &record, "PUT", "/notes/1", &[("if-match", "\"7\"")]).await;
    let label = Some("/notes/{id}".to_owned());
    assert_eq!(seen, [(Outcome::Unevaluated, label)]);
}

/// A layer of another kind around the same handlers, outside of axum's routing.
async fn around_the_router(
    source: impl ValidatorSource,
    method: &str,
    path: &str,
    field: (&str, &str),
) -> Vec<(Outcome, Option<String>)> {
    let record = Record::default();
    let service = ConditionalLayer::new(source)
        .observe(record.hook())
        .layer(notes());
    let Ok(_) = service
        .oneshot(request_to::<Body>(method, path, &[field]))
        .await;
    let records = record.take_all().into_iter();
    records
        .map(|event| (event.outcome, event.route().map(str::to_owned)))
        .collect()
}

#[tokio::test]
async fn without_a_matched_route_they_have_the_kind_of_resource() {
    for (method, path, field, outcome) in [
        (
            "GET",
            "/notes/1",
            ("if-none-match", "\"7\""),
            Outcome::NotModified,
        ),
        (
            "GET",
            "/notes/1",
            ("if-none-match", "\"6\""),
            Outcome::Proceeded,
        ),
        ("PUT", "/notes/1", ("if-match", "\"6\""), Outcome::Refused),
        ("PUT", "/notes/1", ("if-match", "\"7\""), Outcome::Proceeded),
        ("PUT", "/lost/1", ("if-match", "\"7\""), Outcome::Refused),
    ] {
        let named = around_the_router(by_path().named("notes"), method, path, field).await;
        assert_eq!(
            named,
            [(outcome, Some("notes".to_owned()))],
            "{method} {path}"
        );
        let unnamed = around_the_router(by_path(), method, path, field).await;
        assert_eq!(unnamed, [(outcome, None)], "{method} {path}");
    }
}

/// In a chain it is the kind of the source that has identified the resource.
#[tokio::test]
async fn each_source_of_a_chain_has_its_own_kind() {
    let of = |prefix: &'static str| {
        let id = move |head: &http::request::Parts| {
            let id = head.uri.path().strip_prefix(prefix)?;
            id.parse::<i64>().ok()
        };
        source_fn((), id, async |_, ()| Ok::<_, SourceError>(SEVEN))
    };
    for (path, kind) in [
        ("/notes/1", Some("note")),
        ("/lost/1", Some("lost")),
        ("/other", None),
    ] {
        let source = of("/notes/").named("note").or(of("/lost/").named("lost"));
        let field = ("if-match", "\"6\"");
        let seen = around_the_router(source, "PUT", path, field).await;
        assert_eq!(
            seen,
            [(Outcome::Refused, kind.map(str::to_owned))],
            "{path}"
        );
    }
}

/// A failed source is reported under the route, whether it fails before or after it knows the resource.
#[tokio::test]
async fn a_failed_source_is_counted_under_its_route() {
    let failing = source_fn(
        (),
        |_: &http::request::Parts| Some(1_i64),
        async |_, ()| Err::<Current, _>(SourceError::failed("the database is on fire")),
    );
    for (method, outcome) in [("GET", Outcome::SourceFailed), ("PUT", Outcome::Refused)] {
        let field = ("if-match", "\"7\"");
        let seen =
            around_the_router(failing.clone().named("notes"), method, "/notes/1", field).await;
        assert_eq!(seen, [(outcome, Some("notes".to_owned()))], "{method}");
    }
}
