//! Stock sources in memory: one representation for all, or a version for each path.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use http::request::Parts;

use super::ValidatorSource;
use crate::{Current, EntityTag, HttpDate, Representation};

/// The same answer for every request: a route with one resource, a constant, a test.
///
/// # Examples
///
/// ```
/// use tower_conditional::{ConditionalLayer, EntityTag, Fixed};
///
/// const BUILD: EntityTag = EntityTag::from_static("\"build-7\"");
/// let layer = ConditionalLayer::new(Fixed::new(BUILD));
/// # let _ = layer;
/// ```
#[derive(Clone, Debug)]
pub struct Fixed(Current);

impl Fixed {
    /// Always this answer.
    pub fn new(current: impl Into<Current>) -> Self {
        Self(match current.into() {
            Current::Present(representation) => representation.written_out().into(),
            other => other,
        })
    }
}

impl ValidatorSource for Fixed {
    fn known(&self, _: &Parts) -> Option<Current> {
        Some(self.0.clone())
    }
}

/// A version for each path (as `uri().path()` has it), from one counter that never repeats; clones share it.
///
/// Good enough for examples and tests. The handler records what it did, inside the layer's write lock:
///
/// ```
/// use tower_conditional::InMemoryVersions;
///
/// let versions = InMemoryVersions::new();
/// let first = versions.changed("/notes/1");
/// versions.removed("/notes/1");
/// let again = versions.changed("/notes/1");
/// assert!(!first.strong_eq(&again), "delete and re-create bring no old tag back");
/// ```
#[derive(Clone, Debug, Default)]
pub struct InMemoryVersions(Arc<Mutex<Versions>>);

#[derive(Debug, Default)]
struct Versions {
    last: u64,
    by_path: HashMap<String, Representation>,
}

impl InMemoryVersions {
    /// No paths yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The target at this path was created or changed; the tag is its new one.
    pub fn changed(&self, path: impl Into<String>) -> EntityTag {
        self.record(path.into(), Representation::tagged)
    }

    /// As [`changed`](Self::changed), with a Last-Modified date.
    pub fn changed_at(&self, path: impl Into<String>, date: impl Into<HttpDate>) -> EntityTag {
        let date = date.into();
        self.record(path.into(), |tag| {
            let state = Representation::tagged(tag).last_modified(date);
            state.written_out()
        })
    }

    /// The target at this path is gone.
    pub fn removed(&self, path: &str) {
        self.lock().by_path.remove(path);
    }

    /// The current tag of the target at this path, if it exists.
    #[must_use]
    pub fn tag(&self, path: &str) -> Option<EntityTag> {
        let versions = self.lock();
        versions.by_path.get(path)?.entity_tag().cloned()
    }

    fn record(&self, path: String, state: impl FnOnce(EntityTag) -> Representation) -> EntityTag {
        let mut versions = self.lock();
        versions.last += 1;
        let tag = EntityTag::from_version(versions.last);
        versions.by_path.insert(path, state(tag.clone()));
        tag
    }

    fn lock(&self) -> MutexGuard<'_, Versions> {
        // Nothing in here can panic half-way, so a poisoned lock holds a whole state.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ValidatorSource for InMemoryVersions {
    fn known(&self, head: &Parts) -> Option<Current> {
        Some(self.lock().by_path.get(head.uri.path()).cloned().into())
    }
}
