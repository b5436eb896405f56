//! Where validators come from: looked up before the handler runs, or computed from its response.
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
#[cfg(feature = "body-hash")]
mod content_tag;
mod found;
mod from_response;
pub(crate) mod hashing;
mod identifying;
mod memory;
mod or;
mod resource;
mod source_fn;
mod states;
#[cfg(feature = "axum")]
mod unroute;
pub(crate) mod untagged;

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

pub use adaptors::{LockedBy, Named, Stating, UpdateOnly};
#[cfg(feature = "body-hash")]
pub use body_hash::BodyHash;
pub use boxed::{BoxResource, BoxSource};
pub use compute::{BodyTag, ContentDigest};
pub use found::Found;
pub use from_response::FromResponse;
pub use memory::{Fixed, InMemoryVersions};
pub use or::{Either, Or};
pub(crate) use probe::{NeedsState, ask, probe_for};
pub use probe::{Probe, ProbeBody, ProbeTarget, Probing};
pub use resource::{Beside, RequestPath};
pub use source_fn::{IntoIdentified, SourceFn, source_fn};
pub use states::States;
use untagged::Untagged;

/// Identifies the resource of a request, and looks up or computes its validators.
///
/// Implement what you need of two ways:
///
/// - **Look up, before the handler runs.** The source identifies the resource from the head of the request
///   ([`identify_now`](Self::identify_now) or [`identify`](Self::identify)), and then looks up its current state
///   ([`known`](Self::known) or [`look_up`](Self::look_up)). Writes can be refused in this way only. The identified resource
///   is what is looked up and what is locked, so that all spellings of a path have one write lock.
/// - **Compute, after the handler has answered.** The source makes a tag from the response, for reads only
///   ([`compute`](Self::compute)). The default takes the validators that the handler has set.
///
/// A source must state the state of the origin itself, and not that of a cache or of the last response.
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
///     async fn version(&self, _id: i64) -> Result<Option<i64>, std::io::Error> {
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
    /// The value that names a resource: an id, a tenant and an id, a normalised path. `()` for a source that only computes.
    type Resource: ResourceKey;

    /// Whether the source looks up validators before the handler runs. With `false` writes are neither evaluated nor locked.
    ///
    /// Called once, when the layer is made.
    fn looks_up(&self) -> bool {
        true
    }

    /// Whether the source makes tags from bodies. Only then is [`compute`](Self::compute) called, and a HEAD is passed to the
    /// handler as GET, so that both get the same tag.
    ///
    /// Called once, when the layer is made.
    fn reads_bodies(&self) -> bool {
        false
    }

    /// Whether reads of this method are looked up: by default GET and HEAD. Other reads are evaluated after the handler, by
    /// the validators of the response.
    ///
    /// The response to a QUERY depends on its content, so it has other validators than a GET
    /// ([RFC 10008](https://www.rfc-editor.org/rfc/rfc10008)). Return `true` for QUERY if the source identifies the
    /// equivalent resource.
    fn looks_up_reads(&self, method: &Method) -> bool {
        matches!(*method, Method::GET | Method::HEAD)
    }

    /// Whether a read of this resource by this method is looked up. Called only if
    /// [`looks_up_reads`](Self::looks_up_reads) is `true`.
    ///
    /// In a chain the source that has identified the resource decides.
    fn looks_up_reads_of(&self, resource: &Self::Resource, method: &Method) -> bool {
        let _ = resource;
        self.looks_up_reads(method)
    }

    /// Identifies the resource of the request without waiting. `None` means that [`identify`](Self::identify) has to be
    /// called.
    ///
    /// Called once for each request, and in a chain perhaps twice. The result may depend on the target, on headers and on extensions of outer layers, but
    /// not on the conditional headers. It must not change the head if it returns [`Unidentified::NotMine`].
    ///
    /// # Errors
    ///
    /// See [`Unidentified`].
    fn identify_now(
        &self,
        head: &mut request::Parts,
    ) -> Option<Result<Self::Resource, Unidentified>> {
        let _ = head;
        None
    }

    /// Identifies the resource of the request. Called once for each request, if [`identify_now`](Self::identify_now) has
    /// returned `None`.
    ///
    /// It gets the head that the handler gets, so that what an extractor caches in the extensions is there for the handler.
    ///
    /// # Errors
    ///
    /// See [`Unidentified`].
    fn identify(
        &self,
        head: &mut request::Parts,
    ) -> impl Future<Output = Result<Self::Resource, Unidentified>> + Send {
        let _ = head;
        ready(Err(Unidentified::NotMine))
    }

    /// Looks up the current state without waiting; `None` means that [`look_up`](Self::look_up) has to be called. It saves a
    /// future and its allocation.
    fn known(&self, resource: &Self::Resource) -> Option<Found> {
        let _ = resource;
        None
    }

    /// Looks up the current state of the resource. The default is what [`known`](Self::known) returns.
    ///
    /// The result must depend on the resource only. If it depends on the caller, the tenant or the requested form, make that a
    /// part of the resource, or put it [`Beside`] it. So one look-up may serve several requests, and be polled by the tasks of
    /// any of them ([`ResourceKey::is_same`]). All of them get its error.
    ///
    /// # Errors
    ///
    /// - [`SourceError::Refused`] answers the request with the source's response, in place of 428, 412 and 304.
    /// - [`SourceError::Failed`] lets reads pass without evaluation, and answers conditional writes with 503. Its text never
    ///   reaches a client. `?` makes one from any `std::error::Error`; for a boxed error use [`SourceError::failed`].
    fn look_up(
        &self,
        resource: &Self::Resource,
    ) -> impl Future<Output = Result<Found, SourceError>> + Send {
        let known = self.known(resource);
        ready(Ok(known.unwrap_or_else(Found::unknown)))
    }

    /// The name of the kind of resource ([`named`](Self::named)), which is a part of the keys of the write lock. `""` if it has
    /// no name: then the keys are the layer's own.
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

    /// How to make the tag of a response from its body. `None` takes the `ETag` and `Last-Modified` that the handler has set.
    ///
    /// Called for reads that were not looked up, if the source [reads bodies](Self::reads_bodies).
    fn compute(&self, response: &response::Parts) -> Option<BodyTag> {
        let _ = response;
        None
    }

    /// What the source may find for a request of this method, for a [description](crate::description). The default is
    /// [`States::any`]. Sources that are made of closures say it by [`stating`](Self::stating).
    ///
    /// No request asks for it.
    fn states(&self, method: &Method) -> States {
        let _ = method;
        States::any()
    }

    /// Names the kind of resource, so that all layers over one kind share their write lock.
    ///
    /// Without a name each layer has its own lock. With a name all layers of one kind in the process share one lock. A lock
    /// of your own ([`WritePolicy::use_lock`](crate::WritePolicy::use_lock)) needs the name.
    ///
    /// # Panics
    ///
    /// If the name is empty.
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

    /// Takes the write lock of another key than the resource's own. A coarser key is slower. A finer one is unsafe: two
    /// writes to one resource could run at the same time.
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

    /// States that no write creates the target: a POST to the collection does, and PUT and PATCH only change what is there.
    ///
    /// Then a write to a target that does not exist goes to its handler, which answers 404 or 410, in place of 412 for its
    /// If-Match and of the 428 of [`WritePolicy::required`](crate::WritePolicy::required)
    /// ([RFC 9110, section 13.2.1](https://www.rfc-editor.org/rfc/rfc9110#section-13.2.1)). The handler must not create it. A
    /// [probed](crate::BodyHash::probe_with) router is asked before each write.
    ///
    /// ```
    /// use axum::{Router, extract::Path, http::StatusCode, response::ErrorResponse, routing::get};
    /// use tower_conditional::extract::extractor_source;
    /// use tower_conditional::{Checked, ConditionalLayer, Found, Loaded, SourceError, ValidatorSource, WritePolicy};
    ///
    /// # async fn load(id: i64, (): ()) -> Result<Option<Found>, SourceError> {
    /// #     Ok((id == 1).then(|| Found::version(7).with("text")))
    /// # }
    /// # async fn read(text: Loaded<&'static str>) -> &'static str { text.into_inner() }
    /// # struct Db;
    /// # impl Db {
    /// #     async fn update(&self, _: i64, version: i64) -> u64 { u64::from(version == 7) }
    /// #     async fn exists(&self, _: i64) -> bool { true }
    /// # }
    /// async fn save(Path(id): Path<i64>, checked: Checked) -> Result<(), ErrorResponse> {
    ///     # let db = Db;
    ///     let seen = checked.version().ok_or(StatusCode::NOT_FOUND)?;
    ///     match db.update(id, seen).await { // UPDATE … WHERE id = ? AND version = ?
    ///         0 if db.exists(id).await => Err(checked.lost().into()), // changed by another process
    ///         0 => Err(StatusCode::NOT_FOUND.into()),                 // deleted by another process
    ///         _ => Ok(()),
    ///     }
    /// }
    ///
    /// let notes = extractor_source((), |Path(id): Path<i64>| id, load).update_only();
    /// let layer = ConditionalLayer::new(notes).writes(WritePolicy::required());
    /// let app: Router = Router::new().route("/notes/{id}", get(read).put(save).route_layer(layer));
    /// # tokio::runtime::Runtime::new().unwrap().block_on(async {
    /// # use tower::ServiceExt;
    /// # for (path, tag, status) in [
    /// #     ("/notes/1", None, 428), ("/notes/1", Some("\"6\""), 412), ("/notes/1", Some("\"7\""), 200),
    /// #     ("/notes/2", None, 404), ("/notes/2", Some("\"6\""), 404),
    /// # ] {
    /// #     let mut put = http::Request::put(path);
    /// #     if let Some(tag) = tag { put = put.header("if-match", tag); }
    /// #     let answer = app.clone().oneshot(put.body(axum::body::Body::empty()).unwrap()).await.unwrap();
    /// #     assert_eq!(answer.status(), status, "{path} {tag:?}");
    /// # }
    /// # });
    /// ```
    #[doc(alias("404", "428", "PATCH"))]
    fn update_only(self) -> UpdateOnly<Self>
    where
        Self: Sized,
    {
        UpdateOnly::new(self)
    }

    /// Says what the source may find for a request of each method, for a [description](crate::description) that lists only
    /// what can happen. It changes nothing else.
    ///
    /// ```
    /// use http::Method;
    /// use tower_conditional::source::States;
    /// use tower_conditional::{ConditionalLayer, Current, EntityTag, Found, SourceError, ValidatorSource, source_fn};
    ///
    /// let notes = source_fn(
    ///     (),
    ///     |head| head.uri.path().strip_prefix("/notes/")?.parse::<i64>().ok(),
    ///     async |_id, ()| Ok::<_, SourceError>(Found::version(7)),
    /// );
    /// // Versions, and no dates.
    /// let notes = notes.stating(|_method| States::of([EntityTag::from_version(1).into(), Current::absent()]));
    /// let description = ConditionalLayer::new(notes).describe();
    /// let get = description.of(&Method::GET);
    /// assert!(get.fields().iter().all(|read| read.field().as_str() != "If-Modified-Since"));
    /// ```
    #[doc(alias("OpenAPI"))]
    fn stating<F>(self, states: F) -> Stating<Self, F>
    where
        Self: Sized,
        F: Fn(&Method) -> States + Send + Sync + 'static,
    {
        Stating::new(self, states)
    }

    /// Chains two sources: `second` is asked if this source returns [`Unidentified::NotMine`]. The source that has identified
    /// the resource looks it up.
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

    /// Leaves every request that this source does not identify to the handler ([`Current::Delegated`]), for a layer around a
    /// whole service.
    ///
    /// Without it the state of such a target is [unknown](Current::Unknown), and a conditional write to it is answered 412.
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

    /// Erases the type of the source. Each resource and each look-up then needs an allocation.
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

