//! The notes in SQLite: synchronous functions, every write a compare-and-swap.
//!
//! A version is drawn from one counter for the whole database, in the transaction that uses it. It is
//! never used twice, not for another note, not after a delete and not after a restart, so a version
//! that someone still holds never comes back for another state (the ABA problem).
//!
//! Every method of the store may wait for the disk: call them through [`blocking`].

use std::{
    error::Error,
    fmt,
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use rusqlite::{
    Connection, OpenFlags, OptionalExtension, Row, Transaction, TransactionBehavior, params,
};
use serde::{Deserialize, Serialize};
use tokio::task::{JoinError, spawn_blocking};
use utoipa::ToSchema;

use crate::ownership::{APPLICATION_ID, is_ours_or_new};

pub(crate) type Result<T> = rusqlite::Result<T>;

const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS notes (
        id      INTEGER PRIMARY KEY,
        title   TEXT NOT NULL,
        body    TEXT NOT NULL,
        version INTEGER NOT NULL
    );
    CREATE TABLE IF NOT EXISTS counter (
        only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
        version  INTEGER NOT NULL
    );
    INSERT OR IGNORE INTO counter VALUES (1, 0);
";

/// How long to wait for a writer in another process before the database counts as busy.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// What a client sees of a note; the version travels in the entity tag.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Note {
    pub(crate) id: i64,
    pub(crate) title: String,
    pub(crate) body: String,
    #[serde(skip)]
    pub(crate) version: i64,
}

/// The notes as they were in one state, and the version of that.
#[derive(Clone, Debug)]
pub(crate) struct List {
    pub(crate) notes: Vec<Note>,
    pub(crate) version: i64,
}

/// A whole note, as a client sends it.
#[derive(Clone, Debug, Deserialize, ToSchema)]
pub(crate) struct Draft {
    pub(crate) title: String,
    pub(crate) body: String,
}

/// The parts of a note that a client wants changed.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Change {
    pub(crate) title: Option<String>,
    pub(crate) body: Option<String>,
}

impl Change {
    pub(crate) fn is_empty(&self) -> bool {
        self.title.is_none() && self.body.is_none()
    }
}

/// The outcome of a write. A failed swap is an outcome, not an error.
#[derive(Clone, Copy, Debug, PartialEq)]
#[must_use]
pub(crate) enum Swap<T> {
    Done(T),
    /// The note is not (or no longer) in the state that the writer expected; nothing was written.
    Lost,
}

/// Cheap to clone; clones share the connections.
#[derive(Clone, Debug)]
pub(crate) struct Store {
    connections: Arc<Connections>,
}

/// One to read and one to write: with a write-ahead log, reads never wait for a write, and writes
/// queue here instead of polling for the file's lock.
#[derive(Debug)]
struct Connections {
    reader: Mutex<Connection>,
    writer: Mutex<Connection>,
}

impl Store {
    /// Opens the database, and makes it if it is not there.
    ///
    /// # Errors
    ///
    /// It cannot be opened, or is the database of another program: nothing was changed.
    pub(crate) fn open(path: &Path) -> std::result::Result<Self, Box<dyn Error>> {
        if !is_ours_or_new(path)? {
            return Err("it is no database of this service".into());
        }
        let mut writer = connect(path)?;
        let transaction = writer.transaction_with_behavior(TransactionBehavior::Immediate)?;
        transaction.execute_batch(SCHEMA)?;
        if application_id(&transaction)? != APPLICATION_ID {
            transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
        }
        transaction.commit()?;
        // Only now: in a log the mark would not be in the file itself.
        keep_a_log(&writer)?;

        let reader = connect(path)?;
        Ok(Self {
            connections: Arc::new(Connections {
                reader: Mutex::new(reader),
                writer: Mutex::new(writer),
            }),
        })
    }

    /// One transaction: no write comes between the notes and their version.
    pub(crate) fn list(&self) -> Result<List> {
        let mut connection = lock(&self.connections.reader);
        let snapshot = connection.transaction()?;
        let version = collection_version(&snapshot)?;
        let notes = snapshot
            .prepare_cached("SELECT id, title, body, version FROM notes ORDER BY id")?
            .query_map([], note)?
            .collect::<Result<_>>()?;
        Ok(List { notes, version })
    }

    pub(crate) fn get(&self, id: i64) -> Result<Option<Note>> {
        lock(&self.connections.reader)
            .prepare_cached("SELECT id, title, body, version FROM notes WHERE id = ?1")?
            .query_row([id], note)
            .optional()
    }

    /// The version of the list: the counter itself, because every write moves it.
    pub(crate) fn collection_version(&self) -> Result<i64> {
        collection_version(&lock(&self.connections.reader))
    }

    /// Adds a note under an id that is free.
    pub(crate) fn insert(&self, draft: &Draft) -> Result<Note> {
        let mut connection = lock(&self.connections.writer);
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let version = next_version(&transaction)?;
        let note = insert(&transaction, draft, version)?;
        transaction.commit()?;
        Ok(note)
    }

    /// Adds a note under an id that is free, if no note was written since the list had this version.
    pub(crate) fn insert_into(&self, seen: Option<i64>, draft: &Draft) -> Result<Swap<Note>> {
        self.swap(|transaction, version| {
            if seen.map(|seen| seen + 1) != Some(version) {
                return Ok(None);
            }
            insert(transaction, draft, version).map(Some)
        })
    }

