//! A source that reads like a handler.

use std::fmt;
use std::future::{Future, poll_fn};
use std::marker::PhantomData;
use std::pin::Pin;

use axum::body::Body;
use axum::extract::FromRequestParts;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::request::Parts;
use http_body::Body as _;

use crate::lock::ResourceKey;
use crate::source::{Found, IntoIdentified, SourceError, Unidentified, ValidatorSource};

/// Makes a source of two functions: one whose arguments are the handler's extractors identifies the resource, and one
/// looks its state up. `state` is what `State<…>` extracts from and what the look-up gets a clone of (`()` if there is
/// none).
///
/// The extractors run once, on the real head: one that caches in the extensions caches for the handler too, one that
/// removes something takes it from the handler. A rejection (401, 403, 404, 400) is the answer, ahead of 428, 412 and
/// 304: put the same authentication extractor here as in the handler, so that strangers learn nothing. What the
/// extractors read as one id is one resource with one write lock, however the client spells it.
///
/// `identify` answers `R`, `Option<R>` (`None`: not a resource of this source) or `Result<R, Unidentified>`. It belongs
/// on the routes whose paths it reads: around a whole router a path of another route would be refused by its extractors. There
/// use [`source_fn`](crate::source_fn).
///
/// ```
/// use axum::{Router, extract::Path, routing::get};
/// use tower_conditional::{ConditionalLayer, EntityTag};
/// use tower_conditional::extract::extractor_source;
///
/// #[derive(Clone)]
/// struct Db;
/// impl Db {
///     async fn version(&self, _id: i64) -> Result<Option<u64>, std::io::Error> { Ok(Some(1)) }
/// }
///
/// let source = extractor_source(
///     Db,
///     |Path(id): Path<i64>| id,
///     async |id, db: Db| db.version(id).await.map(|version| version.map(EntityTag::from_version)),
/// );
/// let note = get(async || "a note").route_layer(ConditionalLayer::new(source));
/// let router: Router = Router::new().route("/notes/{id}", note);
/// # let _ = router;
/// ```
pub fn extractor_source<S, I, T, L, Fut, C, E>(
    state: S,
    identify: I,
    look_up: L,
) -> ExtractorSource<S, I, T, L>
where
    S: Clone + Send + Sync + 'static,
    I: IdentifyHandler<T, S>,
    I::Resource: Clone,
    L: Fn(I::Resource, S) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<C, E>> + Send,
    C: Into<Found>,
    E: Into<SourceError>,
{
    ExtractorSource {
        state,
        identify,
        look_up,
        extracts: PhantomData,
    }
}

/// What [`extractor_source`] returns.
pub struct ExtractorSource<S, I, T, L> {
    state: S,
    identify: I,
    look_up: L,
    extracts: PhantomData<fn(T)>,
}

impl<S: Clone, I: Clone, T, L: Clone> Clone for ExtractorSource<S, I, T, L> {
    fn clone(&self) -> Self {
        Self {
            state: self.state.clone(),
            identify: self.identify.clone(),
            look_up: self.look_up.clone(),
            extracts: PhantomData,
        }
    }
}

impl<S, I, T, L> fmt::Debug for ExtractorSource<S, I, T, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ExtractorSource")
            .field(&std::any::type_name::<L>())
            .finish()
    }
}

impl<S, I, T, L, Fut, C, E> ValidatorSource for ExtractorSource<S, I, T, L>
where
    S: Clone + Send + Sync + 'static,
    I: IdentifyHandler<T, S> + Send + Sync + 'static,
    I::Resource: Clone,
    T: 'static,
    L: Fn(I::Resource, S) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<C, E>> + Send,
    C: Into<Found>,
    E: Into<SourceError>,
{
    type Resource = I::Resource;

    fn identify(
        &self,
        head: &mut Parts,
    ) -> impl Future<Output = Result<I::Resource, Unidentified>> + Send {
        self.identify.identify(head, &self.state)
    }

    fn look_up(
        &self,
        resource: &I::Resource,
    ) -> impl Future<Output = Result<Found, SourceError>> + Send {
        let found = (self.look_up)(resource.clone(), self.state.clone());
        async move { found.await.map(Into::into).map_err(Into::into) }
    }
}

