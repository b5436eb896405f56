//! The store of the example `notes`, in a temporary file.

use std::sync::Arc;

use tempfile::TempDir;

use super::{ID, Note, Store};
use crate::Result;
use crate::store::{Draft, Store as Notes, Swap, blocking};

#[derive(Clone)]
pub(crate) struct Sqlite {
    notes: Notes,
    /// Removed with the last clone.
    _folder: Arc<TempDir>,
}

impl Sqlite {
    pub(crate) fn new() -> Result<Self> {
        let folder = TempDir::new()?;
        let path = folder.path().join("notes.db");
        let notes = Notes::open(&path).map_err(|error| error.to_string())?;
        let Swap::Done(_) = notes.create_at(ID, &draft("0".to_owned()))? else {
            return Err("the note is there already".into());
        };
        Ok(Self {
            notes,
            _folder: Arc::new(folder),
        })
    }
}

impl Store for Sqlite {
    async fn read(&self, id: i64) -> Result<Option<Note>> {
        let notes = self.notes.clone();
        let note = blocking(move || notes.get(id)).await?;
        Ok(note.map(|note| Note {
            version: note.version,
            text: note.body,
        }))
    }

    async fn swap(&self, id: i64, seen: i64, text: String) -> Result<bool> {
        let notes = self.notes.clone();
        let swapped = blocking(move || notes.replace(id, &draft(text), seen)).await?;
        Ok(matches!(swapped, Swap::Done(_)))
    }
}

fn draft(body: String) -> Draft {
    Draft {
        title: String::new(),
        body,
    }
}
