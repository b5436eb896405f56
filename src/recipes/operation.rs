//! Operation: the reason of a 412 in the log, limits in time, and a check of your own router.
//!
//! # The reason of a 412 in the log
//!
//! With the feature `tracing` every evaluated request is one event of the target `tower_conditional`. A refusal has the level
//! INFO. The event has the pattern of the route, and not the path: use a span around the layer.
//!
//! ```
//! use axum::{Router, extract::Path, routing::get};
//! use tower_conditional::extract::extractor_source;
//! use tower_conditional::{ConditionalLayer, WritePolicy};
//! use tower_http::trace::{DefaultMakeSpan, TraceLayer};
//! use tracing::Level;
//! # use std::sync::{Arc, Mutex};
//! use tower_conditional::{EntityTag, SourceError};
//! # #[derive(Clone, Default)]
//! # struct Log(Arc<Mutex<Vec<u8>>>);
//! # impl std::io::Write for Log {
//! #     fn write(&mut self, text: &[u8]) -> std::io::Result<usize> {
//! #         self.0.lock().unwrap().extend_from_slice(text);
//! #         Ok(text.len())
//! #     }
//! #     fn flush(&mut self) -> std::io::Result<()> { Ok(()) }
//! # }
//! # let log = Log::default();
//! # let writer = log.clone();
//! # let _subscriber = tracing::subscriber::set_default(
//! #     tracing_subscriber::fmt().with_ansi(false).with_writer(move || writer.clone()).finish(),
//! # );
//!
//! /// `SELECT version FROM notes WHERE id = ?`
//! async fn version(_id: i64, _db: ()) -> Result<EntityTag, SourceError> {
//!     Ok(EntityTag::from_version(7))
//! }
//! # async fn read() -> &'static str { "a note" }
//! # async fn save() {}
//! # let db = ();
//! # /*
//!
//! tracing_subscriber::fmt().init(); // INFO and above
//! # */
//!
//! let notes = extractor_source(db, |Path(id): Path<i64>| id, version);
//! let layer = ConditionalLayer::new(notes).writes(WritePolicy::required());
//! let app: Router = Router::new()
//!     .route("/notes/{id}", get(read).put(save).route_layer(layer))
//!     .layer(TraceLayer::new_for_http().make_span_with(DefaultMakeSpan::new().level(Level::INFO)));
//! # mod kit { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/recipes/ask.rs")); }
//! # use kit::*;
//! # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
//! #     assert_eq!(ask(&app, "PUT", "/notes/1", [("if-match", "\"5\"")]).await.status(), 412);
//! # });
//! # let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
//! # for part in [
//! #     "INFO request{method=PUT uri=/notes/1 version=HTTP/1.1}: tower_conditional: a request was refused",
//! #     "decision=\"refused\" status=412 reason=\"stale\" field=\"If-Match\" route=\"/notes/{id}\" class=\"write\" moment=\"before\"",
//! #     "versions_behind=2 ",
//! # ] {
//! #     assert!(log.contains(part), "{part}\n{log}");
//! # }
//! ```
//!
//! ```text
//! INFO request{method=PUT uri=/notes/1 version=HTTP/1.1}: tower_conditional: a request was refused
//!   decision="refused" status=412 reason="stale" field="If-Match" route="/notes/{id}" class="write" moment="before" … versions_behind=2 …
//! ```
//!
//! Without `tracing`, the hook of [`ConditionalLayer::observe`](crate::ConditionalLayer::observe) gets the same event. The
//! example `metrics` counts them.
//!
//! # A retry whose first answer was lost
//!
//! A client that never got the answer to its PUT sends it again, and is refused: its own change has made its tag stale. Where the
//! client names the attempt, the layer may answer as the first time
//! ([RFC 9110, section 13.1.1](https://www.rfc-editor.org/rfc/rfc9110#section-13.1.1)). Recognise the *attempt*, and not the
//! state: another client may want the same state and has not made it. Keep the name of the attempt in the transaction of the
//! write, together with the user and the resource; with another body it is another attempt, which must not get the first answer.
//!
//! ```
//! use axum::{Router, extract::{Path, State}, routing::put};
//! use http::{HeaderMap, Response};
//! use tower_conditional::extract::extractor_source;
//! use tower_conditional::{Checked, ConditionalLayer, EntityTag, PreconditionFailed, SourceError, WritePolicy};
//! # use std::{collections::HashSet, sync::{Arc, Mutex}};
//! # #[derive(Clone, Default)] struct Db(Arc<Mutex<(u64, HashSet<String>)>>);
//! # impl Db {
//! #     fn update(&self, seen: Option<u64>, attempt: Option<String>) -> u64 {
//! #         let mut note = self.0.lock().unwrap();
//! #         if Some(note.0) != seen { return 0 }
//! #         note.0 += 1;
//! #         note.1.extend(attempt);
//! #         1
//! #     }
//! #     async fn has_applied(&self, attempt: &str) -> bool { self.0.lock().unwrap().1.contains(attempt) }
//! # }
//! # async fn version(_id: i64, db: Db) -> Result<EntityTag, SourceError> {
//! #     Ok(EntityTag::from_version(db.0.lock().unwrap().0))
//! # }
//! # let db = Db::default();
//!
//! fn attempt(fields: &HeaderMap) -> Option<String> {
//!     Some(fields.get("idempotency-key")?.to_str().ok()?.to_owned())
//! }
//!
//! async fn save(State(db): State<Db>, checked: Checked, fields: HeaderMap) -> Result<(), PreconditionFailed> {
//!     // begin; UPDATE … WHERE version = ?; INSERT INTO attempts …; commit
//!     let rows = db.update(checked.version(), attempt(&fields));
//!     if rows == 0 { Err(checked.lost()) } else { Ok(()) }
//! }
//!
//! let attempts = db.clone();
//! let policy = WritePolicy::required().answer_if_applied(move |head, _current| {
//!     let (db, attempt) = (attempts.clone(), attempt(&head.headers));
//!     async move { db.has_applied(&attempt?).await.then(|| Response::new("")) }
//! });
//! let notes = extractor_source(db.clone(), |Path(id): Path<i64>| id, version);
//! let layer = ConditionalLayer::new(notes).writes(policy);
//! let app: Router = Router::new().route("/notes/{id}", put(save).route_layer(layer)).with_state(db);
//! # mod kit { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/recipes/ask.rs")); }
//! # use kit::*;
//! # tokio::runtime::Runtime::new().unwrap().block_on(async {
//! #     let put = |key, tag| ask(&app, "PUT", "/notes/1", [("if-match", tag), ("idempotency-key", key)]);
//! #     assert_eq!(put("a", "\"0\"").await.status(), 200);
//! #     assert_eq!(put("a", "\"0\"").await.status(), 200, "the answer of the first time");
//! #     assert_eq!(put("b", "\"0\"").await.status(), 412, "another attempt");
//! #     assert_eq!(put("b", "\"1\"").await.status(), 200, "the retry has changed nothing");
//! # });
//! ```
//!
//! # How long a write may wait
//!
//! A handler that hangs, or a client that sends its body slowly, keeps other writes to the resource waiting. The *number* of
//! writes that wait is limited ([`limit_waiters`](crate::WritePolicy::limit_waiters)): the next one is answered 503 (`lock`) at
//! once. The *time* that they wait is not limited, because the crate has no timer. There are two ways to limit it.
//!
//! **An outer timeout** ends the whole request, while it waits for the lock, the body or the handler. Its future is dropped,
//! which frees the lock. The answer cannot say whether the change was made, because the handler may have run:
//!
//! ```
//! use std::time::Duration;
//!
//! use axum::{BoxError, Router, error_handling::HandleErrorLayer, extract::Path, routing::get};
//! use http::StatusCode;
//! use tower::ServiceBuilder;
//! use tower_conditional::extract::extractor_source;
//! use tower_conditional::{ConditionalLayer, WritePolicy};
//! # use std::sync::atomic::{AtomicBool, Ordering};
//! use tower_conditional::{EntityTag, SourceError};
//!
//! /// `SELECT version FROM notes WHERE id = ?`
//! async fn version(_id: i64, _db: ()) -> Result<EntityTag, SourceError> {
//!     Ok(EntityTag::from_version(7))
//! }
//! # async fn read() -> &'static str { "a note" }
//! # static HANGS: AtomicBool = AtomicBool::new(true);
//! # async fn save() { if HANGS.load(Ordering::SeqCst) { std::future::pending().await } }
//! # let db = ();
//!
//! let notes = extractor_source(db, |Path(id): Path<i64>| id, version);
//! let layer = ConditionalLayer::new(notes).writes(WritePolicy::required().limit_waiters(100));
//! let too_late = async |_: BoxError| {
//!     (StatusCode::SERVICE_UNAVAILABLE, "no answer in time; the change may have been made")
//! };
//! let app: Router = Router::new()
//!     .route("/notes/{id}", get(read).put(save).route_layer(layer))
//!     .layer(ServiceBuilder::new().layer(HandleErrorLayer::new(too_late)).timeout(Duration::from_secs(10)));
//! # mod kit { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/recipes/ask.rs")); }
//! # use kit::*;
//! # let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
//! # runtime.block_on(async {
//! #     let put = || ask(&app, "PUT", "/notes/1", [("if-match", "\"7\"")]);
//! #     let (hangs, waits) = tokio::join!(put(), put());
//! #     assert_eq!((hangs.status().as_u16(), waits.status().as_u16()), (503, 503));
//! #     assert!(!waits.headers().contains_key("retry-after"), "the timeout's answer, not the lock's");
//! #     HANGS.store(false, Ordering::SeqCst);
//! #     assert_eq!(put().await.status(), 200, "the lock is free again");
//! # });
//! ```
//!
//! **A lock of your own** fails after some time. The write that waited is answered 503 (`lock`) with Retry-After, and was not
//! performed. The write that holds the lock goes on. The source must name the kind of resource, and all layers of the kind
//! must get a clone of the same lock:
//!
//! ```
//! use std::{future::Future, pin::Pin, time::Duration};
//!
//! use axum::{Router, extract::Path, routing::get};
//! use tokio::time::timeout;
//! use tower_conditional::extract::extractor_source;
//! use tower_conditional::lock::{InProcessLock, WriteGuard, WriteKey, WriteLock};
//! use tower_conditional::{BoxError, ConditionalLayer, ValidatorSource, WritePolicy};
//! # use std::sync::atomic::{AtomicBool, Ordering};
//! use tower_conditional::{EntityTag, SourceError};
//!
//! /// `SELECT version FROM notes WHERE id = ?`
//! async fn version(_id: i64, _db: ()) -> Result<EntityTag, SourceError> {
//!     Ok(EntityTag::from_version(7))
//! }
//! # async fn read() -> &'static str { "a note" }
//! # static HUNG: AtomicBool = AtomicBool::new(false);
//! # async fn save() { if !HUNG.swap(true, Ordering::SeqCst) { std::future::pending().await } }
//! # let db = ();
//!
//! /// Waits for five seconds at most; clones are one lock.
//! #[derive(Clone, Default)]
//! struct FiveSeconds(InProcessLock);
//!
//! impl WriteLock for FiveSeconds {
//!     fn identity(&self) -> usize {
//!         self.0.identity()
//!     }
//!
//!     fn try_lock(&self, keys: &[WriteKey]) -> Option<WriteGuard> {
//!         self.0.try_lock(keys)
//!     }
//!
//!     fn lock<'a>(
//!         &'a self,
//!         keys: &'a [WriteKey],
//!     ) -> Pin<Box<dyn Future<Output = Result<WriteGuard, BoxError>> + Send + 'a>> {
//!         Box::pin(async move { timeout(Duration::from_secs(5), self.0.lock(keys)).await? })
//!     }
//! }
//!
//! let lock = FiveSeconds::default();
//! let notes = extractor_source(db, |Path(id): Path<i64>| id, version).named("notes");
//! let layer = ConditionalLayer::new(notes).writes(WritePolicy::required().use_lock(lock.clone()));
//! let app: Router = Router::new().route("/notes/{id}", get(read).put(save).route_layer(layer));
//! # mod kit { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/recipes/ask.rs")); }
//! # use kit::*;
//! # let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
//! # runtime.block_on(async {
//! #     let put = || ask(&app, "PUT", "/notes/1", [("if-match", "\"7\"")]);
//! #     let mut hangs = Box::pin(put());
//! #     let refused = tokio::select! { biased; _ = &mut hangs => unreachable!(), refused = put() => refused };
//! #     assert_eq!((refused.status().as_u16(), &refused.headers()["retry-after"]), (503, &"1".parse().unwrap()));
//! #     drop(hangs);
//! #     assert_eq!(put().await.status(), 200, "the lock is free again");
//! # });
//! ```
//!
//! The advisory lock of the example `postgres` fails in the same way.
//!
//! # The testkit over your own router
//!
//! With `tower-conditional-testkit` among the dev-dependencies, a test checks your router against RFC 9110. The scratch path
//! is one that the test may write to. The content that is read later must contain the `mark` that was written.
//!
//! It gets two replicas over one store: in one process the write lock lets no writes overlap, so a statement without
//! `WHERE version = ?` passes every race there, and loses updates as soon as there is a second process.
//!
//! ```
//! use tower_conditional_testkit::{Fixture, Replicas, Scratch, check, hammer};
//! # use axum::{Router, routing::get, extract::{Path, State}, http::StatusCode};
//! # use std::{collections::HashMap, sync::{Arc, Mutex}};
//! # use tower_conditional::extract::extractor_source;
//! # use tower_conditional::{Checked, ConditionalLayer, Found, Loaded, PreconditionFailed, SourceError, WritePolicy};
//! # type Row = (i64, String);
//! # #[derive(Clone, Default)]
//! # struct Notes(Arc<Mutex<(i64, HashMap<i64, Row>)>>);
//! # impl Notes {
//! #     fn open_in_memory() -> Self {
//! #         let notes = Self::default();
//! #         notes.change(1, None, Some("a note".to_owned()));
//! #         notes
//! #     }
//! #     fn change(&self, id: i64, seen: Option<i64>, text: Option<String>) -> bool {
//! #         let mut notes = self.0.lock().unwrap();
//! #         if notes.1.get(&id).map(|row| row.0) != seen { return false; }
//! #         notes.0 += 1;
//! #         let version = notes.0;
//! #         match text {
//! #             Some(text) => { notes.1.insert(id, (version, text)); }
//! #             None => { notes.1.remove(&id); }
//! #         }
//! #         true
//! #     }
//! # }
//! # fn app(notes: Notes) -> Router {
//! #     let source = extractor_source(notes.clone(), |Path(id): Path<i64>| id, async |id, notes: Notes| {
//! #         let note = notes.0.lock().unwrap().1.get(&id).cloned();
//! #         Ok::<_, SourceError>(note.map(|(version, text)| Found::version(version).with(text)))
//! #     });
//! #     let read = async |text: Loaded<String>| text.into_inner();
//! #     let save = async |Path(id): Path<i64>, State(notes): State<Notes>, checked: Checked, text: String| {
//! #         if !notes.change(id, checked.version(), Some(text)) { return Err(checked.lost()); }
//! #         Ok::<_, PreconditionFailed>(if checked.existed() == Some(false) { StatusCode::CREATED } else { StatusCode::NO_CONTENT })
//! #     };
//! #     let remove = async |Path(id): Path<i64>, State(notes): State<Notes>, checked: Checked| {
//! #         if checked.existed() == Some(false) { return Ok(StatusCode::NOT_FOUND); }
//! #         if !notes.change(id, checked.version(), None) { return Err(checked.lost()); }
//! #         Ok::<_, PreconditionFailed>(StatusCode::NO_CONTENT)
//! #     };
//! #     let layer = ConditionalLayer::new(source).writes(WritePolicy::required());
//! #     let note = get(read).put(save).delete(remove).route_layer(layer);
//! #     let router = Router::new().route("/notes/{id}", note).with_state(notes);
//! #     router.layer(tower_conditional::content_coding::ContentCodingLayer::new().leave_tags())
//! # }
//!
//! # /*
//! #[tokio::test]
//! # */
//! async fn conditional_requests_are_handled_as_rfc_9110_says() {
//!     let db = Notes::open_in_memory(); // with note 1; a pool over SQLite, or a database of the test
//!     let replicas = Replicas::new([app(db.clone()), app(db)]); // not two clones of one: these share the lock
//!
//!     let scratch = Scratch::put("/notes/99", "text/plain", |mark| format!("written: {mark}"));
//!     let report = check(replicas.clone(), Fixture::at("/notes/1").writing(scratch)).await;
//!     assert!(report.is_clean(), "{report}");
//!
//!     // Of 20 writers with one tag, one may win. The note is there, so they update it; where nothing is, they create it.
//!     let note = Scratch::put("/notes/1", "text/plain", |mark| format!("written: {mark}"));
//!     let hammered = hammer(replicas, note, 20).await;
//!     assert!(hammered.is_clean(), "{hammered}");
//! }
//! # tokio::runtime::Runtime::new().unwrap().block_on(conditional_requests_are_handled_as_rfc_9110_says());
//! ```
