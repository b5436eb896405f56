//! Sources in memory: one state for all requests, or a version for each path.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use http::Method;
use http::request::Parts;

use super::{Found, RequestPath, States, Unidentified, ValidatorSource};
use crate::lock::normalised_path;
use crate::{Current, EntityTag, HttpDate, Representation};

/// The same state for every request: for a route with one resource, a constant or a test.
///
/// # Examples
///
/// ```
/// use tower_conditional::source::Fixed;
/// use tower_conditional::{ConditionalLayer, EntityTag};
///
/// const BUILD: EntityTag = EntityTag::from_static("\"build-7\"");
/// let layer = ConditionalLayer::new(Fixed::new(BUILD));
/// # let _ = layer;
/// ```
#[derive(Clone, Debug)]
pub struct Fixed(Current);

impl Fixed {
    /// A source that always states this.
    pub fn new(current: impl Into<Current>) -> Self {
        Self(match current.into() {
            Current::Present(representation) => representation.written_out().into(),
            other => other,
        })
    }
}

impl ValidatorSource for Fixed {
    type Resource = ();

    fn identify_now(&self, _: &mut Parts) -> Option<Result<(), Unidentified>> {
        Some(Ok(()))
    }

    fn known(&self, (): &()) -> Option<Found> {
        Some(self.0.clone().into())
    }

    fn states(&self, _: &Method) -> States {
        States::of([self.0.clone()]).never_failing()
    }
}

/// A version for each path, from one counter that never repeats. For examples and tests. Clones share the versions.
///
/// Paths are normalised: all spellings of a path are one, percent-encoded or not, with a trailing slash or without. If your
/// handler parses `01` and `1` as one id, use `source_fn` or the handler's own extractors.
///
/// The handler records each change, while the layer holds the write lock:
///
/// ```
/// use tower_conditional::source::InMemoryVersions;
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
    by_path: HashMap<Vec<u8>, Representation>,
}

impl InMemoryVersions {
    /// A source without paths.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Records that the target at this path was created or changed. Returns its new tag.
    pub fn changed(&self, path: impl AsRef<str>) -> EntityTag {
        self.record(path.as_ref(), Representation::tagged)
    }

    /// As [`changed`](Self::changed), with a Last-Modified date.
    pub fn changed_at(&self, path: impl AsRef<str>, date: impl Into<HttpDate>) -> EntityTag {
        let date = date.into();
        self.record(path.as_ref(), |tag| {
            let state = Representation::tagged(tag).last_modified(date);
            state.written_out()
        })
    }

    /// Records that the target at this path was removed.
    pub fn removed(&self, path: &str) {
        self.lock().by_path.remove(&*normalised_path(path));
    }

    /// The current tag of the target at this path, if it exists.
    #[must_use]
    pub fn tag(&self, path: &str) -> Option<EntityTag> {
        let versions = self.lock();
        versions
            .by_path
            .get(&*normalised_path(path))?
            .entity_tag()
            .cloned()
    }

    /// Gives the path the next version.
    fn record(&self, path: &str, state: impl FnOnce(EntityTag) -> Representation) -> EntityTag {
        let mut versions = self.lock();
        versions.last += 1;
        let tag = EntityTag::from_version(versions.last);
        let path = normalised_path(path).into_owned();
        versions.by_path.insert(path, state(tag.clone()));
        tag
    }

    fn lock(&self) -> MutexGuard<'_, Versions> {
        // No code panics while it holds the mutex, so a poisoned state is consistent.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ValidatorSource for InMemoryVersions {
    type Resource = RequestPath;

    fn identify_now(&self, head: &mut Parts) -> Option<Result<RequestPath, Unidentified>> {
        Some(Ok(RequestPath::of(head)))
    }

    fn known(&self, path: &RequestPath) -> Option<Found> {
        let path = path.normalised_bytes();
        let state = self.lock().by_path.get(&*path).cloned();
        Some(Current::from(state).into())
    }

    fn states(&self, _: &Method) -> States {
        let tagged = Representation::tagged(EntityTag::from_version(1));
        let a_day_after = HttpDate::UNIX_EPOCH.saturating_add_seconds(86_400);
        let dated = tagged.clone().last_modified(a_day_after);
        let kinds = [tagged.into(), dated.into(), Current::absent()];
        States::of(kinds).never_failing()
    }
}
