//! Resources in memory, and the source that looks their versions up.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::http::request::Parts;
use serde_json::Value;
use tower_conditional::{
    Checked, EntityTag, Found, PreconditionFailed, SourceError, ValidatorSource, source_fn,
};

/// The resources of one interface. Clones share them.
#[derive(Clone, Default)]
pub(crate) struct Store(Arc<Mutex<Shelf>>);

#[derive(Default)]
struct Shelf {
    /// From one counter for all, so that no version of a resource ever comes back.
    last_version: i64,
    last_id: u64,
    by_id: HashMap<String, Stored>,
}

/// A resource as the handlers serve it: the source loads it together with its version.
#[derive(Clone)]
pub(crate) struct Stored {
    pub(crate) id: String,
    pub(crate) version: i64,
    pub(crate) content: Value,
}

impl Stored {
    /// The tag as it is inside: strong. The layer sends it weak.
    pub(crate) fn tag(&self) -> EntityTag {
        EntityTag::from_version(self.version)
    }

    /// The tag as the client gets it, for a member of the content that has to repeat it.
    pub(crate) fn sent_tag(&self) -> String {
        format!("W/\"{}\"", self.version)
    }
}

impl Store {
    /// Stores a new resource under an id of its own.
    pub(crate) fn create(&self, content: Value) -> Stored {
        let mut shelf = self.lock();
        shelf.last_id += 1;
        let id = shelf.last_id.to_string();
        shelf.put(id, content)
    }

    /// Changes a resource, if it is still in the version that the precondition was checked against.
    pub(crate) fn change(
        &self,
        id: &str,
        checked: &Checked,
        change: impl FnOnce(Value) -> Value,
    ) -> Result<Stored, PreconditionFailed> {
        let mut shelf = self.lock();
        let content = shelf.current(id, checked)?.content.clone();
        Ok(shelf.put(id.to_owned(), change(content)))
    }

    /// Removes a resource under the same condition.
    pub(crate) fn remove(&self, id: &str, checked: &Checked) -> Result<(), PreconditionFailed> {
        let mut shelf = self.lock();
        shelf.current(id, checked)?;
        shelf.by_id.remove(id);
        Ok(())
    }

    fn find(&self, id: &str) -> Option<Found> {
        let stored = self.lock().by_id.get(id)?.clone();
        Some(Found::version(stored.version).with(stored))
    }

    fn lock(&self) -> MutexGuard<'_, Shelf> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shelf {
    /// The compare of a compare-and-swap: the layer evaluates the precondition, and this makes check and write one step
    /// without its lock too.
    fn current(&self, id: &str, checked: &Checked) -> Result<&Stored, PreconditionFailed> {
        let stored = self.by_id.get(id);
        stored
            .filter(|stored| checked.version() == Some(stored.version))
            .ok_or_else(|| checked.lost())
    }

    fn put(&mut self, id: String, content: Value) -> Stored {
        self.last_version += 1;
        let stored = Stored {
            id: id.clone(),
            version: self.last_version,
            content,
        };
        self.by_id.insert(id, stored.clone());
        stored
    }
}

/// A source for routes whose last segment names a resource. They never create what is not there: the handler answers 404.
pub(crate) fn source(store: Store, id_in: fn(&str) -> Option<&str>) -> impl ValidatorSource {
    let identify = move |head: &Parts| {
        let (_, last) = head.uri.path().rsplit_once('/')?;
        Some(id_in(last)?.to_owned())
    };
    let look_up = async |id: String, store: Store| Ok::<_, SourceError>(store.find(&id));
    source_fn(store, identify, look_up).update_only()
}
