//! A router over the notes for each kind of source, as a user would write it.

use std::convert::Infallible;

use axum::extract::{FromRef, FromRequestParts, Path, State};
use axum::response::ErrorResponse;
use axum::routing::get;
use axum::{Extension, Router};
use http::header::ETAG;
use http::request::Parts;
use http::{HeaderMap, HeaderName, Method, StatusCode};
use tower_conditional::extract::{RequestPreconditions, extractor_source};
use tower_conditional::handler::EvaluatedByHandler;
use tower_conditional::source::{Beside, InMemoryVersions};
use tower_conditional::{
    BodyHash, Checked, ConditionalLayer, Current, EntityTag, Found, FromResponse, Loaded,
    ValidatorSource, WritePolicy, source_fn,
};

use crate::database::Database;

/// What the layer evaluates.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Evaluates {
    Nothing,
    Reads,
    ReadsAndWrites,
    /// The handler evaluates writes, in a transaction in place of the lock.
    ReadsAndWritesWithoutLock,
}

pub(crate) struct Source {
    pub(crate) name: &'static str,
    pub(crate) evaluates: Evaluates,
    pub(crate) router: fn(&Database) -> Router,
}

pub(crate) const SOURCES: [Source; 13] = [
    Source {
        name: "no layer",
        evaluates: Evaluates::Nothing,
        router: |db| {
            let route = get(read_row).put(overwrite);
            Router::new().route(PATH, route).with_state(db.clone())
        },
    },
    Source {
        name: "`extractor_source` that loads the row",
        evaluates: Evaluates::ReadsAndWrites,
        router: |db| {
            let source = extractor_source(db.clone(), |Path(id): Path<i64>| id, load);
            loading(db, source)
        },
    },
    Source {
        name: "`extractor_source` that loads the row, an extractor that caches",
        evaluates: Evaluates::ReadsAndWrites,
        router: |db| {
            let identify = |_: CachedSession, Path(id): Path<i64>| id;
            let read = async |_: CachedSession, row: Loaded<String>| read_loaded(row).await;
            let route = get(read).put(save::<CachedSession>);
            let source = extractor_source(db.clone(), identify, load);
            guarded(db, route.route_layer(required(source)))
        },
    },
    Source {
        name: "`extractor_source` that loads the row, an extractor that does not cache",
        evaluates: Evaluates::ReadsAndWrites,
        router: |db| {
            let identify = |_: Session, Path(id): Path<i64>| id;
            let read = async |_: Session, row: Loaded<String>| read_loaded(row).await;
            let route = get(read).put(save::<Session>);
            let source = extractor_source(db.clone(), identify, load);
            guarded(db, route.route_layer(required(source)))
        },
    },
    Source {
        name: "`source_fn` that loads the row",
        evaluates: Evaluates::ReadsAndWrites,
        router: |db| loading(db, source_fn(db.clone(), id_of, load)),
    },
    Source {
        name: "the same, boxed, named and first of a chain",
        evaluates: Evaluates::ReadsAndWrites,
        router: |db| {
            let source = source_fn(db.clone(), id_of, load).named("notes").boxed();
            loading(db, source.or(BodyHash::strong()))
        },
    },
    Source {
        name: "one that looks up the version alone",
        evaluates: Evaluates::ReadsAndWrites,
        router: |db| {
            let source = source_fn(db.clone(), id_of, version);
            let route = get(read_row).put(save::<()>);
            guarded(db, route.route_layer(required(source)))
        },
    },
    Source {
        name: "the same, and `trust_handler_version`",
        evaluates: Evaluates::ReadsAndWrites,
        router: |db| {
            let source = source_fn(db.clone(), id_of, version);
            let layer = required(source).trust_handler_version();
            let route = get(read_tagged_row).put(save::<()>);
            guarded(db, route.route_layer(layer))
        },
    },
    Source {
        name: "`InMemoryVersions`: known without a query",
        evaluates: Evaluates::ReadsAndWrites,
        router: |db| {
            let versions = InMemoryVersions::new();
            versions.changed("/notes/1");
            let layer = required(versions.clone());
            let route = get(read_row).put(overwrite_and_tell).route_layer(layer);
            guarded(db, route.layer(Extension(versions)))
        },
    },
    Source {
        name: "`Delegated` writes, evaluated in the handler's transaction",
        evaluates: Evaluates::ReadsAndWritesWithoutLock,
        router: |db| {
            let identify = |head: &Parts| Some((id_of(head)?, Beside(head.method.clone())));
            let source = source_fn(db.clone(), identify, load_for_reads);
            let route = get(read_loaded).put(save_in_transaction);
            guarded(db, route.route_layer(ConditionalLayer::new(source)))
        },
    },
    Source {
        name: "`BodyHash`, probed",
        evaluates: Evaluates::ReadsAndWrites,
        router: |db| {
            let reader = Router::new().route(PATH, get(read_row));
            let reader: Router = reader.with_state(db.clone());
            let source = BodyHash::strong().probe_with(reader);
            let route = get(read_row).put(overwrite);
            guarded(db, route.route_layer(required(source)))
        },
    },
    Source {
        name: "`BodyHash`",
        evaluates: Evaluates::Reads,
        router: |db| {
            let layer = ConditionalLayer::new(BodyHash::strong());
            guarded(db, get(read_row).put(overwrite).route_layer(layer))
        },
    },
    Source {
        name: "`FromResponse`: the handler sets the tag",
        evaluates: Evaluates::Reads,
        router: |db| {
            let layer = ConditionalLayer::new(FromResponse);
            guarded(db, get(read_tagged_row).put(overwrite).route_layer(layer))
        },
    },
];

