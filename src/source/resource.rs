//! What a source can identify: the values that are the key of a resource.

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
                    // Widened: the type that a handler happens to use must not take part.
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

/// As the smaller integers where it fits them.
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

/// A value that the look-up needs and that does not name the resource: the caller, the variant that is asked for.
///
/// It takes no part in the key, so that all variants of a row have one write lock. Two requests may share one look-up where
/// these values are equal: let it be all that the look-up depends on.
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

/// The path of a request as a resource. Its key is the path percent-decoded, without empty segments and without a
/// trailing slash: `/notes/a%62/` and `/notes/ab` are one resource.
///
/// A clone costs a reference count.
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

    /// The path in the form that all its spellings share; bytes that are not UTF-8 are replaced.
    #[must_use]
    pub fn normalised(&self) -> Cow<'_, str> {
        match normalised_path(self.0.path()) {
            Cow::Borrowed(path) => String::from_utf8_lossy(path),
            Cow::Owned(path) => String::from_utf8_lossy(&path).into_owned().into(),
        }
    }

    /// The same as bytes.
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

    /// A look-up may ask for the path as it was sent.
    fn is_same(&self, other: &Self) -> bool {
        self.0.path() == other.0.path()
    }
}

impl fmt::Debug for RequestPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RequestPath").field(&self.as_sent()).finish()
    }
}
