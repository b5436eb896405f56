//! A version of a resource that was read.

use std::fmt;

use http::response::Parts;
use http::{HeaderMap, StatusCode, Uri};
use tower_conditional::EntityTag;

/// A version of a resource: its value, and the tag by which it can be changed.
///
/// A read returns one, and so does a save. [`save`](crate::Client::save) and [`delete`](crate::Client::delete) take it and send
/// its tag, so that a tag goes out only with a change of the value that it came with, and only once.
///
/// # Examples
///
/// ```no_run
/// # async fn f(notes: tower_conditional_client::Client<axum::Router>) -> Result<(), Box<dyn std::error::Error>> {
/// let seen = notes.read::<String>(&"/notes/1".parse()?).await?;
/// println!("{} as of {:?}", seen.value(), seen.tag());
/// let longer = format!("{} and more", seen.value());
/// let seen = notes.save(seen, longer).await?;
/// # let _ = seen;
/// # Ok(()) }
/// ```
pub struct Seen<T> {
    pub(crate) uri: Uri,
    pub(crate) value: T,
    pub(crate) tag: Option<EntityTag>,
    pub(crate) head: Head,
}

/// What of a response is kept beside its body.
#[derive(Clone, Debug, Default)]
pub(crate) struct Head {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
}

impl From<Parts> for Head {
    fn from(head: Parts) -> Self {
        Self {
            status: head.status,
            headers: head.headers,
        }
    }
}

impl<T> Seen<T> {
    /// A member of a list that carries the tags of its members, so that it can be saved without being read again.
    ///
    /// The tag must be the one that a GET of `uri` would return.
    ///
    /// ```
    /// use tower_conditional::EntityTag;
    /// use tower_conditional_client::Seen;
    ///
    /// let tag: EntityTag = r#""n1.7""#.parse()?; // "@odata.etag", "etag", … of the member
    /// let member = Seen::member("/notes/1".parse()?, "milk".to_owned(), tag);
    /// # let _ = member;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn member(uri: Uri, value: T, tag: EntityTag) -> Self {
        Self {
            uri,
            value,
            tag: Some(tag),
            head: Head::default(),
        }
    }

    /// The resource: what was asked for, or where a redirect of the read led to.
    pub const fn uri(&self) -> &Uri {
        &self.uri
    }

    /// The value.
    pub const fn value(&self) -> &T {
        &self.value
    }

    /// The value, without its tag.
    pub fn into_value(self) -> T {
        self.value
    }

    /// The entity tag, if the server sent one. Without it the value cannot be saved.
    pub const fn tag(&self) -> Option<&EntityTag> {
        self.tag.as_ref()
    }

    /// The status of the response that the value came with; 200 for a [`member`](Self::member).
    pub const fn status(&self) -> StatusCode {
        self.head.status
    }

    /// The header fields of the response that the value came with; none for a [`member`](Self::member).
    pub const fn headers(&self) -> &HeaderMap {
        &self.head.headers
    }
}

impl<T: fmt::Debug> fmt::Debug for Seen<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Seen")
            .field("uri", &self.uri)
            .field("value", &self.value)
            .field("tag", &self.tag)
            .finish_non_exhaustive()
    }
}
