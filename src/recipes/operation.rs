//! What an operator wants to know, and how to find out before the users do.
//!
//! # The reason of a 412 in the log
//!
//! With the feature `tracing` every judged request is one event of the target `tower_conditional`; a refusal is INFO.
//! The event has no path: a span around the layer says it.
//!
//! ```
//! use axum::{Router, routing::get};
//! use tower_conditional::{ConditionalLayer, InMemoryVersions, WritePolicy};
//! use tower_http::trace::{DefaultMakeSpan, TraceLayer};
//! use tracing::Level;
//! # use std::sync::{Arc, Mutex};
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
//! # /*
//!
//! tracing_subscriber::fmt().init(); // INFO and above
//! # */
//! # let versions = InMemoryVersions::new();
//! # for _ in 0..7 { versions.changed("/notes/1"); }
//! # async fn read() -> &'static str { "a note" }
//! # async fn save() {}
//!
//! let layer = ConditionalLayer::new(versions).writes(WritePolicy::required());
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
//! #     "decision=\"refused\" reason=\"stale\" field=\"If-Match\" class=\"write\" moment=\"before\"",
//! #     "versions_behind=2 ",
//! # ] {
//! #     assert!(log.contains(part), "{part}\n{log}");
//! # }
//! ```
//!
//! ```text
//! INFO request{method=PUT uri=/notes/1 version=HTTP/1.1}: tower_conditional: a request was refused
//!   decision="refused" reason="stale" field="If-Match" class="write" moment="before" … versions_behind=2 …
//! ```
//!
//! Without `tracing`, [`ConditionalLayer::observe`](crate::ConditionalLayer::observe) is told the same; the example
//! `metrics` counts it.
//!
//! # The testkit over your own router
//!
//! With `tower-conditional-testkit` among the dev-dependencies, a test of your own asks your router what RFC 9110 asks. The
//! scratch path is one that may be written to; the `mark` has to come back in what is read later.
//!
//! ```
//! use tower_conditional_testkit::{Fixture, Scratch, check, hammer};
//! # use axum::{Router, routing::get, extract::{Path, State}, http::{StatusCode, Uri}};
//! # use tower_conditional::{ConditionalLayer, InMemoryVersions, WritePolicy, Checked};
//! # use std::{collections::HashMap, sync::{Arc, Mutex}};
//! # type Texts = Arc<Mutex<HashMap<String, String>>>;
//! # fn app() -> Router {
//! #     let (versions, texts) = (InMemoryVersions::new(), Texts::default());
//! #     versions.changed("/notes/1");
//! #     texts.lock().unwrap().insert("/notes/1".to_owned(), "a note".to_owned());
//! #     let read = async |State(texts): State<Texts>, uri: Uri| {
//! #         texts.lock().unwrap().get(uri.path()).cloned().ok_or(StatusCode::NOT_FOUND)
//! #     };
//! #     let changed = versions.clone();
//! #     let save = async move |State(texts): State<Texts>, uri: Uri, checked: Checked, text: String| {
//! #         changed.changed(uri.path());
//! #         texts.lock().unwrap().insert(uri.path().to_owned(), text);
//! #         if checked.existed() == Some(false) { StatusCode::CREATED } else { StatusCode::NO_CONTENT }
//! #     };
//! #     let removed = versions.clone();
//! #     let remove = async move |State(texts): State<Texts>, uri: Uri| {
//! #         removed.removed(uri.path());
//! #         match texts.lock().unwrap().remove(uri.path()) {
//! #             Some(_) => StatusCode::NO_CONTENT,
//! #             None => StatusCode::NOT_FOUND,
//! #         }
//! #     };
//! #     let layer = ConditionalLayer::new(versions).writes(WritePolicy::required());
//! #     let note = get(read).put(save).delete(remove).route_layer(layer);
//! #     Router::new().route("/notes/{id}", note).with_state(texts)
//! # }
//!
//! # /*
//! #[tokio::test]
//! # */
//! async fn conditional_requests_are_handled_as_rfc_9110_says() {
//!     let scratch = || Scratch::put("/notes/99", "text/plain", |mark| format!("written: {mark}"));
//!
//!     let report = check(app(), Fixture::at("/notes/1").writing(scratch())).await;
//!     // Inside of an axum router a 304 has `Content-Length: 0`; hyper takes it off over HTTP/1.1.
//!     let report = report.allowing(["not-modified-length"]);
//!     assert!(report.is_clean(), "{report}");
//!
//!     let hammered = hammer(app(), scratch(), 20).await; // of 20 writers with one tag, one may win
//!     assert!(hammered.is_clean(), "{hammered}");
//! }
//! # tokio::runtime::Runtime::new().unwrap().block_on(conditional_requests_are_handled_as_rfc_9110_says());
//! ```
