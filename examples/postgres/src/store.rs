//! The notes in PostgreSQL: every write is one statement, and a compare-and-swap.
//!
//! `UPDATE … WHERE version = $n` needs no transaction around it and no higher isolation level: a writer that
//! meets another one on the same row waits for it, and then looks at the version again.

use serde::{Deserialize, Serialize};
use tokio_postgres::{Row, types::ToSql};

use crate::{
    database::{Database, Result},
    problem::Problem,
};

/// What a client sees of a note; the version travels in the entity tag.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Note {
    pub(crate) id: i64,
    pub(crate) title: String,
    pub(crate) body: String,
    #[serde(skip)]
    pub(crate) version: i64,
}

/// A whole note, as a client sends it.
#[derive(Clone, Debug, Deserialize)]
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

/// All notes, and the state that they are.
#[derive(Clone, Debug)]
pub(crate) struct List {
    pub(crate) state: ListState,
    pub(crate) notes: Vec<Note>,
}

/// Names one state of the whole list.
#[derive(Clone, Debug)]
pub(crate) struct ListState(pub(crate) String);

/// Of all versions, because no single number will do: a statement may draw its version early and commit late.
const LIST_STATE: &str =
    "SELECT md5(coalesce(string_agg(id || ':' || version, ',' ORDER BY id), '')) FROM notes";

/// The whole list, and beside each note the state of all.
const LIST: &str =
    "WITH whole AS (SELECT md5(coalesce(string_agg(id || ':' || version, ',' ORDER BY id), '')) AS state FROM notes)
     SELECT state, id, title, body, version FROM whole LEFT JOIN notes ON true ORDER BY id";

/// An id that a PUT has taken already is skipped by trying again: each try draws another one.
const INSERT: &str = "INSERT INTO notes (title, body) VALUES ($1, $2)
     ON CONFLICT DO NOTHING
     RETURNING id, title, body, version";

/// Cheap to clone; clones share the connections.
#[derive(Clone, Debug)]
pub(crate) struct Store {
    database: Database,
}

impl Store {
    pub(crate) const fn new(database: Database) -> Self {
        Self { database }
    }

    /// One statement sees one state: the notes and the state that names them belong together.
    pub(crate) async fn list(&self) -> Result<List> {
        let rows = self.database.rows(LIST, &[]).await?;
        let state = rows.first().map(|row| row.try_get("state")).transpose()?;
        let mut notes = Vec::with_capacity(rows.len());
        for row in &rows {
            // An empty list is one row without a note.
            if row.try_get::<_, Option<i64>>("id")?.is_some() {
                notes.push(note(row)?);
            }
        }
        Ok(List {
            state: ListState(state.unwrap_or_default()),
            notes,
        })
    }

    pub(crate) async fn list_state(&self) -> Result<ListState> {
        let rows = self.database.rows(LIST_STATE, &[]).await?;
        let state = rows.first().map(|row| row.try_get(0)).transpose()?;
        Ok(ListState(state.unwrap_or_default()))
    }

    pub(crate) async fn get(&self, id: i64) -> Result<Option<Note>> {
        self.one(
            "SELECT id, title, body, version FROM notes WHERE id = $1",
            &[&id],
        )
        .await
    }

    /// Adds a note under an id that is free.
    pub(crate) async fn insert(&self, draft: &Draft) -> Result<Note> {
        loop {
            if let Some(note) = self.one(INSERT, &[&draft.title, &draft.body]).await? {
                return Ok(note);
            }
        }
    }

    /// Adds a note under an id that is free, if the list is in a state that `evaluate` accepts. No writer changes it
    /// between the evaluation and the addition.
    pub(crate) async fn insert_if(
        &self,
        draft: &Draft,
        evaluate: impl FnOnce(ListState) -> std::result::Result<(), Problem>,
    ) -> std::result::Result<Note, Problem> {
        self.database
            .in_time(async {
                let mut client = self.database.client().await?;
                // Dropped half-way, it is rolled back.
                let transaction = client.transaction().await?;
                transaction
                    .batch_execute("LOCK TABLE notes IN SHARE ROW EXCLUSIVE MODE")
                    .await?;
                let state = transaction.query_one(LIST_STATE, &[]).await?.try_get(0)?;
                if let Err(refused) = evaluate(ListState(state)) {
                    return Ok(Err(refused));
                }
                let inserted = loop {
                    let parameters: [&(dyn ToSql + Sync); 2] = [&draft.title, &draft.body];
                    if let Some(row) = transaction.query_opt(INSERT, &parameters).await? {
                        break note(&row)?;
                    }
                };
                transaction.commit().await?;
                Ok(Ok(inserted))
            })
            .await
            .map_err(Problem::of_write)?
    }

    /// Adds a note under this id, if there is none.
    pub(crate) async fn create_at(&self, id: i64, draft: &Draft) -> Result<Swap<Note>> {
        self.swap(
            "INSERT INTO notes (id, title, body) VALUES ($1, $2, $3)
             ON CONFLICT DO NOTHING
             RETURNING id, title, body, version",
            &[&id, &draft.title, &draft.body],
        )
        .await
    }

    pub(crate) async fn replace(
        &self,
        id: i64,
        draft: &Draft,
        expected: i64,
    ) -> Result<Swap<Note>> {
        self.swap(
            "UPDATE notes SET title = $3, body = $4, version = nextval('note_version')
             WHERE id = $1 AND version = $2
             RETURNING id, title, body, version",
            &[&id, &expected, &draft.title, &draft.body],
        )
        .await
    }

    pub(crate) async fn patch(
        &self,
        id: i64,
        change: &Change,
        expected: i64,
    ) -> Result<Swap<Note>> {
        self.swap(
            "UPDATE notes
             SET title = coalesce($3, title), body = coalesce($4, body), version = nextval('note_version')
             WHERE id = $1 AND version = $2
             RETURNING id, title, body, version",
            &[&id, &expected, &change.title, &change.body],
        )
        .await
    }

    pub(crate) async fn delete(&self, id: i64, expected: i64) -> Result<Swap<Note>> {
        self.swap(
            "DELETE FROM notes WHERE id = $1 AND version = $2
             RETURNING id, title, body, version",
            &[&id, &expected],
        )
        .await
    }

    /// A statement that changes the one row that is as expected, or none.
    async fn swap(
        &self,
        sql: &'static str,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<Swap<Note>> {
        let written = self.one(sql, parameters).await?;
        Ok(written.map_or(Swap::Lost, Swap::Done))
    }

    async fn one(
        &self,
        sql: &'static str,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<Option<Note>> {
        let rows = self.database.rows(sql, parameters).await?;
        rows.first().map(note).transpose()
    }
}

fn note(row: &Row) -> Result<Note> {
    Ok(Note {
        id: row.try_get("id")?,
        title: row.try_get("title")?,
        body: row.try_get("body")?,
        version: row.try_get("version")?,
    })
}
