//! Where validators come from: looked up before the handler runs, or computed from what it sends.
//!
//! | you have | use |
//! |---|---|
//! | a version column, a revision id, anything that can be asked | your own [`ValidatorSource`], or [`source_fn()`] |
//! | handlers that set `ETag` or `Last-Modified` themselves | [`FromResponse`] |
//! | nothing but bodies | [`BodyHash`] |
//! | files | [`Representation::from_metadata`](crate::Representation::from_metadata) |
//! | a few resources in memory, a test | [`Fixed`], [`InMemoryVersions`] |

mod adaptors;
mod boxed;
mod compute;
mod found;
mod from_response;
pub(crate) mod hashing;
mod memory;
mod or;
mod resource;
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
use std::future::{Future, ready};
use std::sync::Arc;

use bytes::Bytes;
use http::{Method, Response, request, response};

use crate::lock::{KeyBuf, ResourceKey};
use crate::{BoxError, Current};

pub use adaptors::{LockedBy, Named};
#[cfg(feature = "body-hash")]
pub use body_hash::BodyHash;
pub use boxed::{BoxResource, BoxSource};
pub use compute::{BodyTag, ContentDigest};
pub use found::Found;
pub use from_response::FromResponse;
pub use memory::{Fixed, InMemoryVersions};
pub use or::{Either, Or};
pub use probe::{Probe, ProbeBody, ProbeTarget, Probing};
pub(crate) use probe::{ask, probe_for};
pub use resource::{Beside, RequestPath};
pub use source_fn::{IntoIdentified, SourceFn, source_fn};

