//! Finds out whether a server evaluates preconditions, on a resource that may be lost.

use bytes::Bytes;
use http::header::{HeaderValue, IF_MATCH, IF_NONE_MATCH};
use http::{Method, Request, Response, StatusCode, Uri};
use http_body::Body;
use http_body_util::Full;
use tower::Service;

use crate::{BoxError, Client, Content, Error};

/// A tag that no server has made.
const NO_SUCH_TAG: HeaderValue = HeaderValue::from_static("\"no-version-has-this-tag\"");

/// Whether a server evaluates preconditions of writes.
///
/// # Examples
///
/// See [`Client::check_enforcement`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Enforcement {
    /// Whether a PUT with an If-Match that cannot be true was refused.
    pub if_match: bool,
    /// Whether a PUT with `If-None-Match: *` was refused although the resource exists.
    pub if_none_match: bool,
}

impl<S, B> Client<S>
where
    S: Service<Request<Full<Bytes>>, Response = Response<B>> + Clone,
    S::Error: Into<BoxError>,
    B: Body,
    B::Error: Into<BoxError>,
{
    /// Finds out whether the server evaluates If-Match and If-None-Match of writes, on a resource that does not exist and that
    /// nobody needs.
    ///
    /// **Where the server ignores the headers, this overwrites the resource.** So it creates `scratch` first, and stops if
    /// that exists. It deletes it in the end.
    ///
    /// # Errors
    ///
    /// `scratch` exists already ([`Error::ScratchExists`]) or cannot be created, or there is no answer.
    ///
    /// ```no_run
    /// # async fn f(client: tower_conditional_client::Client<axum::Router>) -> Result<(), Box<dyn std::error::Error>> {
    /// let found = client.check_enforcement(&"/notes/scratch-4711".parse()?, "nothing".to_owned()).await?;
    /// assert!(found.if_match, "this server loses updates");
    /// # Ok(()) }
    /// ```
    pub async fn check_enforcement<T: Content>(
        &self,
        scratch: &Uri,
        content: T,
    ) -> Result<Enforcement, Error> {
        let body = content.encode().map_err(Error::Encode)?;
        match self.read::<Bytes>(scratch).await {
            Err(error) if error.is_absent() => {}
            Err(error) => return Err(error),
            Ok(_) => return Err(Error::ScratchExists),
        }
        let put = |name, value| {
            let mut request = Request::new(Full::new(body.clone()));
            *request.method_mut() = Method::PUT;
            *request.uri_mut() = scratch.clone();
            request.headers_mut().insert(name, value);
            if let Some(media_type) = T::media_type() {
                request
                    .headers_mut()
                    .insert(http::header::CONTENT_TYPE, media_type);
            }
            self.send(request)
        };
        let created = put(IF_NONE_MATCH, HeaderValue::from_static("*")).await?;
        if !created.status().is_success() {
            return Err(created.into_error());
        }
        let if_match = put(IF_MATCH, NO_SUCH_TAG).await;
        let if_none_match = put(IF_NONE_MATCH, HeaderValue::from_static("*")).await;
        let mut delete = Request::new(Full::default());
        *delete.method_mut() = Method::DELETE;
        *delete.uri_mut() = scratch.clone();
        if let Ok(seen) = self.read::<Bytes>(scratch).await
            && let Some(tag) = seen.tag()
        {
            delete.headers_mut().insert(IF_MATCH, tag.into());
        }
        self.send(delete).await?;
        let is_refused = |status| status == StatusCode::PRECONDITION_FAILED;
        Ok(Enforcement {
            if_match: is_refused(if_match?.status()),
            if_none_match: is_refused(if_none_match?.status()),
        })
    }
}