const PATH: &str = "/notes/{id}";

/// Ends the request only when the database is told to, after it has written.
pub(crate) const HOLD: &str = "x-hold";

type MethodRouter = axum::routing::MethodRouter<Database>;

fn guarded(db: &Database, route: MethodRouter) -> Router {
    Router::new().route(PATH, route).with_state(db.clone())
}

fn loading<V: ValidatorSource>(db: &Database, source: V) -> Router {
    let route = get(read_loaded).put(save::<()>);
    guarded(db, route.route_layer(required(source)))
}

fn required<V: ValidatorSource>(source: V) -> ConditionalLayer<V> {
    ConditionalLayer::new(source).writes(WritePolicy::required())
}

fn id_of(head: &Parts) -> Option<i64> {
    head.uri.path().strip_prefix("/notes/")?.parse().ok()
}

async fn load(id: i64, db: Database) -> Result<Option<Found>, Infallible> {
    let note = db.note(id);
    Ok(note.map(|(version, text)| Found::version(version).with(text)))
}

async fn load_for_reads(
    (id, Beside(method)): (i64, Beside<Method>),
    db: Database,
) -> Result<Found, Infallible> {
    if method == Method::PUT {
        return Ok(Current::Delegated.into());
    }
    let note = load(id, db).await?;
    Ok(note.unwrap_or_else(Found::absent))
}

async fn version(id: i64, db: Database) -> Result<Option<EntityTag>, Infallible> {
    Ok(db.version(id).map(EntityTag::from_version))
}

async fn read_loaded(text: Loaded<String>) -> String {
    text.into_inner()
}

async fn read_row(Path(id): Path<i64>, State(db): State<Database>) -> Result<String, StatusCode> {
    let (_, text) = db.note(id).ok_or(StatusCode::NOT_FOUND)?;
    Ok(text)
}

async fn read_tagged_row(
    Path(id): Path<i64>,
    State(db): State<Database>,
) -> Result<([(HeaderName, EntityTag); 1], String), StatusCode> {
    let (version, text) = db.note(id).ok_or(StatusCode::NOT_FOUND)?;
    Ok(([(ETAG, EntityTag::from_version(version))], text))
}

async fn save<E>(
    _: E,
    Path(id): Path<i64>,
    State(db): State<Database>,
    checked: Checked,
    fields: HeaderMap,
    text: String,
) -> Result<StatusCode, ErrorResponse>
where
    E: FromRequestParts<Database> + Send + 'static,
{
    let seen = checked.version();
    if !db.swap(id, seen, &text) {
        return Err(checked.lost().into());
    }
    hold(&db, &fields).await;
    Ok(written(seen.is_none()))
}

async fn overwrite(
    Path(id): Path<i64>,
    State(db): State<Database>,
    fields: HeaderMap,
    text: String,
) -> StatusCode {
    let is_new = db.write(id, &text);
    hold(&db, &fields).await;
    written(is_new)
}

async fn overwrite_and_tell(
    Path(id): Path<i64>,
    Extension(versions): Extension<InMemoryVersions>,
    db: State<Database>,
    fields: HeaderMap,
    text: String,
) -> StatusCode {
    let status = overwrite(Path(id), db, fields, text).await;
    versions.changed(format!("/notes/{id}"));
    status
}

/// The transaction is the swap: it fails if another request has written since the version was read.
async fn save_in_transaction(
    Path(id): Path<i64>,
    State(db): State<Database>,
    preconditions: RequestPreconditions,
    fields: HeaderMap,
    text: String,
) -> Result<(EvaluatedByHandler, StatusCode), ErrorResponse> {
    preconditions.require()?;
    let seen = db.version(id);
    let current = seen.map(EntityTag::from_version);
    preconditions.check(current.map_or_else(Current::absent, Current::from))?;
    if !db.swap(id, seen, &text) {
        return Err(StatusCode::CONFLICT.into());
    }
    hold(&db, &fields).await;
    Ok((EvaluatedByHandler, written(seen.is_none())))
}

async fn hold(db: &Database, fields: &HeaderMap) {
    if fields.contains_key(HOLD) {
        db.held().await;
    }
}

const fn written(is_new: bool) -> StatusCode {
    if is_new {
        StatusCode::CREATED
    } else {
        StatusCode::NO_CONTENT
    }
}

/// Authenticates, each time that it is extracted.
struct Session;

impl<S: Send + Sync> FromRequestParts<S> for Session
where
    Database: FromRef<S>,
{
    type Rejection = StatusCode;

    async fn from_request_parts(_: &mut Parts, state: &S) -> Result<Self, StatusCode> {
        let user = Database::from_ref(state).session();
        user.map(|_| Self).ok_or(StatusCode::UNAUTHORIZED)
    }
}

/// Authenticates once for each request.
#[derive(Clone)]
struct CachedSession;

impl<S: Send + Sync> FromRequestParts<S> for CachedSession
where
    Database: FromRef<S>,
{
    type Rejection = StatusCode;

    async fn from_request_parts(head: &mut Parts, state: &S) -> Result<Self, StatusCode> {
        if let Some(session) = head.extensions.get::<Self>() {
            return Ok(session.clone());
        }
        Session::from_request_parts(head, state).await?;
        head.extensions.insert(Self);
        Ok(Self)
    }
}
