//! Extractors: what the layer has checked, and the preconditions for handlers that judge by themselves.

use std::convert::Infallible;
use std::time::SystemTime;

use ::axum::extract::{FromRequestParts, OptionalFromRequestParts};
use ::axum::response::{IntoResponse, Response};
use http::request::Parts;
use http::{HeaderMap, Method, StatusCode};

use crate::field::Field;
use crate::{Checked, Current, HttpDate, PreconditionFailed, Preconditions};

/// The handler asks for [`Checked`], and no layer has judged the request: 500, because the route is put together
/// wrongly. Reads are not [`Checked`], only writes are; a POST is only if it carries preconditions, so its handler
/// takes an `Option<Checked>`.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct NotChecked;

impl IntoResponse for NotChecked {
    fn into_response(self) -> Response {
        let text = "this handler needs a ConditionalLayer that looks validators up around its route; for a method \
                    that is judged only when it carries preconditions, such as POST, take Option<Checked>";
        (StatusCode::INTERNAL_SERVER_ERROR, text).into_response()
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Checked {
    type Rejection = NotChecked;

    async fn from_request_parts(head: &mut Parts, _: &S) -> Result<Self, NotChecked> {
        head.extensions.get().cloned().ok_or(NotChecked)
    }
}

impl<S: Send + Sync> OptionalFromRequestParts<S> for Checked {
    type Rejection = Infallible;

    async fn from_request_parts(head: &mut Parts, _: &S) -> Result<Option<Self>, Infallible> {
        Ok(head.extensions.get().cloned())
    }
}

/// The preconditions of a request, for a handler that judges them inside its own transaction
/// ([`Current::Delegated`]).
///
/// ```
/// use tower_conditional::{EntityTag, JudgedByHandler, PreconditionFailed, axum::RequestPreconditions};
///
/// async fn save(preconditions: RequestPreconditions) -> Result<JudgedByHandler, PreconditionFailed> {
///     preconditions.require()?; // 428
///     // begin; select version …
///     preconditions.check(EntityTag::from_version(7))?;
///     // update …; commit
///     Ok(JudgedByHandler)
/// }
/// ```
#[derive(Clone, Debug)]
pub struct RequestPreconditions {
    method: Method,
    fields: HeaderMap,
    now: HttpDate,
}

impl RequestPreconditions {
    /// Judges the request: see [`Preconditions::check`].
    ///
    /// # Errors
    ///
    /// The request must not be performed; the error is the answer.
    pub fn check(&self, current: impl Into<Current>) -> Result<(), PreconditionFailed> {
        self.get().check(current)
    }

    /// Whether a precondition is there that guards a write: see [`Preconditions::require`].
    ///
    /// # Errors
    ///
    /// None is there; the error is the answer, a 428.
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
