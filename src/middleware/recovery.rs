//! Help for a refused write: the current representation in the 412 itself ([RFC 7240], [RFC 8144, section 3.2]), or the
//! 2xx of a first attempt that has taken effect ([RFC 9110, section 13.1.1]).
//!
//! [RFC 7240]: https://www.rfc-editor.org/rfc/rfc7240
//! [RFC 8144, section 3.2]: https://www.rfc-editor.org/rfc/rfc8144#section-3.2
//! [RFC 9110, section 13.1.1]: https://www.rfc-editor.org/rfc/rfc9110#section-13.1.1

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http::header::{
    CACHE_CONTROL, CONTENT_LENGTH, CONTENT_LOCATION, HeaderMap, HeaderName, HeaderValue, VARY,
};
use http::request::Parts;
use http::{Request, Response, StatusCode};
use http_body::Body;
use tower::Service;

use super::prefer::asks_for_representation;
use crate::BoxError;
use crate::Current;
use crate::body::ConditionalBody;
use crate::field::Field;
use crate::frames::whole;
use crate::source::{ProbeBody, ask, probe_for};
use crate::token_list::add_vary;

const PREFERENCE_APPLIED: HeaderName = HeaderName::from_static("preference-applied");
const RETURN_REPRESENTATION: &str = "return=representation";

/// The largest representation that a 412 carries, in bytes.
const LIMIT: u64 = 1024 * 1024;

type Answer = Pin<Box<dyn Future<Output = Option<Response<Bytes>>> + Send>>;

/// Asks the user's reader for the current representation.
#[derive(Clone)]
pub(crate) struct Recovery(Arc<dyn Fn(Request<ProbeBody>) -> Answer + Send + Sync>);

impl Recovery {
    pub(crate) fn new<R, B>(reader: R) -> Self
    where
        R: Service<Request<ProbeBody>, Response = Response<B>> + Clone + Send + 'static,
        R::Future: Send,
        R::Error: Into<BoxError>,
        B: Body<Data = Bytes> + Send + Unpin,
    {
        // Locked only to clone the reader, which need not be `Sync`.
        let reader = Mutex::new(reader);
        Self(Arc::new(move |probe| {
            let reader = reader
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .clone();
            Box::pin(async move {
                let (head, body) = ask(reader, probe).await.ok()?.into_parts();
                let body = whole(body, LIMIT).await?;
                Some(Response::from_parts(head, body))
            })
        }))
    }

    /// Whether the client asks for the representation.
    pub(crate) fn is_wanted(head: &Parts) -> bool {
        asks_for_representation(&head.headers)
    }

    /// Puts the representation that a GET by the same caller gets into the 412. Without a 2xx the refusal stays as it is.
    pub(crate) async fn add_to<B: Body>(
        &self,
        head: &Parts,
        refusal: Response<ConditionalBody<B>>,
    ) -> Response<ConditionalBody<B>> {
        let found = (self.0)(probe_for(head)).await;
        let Some(found) = found.filter(|found| found.status().is_success()) else {
            return refusal;
        };
        let (mut found, body) = found.into_parts();
        found.status = StatusCode::PRECONDITION_FAILED;
        let headers = &mut found.headers;
        headers.remove(CONTENT_LENGTH);
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(
            PREFERENCE_APPLIED,
            HeaderValue::from_static(RETURN_REPRESENTATION),
        );
        if !headers.contains_key(CONTENT_LOCATION)
            && let Some(location) = target_of(head)
        {
            headers.insert(CONTENT_LOCATION, location);
        }
        vary_on_prefer(headers);
        Response::from_parts(found, ConditionalBody::text(body))
    }
}

impl fmt::Debug for Recovery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Recovery")
    }
}

/// Adds Prefer to Vary, because the answer depends on it even if the request has none (RFC 7240, section 2).
pub(crate) fn vary_on_prefer(headers: &mut HeaderMap) {
    add_vary(headers, &HeaderValue::from_static("prefer"));
    debug_assert!(headers.contains_key(VARY));
}

/// The target as the client sent it, if axum knows it. The URI of the head may lack the prefix of a `nest`, and would name
/// another resource.
#[cfg(feature = "axum")]
fn target_of(head: &Parts) -> Option<HeaderValue> {
    let original = head.extensions.get::<axum::extract::OriginalUri>()?;
    HeaderValue::from_str(original.0.path_and_query()?.as_str()).ok()
}

#[cfg(not(feature = "axum"))]
const fn target_of(_: &Parts) -> Option<HeaderValue> {
    None
}

/// Asks the application whether a write that would be refused has already taken effect.
#[derive(Clone)]
pub(crate) struct AlreadyApplied(Arc<Hook>);

type Hook = dyn Fn(&Parts, &Current) -> Answer + Send + Sync;

impl AlreadyApplied {
    pub(crate) fn new<F, Fut, B>(hook: F) -> Self
    where
        F: Fn(&Parts, &Current) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Option<Response<B>>> + Send + 'static,
        B: Into<Bytes>,
    {
        Self(Arc::new(move |head, current| {
            let answer = hook(head, current);
            Box::pin(async move { Some(answer.await?.map(Into::into)) })
        }))
    }

    /// The 2xx that the first attempt got, if the application has one. Section 13.1 allows it only for If-Match and
    /// If-Unmodified-Since.
    pub(crate) async fn answer(
        &self,
        head: &Parts,
        field: Option<Field>,
        current: &Current,
    ) -> Option<Response<Bytes>> {
        if !matches!(field, Some(Field::IfMatch | Field::IfUnmodifiedSince)) {
            return None;
        }
        let answer = (self.0)(head, current).await;
        answer.filter(|answer| answer.status().is_success())
    }
}

impl fmt::Debug for AlreadyApplied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AlreadyApplied")
    }
}
