//! The keys of the write lock: the bytes that name a resource.

use std::borrow::Cow;
use std::fmt;
use std::hash::{BuildHasher, Hasher};
use std::sync::{Arc, OnceLock};

/// The bytes that name a resource. A short key needs no allocation.
///
/// Each part is its length (`u32`, big-endian) and its bytes, so that `("a", "bc")` and `("ab", "c")` differ.
#[derive(Clone)]
pub struct KeyBuf(Bytes);

#[derive(Clone)]
enum Bytes {
    Inline { length: u8, bytes: [u8; INLINE] },
    Heap(Vec<u8>),
}

/// The longest key that needs no allocation, in bytes.
const INLINE: usize = 62;

impl KeyBuf {
    pub(crate) const fn new() -> Self {
        Self(Bytes::Inline {
            length: 0,
            bytes: [0; INLINE],
        })
    }

    /// Appends a part.
    pub fn push(&mut self, part: &[u8]) {
        let length = u32::try_from(part.len()).unwrap_or(u32::MAX);
        self.append(&length.to_be_bytes());
        self.append(part);
    }

    fn append(&mut self, more: &[u8]) {
        match &mut self.0 {
            Bytes::Inline { length, bytes } => {
                let used = usize::from(*length);
                if let Some(free) = bytes[used..].get_mut(..more.len()) {
                    free.copy_from_slice(more);
                    // At most `INLINE`.
                    *length += more.len() as u8;
                } else {
                    self.0 = Bytes::Heap([&bytes[..used], more].concat());
                }
            }
            Bytes::Heap(bytes) => bytes.extend_from_slice(more),
        }
    }

    fn as_bytes(&self) -> &[u8] {
        match &self.0 {
            Bytes::Inline { length, bytes } => &bytes[..usize::from(*length)],
            Bytes::Heap(bytes) => bytes,
        }
    }
}

impl fmt::Debug for KeyBuf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyBuf(\"{}\")", self.as_bytes().escape_ascii())
    }
}

/// A value that names a resource, such as its id. A [`ValidatorSource`](crate::ValidatorSource) looks up the state by it.
///
/// Equal resources must write equal keys, so that they have one write lock. Distinct resources should write distinct keys:
/// otherwise they share a lock, which is slower and still safe. A resource must write the same key in every process and
/// release, because a lock may be on another machine.
///
/// It is implemented for integers (`7_i64` and `7_u32` are one key), strings, bytes, [`Method`](http::Method), tuples, and
/// `()` for the only resource of its kind. Use the bytes or the `u128` of a UUID. It is not implemented for `Option`: a
/// request that names no resource is [`Unidentified::NotMine`](crate::source::Unidentified::NotMine).
///
/// # Examples
///
/// ```
/// use tower_conditional::lock::{KeyBuf, ResourceKey};
///
/// #[derive(Clone, PartialEq)]
/// struct NoteId { tenant: String, id: i64 }
///
/// impl ResourceKey for NoteId {
///     fn write_key(&self, key: &mut KeyBuf) {
///         self.tenant.write_key(key);
///         self.id.write_key(key);
///     }
///
///     fn is_same(&self, other: &Self) -> bool {
///         self == other
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not identify a resource",
    label = "not a `ResourceKey`",
    note = "return an integer, a string, bytes, or a tuple of them; a UUID as `id.into_bytes()`",
    note = "a value that the look-up needs and that names nothing goes into `Beside`, and is `PartialEq`"
)]
pub trait ResourceKey: Send + Sync + 'static {
    /// Appends the parts that name the resource.
    fn write_key(&self, key: &mut KeyBuf);

    /// Whether a look-up of `other` has the same result: every part of both is equal, also parts that are not in the key.
    /// Then one look-up may serve several requests.
    ///
    /// The default is `false`: every request looks up by itself. If the type is `PartialEq`, return `self == other`.
    fn is_same(&self, other: &Self) -> bool {
        let _ = other;
        false
    }
}

/// A key of the write lock: the kind of a resource and its [`ResourceKey`].
///
/// # Examples
///
/// The key that a layer over `source.named("notes")` locks for note 7:
///
/// ```
/// use tower_conditional::lock::WriteKey;
///
/// let key = WriteKey::new("notes", &7_i64);
/// assert_eq!(key, WriteKey::new("notes", &7_u32), "the type of the integer takes no part");
/// assert_ne!(key, WriteKey::new("users", &7_i64));
/// ```
#[derive(Clone)]
pub struct WriteKey {
    bytes: KeyBuf,
    hash: u64,
}

