//! Where the note is kept. Every write is a compare-and-swap.

mod postgres;
mod slow;
mod sqlite;

use std::future::Future;

use crate::Result;

pub(crate) use postgres::Postgres;
pub(crate) use slow::Slow;
pub(crate) use sqlite::Sqlite;

/// The note that is hot.
pub(crate) const ID: i64 = 1;

#[derive(Clone, Debug)]
pub(crate) struct Note {
    pub(crate) version: i64,
    pub(crate) text: String,
}

pub(crate) trait Store: Clone + Send + Sync + 'static {
    fn read(&self, id: i64) -> impl Future<Output = Result<Option<Note>>> + Send;

    /// Whether the note had this version, and has this text now.
    fn swap(&self, id: i64, seen: i64, text: String) -> impl Future<Output = Result<bool>> + Send;
}
