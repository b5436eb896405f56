//! An HTTP client that cannot lose an update by accident: `ETag`, `If-Match` and 412 in types, over any tower service.
//!
//! Two people read a record, and both save it: the second one silently overwrites the first, unless the client sends the entity
//! tag of what it has read, in If-Match, and the server refuses what is stale (412). Then the client has to fetch the record
//! again, merge, and send the result with the *new* tag. It must never retry blindly. [`Client`] has no call for anything else:
//!
//! | call | sends | returns |
//! |---|---|---|
//! | [`read`](Client::read) | GET | [`Seen`]: value and tag |
//! | [`save`](Client::save) | PUT, If-Match | the new `Seen`, or a [`Conflict`] with `mine`, `base` and `theirs` |
//! | [`create`](Client::create) | PUT, `If-None-Match: *` | the same |
//! | [`delete`](Client::delete) | DELETE, If-Match | nothing, or a `Conflict` |
//! | [`update`](Client::update) | GET and PUT, until it is saved | the new `Seen` |
//!
//! ```
//! # use axum::Router;
//! use tower_conditional_client::{Backoff, Client, Current, WriteError};
//!
//! # tokio::runtime::Runtime::new().unwrap().block_on(async {
//! # mod doc { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/examples/counter.rs")); }
//! # let service: Router = doc::counter();
//! let client = Client::new(service, Backoff::new(tokio::time::sleep, || fastrand::u64(..)));
//! let uri = "/counter".parse()?;
//! let (mine, theirs) = (client.read::<String>(&uri).await?, client.read::<String>(&uri).await?);
//! client.save(theirs, r#"{"value":5}"#.to_owned()).await?;
//!
//! match client.save(mine, r#"{"value":1}"#.to_owned()).await {
//!     Err(WriteError::Conflict(conflict)) => {
//!         assert_eq!(conflict.base.as_deref(), Some(r#"{"value":0}"#));
//!         let Current::Exists(theirs) = conflict.theirs else { panic!("gone") };
//!         assert_eq!(theirs.value(), r#"{"value":5}"#);
//!         client.save(theirs, r#"{"value":6}"#.to_owned()).await?; // merged by a person
//!     }
//!     other => panic!("{other:?}"),
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # }).unwrap();
//! ```
//!
//! # Which service
//!
//! Any `tower::Service<http::Request<Full<Bytes>>>` that is `Clone`: hyper-util's client (features `client-legacy`, `http1` and
//! `tokio`), or a router in process. [`unsent_if`](Client::unsent_if) says which of its errors mean that nothing was sent;
//! without it, a connection that was refused is an answer that was lost, and nobody knows what became of the save.
//!
//! ```
//! use bytes::Bytes;
//! use http_body_util::Full;
//! use hyper_util::{client::legacy, rt::TokioExecutor};
//! use tower_conditional_client::{Backoff, Client};
//!
//! let http = legacy::Client::builder(TokioExecutor::new()).build_http::<Full<Bytes>>();
//! let client = Client::new(http, Backoff::new(tokio::time::sleep, || fastrand::u64(..))).unsent_if(|error| {
//!     error.downcast_ref::<legacy::Error>().is_some_and(legacy::Error::is_connect)
//! });
//! # let _ = client;
//! ```
//!
//! reqwest has requests of its own:
//!
//! ```
//! use bytes::Bytes;
//! use http::{Request, Response};
//! use http_body_util::Full;
//! use tower::service_fn;
//! use tower_conditional_client::{Backoff, BoxError, Client};
//!
//! let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build()?;
//! let service = service_fn(move |request: Request<Full<Bytes>>| {
//!     let http = http.clone();
//!     async move {
//!         let request = request.map(reqwest::Body::wrap).try_into()?;
//!         Ok::<_, BoxError>(Response::<reqwest::Body>::from(http.execute(request).await?))
//!     }
//! });
//! let client = Client::new(service, Backoff::new(tokio::time::sleep, || fastrand::u64(..))).unsent_if(|error| {
//!     error.downcast_ref::<reqwest::Error>().is_some_and(reqwest::Error::is_connect)
//! });
//! # let _ = client;
//! # Ok::<(), reqwest::Error>(())
//! ```
//!
//! Without the redirect policy it would follow redirects itself, and a save would go to the address that redirects.
//!
//! Credentials, a timeout and a limit on how much is sent at once are layers around that service. [`RememberLayer`] remembers
//! what was read, and asks for it again with If-None-Match.
//!
//! # When the answer is lost
//!
//! If the connection breaks after a save was sent, or the answer says nothing of it (202, 301 to 303, 408, most 5xx), nobody knows
//! whether it was performed. The client reads the resource again, and says what it finds ([`AnswerLost`]): the content that was
//! sent, the version before, or another one. It does not send the save once more. What the server adds to the content by itself
//! must not count ([`Content::is_same`]).
#![forbid(unsafe_code)]

mod backoff;
mod client;
mod content;
mod enforcement;
mod error;
mod exchange;
mod problem;
mod remember;
mod seen;
mod update;
mod write_error;

pub use backoff::Backoff;
pub use client::Client;
pub use content::Content;
#[cfg(feature = "json")]
pub use content::Json;
pub use enforcement::Enforcement;
pub use error::Error;
pub use remember::{InMemoryStore, ReadTag, Remember, RememberLayer, Remembered, Store};
pub use seen::Seen;
pub use update::UpdateError;
pub use write_error::{
    AnswerLost, Applied, Conflict, Current, NotPerformed, Rewritten, Why, WriteError,
};

#[doc(no_inline)]
pub use tower_conditional::EntityTag;

/// Any error of a service, a body or a codec.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// The example of the README.
#[cfg(all(doctest, feature = "json"))]
#[doc = include_str!("../README.md")]
struct Readme;