impl WriteKey {
    /// The key of a resource of this kind ([`ValidatorSource::named`](crate::ValidatorSource::named)).
    #[must_use]
    pub fn new(kind: &str, resource: &impl ResourceKey) -> Self {
        Self::written_by(kind, |key| resource.write_key(key))
    }

    /// As [`new`](Self::new), with a function that writes the resource's part.
    pub(crate) fn written_by(kind: &str, write: impl FnOnce(&mut KeyBuf)) -> Self {
        let mut bytes = KeyBuf::new();
        bytes.push(kind.as_bytes());
        write(&mut bytes);
        let hash = hash(bytes.as_bytes());
        Self { bytes, hash }
    }

    /// A hash of the key, seeded for each process.
    pub(crate) const fn hash(&self) -> u64 {
        self.hash
    }

    /// The bytes of the key, for a lock on another machine. They are the same in every process and release.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.as_bytes()
    }
}

impl PartialEq for WriteKey {
    fn eq(&self, other: &Self) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl Eq for WriteKey {}

impl PartialOrd for WriteKey {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for WriteKey {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.as_bytes().cmp(other.as_bytes())
    }
}

impl std::hash::Hash for WriteKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_bytes().hash(state);
    }
}

impl fmt::Debug for WriteKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WriteKey(\"{}\")", self.as_bytes().escape_ascii())
    }
}

