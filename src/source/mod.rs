//! Where validators come from: looked up before the handler runs, or computed from what it sends.
//!
//! | you have | use |
//! |---|---|
//! | a version column, a revision id, anything that can be asked | your own [`ValidatorSource`], or [`source_fn`] |
//! | handlers that set `ETag` or `Last-Modified` themselves | [`FromResponse`] |
//! | nothing but bodies | [`BodyHash`](crate::BodyHash) |
//! | files | [`FileMetadata`](crate::FileMetadata) |
//! | a few resources in memory, a test | [`Fixed`], [`InMemoryVersions`] |

mod boxed;
mod compute;
mod from_response;
pub(crate) mod hashing;
mod memory;
mod or;
mod source_fn;
#[cfg(feature = "axum")]
mod unroute;

#[cfg(feature = "body-hash")]
mod body_hash;
#[cfg(feature = "body-hash")]
mod file_metadata;
#[cfg(feature = "body-hash")]
mod hmac;
mod probe;
mod reader_refusal;

use std::error::Error;
use std::fmt;
use std::future::Future;
use std::sync::Arc;

use bytes::Bytes;
use http::{Response, request, response};

use crate::Current;

#[cfg(feature = "body-hash")]
pub use body_hash::BodyHash;
pub use boxed::BoxSource;
pub use compute::{BodyTag, Compute, ContentDigest};
#[cfg(feature = "body-hash")]
pub use file_metadata::FileMetadata;
pub use from_response::FromResponse;
pub use memory::{Fixed, InMemoryVersions};
pub use or::Or;
pub(crate) use or::known;
pub use probe::{Probe, ProbeBody, Probing};
pub(crate) use probe::{ask, probe_for};
pub use source_fn::{SourceFn, source_fn};

/// Any error, as sources and locks report it.
pub type BoxError = Box<dyn Error + Send + Sync>;

/// Computes or looks up the validators of the target of a request.
///
/// There are two moments, and an implementer writes only the one they need:
///
/// - **look up** ([`look_up`](Self::look_up)): from the head of the request, before the handler runs. Only then can
///   a write be refused. Write a plain `async fn`; nothing has to be boxed.
/// - **compute** ([`compute`](Self::compute)): from the response, for reads alone. The default takes what the
///   handler has set.
///
/// A source must be asked about the truth of the origin, not about what was answered last.
///
/// # Examples
///
/// ```
/// use http::request::Parts;
/// use tower_conditional::{Current, EntityTag, SourceError, ValidatorSource};
///
/// struct Notes;
///
/// impl Notes {
///     async fn version(&self, _path: &str) -> Result<Option<u64>, std::io::Error> {
///         Ok(Some(7))
///     }
/// }
///
/// impl ValidatorSource for Notes {
///     async fn look_up(&self, head: &Parts) -> Result<Current, SourceError> {
///         let version = self.version(head.uri.path()).await?;
///         Ok(version.map(EntityTag::from_version).into())
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a `ValidatorSource`",
    label = "cannot look up or compute validators",
    note = "implement `ValidatorSource` with `async fn look_up(&self, head: &http::request::Parts) -> Result<Current, SourceError>`",
    note = "a closure becomes a source with `source_fn(|head| {{ let path = head.uri.path().to_owned(); async move {{ … }} }})`"
)]
pub trait ValidatorSource: Send + Sync + 'static {
    /// Whether the source speaks before the handler runs. A source that only computes (`false`) never judges and
    /// never locks writes.
    fn looks_up(&self) -> bool {
        true
    }

    /// Whether tags are made of bodies: only then is [`compute`](Self::compute) asked, and a HEAD goes inward as GET, so
    /// that both get one tag.
    fn reads_bodies(&self) -> bool {
        false
    }

    /// What is known at once, without waiting: an answer here saves the future and its allocation.
    fn known(&self, head: &request::Parts) -> Option<Current> {
        let _ = head;
        None
    }

    /// The current state of the target, asked for only when [`known`](Self::known) had no answer.
    ///
    /// # Errors
    ///
    /// [`SourceError::Refused`] answers the request with a response of the source's own, ahead of everything else;
    /// [`SourceError::Failed`] lets reads pass unjudged and answers conditional writes with 503. `?` works on any
    /// `std::error::Error`; a boxed one goes through [`SourceError::failed`]. Its text never reaches a client.
    fn look_up(
        &self,
        head: &request::Parts,
    ) -> impl Future<Output = Result<Current, SourceError>> + Send {
        let _ = head;
        async { Ok(Current::Unknown) }
    }

    /// What to do with the response to a read that was not looked up, where the source
    /// [reads bodies](Self::reads_bodies).
    fn compute(&self, response: &response::Parts) -> Compute {
        let _ = response;
        Compute::FromFields
    }

    /// A chain: `second` answers where this source says [`Current::Unknown`].
    ///
    /// ```
    /// use tower_conditional::{BodyHash, Current, SourceError, ValidatorSource, source_fn};
    /// # async fn version_of(_path: String) -> Result<Option<tower_conditional::EntityTag>, SourceError> { Ok(None) }
    ///
    /// let notes = source_fn(|head| {
    ///     let path = head.uri.path().to_owned();
    ///     async move {
    ///         if !path.starts_with("/notes/") {
    ///             return Ok::<_, SourceError>(Current::Unknown);
    ///         }
    ///         Ok(version_of(path).await?.into())
    ///     }
    /// });
    /// let source = notes.or(BodyHash::strong()); // pages are hashed, notes are looked up
    /// # let _ = source;
    /// ```
    fn or<S: ValidatorSource>(self, second: S) -> Or<Self, S>
    where
        Self: Sized,
    {
        Or::new(self, second)
    }

    /// The same source with its type erased, at the price of one allocation for each look-up that waits.
    ///
    /// ```
    /// use tower_conditional::{BodyHash, BoxSource, FromResponse, ValidatorSource};
    ///
    /// fn source(hashes: bool) -> BoxSource {
    ///     if hashes { BodyHash::strong().boxed() } else { FromResponse.boxed() }
    /// }
    /// # let _ = source(true);
    /// ```
    fn boxed(self) -> BoxSource
    where
        Self: Sized,
    {
        BoxSource::new(self)
    }
}

