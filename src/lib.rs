//! HTTP conditional requests as a tower [`Layer`](tower::Layer): `ETag`, `If-Match`, 304, 412 and 428, as
//! [RFC 9110, section 13] defines them.
//!
//! Two people GET the same record, and both PUT it back: the second PUT silently overwrites the first. HTTP prevents this
//! lost update by preconditions, and this crate adds them to axum, hyper and every other tower service:
//!
//! ```
//! use axum::{Router, extract::{Path, State}, routing::get};
//! use tower_conditional::extract::extractor_source;
//! use tower_conditional::{Checked, ConditionalLayer, Found, Loaded, PreconditionFailed, SourceError, WritePolicy};
//! # use std::{collections::HashMap, sync::{Arc, Mutex}};
//! # #[derive(Clone, Default)] struct Db(Arc<Mutex<HashMap<i64, Note>>>);
//! # impl Db {
//! #     async fn select(&self, id: i64) -> Result<Option<Note>, std::io::Error> {
//! #         Ok(self.0.lock().unwrap().get(&id).cloned())
//! #     }
//! #     async fn update(&self, id: i64, version: Option<i64>, text: String) -> u64 {
//! #         let mut notes = self.0.lock().unwrap();
//! #         let Some(note) = notes.get_mut(&id).filter(|note| Some(note.version) == version) else { return 0 };
//! #         *note = Note { version: note.version + 1, text };
//! #         1
//! #     }
//! # }
//!
//! #[derive(Clone)]
//! struct Note { version: i64, text: String }
//!
//! /// Looks up the row. Its version becomes the ETag, and the handler gets the row.
//! async fn load(id: i64, db: Db) -> Result<Option<Found>, SourceError> {
//!     let note = db.select(id).await?; // SELECT version, text FROM notes WHERE id = ?
//!     Ok(note.map(|note| Found::version(note.version).with(note)))
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
//! ) -> Result<(), PreconditionFailed> {
//!     let rows = db.update(id, checked.version(), text).await; // UPDATE … WHERE id = ? AND version = ?
//!     if rows == 0 { Err(checked.lost()) } else { Ok(()) }
//! }
//! # let db = Db::default();
//! # db.0.lock().unwrap().insert(1, Note { version: 7, text: "a note".to_owned() });
//!
//! // The id is extracted as in the handler. It is what is looked up and what is locked.
//! let notes = extractor_source(db.clone(), |Path(id): Path<i64>| id, load);
//! let guarded = ConditionalLayer::new(notes).writes(WritePolicy::required());
//! let app: Router = Router::new().route("/notes/{id}", get(read).put(save).route_layer(guarded)).with_state(db);
//! # let test = async {
//! # use tower::ServiceExt;
//! # let put = |path: &str, tag: Option<&str>| {
//! #     let put = http::Request::put(path);
//! #     let put = match tag { Some(tag) => put.header("if-match", tag), None => put };
//! #     app.clone().oneshot(put.body(axum::body::Body::from("a new text")).unwrap())
//! # };
//!
//! assert_eq!(put("/notes/1", None).await?.status(), 428); // a precondition is required
//! assert_eq!(put("/notes/1", Some("\"6\"")).await?.status(), 412); // somebody else has changed it since
//! assert_eq!(put("/notes/1", Some("\"7\"")).await?.status(), 200);
//! assert_eq!(put("/notes/01", Some("\"7\"")).await?.status(), 412); // another spelling of the same note
//! # let read = app.clone().oneshot(http::Request::get("/notes/1").body(axum::body::Body::empty()).unwrap()).await?;
//! # assert_eq!(read.headers()["etag"], "\"8\"");
//! # assert_eq!(axum::body::to_bytes(read.into_body(), 100).await.unwrap(), "a new text");
//! # Ok::<(), std::convert::Infallible>(())
//! # };
//! # tokio::runtime::Runtime::new().unwrap().block_on(test).unwrap();
//! ```
//!
//! To add only ETags and 304s to an existing router, one line is enough. Writes are not checked. A compressor goes around this
//! layer, after it in the list of `.layer` calls: what a compressor inside has encoded gets no ETag
//! ([`Outcome::NotTagged`](observe::Outcome::NotTagged) says so). The outermost layer gives each content coding an ETag of its
//! own, and keeps axum from adding `Content-Length: 0` to a 304:
//!
//! ```
//! use axum::{Router, routing::get};
//! use tower_conditional::content_coding::ContentCodingLayer;
//! use tower_conditional::{BodyHash, ConditionalLayer};
//!
//! let app: Router = Router::new()
//!     .route("/", get(async || "what was there before"))
//!     .layer(ConditionalLayer::new(BodyHash::strong()))
//!     // here a compressor, if there is one
//!     .layer(ContentCodingLayer::new()); // outermost
//! # let test = async {
//! # use tower::ServiceExt;
//! # let get = |tag| {
//! #     let get = http::Request::get("/").header("if-none-match", tag);
//! #     app.clone().oneshot(get.body(axum::body::Body::empty()).unwrap())
//! # };
//! # let tag = get("\"old\"").await?.headers()["etag"].to_str().unwrap().to_owned();
//! # assert_eq!(get(&tag).await?.status(), 304);
//! # Ok::<(), std::convert::Infallible>(())
//! # };
//! # tokio::runtime::Runtime::new().unwrap().block_on(test).unwrap();
//! ```
//!
//! # How it works
//!
//! A [`ValidatorSource`] identifies the resource of a request and looks up its current state: a [`Representation`] with its
//! validators, or that there is none. [`Preconditions::evaluate`] compares the conditional headers of the request with that
//! state, in the order of [RFC 9110, section 13.2.2]. The layer carries out the decision: it answers 304, 412 or 428 itself,
//! or calls the handler.
//!
//! | when | what is evaluated | sources |
//! |---|---|---|
//! | before the handler, from the head of the request (*look up*) | reads and writes | [`extract::extractor_source`], [`source_fn`], your own [`ValidatorSource`], [`source::InMemoryVersions`], [`source::Fixed`], [`BodyHash::probe_with`] |
//! | after the handler, from its response (*compute*) | only reads: for a write it is too late | [`FromResponse`], [`BodyHash`] |
//!
//! The core (everything except the layer and its sources) does no I/O, reads no clock, and allocates nothing to evaluate. With
//! `default-features = false` a handler, a test or a cache can use it without tower.
//!
//! # What is one resource
//!
//! **The source identifies the resource that is looked up and locked.** It should be the one that the handler extracts from
//! the request. With the handler's own extractors ([`extract::extractor_source`]) every path that `Path<i64>` parses as 1 is
//! note 1, for the look-up, the write lock and the handler. The extractors run once, and their rejection (400, 401, 403, 404)
//! is the answer, in place of 428 and 412.
//!
//! - A resource is an integer, a string, bytes (a UUID as `id.into_bytes()`), a tuple of them such as `(tenant, id)`, or any
//!   [`lock::ResourceKey`].
//! - Put a value that the look-up needs, and that does not name the resource, [`Beside`](source::Beside) it, such as the
//!   requested form. A look-up must not depend on anything else, because it may serve several requests.
//! - [`named`](ValidatorSource::named) names the kind of resource, so that several layers over one table share their write
//!   lock.
//! - [`locked_by`](ValidatorSource::locked_by) takes a coarser lock, for example one for an order and all its lines.
//!
//! # Bytes and tag of one version
//!
//! A response must not carry the validator of other bytes ([section 8.8.1]). That could happen if somebody writes between the
//! look-up and the handler's own query. There are three ways to write the handler of a read:
//!
//! | the handler of a read | the tag of its response | cost |
//! |---|---|---|
//! | serves the value that the look-up has loaded: [`Found::with`] in the source, [`Loaded`] in the handler | is that of its bytes | one query for a GET. A 304 also loads the row |
//! | reads by itself, and states the version that it has read in an `ETag`: [`ConditionalLayer::trust_handler_version`] | is that of its bytes | one query for a GET without conditional headers. A conditional GET looks up the version first |
//! | does neither | is the looked-up one, which may be older than the bytes | two queries |
//!
//! Use the third way only if the handler reads *after* the look-up and *from the same store*. Then an older tag is safe with
//! If-Match: at worst the client gets a 412 although nothing has changed since. It is not safe with ranges, so the layer
//! ignores Range if there is an If-Range, and adds no validator to a 206.
//!
//! **A handler that reads a replica or a cache must state the version that it has read.** Otherwise a newer tag may be sent
//! with older bytes. Then the client's next If-Match overwrites a change that the client has never seen, and its
//! If-None-Match gets a wrong 304 until the next change.
//!
//! # Where to put the layer
//!
//! Put it *inside* authentication and *outside* the handler, on the methods of a route:
//! `get(read).put(save).route_layer(layer)`. Then all other checks (401, 403, 404 of the router, 405) come first, as
//! [section 13.2.1] requires.
//!
//! - **Authentication.** 304, 412 and 428 reveal what exists and when it changes. If authentication is an axum extractor, let
//!   the source run the same one: its rejection is the answer, before anything else ([`extract::extractor_source`], or
//!   [`SourceError::refused`]).
//! - **Readers that you pass in.** The reader of [`ConditionalLayer::recover_with`] must contain the authorisation that a GET
//!   has, because the authorisation outside of the layer has decided on the write only. The reader of
//!   [`BodyHash::probe_with`] must answer 404 only if the target does not exist: if it hides a 403 behind a 404,
//!   `If-None-Match: *` overwrites the target.
//! - **Routing.** Only `MethodRouter::route_layer` keeps a 405. In the other three positions of axum a stale `If-Match` on a
//!   method that the route does not have is answered 412.
//! - **Compression** goes *outside* the layer, because compressed bytes depend on timing, and a hash of them is not a
//!   validator. A compressor in the service leaves one strong tag on gzip and on the plain bytes: put
//!   [`content_coding::ContentCodingLayer`] around it, as the outermost layer. A compressor in a proxy rewrites the tag: see
//!   [`content_coding::RewrittenTags`].
//! - **CORS** goes outside, and must expose `ETag` and allow `If-Match` and `If-None-Match`.
//! - **Caches and tracing** go outside. A cache revalidates by the answers of the layer, and a span around the layer adds the
//!   path to its event.
//!
//! # A policy for each route
//!
//! Each route has a layer of its own, whose policy says what its writes need. The default evaluates the preconditions that are
//! sent, and requires none.
//!
//! ```
//! use axum::{Router, http::{HeaderValue, Method, header::CACHE_CONTROL}, routing::get};
//! use tower_conditional::{ConditionalLayer, ValidatorSource, WritePolicy};
//! # use axum::extract::Path;
//! # use tower_conditional::extract::extractor_source;
//! # use tower_conditional::{Found, Loaded, SourceError};
//! # let source = extractor_source((), |Path(id): Path<i64>| id, async |_, ()| {
//! #     Ok::<_, SourceError>(Found::version(7).with("text"))
//! # });
//! # async fn read(text: Loaded<&'static str>) -> &'static str { text.into_inner() }
//! # async fn write() {}
//!
//! let layer = || ConditionalLayer::new(source.clone());
//! let app: Router = Router::new()
//!     .route("/drafts/{id}", get(read).put(write).route_layer(layer()))
//!     .route("/notes/{id}", get(read).put(write).route_layer(
//!         layer().writes(WritePolicy::required()), // without a precondition: 428
//!     ))
//!     .route("/settings/{id}", get(read).put(write).route_layer(
//!         layer().writes(WritePolicy::required().exempt_creation()), // 428 only if it exists
//!     ))
//!     .route("/accounts/{id}", get(read).put(write).route_layer(
//!         // Only a POST to the collection creates: what does not exist is the handler's 404, and no 412 or 428.
//!         ConditionalLayer::new(source.clone().update_only()).writes(WritePolicy::required()),
//!     ))
//!     .route("/ledgers/{id}", get(read).post(write).route_layer(
//!         // `If-Match: *` does not count. A precondition is required for POST.
//!         layer().writes(WritePolicy::strictly_required().require_for([Method::POST])),
//!     ))
//!     .route("/queues/{id}", get(read).post(write).route_layer(
//!         // A POST takes the write lock, also without preconditions. Ten may wait for it.
//!         layer().writes(WritePolicy::optional().lock_for([Method::POST]).limit_waiters(10)),
//!     ))
//!     .route("/reports/{id}", get(read).route_layer(
//!         layer().add_response_headers([(CACHE_CONTROL, HeaderValue::from_static("max-age=60"))]),
//!     ));
//! # let test = async {
//! # use tower::ServiceExt;
//! # for (method, path, tag, status) in [
//! #     ("PUT", "/drafts/1", "", 200), ("PUT", "/drafts/1", "\"1\"", 412),
//! #     ("PUT", "/notes/1", "", 428), ("PUT", "/settings/1", "", 428), ("PUT", "/accounts/1", "", 428), ("POST", "/ledgers/1", "", 428), ("POST", "/ledgers/1", "*", 428),
//! #     ("POST", "/queues/1", "", 200), ("GET", "/reports/1", "", 200),
//! # ] {
//! #     let mut request = http::Request::builder().method(method).uri(path);
//! #     if !tag.is_empty() { request = request.header("if-match", tag); }
//! #     let answer = app.clone().oneshot(request.body(axum::body::Body::empty()).unwrap()).await?;
//! #     assert_eq!(answer.status(), status, "{method} {path} {tag}");
//! # }
//! # Ok::<(), std::convert::Infallible>(())
//! # };
//! # tokio::runtime::Runtime::new().unwrap().block_on(test).unwrap();
//! ```
//!
//! The response to a QUERY has other validators than that to a GET of its target. So a QUERY is evaluated after its handler,
//! by the validators of the response, unless the source identifies the equivalent resource
//! ([`looks_up_reads`](ValidatorSource::looks_up_reads)). If it carries conditional headers, its Range is removed. The same is
//! true of every method that [`ConditionalLayer::classify`] registers as a read.
//!
//! # What it does not protect from
//!
//! A middleware that checks a precondition and then calls the handler has a race: two writers with the same tag both pass. Here
//! check and write are one step. There are several ways to make them one, which cover different writers:
//!
//! | way | covers | does not cover |
//! |---|---|---|
//! | the write lock, on by default for sources that look up | all writers of equal resources that pass this layer, its clones, or a layer over the same [named](ValidatorSource::named) kind, in this process | other processes, writers that bypass the layer, work that outlives a dropped future, what only the database holds equal |
//! | [`Checked::hold_lock`], moved into `spawn_blocking` or `spawn` | the same, and work that outlives a client that hung up | other processes, writers that bypass the layer, what only the database holds equal |
//! | [`Checked`] in the handler's statement (`… WHERE version = ?`), [`PreconditionFailed`] when it changed no row | everything that writes through the database, on any number of machines | a statement that changes the row and not its version, a version that is used twice. Use it wherever there is a database |
//! | a [`lock::WriteLock`] of your own (advisory locks) | all replicas that use it | writers that bypass it, what only the database holds equal |
//!
//! - **Equal resources have one lock**, however a client spells them. Values that only the database holds equal (a collation
//!   that ignores case, an alias, a slug beside an id) have different locks, and only the statement is safe.
//! - **Two layers have two locks**, also if they are two mounts or two versions of an interface over one table. Layers whose
//!   sources name the same kind, `source.named("notes")`, share one, and so do clones of a layer.
//! - **A POST without preconditions takes no lock**, unless the policy says so ([`WritePolicy::lock_for`]). PUT, PATCH and
//!   DELETE take it with and without them.
//! - **The number of writes that wait for one resource is limited** ([`WritePolicy::limit_waiters`], 4,096). The next one is
//!   answered 503 at once. **The time that they wait is not limited**, because the crate has no timer. Use an outer timeout, or
//!   a lock of your own ([recipe](recipes::operation#how-long-a-write-may-wait)).
//! - **A probed router has one lock for all its resources**, because [`BodyHash::probe_with`] cannot know which paths its
//!   router takes for one resource. This is safe, but writes to other resources wait while one runs.
//!   `.locked_by(|target| …)` makes the lock finer ([`source::ProbeTarget`]).
//!
//! Use both the lock and the statement. The statement is safe by itself; the lock saves the work of writes that would fail.
//!
//! ```
//! use tower_conditional::{Checked, PreconditionFailed};
//!
//! # struct Db;
//! # impl Db { async fn execute(&self, _: &str, _: (Option<i64>, i64)) -> u64 { 1 } }
//! async fn save(db: Db, id: i64, checked: Checked) -> Result<(), PreconditionFailed> {
//!     let version = checked.version::<i64>(); // `None` becomes NULL, which no version is equal to
//!     let rows = db.execute("UPDATE notes SET … WHERE version = ? AND id = ?", (version, id)).await;
//!     if rows == 0 { Err(checked.lost()) } else { Ok(()) }
//! }
//! ```
//!
//! # What a refused client gets
//!
//! It gets problem details ([RFC 9457]) with the `field` that failed, the [`reason`](Reason), and what to do. They contain
//! nothing from the request. [`ConditionalLayer::refuse_with`] replaces them. The hook of [`ConditionalLayer::observe`] gets
//! the same for every evaluated request.
//!
//! | status | `error` | when |
//! |---|---|---|
//! | 412 | `precondition_failed` | a precondition is false |
//! | 428 | `precondition_required` | the policy requires one, and none that counts was sent |
//! | 400 | `precondition_malformed` | If-Match (or If-None-Match on a write) is malformed: the usual mistake is a tag without quotes |
//! | 503 | `precondition_unavailable` | the source failed and the write is conditional; the write lock could not be taken; or the handler of a ranged read sent a part of another version than its If-Range names |
//!
//! # Where to go on
//!
//! - *I want 304s*: [`guide::not_modified`].
//! - *I want no lost updates*: [`guide::lost_updates`].
//! - *My client gets 412*: [`guide::refused`].
//!
//! The [`guide`] has a page for each later question, and a [glossary](guide::glossary).
//!
//! # Recipes
//!
//! Databases, tenants, two mounts of one table, negotiated forms, lists, GraphQL, tonic, gateways, limits in time, the log and
//! your own tests: [`recipes`].
//!
//! # What a client can know before
//!
//! [`ConditionalLayer::describe`] says for each method which conditional headers are evaluated and required, and what the layer
//! answers, so that generated clients know it ([`description`]). With the feature `utoipa` it is a part of the OpenAPI document:
//!
//! ```
//! use axum::Router;
//! use tower_conditional::source::InMemoryVersions;
//! use tower_conditional::{ConditionalLayer, WritePolicy};
//! use utoipa_axum::{router::OpenApiRouter, routes};
//!
//! # #[utoipa::path(get, path = "/notes/{id}", responses((status = OK, body = String)))]
//! # async fn read() -> &'static str { "a note" }
//! # #[utoipa::path(put, path = "/notes/{id}", responses((status = OK)))]
//! # async fn save() {}
//! let guarded = ConditionalLayer::new(InMemoryVersions::new()).writes(WritePolicy::required());
//! let (app, api) = OpenApiRouter::<()>::new()
//!     .routes(guarded.apply_to(routes!(read, save))) // in place of `routes!(read, save).layer(guarded)`
//!     .split_for_parts();
//! # let _: (Router, utoipa::openapi::OpenApi) = (app, api);
//! ```
//!
//! # Choosing a tag
//!
//! A strong tag promises that equal tags mean equal bytes, and that a tag is never used again for other bytes. Use a version
//! from a counter that never repeats ([`EntityTag::from_version`]). A counter of the row is not enough, if it starts at 1
//! again after the row is deleted and created. Put an [`Epoch`] before the version, and change it with every release that
//! serialises a version differently.
//!
//! The time of the last change is a weak tag ([`Representation::updated_at`]), unless the statement that writes makes each time
//! later than the one before ([`Representation::strongly_updated_at`]). Where there is neither, [`EntityTag::of_bytes`] makes a
//! tag of the content. There is a [recipe](recipes::versions) for each.
//!
//! # Features
//!
//! | feature | default | what |
//! |---|---|---|
//! | `layer` | yes | the layer, the sources, the write lock |
//! | `body-hash` | yes | [`BodyHash`], [`Representation::from_metadata`] for files |
//! | `axum` | no | extractors, responses, and a source made of extractors |
//! | `headers` | no | conversions from and to the typed fields of the `headers` crate |
//! | `serde` | no | entity tags in serialised values, such as the members of a list |
//! | `tracing` | no | one event for each evaluated request, target `tower_conditional` |
//! | `utoipa` | no | what a layer does, in an OpenAPI document ([`description`]) |
//!
//! # What it is not
//!
//! It is not a cache. It does not serve ranges, compress, authenticate, or evaluate the `If` header of WebDAV. It does not start
//! a runtime or spawn a task.
//!
//! [RFC 9110, section 13]: https://www.rfc-editor.org/rfc/rfc9110#section-13
//! [RFC 9110, section 13.2.2]: https://www.rfc-editor.org/rfc/rfc9110#section-13.2.2
//! [section 8.8.1]: https://www.rfc-editor.org/rfc/rfc9110#section-8.8.1
//! [section 13.2.1]: https://www.rfc-editor.org/rfc/rfc9110#section-13.2.1
//! [RFC 9457]: https://www.rfc-editor.org/rfc/rfc9457
#![cfg_attr(tower_conditional_docsrs, feature(doc_cfg))]
// The crate docs link to items that a build without features does not have.
#![cfg_attr(
    not(all(feature = "axum", feature = "body-hash")),
    allow(rustdoc::broken_intra_doc_links)
)]

