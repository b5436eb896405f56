//! What a write lock is taken for: the name of a resource.

use std::borrow::Cow;
use std::fmt;
use std::hash::{BuildHasher, Hasher};
use std::sync::{Arc, OnceLock};

use http::request::Parts;

/// The name of a resource, for the write lock. Too coarse is slow, too fine is unsafe.
///
/// # Examples
///
/// ```
/// use http::request::Parts;
/// use tower_conditional::{WriteKey, WritePolicy};
///
/// # #[derive(Clone)] struct Tenant(String);
/// // One resource for each tenant, as authentication has found it, and path. The path in its normal form: as it was
/// // sent it would be too fine.
/// fn key_of(head: &Parts) -> WriteKey<'static> {
///     let tenant = head.extensions.get::<Tenant>().map_or("", |tenant| &tenant.0);
///     let path = WriteKey::of_path(head.uri.path());
///     WriteKey::new([tenant.as_bytes(), b":", path.as_bytes()].concat())
/// }
/// let policy = WritePolicy::required().keys(|head| vec![key_of(head)]);
/// # let _ = policy;
/// # let key = |uri: &str| key_of(&http::Request::get(uri).body(()).unwrap().into_parts().0);
/// # assert_eq!(key("/notes/ab"), key("/notes/a%62"), "two spellings of one path");
/// # assert_ne!(key("/notes/ab"), key("/notes/ac"));
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WriteKey<'a> {
    octets: Cow<'a, [u8]>,
    hash: u64,
}

impl<'a> WriteKey<'a> {
    /// A key of any text or octets.
    pub fn new(key: impl Into<Self>) -> Self {
        key.into()
    }

    /// The key of a path: fully percent-decoded, empty segments and a trailing slash dropped, because
    /// `/notes/a%62` and `/notes//ab/` may well be `/notes/ab`.
    ///
    /// ```
    /// use tower_conditional::WriteKey;
    ///
    /// assert_eq!(WriteKey::of_path("/notes/a%62/"), WriteKey::of_path("/notes/ab"));
    /// ```
    #[must_use]
    pub fn of_path(path: &'a str) -> Self {
        if is_normal(path.as_bytes()) {
            Self::new(path.as_bytes())
        } else {
            Self::new(normalised(path.as_bytes()))
        }
    }

    /// The octets of the key, for a lock that lives elsewhere.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.octets
    }

    /// The same key, owning its octets.
    #[must_use]
    pub fn into_owned(self) -> WriteKey<'static> {
        WriteKey {
            octets: Cow::Owned(self.octets.into_owned()),
            hash: self.hash,
        }
    }
}

impl fmt::Debug for WriteKey<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WriteKey(\"{}\")", self.octets.escape_ascii())
    }
}

impl<'a> From<Cow<'a, [u8]>> for WriteKey<'a> {
    fn from(octets: Cow<'a, [u8]>) -> Self {
        let hash = hash(&octets);
        Self { octets, hash }
    }
}

impl<'a> From<&'a [u8]> for WriteKey<'a> {
    fn from(octets: &'a [u8]) -> Self {
        Cow::from(octets).into()
    }
}

impl<'a, const N: usize> From<&'a [u8; N]> for WriteKey<'a> {
    fn from(octets: &'a [u8; N]) -> Self {
        octets.as_slice().into()
    }
}

impl From<Vec<u8>> for WriteKey<'_> {
    fn from(octets: Vec<u8>) -> Self {
        Cow::from(octets).into()
    }
}

impl<'a> From<&'a str> for WriteKey<'a> {
    fn from(key: &'a str) -> Self {
        key.as_bytes().into()
    }
}

impl From<String> for WriteKey<'_> {
    fn from(key: String) -> Self {
        key.into_bytes().into()
    }
}

/// The default: the path of the request target.
pub(crate) fn path_key(head: &Parts) -> WriteKey<'_> {
    WriteKey::of_path(head.uri.path())
}

/// A key function of the user's.
pub(crate) type KeyFn = Arc<dyn Fn(&Parts) -> Vec<WriteKey<'static>> + Send + Sync>;

fn is_normal(path: &[u8]) -> bool {
    let is_rooted = path.starts_with(b"/");
    let is_decoded = !path.contains(&b'%');
    let has_empty_segment = path.windows(2).any(|pair| pair == b"//");
    let ends_in_slash = path.len() > 1 && path.ends_with(b"/");
    is_rooted && is_decoded && !has_empty_segment && !ends_in_slash
}

