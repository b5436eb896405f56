//! Versions: what to make a tag of, for a route that is there already. Each program shows all that the layer adds to it.
//!
//! | the row has | the tag | writes are safe by |
//! |---|---|---|
//! | [a version column](#a-version-column) | strong | the version in the statement |
//! | [`updated_at` alone](#updated_at-alone) | strong, if the statement makes each time later than the one before | the time in the statement |
//! | [neither](#no-version-at-all) | strong, of the content | the content in the statement, or the write lock |
//! | [a tag for each member of a list](#a-list-whose-members-carry-tags) | that of the member | what the member's own route does |
//!
//! # A version column
//!
//! A router over generic state, with a trait for the database and an extractor for the user. The layer is added in the lines
//! that are marked, and the handler of the write gets one argument more. Both the source and the handler run the extractor of
//! the user, so that its 401 comes first, and one user's records are not another's.
//!
//! ```
//! use axum::{Json, Router, extract::{FromRef, FromRequestParts, Path, State}, http::request::Parts, routing::get};
//! use http::StatusCode;
//! use tower_conditional::extract::extractor_source;
//! use tower_conditional::{Checked, ConditionalLayer, Found, Loaded, SourceError, ValidatorSource, WritePolicy};
//! # use std::{collections::HashMap, sync::{Arc, Mutex}};
//!
//! #[derive(Clone, serde::Serialize)]
//! struct Record { version: i64, text: String }
//!
//! trait Database: Clone + Send + Sync + 'static {
//!     fn user(&self, token: &str) -> impl Future<Output = Option<i64>> + Send;
//!     fn record(&self, user: i64, id: i64) -> impl Future<Output = Result<Option<Record>, DbError>> + Send;
//!     /// `UPDATE … SET version = version + 1 WHERE user = $1 AND id = $2 AND version = $3`: how many rows were changed.
//!     fn update(&self, user: i64, id: i64, seen: i64, text: String) -> impl Future<Output = Result<u64, DbError>> + Send;
//! }
//! # #[derive(Debug)] struct DbError;
//! # impl std::fmt::Display for DbError { fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { f.write_str("db") } }
//! # impl std::error::Error for DbError {}
//! # #[derive(Clone, Default)] struct Memory(Arc<Mutex<HashMap<(i64, i64), Record>>>);
//! # impl Database for Memory {
//! #     async fn user(&self, token: &str) -> Option<i64> { token.parse().ok() }
//! #     async fn record(&self, user: i64, id: i64) -> Result<Option<Record>, DbError> {
//! #         Ok(self.0.lock().unwrap().get(&(user, id)).cloned())
//! #     }
//! #     async fn update(&self, user: i64, id: i64, seen: i64, text: String) -> Result<u64, DbError> {
//! #         let mut records = self.0.lock().unwrap();
//! #         let Some(record) = records.get_mut(&(user, id)).filter(|record| record.version == seen) else { return Ok(0) };
//! #         *record = Record { version: seen + 1, text };
//! #         Ok(1)
//! #     }
//! # }
//!
//! #[derive(Clone)]
//! struct AppState<D> { database: D }
//!
//! struct User(i64);
//!
//! impl<D: Database> FromRequestParts<AppState<D>> for User {
//!     type Rejection = StatusCode;
//!
//!     async fn from_request_parts(head: &mut Parts, state: &AppState<D>) -> Result<Self, StatusCode> {
//!         let token = head.headers.get("authorization").and_then(|token| token.to_str().ok());
//!         let user = state.database.user(token.unwrap_or_default()).await;
//!         user.map(Self).ok_or(StatusCode::UNAUTHORIZED)
//!     }
//! }
//!
//! async fn read(record: Loaded<Record>) -> Json<Record> { // was: one more query
//!     Json(record.into_inner())
//! }
//!
//! async fn save<D: Database>(
//!     User(user): User,
//!     Path(id): Path<i64>,
//!     State(state): State<AppState<D>>,
//!     checked: Checked, // new
//!     text: String,
//! ) -> Result<(), axum::response::ErrorResponse> {
//!     let seen = checked.version().ok_or(StatusCode::NOT_FOUND)?; // new
//!     match state.database.update(user, id, seen, text).await {
//!         Ok(0) => Err(checked.lost().into()), // new
//!         Ok(_) => Ok(()),
//!         Err(_) => Err(StatusCode::INTERNAL_SERVER_ERROR.into()),
//!     }
//! }
//!
//! // new: the look-up
//! async fn load<D: Database>((user, id): (i64, i64), state: AppState<D>) -> Result<Option<Found>, SourceError> {
//!     let record = state.database.record(user, id).await?;
//!     Ok(record.map(|record| Found::version(record.version).with(record)))
//! }
//!
//! fn router<D: Database>(state: AppState<D>) -> Router {
//!     // new: the layer, for a route whose PUT creates nothing
//!     let records = extractor_source(state.clone(), |User(user): User, Path(id): Path<i64>| (user, id), load).update_only();
//!     let guarded = ConditionalLayer::new(records).writes(WritePolicy::required());
//!     Router::new().route("/records/{id}", get(read).put(save::<D>).route_layer(guarded)).with_state(state)
//! }
//! # mod kit { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/recipes/ask.rs")); }
//! # use kit::*;
//! # tokio::runtime::Runtime::new().unwrap().block_on(async {
//! #     let database = Memory::default();
//! #     database.0.lock().unwrap().insert((1, 7), Record { version: 3, text: "milk".to_owned() });
//! #     let app = router(AppState { database });
//! #     let put = async |user, id: &str, tag: Option<&str>| {
//! #         let path = format!("/records/{id}");
//! #         match tag {
//! #             Some(tag) => ask(&app, "PUT", &path, [("authorization", user), ("if-match", tag)]).await,
//! #             None => ask(&app, "PUT", &path, [("authorization", user)]).await,
//! #         }.status().as_u16()
//! #     };
//! #     assert_eq!(put("nobody", "7", None).await, 401);
//! #     assert_eq!(put("1", "7", None).await, 428);
//! #     assert_eq!(put("1", "7", Some("\"2\"")).await, 412);
//! #     assert_eq!(put("1", "7", Some("\"3\"")).await, 200);
//! #     assert_eq!(put("1", "07", Some("\"3\"")).await, 412);
//! #     for tag in [None, Some("\"4\""), Some("*")] {
//! #         assert_eq!(put("2", "7", tag).await, 404, "of another user");
//! #         assert_eq!(put("1", "8", tag).await, 404);
//! #     }
//! #     let read = ask(&app, "GET", "/records/7", [("authorization", "1")]).await;
//! #     assert_eq!((read.status().as_u16(), tag_of(&read).as_str()), (200, "\"4\""));
//! # });
//! ```
//!
//! # `updated_at` alone
//!
//! A time is a version only if no two changes share it. A clock does not make sure of that: two transactions may begin in one
//! of its ticks, and it may be set back. Then an old tag is current again, and an update is lost, or a 304 is wrong.
//!
//! - **The statement can make sure of it**: it sets a time that is later than the one before, whatever the clock says. Then the
//!   tag is strong ([`Representation::strongly_updated_at`](crate::Representation::strongly_updated_at)), and
//!   [`Checked::updated_at`](crate::Checked::updated_at) is the time for the `WHERE` clause, with all digits that the database
//!   has. Every statement that writes must do it: a trigger is a good place. A row that is deleted and created again under
//!   its id may get an old time again, if the clock goes back in between: a version from a sequence does not.
//! - **Otherwise it is weak** ([`Representation::updated_at`](crate::Representation::updated_at)), for 304s alone. If-Match never
//!   names a weak tag.
//!
//! ```
//! use std::time::SystemTime; // or `chrono::DateTime<Utc>`, or `time::OffsetDateTime`: they become one
//!
//! use axum::{Router, extract::{Path, State}, routing::get};
//! use http::StatusCode;
//! use tower_conditional::extract::extractor_source;
//! use tower_conditional::{Checked, ConditionalLayer, Found, Loaded, Representation, SourceError, ValidatorSource, WritePolicy};
//! # use std::sync::{Arc, Mutex};
//! # use std::time::Duration;
//!
//! const UPDATE: &str = "
//!     UPDATE notes SET text = $1, updated_at = greatest(clock_timestamp(), updated_at + interval '1 microsecond')
//!     WHERE id = $2 AND updated_at = $3";
//!
//! #[derive(Clone)]
//! struct Note { text: String, updated_at: SystemTime }
//! # /// One row, and the clock of the database.
//! # #[derive(Clone)] struct Db(Arc<Mutex<(Note, SystemTime)>>);
//! # impl Db {
//! #     async fn note(&self, id: i64) -> Result<Option<Note>, std::io::Error> {
//! #         Ok((id == 1).then(|| self.0.lock().unwrap().0.clone()))
//! #     }
//! #     async fn execute(&self, _: &str, (text, _, seen): (String, i64, SystemTime)) -> u64 {
//! #         let (note, clock) = &mut *self.0.lock().unwrap();
//! #         if note.updated_at != seen { return 0 }
//! #         *note = Note { text, updated_at: (*clock).max(note.updated_at + Duration::from_micros(1)) };
//! #         1
//! #     }
//! # }
//!
//! async fn load(id: i64, db: Db) -> Result<Option<Found>, SourceError> {
//!     let note = db.note(id).await?;
//!     Ok(note.map(|note| Found::from(Representation::strongly_updated_at(note.updated_at)).with(note)))
//! }
//!
//! async fn read(note: Loaded<Note>) -> String {
//!     note.into_inner().text
//! }
//!
//! async fn save(
//!     Path(id): Path<i64>,
//!     State(db): State<Db>,
//!     checked: Checked,
//!     text: String,
//! ) -> Result<(), axum::response::ErrorResponse> {
//!     let seen = checked.updated_at().ok_or(StatusCode::NOT_FOUND)?;
//!     let rows = db.execute(UPDATE, (text, id, seen)).await;
//!     if rows == 0 { Err(checked.lost().into()) } else { Ok(()) }
//! }
//!
//! fn app(db: Db) -> Router {
//!     let notes = extractor_source(db.clone(), |Path(id): Path<i64>| id, load).update_only();
//!     let layer = ConditionalLayer::new(notes).writes(WritePolicy::required());
//!     Router::new().route("/notes/{id}", get(read).put(save).route_layer(layer)).with_state(db)
//! }
//! # mod kit { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/recipes/ask.rs")); }
//! # use kit::*;
//! # tokio::runtime::Runtime::new().unwrap().block_on(async {
//! #     let at = |micros| SystemTime::UNIX_EPOCH + Duration::from_micros(micros);
//! #     let clock = 1_700_000_000_123_456;
//! #     let note = Note { text: "milk".to_owned(), updated_at: at(clock) };
//! #     let db = Db(Arc::new(Mutex::new((note, at(clock)))));
//! #     let app = app(db.clone());
//! #     // The clock stands still, goes back by an hour, and goes on.
//! #     let mut tags = Vec::new();
//! #     for clock in [clock, clock - 3_600_000_000, clock + 5] {
//! #         db.0.lock().unwrap().1 = at(clock);
//! #         let seen = ask(&app, "GET", "/notes/1", []).await;
//! #         assert_eq!(seen.headers()["last-modified"], "Tue, 14 Nov 2023 22:13:20 GMT");
//! #         let tag = tag_of(&seen);
//! #         assert!(!tags.contains(&tag), "{tag} came again");
//! #         assert_eq!(ask(&app, "GET", "/notes/1", [("if-none-match", &tag)]).await.status(), 304);
//! #         let put = async || ask(&app, "PUT", "/notes/1", [("if-match", &tag)]).await.status().as_u16();
//! #         assert_eq!((put().await, put().await), (200, 412));
//! #         tags.push(tag);
//! #     }
//! #     assert_eq!(tags, ["\"1700000000123456000\"", "\"1700000000123457000\"", "\"1700000000123458000\""]);
//! #     assert_eq!(ask(&app, "PUT", "/notes/2", [("if-match", "\"1\"")]).await.status(), 404);
//! # });
//! ```
//!
//! A column of integers (milliseconds, microseconds) is a version as any other: [`Found::version`](crate::Found::version) and
//! `checked.version::<i64>()`. In SQLite, `updated_at = max(?, updated_at + 1)`.
//!
//! # No version at all
//!
//! The tag is the digest of what determines the representation: of the stored bytes, or of the value as it is serialised. A
//! [`BodyHash`](crate::BodyHash) does this for reads without any of your code; here the look-up does it, so that writes are
//! checked as well. Two edits that undo each other have one tag: a client that has seen the first state may then overwrite
//! the third, which is the same.
//!
//! **The value must be serialised alike each time.** A `HashMap` is not: each one has an order of its own, so that a client
//! gets a new tag for unchanged data, no 304, and a 412 for each save. Use a `BTreeMap`.
//!
//! ```
//! use std::collections::BTreeMap;
//!
//! use axum::{Json, Router, extract::{Path, State}, routing::get};
//! use tower_conditional::extract::extractor_source;
//! use tower_conditional::{Checked, ConditionalLayer, EntityTag, Found, Loaded, PreconditionFailed, SourceError, WritePolicy};
//! # use std::collections::HashMap;
//! # use std::sync::{Arc, Mutex};
//!
//! type Settings = BTreeMap<String, String>;
//! # #[derive(Clone, Default)] struct Db(Arc<Mutex<HashMap<i64, Settings>>>);
//! # impl Db {
//! #     async fn settings(&self, user: i64) -> Result<Option<Settings>, std::io::Error> {
//! #         Ok(self.0.lock().unwrap().get(&user).cloned())
//! #     }
//! #     async fn replace(&self, user: i64, seen: Option<EntityTag>, new: Settings) -> bool {
//! #         let mut all = self.0.lock().unwrap();
//! #         let now = all.get(&user).map(|settings| tag_of_settings(settings).unwrap());
//! #         let is_seen = match (now, seen) { (Some(now), Some(seen)) => now.strong_eq(&seen), (now, seen) => now.is_none() && seen.is_none() };
//! #         if is_seen { all.insert(user, new); }
//! #         is_seen
//! #     }
//! # }
//!
//! fn tag_of_settings(settings: &Settings) -> Result<EntityTag, serde_json::Error> {
//!     Ok(EntityTag::of_bytes(serde_json::to_vec(settings)?))
//! }
//!
//! async fn load(user: i64, db: Db) -> Result<Option<Found>, SourceError> {
//!     let Some(settings) = db.settings(user).await? else { return Ok(None) };
//!     Ok(Some(Found::from(tag_of_settings(&settings)?).with(settings)))
//! }
//!
//! async fn read(settings: Loaded<Settings>) -> Json<Settings> {
//!     Json(settings.into_inner())
//! }
//!
//! async fn save(
//!     Path(user): Path<i64>,
//!     State(db): State<Db>,
//!     checked: Checked,
//!     Json(settings): Json<Settings>,
//! ) -> Result<(), PreconditionFailed> {
//!     // BEGIN; SELECT … FOR UPDATE; compare the tag of the row; UPDATE or INSERT; COMMIT
//!     let is_replaced = db.replace(user, checked.entity_tag().cloned(), settings).await;
//!     if is_replaced { Ok(()) } else { Err(checked.lost()) }
//! }
//!
//! fn app(db: Db) -> Router {
//!     let settings = extractor_source(db.clone(), |Path(user): Path<i64>| user, load);
//!     let layer = ConditionalLayer::new(settings).writes(WritePolicy::required());
//!     Router::new().route("/settings/{user}", get(read).put(save).route_layer(layer)).with_state(db)
//! }
//! # mod kit { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/recipes/ask.rs")); }
//! # use kit::*;
//! # tokio::runtime::Runtime::new().unwrap().block_on(async {
//! #     let app = app(Db::default());
//! #     let put = async |field: &str, value: &str, json: &str| {
//! #         let put = http::Request::put("/settings/1").header(field, value).header("content-type", "application/json");
//! #         let put = put.body(axum::body::Body::from(json.to_owned())).unwrap();
//! #         tower::ServiceExt::oneshot(app.clone(), put).await.unwrap().status().as_u16()
//! #     };
//! #     assert_eq!(put("if-none-match", "*", r#"{"theme":"dark"}"#).await, 200);
//! #     let tag = tag_of(&ask(&app, "GET", "/settings/1", []).await);
//! #     assert_eq!(tag, "\"D0-H20VnIyp_F1aqFTTsEw\"");
//! #     assert_eq!(ask(&app, "GET", "/settings/1", [("if-none-match", &tag)]).await.status(), 304);
//! #     assert_eq!(put("if-match", &tag, r#"{"theme":"dark","b":"2","a":"1"}"#).await, 200);
//! #     assert_eq!(put("if-match", &tag, r#"{"theme":"light"}"#).await, 412);
//! #     let tag = tag_of(&ask(&app, "GET", "/settings/1", []).await);
//! #     for _ in 0..5 { assert_eq!(tag_of(&ask(&app, "GET", "/settings/1", []).await), tag); }
//! # });
//! ```
//!
//! # A list whose members carry tags
//!
//! With its tag beside each member (`@odata.etag`, `etag`), a client that has read the list changes a member without reading
//! it first. The tag in the content must be that of a GET of the member: make both with one function. The feature `serde`
//! serialises it as its header has it, quotes included, so that the client sends back what it got.
//!
//! ```
//! use axum::{Json, Router, extract::{Path, State}, routing::get};
//! use tower_conditional::extract::extractor_source;
//! use tower_conditional::{Checked, ConditionalLayer, EntityTag, Epoch, Found, PreconditionFailed, SourceError, WritePolicy};
//! # use std::{collections::BTreeMap, sync::{Arc, Mutex}};
//!
//! const FORM: Epoch = Epoch::new("n1");
//!
//! #[derive(serde::Serialize)]
//! struct Member {
//!     #[serde(rename = "@odata.etag")]
//!     etag: EntityTag,
//!     id: i64,
//!     text: String,
//! }
//! # #[derive(Clone)] struct Note { version: i64, text: String }
//! # #[derive(Clone, Default)] struct Db(Arc<Mutex<BTreeMap<i64, Note>>>);
//! # impl Db {
//! #     async fn note(&self, id: i64) -> Result<Option<Note>, std::io::Error> { Ok(self.0.lock().unwrap().get(&id).cloned()) }
//! #     async fn notes(&self) -> Vec<(i64, Note)> {
//! #         self.0.lock().unwrap().iter().map(|(id, note)| (*id, note.clone())).collect()
//! #     }
//! #     async fn update(&self, id: i64, seen: Option<i64>, text: String) -> u64 {
//! #         let mut notes = self.0.lock().unwrap();
//! #         let Some(note) = notes.get_mut(&id).filter(|note| Some(note.version) == seen) else { return 0 };
//! #         *note = Note { version: note.version + 1, text };
//! #         1
//! #     }
//! # }
//!
//! async fn list(State(db): State<Db>) -> Json<Vec<Member>> {
//!     let notes = db.notes().await.into_iter();
//!     Json(notes.map(|(id, note)| Member { etag: FORM.version(note.version), id, text: note.text }).collect())
//! }
//!
//! async fn load(id: i64, db: Db) -> Result<Option<Found>, SourceError> {
//!     let note = db.note(id).await?;
//!     Ok(note.map(|note| Found::from(FORM.version(note.version)).with(note)))
//! }
//!
//! async fn save(
//!     Path(id): Path<i64>,
//!     State(db): State<Db>,
//!     checked: Checked,
//!     text: String,
//! ) -> Result<(), PreconditionFailed> {
//!     let rows = db.update(id, checked.version(), text).await;
//!     if rows == 0 { Err(checked.lost()) } else { Ok(()) }
//! }
//! # async fn read(note: tower_conditional::Loaded<Note>) -> String { note.into_inner().text }
//!
//! fn app(db: Db) -> Router {
//!     let notes = extractor_source(db.clone(), |Path(id): Path<i64>| id, load);
//!     let layer = ConditionalLayer::new(notes).writes(WritePolicy::required());
//!     let note = get(read).put(save).route_layer(layer);
//!     Router::new().route("/notes", get(list)).route("/notes/{id}", note).with_state(db)
//! }
//! # mod kit { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/recipes/ask.rs")); }
//! # use kit::*;
//! # tokio::runtime::Runtime::new().unwrap().block_on(async {
//! #     let db = Db::default();
//! #     for id in [1, 2] { db.0.lock().unwrap().insert(id, Note { version: id + 6, text: format!("note {id}") }); }
//! #     let app = app(db);
//! #     let body = ask(&app, "GET", "/notes", []).await.into_body();
//! #     let members: serde_json::Value = serde_json::from_slice(&axum::body::to_bytes(body, 1000).await.unwrap()).unwrap();
//! #     for member in members.as_array().unwrap() {
//! #         let (path, tag) = (format!("/notes/{}", member["id"]), member["@odata.etag"].as_str().unwrap());
//! #         assert_eq!(tag_of(&ask(&app, "GET", &path, []).await), tag);
//! #         assert_eq!(ask(&app, "PUT", &path, [("if-match", tag)]).await.status(), 200, "without a read");
//! #         assert_eq!(ask(&app, "PUT", &path, [("if-match", tag)]).await.status(), 412);
//! #     }
//! #     assert_eq!(members[0]["@odata.etag"], "\"n1.7\"");
//! # });
//! ```
//!
//! How a member in the content of a *write* is checked: [tags elsewhere](super::tags_elsewhere).
