//! Extractors: the checked version, the loaded value, and the preconditions for handlers that evaluate them.

use std::convert::Infallible;
use std::time::SystemTime;

use axum::extract::{FromRequestParts, OptionalFromRequestParts};
use axum::response::{IntoResponse, Response};
use http::request::Parts;
use http::{HeaderMap, Method, StatusCode};

use crate::field::Field;
use crate::middleware::LookedUp;
use crate::{Checked, Current, HttpDate, Loaded, PreconditionFailed, Preconditions};

/// The rejection of [`Checked`], a 500: no layer has evaluated the request, because the route is set up wrongly.
///
/// Only writes have a [`Checked`]. A POST has one only if it carries preconditions, so its handler takes an
/// `Option<Checked>`.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct CheckedRejection;

impl IntoResponse for CheckedRejection {
    fn into_response(self) -> Response {
        let text = "this handler needs a ConditionalLayer that looks validators up around its route; for a method \
                    that is evaluated only when it carries preconditions, such as POST, take Option<Checked>";
        (StatusCode::INTERNAL_SERVER_ERROR, text).into_response()
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Checked {
    type Rejection = CheckedRejection;

    async fn from_request_parts(head: &mut Parts, _: &S) -> Result<Self, CheckedRejection> {
        head.extensions.get().cloned().ok_or(CheckedRejection)
    }
}

impl<S: Send + Sync> OptionalFromRequestParts<S> for Checked {
    type Rejection = Infallible;

    async fn from_request_parts(head: &mut Parts, _: &S) -> Result<Option<Self>, Infallible> {
        Ok(head.extensions.get().cloned())
    }
}

/// The rejection of [`Loaded`]: 404 if the target does not exist, 503 if the source failed, and 500 if no value of the type
/// was loaded, because the route is set up wrongly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LoadedRejection {
    /// The target does not exist.
    Absent,
    /// The source could not look it up.
    Failed,
    /// No layer around the route loads a value of this type.
    NotProvided,
}

impl LoadedRejection {
    fn of(head: &Parts) -> Self {
        match head.extensions.get() {
            Some(LookedUp::Absent) => Self::Absent,
            Some(LookedUp::Failed) => Self::Failed,
            Some(LookedUp::Loaded(_)) | None => Self::NotProvided,
        }
    }
}

impl IntoResponse for LoadedRejection {
    fn into_response(self) -> Response {
        match self {
            Self::Absent => StatusCode::NOT_FOUND.into_response(),
            Self::Failed => StatusCode::SERVICE_UNAVAILABLE.into_response(),
            Self::NotProvided => {
                let text = "this handler takes Loaded<T>: the source of the ConditionalLayer around its route has to \
                            hand over a T (Found::with), and a route whose handler states its version is not always \
                            looked up";
                (StatusCode::INTERNAL_SERVER_ERROR, text).into_response()
            }
        }
    }
}

impl<T: Send + Sync + 'static, S: Send + Sync> FromRequestParts<S> for Loaded<T> {
    type Rejection = LoadedRejection;

    async fn from_request_parts(head: &mut Parts, _: &S) -> Result<Self, LoadedRejection> {
        Self::of(&head.extensions).ok_or_else(|| LoadedRejection::of(head))
    }
}

/// `None` if the target does not exist.
impl<T: Send + Sync + 'static, S: Send + Sync> OptionalFromRequestParts<S> for Loaded<T> {
    type Rejection = LoadedRejection;

    async fn from_request_parts(head: &mut Parts, _: &S) -> Result<Option<Self>, LoadedRejection> {
        match (Self::of(&head.extensions), LoadedRejection::of(head)) {
            (Some(loaded), _) => Ok(Some(loaded)),
            (None, LoadedRejection::Absent) => Ok(None),
            (None, rejection) => Err(rejection),
        }
    }
}

/// The preconditions of a request, for a handler that evaluates them inside its own transaction ([`Current::Delegated`]).
///
/// ```
/// use tower_conditional::handler::EvaluatedByHandler;
/// use tower_conditional::{EntityTag, PreconditionFailed};
/// use tower_conditional::extract::RequestPreconditions;
///
/// async fn save(preconditions: RequestPreconditions) -> Result<EvaluatedByHandler, PreconditionFailed> {
///     preconditions.require()?; // 428
///     // begin; select version …
///     preconditions.check(EntityTag::from_version(7))?;
///     // update …; commit
///     Ok(EvaluatedByHandler)
/// }
/// ```
#[doc(alias("If-Match", "If-None-Match"))]
#[derive(Clone, Debug)]
pub struct RequestPreconditions {
    method: Method,
    fields: HeaderMap,
    now: HttpDate,
}

impl RequestPreconditions {
    /// Evaluates the preconditions: see [`Preconditions::check`].
    ///
    /// # Errors
    ///
    /// The request must not be performed. The error becomes the answer.
    pub fn check(&self, current: impl Into<Current>) -> Result<(), PreconditionFailed> {
        self.get().check(current)
    }

    /// Requires a precondition that guards a write: see [`Preconditions::require`].
    ///
    /// # Errors
    ///
    /// The request carries none. The error becomes the answer, a 428.
    pub fn require(&self) -> Result<(), PreconditionFailed> {
        self.get().require()
    }

    /// The preconditions themselves.
    #[must_use]
    pub fn get(&self) -> Preconditions<'_> {
        Preconditions::parse(&self.method, &self.fields, self.now)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for RequestPreconditions {
    type Rejection = Infallible;

    async fn from_request_parts(head: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let mut fields = HeaderMap::new();
        let names = Field::ALL.map(Field::header_name);
        for name in names.into_iter().chain([http::header::RANGE]) {
            for line in head.headers.get_all(&name) {
                fields.append(&name, line.clone());
            }
        }
        Ok(Self {
            method: head.method.clone(),
            fields,
            now: SystemTime::now().into(),
        })
    }
}
