//! Documents in memory, and the release that writes them out.

use std::{
    collections::HashMap,
    convert::Infallible,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use axum::extract::{Path, State};
use tower_conditional::{EntityTag, Epoch};

/// The forms in which releases write documents out, one after the other.
const RELEASES: [Epoch; 3] = [Epoch::new("r1"), Epoch::new("r2"), Epoch::new("r3")];

/// Clones share the documents.
#[derive(Clone, Default)]
pub(crate) struct Documents(Arc<Mutex<Shelf>>);

#[derive(Default)]
struct Shelf {
    release: usize,
    last_version: u64,
    by_id: HashMap<String, Document>,
}

struct Document {
    version: u64,
    text: String,
}

impl Documents {
    pub(crate) fn text(&self, id: &str) -> Option<String> {
        let shelf = self.lock();
        let document = shelf.by_id.get(id)?;
        Some(format!("{}: {}\n", shelf.epoch().name(), document.text))
    }

    fn tag(&self, id: &str) -> Option<EntityTag> {
        let shelf = self.lock();
        let document = shelf.by_id.get(id)?;
        Some(shelf.epoch().version(document.version))
    }

    pub(crate) fn save(&self, id: String, text: String) {
        let mut shelf = self.lock();
        shelf.last_version += 1;
        let version = shelf.last_version;
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

/// The source of `/documents/{id}`: it names the document by the same extractor as the handlers.
pub(crate) async fn current_tag(
    Path(id): Path<String>,
    State(documents): State<Documents>,
) -> Result<Option<EntityTag>, Infallible> {
    Ok(documents.tag(&id))
}
