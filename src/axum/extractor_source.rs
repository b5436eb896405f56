//! A source that reads like a handler.

use std::fmt;
use std::future::{Future, poll_fn};
use std::marker::PhantomData;
use std::pin::Pin;

use ::axum::body::Body;
use ::axum::extract::FromRequestParts;
use ::axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::request::Parts;
use http_body::Body as _;

use crate::Current;
use crate::source::{SourceError, ValidatorSource};

/// Makes a source of an async function whose arguments are extractors, like a handler's; `state` is what
/// `State<…>` extracts from (`()` if there is none).
///
/// An extractor's rejection (401, 403, 404, 400) is the answer, ahead of 428, 412 and 304: put the same
/// authentication extractor here as in the handler, so that strangers learn nothing.
///
/// ```
/// use axum::{Router, extract::{Path, State}, routing::get};
/// use tower_conditional::{ConditionalLayer, EntityTag, SourceError, axum::extractor_source};
///
/// #[derive(Clone)]
/// struct Db;
/// impl Db {
///     async fn version(&self, _id: i64) -> Result<Option<u64>, std::io::Error> { Ok(Some(1)) }
/// }
///
/// async fn version(Path(id): Path<i64>, State(db): State<Db>) -> Result<Option<EntityTag>, SourceError> {
///     Ok(db.version(id).await?.map(EntityTag::from_version))
/// }
///
/// let note = get(async || "a note").route_layer(ConditionalLayer::new(extractor_source(version, Db)));
/// let router: Router = Router::new().route("/notes/{id}", note);
/// # let _ = router;
/// ```
pub fn extractor_source<H, T, S>(look_up: H, state: S) -> ExtractorSource<H, T, S>
where
    H: LookUpHandler<T, S>,
{
    ExtractorSource {
        look_up,
        state,
        extracts: PhantomData,
    }
}

/// What [`extractor_source`] returns.
pub struct ExtractorSource<H, T, S> {
    look_up: H,
    state: S,
    extracts: PhantomData<fn(T)>,
}

impl<H, T, S> fmt::Debug for ExtractorSource<H, T, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ExtractorSource")
            .field(&std::any::type_name::<H>())
            .finish()
    }
}

impl<H, T, S> ValidatorSource for ExtractorSource<H, T, S>
where
    H: LookUpHandler<T, S> + Send + Sync + 'static,
    T: 'static,
    S: Send + Sync + 'static,
{
    async fn look_up(&self, head: &Parts) -> Result<Current, SourceError> {
        // Extractors may take from the head what the handler needs, so they get one of their own.
        self.look_up.look_up(head.clone(), &self.state).await
    }
}

/// An async function of up to six extractors that answers `Result<C, E>`, where `C` becomes a [`Current`] and `E` a
/// [`SourceError`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be used as an extractor source",
    note = "it must be an async function whose arguments implement `FromRequestParts<S>` for the state given",
    note = "and whose output is `Result<C, E>` with `C: Into<Current>` and `E: Into<SourceError>`",
    note = "a body extractor (`Json`, `String`) cannot be used, the body is the handler's; a `StatusCode` is no `SourceError`: use `axum::refused`"
)]
pub trait LookUpHandler<T, S> {
    /// Extracts the arguments and calls the function.
    ///
    /// # Errors
    ///
    /// An extractor's rejection as [`SourceError::Refused`], or the function's own error.
    fn look_up(
        &self,
        head: Parts,
        state: &S,
    ) -> impl Future<Output = Result<Current, SourceError>> + Send;
}

macro_rules! look_up_handler {
    ($($extractor:ident),+) => {
        impl<F, Fut, C, E, S, $($extractor),+> LookUpHandler<($($extractor,)+), S> for F
        where
            F: Fn($($extractor),+) -> Fut + Send + Sync,
            Fut: Future<Output = Result<C, E>> + Send,
            C: Into<Current>,
            E: Into<SourceError>,
            S: Send + Sync,
            $($extractor: FromRequestParts<S> + Send,)+
        {
            async fn look_up(&self, mut head: Parts, state: &S) -> Result<Current, SourceError> {
                $(
                    #[allow(non_snake_case, reason = "named after its type parameter")]
                    let $extractor = match extract::<$extractor, S>(&mut head, state).await {
                        Ok(extracted) => extracted,
                        Err(rejection) => return Err(refused(rejection).await),
                    };
                )+
                self($($extractor),+).await.map(Into::into).map_err(Into::into)
            }
        }
    };
}

look_up_handler!(A);
look_up_handler!(A, B);
look_up_handler!(A, B, C2);
look_up_handler!(A, B, C2, D);
look_up_handler!(A, B, C2, D, E2);
look_up_handler!(A, B, C2, D, E2, G);

async fn extract<A: FromRequestParts<S>, S>(head: &mut Parts, state: &S) -> Result<A, Response> {
    let extracted = A::from_request_parts(head, state).await;
    extracted.map_err(IntoResponse::into_response)
}

/// A response of axum's as the source's own answer, ahead of 428, 412 and 304: for what an extractor cannot say,
/// such as a 403 that depends on the row.
///
/// ```
/// use axum::extract::Path;
/// use http::StatusCode;
/// use tower_conditional::{EntityTag, SourceError, axum::refused};
///
/// async fn version(Path(id): Path<i64>) -> Result<EntityTag, SourceError> {
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

async fn next_frame(body: &mut Body) -> Option<Result<http_body::Frame<Bytes>, ::axum::Error>> {
    poll_fn(|cx| Pin::new(&mut *body).poll_frame(cx)).await
}
