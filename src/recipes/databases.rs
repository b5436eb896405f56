//! A version for each row, and the same version in the statement that writes.
//!
//! # SQLite
//!
//! The version comes from a counter of the database's own, so that a row that is deleted and made again has another
//! one. A blocking call goes on when the client has hung up: the guard moves into it.
//!
//! ```
//! use std::sync::{Arc, Mutex};
//!
//! use axum::{Router, extract::{Path, State}, http::StatusCode, routing::get};
//! use rusqlite::{Connection, OptionalExtension, params};
//! use tokio::task::spawn_blocking;
//! use tower_conditional::axum::extractor_source;
//! use tower_conditional::{Checked, ConditionalLayer, EntityTag, PreconditionFailed, SourceError, WritePolicy};
//!
//! type Db = Arc<Mutex<Connection>>;
//!
//! const SCHEMA: &str = "
//!     CREATE TABLE counter (last INTEGER NOT NULL);
//!     INSERT INTO counter VALUES (0);
//!     CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT NOT NULL, version INTEGER NOT NULL);";
//!
//! /// The source: the same extractors as a handler, and the version that the row has now.
//! async fn version(Path(id): Path<i64>, State(db): State<Db>) -> Result<Option<EntityTag>, SourceError> {
//!     let select = "SELECT version FROM notes WHERE id = ?";
//!     let find = move || db.lock().unwrap().query_row(select, [id], |row| row.get(0)).optional();
//!     let version: Option<i64> = spawn_blocking(find).await??;
//!     Ok(version.map(i64::cast_unsigned).map(EntityTag::from_version))
//! }
//!
//! async fn save(
//!     Path(id): Path<i64>,
//!     State(db): State<Db>,
//!     checked: Checked, // before the body, as every extractor of the head
//!     text: String,
//! ) -> Result<StatusCode, PreconditionFailed> {
//!     let seen = checked.version().map(u64::cast_signed); // databases count in i64
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
//! # async fn read(Path(id): Path<i64>, State(db): State<Db>) -> Result<String, StatusCode> {
//! #     let text = db.lock().unwrap().query_row("SELECT text FROM notes WHERE id = ?", [id], |row| row.get(0));
//! #     text.map_err(|_| StatusCode::NOT_FOUND)
//! # }
//!
//! fn app(db: Db) -> Router {
//!     let layer = ConditionalLayer::new(extractor_source(version, db.clone())).writes(WritePolicy::required());
//!     Router::new().route("/notes/{id}", get(read).put(save).route_layer(layer)).with_state(db)
//! }
//! # mod kit { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/recipes/ask.rs")); }
//! # use kit::*;
//! # #[tokio::main]
//! # async fn main() {
//! #     let db = Connection::open_in_memory().unwrap();
//! #     db.execute_batch(SCHEMA).unwrap();
//! #     let db = Arc::new(Mutex::new(db));
//! #     let app = app(db.clone());
//! #     let put = |field, value| ask(&app, "PUT", "/notes/1", [(field, value)]);
//! #     assert_eq!(ask(&app, "PUT", "/notes/1", []).await.status(), 428);
//! #     assert_eq!(put("if-none-match", "*").await.status(), 201);
//! #     assert_eq!(put("if-none-match", "*").await.status(), 412);
//! #     assert_eq!(put("if-match", "\"1\"").await.status(), 204);
//! #     assert_eq!(put("if-match", "\"1\"").await.status(), 412);
//! #     let found = ask(&app, "GET", "/notes/1", []).await;
//! #     assert_eq!((found.status().as_u16(), tag_of(&found).as_str()), (200, "\"2\""));
//! #     let again = ask(&app, "GET", "/notes/1", [("if-none-match", "\"2\"")]).await;
//! #     assert_eq!(again.status(), 304);
//! #     assert_eq!(ask(&app, "GET", "/notes/2", []).await.status(), 404);
//! #     // The statement is right by itself.
//! #     use tower_conditional_testkit::{Scratch, hammer};
//! #     let policy = WritePolicy::required().without_lock();
//! #     let layer = ConditionalLayer::new(extractor_source(version, db.clone())).writes(policy);
//! #     let note = get(read).put(save).route_layer(layer);
//! #     let unlocked: Router = Router::new().route("/notes/{id}", note).with_state(db);
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
//! `version` is `bigint NOT NULL DEFAULT nextval('versions')`, and every statement that writes says which version it
//! replaces: right on any number of replicas, whatever becomes of their locks.
//!
//! ```no_run
//! use axum::{Router, extract::{Path, State}, http::StatusCode, routing::get};
//! use deadpool_postgres::Pool;
//! use tower_conditional::axum::extractor_source;
//! use tower_conditional::{Checked, ConditionalLayer, EntityTag, SourceError, WritePolicy};
//!
//! const UPDATE: &str = "UPDATE notes SET text = $1, version = nextval('versions') WHERE id = $2 AND version = $3";
//! const INSERT: &str = "INSERT INTO notes (id, text) VALUES ($2, $1) ON CONFLICT DO NOTHING";
//!
//! async fn version(Path(id): Path<i64>, State(db): State<Pool>) -> Result<Option<EntityTag>, SourceError> {
//!     let row = db.get().await?.query_opt("SELECT version FROM notes WHERE id = $1", &[&id]).await?;
//!     let version: Option<i64> = row.map(|row| row.try_get(0)).transpose()?;
//!     Ok(version.map(i64::cast_unsigned).map(EntityTag::from_version))
//! }
//!
//! async fn save(
//!     Path(id): Path<i64>,
//!     State(db): State<Pool>,
//!     checked: Checked,
//!     text: String,
//! ) -> Result<StatusCode, axum::response::ErrorResponse> {
//!     let seen = checked.version().map(u64::cast_signed);
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
//!         Ok(Err(_)) | Err(_) => Err(StatusCode::SERVICE_UNAVAILABLE.into()),
//!     }
//! }
//! # async fn read() {}
//!
//! fn app(db: Pool) -> Router {
//!     let layer = ConditionalLayer::new(extractor_source(version, db.clone())).writes(WritePolicy::required());
//!     Router::new().route("/notes/{id}", get(read).put(save).route_layer(layer)).with_state(db)
//! }
//! # let _ = app;
//! ```
//!
//! The example `postgres` is this with replicas, a lock that they share, and a handler that judges inside its own
//! transaction.
//!
//! # In memory
//!
//! Where the map itself is the database, the version stands beside the value, and the handler swaps under the map's
//! own mutex. [`known`](crate::ValidatorSource::known) answers without a future.
//!
//! ```
//! use std::collections::HashMap;
//! use std::sync::{Arc, Mutex};
//!
//! use axum::{Router, extract::State, http::{StatusCode, Uri, request::Parts}, routing::get};
//! use tower_conditional::{
//!     Checked, ConditionalLayer, Current, EntityTag, PreconditionFailed, ValidatorSource, WritePolicy,
//! };
//!
//! #[derive(Clone, Default)]
//! struct Notes(Arc<Mutex<Shelf>>);
//!
//! #[derive(Default)]
//! struct Shelf {
//!     last_version: u64, // never goes back, not for a removed note either
//!     by_path: HashMap<String, (u64, String)>,
//! }
//!
//! impl ValidatorSource for Notes {
//!     fn known(&self, head: &Parts) -> Option<Current> {
//!         let shelf = self.0.lock().unwrap();
//!         let found = shelf.by_path.get(head.uri.path());
//!         Some(found.map(|(version, _)| EntityTag::from_version(*version)).into())
//!     }
//! }
//!
//! async fn save(
//!     State(notes): State<Notes>,
//!     uri: Uri,
//!     checked: Checked,
//!     text: String,
//! ) -> Result<(), PreconditionFailed> {
//!     let mut shelf = notes.0.lock().unwrap();
//!     let now = shelf.by_path.get(uri.path()).map(|(version, _)| *version);
//!     if now != checked.version() {
//!         return Err(checked.lost());
//!     }
//!     shelf.last_version += 1;
//!     let version = shelf.last_version;
//!     shelf.by_path.insert(uri.path().to_owned(), (version, text));
//!     Ok(())
//! }
//! # async fn read(State(notes): State<Notes>, uri: Uri) -> Result<String, StatusCode> {
//! #     let shelf = notes.0.lock().unwrap();
//! #     shelf.by_path.get(uri.path()).map(|(_, text)| text.clone()).ok_or(StatusCode::NOT_FOUND)
//! # }
//!
//! let notes = Notes::default();
//! let layer = ConditionalLayer::new(notes.clone()).writes(WritePolicy::required());
//! let app: Router = Router::new().route("/notes/{id}", get(read).put(save).route_layer(layer)).with_state(notes);
//! # mod kit { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/recipes/ask.rs")); }
//! # use kit::*;
//! # tokio::runtime::Runtime::new().unwrap().block_on(async {
//! #     let put = |field, value| ask(&app, "PUT", "/notes/1", [(field, value)]);
//! #     assert_eq!(put("if-none-match", "*").await.status(), 200);
//! #     assert_eq!(put("if-match", "\"1\"").await.status(), 200);
//! #     assert_eq!(put("if-match", "\"1\"").await.status(), 412);
//! #     assert_eq!(tag_of(&ask(&app, "GET", "/notes/1", []).await), "\"2\"");
//! # });
//! ```
//!
//! For a test or a demonstration [`InMemoryVersions`](crate::InMemoryVersions) is enough.
