//! A source made of two closures.

use std::fmt;
use std::future::Future;

use http::request::Parts;

use super::{Found, SourceError, Unidentified, ValidatorSource};
use crate::lock::ResourceKey;

/// Makes a source from two closures: one identifies the resource of a request, and one looks up its current state.
///
/// `identify` returns a resource `R`, an `Option<R>` (`None`: not a resource of this source) or a `Result<R, Unidentified>`.
/// It gets the path as the client has sent it. If your router decodes paths before it parses them, use
/// [`RequestPath`](crate::source::RequestPath), or the extractors of the handler (`extractor_source`, feature `axum`).
///
/// `look_up` gets the resource and a clone of `state` by value, so that it can be an async closure.
///
/// ```
/// use tower_conditional::{EntityTag, SourceError, source_fn};
///
/// # #[derive(Clone)] struct Db;
/// # impl Db { async fn version(&self, _: i64) -> Result<Option<i64>, std::io::Error> { Ok(None) } }
/// # let db = Db;
/// let source = source_fn(
///     db,
///     |head| head.uri.path().strip_prefix("/notes/")?.parse().ok(),
///     async |id: i64, db: Db| {
///         let version = db.version(id).await?;
///         Ok::<_, SourceError>(version.map(EntityTag::from_version))
///     },
/// );
/// # let _ = source;
/// ```
pub fn source_fn<S, I, O, L, Fut, C, E>(state: S, identify: I, look_up: L) -> SourceFn<S, I, L>
where
    S: Clone + Send + Sync + 'static,
    I: Fn(&Parts) -> O + Send + Sync + 'static,
    O: IntoIdentified,
    O::Resource: Clone,
    L: Fn(O::Resource, S) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<C, E>> + Send,
    C: Into<Found>,
    E: Into<SourceError>,
{
    SourceFn {
        state,
        identify,
        look_up,
    }
}

/// The source that [`source_fn`] returns.
#[derive(Clone)]
pub struct SourceFn<S, I, L> {
    state: S,
    identify: I,
    look_up: L,
}

impl<S, I, L> fmt::Debug for SourceFn<S, I, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SourceFn")
            .field(&std::any::type_name::<L>())
            .finish()
    }
}

impl<S, I, O, L, Fut, C, E> ValidatorSource for SourceFn<S, I, L>
where
    S: Clone + Send + Sync + 'static,
    I: Fn(&Parts) -> O + Send + Sync + 'static,
    O: IntoIdentified,
    O::Resource: Clone,
    L: Fn(O::Resource, S) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<C, E>> + Send,
    C: Into<Found>,
    E: Into<SourceError>,
{
    type Resource = O::Resource;

    fn identify_now(&self, head: &mut Parts) -> Option<Result<O::Resource, Unidentified>> {
        Some((self.identify)(head).into_identified())
    }

    fn look_up(
        &self,
        resource: &O::Resource,
    ) -> impl Future<Output = Result<Found, SourceError>> + Send {
        let found = (self.look_up)(resource.clone(), self.state.clone());
        async move { found.await.map(Into::into).map_err(Into::into) }
    }
}

/// What the closure that identifies a resource may return: a resource, an `Option` or a `Result<_, Unidentified>` of one.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not identify a resource",
    label = "neither a `ResourceKey`, nor an `Option` or a `Result<_, Unidentified>` of one",
    note = "return an integer, a string, bytes, or a tuple of them; a UUID as `id.into_bytes()`",
    note = "a value that the look-up needs and that names nothing goes into `Beside`, and is `PartialEq`"
)]
pub trait IntoIdentified {
    /// The resource.
    type Resource: ResourceKey;

    /// The resource, or why there is none.
    ///
    /// # Errors
    ///
    /// There is no resource: `None` becomes [`Unidentified::NotMine`].
    fn into_identified(self) -> Result<Self::Resource, Unidentified>;
}

impl<R: ResourceKey> IntoIdentified for R {
    type Resource = R;

    fn into_identified(self) -> Result<R, Unidentified> {
        Ok(self)
    }
}

impl<R: ResourceKey> IntoIdentified for Option<R> {
    type Resource = R;

    fn into_identified(self) -> Result<R, Unidentified> {
        self.ok_or(Unidentified::NotMine)
    }
}

impl<R: ResourceKey> IntoIdentified for Result<R, Unidentified> {
    type Resource = R;

    fn into_identified(self) -> Self {
        self
    }
}
