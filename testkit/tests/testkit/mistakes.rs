//! Mistakes that services make around the layer, one small service each: what finds them, and what it says.
//!
//! The table in the guide (`guide::races`, "Mistakes, and what finds them") is this one.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get};
use axum::{Json, Router};
use http::header::{ACCEPT_ENCODING, ETAG, IF_MATCH};
use http::{HeaderValue, Request, StatusCode};
use tokio::task::{spawn_blocking, yield_now};
use tower::{ServiceExt, service_fn};
use tower_conditional::content_coding::ContentCodingLayer;
use tower_conditional::extract::extractor_source;
use tower_conditional::observe::Evaluation;
use tower_conditional::source::Fixed;
use tower_conditional::{
    BodyHash, Checked, ConditionalLayer, Current, EntityTag, Found, Loaded, PreconditionFailed,
    SourceError, ValidatorSource, WritePolicy, source_fn,
};
use tower_conditional_testkit::{Fixture, Report, Scratch, check};
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::SizeAbove;

use super::rules;

/// A table with the columns `id`, `version` and `text`. Versions never repeat, unless a mistake sees to it.
#[derive(Clone)]
struct Db(Arc<Table>);

struct Table {
    rows: Mutex<Rows>,
    /// A write was made, or one that was abandoned has landed.
    written: Condvar,
}

#[derive(Default)]
struct Rows {
    versions: u64,
    rows: HashMap<u64, Row>,
    writes: usize,
    late: usize,
}

#[derive(Clone)]
struct Row {
    version: u64,
    text: String,
}

impl Db {
    fn new() -> Self {
        let db = Self(Arc::new(Table {
            rows: Mutex::default(),
            written: Condvar::new(),
        }));
        db.write(1, "a note");
        db
    }

    fn rows(&self) -> MutexGuard<'_, Rows> {
        self.0.rows.lock().unwrap()
    }

    fn row(&self, id: u64) -> Option<Row> {
        self.rows().rows.get(&id).cloned()
    }

    /// `INSERT … ON CONFLICT UPDATE`
    fn write(&self, id: u64, text: &str) -> StatusCode {
        let mut rows = self.rows();
        rows.versions += 1;
        let version = rows.versions;
        rows.insert(id, version, text)
    }

    /// `UPDATE … WHERE version = ?`, or `INSERT … ON CONFLICT DO NOTHING`: whether a row has changed.
    fn swap(&self, id: u64, version: Option<u64>, text: &str) -> Option<StatusCode> {
        let is_current = self.row(id).map(|row| row.version) == version;
        is_current.then(|| self.write(id, text))
    }

    fn remove(&self, id: u64) -> StatusCode {
        match self.rows().rows.remove(&id) {
            Some(_) => StatusCode::NO_CONTENT,
            None => StatusCode::NOT_FOUND,
        }
    }
}

impl Rows {
    fn insert(&mut self, id: u64, version: u64, text: &str) -> StatusCode {
        self.writes += 1;
        let text = text.to_owned();
        match self.rows.insert(id, Row { version, text }) {
            Some(_) => StatusCode::NO_CONTENT,
            None => StatusCode::CREATED,
        }
    }
}

// What a right service is made of.

async fn load(id: u64, db: Db) -> Result<Option<Found>, SourceError> {
    let found = |row: Row| Found::version(row.version).with(row);
    Ok(db.row(id).map(found))
}

async fn version(id: u64, db: Db) -> Result<Option<EntityTag>, SourceError> {
    Ok(db.row(id).map(|row| EntityTag::from_version(row.version)))
}

async fn read_loaded(row: Loaded<Row>) -> String {
    row.into_inner().text
}

async fn read(State(db): State<Db>, Path(id): Path<u64>) -> Response {
    text_of(db.row(id))
}