    /// Adds a note under this id, if there is none.
    pub(crate) fn create_at(&self, id: i64, draft: &Draft) -> Result<Swap<Note>> {
        self.swap(|transaction, version| {
            transaction
                .prepare_cached(
                    "INSERT INTO notes (id, title, body, version) VALUES (?1, ?2, ?3, ?4)
                     ON CONFLICT DO NOTHING
                     RETURNING id, title, body, version",
                )?
                .query_row(params![id, draft.title, draft.body, version], note)
                .optional()
        })
    }

    pub(crate) fn replace(&self, id: i64, draft: &Draft, expected: i64) -> Result<Swap<Note>> {
        self.swap(|transaction, version| {
            transaction
                .prepare_cached(
                    "UPDATE notes SET title = ?3, body = ?4, version = ?5
                     WHERE id = ?1 AND version = ?2
                     RETURNING id, title, body, version",
                )?
                .query_row(
                    params![id, expected, draft.title, draft.body, version],
                    note,
                )
                .optional()
        })
    }

    pub(crate) fn patch(&self, id: i64, change: &Change, expected: i64) -> Result<Swap<Note>> {
        self.swap(|transaction, version| {
            transaction
                .prepare_cached(
                    "UPDATE notes
                     SET title = coalesce(?3, title), body = coalesce(?4, body), version = ?5
                     WHERE id = ?1 AND version = ?2
                     RETURNING id, title, body, version",
                )?
                .query_row(
                    params![id, expected, change.title, change.body, version],
                    note,
                )
                .optional()
        })
    }

    pub(crate) fn delete(&self, id: i64, expected: i64) -> Result<Swap<()>> {
        self.swap(|transaction, _version| {
            let deleted = transaction
                .prepare_cached("DELETE FROM notes WHERE id = ?1 AND version = ?2")?
                .execute([id, expected])?;
            Ok((deleted == 1).then_some(()))
        })
    }

    /// The reader and the writer.
    #[cfg(test)]
    pub(crate) fn connections(&self) -> [&Mutex<Connection>; 2] {
        [&self.connections.reader, &self.connections.writer]
    }

    /// Draws a version and writes with it; a write that finds no row to change takes nothing.
    fn swap<T>(
        &self,
        write: impl FnOnce(&Transaction<'_>, i64) -> Result<Option<T>>,
    ) -> Result<Swap<T>> {
        let mut connection = lock(&self.connections.writer);
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let version = next_version(&transaction)?;
        let Some(value) = write(&transaction, version)? else {
            // Dropped uncommitted: the counter has not moved either.
            return Ok(Swap::Lost);
        };
        transaction.commit()?;
        Ok(Swap::Done(value))
    }
}

/// Why the store has no answer.
#[derive(Debug)]
pub(crate) enum Failed {
    Database(rusqlite::Error),
    /// The call panicked, or the service is shutting down.
    Thread(JoinError),
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Database(error) => write!(f, "database: {error}"),
            Self::Thread(error) => write!(f, "store: {error}"),
        }
    }
}

impl Error for Failed {}

/// Calls the store off the async threads.
pub(crate) async fn blocking<T: Send + 'static>(
    call: impl FnOnce() -> Result<T> + Send + 'static,
) -> std::result::Result<T, Failed> {
    match spawn_blocking(call).await {
        Ok(result) => result.map_err(Failed::Database),
        Err(error) => Err(Failed::Thread(error)),
    }
}

fn connect(path: &Path) -> Result<Connection> {
    let connection = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_WRITE
            | OpenFlags::SQLITE_OPEN_CREATE
            | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    Ok(connection)
}

/// A write-ahead log, so that reads never wait for a write. The database remembers it.
fn keep_a_log(connection: &Connection) -> Result<()> {
    connection.pragma_update(None, "journal_mode", "wal")
}

fn application_id(connection: &Connection) -> Result<i32> {
    connection.pragma_query_value(None, "application_id", |row| row.get(0))
}

/// A panic elsewhere leaves no half-done write behind: its transaction was rolled back.
pub(crate) fn lock(connection: &Mutex<Connection>) -> MutexGuard<'_, Connection> {
    connection.lock().unwrap_or_else(PoisonError::into_inner)
}

fn collection_version(connection: &Connection) -> Result<i64> {
    connection
        .prepare_cached("SELECT version FROM counter")?
        .query_row([], |row| row.get("version"))
}

fn insert(transaction: &Transaction<'_>, draft: &Draft, version: i64) -> Result<Note> {
    transaction
        .prepare_cached(
            "INSERT INTO notes (title, body, version) VALUES (?1, ?2, ?3)
             RETURNING id, title, body, version",
        )?
        .query_row(params![draft.title, draft.body, version], note)
}

fn next_version(transaction: &Transaction<'_>) -> Result<i64> {
    transaction
        .prepare_cached("UPDATE counter SET version = version + 1 RETURNING version")?
        .query_row([], |row| row.get("version"))
}

fn note(row: &Row<'_>) -> Result<Note> {
    Ok(Note {
        id: row.get("id")?,
        title: row.get("title")?,
        body: row.get("body")?,
        version: row.get("version")?,
    })
}
