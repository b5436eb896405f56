//! Databases: a version for each row, which is also in the `WHERE` clause of the statement that writes.
//!
//! The id that the handler's own extractor parses identifies the row: `/notes/1` and `/notes/01` are one row with one write
//! lock. A read serves the row that was looked up, or states the version that it has read itself.
//!
//! With sqlx, SeaORM or Diesel see [stores](super::stores).
//!
//! # SQLite
//!
//! The look-up loads the whole row. A GET costs one query, and its body and its tag are those of one row.
//!
//! The version comes from a counter in the database, so that a row that is deleted and created again has another version. A
//! blocking call goes on when the client has disconnected, so the guard of the write lock is moved into it.
//!
//! ```
//! use std::sync::{Arc, Mutex};
//!
//! use axum::{Router, extract::{Path, State}, http::StatusCode, routing::get};
//! use rusqlite::{Connection, OptionalExtension, params};
//! use tokio::task::spawn_blocking;
//! use tower_conditional::extract::extractor_source;
//! use tower_conditional::{Checked, ConditionalLayer, Found, Loaded, PreconditionFailed, SourceError, WritePolicy};
//!
//! type Db = Arc<Mutex<Connection>>;
//!
//! const SCHEMA: &str = "
//!     CREATE TABLE counter (last INTEGER NOT NULL);
//!     INSERT INTO counter VALUES (0);
//!     CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT NOT NULL, version INTEGER NOT NULL);";
//!
//! #[derive(Clone)]
//! struct Note {
//!     text: String,
//!     version: i64,
//! }
//!
//! /// The look-up: the version is the tag, and the row is for the handler.
//! async fn load(id: i64, db: Db) -> Result<Option<Found>, SourceError> {
//!     let select = "SELECT text, version FROM notes WHERE id = ?";
//!     let find = move || {
//!         let db = db.lock().unwrap();
//!         db.query_row(select, [id], |row| Ok(Note { text: row.get(0)?, version: row.get(1)? })).optional()
//!     };
//!     let note = spawn_blocking(find).await??;
//!     Ok(note.map(|note| Found::version(note.version).with(note)))
//! }
//!
//! /// Where there is no row, `Loaded` answers 404.
//! async fn read(note: Loaded<Note>) -> String {
//!     note.into_inner().text
//! }
//!
//! async fn save(
//!     Path(id): Path<i64>,
//!     State(db): State<Db>,
//!     checked: Checked, // before the body, as every extractor of the head
//!     text: String,
//! ) -> Result<StatusCode, PreconditionFailed> {
//!     let seen = checked.version::<i64>();
//!     let guard = checked.hold_lock();
//!     let write = move || -> rusqlite::Result<usize> {
//!         let _guard = guard;
//!         let mut db = db.lock().unwrap();
//!         let transaction = db.transaction()?;
//!         transaction.execute("UPDATE counter SET last = last + 1", [])?;
//!         let rows = match seen {
//!             Some(seen) => transaction.execute(
//!                 "UPDATE notes SET text = ?1, version = (SELECT last FROM counter) WHERE id = ?2 AND version = ?3",
//!                 params![text, id, seen],
//!             ),
//!             None => transaction.execute(
//!                 "INSERT INTO notes SELECT ?1, ?2, last FROM counter WHERE true ON CONFLICT DO NOTHING",
//!                 params![id, text],
//!             ),
//!         }?;
//!         transaction.commit()?;
//!         Ok(rows)
//!     };
//!     match spawn_blocking(write).await {
//!         Ok(Ok(0)) => Err(checked.lost()), // the very same 412 that the layer sends
//!         Ok(Ok(_)) if seen.is_none() => Ok(StatusCode::CREATED),
//!         Ok(Ok(_)) => Ok(StatusCode::NO_CONTENT),
//!         Ok(Err(_)) | Err(_) => Ok(StatusCode::INTERNAL_SERVER_ERROR),
//!     }
//! }
//!
//! fn app(db: Db, writes: WritePolicy) -> Router {
//!     let notes = extractor_source(db.clone(), |Path(id): Path<i64>| id, load);
//!     let layer = ConditionalLayer::new(notes).writes(writes);
//!     Router::new().route("/notes/{id}", get(read).put(save).route_layer(layer)).with_state(db)
//! }
//! # mod kit { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/recipes/ask.rs")); }
//! # use kit::*;
//! # #[tokio::main]
//! # async fn main() {
//! #     let db = Connection::open_in_memory().unwrap();
//! #     db.execute_batch(SCHEMA).unwrap();
//! #     let db = Arc::new(Mutex::new(db));
//! #     let app_with = app;
//! #     let app = app_with(db.clone(), WritePolicy::required());
//! #     let put = |field, value| ask(&app, "PUT", "/notes/1", [(field, value)]);
//! #     assert_eq!(ask(&app, "PUT", "/notes/1", []).await.status(), 428);
//! #     assert_eq!(put("if-none-match", "*").await.status(), 201);
//! #     assert_eq!(put("if-none-match", "*").await.status(), 412);
//! #     assert_eq!(put("if-match", "\"1\"").await.status(), 204);
//! #     assert_eq!(put("if-match", "\"1\"").await.status(), 412);
//! #     for spelling in ["/notes/01", "/notes/+1", "/notes/%31"] {
//! #         let put = |field, value| ask(&app, "PUT", spelling, [(field, value)]);
//! #         assert_eq!(put("if-none-match", "*").await.status(), 412, "{spelling}");
//! #         assert_eq!(put("if-match", "\"1\"").await.status(), 412, "{spelling}");
//! #     }
//! #     let found = ask(&app, "GET", "/notes/1", []).await;
//! #     assert_eq!((found.status().as_u16(), tag_of(&found).as_str()), (200, "\"2\""));
//! #     assert_eq!(axum::body::to_bytes(found.into_body(), 100).await.unwrap(), "text");
//! #     let again = ask(&app, "GET", "/notes/1", [("if-none-match", "\"2\"")]).await;
//! #     assert_eq!(again.status(), 304);
//! #     assert_eq!(ask(&app, "GET", "/notes/2", []).await.status(), 404);
//! #     assert_eq!(ask(&app, "PUT", "/notes/x", [("if-match", "\"1\"")]).await.status(), 400);
//! #     // The statement is right by itself.
//! #     use tower_conditional_testkit::{Scratch, hammer};
//! #     let unlocked = app_with(db, WritePolicy::required().skip_lock());
//! #     let scratch = Scratch::put("/notes/1", "text/plain", |mark| mark.to_owned());
//! #     let hammered = hammer(unlocked, scratch, 20).await;
//! #     assert!(hammered.is_clean(), "{hammered}");
//! # }
//! ```
//!
//! The example `notes` is this with a page, PATCH, DELETE and errors as problem details.
//!
//! # PostgreSQL
//!
//! If rows are large and most GETs are answered 304, the look-up reads only the version, and the handler reads the row and
//! states the version that it has read. With
//! [`trust_handler_version`](crate::ConditionalLayer::trust_handler_version) a GET without conditional headers then costs only
//! the handler's own query.
//!
//! `version` is `bigint NOT NULL DEFAULT nextval('versions')`, and every statement that writes has the version that it
//! replaces. This is safe on any number of replicas, also without their locks.
//!
//! ```no_run
//! use axum::{Router, extract::{Path, State}, routing::get};
//! use deadpool_postgres::Pool;
//! use http::{HeaderName, StatusCode, header::ETAG};
//! use tower_conditional::extract::extractor_source;
//! use tower_conditional::{Checked, ConditionalLayer, EntityTag, SourceError, WritePolicy};
//!
//! const VERSION: &str = "SELECT version FROM notes WHERE id = $1";
//! const SELECT: &str = "SELECT text, version FROM notes WHERE id = $1";
//! const UPDATE: &str = "UPDATE notes SET text = $1, version = nextval('versions') WHERE id = $2 AND version = $3";
//! const INSERT: &str = "INSERT INTO notes (id, text) VALUES ($2, $1) ON CONFLICT DO NOTHING";
//!
//! async fn version(id: i64, db: Pool) -> Result<Option<EntityTag>, SourceError> {
//!     let row = db.get().await?.query_opt(VERSION, &[&id]).await?;
//!     let version: Option<i64> = row.map(|row| row.try_get(0)).transpose()?;
//!     Ok(version.map(EntityTag::from_version))
//! }
//!
//! async fn read(
//!     Path(id): Path<i64>,
//!     State(db): State<Pool>,
//! ) -> Result<([(HeaderName, EntityTag); 1], String), StatusCode> {
//!     let db = db.get().await.map_err(|_| StatusCode::SERVICE_UNAVAILABLE)?;
//!     let row = db.query_opt(SELECT, &[&id]).await.map_err(|_| StatusCode::SERVICE_UNAVAILABLE)?;
//!     let row = row.ok_or(StatusCode::NOT_FOUND)?;
//!     let tag = EntityTag::from_version(row.get::<_, i64>("version"));
//!     Ok(([(ETAG, tag)], row.get("text")))
//! }
//!
//! async fn save(
//!     Path(id): Path<i64>,
//!     State(db): State<Pool>,
//!     checked: Checked,
//!     text: String,
//! ) -> Result<StatusCode, axum::response::ErrorResponse> {
//!     let seen = checked.version::<i64>();
//!     let db = db.get().await.map_err(|_| StatusCode::SERVICE_UNAVAILABLE)?;
//!     // Dropped, the future leaves its statement to the database: the lock stays with the task until it has landed.
//!     let guard = checked.hold_lock();
//!     let write = tokio::spawn(async move {
//!         let _guard = guard;
//!         match seen {
//!             Some(seen) => db.execute(UPDATE, &[&text, &id, &seen]).await,
//!             None => db.execute(INSERT, &[&text, &id]).await,
//!         }
//!     });
//!     match write.await {
//!         Ok(Ok(0)) => Err(checked.lost().into()),
//!         Ok(Ok(_)) if seen.is_none() => Ok(StatusCode::CREATED),
//!         Ok(Ok(_)) => Ok(StatusCode::NO_CONTENT),
//!         Ok(Err(_)) | Err(_) => Err(StatusCode::INTERNAL_SERVER_ERROR.into()), // it may have landed
//!     }
//! }
//!
//! fn app(db: Pool) -> Router {
//!     let notes = extractor_source(db.clone(), |Path(id): Path<i64>| id, version);
//!     let layer = ConditionalLayer::new(notes).trust_handler_version().writes(WritePolicy::required());
//!     Router::new().route("/notes/{id}", get(read).put(save).route_layer(layer)).with_state(db)
//! }
//! # let _ = app;
//! ```
//!
//! A handler that reads a replica must state the version that it has read there, as this one does. The example `postgres` adds
//! several processes, a lock that they share, and a handler that evaluates the preconditions inside its own transaction.
//!
//! # In memory
//!
//! If a map is the database, store the version with the value, and let the handler compare and swap under the map's own mutex.
//! No request waits for a look-up, because [`identify_now`](crate::ValidatorSource::identify_now) and
//! [`known`](crate::ValidatorSource::known) return without a future.
//!
//! The source parses the decoded path, as `Path<i64>` does. It refuses the paths that the handler would refuse.
//!
//! ```
//! use std::collections::HashMap;
//! use std::sync::{Arc, Mutex};
//!
//! use axum::{Router, extract::{Path, State}, http::request::Parts, routing::get};
//! use http::{Response, StatusCode};
//! use tower_conditional::source::{RequestPath, Unidentified};
//! use tower_conditional::{Checked, ConditionalLayer, Found, Loaded, PreconditionFailed, ValidatorSource, WritePolicy};
//!
//! #[derive(Clone, Default)]
//! struct Notes(Arc<Mutex<Shelf>>);
//!
//! #[derive(Default)]
//! struct Shelf {
//!     last_version: i64, // never goes back, not for a removed note either
//!     by_id: HashMap<i64, (i64, Arc<str>)>,
//! }
//!
//! impl ValidatorSource for Notes {
//!     type Resource = i64;
//!
//!     fn identify_now(&self, head: &mut Parts) -> Option<Result<i64, Unidentified>> {
//!         let path = RequestPath::of(head);
//!         let id = path.normalised().strip_prefix("/notes/").and_then(|id| id.parse().ok());
//!         Some(id.ok_or_else(|| {
//!             let mut no_such_note = Response::new("notes have numbers");
//!             *no_such_note.status_mut() = StatusCode::NOT_FOUND;
//!             Unidentified::refused(no_such_note)
//!         }))
//!     }
//!
//!     fn known(&self, id: &i64) -> Option<Found> {
//!         let shelf = self.0.lock().unwrap();
//!         let note = shelf.by_id.get(id);
//!         Some(note.map(|(version, text)| Found::version(*version).with(text.clone())).into())
//!     }
//! }
//!
//! async fn read(text: Loaded<Arc<str>>) -> String {
//!     text.to_string()
//! }
//!
//! async fn save(
//!     Path(id): Path<i64>,
//!     State(notes): State<Notes>,
//!     checked: Checked,
//!     text: String,
//! ) -> Result<(), PreconditionFailed> {
//!     let mut shelf = notes.0.lock().unwrap();
//!     let now = shelf.by_id.get(&id).map(|(version, _)| *version);
//!     if now != checked.version() {
//!         return Err(checked.lost());
//!     }
//!     shelf.last_version += 1;
//!     let version = shelf.last_version;
//!     shelf.by_id.insert(id, (version, text.into()));
//!     Ok(())
//! }
//!
//! let notes = Notes::default();
//! let layer = ConditionalLayer::new(notes.clone()).writes(WritePolicy::required());
//! let app: Router = Router::new().route("/notes/{id}", get(read).put(save).route_layer(layer)).with_state(notes);
//! # mod kit { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/recipes/ask.rs")); }
//! # use kit::*;
//! # tokio::runtime::Runtime::new().unwrap().block_on(async {
//! #     let put = |path, field, value| ask(&app, "PUT", path, [(field, value)]);
//! #     assert_eq!(put("/notes/1", "if-none-match", "*").await.status(), 200);
//! #     assert_eq!(put("/notes/1", "if-match", "\"1\"").await.status(), 200);
//! #     for spelling in ["/notes/1", "/notes/01", "/notes/+1", "/notes/%31"] {
//! #         assert_eq!(put(spelling, "if-match", "\"1\"").await.status(), 412, "{spelling}");
//! #         assert_eq!(put(spelling, "if-none-match", "*").await.status(), 412, "{spelling}");
//! #         let read = ask(&app, "GET", spelling, []).await;
//! #         assert_eq!((read.status().as_u16(), tag_of(&read).as_str()), (200, "\"2\""), "{spelling}");
//! #     }
//! #     assert_eq!(ask(&app, "GET", "/notes/2", []).await.status(), 404);
//! #     assert_eq!(ask(&app, "PUT", "/notes/x", []).await.status(), 404);
//! # });
//! ```
//!
//! For a test or a demonstration [`InMemoryVersions`](crate::source::InMemoryVersions) is enough.
