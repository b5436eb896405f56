//! Stores: the conditional write of each, behind one HTTP interface. Tests run these very texts against the real engines.
//!
//! A lost update happens in the store. What keeps two writers apart on any number of machines is the store's own conditional
//! write, and each recipe hands the version that the layer has checked down to it:
//!
//! | you have | recipe | its conditional write |
//! |---|---|---|
//! | sqlx, SQLite | [`sqlx_sqlite`] | rows that `UPDATE … WHERE version = ?` has changed |
//! | sqlx, PostgreSQL | [`sqlx_postgres`] | the row of `UPDATE … WHERE version = $n RETURNING version` |
//! | sqlx, MariaDB | [`sqlx_mariadb`] | rows that `UPDATE … WHERE version = ?` has affected |
//! | SeaORM, PostgreSQL | [`sea_orm`] | the models of `update_many().filter(Version.eq(…))` |
//! | diesel-async, PostgreSQL | [`diesel_async`] | the row of `diesel::update(… .filter(version.eq(…)))` |
//! | a table in PostgreSQL without a version | [`postgres_xmin`] | `WHERE xmin = …`, for what it is worth |
//! | object_store | [`object_store`] | `PutMode::Update`, `PutMode::Create` |
//!
//! Each recipe serves GET, PUT and DELETE of `/notes/{name}`. A read serves the row that was looked up, or states the
//! version of what it has read itself. A PUT creates, or replaces the version that the client has seen. A write that loses is
//! a 412, whose `reason` says whether the note has changed (`stale`), is gone (`absent`), or was created by somebody else
//! (`exists`). `Failed` makes a response of each error, for `?`.
//!
//! The statement decides alone, so no recipe keeps the write lock for a statement that outlives its request
//! ([`Checked::hold_lock`](crate::Checked::hold_lock)).
//!
//! The tests switch the write lock of the layer off, run the recipe as two processes, and let 200 writers with one tag through
//! before the first of them writes. [The guide](crate::guide::stores) has tables of what each loser sees, of what each request
//! costs, and of what is not covered.
//!
//! # A table that is there already
//!
//! It needs the column of the version, and a value for the rows that it has:
//!
//! ```sql
//! ALTER TABLE notes ADD COLUMN version BIGINT NOT NULL DEFAULT 0; -- in SQLite INTEGER
//! ```
//!
//! - **Every statement that writes has to change the version**, also in other programs: a row that somebody changes without it looks
//!   unchanged to everybody else. A trigger makes sure of it.
//! - A row that is deleted and created again must not get an old version back, so the recipes take it from one counter for all rows.
//!   Begin that counter above the versions that are there.
//! - Under `WritePolicy::required()` clients that send no precondition get 428. Begin with `optional()`, which checks what is sent.
//! - Without the column each request is answered 503, and only the log says why: use the feature `tracing` and a subscriber.

/// sqlx with SQLite: the rows that an UPDATE has changed decide.
///
/// What it serves, and how a table that is there already gets the column: [stores](super).
///
/// ```sh
/// cargo add tower-conditional --features axum,tracing
/// cargo add sqlx --no-default-features --features runtime-tokio,sqlite
/// cargo add axum tracing tracing-subscriber
/// cargo add tokio --features macros,rt-multi-thread,net
/// ```
///
#[doc = "```ignore"]
#[doc = include_str!("stores/sqlx_sqlite.rs")]
#[doc = "```"]
pub mod sqlx_sqlite {}

/// sqlx with PostgreSQL: the row that an UPDATE returns decides.
///
/// What it serves, and how a table that is there already gets the column: [stores](super).
///
/// `UPDATE … RETURNING` answers with the version that it has made, or with no row. A writer that meets another one on the same row waits
/// for it, and then compares again; that is so in `READ COMMITTED`, which is the default. In a transaction of a higher isolation level
/// the loser gets an error of class 40 instead, which is to be a 412, too.
///
/// ```sh
/// cargo add tower-conditional --features axum,tracing
/// cargo add sqlx --no-default-features --features runtime-tokio,postgres
/// cargo add axum tracing tracing-subscriber
/// cargo add tokio --features macros,rt-multi-thread,net
/// ```
///
#[doc = "```ignore"]
#[doc = include_str!("stores/sqlx_postgres.rs")]
#[doc = "```"]
pub mod sqlx_postgres {}