#[cfg(feature = "layer")]
mod body;
#[cfg(feature = "layer")]
mod box_error;
pub mod content_coding;
#[cfg(feature = "layer")]
pub mod description;
mod entity_tag;
mod epoch;
mod evaluate;
#[cfg(feature = "axum")]
pub mod extract;
mod field;
mod field_lines;
#[cfg(feature = "layer")]
mod frames;
#[cfg(all(doc, feature = "layer"))]
pub mod guide;
#[cfg(feature = "layer")]
mod header_map;
mod http_date;
mod last_modified;
#[cfg(feature = "layer")]
pub mod lock;
#[cfg(feature = "layer")]
mod look_up;
mod method_class;
#[cfg(feature = "layer")]
mod middleware;
mod precondition_failed;
mod preconditions;
#[cfg(all(doc, feature = "layer"))]
pub mod recipes;
mod refusal;
mod representation;
#[cfg(feature = "layer")]
mod response;
mod rewritten_tag;
#[cfg(feature = "serde")]
mod serialized_tag;
#[cfg(feature = "layer")]
pub mod source;
mod tag_list;
mod timestamp;
mod token_list;
#[cfg(feature = "headers")]
mod typed_headers;
mod version_number;

#[cfg(feature = "layer")]
pub use box_error::BoxError;
pub use entity_tag::EntityTag;
pub use epoch::Epoch;
pub use evaluate::Decision;
pub use http_date::HttpDate;
#[cfg(feature = "layer")]
pub use middleware::{Checked, ConditionalLayer, Loaded, WritePolicy};
pub use precondition_failed::{PreconditionFailed, Reason};
pub use preconditions::Preconditions;
pub use refusal::Refusal;
pub use representation::{Current, Representation};
#[cfg(feature = "body-hash")]
#[doc(inline)]
pub use source::BodyHash;
#[cfg(feature = "layer")]
#[doc(inline)]
pub use source::{Found, FromResponse, SourceError, ValidatorSource, source_fn};

