//! Recipes for common tasks. Each is run as a test.
//!
//! A recipe ends in a `Router`. What it leaves out is yours: the pool, and the handlers that are not about preconditions. The errors
//! of handlers are [`PreconditionFailed`](crate::PreconditionFailed), the 412, and whatever your service has for a database that fails;
//! those of a look-up are any error type (`?`; `SourceError::failed` for a boxed one), which the client sees as a 503 without its text.
//!
//! The `main` around every recipe, and the test to copy:
//!
//! ```no_run
//! # use axum::Router;
//! # fn app() -> Router { Router::new() }
//! #[tokio::main]
//! async fn main() -> std::io::Result<()> {
//!     let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
//!     axum::serve(listener, app()).await
//! }
//!
//! #[cfg(test)]
//! mod tests {
//!     use axum::{body::Body, http::Request};
//!     use tower::ServiceExt; // a dev-dependency, features = ["util"]
//!
//!     #[tokio::test]
//!     async fn a_stale_save_is_refused() {
//!         let app = super::app();
//!         let put = |field, tag| {
//!             let put = Request::put("/notes/1").header(field, tag);
//!             app.clone().oneshot(put.body(Body::from("text")).unwrap())
//!         };
//!         assert!(put("if-none-match", "*").await.unwrap().status().is_success());
//!         assert_eq!(put("if-match", "\"0\"").await.unwrap().status(), 412);
//!     }
//! }
//! ```
//!
//! | you have | recipe |
//! |---|---|
//! | a router over generic state, with an extractor for the user | [versions](versions#a-version-column) |
//! | `updated_at`, and no version | [versions](versions#updated_at-alone) |
//! | neither | [versions](versions#no-version-at-all) |
//! | a list whose members carry tags | [versions](versions#a-list-whose-members-carry-tags) |
//! | rows with a version in SQLite | [databases](databases#sqlite) |
//! | rows with a version in PostgreSQL | [databases](databases#postgresql) |
//! | a map in memory | [databases](databases#in-memory) |
//! | rows behind sqlx, objects in S3, Google Cloud Storage, Azure | [stores] |
//! | tenants that share paths | [resources](resources#a-resource-of-each-tenant) |
//! | nested mounts, or versions of an interface, over one table | [resources](resources#one-resource-under-two-paths) |
//! | one resource in several forms | [resources](resources#negotiated-representations) |
//! | a list | [resources](resources#collections) |
//! | a tag in the query, or as a member of the content | [tags elsewhere](tags_elsewhere#a-tag-in-the-query) |
//! | a batch whose items have tags | [tags elsewhere](tags_elsewhere#a-batch) |
//! | GraphQL or RPC beside it | [integrations](integrations#graphql-and-rpc) |
//! | tonic in the same router | [integrations](integrations#tonic) |
//! | a gateway in front of others | [integrations](integrations#a-gateway) |
//! | a service that is not `Clone`, a `Buffer` | [integrations](integrations#buffer) |
//! | a 412 that nobody understands | [operation](operation#the-reason-of-a-412-in-the-log) |
//! | a client that sends its PUT again | [operation](operation#a-retry-whose-first-answer-was-lost) |
//! | a handler that hangs under the write lock | [operation](operation#how-long-a-write-may-wait) |
//! | a router to be checked | [operation](operation#the-testkit-over-your-own-router) |
//!
//! Larger ones, with sockets and pages, are in the folder `examples` of the repository.

pub mod databases;
pub mod integrations;
pub mod operation;
pub mod resources;
pub mod stores;
pub mod tags_elsewhere;
pub mod versions;