/// Why a source has not identified a resource.
#[derive(Debug)]
#[allow(clippy::exhaustive_enums, reason = "the layer handles each of them")]
pub enum Unidentified {
    /// The source does not know the target. The next source of a [chain](ValidatorSource::or) is asked. If there is none, the
    /// state is [unknown](crate::Current::Unknown), and no lock is taken.
    NotMine,
    /// This response answers the request: the caller may not know the target (401, 403), or no resource can have this name
    /// (400, 404).
    Refused(Box<Response<Bytes>>),
    /// The source could not identify the resource. A read passes without evaluation; a write that would take the lock is
    /// answered 503. The observer gets the error, and the client does not.
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

/// Why a look-up has no result.
///
/// # Examples
///
/// ```
/// use http::{Response, StatusCode};
/// use tower_conditional::{EntityTag, SourceError};
///
/// async fn version(id: i64, may_read: bool) -> Result<Option<EntityTag>, SourceError> {
///     if !may_read {
///         let mut forbidden = Response::new("not yours");
///         *forbidden.status_mut() = StatusCode::FORBIDDEN;
///         return Err(SourceError::refused(forbidden));
///     }
///     let version: i64 = std::fs::read_to_string(format!("{id}.version"))?.trim().parse()?; // `?`: failed
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
    /// This response answers the request: the caller may not know the target (401, 403), or it does not exist (404).
    ///
    /// If authentication is an extractor of the handler, the source must run the same one and refuse with its rejection.
    /// Otherwise 304, 412 and 428 reveal to anybody what exists and when it changes.
    Refused(Box<Response<Bytes>>),
    /// The look-up failed. The observer gets the error, and the client does not. A write that needs no evaluation, because it
    /// carries no conditional header and the route requires none, runs all the same.
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

/// `?` turns any error into a failed look-up. For a boxed error or `anyhow`: `.map_err(SourceError::failed)?`.
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
