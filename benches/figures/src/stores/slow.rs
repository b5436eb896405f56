//! A database of which every statement takes 2 ms, behind a pool of connections as small as that of the example
//! `postgres`.
//!
//! It does what PostgreSQL does with writers of one row (`READ COMMITTED`): a statement whose snapshot has another version
//! finds no row and waits for nobody; one that finds the row waits for the writer before it, and then looks again.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{Mutex as RowLock, Semaphore, SemaphorePermit};
use tokio::time::sleep;

use super::{ID, Note, Store};
use crate::Result;

const STATEMENT: Duration = Duration::from_millis(2);

const CONNECTIONS: usize = 8;

#[derive(Clone)]
pub(crate) struct Slow(Arc<Database>);

struct Database {
    connections: Semaphore,
    row: Mutex<Note>,
    writers: RowLock<()>,
}

impl Slow {
    pub(crate) fn new() -> Self {
        let note = Note {
            version: 1,
            text: "0".to_owned(),
        };
        Self(Arc::new(Database {
            connections: Semaphore::new(CONNECTIONS),
            row: Mutex::new(note),
            writers: RowLock::new(()),
        }))
    }

    async fn connection(&self) -> Result<SemaphorePermit<'_>> {
        Ok(self.0.connections.acquire().await?)
    }

    fn committed(&self) -> Note {
        let row = self.0.row.lock().unwrap_or_else(PoisonError::into_inner);
        row.clone()
    }

    /// Changes the row if it has this version. The caller has the row's lock.
    fn commit(&self, seen: i64, text: String) -> bool {
        let mut row = self.0.row.lock().unwrap_or_else(PoisonError::into_inner);
        let has_version = row.version == seen;
        if has_version {
            *row = Note {
                version: seen + 1,
                text,
            };
        }
        has_version
    }
}

impl Store for Slow {
    async fn read(&self, id: i64) -> Result<Option<Note>> {
        let _connection = self.connection().await?;
        let snapshot = self.committed();
        sleep(STATEMENT).await;
        Ok((id == ID).then_some(snapshot))
    }

    async fn swap(&self, id: i64, seen: i64, text: String) -> Result<bool> {
        let _connection = self.connection().await?;
        if id != ID || self.committed().version != seen {
            sleep(STATEMENT).await;
            return Ok(false);
        }
        let _row = self.0.writers.lock().await;
        sleep(STATEMENT).await;
        Ok(self.commit(seen, text))
    }
}
