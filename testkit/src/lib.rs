//! Checks how a tower service handles HTTP conditional requests, and reports where it departs from RFC 9110.
//!
//! Any service can be checked, with [tower-conditional] inside or not. That crate tests itself with this kit.
//!
//! [`check()`] sends the requests that [RFC 9110, section 13] is about, and reports each finding in words: its
//! [`Severity`], the [`Rule`] and its section, the request that shows it, the expected answer and the actual one, what it
//! costs the users, and what cures it. [`hammer()`] sends the writes of many clients at
//! once with one entity tag: exactly one may succeed. [`compare()`] sends two services the same requests and lists where
//! they differ, such as one that evaluates preconditions before the handler and one that evaluates them after it.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! use axum::{Router, routing::get};
//! use tower_conditional_testkit::{Fixture, check};
//! use tower_conditional::content_coding::ContentCodingLayer;
//! use tower_conditional::{BodyHash, ConditionalLayer};
//!
//! let app = Router::new()
//!     .route("/greeting", get(async || "hello"))
//!     .layer(ConditionalLayer::new(BodyHash::strong()))
//!     .layer(ContentCodingLayer::new().leave_tags()); // without it axum adds `Content-Length: 0` to a 304
//!
//! let report = check(app, Fixture::at("/greeting")).await;
//! assert!(report.is_clean(), "{report}");
//! # }
//! ```
//!
//! # Over the wire
//!
//! To check a running server, install the command `tower-conditional-doctor`, or pass a service that forwards to an HTTP client.
//! A finding has the same name as in-process.
//! Some defects show only over the wire (a server that closes the connection), others only without it: hyper repairs
//! some responses, such as the Content-Length of a 304 over HTTP/1.1. And a client hides some: with the feature `wire`
//! the module `wire` looks at the bytes on a connection, such as content behind a 304.
//!
//! # Other request bodies
//!
//! The requests have a body of the kit's own, [`Content`]. For a service with another body type, make that body of the
//! bytes:
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
//! One process with a write lock, which layers of tower-conditional have unless you say otherwise, lets no two writes
//! overlap: a statement that writes without comparing the version passes every race, and loses updates as soon as there is a
//! second process. Give the kit two [`Replicas`] over one store, and it is found.
//!
//! The kit has no timer. If a service may never answer, put a timeout around it. What could not be checked on the
//! resource is listed in [`Report::not_checked`]. If a service breaks a rule on purpose, take the rule out of the report
//! with [`Report::allowing`].
//!
//! [tower-conditional]: https://docs.rs/tower-conditional
//! [RFC 9110, section 13]: https://www.rfc-editor.org/rfc/rfc9110#section-13

mod arrival;
mod ask;
mod check;
mod checks;
mod compare;
mod content;
mod exchange;
mod fixture;
mod gate;
mod hammer;
mod join;
mod known;
mod marks;
mod patience;
mod replicas;
mod report;
mod rule;
mod session;
mod severity;
mod shown;
#[cfg(feature = "wire")]
pub mod wire;
mod writer;

pub use arrival::Arrival;
pub use check::check;
pub use compare::compare;
pub use content::Content;
pub use fixture::{Fixture, Scratch};
pub use hammer::{Hammered, hammer};
pub use replicas::Replicas;
pub use report::{Finding, Report};
pub use rule::Rule;
pub use severity::Severity;

/// The example of the README compiles.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