impl<V: ValidatorSource> ValidatorSource for Arc<V> {
    fn looks_up(&self) -> bool {
        V::looks_up(self)
    }

    fn reads_bodies(&self) -> bool {
        V::reads_bodies(self)
    }

    fn known(&self, head: &request::Parts) -> Option<Current> {
        V::known(self, head)
    }

    async fn look_up(&self, head: &request::Parts) -> Result<Current, SourceError> {
        V::look_up(self, head).await
    }

    fn compute(&self, response: &response::Parts) -> Compute {
        V::compute(self, response)
    }
}

/// Why a source has no answer.
///
/// # Examples
///
/// ```
/// use http::{Response, StatusCode};
/// use tower_conditional::{EntityTag, SourceError};
///
/// async fn version(id: u64, may_read: bool) -> Result<Option<EntityTag>, SourceError> {
///     if !may_read {
///         let mut forbidden = Response::new("not yours");
///         *forbidden.status_mut() = StatusCode::FORBIDDEN;
///         return Err(SourceError::refused(forbidden));
///     }
///     let version: u64 = std::fs::read_to_string(format!("{id}.version"))?.trim().parse()?; // `?`: failed
///     Ok(Some(EntityTag::from_version(version)))
/// }
/// # let _ = version(1, false);
/// ```
#[derive(Debug)]
#[allow(
    clippy::exhaustive_enums,
    reason = "a source refuses the request or fails; the layer handles both"
)]
pub enum SourceError {
    /// This response is the answer: the caller may not know the target (401, 403), or it is not there (404).
    ///
    /// Where authentication is an extractor, the source runs the same extractor and refuses with its rejection;
    /// otherwise 304, 412 and 428 would tell strangers what exists and when it changes.
    Refused(Box<Response<Bytes>>),
    /// The look-up failed. The hook gets the error, the client does not.
    Failed(BoxError),
}

impl SourceError {
    /// Answers the request with this response, ahead of 428, 412 and 304.
    #[must_use]
    pub fn refused(response: Response<impl Into<Bytes>>) -> Self {
        Self::Refused(Box::new(response.map(Into::into)))
    }

    /// The look-up failed.
    #[must_use]
    pub fn failed(error: impl Into<BoxError>) -> Self {
        Self::Failed(error.into())
    }
}

/// `?` on any error is a failed look-up; for a boxed one or `anyhow`: `.map_err(SourceError::failed)?`.
impl<E: Error + Send + Sync + 'static> From<E> for SourceError {
    fn from(error: E) -> Self {
        Self::Failed(Box::new(error))
    }
}

impl fmt::Display for SourceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(response) => write!(f, "refused with {}", response.status()),
            Self::Failed(error) => write!(f, "look-up failed: {error}"),
        }
    }
}
