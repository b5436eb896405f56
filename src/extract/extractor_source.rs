//! A source made from extractors.

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

/// Makes a source from two functions. The arguments of `identify` are extractors, and it returns the resource. `look_up` gets
/// the resource and a clone of `state`, and looks up the current state. `State<…>` extracts from `state` (`()` if there is
/// none).
///
/// Use the same extractors as the handler:
///
/// - What they parse as one id is one resource with one write lock, however the client spells it.
/// - Their rejection (400, 401, 403, 404) is the answer, in place of 428, 412 and 304. With the authentication extractor of
///   the handler nobody else learns what exists.
///
/// The extractors run once, on the head that the handler gets. What one caches in the extensions is there for the handler;
/// what one removes is missing there.
///
/// `identify` returns a resource `R`, an `Option<R>` (`None`: not a resource of this source) or a `Result<R, Unidentified>`.
/// Use the source on the routes whose paths it parses. Around a whole router its extractors would reject the paths of other
/// routes: use [`source_fn`](crate::source_fn) there.
///
/// ```
/// use axum::{Router, extract::Path, routing::get};
/// use tower_conditional::{ConditionalLayer, EntityTag};
/// use tower_conditional::extract::extractor_source;
///
/// #[derive(Clone)]
/// struct Db;
/// impl Db {
///     async fn version(&self, _id: i64) -> Result<Option<i64>, std::io::Error> { Ok(Some(1)) }
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

/// The source that [`extractor_source`] returns.
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

/// A function of one to six extractors that returns a resource.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot identify the resources of an extractor source",
    note = "it must be a function whose arguments implement `FromRequestParts<S>` for the given state, such as `|Path(id): Path<i64>| id`",
    note = "it must not be async, and must return an integer, a string, bytes or a tuple of them, an `Option` of one, or a `Result<_, Unidentified>`",
    note = "what stands in `Beside` must be `PartialEq`, so that two requests for the same resource can share a look-up",
    note = "it cannot use a body extractor (`Json`, `String`), because the handler reads the body"
)]
pub trait IdentifyHandler<T, S> {
    /// The resource.
    type Resource: ResourceKey;

    /// Extracts the arguments and calls the function.
    ///
    /// # Errors
    ///
    /// The rejection of an extractor as [`Unidentified::Refused`], or the error that the function returns.
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
                        // Boxed: few requests need it, and it would enlarge the future of all.
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

/// Turns a response of axum into [`SourceError::Refused`], for what an extractor cannot decide, such as a 403 that depends on
/// the row. It answers the request in place of 428, 412 and 304.
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
