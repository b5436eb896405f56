//! What the kit needs to know: where a resource is, and where it may write.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use http::Uri;
use http::header::{HeaderMap, HeaderName, HeaderValue};

use super::arrival::Arrival;

/// A resource to check, and what is expected of it.
///
/// Only reads are sent unless a [`Scratch`] is given.
///
/// # Examples
///
/// ```
/// use tower_conditional_testkit::{Fixture, Scratch};
///
/// let fixture = Fixture::at("/notes/1")
///     .absent_at("/notes/404")
///     .writing(Scratch::put("/notes/99", "text/plain", |mark| format!("written: {mark}")));
/// # let _ = fixture;
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct Fixture {
    pub(crate) target: Uri,
    pub(crate) absent: Uri,
    pub(crate) fields: HeaderMap,
    pub(crate) scratch: Option<Scratch>,
    pub(crate) expects_last_modified: bool,
    pub(crate) expects_ranges: bool,
}

impl Fixture {
    /// The resource at this path (a query may follow), which answers a GET with 200 and does not change by itself.
    ///
    /// # Panics
    ///
    /// When the path is none that a request can have.
    pub fn at(path: impl AsRef<str>) -> Self {
        let target = uri(path.as_ref());
        Self {
            absent: uri(&format!("{}-not-there", target.path())),
            target,
            fields: HeaderMap::new(),
            scratch: None,
            expects_last_modified: false,
            expects_ranges: false,
        }
    }

    /// A path where there is nothing; the default is the resource's path with `-not-there` at its end.
    ///
    /// # Panics
    ///
    /// When the path is none that a request can have.
    pub fn absent_at(mut self, path: impl AsRef<str>) -> Self {
        self.absent = uri(path.as_ref());
        self
    }

    /// A field that every request carries: `Authorization`, `Accept`.
    pub fn field(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.fields.append(name, value);
        self
    }

    /// Checks writes as well, on this path alone.
    pub fn writing(mut self, scratch: Scratch) -> Self {
        self.scratch = Some(scratch);
        self
    }

    /// The resource has a Last-Modified date; without one that is a finding.
    pub const fn expecting_last_modified(mut self) -> Self {
        self.expects_last_modified = true;
        self
    }

    /// The resource serves byte ranges; without them that is a finding.
    pub const fn expecting_ranges(mut self) -> Self {
        self.expects_ranges = true;
        self
    }
}

/// A path that the kit may write to, and what a write looks like.
///
/// Where nothing is there at first, it is created with `If-None-Match: *` and deleted at the end; what is there
/// already is overwritten and stays.
#[derive(Clone)]
#[must_use]
pub struct Scratch {
    pub(crate) target: Uri,
    /// Further paths of the same resource.
    pub(crate) also: Vec<Uri>,
    pub(crate) content_type: HeaderValue,
    pub(crate) arrival: Arrival,
    content: Arc<dyn Fn(&str) -> Bytes + Send + Sync>,
}

impl Scratch {
    /// Writes with PUT. Each write has a mark of its own, a short word that `content` puts into what is sent. If a later
    /// read contains the mark, that write took place.
    ///
    /// # Panics
    ///
    /// When the path or the content type is none that a request can have, or when the content lacks the mark: then no
    /// write could be recognised.
    pub fn put<C: Into<Bytes>>(
        path: impl AsRef<str>,
        content_type: impl AsRef<str>,
        content: impl Fn(&str) -> C + Send + Sync + 'static,
    ) -> Self {
        let content = move |mark: &str| content(mark).into();
        assert!(content("one") != content("two"), "content without its mark");
        Self {
            target: uri(path.as_ref()),
            also: Vec::new(),
            content_type: HeaderValue::from_str(content_type.as_ref()).expect("a content type"),
            arrival: Arrival::LastBytes,
            content: Arc::new(content),
        }
    }

    /// How the writes of a race arrive; the default is [`Arrival::LastBytes`].
    pub const fn arriving(mut self, arrival: Arrival) -> Self {
        self.arrival = arrival;
        self
    }

    /// The same resource has this path, too: an alias, a slug beside the id, another version of the interface.
    ///
    /// The writers of a race take the paths in turn, and one of all of them may win. A lock for each path does not see to
    /// that.
    ///
    /// ```
    /// use tower_conditional_testkit::Scratch;
    ///
    /// let scratch = Scratch::put("/notes/99", "text/plain", str::to_owned).also_at("/notes/by-title/scratch");
    /// # let _ = scratch;
    /// ```
    ///
    /// # Panics
    ///
    /// When the path is none that a request can have.
    pub fn also_at(mut self, path: impl AsRef<str>) -> Self {
        self.also.push(uri(path.as_ref()));
        self
    }

    /// All paths of the resource.
    pub(crate) fn paths(&self) -> impl Iterator<Item = &Uri> {
        std::iter::once(&self.target).chain(&self.also)
    }

    pub(crate) fn content(&self, mark: &str) -> Bytes {
        (self.content)(mark)
    }
}

impl fmt::Debug for Scratch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scratch")
            .field("target", &self.target)
            .field("also", &self.also)
            .field("content_type", &self.content_type)
            .field("arrival", &self.arrival)
            .finish_non_exhaustive()
    }
}

fn uri(path: &str) -> Uri {
    path.parse().expect("a path such as /notes/1")
}
