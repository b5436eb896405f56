//! The layer together with the services and layers of others: each compiles, and serves a read and its revalidation.
//!
//! `UPDATE_DOCS=1 cargo test` writes the table in `src/guide/placement.md` anew.

mod aide;
mod around;
mod frameworks;
mod gateway;
mod login;
mod support;
mod table;
