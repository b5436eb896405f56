//! Stores: the conditional write of each, behind one HTTP interface. Tests run these very texts against the real engines.
//!
//! A lost update happens in the store. What keeps two writers apart on any number of machines is the store's own conditional
//! write, and each recipe hands the version that the layer has checked down to it:
//!
//! | you have | recipe | its conditional write |
//! |---|---|---|
//! | sqlx, SQLite | [below](#sqlx-with-sqlite) | rows that `UPDATE … WHERE version = ?` has changed |
//! | object_store | [below](#object_store) | `PutMode::Update`, `PutMode::Create` |
//!
//! Each recipe serves GET, PUT and DELETE of `/notes/{name}`. A read serves the row that was looked up, or states the
//! version of what it has read itself. A PUT creates, or replaces the version that the client has seen. A write that loses is
//! a 412, whose `reason` says whether the note has changed (`stale`), is gone (`absent`), or was created by somebody else
//! (`exists`). `Failed` makes a response of each error, for `?`.
//!
//! The tests switch the write lock of the layer off, run the recipe as two processes, and let 200 writers with one tag through
//! before the first of them writes. `docs/stores.md` in the repository has tables of what each loser sees, of what each request
//! costs, and of what is not covered.
//!
//! # sqlx with SQLite
//!
//! ```sh
//! cargo add tower-conditional --features axum
//! cargo add sqlx --no-default-features --features runtime-tokio,sqlite
//! cargo add axum tokio tracing
//! ```
//!
#![doc = "```ignore"]
#![doc = include_str!("stores/sqlx_sqlite.rs")]
#![doc = "```"]
//!
//! # object_store
//!
//! For S3, Google Cloud Storage, Azure and memory. Not for `LocalFileSystem`: it has no `PutMode::Update` (writes of what exists
//! fail), and its tags are made of the file's inode, time and size, so they can come back.
//!
//! S3 makes the tag of an object of its bytes. A tag comes back with the bytes that it names, also after a DELETE; no other bytes
//! have it.
//!
//! ```sh
//! cargo add tower-conditional --features axum
//! cargo add object_store --features aws
//! cargo add axum tokio tracing
//! ```
//!
#![doc = "```ignore"]
#![doc = include_str!("stores/object_store.rs")]
#![doc = "```"]
