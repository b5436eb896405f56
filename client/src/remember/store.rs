//! Where representations are remembered.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};

/// A representation that was read, with its validators.
#[derive(Clone, Debug)]
pub struct Remembered {
    /// The header fields of the 200 that it came with.
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    /// The request fields that Vary names, as they were sent.
    pub(crate) varied_on: Vec<(HeaderName, Vec<HeaderValue>)>,
}

impl Remembered {
    /// The header fields of the response.
    #[must_use]
    pub const fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// The body of the response.
    #[must_use]
    pub const fn body(&self) -> &Bytes {
        &self.body
    }

    /// About how many bytes it needs.
    #[must_use]
    pub fn size(&self) -> usize {
        let fields = self.headers.iter();
        let fields = fields.map(|(name, value)| name.as_str().len() + value.len() + 64);
        self.body.len() + fields.sum::<usize>() + 256
    }
}

/// A place for what [`RememberLayer`](crate::RememberLayer) remembers: one representation for each URI.
///
/// It may forget anything at any time. What one caller may read another one may not: do not share a store between callers.
pub trait Store: Send + Sync + 'static {
    /// What is remembered of the URI.
    fn get(&self, uri: &str) -> Option<Remembered>;

    /// Remembers this, in place of what was there.
    fn put(&self, uri: &str, remembered: Remembered);

    /// Forgets the URI.
    fn remove(&self, uri: &str);
}

/// A [`Store`] in memory that forgets what was not used for the longest time.
///
/// # Examples
///
/// ```
/// use tower_conditional_client::InMemoryStore;
///
/// let store = InMemoryStore::new(4 * 1024 * 1024); // bytes
/// # let _ = store;
/// ```
pub struct InMemoryStore {
    limit: usize,
    held: Mutex<Held>,
}

#[derive(Default)]
struct Held {
    by_uri: HashMap<String, (u64, Remembered)>,
    /// The URIs by their last use.
    by_use: BTreeMap<u64, String>,
    uses: u64,
    size: usize,
}

impl InMemoryStore {
    /// An empty store that holds about this many bytes, bodies and header fields.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self {
            limit,
            held: Mutex::default(),
        }
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Held {
    fn next_use(&mut self) -> u64 {
        self.uses += 1;
        self.uses
    }

    fn remove(&mut self, uri: &str) {
        if let Some((used, remembered)) = self.by_uri.remove(uri) {
            self.by_use.remove(&used);
            self.size -= size_of(uri, &remembered);
        }
    }
}

/// What an entry counts for. The URI is held twice.
fn size_of(uri: &str, remembered: &Remembered) -> usize {
    remembered.size() + 2 * uri.len()
}

impl Store for InMemoryStore {
    fn get(&self, uri: &str) -> Option<Remembered> {
        let mut held = self.held();
        let now = held.next_use();
        let (used, remembered) = held.by_uri.get_mut(uri)?;
        let (before, remembered) = (std::mem::replace(used, now), remembered.clone());
        if let Some(uri) = held.by_use.remove(&before) {
            held.by_use.insert(now, uri);
        }
        Some(remembered)
    }

    fn put(&self, uri: &str, remembered: Remembered) {
        let mut held = self.held();
        held.remove(uri);
        let size = size_of(uri, &remembered);
        if size > self.limit {
            return;
        }
        while held.size + size > self.limit
            && let Some((_, oldest)) = held.by_use.pop_first()
        {
            if let Some((_, forgotten)) = held.by_uri.remove(&oldest) {
                held.size -= size_of(&oldest, &forgotten);
            }
        }
        let now = held.next_use();
        held.size += size;
        held.by_use.insert(now, uri.to_owned());
        held.by_uri.insert(uri.to_owned(), (now, remembered));
    }

    fn remove(&self, uri: &str) {
        self.held().remove(uri);
    }
}

impl fmt::Debug for InMemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let held = self.held();
        f.debug_struct("InMemoryStore")
            .field("limit", &self.limit)
            .field("size", &held.size)
            .field("entries", &held.by_uri.len())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(bytes: usize) -> Remembered {
        Remembered {
            headers: HeaderMap::new(),
            body: vec![b'x'; bytes].into(),
            varied_on: Vec::new(),
        }
    }

    /// The limit holds at every moment, and what was used last is kept.
    #[test]
    fn it_forgets_what_was_not_used() {
        let store = InMemoryStore::new(4000);
        for (uri, bytes) in [("/a", 1000), ("/b", 1000), ("/c", 900)] {
            store.put(uri, of(bytes));
        }
        assert!(store.get("/a").is_some());
        store.put("/d", of(1000));
        assert!(store.held().size <= 4000);
        let there = ["/a", "/b", "/c", "/d"].map(|uri| store.get(uri).is_some());
        assert_eq!(there, [true, false, true, true]);
        store.put("/e", of(5000));
        assert!(store.get("/e").is_none());
        for uri in ["/a", "/c", "/d"] {
            store.remove(uri);
        }
        assert_eq!(store.held().size, 0);
        assert!(store.held().by_use.is_empty());
    }

    #[test]
    fn a_thousand_uris_stay_within_the_limit() {
        let store = InMemoryStore::new(20_000);
        for number in 0..1000_usize {
            store.put(&format!("/{number}"), of(number % 700));
            let held = store.held();
            let sum: usize = held
                .by_uri
                .iter()
                .map(|(uri, (_, one))| size_of(uri, one))
                .sum();
            assert_eq!((sum, held.by_uri.len()), (held.size, held.by_use.len()));
            assert!(held.size <= 20_000);
        }
    }
}