/// A function of up to six extractors that answers what identifies a resource.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot identify the resources of an extractor source",
    note = "it must be a function whose arguments implement `FromRequestParts<S>` for the state given, such as `|Path(id): Path<i64>| id`",
    note = "it answers an integer, a string, bytes or a tuple of them, an `Option` of one, or a `Result<_, Unidentified>`; it is not async, the look-up is",
    note = "a body extractor (`Json`, `String`) cannot be used, the body is the handler's"
)]
pub trait IdentifyHandler<T, S> {
    /// What the function identifies.
    type Resource: ResourceKey;

    /// Extracts the arguments and calls the function.
    ///
    /// # Errors
    ///
    /// An extractor's rejection as [`Unidentified::Refused`], or the function's own answer.
    fn identify(
        &self,
        head: &mut Parts,
        state: &S,
    ) -> impl Future<Output = Result<Self::Resource, Unidentified>> + Send;
}

macro_rules! identify_handler {
    ($($extractor:ident),+) => {
        impl<F, O, S, $($extractor),+> IdentifyHandler<($($extractor,)+), S> for F
        where
            F: Fn($($extractor),+) -> O + Send + Sync,
            O: IntoIdentified,
            S: Send + Sync,
            $($extractor: FromRequestParts<S> + Send,)+
        {
            type Resource = O::Resource;

            async fn identify(
                &self,
                head: &mut Parts,
                state: &S,
            ) -> Result<O::Resource, Unidentified> {
                $(
                    #[allow(non_snake_case, reason = "named after its type parameter")]
                    let $extractor = match extract::<$extractor, S>(head, state).await {
                        Ok(extracted) => extracted,
                        // Boxed: what few requests need is no part of every one that waits.
                        Err(rejection) => return Err(Box::pin(refused(rejection)).await.into()),
                    };
                )+
                self($($extractor),+).into_identified()
            }
        }
    };
}

async fn extract<A: FromRequestParts<S>, S>(head: &mut Parts, state: &S) -> Result<A, Response> {
    let extracted = A::from_request_parts(head, state).await;
    extracted.map_err(IntoResponse::into_response)
}

identify_handler!(A);
identify_handler!(A, B);
identify_handler!(A, B, C);
identify_handler!(A, B, C, D);
identify_handler!(A, B, C, D, E);
identify_handler!(A, B, C, D, E, G);

/// A response of axum's as the source's own answer, ahead of 428, 412 and 304: for what an extractor cannot say,
/// such as a 403 that depends on the row.
///
/// ```
/// use http::StatusCode;
/// use tower_conditional::{EntityTag, SourceError};
/// use tower_conditional::extract::refused;
///
/// async fn version(id: i64, (): ()) -> Result<EntityTag, SourceError> {
///     if id == 13 {
///         return Err(refused((StatusCode::FORBIDDEN, "not yours")).await);
///     }
///     Ok(EntityTag::from_version(1))
/// }
/// ```
pub async fn refused(response: impl IntoResponse) -> SourceError {
    let (head, mut body) = response.into_response().into_parts();
    let mut text = Vec::new();
    while let Some(Ok(frame)) = next_frame(&mut body).await {
        if let Some(data) = frame.data_ref() {
            text.extend_from_slice(data);
        }
    }
    SourceError::refused(http::Response::from_parts(head, text))
}

async fn next_frame(body: &mut Body) -> Option<Result<http_body::Frame<Bytes>, axum::Error>> {
    poll_fn(|cx| Pin::new(&mut *body).poll_frame(cx)).await
}
