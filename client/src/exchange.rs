//! One request and its whole answer.

use bytes::Bytes;
use http::header::LOCATION;
use http::{Request, Response, StatusCode, Uri};
use http_body::Body;
use http_body_util::{BodyExt, Full, Limited};
use tower::Service;

use crate::{BoxError, Error};

/// An answer whose head has come. Its body may have been lost on the way.
pub(crate) struct Answer {
    pub(crate) head: http::response::Parts,
    pub(crate) body: Result<Bytes, Error>,
}

impl Answer {
    pub(crate) fn status(&self) -> StatusCode {
        self.head.status
    }

    /// The whole answer.
    pub(crate) fn into_response(self) -> Result<Response<Bytes>, Error> {
        Ok(Response::from_parts(self.head, self.body?))
    }

    /// The error for an answer that the call cannot use.
    pub(crate) fn into_error(self) -> Error {
        match self.into_response() {
            Ok(response) => Error::Status(Box::new(response)),
            Err(error) => error,
        }
    }
}

/// Sends a request by a clone of the service, once that is ready, and reads the answer up to `limit` bytes.
pub(crate) async fn exchange<S, B>(
    mut service: S,
    request: Request<Full<Bytes>>,
    limit: usize,
    is_unsent: impl Fn(&(dyn std::error::Error + 'static)) -> bool,
) -> Result<Answer, Error>
where
    S: Service<Request<Full<Bytes>>, Response = Response<B>>,
    S::Error: Into<BoxError>,
    B: Body,
    B::Error: Into<BoxError>,
{
    std::future::poll_fn(|cx| service.poll_ready(cx))
        .await
        .map_err(|error| Error::NotSent(error.into()))?;
    let response = service.call(request).await.map_err(|error| {
        let error = error.into();
        if is_unsent(&*error) {
            Error::NotSent(error)
        } else {
            Error::Lost(error)
        }
    })?;
    let (head, body) = response.into_parts();
    let body = match Limited::new(body, limit).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) => Err(Error::Body(head.status, error)),
    };
    Ok(Answer { head, body })
}

/// Where a redirect leads to, if that is on the same origin.
pub(crate) fn redirect(base: &Uri, head: &http::response::Parts) -> Option<Uri> {
    let location = head.headers.get(LOCATION)?.to_str().ok()?;
    let target = resolve(base, location)?;
    let same_origin = target.scheme() == base.scheme() && target.authority() == base.authority();
    same_origin.then_some(target)
}

/// Resolves an absolute URI or an absolute path against the URI of the request
/// ([RFC 3986, section 5](https://www.rfc-editor.org/rfc/rfc3986#section-5)). `None` for other references, which are rare.
pub(crate) fn resolve(base: &Uri, reference: &str) -> Option<Uri> {
    let reference = reference.split('#').next()?;
    if !reference.starts_with('/') || reference.starts_with("//") {
        let absolute: Uri = reference.parse().ok()?;
        return absolute.scheme().is_some().then_some(absolute);
    }
    let mut parts = base.clone().into_parts();
    parts.path_and_query = Some(reference.parse().ok()?);
    Uri::from_parts(parts).ok()
}

/// Whether the reference in Content-Location names the resource of the request.
pub(crate) fn names(base: &Uri, reference: &[u8]) -> bool {
    let reference = std::str::from_utf8(reference).ok();
    let resolved = reference.and_then(|reference| resolve(base, reference));
    resolved.is_some_and(|resolved| {
        let origin = |uri: &Uri| (uri.scheme().cloned(), uri.authority().cloned());
        // A service in process has requests without an origin.
        let same_origin = base.authority().is_none() || origin(&resolved) == origin(base);
        same_origin && resolved.path_and_query() == base.path_and_query()
    })
}
