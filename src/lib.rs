//! HTTP conditional requests as a tower [`Layer`](tower::Layer): `ETag`, `If-Match`, 304, 412 and 428, exactly as
//! [RFC 9110, section 13] says.
//!
//! Two people GET the same record and both PUT it back: the second silently destroys the first one's work. HTTP has
//! had the answer for decades, and this crate is that answer for axum, hyper and everything else that speaks tower:
//!
//! ```
//! use axum::{Router, routing::get};
//! use tower_conditional::{ConditionalLayer, EntityTag, SourceError, WritePolicy, source_fn};
//! # async fn version_of(_path: &str) -> Result<Option<u64>, std::io::Error> { Ok(Some(7)) }
//! # async fn read() -> &'static str { "a note" }
//! # async fn save() {}
//!
//! // What version has the target now? `None`: there is none.
//! let versions = source_fn(|head| {
//!     let path = head.uri.path().to_owned();
//!     async move { Ok::<_, SourceError>(version_of(&path).await?.map(EntityTag::from_version)) }
//! });
//! let guarded = ConditionalLayer::new(versions).writes(WritePolicy::required());
//! let app: Router = Router::new().route("/notes/{id}", get(read).put(save).route_layer(guarded));
//! # let test = async {
//! # use tower::ServiceExt;
//! # let put = |tag: Option<&str>| {
//! #     let put = http::Request::put("/notes/1");
//! #     let put = match tag { Some(tag) => put.header("if-match", tag), None => put };
//! #     app.clone().oneshot(put.body(axum::body::Body::empty()).unwrap())
//! # };
//!
//! assert_eq!(put(None).await?.status(), 428); // say what you have seen
//! assert_eq!(put(Some("\"6\"")).await?.status(), 412); // somebody was faster
//! assert_eq!(put(Some("\"7\"")).await?.status(), 200);
//! # Ok::<(), std::convert::Infallible>(())
//! # };
//! # tokio::runtime::Runtime::new().unwrap().block_on(test).unwrap();
//! ```
//!
//! For 304s alone, over whatever a router serves already, this is all:
//!
//! ```
//! use axum::{Router, routing::get};
//! use tower_conditional::{BodyHash, ConditionalLayer};
//!
//! let app: Router = Router::new()
//!     .route("/", get(async || "what was there before"))
//!     .layer(ConditionalLayer::new(BodyHash::strong()));
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
//! # How it thinks
//!
//! [`Preconditions`] are what the client asked, a [`Representation`] is what the server knows, and
//! [`evaluate`](Preconditions::evaluate) compares the two in the one order that RFC 9110 gives. A
//! [`ValidatorSource`] tells what the server knows, at one of two moments:
//!
//! | moment | who is judged | sources |
//! |---|---|---|
//! | before the handler, from the head of the request (*look up*) | reads and writes | [`source_fn`], your own [`ValidatorSource`], [`InMemoryVersions`], [`Fixed`], [`BodyHash::probing`] |
//! | after the handler, from its response (*compute*) | reads alone: for a write it is too late | [`FromResponse`], [`BodyHash`] |
//!
//! The core (everything but the layer and its sources) does no I/O, reads no clock, allocates nothing to judge, and
//! builds with `default-features = false`: a handler, a test or a cache can use it without tower.
//!
//! # Where to put the layer
//!
//! *Inside* authentication, *outside* the handler, on the methods of a route:
//! `get(read).put(save).route_layer(layer)`. Then every ordinary check (401, 403, 404 of the router, 405) comes
//! first, as [section 13.2.1] wants it.
//!
//! - **Authentication.** 304, 412 and 428 tell a stranger what exists and when it changes. Where authentication is an
//!   axum extractor, let the source run the same one: its rejection is the answer, ahead of everything else
//!   (`axum::extractor_source`, or [`SourceError::refused`]).
//! - **Routing.** `MethodRouter::route_layer` alone leaves a 405 a 405; in the other three positions of axum a stale
//!   `If-Match` on a method that the route does not have is answered 412.
//! - **Compression** goes *outside* the layer: compressed bytes depend on how chunks arrived, so a hash of them is no
//!   validator. A compressor in the service leaves one strong tag on gzip and identity: put [`FinishLayer`] around it.
//!   One in a proxy rewrites the tag: [`RewrittenTags`].
//! - **CORS** goes outside, and has to expose `ETag` and allow `If-Match` and `If-None-Match`.
//! - **Caches and tracing** go outside: a cache revalidates by what the layer answers, and a span around the layer
//!   gives its event a path.
//!
//! # A policy for each route
//!
//! A layer is made for a route, and says what the route asks of its writes. The default judges what is sent and
//! requires nothing.
//!
//! ```
//! use axum::{Router, http::{HeaderValue, Method, header::CACHE_CONTROL}, routing::get};
//! use tower_conditional::{ConditionalLayer, InMemoryVersions, WritePolicy};
//! # async fn handler() {}
//!
//! let versions = InMemoryVersions::new();
//! let layer = || ConditionalLayer::new(versions.clone());
//! let app: Router = Router::new()
//!     .route("/drafts/{id}", get(handler).put(handler).route_layer(layer()))
//!     .route("/notes/{id}", get(handler).put(handler).route_layer(
//!         layer().writes(WritePolicy::required()), // or 428
//!     ))
//!     .route("/ledger", get(handler).post(handler).route_layer(
//!         // `If-Match: *` does not count, and POST is asked as well.
//!         layer().writes(WritePolicy::strictly_required().for_methods([Method::POST])),
//!     ))
//!     .route("/reports/{id}", get(handler).route_layer(
//!         layer().response_fields([(CACHE_CONTROL, HeaderValue::from_static("max-age=60"))]),
//!     ));
//! # let test = async {
//! # use tower::ServiceExt;
//! # for (method, path, tag, status) in [
//! #     ("PUT", "/drafts/1", "", 200), ("PUT", "/drafts/1", "\"1\"", 412),
//! #     ("PUT", "/notes/1", "", 428), ("POST", "/ledger", "", 428), ("POST", "/ledger", "*", 428),
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
//! # What it does not protect from
//!
//! A middleware that checks and then calls the handler has a race: two writers with the same tag both pass. Here
//! check and write are one step, and this is how far each answer reaches:
//!
//! | answer | covers | does not cover |
//! |---|---|---|
//! | the write lock, on by default for sources that look up | all writers that pass this layer (and its clones) in this process | other processes, writers that bypass the layer, work that outlives a dropped future |
//! | [`Checked::hold_lock`], moved into `spawn_blocking` or `spawn` | the same, and work that outlives a client that hung up | other processes, writers that bypass the layer |
//! | [`Checked`] in the handler's statement (`… WHERE version = ?`), [`PreconditionFailed`] when no row was hit | everything that writes through the database, on any number of machines | nothing: use it wherever there is a database |
//! | a [`WriteLock`] of your own (advisory locks) | all replicas that use it | writers that bypass it |
//!
//! Use the lock *and* the statement: the lock spares the losers their work, the statement is right by itself.
//!
//! ```
//! use tower_conditional::{Checked, PreconditionFailed};
//!
//! # struct Db;
//! # impl Db { async fn execute(&self, _: &str, _: (i64, i64)) -> u64 { 1 } }
//! async fn save(db: Db, id: i64, checked: Checked) -> Result<(), PreconditionFailed> {
//!     let version = checked.version().unwrap_or(0).cast_signed(); // databases count in i64
//!     let rows = db.execute("UPDATE notes SET … WHERE version = ? AND id = ?", (version, id)).await;
//!     if rows == 0 { Err(checked.lost()) } else { Ok(()) }
//! }
//! ```
//!
//! # What a refused client gets
//!
//! Problem details ([RFC 9457]) that name the `field` that failed, the [`reason`](Reason), and what to do; nothing of
//! the request is in them, and [`ConditionalLayer::refusals`] replaces them. [`ConditionalLayer::observe`] tells the
//! operator the same for every judged request.
//!
//! | status | `error` | when |
//! |---|---|---|
//! | 412 | `precondition_failed` | a precondition is false |
//! | 428 | `precondition_required` | the policy requires one, and none that counts was sent |
//! | 400 | `precondition_malformed` | If-Match (or If-None-Match on a write) is not what its grammar says: an unquoted tag is the usual slip |
//! | 503 | `precondition_unavailable` | the source or the lock failed, and the write is conditional |
//!
//! # Recipes
//!
//! Databases, tenants, negotiated forms, lists, GraphQL, tonic, gateways, the log and your own tests: [`recipes`].
//!
//! # Choosing a tag
//!
//! A strong tag promises that equal tags mean equal bytes, and that a tag never comes back for other bytes. A version
//! from a counter that never repeats will do ([`EntityTag::from_version`]); put an [`Epoch`] before it and change that
//! with every release that serialises one version differently. A row's own counter that starts at 1 again after
//! delete and re-create will not do.
//!
//! # Features
//!
//! | feature | default | what |
//! |---|---|---|
//! | `layer` | yes | the layer, the sources, the write lock |
//! | `body-hash` | yes | [`BodyHash`], [`FileMetadata`] |
//! | `axum` | no | extractors, responses, and a source made of extractors |
//! | `headers` | no | conversions from and to the typed fields of the `headers` crate |
//! | `tracing` | no | one event for each judged request, target `tower_conditional` |
//!
//! # What it is not
//!
//! It is no cache, slices no ranges, compresses nothing, does not evaluate WebDAV's `If`, starts no runtime, spawns no
//! task, and authenticates nobody.
//!
//! [RFC 9110, section 13]: https://www.rfc-editor.org/rfc/rfc9110#section-13
//! [section 13.2.1]: https://www.rfc-editor.org/rfc/rfc9110#section-13.2.1
//! [RFC 9457]: https://www.rfc-editor.org/rfc/rfc9457
#![cfg_attr(tower_conditional_docsrs, feature(doc_cfg))]
// A few questions that only the layer asks are answered in the core, beside what they are about.
#![cfg_attr(not(feature = "layer"), allow(dead_code))]
// The tour links to what a build without features leaves out.
#![cfg_attr(not(feature = "body-hash"), allow(rustdoc::broken_intra_doc_links))]

