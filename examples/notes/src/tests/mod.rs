//! The routes in this process, over a database whose statements SQLite itself reports.

mod patience;
mod queries;
mod reads;
mod spellings;

use std::mem;
use std::sync::{Arc, Mutex};

use axum::{Router, body::Bytes, http::Response};
use rusqlite::trace::{TraceEvent, TraceEventCodes};
use tempfile::TempDir;
use test_support::{ask, request};

use crate::{
    app,
    store::{Store, lock},
};

/// A router over a database of its own.
struct Notes {
    router: Router,
    store: Store,
    statements: Arc<Mutex<Vec<String>>>,
    _directory: TempDir,
}

impl Notes {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(&directory.path().join("notes.db")).unwrap();
        let notes = Self {
            router: app::router(store.clone()),
            store,
            statements: Arc::default(),
            _directory: directory,
        };
        notes.do_not_wait_for_the_disk();
        notes.trace();
        notes
    }

    /// More writes in less time; nobody needs the file.
    fn do_not_wait_for_the_disk(&self) {
        let [_, writer] = self.store.connections();
        lock(writer)
            .pragma_update(None, "synchronous", "off")
            .unwrap();
    }

    fn trace(&self) {
        for connection in self.store.connections() {
            let statements = self.statements.clone();
            let record = move |event: TraceEvent<'_>| {
                if let TraceEvent::Stmt(statement, _) = event {
                    statements.lock().unwrap().push(statement.sql().into());
                }
            };
            lock(connection)
                .trace_v2(TraceEventCodes::SQLITE_TRACE_STMT, Some(record))
                .unwrap();
        }
    }

    /// The first words of the statements since the last call, in the order in which SQLite has begun them.
    fn statements(&self) -> Vec<String> {
        let statements = mem::take(&mut *self.statements.lock().unwrap());
        let first_words =
            |sql: &String| sql.split_whitespace().take(2).collect::<Vec<_>>().join(" ");
        statements.iter().map(first_words).collect()
    }

    async fn send(
        &self,
        method: &str,
        path: &str,
        fields: &[(&str, &str)],
        body: impl Into<Bytes>,
    ) -> Response<Bytes> {
        ask(self.router.clone(), request(method, path, fields, body)).await
    }
}

fn draft(body: &str) -> String {
    format!(r#"{{"title":"Milk","body":"{body}"}}"#)
}
