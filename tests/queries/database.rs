//! A database that counts what it is asked.

use std::sync::{Arc, Mutex};

use rusqlite::trace::{TraceEvent, TraceEventCodes};
use rusqlite::{Connection, OptionalExtension, Params, Row};
use tokio::sync::Notify;

const SCHEMA: &str = "
    CREATE TABLE notes (id INTEGER PRIMARY KEY, version INTEGER NOT NULL, text TEXT NOT NULL);
    CREATE TABLE sessions (user INTEGER PRIMARY KEY);
    INSERT INTO notes VALUES (1, 7, 'text');
    INSERT INTO sessions VALUES (1);";

/// SQLite in memory, whose own trace counts the statements.
#[derive(Clone)]
pub(crate) struct Database(Arc<Inner>);

struct Inner {
    connection: Mutex<Connection>,
    statements: Arc<Mutex<Vec<String>>>,
    release: Notify,
}

/// How many statements of each kind SQLite has begun.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counted {
    pub(crate) reads: usize,
    pub(crate) writes: usize,
    /// Reads of the extractor.
    pub(crate) sessions: usize,
}

impl Database {
    pub(crate) fn new() -> Self {
        let mut connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(SCHEMA).unwrap();
        let statements = Arc::<Mutex<Vec<String>>>::default();
        let record = statements.clone();
        let trace = move |event: TraceEvent<'_>| {
            if let TraceEvent::Stmt(statement, _) = event {
                record.lock().unwrap().push(statement.sql().into());
            }
        };
        connection
            .trace_v2(TraceEventCodes::SQLITE_TRACE_STMT, Some(trace))
            .unwrap();
        Self(Arc::new(Inner {
            connection: Mutex::new(connection),
            statements,
            release: Notify::new(),
        }))
    }

    /// What was begun since the last call.
    pub(crate) fn counted(&self) -> Counted {
        let mut counted = Counted::default();
        for statement in self.0.statements.lock().unwrap().drain(..) {
            let words: Vec<_> = statement.split_whitespace().collect();
            match (words[0], statement.contains("FROM sessions")) {
                ("SELECT", true) => counted.sessions += 1,
                ("SELECT", false) => counted.reads += 1,
                ("UPDATE" | "INSERT", _) => counted.writes += 1,
                _ => panic!("{statement}"),
            }
        }
        counted
    }

    pub(crate) fn note(&self, id: i64) -> Option<(i64, String)> {
        let select = "SELECT version, text FROM notes WHERE id = ?";
        self.row(select, [id], |row| Ok((row.get(0)?, row.get(1)?)))
    }

    pub(crate) fn version(&self, id: i64) -> Option<i64> {
        self.row("SELECT version FROM notes WHERE id = ?", [id], |row| {
            row.get(0)
        })
    }

    pub(crate) fn session(&self) -> Option<i64> {
        self.row("SELECT user FROM sessions", [], |row| row.get(0))
    }

    /// Whether the note had the version that was seen, or was not there.
    pub(crate) fn swap(&self, id: i64, seen: Option<i64>, text: &str) -> bool {
        let connection = self.0.connection.lock().unwrap();
        let written = match seen {
            Some(seen) => connection.execute(
                "UPDATE notes SET text = ?, version = version + 1 WHERE id = ? AND version = ?",
                (text, id, seen),
            ),
            None => connection.execute(
                "INSERT INTO notes (text, id, version) VALUES (?, ?, 1) ON CONFLICT DO NOTHING",
                (text, id),
            ),
        };
        written.unwrap() == 1
    }

    /// Writes whatever is there. Returns whether the note is new.
    pub(crate) fn write(&self, id: i64, text: &str) -> bool {
        let upsert = "INSERT INTO notes (text, id, version) VALUES (?, ?, 1)
             ON CONFLICT DO UPDATE SET text = excluded.text, version = version + 1 RETURNING version";
        self.row(upsert, (text, id), |row| row.get::<_, i64>(0)) == Some(1)
    }

    /// Waits for [`release`](Self::release).
    pub(crate) async fn held(&self) {
        self.0.release.notified().await;
    }

    pub(crate) fn release(&self) {
        self.0.release.notify_one();
    }

    fn row<T>(
        &self,
        sql: &str,
        params: impl Params,
        read: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Option<T> {
        let connection = self.0.connection.lock().unwrap();
        connection.query_row(sql, params, read).optional().unwrap()
    }
}