/// Normalises a path: percent-decoded, without empty segments and without a trailing slash. A router may take
/// `/notes/a%62`, `/notes//ab/` and `/notes/ab` for one resource.
pub(crate) fn normalised_path(path: &str) -> Cow<'_, [u8]> {
    if is_normal(path.as_bytes()) {
        Cow::Borrowed(path.as_bytes())
    } else {
        Cow::Owned(normalised(path.as_bytes()))
    }
}

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
    for segment in decoded.split(|&byte| byte == b'/') {
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

/// Decodes percent-encoding once, as a router does: `%2541` becomes `%41`.
fn fully_decoded(path: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(path.len());
    let mut rest = path;
    while let Some((&byte, after)) = rest.split_first() {
        let (byte, after) = match (byte, after) {
            (b'%', [high, low, after @ ..]) => match (hex(*high), hex(*low)) {
                (Some(high), Some(low)) => (high << 4 | low, after),
                _ => (byte, &rest[1..]),
            },
            _ => (byte, after),
        };
        decoded.push(byte);
        rest = after;
    }
    decoded
}

fn hex(digit: u8) -> Option<u8> {
    let value = char::from(digit).to_digit(16)?;
    u8::try_from(value).ok()
}

/// The keys of one request. A single key needs no allocation.
#[derive(Debug)]
pub(crate) enum WriteKeys {
    One([WriteKey; 1]),
    Many(Vec<WriteKey>),
}

impl WriteKeys {
    pub(crate) fn as_slice(&self) -> &[WriteKey] {
        match self {
            Self::One(key) => key,
            Self::Many(keys) => keys,
        }
    }

    /// Removes the keys for which `keep` is false.
    pub(crate) fn retain(&mut self, keep: impl Fn(&WriteKey) -> bool) {
        match self {
            Self::One([key]) if keep(key) => {}
            Self::One(_) => *self = Self::Many(Vec::new()),
            Self::Many(keys) => keys.retain(keep),
        }
    }
}

/// The hashes of the keys of one request, sorted and without duplicates: the fixed order in which they are locked.
///
/// Two keys with the same hash share a lock, which is slower and still safe.
#[derive(Clone, Debug)]
pub(crate) enum KeyHashes {
    One(u64),
    Many(Arc<[u64]>),
}

impl KeyHashes {
    /// The hashes of these keys.
    pub(crate) fn of(keys: &[WriteKey]) -> Self {
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

    pub(crate) fn contain(&self, key: &WriteKey) -> bool {
        self.as_slice().contains(&key.hash)
    }
}

/// Seeded for each process, so that a client cannot choose paths that share a lock.
fn hash(bytes: &[u8]) -> u64 {
    static SEED: OnceLock<std::hash::RandomState> = OnceLock::new();
    let mut hasher = SEED.get_or_init(Default::default).build_hasher();
    hasher.write(bytes);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use std::cmp::Ordering;

    use super::*;

    #[track_caller]
    fn assert_same(first: &str, second: &str) {
        assert_eq!(normalised_path(first), normalised_path(second));
    }

    #[test]
    fn spellings_of_one_path_are_one() {
        assert_same("/notes/ab", "/notes/a%62");
        assert_same("/notes/ab", "/notes/ab/");
        assert_same("/notes/ab", "//notes///ab//");
        assert_same("/notes/ab", "/notes%2Fab");
        assert_same("/", "");
        assert_same("/", "//");
    }

    #[test]
    fn different_paths_are_not() {
        assert_ne!(normalised_path("/a"), normalised_path("/b"));
        assert_ne!(normalised_path("/a%"), normalised_path("/a"));
        assert_ne!(normalised_path("/a%4"), normalised_path("/a%41"));
    }

    /// A remote lock compares these bytes between releases, so they never change.
    #[test]
    fn the_bytes_of_a_key_are_a_contract() {
        let key = WriteKey::new("notes", &(7_u16, "ab"));
        let seven = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7];
        let expected = [
            &[0, 0, 0, 5][..],
            b"notes",
            &[0, 0, 0, 16],
            &seven,
            &[0, 0, 0, 2],
            b"ab",
        ];
        assert_eq!(key.as_bytes(), expected.concat());
    }

    #[test]
    fn parts_are_kept_apart() {
        assert_ne!(
            WriteKey::new("", &("a", "bc")),
            WriteKey::new("", &("ab", "c"))
        );
        assert_ne!(WriteKey::new("", &"a"), WriteKey::new("a", &()));
    }

    /// The integer type that an extractor uses is not part of the key.
    #[test]
    fn integers_of_all_widths_are_one() {
        let key = WriteKey::new("", &7_i64);
        assert_eq!(WriteKey::new("", &7_u8), key);
        assert_eq!(WriteKey::new("", &7_u64), key);
        assert_eq!(WriteKey::new("", &7_u128), key);
        assert_ne!(WriteKey::new("", &-7_i64), key);
        assert_ne!(WriteKey::new("", &u128::MAX), WriteKey::new("", &-1_i64));
    }

    #[test]
    fn a_key_is_its_bytes() {
        let [a, b] = ["a", "b"].map(|name| WriteKey::new("", &name));
        assert_eq!(a.partial_cmp(&b), Some(Ordering::Less));
        assert_eq!(b.partial_cmp(&a), Some(Ordering::Greater));
        assert_eq!(a.cmp(&a.clone()), Ordering::Equal);
        let keys = std::collections::HashSet::from([a.clone(), b.clone(), a.clone()]);
        assert_eq!(keys.len(), 2);
        assert_ne!(a.hash(), b.hash());
        let state = std::hash::RandomState::new();
        assert_ne!(state.hash_one(&a), state.hash_one(&b));
        let shown = format!("{a:?} {:?}", a.bytes);
        let bytes = r"\x00\x00\x00\x00\x00\x00\x00\x01a";
        assert_eq!(shown, format!(r#"WriteKey("{bytes}") KeyBuf("{bytes}")"#));
    }

    #[test]
    fn resources_are_different_unless_their_type_compares_them() {
        struct Opaque;

        impl ResourceKey for Opaque {
            fn write_key(&self, _key: &mut KeyBuf) {}
        }

        assert!(!Opaque.is_same(&Opaque));
    }

    #[test]
    fn keys_that_are_not_kept_are_removed() {
        let [a, b] = ["a", "b"].map(|name| WriteKey::new("", &name));
        for (mut keys, kept) in [
            (WriteKeys::One([a.clone()]), vec![]),
            (WriteKeys::One([b.clone()]), vec![b.clone()]),
            (WriteKeys::Many(vec![a.clone(), b.clone()]), vec![b.clone()]),
        ] {
            keys.retain(|key| *key != a);
            assert_eq!(keys.as_slice(), kept);
        }
    }

    /// Two writes take the same keys in the same order, each of them once.
    #[test]
    fn hashes_are_sorted_and_without_duplicates() {
        let [a, b] = ["a", "b"].map(|name| WriteKey::new("", &name));
        let one_order = KeyHashes::of(&[a.clone(), b.clone(), a.clone()]);
        let other_order = KeyHashes::of(&[b.clone(), a.clone()]);
        assert_eq!(one_order.as_slice(), other_order.as_slice());
        assert_eq!(one_order.as_slice().len(), 2);
        let only = KeyHashes::of(std::slice::from_ref(&a));
        for (hashes, contained) in [(one_order, [true, true]), (only, [true, false])] {
            assert_eq!([&a, &b].map(|key| hashes.contain(key)), contained);
        }
    }

    #[test]
    fn a_long_key_is_whole() {
        for length in 0..200 {
            let text = "x".repeat(length);
            let key = WriteKey::new("k", &(text.clone(), 1_u8));
            assert_eq!(key.as_bytes().len(), 5 + 4 + length + 4 + 16);
            assert_eq!(&key.as_bytes()[9..9 + length], text.as_bytes());
        }
    }
}