/// sqlx with MariaDB: the rows that an UPDATE has affected decide.
///
/// What it serves, and how a table that is there already gets the column: [stores](super).
///
/// MariaDB has no `UPDATE … RETURNING`, so the number of affected rows decides. By default that is the number of rows that *changed*: a
/// statement that gives a row the values that it has affects none. sqlx asks for the rows that were *found* (`CLIENT_FOUND_ROWS`),
/// and other drivers do not. The recipe depends on neither, because every write changes the version.
///
/// The default collation holds `Bob` and `bob` equal. The layer takes them for two resources and gives each its own lock, but to the
/// statement they are one row: one of two writers wins.
///
/// ```sh
/// cargo add tower-conditional --features axum,tracing
/// cargo add sqlx --no-default-features --features runtime-tokio,mysql
/// cargo add axum tracing tracing-subscriber
/// cargo add tokio --features macros,rt-multi-thread,net
/// ```
///
#[doc = "```ignore"]
#[doc = include_str!("stores/sqlx_mariadb.rs")]
#[doc = "```"]
pub mod sqlx_mariadb {}

/// SeaORM with PostgreSQL: the models that `update_many` returns decide.
///
/// What it serves, and how a table that is there already gets the column: [stores](super).
///
/// `ActiveModel::update` compares the primary key alone and would overwrite whatever is there: the recipe uses `update_many` with a
/// filter on the version. It takes the version from a sequence of PostgreSQL.
///
/// ```sh
/// cargo add tower-conditional --features axum,tracing
/// cargo add sea-orm --no-default-features --features macros,runtime-tokio,sqlx-postgres
/// cargo add axum tracing tracing-subscriber
/// cargo add tokio --features macros,rt-multi-thread,net
/// ```
///
#[doc = "```ignore"]
#[doc = include_str!("stores/sea_orm.rs")]
#[doc = "```"]
pub mod sea_orm {}

/// Diesel with PostgreSQL: the row that `diesel::update` returns decides.
///
/// What it serves, and how a table that is there already gets the column: [stores](super).
///
/// With `diesel-async` and a pool. Diesel without it blocks: call it in `spawn_blocking`, and move the guard of
/// [`Checked::hold_lock`](crate::Checked::hold_lock) into the call, as the recipe for [SQLite](crate::recipes::databases#sqlite) does.
///
/// ```sh
/// cargo add tower-conditional --features axum,tracing
/// cargo add diesel --no-default-features --features postgres_backend
/// cargo add diesel-async --features postgres,deadpool
/// cargo add axum tracing tracing-subscriber
/// cargo add tokio --features macros,rt-multi-thread,net
/// ```
///
#[doc = "```ignore"]
#[doc = include_str!("stores/diesel_async.rs")]
#[doc = "```"]
pub mod diesel_async {}

/// PostgreSQL's `xmin`: for a table that has no version and can be given none.
///
/// What it serves: [stores](super).
///
/// Every row has the number of the transaction that wrote it. Use it where a table has no version and cannot be given one, and know
/// what it is not worth:
///
/// - Two writes of one transaction leave one number. A reader outside of the transaction never sees the state between them.
/// - It has 32 bits. After four thousand million transactions a number comes back, and an old tag may name a new state.
/// - A restore from a dump, and a logical replica, give every row another number: all tags change. A number of the new cluster can
///   be one that a client got from the old one: change the epoch.
/// - It moves with every write of the row, also one that changes a column that is not served.
///
#[doc = "```ignore"]
#[doc = include_str!("stores/postgres_xmin.rs")]
#[doc = "```"]
pub mod postgres_xmin {}

/// object_store: `PutMode::Update` and `PutMode::Create` decide.
///
/// What it serves: [stores](super).
///
/// For S3, Google Cloud Storage, Azure and memory. Not for `LocalFileSystem`: it has no `PutMode::Update` (writes of what exists
/// fail), and its tags are made of the file's inode, time and size, so they can come back.
///
/// S3 makes the tag of an object of its bytes. A tag comes back with the bytes that it names, also after a DELETE; no other bytes
/// have it.
///
/// ```sh
/// cargo add tower-conditional --features axum,tracing
/// cargo add object_store --features aws
/// cargo add axum tracing tracing-subscriber
/// cargo add tokio --features macros,rt-multi-thread,net
/// ```
///
#[doc = "```ignore"]
#[doc = include_str!("stores/object_store.rs")]
#[doc = "```"]
pub mod object_store {}