fn normalised(path: &[u8]) -> Vec<u8> {
    let decoded = fully_decoded(path);
    let mut key = Vec::with_capacity(decoded.len() + 1);
    for segment in decoded.split(|&octet| octet == b'/') {
        if !segment.is_empty() {
            key.push(b'/');
            key.extend_from_slice(segment);
        }
    }
    if key.is_empty() {
        key.push(b'/');
    }
    key
}

/// One pass over the octets decodes what a router decodes; `%2541` stays `%41`, as it does there.
fn fully_decoded(path: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(path.len());
    let mut rest = path;
    while let Some((&octet, after)) = rest.split_first() {
        let (octet, after) = match (octet, after) {
            (b'%', [high, low, after @ ..]) => match (hex(*high), hex(*low)) {
                (Some(high), Some(low)) => (high << 4 | low, after),
                _ => (octet, &rest[1..]),
            },
            _ => (octet, after),
        };
        decoded.push(octet);
        rest = after;
    }
    decoded
}

fn hex(digit: u8) -> Option<u8> {
    let value = char::from(digit).to_digit(16)?;
    u8::try_from(value).ok()
}

/// The keys of one request; the usual one needs no allocation.
#[derive(Debug)]
pub(crate) enum WriteKeys<'a> {
    One([WriteKey<'a>; 1]),
    Many(Vec<WriteKey<'a>>),
}

impl<'a> WriteKeys<'a> {
    pub(crate) fn as_slice(&self) -> &[WriteKey<'a>] {
        match self {
            Self::One(key) => key,
            Self::Many(keys) => keys,
        }
    }

    pub(crate) fn retain(&mut self, keep: impl Fn(&WriteKey<'a>) -> bool) {
        match self {
            Self::One([key]) if keep(key) => {}
            Self::One(_) => *self = Self::Many(Vec::new()),
            Self::Many(keys) => keys.retain(keep),
        }
    }
}

/// The keys of one request as numbers, sorted, each once: the fixed order in which locks are taken.
///
/// Two keys with one hash share a lock, which is only slower.
#[derive(Clone, Debug)]
pub(crate) enum KeyHashes {
    One(u64),
    Many(Arc<[u64]>),
}

impl KeyHashes {
    pub(crate) fn of(keys: &[WriteKey<'_>]) -> Self {
        if let [key] = keys {
            return Self::One(key.hash);
        }
        let mut hashes: Vec<u64> = keys.iter().map(|key| key.hash).collect();
        hashes.sort_unstable();
        hashes.dedup();
        Self::Many(hashes.into())
    }

    pub(crate) fn as_slice(&self) -> &[u64] {
        match self {
            Self::One(hash) => std::slice::from_ref(hash),
            Self::Many(hashes) => hashes,
        }
    }

    pub(crate) fn contain(&self, key: &WriteKey<'_>) -> bool {
        self.as_slice().contains(&key.hash)
    }
}

/// Seeded for each process: nobody can choose paths that share a lock.
fn hash(octets: &[u8]) -> u64 {
    static SEED: OnceLock<std::hash::RandomState> = OnceLock::new();
    let mut hasher = SEED.get_or_init(Default::default).build_hasher();
    hasher.write(octets);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn assert_same(first: &str, second: &str) {
        assert_eq!(WriteKey::of_path(first), WriteKey::of_path(second));
    }

    #[test]
    fn spellings_of_one_path_share_a_key() {
        assert_same("/notes/ab", "/notes/a%62");
        assert_same("/notes/ab", "/notes/ab/");
        assert_same("/notes/ab", "//notes///ab//");
        assert_same("/notes/ab", "/notes%2Fab");
        assert_same("/", "");
        assert_same("/", "//");
    }

    #[test]
    fn text_and_octets_of_any_kind_are_keys() {
        let key = WriteKey::new("ab");
        assert_eq!(WriteKey::new("ab".to_owned()), key);
        assert_eq!(WriteKey::new(b"ab"), key);
        assert_eq!(WriteKey::new(&b"ab"[..]), key);
        assert_eq!(WriteKey::new(b"ab".to_vec()), key);
    }

    #[test]
    fn different_paths_do_not() {
        assert_ne!(WriteKey::of_path("/a"), WriteKey::of_path("/b"));
        assert_ne!(WriteKey::of_path("/a%"), WriteKey::of_path("/a"));
        assert_ne!(WriteKey::of_path("/a%4"), WriteKey::of_path("/a%41"));
    }
}