fn text_of(row: Option<Row>) -> Response {
    match row {
        Some(row) => row.text.into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

async fn save(
    State(db): State<Db>,
    Path(id): Path<u64>,
    checked: Checked,
    text: String,
) -> Result<StatusCode, PreconditionFailed> {
    yield_now().await;
    db.swap(id, checked.version(), &text)
        .ok_or_else(|| checked.lost())
}

async fn remove(State(db): State<Db>, Path(id): Path<u64>) -> StatusCode {
    db.remove(id)
}

fn by_id(db: &Db) -> impl ValidatorSource + use<> {
    extractor_source(db.clone(), |Path(id): Path<u64>| id, load)
}

fn layer<V: ValidatorSource>(source: V) -> ConditionalLayer<V> {
    ConditionalLayer::new(source)
}

/// Without the outermost layer axum adds `Content-Length: 0` to a 304.
fn at_id(db: Db, methods: MethodRouter<Db>) -> Router {
    Router::new()
        .route("/notes/{id}", methods)
        .with_state(db)
        .layer(ContentCodingLayer::new().leave_tags())
}

fn right() -> Router {
    let db = Db::new();
    let layer = layer(by_id(&db));
    at_id(
        db,
        get(read_loaded).put(save).delete(remove).route_layer(layer),
    )
}

// Check and write.

/// The statement takes no part in the check: a request of another replica comes between.
async fn save_blindly(State(db): State<Db>, Path(id): Path<u64>, text: String) -> StatusCode {
    yield_now().await;
    db.write(id, &text)
}

fn blind() -> MethodRouter<Db> {
    get(read_loaded).put(save_blindly).delete(remove)
}

fn read_modify_write() -> Router {
    let db = Db::new();
    let unlocked = layer(by_id(&db)).writes(WritePolicy::optional().skip_lock());
    at_id(db, blind().route_layer(unlocked))
}

/// Each replica has a lock of its own, and requests reach them in turn.
fn replicas(methods: fn() -> MethodRouter<Db>) -> Router {
    let db = Db::new();
    let replica = || at_id(db.clone(), methods().route_layer(layer(by_id(&db))));
    let replicas = Arc::new([replica(), replica()]);
    let turn = Arc::new(AtomicUsize::new(0));
    Router::new().fallback_service(service_fn(move |request: Request<_>| {
        let turn = turn.fetch_add(1, Ordering::Relaxed) % 2;
        replicas[turn].clone().oneshot(request)
    }))
}

fn replicas_without_the_statement() -> Router {
    replicas(blind)
}

fn replicas_with_the_statement() -> Router {
    replicas(|| get(read_loaded).put(save).delete(remove))
}

fn spelled_key() -> Router {
    let db = Db::new();
    let load_by_path = async |path: String, db: Db| match id_in(&path) {
        Some(id) => load(id, db).await,
        None => Ok(None),
    };
    let source = source_fn(db.clone(), |head| head.uri.path().to_owned(), load_by_path);
    at_id(db, blind().route_layer(layer(source)))
}

/// Decodes what the router decodes, as far as these tests go.
fn id_in(path: &str) -> Option<u64> {
    match path.strip_prefix("/notes/")? {
        "%37" => Some(7),
        id => id.parse().ok(),
    }
}

/// The note 7 has the title "scratch".
fn id_of(title: &str) -> u64 {
    if title == "scratch" { 7 } else { 0 }
}

async fn save_by_title(
    State(db): State<Db>,
    Path(title): Path<String>,
    text: String,
) -> StatusCode {
    save_blindly(State(db), Path(id_of(&title)), text).await
}

fn two_routes<I: ValidatorSource, T: ValidatorSource>(db: Db, ids: I, titles: T) -> Router {
    let by_title = get(read_loaded).put(save_by_title);
    Router::new()
        .route("/notes/{id}", blind().route_layer(layer(ids)))
        .route("/titles/{title}", by_title.route_layer(layer(titles)))
        .with_state(db)
        .layer(ContentCodingLayer::new().leave_tags())
}

fn two_routes_by_their_own_keys() -> Router {
    let db = Db::new();
    let load_by_title = async |title: String, db: Db| load(id_of(&title), db).await;
    let titles = extractor_source(db.clone(), |Path(title): Path<String>| title, load_by_title);
    two_routes(db.clone(), by_id(&db), titles)
}

fn two_routes_of_one_kind() -> Router {
    let db = Db::new();
    let identify = |Path(title): Path<String>| id_of(&title);
    let titles = extractor_source(db.clone(), identify, load);
    two_routes(db.clone(), by_id(&db).named("notes"), titles.named("notes"))
}

fn delete_outside_of_the_layer() -> Router {
    let db = Db::new();
    let guarded = get(read_loaded).put(save).route_layer(layer(by_id(&db)));
    at_id(db, guarded.delete(remove))
}

/// The source leaves the evaluation to the handler, which knows nothing of it.
fn delegated_and_forgotten() -> Router {
    let db = Db::new();
    let source = extractor_source(
        db.clone(),
        |Path(id): Path<u64>| id,
        async |_, _: Db| Ok::<_, SourceError>(Current::Delegated),
    );
    let tagged = async |State(db): State<Db>, Path(id): Path<u64>| match db.row(id) {
        Some(row) => (
            [(
                ETAG,
                HeaderValue::from(EntityTag::from_version(row.version)),
            )],
            row.text,
        )
            .into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    };
    let methods = get(tagged).put(save_blindly).delete(remove);
    at_id(db, methods.route_layer(layer(source)))
}

// Work that goes on when the client has hung up.

/// What the handler does with the guard of the lock.
#[derive(Clone, Copy)]
enum Guard {
    MovedAndKept,
    /// `let _ = guard;` in the closure does not even move it there.
    MovedToNothing,
    Forgotten,
}

fn in_the_background(kept: Guard) -> Router {
    let db = Db::new();
    let save =
        async move |State(db): State<Db>, Path(id): Path<u64>, checked: Checked, text: String| {
            let guard = checked.hold_lock();
            let (waits, hung_up) = mpsc::channel::<()>();
            let work: Box<dyn FnOnce() -> StatusCode + Send> = match kept {
                Guard::MovedAndKept => Box::new(move || {
                    let _guard = guard;
                    db.write(id, &text)
                }),
                Guard::MovedToNothing => Box::new(move || {
                    let _ = guard;
                    db.write_late(id, text, &hung_up)
                }),
                Guard::Forgotten => Box::new(move || db.write_late(id, text, &hung_up)),
            };
            let work = spawn_blocking(work);
            yield_now().await;
            let _ = waits.send(());
            work.await.unwrap()
        };
    let methods = get(read_loaded).put(save).delete(remove);
    let layer = layer(by_id(&db));
    at_id(db, methods.route_layer(layer))
}

/// A write that takes so long that the next one overtakes it, if the client of this one has hung up. No test waits for
/// this long, unless it fails.
const LONG: Duration = Duration::from_secs(5);

impl Db {
    fn write_late(&self, id: u64, text: String, hung_up: &mpsc::Receiver<()>) -> StatusCode {
        let is_abandoned = hung_up.recv().is_err();
        if is_abandoned {
            let mut rows = self.rows();
            let (writes, condition) = (rows.writes, &self.0.written);
            rows.late += 1;
            let next = condition.wait_timeout_while(rows, LONG, |rows| rows.writes == writes);
            drop(next.unwrap());
        }
        let status = self.write(id, &text);
        let mut rows = self.rows();
        rows.late -= usize::from(is_abandoned);
        self.0.written.notify_all();
        // The answer to the one that has overtaken comes when the abandoned one has landed.
        let landed = self
            .0
            .written
            .wait_timeout_while(rows, LONG, |rows| rows.late > 0);
        drop(landed.unwrap());
        status
    }
}

fn guard_in_spawn_blocking() -> Router {
    in_the_background(Guard::MovedAndKept)
}

fn spawn_blocking_without_the_guard() -> Router {
    in_the_background(Guard::Forgotten)
}

fn guard_moved_to_nothing() -> Router {
    in_the_background(Guard::MovedToNothing)
}

// Tag and content.

fn tag_before_the_row() -> Router {
    let db = Db::new();
    let source = extractor_source(db.clone(), |Path(id): Path<u64>| id, version);
    let read_later = async |state: State<Db>, id: Path<u64>| {
        yield_now().await;
        read(state, id).await
    };
    let methods = get(read_later).put(save).delete(remove);
    at_id(db, methods.route_layer(layer(source)))
}

fn row_before_the_tag() -> Router {
    let db = Db::new();
    let source = extractor_source(db.clone(), |Path(id): Path<u64>| id, version);
    let row_first = async |State(db): State<Db>, Path(id): Path<u64>| {
        let text = db.row(id);
        yield_now().await;
        let tag = db.row(id).map(|row| EntityTag::from_version(row.version));
        match tag {
            Some(tag) => ([(ETAG, HeaderValue::from(tag))], text_of(text)).into_response(),
            None => StatusCode::NOT_FOUND.into_response(),
        }
    };
    let methods = get(row_first).put(save).delete(remove);
    at_id(
        db,
        methods.route_layer(layer(source).trust_handler_version()),
    )
}

/// What was read of the table once, and is not read again.
#[derive(Clone, Default)]
struct Cache(Arc<Mutex<HashMap<u64, Row>>>);

impl Cache {
    fn row(&self, id: u64, db: &Db) -> Option<Row> {
        let mut rows = self.0.lock().unwrap();
        match rows.entry(id) {
            Entry::Occupied(read) => Some(read.get().clone()),
            Entry::Vacant(place) => Some(place.insert(db.row(id)?).clone()),
        }
    }
}

fn cached_tag() -> Router {
    let (db, cache) = (Db::new(), Cache::default());
    let source = extractor_source(
        (db.clone(), cache),
        |Path(id): Path<u64>| id,
        async |id, (db, cache): (Db, Cache)| {
            let row = db.row(id).and_then(|_| cache.row(id, &db));
            Ok::<_, SourceError>(row.map(|row| EntityTag::from_version(row.version)))
        },
    );
    let methods = get(read).put(save_blindly).delete(remove);
    at_id(db, methods.route_layer(layer(source)))
}

fn cached_content() -> Router {
    let (db, cache) = (Db::new(), Cache::default());
    let source = extractor_source(db.clone(), |Path(id): Path<u64>| id, version);
    let read = async move |State(db): State<Db>, Path(id): Path<u64>| {
        text_of(db.row(id).and_then(|_| cache.row(id, &db)))
    };
    let methods = get(read).put(save).delete(remove);
    at_id(db, methods.route_layer(layer(source)))
}

/// The clock stands still: a test does not wait for the next second.
fn whole_seconds() -> Router {
    let db = Db::new();
    let source = extractor_source(
        db.clone(),
        |Path(id): Path<u64>| id,
        async |id, db: Db| {
            let second = EntityTag::from_version(1_735_689_600_u64);
            Ok::<_, SourceError>(db.row(id).map(|_| second))
        },
    );
    let methods = get(read).put(save_blindly).delete(remove);
    at_id(db, methods.route_layer(layer(source)))
}

/// `UPDATE notes SET text = ?`, without `version = version + 1`.
fn version_that_no_write_changes() -> Router {
    let db = Db::new();
    let save = async |State(db): State<Db>, Path(id): Path<u64>, text: String| {
        let version = db.row(id).map_or(1, |row| row.version);
        db.rows().insert(id, version, &text)
    };
    let methods = get(read_loaded).put(save).delete(remove);
    let layer = layer(by_id(&db));
    at_id(db, methods.route_layer(layer))
}

/// `version` counts in each row, from 1.
fn version_that_begins_again() -> Router {
    let db = Db::new();
    let save = async |State(db): State<Db>, Path(id): Path<u64>, text: String| {
        let version = db.row(id).map_or(1, |row| row.version + 1);
        db.rows().insert(id, version, &text)
    };
    let methods = get(read_loaded).put(save).delete(remove);
    let layer = layer(by_id(&db));
    at_id(db, methods.route_layer(layer))
}

fn hashed(body: impl Fn() -> Response + Clone + Send + Sync + 'static) -> Router {
    let methods = get(move || async move { body() });
    at_id(Db::new(), methods.layer(layer(BodyHash::strong())))
}

fn hash_map_in_the_json() -> Router {
    hashed(|| {
        let members = (10..30).map(|number| (number, number));
        Json(members.collect::<HashMap<_, _>>()).into_response()
    })
}

fn time_in_the_json() -> Router {
    let now = Arc::new(AtomicUsize::new(1_735_689_600));
    hashed(move || {
        let now = now.fetch_add(1, Ordering::Relaxed);
        format!(r#"{{"text":"a note","served_at":{now}}}"#).into_response()
    })
}

struct Mistake {
    what: &'static str,
    service: fn() -> Router,
    /// Further paths of the note that is written.
    also: &'static [&'static str],
    /// The rule that reports it, and those that follow from it.
    rules: &'static [&'static str],
    /// Stands in the first finding.
    says: &'static str,
}

const TITLE: &[&str] = &["/titles/scratch"];

const MISTAKES: &[Mistake] = &[
    Mistake {
        what: "read, modify, write, without a lock and without the version in the statement",
        service: read_modify_write,
        also: &[],
        rules: &["lost-update"],
        says: "UPDATE … WHERE version = ?",
    },
    Mistake {
        what: "several replicas, a lock in each, and a handler that ignores `Checked`",
        service: replicas_without_the_statement,
        also: &[],
        rules: &["lost-update"],
        says: "UPDATE … WHERE version = ?",
    },
    Mistake {
        what: "the path as the client spells it is the key of the lock",
        service: spelled_key,
        also: &[],
        rules: &["lost-update-across-paths"],
        says: "lock by what names the row, such as its id, not by the path",
    },
    Mistake {
        what: "one row under two routes, each with a key of its own",
        service: two_routes_by_their_own_keys,
        also: TITLE,
        rules: &["lost-update-across-paths"],
        says: "two mounts share a lock by `named(\"notes\")`",
    },
    Mistake {
        what: "DELETE is added behind the layer",
        service: delete_outside_of_the_layer,
        also: &[],
        rules: &["if-match"],
        says: "DELETE /notes/7",
    },
    Mistake {
        what: "the source delegates, and the handler does not evaluate",
        service: delegated_and_forgotten,
        also: &[],
        rules: &[
            "if-none-match",
            "if-match",
            "if-match-absent",
            "lost-creation",
        ],
        says: "`.layer(ConditionalLayer::new(source))`",
    },
    Mistake {
        what: "`spawn_blocking` without the guard",
        service: spawn_blocking_without_the_guard,
        also: &[],
        rules: &["abandoned-write"],
        says: "move `checked.hold_lock()`",
    },
    Mistake {
        what: "`let _ = guard;` in `spawn_blocking`",
        service: guard_moved_to_nothing,
        also: &[],
        rules: &["abandoned-write"],
        says: "`let _ = guard;` keeps nothing",
    },
    Mistake {
        what: "a tag made before the row is read",
        service: tag_before_the_row,
        also: &[],
        rules: &["tag-older-than-content"],
        says: "Read the tag and the content in one statement",
    },
    Mistake {
        what: "a row read before its tag",
        service: row_before_the_tag,
        also: &[],
        rules: &["tag-newer-than-content"],
        says: "Read the tag and the content in one statement",
    },
    Mistake {
        what: "a tag from a cache that a write does not clear",
        service: cached_tag,
        also: &[],
        rules: &["tag-unique", "if-match", "lost-update"],
        says: "a cache has to forget both tag and content with the write",
    },
    Mistake {
        what: "content from a cache that a write does not clear",
        service: cached_content,
        also: &[],
        rules: &["tag-newer-than-content", "lost-creation"],
        says: "Where either comes from a cache, forget both with the write",
    },
    Mistake {
        what: "a tag of the second of the last write",
        service: whole_seconds,
        also: &[],
        rules: &["tag-unique", "if-match", "lost-update"],
        says: "the second of the last write is not enough",
    },
    Mistake {
        what: "a statement that changes the row and not its version",
        service: version_that_no_write_changes,
        also: &[],
        rules: &["tag-unique", "if-match", "lost-update"],
        says: "a version that every write increments",
    },
    Mistake {
        what: "a version that begins again when a row is deleted and made again",
        service: version_that_begins_again,
        also: &[],
        rules: &["tag-unique"],
        says: "a version that every write increments",
    },
    Mistake {
        what: "a HashMap in the JSON",
        service: hash_map_in_the_json,
        also: &[],
        rules: &["tag-stable"],
        says: "use a BTreeMap",
    },
    Mistake {
        what: "a time in the JSON",
        service: time_in_the_json,
        also: &[],
        rules: &["fixture"],
        says: "leave it out, or make the tag of the version",
    },
];

async fn report(service: Router, also: &[&str]) -> Report {
    let content = |mark: &str| format!("this is {mark}");
    let scratch = Scratch::put("/notes/7", "text/plain", content);
    let scratch = also
        .iter()
        .fold(scratch, |scratch, path| scratch.also_at(path));
    let fixture = Fixture::at("/notes/1").absent_at("/notes/404");
    check(service, fixture.writing(scratch)).await
}

#[tokio::test]
async fn each_is_found_and_the_finding_says_what_to_do() {
    let mut wrong = Vec::new();
    for mistake in MISTAKES {
        let report = report((mistake.service)(), mistake.also).await;
        let rules: Vec<_> = report.iter().map(|finding| finding.rule()).collect();
        let says = report.findings().first().map(ToString::to_string);
        if rules != mistake.rules || !says.is_some_and(|text| text.contains(mistake.says)) {
            wrong.push(format!("{}: {report}", mistake.what));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n====\n\n"));
}

/// What is a mistake's neighbour, and none.
#[tokio::test]
async fn the_right_services_are_clean() {
    let mut wrong = Vec::new();
    type Neighbour = (&'static str, fn() -> Router, &'static [&'static str]);
    let rows: [Neighbour; 4] = [
        ("the lock and the statement", right, &[]),
        ("the statement alone", replicas_with_the_statement, &[]),
        ("one kind", two_routes_of_one_kind, TITLE),
        ("the guard in the work", guard_in_spawn_blocking, &[]),
    ];
    for (what, service, also) in rows {
        let report = report(service(), also).await;
        if !report.findings().is_empty() {
            wrong.push(format!("{what}: {report}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n====\n\n"));
}

/// Browsers ask for gzip, so that none of them has a tag. The event of the layer says so, too.
#[tokio::test]
async fn a_compressor_inside_of_the_layer() {
    let compressor = || CompressionLayer::new().compress_when(SizeAbove::new(0));
    let page = || {
        Router::new().route(
            "/",
            get(async || "a page that is long enough to be worth it"),
        )
    };
    let inside = page()
        .layer(compressor())
        .layer(ConditionalLayer::new(BodyHash::strong()))
        .layer(ContentCodingLayer::new());
    let report = check(inside, Fixture::at("/")).await;
    assert_eq!(rules(&report), ["coded-tag-missing"], "{report}");

    let outside = page()
        .layer(ConditionalLayer::new(BodyHash::strong()))
        .layer(compressor())
        .layer(ContentCodingLayer::new());
    let report = check(outside, Fixture::at("/")).await;
    assert!(report.findings().is_empty(), "{report}");
}

/// Where no request shows the mistake, an event of the layer does.
#[tokio::test]
async fn the_layer_reports_what_it_could_not_do() {
    let seen = Arc::<Mutex<Vec<String>>>::default();
    let hook = |seen: &Arc<Mutex<Vec<String>>>| {
        let seen = Arc::clone(seen);
        move |event: &Evaluation| {
            let reason = event.reason_str().unwrap_or("none");
            seen.lock()
                .unwrap()
                .push(format!("{} {reason}", event.outcome.as_str()));
        }
    };
    let compressed = Router::new()
        .route(
            "/notes/1",
            get(async || "a note that is long enough to be worth it"),
        )
        .layer(CompressionLayer::new().compress_when(SizeAbove::new(0)))
        .layer(layer(BodyHash::strong()).observe(hook(&seen)));
    let request = Request::get("/notes/1").header(ACCEPT_ENCODING, "gzip");
    send(compressed, request).await;

    let source = Fixed::new(Current::Delegated);
    let forgotten = get(read)
        .put(save_blindly)
        .route_layer(layer(source).observe(hook(&seen)));
    let request = Request::put("/notes/1").header(IF_MATCH, "\"stale\"");
    send(at_id(Db::new(), forgotten), request).await;

    assert_eq!(
        *seen.lock().unwrap(),
        ["not_tagged content_coding", "unevaluated none"]
    );
}

async fn send(service: Router, request: http::request::Builder) {
    let request = request.body(Body::empty()).unwrap();
    let answer = service.oneshot(request).await.unwrap();
    assert!(answer.status().is_success(), "{answer:?}");
}

/// The guide has a row for each, which names the rule.
#[test]
fn the_guide_lists_them() {
    let guide = include_str!("../../../src/guide/races.md");
    for Mistake { what, rules, .. } in MISTAKES {
        let row = guide
            .lines()
            .find(|line| line.starts_with(&format!("| {what} |")));
        let rule = format!("`{}`", rules[0]);
        assert!(
            row.is_some_and(|row| row.contains(&rule)),
            "{what}: {row:?}"
        );
    }
}