#[cfg(feature = "axum")]
pub mod axum;
#[cfg(feature = "layer")]
mod body;
mod entity_tag;
mod epoch;
mod evaluate;
mod field;
mod field_lines;
#[cfg(feature = "layer")]
mod finish;
#[cfg(feature = "layer")]
mod frames;
mod header_map;
mod http_date;
mod last_modified;
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
#[cfg(feature = "layer")]
mod source;
mod tag_list;
mod token_list;
#[cfg(feature = "headers")]
mod typed_headers;

#[cfg(feature = "layer")]
pub use body::ConditionalBody;
pub use entity_tag::{EntityTag, InvalidEntityTag};
pub use epoch::Epoch;
pub use evaluate::Decision;
pub use field::Field;
#[cfg(feature = "layer")]
pub use finish::{Finish, FinishFuture, FinishLayer};
pub use http_date::HttpDate;
pub use method_class::MethodClass;
#[cfg(feature = "layer")]
pub use middleware::{
    Checked, CollectBody, CollectUpTo, Conditional, ConditionalLayer, Decided, InProcessLock,
    Judged, JudgedByHandler, Moment, NewVersion, ResponseFuture, StoredVerbatim, WriteGuard,
    WriteKey, WriteLock, WritePolicy,
};
pub use precondition_failed::{PreconditionFailed, Reason};
pub use preconditions::Preconditions;
pub use refusal::Refusal;
pub use representation::{Absent, Current, Representation};
pub use rewritten_tag::RewrittenTags;
#[cfg(feature = "body-hash")]
pub use source::{BodyHash, FileMetadata};
#[cfg(feature = "layer")]
pub use source::{
    BodyTag, BoxError, BoxSource, Compute, ContentDigest, Fixed, FromResponse, InMemoryVersions,
    Or, Probe, ProbeBody, Probing, SourceError, SourceFn, ValidatorSource, source_fn,
};

/// The examples of the README and of the pages are doctests.
#[cfg(doctest)]
mod pages {
    #[doc = include_str!("../README.md")]
    struct Readme;
    #[doc = include_str!("../docs/migration.md")]
    struct Migration;
    #[doc = include_str!("../docs/placement.md")]
    struct Placement;
    #[doc = include_str!("../docs/races.md")]
    struct Races;
    #[doc = include_str!("../docs/refusals.md")]
    struct Refusals;
}