/// Identifies the resource that a request is about, and looks up or computes its validators.
///
/// There are two moments, and an implementer writes only the one they need:
///
/// - **before the handler**, from the head of the request: the source identifies the resource
///   ([`identify_now`](Self::identify_now) or [`identify`](Self::identify)) and then looks up its state
///   ([`known`](Self::known) or [`look_up`](Self::look_up)). Only then can a write be refused. What is identified is
///   what is looked up and what is locked: however a client spells a resource, its writers meet.
/// - **after the handler**, from its response, for reads alone ([`compute`](Self::compute)). The default takes what the
///   handler has set.
///
/// A source must be asked about the truth of the origin, not about what was answered last.
///
/// # Examples
///
/// ```
/// use http::request::Parts;
/// use tower_conditional::source::Unidentified;
/// use tower_conditional::{EntityTag, Found, SourceError, ValidatorSource};
///
/// struct Notes;
///
/// impl Notes {
///     async fn version(&self, _id: i64) -> Result<Option<u64>, std::io::Error> {
///         Ok(Some(7))
///     }
/// }
///
/// impl ValidatorSource for Notes {
///     type Resource = i64;
///
///     fn identify_now(&self, head: &mut Parts) -> Option<Result<i64, Unidentified>> {
///         let id = head.uri.path().strip_prefix("/notes/").and_then(|id| id.parse().ok());
///         Some(id.ok_or(Unidentified::NotMine))
///     }
///
///     async fn look_up(&self, id: &i64) -> Result<Found, SourceError> {
///         Ok(self.version(*id).await?.map(EntityTag::from_version).into())
///     }
/// }
/// ```
#[doc(alias("ETag", "Last-Modified", "version"))]
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a `ValidatorSource`",
    label = "cannot identify resources and look up or compute their validators",
    note = "implement `ValidatorSource` with `type Resource`, `fn identify_now(&self, head: &mut http::request::Parts) -> Option<Result<Self::Resource, Unidentified>>` and `async fn look_up(&self, resource: &Self::Resource) -> Result<Found, SourceError>`",
    note = "closures become a source with `source_fn(db, |head| head.uri.path().strip_prefix(\"/notes/\")?.parse().ok(), async |id: i64, db: Db| …)`"
)]
pub trait ValidatorSource: Send + Sync + 'static {
    /// What the source looks its state up by: an id, a tenant and an id, a normalised path. A source that only computes
    /// says `()`.
    type Resource: ResourceKey;

    /// Whether the source can look validators up before the handler runs. A source that only computes (`false`) never
    /// evaluates and never locks writes. Asked once, when the layer is made.
    fn looks_up(&self) -> bool {
        true
    }

    /// Whether tags are made of bodies: only then is [`compute`](Self::compute) asked, and a HEAD goes inward as GET, so
    /// that both get one tag. Asked once, when the layer is made.
    fn reads_bodies(&self) -> bool {
        false
    }

    /// Whether reads of this method are looked up. Every other read is evaluated after the handler, by the validators
    /// of its response: a QUERY, whose content takes part in the answer, has other validators than the GET
    /// ([RFC 10008](https://www.rfc-editor.org/rfc/rfc10008)). A source that identifies the equivalent resource says so
    /// here.
    fn looks_up_reads(&self, method: &Method) -> bool {
        matches!(*method, Method::GET | Method::HEAD)
    }

    /// Whether a read of this resource by this method is looked up. Asked where [`looks_up_reads`](Self::looks_up_reads)
    /// has said yes: in a chain, the source that has identified the resource decides, whatever the other one looks up.
    fn looks_up_reads_of(&self, resource: &Self::Resource, method: &Method) -> bool {
        let _ = resource;
        self.looks_up_reads(method)
    }

    /// The resource that the request is about, where that is known without waiting; `None` asks
    /// [`identify`](Self::identify).
    ///
    /// Asked once for each request. It may depend on the target and on what an outer layer has put into the extensions,
    /// never on the conditional headers. It leaves the head as it is where it says [`Unidentified::NotMine`].
    fn identify_now(
        &self,
        head: &mut request::Parts,
    ) -> Option<Result<Self::Resource, Unidentified>> {
        let _ = head;
        None
    }

    /// The resource that the request is about. Asked once for each request, where
    /// [`identify_now`](Self::identify_now) had no answer; on the real head, so that an extractor that caches in the
    /// extensions caches for the handler too.
    fn identify(
        &self,
        head: &mut request::Parts,
    ) -> impl Future<Output = Result<Self::Resource, Unidentified>> + Send {
        let _ = head;
        ready(Err(Unidentified::NotMine))
    }

    /// What is known of the resource at once, without waiting: an answer here saves the future and its allocation.
    fn known(&self, resource: &Self::Resource) -> Option<Found> {
        let _ = resource;
        None
    }

    /// The current state of the resource. The default says what is [`known`](Self::known).
    ///
    /// It depends on the resource alone: what the caller, the tenant or the form that is asked for changes is part of the
    /// resource, or [`Beside`] it. So one look-up may serve several requests, and be polled by the tasks of any of them
    /// ([`ResourceKey::is_same`]). An error is that of all of them.
    ///
    /// # Errors
    ///
    /// [`SourceError::Refused`] answers the request with a response of the source's own, ahead of everything else;
    /// [`SourceError::Failed`] lets reads pass without evaluation and answers conditional writes with 503. `?` works on
    /// any `std::error::Error`; a boxed one goes through [`SourceError::failed`]. Its text never reaches a client.
    fn look_up(
        &self,
        resource: &Self::Resource,
    ) -> impl Future<Output = Result<Found, SourceError>> + Send {
        let known = self.known(resource);
        ready(Ok(known.unwrap_or_else(Found::unknown)))
    }

    /// The kind of resource, as [`named`](Self::named) has it: the space in which keys of the write lock are told apart.
    /// `""` is the layer's own.
    fn kind(&self, resource: &Self::Resource) -> &'static str {
        let _ = resource;
        ""
    }

    /// Whether [`kind`](Self::kind) names every resource of this source.
    fn is_named(&self) -> bool {
        false
    }

    /// Writes the key of the resource's write lock: its own key, or a coarser one.
    fn lock_key(&self, resource: &Self::Resource, key: &mut KeyBuf) {
        resource.write_key(key);
    }

    /// How the tag of a response is made of its body: of a read that was not looked up, where the source
    /// [reads bodies](Self::reads_bodies). `None` takes the `ETag` and `Last-Modified` that the handler has set.
    fn compute(&self, response: &response::Parts) -> Option<BodyTag> {
        let _ = response;
        None
    }

    /// Names the kind of resource: two layers over one kind share their write lock, whatever their paths are.
    ///
    /// Without a name the keys are the layer's own, and so is its lock. All layers of one kind in a process share one
    /// lock by default; a lock of another machine ([`WritePolicy::use_lock`](crate::WritePolicy::use_lock)) needs the name.
    ///
    /// ```
    /// use tower_conditional::source::InMemoryVersions;
    /// use tower_conditional::{ConditionalLayer, ValidatorSource};
    ///
    /// let versions = InMemoryVersions::new();
    /// // Two interfaces over one set of notes.
    /// let v1 = ConditionalLayer::new(versions.clone().named("notes"));
    /// let v2 = ConditionalLayer::new(versions.named("notes"));
    /// # let _ = (v1, v2);
    /// ```
    fn named(self, kind: &'static str) -> Named<Self>
    where
        Self: Sized,
    {
        Named::new(self, kind)
    }

    /// Locks by another key than the resource's own. A coarser key is slower; one that is finer than the resource is
    /// unsafe.
    ///
    /// ```
    /// use tower_conditional::{Found, SourceError, ValidatorSource, source_fn};
    ///
    /// let lines = source_fn(
    ///     (),
    ///     |head| {
    ///         let (order, line) = head.uri.path().strip_prefix("/orders/")?.split_once("/lines/")?;
    ///         Some((order.parse::<i64>().ok()?, line.parse::<i64>().ok()?))
    ///     },
    ///     async |(_order, _line), ()| Ok::<_, SourceError>(Found::absent()),
    /// );
    /// // One lock for each order: its lines are saved together.
    /// let lines = lines.locked_by(|&(order, _line)| order);
    /// # let _ = lines;
    /// ```
    fn locked_by<F, K>(self, key: F) -> LockedBy<Self, F>
    where
        Self: Sized,
        F: Fn(&Self::Resource) -> K + Send + Sync + 'static,
        K: ResourceKey,
    {
        LockedBy::new(self, key)
    }

    /// A chain: `second` identifies where this source says [`Unidentified::NotMine`]. The one that identifies looks up:
    /// one resource, one lock, one look-up.
    ///
    /// ```
    /// use tower_conditional::{BodyHash, EntityTag, SourceError, ValidatorSource, source_fn};
    /// # async fn version_of(_id: i64) -> Result<Option<EntityTag>, SourceError> { Ok(None) }
    ///
    /// let notes = source_fn(
    ///     (),
    ///     |head| head.uri.path().strip_prefix("/notes/")?.parse::<i64>().ok(),
    ///     async |id, ()| version_of(id).await,
    /// );
    /// let source = notes.or(BodyHash::strong()); // pages are hashed, notes are looked up
    /// # let _ = source;
    /// ```
    fn or<S: ValidatorSource>(self, second: S) -> Or<Self, S>
    where
        Self: Sized,
    {
        Or::new(self, second)
    }

    /// Leaves everything that this source does not identify to the handler, which gets the request as it came
    /// ([`Current::Delegated`]): for a layer around a whole service. Otherwise the state of what no source knows is
    /// [unknown](Current::Unknown), and a conditional write to it is answered 412.
    ///
    /// ```
    /// use tower_conditional::{ConditionalLayer, EntityTag, SourceError, ValidatorSource, WritePolicy, source_fn};
    /// # async fn version_of(_id: i64) -> Result<Option<EntityTag>, SourceError> { Ok(None) }
    ///
    /// let notes = source_fn(
    ///     (),
    ///     |head| head.uri.path().strip_prefix("/notes/")?.parse::<i64>().ok(),
    ///     async |id, ()| version_of(id).await,
    /// );
    /// // Notes need a precondition; `/graphql` and all else is left alone.
    /// let layer = ConditionalLayer::new(notes.or_delegate()).writes(WritePolicy::required());
    /// # let _ = layer;
    /// ```
    fn or_delegate(self) -> Or<Self, Fixed>
    where
        Self: Sized,
    {
        self.or(Fixed::new(Current::Delegated))
    }

    /// The same source with its type erased, at the price of one allocation for each look-up that waits.
    ///
    /// ```
    /// use tower_conditional::source::BoxSource;
    /// use tower_conditional::{BodyHash, FromResponse, ValidatorSource};
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
    type Resource = V::Resource;

    adaptors::forward_to_source!(|source| **source);
}

/// Why a source has identified no resource.
#[derive(Debug)]
#[allow(clippy::exhaustive_enums, reason = "the layer handles each of them")]
pub enum Unidentified {
    /// The request is about nothing that this source knows. The next source of a [chain](ValidatorSource::or) is asked;
    /// without one the state is [unknown](crate::Current::Unknown), and no lock is taken.
    NotMine,
    /// This response is the answer: the caller may not know the target (401, 403), or no resource can have this name
    /// (400, 404).
    Refused(Box<Response<Bytes>>),
    /// The resource could not be identified. The hook gets the error, the client does not: a read passes without
    /// evaluation, a write that would take the lock is answered 503.
    Failed(BoxError),
}

impl Unidentified {
    /// Answers the request with this response, ahead of 428, 412 and 304.
    #[must_use]
    pub fn refused(response: Response<impl Into<Bytes>>) -> Self {
        Self::Refused(Box::new(response.map(Into::into)))
    }
}

impl From<SourceError> for Unidentified {
    fn from(error: SourceError) -> Self {
        match error {
            SourceError::Refused(response) => Self::Refused(response),
            SourceError::Failed(error) => Self::Failed(error),
        }
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