/// The types behind [`ConditionalLayer`]: its service, the future and body of its responses, and the options for collecting
/// request bodies.
#[cfg(feature = "layer")]
pub mod layer {
    pub use crate::body::ConditionalBody;
    pub use crate::middleware::{CollectBody, CollectUpTo, Conditional, ResponseFuture};
}

#[cfg(feature = "layer")]
pub mod handler {
    //! What a handler gets from the layer, and what it can state to the layer. These are extensions of the request and of the
    //! response; with axum they are extractors and parts of the response.
    //!
    //! | in the extensions of | what |
    //! |---|---|
    //! | the request of a write | [`Checked`]: the version that the preconditions were evaluated against, and the write lock |
    //! | the request, where the source has loaded something | [`Loaded`] |
    //! | the response to a write | [`NewVersion`]: the validators of what the write has made |
    //! | the response to a write | [`PreconditionFailed`]: the handler's own compare-and-swap has failed |
    //! | the response to a write | [`EvaluatedByHandler`]: the handler has evaluated the preconditions itself |

    pub use crate::middleware::{EvaluatedByHandler, NewVersion};
    #[doc(no_inline)]
    pub use crate::{Checked, Loaded, PreconditionFailed};
}

/// Preconditions, and the decisions of their evaluation
/// ([RFC 9110, section 13](https://www.rfc-editor.org/rfc/rfc9110#section-13)). Usable without the layer.
pub mod precondition {
    pub use crate::field::Field;
    pub use crate::method_class::MethodClass;
    pub use crate::refusal::MemberValue;
    #[doc(no_inline)]
    pub use crate::{Decision, PreconditionFailed, Preconditions, Reason, Refusal};
}

/// Validators, and the current state that preconditions are evaluated against
/// ([RFC 9110, section 8.8](https://www.rfc-editor.org/rfc/rfc9110#section-8.8)). Usable without the layer.
pub mod validator {
    pub use crate::entity_tag::InvalidEntityTag;
    pub use crate::representation::Absent;
    pub use crate::version_number::VersionNumber;
    #[doc(no_inline)]
    pub use crate::{Current, EntityTag, Epoch, HttpDate, Representation};
}

/// The events that the hook of [`ConditionalLayer::observe`] gets.
#[cfg(feature = "layer")]
pub mod observe {
    pub use crate::middleware::{Evaluation, Outcome, Phase};
    pub use crate::source::untagged::Untagged;
}

/// The examples of the README, as doctests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
