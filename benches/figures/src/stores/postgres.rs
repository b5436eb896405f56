//! PostgreSQL through the connections of the example `postgres`, with its statements.

use tokio_postgres::Config;

use super::{ID, Note, Store};
use crate::Result;
use crate::database::Database;

const CREATE: &str = "INSERT INTO notes (id, title, body) VALUES ($1, '', '0')
     ON CONFLICT (id) DO UPDATE SET body = '0', version = nextval('note_version')";

const READ: &str = "SELECT id, title, body, version FROM notes WHERE id = $1";

const SWAP: &str = "UPDATE notes SET title = $3, body = $4, version = nextval('note_version')
     WHERE id = $1 AND version = $2
     RETURNING id, title, body, version";

/// The connections of one replica.
#[derive(Clone)]
pub(crate) struct Postgres(Database);

impl Postgres {
    pub(crate) async fn new(config: &Config) -> Result<Self> {
        let database = Database::new(config)?;
        database.rows(CREATE, &[&ID]).await?;
        Ok(Self(database))
    }
}

impl Store for Postgres {
    async fn read(&self, id: i64) -> Result<Option<Note>> {
        let rows = self.0.rows(READ, &[&id]).await?;
        let Some(row) = rows.first() else {
            return Ok(None);
        };
        Ok(Some(Note {
            version: row.try_get("version")?,
            text: row.try_get("body")?,
        }))
    }

    async fn swap(&self, id: i64, seen: i64, text: String) -> Result<bool> {
        let rows = self.0.rows(SWAP, &[&id, &seen, &"", &text]).await?;
        Ok(!rows.is_empty())
    }
}
