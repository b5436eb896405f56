//! The examples as a stranger runs them: child processes, real sockets, HTTP/1.1 and HTTP/2.
//!
//! `cargo test` builds the examples before it runs this. `cargo test --test examples` does not: it runs the ones
//! that were built last.

mod browser;
mod client;
mod durability;
mod files_service;
mod hyper_service;
mod metrics;
mod notes_life;
mod notes_page;
mod notes_preconditions;
mod notes_process;
mod postgres;
mod process;
mod proxies;
mod races;
mod stalled;
mod testkit;
mod wrapped_router;
