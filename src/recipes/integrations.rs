//! The layer together with other services: GraphQL, tonic, a gateway, a `Buffer`.
//!
//! # GraphQL and RPC
//!
//! A POST endpoint for many operations has no representation to compare with. Put the layer on the methods of the other
//! routes:
//!
//! ```
//! use axum::{Router, extract::Path, routing::{get, post}};
//! use tower_conditional::extract::extractor_source;
//! use tower_conditional::{ConditionalLayer, WritePolicy};
//! # use http::HeaderMap;
//! use tower_conditional::{EntityTag, SourceError};
//!
//! /// `SELECT version FROM notes WHERE id = ?`
//! async fn version(_id: i64, _db: ()) -> Result<EntityTag, SourceError> {
//!     Ok(EntityTag::from_version(7))
//! }
//! # async fn read() -> &'static str { "a note" }
//! # async fn save() {}
//! # async fn graphql(fields: HeaderMap) -> String { format!("{:?}", fields.get("if-match")) }
//! # let db = ();
//!
//! let notes = extractor_source(db, |Path(id): Path<i64>| id, version);
//! let layer = ConditionalLayer::new(notes).writes(WritePolicy::required());
//! let app: Router = Router::new()
//!     .route("/notes/{id}", get(read).put(save).route_layer(layer))
//!     .route("/graphql", post(graphql));
//! # mod kit { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/recipes/ask.rs")); }
//! # use kit::*;
//! # tokio::runtime::Runtime::new().unwrap().block_on(async {
//! #     assert_eq!(ask(&app, "PUT", "/notes/1", [("if-match", "\"1\"")]).await.status(), 412);
//! #     let answer = ask(&app, "POST", "/graphql", [("if-match", "\"1\"")]).await;
//! #     let body = axum::body::to_bytes(answer.into_body(), 100).await.unwrap();
//! #     assert_eq!(body, "Some(\"\\\"1\\\"\")");
//! # });
//! ```
//!
//! If a layer covers a whole service, leave the requests that its source does not identify to the handler
//! ([`Current::Delegated`](crate::Current::Delegated)). Then no precondition is required there, and the handler gets all
//! headers. Without that, a conditional write to such a path is refused, because its state is not known.
//!
//! ```
//! use axum::{Router, routing::{get, post}};
//! use tower_conditional::source::RequestPath;
//! use tower_conditional::{ConditionalLayer, SourceError, ValidatorSource, WritePolicy, source_fn};
//! use tower_conditional::EntityTag;
//!
//! /// `SELECT version FROM notes WHERE id = ?`
//! async fn version(_id: i64, _db: ()) -> Result<EntityTag, SourceError> {
//!     Ok(EntityTag::from_version(7))
//! }
//! # async fn read() -> &'static str { "a note" }
//! # async fn save() {}
//! # async fn graphql() {}
//! # let db = ();
//!
//! let notes = source_fn(
//!     db,
//!     |head| RequestPath::of(head).normalised().strip_prefix("/notes/")?.parse::<i64>().ok(),
//!     version,
//! );
//! let source = notes.or_delegate();
//! let app: Router = Router::new()
//!     .route("/notes/{id}", get(read).put(save))
//!     .route("/graphql", post(graphql))
//!     .layer(ConditionalLayer::new(source).writes(WritePolicy::required()));
//! # mod kit { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/recipes/ask.rs")); }
//! # use kit::*;
//! # tokio::runtime::Runtime::new().unwrap().block_on(async {
//! #     for spelling in ["/notes/1", "/notes/01", "/notes/%31"] {
//! #         assert_eq!(ask(&app, "PUT", spelling, []).await.status(), 428, "{spelling}");
//! #         assert_eq!(ask(&app, "PUT", spelling, [("if-match", "\"1\"")]).await.status(), 412, "{spelling}");
//! #         assert_eq!(ask(&app, "PUT", spelling, [("if-match", "\"7\"")]).await.status(), 200, "{spelling}");
//! #     }
//! #     assert_eq!(ask(&app, "POST", "/graphql", [("if-match", "\"1\"")]).await.status(), 200);
//! #     assert_eq!(ask(&app, "PUT", "/elsewhere", [("if-match", "\"1\"")]).await.status(), 404);
//! # });
//! ```
//!
//! # Tonic
//!
//! `Router::layer` wraps the routes that have been added before it. Routes that are merged afterwards do not pass the layer,
//! so their streams and trailers are unchanged.
//!
//! ```
//! use axum::{Router, routing::get};
//! use tower_conditional::{BodyHash, ConditionalLayer};
//! # use axum::{body::Body, http::{HeaderMap, Response}, routing::post};
//! # fn grpc() -> Router {
//! #     // As tonic's `Routes::into_axum_router` has it: a POST, and an answer that ends with trailers.
//! #     let call = async || {
//! #         let mut trailers = HeaderMap::new();
//! #         trailers.insert("grpc-status", "0".parse().unwrap());
//! #         let frames = futures_util::stream::iter([
//! #             Ok::<_, std::io::Error>(http_body::Frame::data(bytes::Bytes::from("message"))),
//! #             Ok(http_body::Frame::trailers(trailers)),
//! #         ]);
//! #         let answer = Response::builder().header("content-type", "application/grpc");
//! #         answer.body(Body::new(http_body_util::StreamBody::new(frames))).unwrap()
//! #     };
//! #     Router::new().route("/notes.Notes/Get", post(call))
//! # }
//! # async fn page() -> &'static str { "a page" }
//!
//! let app: Router = Router::new()
//!     .route("/page", get(page))
//!     .layer(ConditionalLayer::new(BodyHash::strong())) // reads only
//!     .merge(grpc()); // tonic: `Routes::new(…).into_axum_router()`
//! # mod kit { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/recipes/ask.rs")); }
//! # use kit::*;
//! # tokio::runtime::Runtime::new().unwrap().block_on(async {
//! #     use http_body_util::BodyExt;
//! #     assert!(ask(&app, "GET", "/page", []).await.headers().contains_key("etag"));
//! #     let answer = ask(&app, "POST", "/notes.Notes/Get", []).await;
//! #     assert!(!answer.headers().contains_key("etag"));
//! #     let collected = answer.into_body().collect().await.unwrap();
//! #     assert_eq!(collected.trailers().unwrap()["grpc-status"], "0");
//! # });
//! ```
//!
//! # A gateway
//!
//! A gateway is no origin: it has no state to compare with, and the conditional headers are for the origin behind it. Its
//! source delegates what it forwards, so that every field passes untouched, and states what it answers itself. An upstream
//! that knows preconditions has evaluated them: [`EvaluatedByHandler`](crate::middleware::EvaluatedByHandler) keeps its successes from
//! being reported as unevaluated.
//!
//! ```
//! use axum::{Router, extract::Request, response::{IntoResponse, Response}, routing::get};
//! use tower_conditional::source::RequestPath;
//! use tower_conditional::handler::EvaluatedByHandler;
//! use tower_conditional::{ConditionalLayer, Current, EntityTag, SourceError, source_fn};
//! # use http::StatusCode;
//! # use std::sync::{Arc, Mutex};
//! # async fn send_upstream(request: Request) -> Response {
//! #     match request.headers().get("if-none-match").or(request.headers().get("if-match")) {
//! #         Some(tag) if tag == "\"up\"" && request.method() == "GET" => StatusCode::NOT_MODIFIED.into_response(),
//! #         Some(tag) if tag == "\"up\"" => StatusCode::NO_CONTENT.into_response(),
//! #         _ => ([("etag", "\"up\"")], "from upstream").into_response(),
//! #     }
//! # }
//!
//! const BUILD: EntityTag = EntityTag::from_static("\"build-7\"");
//!
//! let source = source_fn((), RequestPath::of, async |path, ()| {
//!     let is_ours = path.normalised() == "/about";
//!     Ok::<_, SourceError>(if is_ours { BUILD.into() } else { Current::Delegated })
//! });
//! let forward = async |request: Request| (EvaluatedByHandler, send_upstream(request).await);
//! # let seen = Arc::new(Mutex::new(Vec::new()));
//! # let records = seen.clone();
//! let layer = ConditionalLayer::new(source);
//! # let layer = layer.observe(move |event| records.lock().unwrap().push(event.clone()));
//! let app: Router = Router::new()
//!     .route("/about", get(async || "a gateway"))
//!     .fallback(forward)
//!     .layer(layer);
//! # mod kit { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/recipes/ask.rs")); }
//! # use kit::*;
//! # tokio::runtime::Runtime::new().unwrap().block_on(async {
//! #     assert_eq!(ask(&app, "GET", "/about", [("if-none-match", "\"build-7\"")]).await.status(), 304);
//! #     let first = ask(&app, "GET", "/elsewhere", []).await;
//! #     assert_eq!((first.status().as_u16(), tag_of(&first).as_str()), (200, "\"up\""));
//! #     assert_eq!(ask(&app, "GET", "/elsewhere", [("if-none-match", "\"up\"")]).await.status(), 304);
//! #     assert_eq!(ask(&app, "PUT", "/elsewhere", [("if-match", "\"up\"")]).await.status(), 204);
//! #     let seen = seen.lock().unwrap();
//! #     assert_eq!(seen.len(), 1, "only what the gateway evaluated itself: {seen:?}");
//! # });
//! ```
//!
//! # Buffer
//!
//! The layer clones the service that it wraps. Put a service that is not `Clone` behind a `Buffer`, and the layer around the
//! `Buffer`. You can also put a `Buffer` around the layer. The error of a `Buffer` is a `BoxError`.
//!
//! ```
//! use http::{Request, Response};
//! use http_body_util::Full;
//! use tower::{BoxError, Service, ServiceBuilder, ServiceExt, service_fn};
//! use tower_conditional::source::Fixed;
//! use tower_conditional::{ConditionalLayer, EntityTag};
//! # use bytes::Bytes;
//! # use http::StatusCode;
//! # struct NotClone(u64);
//! # let mut state = NotClone(0);
//! # let cannot_be_cloned = service_fn(move |_: Request<Full<Bytes>>| {
//! #     state.0 += 1;
//! #     std::future::ready(Ok::<_, BoxError>(Response::new(Full::from("text"))))
//! # });
//! # let runtime = tokio::runtime::Runtime::new().unwrap();
//! # let _within = runtime.enter();
//!
//! let mut service = ServiceBuilder::new()
//!     .buffer(64) // behind a Buffer
//!     .layer(ConditionalLayer::new(Fixed::new(EntityTag::from_version(7))))
//!     .buffer(64) // and around one, whose inner service is not Clone
//!     .service(cannot_be_cloned);
//! # runtime.block_on(async {
//! #     let get = Request::get("/").header("if-none-match", "\"7\"").body(Full::default()).unwrap();
//! #     assert_eq!(service.ready().await.unwrap().call(get).await.unwrap().status(), StatusCode::NOT_MODIFIED);
//! #     let put = Request::put("/").header("if-match", "\"6\"").body(Full::default()).unwrap();
//! #     assert_eq!(service.ready().await.unwrap().call(put).await.unwrap().status(), StatusCode::PRECONDITION_FAILED);
//! #     let put = Request::put("/").header("if-match", "\"7\"").body(Full::default()).unwrap();
//! #     assert_eq!(service.ready().await.unwrap().call(put).await.unwrap().status(), StatusCode::OK);
//! # });
//! ```
