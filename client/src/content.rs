//! How a value is sent and received.

use bytes::Bytes;
use http::HeaderValue;

use crate::BoxError;

/// A value that is the content of a resource.
///
/// It is implemented for `Json` of any serde type, for `String` and for [`Bytes`].
///
/// # Examples
///
/// A type of your own for a format of your own:
///
/// ```
/// use bytes::Bytes;
/// use http::HeaderValue;
/// use tower_conditional_client::{BoxError, Content};
///
/// #[derive(Clone, PartialEq)]
/// struct Counter(u64);
///
/// impl Content for Counter {
///     fn decode(body: Bytes) -> Result<Self, BoxError> {
///         Ok(Self(std::str::from_utf8(&body)?.trim().parse()?))
///     }
///
///     fn encode(&self) -> Result<Bytes, BoxError> {
///         Ok(self.0.to_string().into())
///     }
///
///     fn media_type() -> Option<HeaderValue> {
///         Some(HeaderValue::from_static("text/plain"))
///     }
///
///     fn is_same(&self, other: &Self) -> bool {
///         self == other
///     }
/// }
/// ```
pub trait Content: Sized {
    /// Makes the value of the body of a response.
    ///
    /// # Errors
    ///
    /// The body is no such value.
    fn decode(body: Bytes) -> Result<Self, BoxError>;

    /// Makes the body of a request of the value.
    ///
    /// # Errors
    ///
    /// The value cannot be sent.
    fn encode(&self) -> Result<Bytes, BoxError>;

    /// The Content-Type of a value that was not read before, and what a read accepts before all other types. `None` sends
    /// neither.
    ///
    /// A value that was read is sent with the Content-Type that it came with.
    fn media_type() -> Option<HeaderValue>;

    /// Whether both are the same content. It tells whether a save whose answer was lost has been applied
    /// ([`Applied`](crate::Applied)).
    ///
    /// Leave out what the server adds or changes by itself, such as an id or a date: otherwise what it has stored is never the
    /// same as what was sent.
    fn is_same(&self, other: &Self) -> bool;
}

impl Content for Bytes {
    fn decode(body: Bytes) -> Result<Self, BoxError> {
        Ok(body)
    }

    fn encode(&self) -> Result<Bytes, BoxError> {
        Ok(self.clone())
    }

    fn media_type() -> Option<HeaderValue> {
        None
    }

    fn is_same(&self, other: &Self) -> bool {
        self == other
    }
}

impl Content for String {
    fn decode(body: Bytes) -> Result<Self, BoxError> {
        Ok(Self::from_utf8(body.into())?)
    }

    fn encode(&self) -> Result<Bytes, BoxError> {
        Ok(self.clone().into())
    }

    fn media_type() -> Option<HeaderValue> {
        Some(HeaderValue::from_static("text/plain; charset=utf-8"))
    }

    fn is_same(&self, other: &Self) -> bool {
        self == other
    }
}

/// A value that is sent and received as JSON.
///
/// **A save replaces the whole resource.** Members that the type does not have are lost when it is saved: catch them with
/// `#[serde(flatten)] rest: serde_json::Map<String, Value>`, or use `Json<serde_json::Value>`.
///
/// # Examples
///
/// ```
/// use serde::{Deserialize, Serialize};
/// use tower_conditional_client::{Content, Json};
///
/// #[derive(Clone, Serialize, Deserialize)]
/// struct Note { title: String }
///
/// let note = Json(Note { title: "Milk".into() });
/// assert_eq!(note.encode()?, r#"{"title":"Milk"}"#);
/// # Ok::<(), tower_conditional_client::BoxError>(())
/// ```
#[cfg(feature = "json")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs, reason = "a wrapper")]
pub struct Json<T>(pub T);

#[cfg(feature = "json")]
impl<T: serde::Serialize + serde::de::DeserializeOwned> Content for Json<T> {
    fn decode(body: Bytes) -> Result<Self, BoxError> {
        Ok(Self(serde_json::from_slice(&body)?))
    }

    fn encode(&self) -> Result<Bytes, BoxError> {
        Ok(serde_json::to_vec(&self.0)?.into())
    }

    fn media_type() -> Option<HeaderValue> {
        Some(HeaderValue::from_static("application/json"))
    }

    /// Compares the JSON of both, without regard to the order of members.
    fn is_same(&self, other: &Self) -> bool {
        let json = |value: &Self| serde_json::to_value(&value.0).ok();
        json(self).is_some_and(|mine| Some(mine) == json(other))
    }
}
