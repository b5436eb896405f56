//! Identifying resources: tenants, several paths to one table, negotiated forms, lists.
//!
//! # A resource of each tenant
//!
//! Note 7 of one tenant and note 7 of another are two resources with the same path. Tenant and id together identify the
//! resource. Both are used by the look-up and are in the key of the write lock, so that tenants do not see each other's notes
//! and do not wait for each other.
//!
//! The tenant comes from the extractor that authenticates. The source runs the same extractor as the handler, so that its 401
//! comes before 428 and 412. The extractor caches the tenant in the extensions of the request, so that a request is
//! authenticated once.
//!
//! ```
//! use axum::{Router, extract::{FromRequestParts, Path, State}, http::request::Parts, routing::get};
//! use http::{HeaderValue, StatusCode, header::{AUTHORIZATION, CACHE_CONTROL}};
//! use tower_conditional::extract::extractor_source;
//! use tower_conditional::{Checked, ConditionalLayer, Found, Loaded, PreconditionFailed, SourceError, WritePolicy};
//! # use std::collections::HashMap;
//! # use std::sync::{Arc, Mutex, atomic::{AtomicUsize, Ordering}};
//! # static AUTHENTICATED: AtomicUsize = AtomicUsize::new(0);
//! # fn tenant_of(token: Option<&HeaderValue>) -> Option<String> {
//! #     AUTHENTICATED.fetch_add(1, Ordering::SeqCst);
//! #     Some(token?.to_str().ok()?.to_owned())
//! # }
//! # #[derive(Clone)] struct Note { version: i64, text: String }
//! # #[derive(Clone)] struct Db(Arc<Mutex<HashMap<(String, i64), Note>>>, Arc<tokio::sync::Barrier>);
//! # impl Db {
//! #     async fn note(&self, tenant: &str, id: i64) -> Result<Option<Note>, std::io::Error> {
//! #         Ok(self.0.lock().unwrap().get(&(tenant.to_owned(), id)).cloned())
//! #     }
//! #     async fn update(&self, tenant: &str, id: i64, seen: Option<i64>, text: String) -> u64 {
//! #         self.1.wait().await;
//! #         let mut notes = self.0.lock().unwrap();
//! #         let Some(note) = notes.get_mut(&(tenant.to_owned(), id)) else { return 0 };
//! #         if Some(note.version) != seen { return 0 }
//! #         *note = Note { version: note.version + 1, text };
//! #         1
//! #     }
//! # }
//! # let note = |version| Note { version, text: "text".to_owned() };
//! # let notes = HashMap::from([(("a".to_owned(), 7), note(1)), (("b".to_owned(), 7), note(2))]);
//! # let db = Db(Arc::new(Mutex::new(notes)), Arc::new(tokio::sync::Barrier::new(2)));
//!
//! #[derive(Clone)]
//! struct Tenant(String);
//!
//! impl<S: Sync> FromRequestParts<S> for Tenant {
//!     type Rejection = StatusCode;
//!
//!     async fn from_request_parts(head: &mut Parts, _: &S) -> Result<Self, StatusCode> {
//!         if let Some(tenant) = head.extensions.get::<Self>() {
//!             return Ok(tenant.clone());
//!         }
//!         let tenant = tenant_of(head.headers.get(AUTHORIZATION)).map(Self).ok_or(StatusCode::UNAUTHORIZED)?;
//!         head.extensions.insert(tenant.clone());
//!         Ok(tenant)
//!     }
//! }
//!
//! async fn load((tenant, id): (String, i64), db: Db) -> Result<Option<Found>, SourceError> {
//!     let note = db.note(&tenant, id).await?;
//!     Ok(note.map(|note| Found::version(note.version).with(note)))
//! }
//!
//! async fn read(note: Loaded<Note>) -> String {
//!     note.into_inner().text
//! }
//!
//! async fn save(
//!     Tenant(tenant): Tenant,
//!     Path(id): Path<i64>,
//!     State(db): State<Db>,
//!     checked: Checked,
//!     text: String,
//! ) -> Result<(), PreconditionFailed> {
//!     // UPDATE … WHERE tenant = ? AND id = ? AND version = ?
//!     let rows = db.update(&tenant, id, checked.version(), text).await;
//!     if rows == 0 { Err(checked.lost()) } else { Ok(()) }
//! }
//!
//! let notes = extractor_source(db.clone(), |Tenant(tenant): Tenant, Path(id): Path<i64>| (tenant, id), load);
//! let layer = ConditionalLayer::new(notes)
//!     .writes(WritePolicy::required())
//!     .add_response_headers([(CACHE_CONTROL, HeaderValue::from_static("private, no-cache"))]);
//! let app: Router = Router::new().route("/notes/{id}", get(read).put(save).route_layer(layer)).with_state(db);
//! # mod kit { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/recipes/ask.rs")); }
//! # use kit::*;
//! # tokio::runtime::Runtime::new().unwrap().block_on(async {
//! #     let put = |tenant, tag| ask(&app, "PUT", "/notes/7", [("authorization", tenant), ("if-match", tag)]);
//! #     // Each handler waits for the other: under one lock neither would come to its end.
//! #     let both = async { tokio::join!(put("a", "\"1\""), put("b", "\"2\"")) };
//! #     let (a, b) = tokio::time::timeout(std::time::Duration::from_secs(10), both).await.unwrap();
//! #     assert_eq!((a.status().as_u16(), b.status().as_u16()), (200, 200));
//! #     assert_eq!(AUTHENTICATED.load(Ordering::SeqCst), 2, "once for each request");
//! #     assert_eq!(put("a", "\"3\"").await.status(), 412, "the tag of another tenant");
//! #     assert_eq!(ask(&app, "PUT", "/notes/7", []).await.status(), 401, "ahead of 428");
//! #     let read = ask(&app, "GET", "/notes/07", [("authorization", "a")]).await;
//! #     assert_eq!((tag_of(&read).as_str(), &read.headers()["cache-control"]), ("\"2\"", &"private, no-cache".parse().unwrap()));
//! #     assert_eq!(ask(&app, "GET", "/notes/8", [("authorization", "a")]).await.status(), 404);
//! # });
//! ```
//!
//! # One resource under two paths
//!
//! Two layers have two write locks, also if they are nested mounts or versions of an interface over one table. Name the kind of
//! resource in their sources: all layers of one kind in the process share one lock.
//!
//! ```
//! use axum::{Router, extract::Path, routing::get};
//! use tower_conditional::extract::extractor_source;
//! use tower_conditional::{ConditionalLayer, ValidatorSource, WritePolicy};
//! # use axum::extract::State;
//! # use std::sync::{Arc, atomic::{AtomicI64, Ordering}};
//! # use tower_conditional::{Found, Loaded, SourceError};
//! # type Db = Arc<AtomicI64>;
//! # async fn load(_id: i64, db: Db) -> Result<Found, SourceError> {
//! #     let version = db.load(Ordering::SeqCst);
//! #     Ok(Found::version(version).with(version))
//! # }
//! # async fn read(version: Loaded<i64>) -> String { version.to_string() }
//! # // A statement that asks for no version, to see what the lock alone does.
//! # async fn save(State(db): State<Db>) {
//! #     tokio::task::yield_now().await;
//! #     db.fetch_add(1, Ordering::SeqCst);
//! # }
//!
//! /// The notes, for each version of the interface.
//! fn notes(db: Db) -> Router {
//!     let source = extractor_source(db.clone(), |Path(id): Path<i64>| id, load).named("notes");
//!     let layer = ConditionalLayer::new(source).writes(WritePolicy::required());
//!     Router::new().route("/notes/{id}", get(read).put(save).route_layer(layer)).with_state(db)
//! }
//! # let db = Db::new(AtomicI64::new(7));
//!
//! let app: Router = Router::new().nest("/v1", notes(db.clone())).nest("/v2", notes(db));
//! # mod kit { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/recipes/ask.rs")); }
//! # use kit::*;
//! # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
//! #     let put = |path| ask(&app, "PUT", path, [("if-match", "\"7\"")]);
//! #     let (v1, v2) = tokio::join!(put("/v1/notes/7"), put("/v2/notes/007"));
//! #     assert_eq!((v1.status().as_u16(), v2.status().as_u16()), (200, 412), "of two writers one wins");
//! #     assert_eq!(tag_of(&ask(&app, "GET", "/v2/notes/7", []).await), "\"8\"");
//! # });
//! ```
//!
//! If a write changes further resources, such as the folder of a note, lock them with
//! [`WritePolicy::lock_also`](crate::WritePolicy::lock_also).
//!
//! # Negotiated representations
//!
//! Each form of a resource needs a tag of its own, and its response needs a Vary. Put the requested form
//! [`Beside`](crate::source::Beside) the id: the look-up needs it, but it is not in the key, so that writes to all forms have
//! one lock. A PUT rarely repeats the Accept of the GET, so the tag of *any* current representation satisfies its If-Match.
//!
//! ```
//! use axum::{Router, extract::Path, routing::get};
//! use http::{HeaderMap, HeaderName, header::{ACCEPT, CONTENT_TYPE}};
//! use tower_conditional::extract::extractor_source;
//! use tower_conditional::source::Beside;
//! use tower_conditional::{ConditionalLayer, EntityTag, Found, Loaded, Representation, SourceError, WritePolicy};
//! # use axum::extract::State;
//! # use std::sync::{Arc, atomic::{AtomicI64, Ordering}};
//! # #[derive(Clone)] struct Db(Arc<AtomicI64>);
//! # struct Graph { version: i64 }
//! # impl Graph { fn written_as(&self, form: Form) -> String { format!("{:?}", form.media_type()) } }
//! # impl Db {
//! #     async fn graph(&self, _: i64) -> Result<Option<Graph>, std::io::Error> {
//! #         Ok(Some(Graph { version: self.0.load(Ordering::SeqCst) }))
//! #     }
//! # }
//! # // A statement that asks for no version, to see what the lock alone does.
//! # async fn save(State(db): State<Db>) {
//! #     tokio::task::yield_now().await;
//! #     db.0.fetch_add(1, Ordering::SeqCst);
//! # }
//! # let db = Db(Arc::new(AtomicI64::new(7)));
//!
//! #[derive(Clone, Copy, PartialEq)]
//! enum Form { Json, Turtle }
//!
//! impl Form {
//!     fn wanted_by(headers: &HeaderMap) -> Self {
//!         let wants_turtle = headers.get(ACCEPT).is_some_and(|accept| accept == "text/turtle");
//!         if wants_turtle { Self::Turtle } else { Self::Json }
//!     }
//!
//!     fn media_type(self) -> &'static str {
//!         match self { Self::Json => "application/ld+json", Self::Turtle => "text/turtle" }
//!     }
//!
//!     fn tag(self, version: i64) -> EntityTag {
//!         let form = match self { Self::Json => "json", Self::Turtle => "ttl" };
//!         EntityTag::strong(format!("{version}-{form}")).expect("digits and letters")
//!     }
//!
//!     /// The representation in this form; its tag, and that of the other one.
//!     fn of(self, version: i64) -> Representation {
//!         let other = match self { Self::Json => Self::Turtle, Self::Turtle => Self::Json };
//!         Representation::tagged(self.tag(version)).other_tags([other.tag(version)]).varying_on([ACCEPT])
//!     }
//! }
//!
//! async fn load((id, Beside(form)): (i64, Beside<Form>), db: Db) -> Result<Option<Found>, SourceError> {
//!     let graph = db.graph(id).await?;
//!     Ok(graph.map(|graph| Found::from(form.of(graph.version)).with((form, graph.written_as(form)))))
//! }
//!
//! /// The form that was selected: the handler does not select once more.
//! async fn read(graph: Loaded<(Form, String)>) -> ([(HeaderName, &'static str); 1], String) {
//!     let (form, text) = graph.into_inner();
//!     ([(CONTENT_TYPE, form.media_type())], text)
//! }
//!
//! let graphs = extractor_source(
//!     db.clone(),
//!     |Path(id): Path<i64>, headers: HeaderMap| (id, Beside(Form::wanted_by(&headers))),
//!     load,
//! );
//! let layer = ConditionalLayer::new(graphs).writes(WritePolicy::required());
//! let app: Router = Router::new().route("/graphs/{id}", get(read).put(save).route_layer(layer)).with_state(db);
//! # mod kit { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/recipes/ask.rs")); }
//! # use kit::*;
//! # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
//! #     let turtle = ask(&app, "GET", "/graphs/1", [("accept", "text/turtle")]).await;
//! #     let fields = ["vary", "content-type"].map(|name| turtle.headers()[name].to_str().unwrap());
//! #     assert_eq!((tag_of(&turtle).as_str(), fields), ("\"7-ttl\"", ["accept", "text/turtle"]));
//! #     let json = [("if-none-match", "\"7-ttl\"")];
//! #     assert_eq!(ask(&app, "GET", "/graphs/1", json).await.status(), 200, "another form is no 304");
//! #     let json = [("if-none-match", "\"7-json\"")];
//! #     assert_eq!(ask(&app, "GET", "/graphs/1", json).await.status(), 304);
//! #     let put = |accept, tag| ask(&app, "PUT", "/graphs/1", [("accept", accept), ("if-match", tag)]);
//! #     assert_eq!(put("*/*", "\"6-json\"").await.status(), 412);
//! #     assert_eq!(put("*/*", "\"7-ttl\"").await.status(), 200, "the tag of another form");
//! #     let (a, b) = tokio::join!(put("*/*", "\"8-json\""), put("text/turtle", "\"8-ttl\""));
//! #     assert_eq!((a.status().as_u16(), b.status().as_u16()), (200, 412), "one lock for all forms");
//! # });
//! ```
//!
//! Do not send Last-Modified, because all forms would have the same date.
//!
//! # Collections
//!
//! The tag of a list changes when any member changes. `max(updated_at)` shows what was added or changed, and `count(*)` what
//! was removed. Two changes within one tick of the clock are not distinguished, so the tag is weak: it is for 304s, and not
//! for the preconditions of writes.
//!
//! A list is the only resource of its kind, `()`. The look-up for a 304 reads two figures. The handler reads all rows and
//! states the tag of these rows, because a row may be added after the look-up.
//!
//! ```
//! use axum::{Router, extract::State, routing::get};
//! use http::{HeaderName, header::ETAG};
//! use tower_conditional::{ConditionalLayer, EntityTag, SourceError, source_fn};
//! # use std::sync::{Arc, Mutex, atomic::{AtomicUsize, Ordering}};
//! # #[derive(Clone)] struct Note { updated_at: i64, text: String }
//! # #[derive(Clone)] struct Db(Arc<Mutex<Vec<Note>>>, Arc<AtomicUsize>);
//! # impl Db {
//! #     async fn figures(&self) -> Result<(Option<i64>, usize), std::io::Error> {
//! #         self.1.fetch_add(1, Ordering::SeqCst);
//! #         let notes = self.0.lock().unwrap();
//! #         Ok((notes.iter().map(|note| note.updated_at).max(), notes.len()))
//! #     }
//! #     async fn all(&self) -> Vec<Note> { self.0.lock().unwrap().clone() }
//! # }
//! # let note = |updated_at| Note { updated_at, text: "text".to_owned() };
//! # let db = Db(Arc::new(Mutex::new(vec![note(1), note(1_700_000_000_000_000)])), Arc::default());
//! # let now = db.clone();
//!
//! /// Of `updated_at` in microseconds; none for an empty list.
//! fn tag_of_list(last_update: Option<i64>, count: usize) -> EntityTag {
//!     EntityTag::weak(format!("{}-{count}", last_update.unwrap_or(0))).expect("digits")
//! }
//!
//! async fn list(State(db): State<Db>) -> ([(HeaderName, EntityTag); 1], String) {
//!     let notes = db.all().await; // SELECT text, updated_at FROM notes
//!     let tag = tag_of_list(notes.iter().map(|note| note.updated_at).max(), notes.len());
//!     let texts: Vec<_> = notes.into_iter().map(|note| note.text).collect();
//!     ([(ETAG, tag)], texts.join("\n"))
//! }
//!
//! let source = source_fn(db.clone(), |_head| (), async |(), db: Db| {
//!     let (last_update, count) = db.figures().await?; // SELECT max(updated_at), count(*) FROM notes
//!     Ok::<_, SourceError>(tag_of_list(last_update, count))
//! });
//! let layer = ConditionalLayer::new(source).trust_handler_version();
//! let app: Router = Router::new().route("/notes", get(list).route_layer(layer)).with_state(db);
//! # mod kit { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/recipes/ask.rs")); }
//! # use kit::*;
//! # tokio::runtime::Runtime::new().unwrap().block_on(async {
//! #     let tag = tag_of(&ask(&app, "GET", "/notes", []).await);
//! #     assert_eq!(now.1.load(Ordering::SeqCst), 0, "an unconditional read asks the handler alone");
//! #     let again = || ask(&app, "GET", "/notes", [("if-none-match", &tag)]);
//! #     assert_eq!(again().await.status(), 304);
//! #     now.0.lock().unwrap().remove(0);
//! #     assert_eq!(again().await.status(), 200, "one was removed");
//! #     now.0.lock().unwrap().clear();
//! #     assert_eq!(again().await.status(), 200, "all were removed");
//! # });
//! ```
//!
//! If writes have preconditions on the list itself (a POST with If-Match), use the counter that all versions come from:
//! [`Epoch::version`](crate::Epoch::version) makes a strong tag of it. A POST without preconditions takes the write lock only
//! with [`WritePolicy::lock_for`](crate::WritePolicy::lock_for).
