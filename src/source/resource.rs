//! The values that can name a resource: implementations of [`ResourceKey`].

use std::borrow::Cow;
use std::fmt;

use http::Method;
use http::request::Parts;
use http::uri::PathAndQuery;

use crate::lock::{KeyBuf, ResourceKey, normalised_path};

/// The only resource of its kind.
impl ResourceKey for () {
    fn write_key(&self, _: &mut KeyBuf) {}

    fn is_same(&self, (): &Self) -> bool {
        true
    }
}

macro_rules! integers {
    ($($integer:ty),+) => {
        $(
            impl ResourceKey for $integer {
                fn write_key(&self, key: &mut KeyBuf) {
                    // Widened, so that equal integers of all types have one key.
                    key.push(&i128::from(*self).to_be_bytes());
                }

                fn is_same(&self, other: &Self) -> bool {
                    self == other
                }
            }
        )+
    };
}

integers!(i8, i16, i32, i64, i128, u8, u16, u32, u64);

/// The same key as the smaller integers, if the value fits into an `i128`.
impl ResourceKey for u128 {
    fn write_key(&self, key: &mut KeyBuf) {
        match i128::try_from(*self) {
            Ok(small) => small.write_key(key),
            Err(_) => key.push([&[0][..], &self.to_be_bytes()].concat().as_slice()),
        }
    }

    fn is_same(&self, other: &Self) -> bool {
        self == other
    }
}

macro_rules! bytes {
    ($($bytes:ty, $as_bytes:expr;)+) => {
        $(
            impl ResourceKey for $bytes {
                fn write_key(&self, key: &mut KeyBuf) {
                    let as_bytes: fn(&Self) -> &[u8] = $as_bytes;
                    key.push(as_bytes(self));
                }

                fn is_same(&self, other: &Self) -> bool {
                    self == other
                }
            }
        )+
    };
}

bytes! {
    String, |text| text.as_bytes();
    &'static str, |text| text.as_bytes();
    Cow<'static, str>, |text| text.as_bytes();
    Box<str>, |text| text.as_bytes();
    Vec<u8>, |bytes| bytes;
    bytes::Bytes, |bytes| bytes;
}

impl<const N: usize> ResourceKey for [u8; N] {
    fn write_key(&self, key: &mut KeyBuf) {
        key.push(self);
    }

    fn is_same(&self, other: &Self) -> bool {
        self == other
    }
}

impl ResourceKey for Method {
    fn write_key(&self, key: &mut KeyBuf) {
        key.push(self.as_str().as_bytes());
    }

    fn is_same(&self, other: &Self) -> bool {
        self == other
    }
}

macro_rules! tuples {
    ($($part:ident $place:tt),+) => {
        impl<$($part: ResourceKey),+> ResourceKey for ($($part,)+) {
            fn write_key(&self, key: &mut KeyBuf) {
                $(self.$place.write_key(key);)+
            }

            fn is_same(&self, other: &Self) -> bool {
                $(self.$place.is_same(&other.$place))&&+
            }
        }
    };
}

tuples!(A 0);
tuples!(A 0, B 1);
tuples!(A 0, B 1, C 2);
tuples!(A 0, B 1, C 2, D 3);

/// A value that the look-up needs and that does not name the resource, such as the caller or the requested form.
///
/// It is not a part of the key, so that all forms of a row have one write lock. Two requests share a look-up only if their
/// values are equal, so it must contain everything that the look-up depends on beside the key.
///
/// ```
/// use tower_conditional::source::Beside;
/// use tower_conditional::{Found, SourceError, source_fn};
///
/// let source = source_fn(
///     (),
///     |head| {
///         let language = head.headers.get("accept-language").cloned();
///         let id: i64 = head.uri.path().strip_prefix("/notes/")?.parse().ok()?;
///         Some((id, Beside(language)))
///     },
///     async |(_id, Beside(_language)), ()| Ok::<_, SourceError>(Found::absent()),
/// );
/// # let _ = source;
/// ```
#[derive(Clone, Copy, Debug, Default)]
#[allow(clippy::exhaustive_structs, reason = "a wrapper")]
pub struct Beside<T>(pub T);

impl<T: PartialEq + Send + Sync + 'static> ResourceKey for Beside<T> {
    fn write_key(&self, _: &mut KeyBuf) {}

    fn is_same(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

/// The path of a request as a resource. Its key is the normalised path: percent-decoded, without empty segments and without
/// a trailing slash. So `/notes/a%62/` and `/notes/ab` are one resource.
///
/// Cloning it is cheap.
///
/// ```
/// use http::Request;
/// use tower_conditional::source::RequestPath;
///
/// let (head, ()) = Request::get("/notes/a%62/?page=1").body(()).unwrap().into_parts();
/// assert_eq!(RequestPath::of(&head).normalised(), "/notes/ab");
/// ```
#[derive(Clone)]
pub struct RequestPath(PathAndQuery);

impl RequestPath {
    /// The path of this request.
    #[must_use]
    pub fn of(head: &Parts) -> Self {
        let target = head.uri.path_and_query();
        Self(target.map_or_else(|| PathAndQuery::from_static("/"), Clone::clone))
    }

    /// The normalised path, which is the same for all spellings. Bytes that are not UTF-8 are replaced.
    #[must_use]
    pub fn normalised(&self) -> Cow<'_, str> {
        match normalised_path(self.0.path()) {
            Cow::Borrowed(path) => String::from_utf8_lossy(path),
            Cow::Owned(path) => String::from_utf8_lossy(&path).into_owned().into(),
        }
    }

    /// The [`normalised`](Self::normalised) path as bytes.
    pub(crate) fn normalised_bytes(&self) -> Cow<'_, [u8]> {
        normalised_path(self.0.path())
    }

    /// The path as the client has sent it.
    #[must_use]
    pub fn as_sent(&self) -> &str {
        self.0.path()
    }
}

impl ResourceKey for RequestPath {
    fn write_key(&self, key: &mut KeyBuf) {
        key.push(&self.normalised_bytes());
    }

    /// Compares the paths as they were sent, because a look-up may use [`as_sent`](Self::as_sent).
    fn is_same(&self, other: &Self) -> bool {
        self.0.path() == other.0.path()
    }
}

impl fmt::Debug for RequestPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RequestPath").field(&self.as_sent()).finish()
    }
}
