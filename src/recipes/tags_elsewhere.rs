//! Tags outside of the header: in the query, in the content, in the items of a batch.
//!
//! # A tag in the query
//!
//! Some clients cannot set a header: a form, a link, an old SDK. A middleware outside of the layer turns the query parameter into
//! If-Match, and the layer evaluates it as ever. The parameter has the tag as it was sent, with its quotes, percent-encoded.
//!
//! A request with both is refused: a list of two tags in If-Match would be true if *one* of them is current.
//!
//! ```
//! use axum::{Router, extract::{Query, Request}, http::{HeaderValue, StatusCode, header::IF_MATCH}, middleware, routing::get};
//! use serde::Deserialize;
//! # use tower_conditional::source::InMemoryVersions;
//! use tower_conditional::{ConditionalLayer, WritePolicy};
//!
//! #[derive(Deserialize)]
//! struct TagInQuery {
//!     etag: Option<String>,
//! }
//!
//! async fn if_match_of_the_query(mut request: Request) -> Result<Request, StatusCode> {
//!     let query = Query::<TagInQuery>::try_from_uri(request.uri()).map_err(|_| StatusCode::BAD_REQUEST)?;
//!     if let Some(tag) = query.0.etag {
//!         let tag = HeaderValue::from_str(&tag).map_err(|_| StatusCode::BAD_REQUEST)?;
//!         if request.headers_mut().insert(IF_MATCH, tag).is_some() {
//!             return Err(StatusCode::BAD_REQUEST);
//!         }
//!     }
//!     Ok(request)
//! }
//! # let notes = InMemoryVersions::new();
//! # let tag = String::from_utf8(notes.changed("/notes/1").as_bytes().to_vec()).unwrap();
//! # let tag = tag.trim_matches('"').to_owned();
//! # async fn read() {}
//! # async fn remove() {}
//!
//! let layer = ConditionalLayer::new(notes).writes(WritePolicy::required());
//! let note = get(read).delete(remove).route_layer(layer).route_layer(middleware::map_request(if_match_of_the_query));
//! let app: Router = Router::new().route("/notes/{id}", note);
//! # mod kit { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/recipes/ask.rs")); }
//! # use kit::*;
//! # tokio::runtime::Runtime::new().unwrap().block_on(async {
//! #     let delete = async |query: &str| ask(&app, "DELETE", &format!("/notes/1{query}"), []).await.status().as_u16();
//! #     assert_eq!(delete("").await, 428);
//! #     assert_eq!(delete("?etag=%220%22").await, 412);
//! #     assert_eq!(delete("?etag=0").await, 400, "without quotes");
//! #     assert_eq!(delete("?etag=%22%0A%22").await, 400);
//! #     assert_eq!(delete("?etag=%220%22&etag=%221%22").await, 400, "twice");
//! #     assert_eq!(delete(&format!("?etag=%22{tag}%22")).await, 200);
//! #     let both = ask(&app, "DELETE", &format!("/notes/1?etag=%22{tag}%22"), [("if-match", "\"0\"")]).await;
//! #     assert_eq!(both.status(), 400);
//! # });
//! ```
//!
//! # A tag in the content
//!
//! OData has `@odata.etag` and Google's interfaces have `etag` as a member of the content. The layer never sees the content, so
//! the handler evaluates the member itself, by [`Preconditions::if_match`](crate::Preconditions::if_match), against what the layer
//! has looked up: a PUT without preconditions is looked up and holds the write lock, too. Nothing else may require a precondition,
//! so the policy is `optional()`, and the handler requires the member.
//!
//! ```
//! use axum::{Json, Router, extract::{Path, State}, routing::get};
//! use serde::{Deserialize, Serialize};
//! use tower_conditional::extract::extractor_source;
//! use tower_conditional::{Checked, ConditionalLayer, Found, Loaded, PreconditionFailed, Preconditions, SourceError};
//! # use std::collections::HashMap;
//! # use std::sync::{Arc, Mutex};
//! # #[derive(Clone)] struct Row { version: i64, text: String }
//! # #[derive(Clone, Default)] struct Db(Arc<Mutex<HashMap<i64, Row>>>);
//! # impl Db {
//! #     async fn note(&self, id: i64) -> Result<Option<Row>, std::io::Error> { Ok(self.0.lock().unwrap().get(&id).cloned()) }
//! #     async fn update(&self, id: i64, seen: Option<i64>, text: String) -> u64 {
//! #         let mut notes = self.0.lock().unwrap();
//! #         let Some(row) = notes.get_mut(&id).filter(|row| Some(row.version) == seen) else { return 0 };
//! #         *row = Row { version: row.version + 1, text };
//! #         1
//! #     }
//! # }
//!
//! #[derive(Serialize, Deserialize)]
//! struct Note {
//!     etag: Option<String>,
//!     text: String,
//! }
//!
//! async fn load(id: i64, db: Db) -> Result<Option<Found>, SourceError> {
//!     let row = db.note(id).await?;
//!     Ok(row.map(|row| Found::version(row.version).with(row)))
//! }
//!
//! async fn read(row: Loaded<Row>) -> Json<Note> {
//!     let Row { version, text } = row.into_inner();
//!     Json(Note { etag: Some(format!("\"{version}\"")), text })
//! }
//!
//! async fn save(
//!     Path(id): Path<i64>,
//!     State(db): State<Db>,
//!     checked: Checked,
//!     Json(note): Json<Note>,
//! ) -> Result<(), PreconditionFailed> {
//!     match &note.etag {
//!         Some(tag) => Preconditions::if_match(tag).check(checked.current().clone())?,
//!         None if checked.precondition().is_none() => return Err(PreconditionFailed::missing()), // 428
//!         None => {} // If-Match was sent, and has been evaluated
//!     }
//!     let rows = db.update(id, checked.version(), note.text).await; // … WHERE id = ? AND version = ?
//!     if rows == 0 { Err(PreconditionFailed::stale()) } else { Ok(()) }
//! }
//!
//! # let db = Db::default();
//! # db.0.lock().unwrap().insert(1, Row { version: 7, text: "milk".to_owned() });
//! let notes = extractor_source(db.clone(), |Path(id): Path<i64>| id, load);
//! let layer = ConditionalLayer::new(notes); // nothing is required by the layer
//! let app: Router = Router::new().route("/notes/{id}", get(read).put(save).route_layer(layer)).with_state(db);
//! # tokio::runtime::Runtime::new().unwrap().block_on(async {
//! #     let put = async |header: Option<&str>, content: &str| {
//! #         let put = http::Request::put("/notes/1").header("content-type", "application/json");
//! #         let put = match header { Some(tag) => put.header("if-match", tag), None => put };
//! #         let put = put.body(axum::body::Body::from(content.to_owned())).unwrap();
//! #         tower::ServiceExt::oneshot(app.clone(), put).await.unwrap().status().as_u16()
//! #     };
//! #     assert_eq!(put(None, r#"{"text":"eggs"}"#).await, 428);
//! #     assert_eq!(put(None, r#"{"etag":"7","text":"eggs"}"#).await, 400, "without quotes");
//! #     assert_eq!(put(None, r#"{"etag":"\"6\"","text":"eggs"}"#).await, 412);
//! #     assert_eq!(put(Some("\"6\""), r#"{"etag":"\"7\"","text":"eggs"}"#).await, 412, "both must hold");
//! #     assert_eq!(put(Some("\"7\""), r#"{"etag":"\"6\"","text":"eggs"}"#).await, 412, "both must hold");
//! #     assert_eq!(put(None, r#"{"etag":"\"7\"","text":"eggs"}"#).await, 200);
//! #     assert_eq!(put(Some("\"8\""), r#"{"text":"eggs"}"#).await, 200);
//! #     let read = tower::ServiceExt::oneshot(app, http::Request::get("/notes/1").body(axum::body::Body::empty()).unwrap());
//! #     let read = axum::body::to_bytes(read.await.unwrap().into_body(), 100).await.unwrap();
//! #     assert_eq!(read, r#"{"etag":"\"9\"","text":"eggs"}"#);
//! # });
//! ```
//!
//! # A batch
//!
//! A request changes several rows, each with the tag of its own. Either all are changed or none, and each item that could not be
//! changed has its own problem.
//!
//! - **All keys are taken at once**, in an order that is the same for all: two batches over the same rows cannot deadlock. They are
//!   the keys of the layer that guards the single rows, by its lock and the name of its kind, so that a batch and a PUT exclude
//!   each other.
//! - **One transaction** checks and changes. SQLite lets one writer in, and sees its own changes: of a row that a batch names twice,
//!   the second tag is stale.
//! - **The answer is a 409** with one problem for each item: a 412 would be about the headers of the batch itself
//!   ([RFC 9110, section 15.5.13](https://www.rfc-editor.org/rfc/rfc9110#section-15.5.13)).
//!
//! ```
//! use std::sync::{Arc, Mutex};
//!
//! use axum::{Json, Router, extract::{Path, State}, http::StatusCode, routing::{get, post}};
//! use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};
//! use serde::{Deserialize, Serialize};
//! use tokio::task::spawn_blocking;
//! use tower_conditional::extract::extractor_source;
//! use tower_conditional::lock::{InProcessLock, WriteKey, WriteLock};
//! use tower_conditional::{
//!     Checked, ConditionalLayer, EntityTag, Found, Loaded, PreconditionFailed, Preconditions, Refusal, SourceError,
//!     ValidatorSource, WritePolicy,
//! };
//!
//! #[derive(Clone)]
//! struct App {
//!     db: Arc<Mutex<Connection>>,
//!     /// Shared by the layer and the batch.
//!     lock: InProcessLock,
//! }
//!
//! #[derive(Deserialize)]
//! struct Change {
//!     id: i64,
//!     if_match: String,
//!     text: String,
//! }
//!
//! /// An item that was not changed, in the words in which the layer refuses a single write.
//! #[derive(Serialize)]
//! struct Problem {
//!     id: i64,
//!     status: u16,
//!     reason: &'static str,
//!     detail: &'static str,
//! }
//!
//! impl Problem {
//!     fn of(id: i64, failed: PreconditionFailed) -> Self {
//!         let refusal = Refusal::from(failed);
//!         let (status, reason) = (refusal.status().as_u16(), refusal.reason().as_str());
//!         Self { id, status, reason, detail: refusal.detail() }
//!     }
//! }
//!
//! /// Changes all rows or none. Returns the problems.
//! fn change_all(db: &mut Connection, changes: &[Change]) -> rusqlite::Result<Vec<Problem>> {
//!     let transaction = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
//!     let mut problems = Vec::new();
//!     for Change { id, if_match, text } in changes {
//!         let select = "SELECT version FROM notes WHERE id = ?";
//!         let version: Option<i64> = transaction.query_row(select, [id], |row| row.get(0)).optional()?;
//!         match Preconditions::if_match(if_match).check(version.map(EntityTag::from_version)) {
//!             Ok(()) => {
//!                 transaction.execute("UPDATE counter SET last = last + 1", [])?;
//!                 let update = "UPDATE notes SET text = ?1, version = (SELECT last FROM counter) WHERE id = ?2";
//!                 transaction.execute(update, params![text, id])?;
//!             }
//!             Err(failed) => problems.push(Problem::of(*id, failed)),
//!         }
//!     }
//!     if problems.is_empty() {
//!         transaction.commit()?; // dropped without it, the transaction is rolled back
//!     }
//!     Ok(problems)
//! }
//!
//! async fn save_all(
//!     State(app): State<App>,
//!     Json(changes): Json<Vec<Change>>,
//! ) -> Result<(StatusCode, Json<Vec<Problem>>), StatusCode> {
//!     let keys: Vec<_> = changes.iter().map(|change| WriteKey::new("notes", &change.id)).collect();
//!     let guard = app.lock.lock(&keys).await.map_err(|_| StatusCode::SERVICE_UNAVAILABLE)?;
//!     let write = move || {
//!         let _guard = guard; // as long as the write runs, also if the client hangs up
//!         change_all(&mut app.db.lock().unwrap(), &changes)
//!     };
//!     match spawn_blocking(write).await {
//!         Ok(Ok(problems)) if problems.is_empty() => Ok((StatusCode::OK, Json(problems))),
//!         Ok(Ok(problems)) => Ok((StatusCode::CONFLICT, Json(problems))),
//!         Ok(Err(_)) | Err(_) => Err(StatusCode::INTERNAL_SERVER_ERROR),
//!     }
//! }
//! # #[derive(Clone)] struct Note { text: String, version: i64 }
//! # async fn load(id: i64, app: App) -> Result<Option<Found>, SourceError> {
//! #     let find = move || {
//! #         let select = "SELECT text, version FROM notes WHERE id = ?";
//! #         let db = app.db.lock().unwrap();
//! #         db.query_row(select, [id], |row| Ok(Note { text: row.get(0)?, version: row.get(1)? })).optional()
//! #     };
//! #     let note = spawn_blocking(find).await??;
//! #     Ok(note.map(|note| Found::version(note.version).with(note)))
//! # }
//! # async fn read(note: Loaded<Note>) -> String { note.into_inner().text }
//! # async fn save(
//! #     Path(id): Path<i64>, State(app): State<App>, checked: Checked, text: String,
//! # ) -> Result<(), PreconditionFailed> {
//! #     let db = app.db.lock().unwrap();
//! #     db.execute("UPDATE counter SET last = last + 1", []).unwrap();
//! #     let update = "UPDATE notes SET text = ?1, version = (SELECT last FROM counter) WHERE id = ?2 AND version = ?3";
//! #     let rows = db.execute(update, params![text, id, checked.version::<i64>()]).unwrap();
//! #     if rows == 0 { Err(checked.lost()) } else { Ok(()) }
//! # }
//!
//! fn router(app: App) -> Router {
//!     let notes = extractor_source(app.clone(), |Path(id): Path<i64>| id, load).named("notes");
//!     let layer = ConditionalLayer::new(notes).writes(WritePolicy::required().use_lock(app.lock.clone()));
//!     Router::new()
//!         .route("/notes/{id}", get(read).put(save).route_layer(layer))
//!         .route("/notes/batch", post(save_all))
//!         .with_state(app)
//! }
//! # #[tokio::main]
//! # async fn main() {
//! #     let db = Connection::open_in_memory().unwrap();
//! #     db.execute_batch("
//! #         CREATE TABLE counter (last INTEGER NOT NULL);
//! #         INSERT INTO counter VALUES (3);
//! #         CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT NOT NULL, version INTEGER NOT NULL);
//! #         INSERT INTO notes VALUES (1, 'one', 1), (2, 'two', 2), (3, 'three', 3);").unwrap();
//! #     let app = App { db: Arc::new(Mutex::new(db)), lock: InProcessLock::new() };
//! #     let router = router(app.clone());
//! #     let batch = async |items: &[(i64, &str, &str)]| {
//! #         let items = items.iter().map(|(id, if_match, text)| serde_json::json!({"id": id, "if_match": if_match, "text": text}));
//! #         let items = serde_json::Value::from_iter(items).to_string();
//! #         let post = http::Request::post("/notes/batch").header("content-type", "application/json");
//! #         let answer = tower::ServiceExt::oneshot(router.clone(), post.body(axum::body::Body::from(items)).unwrap()).await.unwrap();
//! #         let status = answer.status().as_u16();
//! #         let body = axum::body::to_bytes(answer.into_body(), 10_000).await.unwrap();
//! #         let problems: Vec<serde_json::Value> = serde_json::from_slice(&body).unwrap();
//! #         let of = |problem: &serde_json::Value| format!("{} {} {}", problem["id"], problem["status"], problem["reason"].as_str().unwrap());
//! #         (status, problems.iter().map(of).collect::<Vec<_>>())
//! #     };
//! #     let texts = || {
//! #         let db = app.db.lock().unwrap();
//! #         let mut select = db.prepare("SELECT text || ' ' || version FROM notes ORDER BY id").unwrap();
//! #         let texts = select.query_map([], |row| row.get::<_, String>(0)).unwrap();
//! #         texts.collect::<Result<Vec<_>, _>>().unwrap()
//! #     };
//! #     // One problem for each item that is wrong, and nothing half done.
//! #     let before = texts();
//! #     let (status, problems) = batch(&[(1, "\"1\"", "a"), (2, "\"1\"", "b"), (3, "3", "c"), (9, "\"9\"", "d")]).await;
//! #     assert_eq!((status, problems), (409, vec!["2 412 stale".into(), "3 400 malformed".into(), "9 412 absent".into()]));
//! #     assert_eq!(texts(), before);
//! #     assert_eq!(batch(&[(1, "\"1\"", "a"), (1, "\"1\"", "b")]).await, (409, vec!["1 412 stale".to_owned()]));
//! #     assert_eq!(texts(), before);
//! #     assert_eq!(batch(&[(1, "\"1\"", "a"), (2, "\"2\"", "b")]).await, (200, vec![]));
//! #     assert_eq!(texts(), ["a 4", "b 5", "three 3"]);
//! #     // Batches in both orders and single writes, all with the current tags: in each round every row is changed once.
//! #     for _ in 0..20 {
//! #         let tags: Vec<String> = texts().iter().map(|text| format!("\"{}\"", text.rsplit(' ').next().unwrap())).collect();
//! #         let all = [(1, &tags[0][..], "x"), (2, &tags[1], "x"), (3, &tags[2], "x")];
//! #         let reversed = [all[2], all[1], all[0]];
//! #         let single = async |id: usize| {
//! #             let put = http::Request::put(format!("/notes/{id}")).header("if-match", &tags[id - 1]);
//! #             let put = put.body(axum::body::Body::from("y")).unwrap();
//! #             tower::ServiceExt::oneshot(router.clone(), put).await.unwrap().status().as_u16()
//! #         };
//! #         let (a, b, c, d) = tokio::join!(batch(&all), batch(&reversed), single(1), single(3));
//! #         let batches = [a.0, b.0].into_iter().filter(|status| *status == 200).count();
//! #         let singles = [c, d].into_iter().filter(|status| *status == 200).count();
//! #         assert!(batches == 1 && singles == 0 || batches == 0 && singles >= 1, "{a:?} {b:?} {c} {d}");
//! #     }
//! # }
//! ```
