//! Documents in memory, and the release that writes them out.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use axum::extract::Path;
use tower_conditional::extract::extractor_source;
use tower_conditional::{Epoch, Found, SourceError, ValidatorSource};

/// The forms in which releases write documents out, one after the other.
const RELEASES: [Epoch; 3] = [Epoch::new("r1"), Epoch::new("r2"), Epoch::new("r3")];

/// Clones share the documents.
#[derive(Clone, Default)]
pub(crate) struct Documents(Arc<Mutex<Shelf>>);

#[derive(Default)]
struct Shelf {
    release: usize,
    by_id: HashMap<String, Document>,
}

struct Document {
    version: u64,
    text: String,
}

/// What the source has loaded: a document as the current release writes it out.
#[derive(Clone)]
pub(crate) struct WrittenOut(pub(crate) String);

impl Documents {
    /// Tag and text are of one version and of one release.
    fn find(&self, id: &str) -> Option<Found> {
        let shelf = self.lock();
        let document = shelf.by_id.get(id)?;
        let (epoch, text) = (shelf.epoch(), &document.text);
        let written_out = WrittenOut(format!("{}: {text}\n", epoch.name()));
        Some(Found::from(epoch.version(document.version)).with(written_out))
    }

    pub(crate) fn save(&self, id: String, text: String) {
        let mut shelf = self.lock();
        // Nothing is ever removed, so that no version of a document is used twice.
        let version = shelf
            .by_id
            .get(&id)
            .map_or(1, |document| document.version + 1);
        shelf.by_id.insert(id, Document { version, text });
    }

    /// Another form from now on; says which.
    pub(crate) fn deploy(&self) -> &'static str {
        let mut shelf = self.lock();
        shelf.release += 1;
        shelf.epoch().name()
    }

    fn lock(&self) -> MutexGuard<'_, Shelf> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shelf {
    fn epoch(&self) -> Epoch {
        RELEASES[self.release % RELEASES.len()]
    }
}

/// The source of `/documents/{id}`: it identifies the document by the same extractor as the handlers.
pub(crate) fn source(documents: Documents) -> impl ValidatorSource {
    let identify = |Path(id): Path<String>| id;
    extractor_source(documents, identify, async |id: String, documents| {
        Ok::<_, SourceError>(documents.find(&id))
    })
}
