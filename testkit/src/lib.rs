//! Checks how a tower service handles HTTP conditional requests, and says what it does otherwise than RFC 9110.
//!
//! The service may be yours or any: it need not have [tower-conditional] inside, which tests itself with this.
//!
//! [`check()`] sends the requests that [RFC 9110, section 13] is about, and reports each finding in words: the section, the
//! rule, the request that shows it, what was expected and what came. [`hammer()`] sends many writers at once with one
//! entity tag, of whom one may win. [`compare()`] sends two services the same requests and lists where they differ, such
//! as one that evaluates preconditions before the handler and one that evaluates them after it.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! use axum::{Router, routing::get};
//! use tower_conditional_testkit::{Fixture, check};
//! use tower_conditional::{BodyHash, ConditionalLayer};
//!
//! let app = Router::new()
//!     .route("/greeting", get(async || "hello"))
//!     .layer(ConditionalLayer::new(BodyHash::strong()));
//!
//! // Inside of an axum router a 304 has `Content-Length: 0`; hyper takes it off over HTTP/1.1, `ContentCodingLayer` always.
//! let report = check(app, Fixture::at("/greeting")).await.allowing(["not-modified-length"]);
//! assert!(report.is_clean(), "{report}");
//! # }
//! ```
//!
//! # Over the wire
//!
//! A service that forwards to an HTTP client checks a running server; `examples/check_url` is that, as a command.
//! Some defects only show there (a server that closes the connection), others only without it: hyper repairs some of
//! what it is given, such as the Content-Length of a 304 over HTTP/1.1.
//!
//! # Other request bodies
//!
//! The requests have a body of the kit's own, [`Content`], so that nobody has to name a type. A service that insists
//! on another gets it from the bytes:
//!
//! ```
//! use bytes::Bytes;
//! use http::{Request, Response};
//! use http_body_util::Full;
//! use tower::{ServiceExt, service_fn};
//! use tower_conditional_testkit::Content;
//!
//! async fn handle(_: Request<Full<Bytes>>) -> Result<Response<Full<Bytes>>, std::io::Error> {
//!     Ok(Response::new(Full::default()))
//! }
//!
//! let service = service_fn(handle).map_request(|request: Request<Content>| {
//!     request.map(|content| Full::new(content.into_bytes()))
//! });
//! # let _ = service;
//! ```
//!
//! # What it cannot see
//!
//! Nothing waits for a clock here, so a service that never answers is never given up: put a timeout around it. What
//! was not checked because the resource has nothing to check it by is listed in
//! [`Report::not_checked`]; a rule that is broken on purpose is taken out of a report with [`Report::allowing`].
//!
//! [tower-conditional]: https://docs.rs/tower-conditional
//! [RFC 9110, section 13]: https://www.rfc-editor.org/rfc/rfc9110#section-13

mod ask;
mod check;
mod checks;
mod compare;
mod content;
mod exchange;
mod fixture;
mod hammer;
mod join;
mod known;
mod marks;
mod report;
mod rule;
mod session;
mod shown;
mod writer;

pub use check::check;
pub use compare::compare;
pub use content::Content;
pub use fixture::{Fixture, Scratch};
pub use hammer::{Hammered, hammer};
pub use report::{Finding, Report};
