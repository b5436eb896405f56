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
}

macro_rules! integers {
    ($($integer:ty),+) => {
        $(
            impl ResourceKey for $integer {
                fn write_key(&self, key: &mut KeyBuf) {
                    // Widened: the type that a handler happens to use must not take part.
                    key.push(&i128::from(*self).to_be_bytes());
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
}

macro_rules! bytes {
    ($($bytes:ty, $as_bytes:expr;)+) => {
        $(
            impl ResourceKey for $bytes {
                fn write_key(&self, key: &mut KeyBuf) {
                    let as_bytes: fn(&Self) -> &[u8] = $as_bytes;
                    key.push(as_bytes(self));
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
}

impl ResourceKey for Method {
    fn write_key(&self, key: &mut KeyBuf) {
        key.push(self.as_str().as_bytes());
    }
}

macro_rules! tuples {
    ($($part:ident),+) => {
        impl<$($part: ResourceKey),+> ResourceKey for ($($part,)+) {
            fn write_key(&self, key: &mut KeyBuf) {
                #[allow(non_snake_case, reason = "named after its type parameter")]
                let ($($part,)+) = self;
                $($part.write_key(key);)+
            }
        }
    };
}

tuples!(A);
tuples!(A, B);
tuples!(A, B, C);
tuples!(A, B, C, D);

/// A value that the look-up needs and that does not name the resource: the caller, the variant that is asked for.
///
/// It takes no part in the key, so that all variants of a row have one write lock.
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

impl<T: Send + Sync + 'static> ResourceKey for Beside<T> {
    fn write_key(&self, _: &mut KeyBuf) {}
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
}

impl fmt::Debug for RequestPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RequestPath").field(&self.as_sent()).finish()
    }
}
