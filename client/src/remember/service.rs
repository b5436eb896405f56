//! The service: If-None-Match on the way out, the remembered representation on the way back.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::header::{
    CACHE_CONTROL, CONTENT_LENGTH, CONTENT_LOCATION, ETAG, HeaderMap, HeaderName, HeaderValue,
    IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_RANGE, IF_UNMODIFIED_SINCE, LAST_MODIFIED,
    LOCATION, RANGE, TRANSFER_ENCODING, VARY,
};
use http::{Method, Request, Response, StatusCode, Uri};
use http_body::Body;
use http_body_util::{BodyExt, Either, Full};
use tower::Service;
use tower_conditional::EntityTag;

use super::store::{Remembered, Store};
use crate::BoxError;
use crate::exchange::resolve;

/// The service of a [`RememberLayer`](crate::RememberLayer).
#[derive(Clone)]
pub struct Remember<S> {
    pub(super) inner: S,
    pub(super) store: Arc<dyn Store>,
    pub(super) largest: u64,
}

/// The tag of a response, in its extensions. A write that carries it in its own extensions gets the tag as If-Match.
///
/// A layer cannot know which version a caller's text was made from: so it offers the tag together with the response, and sends
/// only what the caller hands back.
///
/// # Examples
///
/// ```
/// use http::{Request, Response};
/// use tower_conditional_client::ReadTag;
///
/// fn save(read: &Response<()>, text: String) -> Option<Request<String>> {
///     let tag = read.extensions().get::<ReadTag>()?.clone();
///     let mut save = Request::put("/notes/1").body(text).ok()?;
///     save.extensions_mut().insert(tag);
///     Some(save)
/// }
/// # let _ = save;
/// ```
#[derive(Clone, Debug)]
pub struct ReadTag(EntityTag);

impl<S, ReqBody, ResBody> Service<Request<ReqBody>> for Remember<S>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>> + Clone + Send + 'static,
    S::Future: Send,
    S::Error: Into<BoxError>,
    ReqBody: Send + 'static,
    ResBody: Body<Data = Bytes> + Send + 'static,
    ResBody::Error: Into<BoxError>,
{
    type Response = Response<Either<ResBody, Full<Bytes>>>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, mut request: Request<ReqBody>) -> Self::Future {
        let (store, largest) = (self.store.clone(), self.largest);
        let uri = request.uri().clone();
        if !request.method().is_safe() {
            offer_tag(&mut request);
            let answering = self.inner.call(request);
            return Box::pin(async move {
                let response = answering.await;
                store.remove(&key_of(&uri));
                let response = response.map_err(Into::into)?;
                for uri in others_changed(&uri, response.headers()) {
                    store.remove(&uri);
                }
                Ok(with_tag(response.map(Either::Left)))
            });
        }
        if !may_be_remembered(&request) {
            let answering = self.inner.call(request);
            return Box::pin(async move {
                let response = answering.await.map_err(Into::into)?;
                Ok(with_tag(response.map(Either::Left)))
            });
        }
        let sent = request.headers().clone();
        let known = store.get(&key_of(&uri)).filter(|known| known.is_for(&sent));
        if let Some(known) = &known {
            known.ask_again(request.headers_mut());
        }
        let answering = self.inner.call(request);
        Box::pin(async move {
            let response = answering.await.map_err(Into::into)?;
            let response = match known {
                Some(known) if response.status() == StatusCode::NOT_MODIFIED => {
                    if known.is_meant_by(response.headers()) {
                        let fresh = known.refreshed(response.headers());
                        store.put(&key_of(&uri), fresh.clone());
                        fresh.into_response()
                    } else {
                        store.remove(&key_of(&uri));
                        known.into_response()
                    }
                }
                _ => remember(&*store, &uri, &sent, largest, response).await?,
            };
            Ok(with_tag(response))
        })
    }
}

/// The URI as it is remembered.
fn key_of(uri: &Uri) -> String {
    uri.to_string()
}

/// Puts the tag that the caller hands back into If-Match. A weak one never matches, and the server says so.
fn offer_tag<B>(request: &mut Request<B>) {
    if let Some(ReadTag(tag)) = request.extensions_mut().remove()
        && !request.headers().contains_key(IF_MATCH)
    {
        request.headers_mut().insert(IF_MATCH, tag.into());
    }
}

/// The response, with its tag in its extensions.
fn with_tag<B>(mut response: Response<B>) -> Response<B> {
    let tag = response
        .headers()
        .get(ETAG)
        .and_then(|tag| EntityTag::try_from(tag).ok());
    if let Some(tag) = tag.filter(|_| response.status().is_success()) {
        response.extensions_mut().insert(ReadTag(tag));
    }
    response
}

/// Whether the answer to this request may be remembered, and asked for again. A caller that sends conditional headers or Range
/// wants to see the answer to them.
fn may_be_remembered<B>(request: &Request<B>) -> bool {
    const OWN: [HeaderName; 6] = [
        IF_MATCH,
        IF_NONE_MATCH,
        IF_MODIFIED_SINCE,
        IF_UNMODIFIED_SINCE,
        IF_RANGE,
        RANGE,
    ];
    let headers = request.headers();
    *request.method() == Method::GET
        && !OWN.iter().any(|name| headers.contains_key(name))
        && !has_directive(headers, "no-store")
}

/// The other resources that a successful write has changed (RFC 9111, section 4.4).
fn others_changed(uri: &Uri, headers: &HeaderMap) -> Vec<String> {
    let named = [LOCATION, CONTENT_LOCATION]
        .into_iter()
        .filter_map(|name| headers.get(name));
    let resolved = named.filter_map(|value| resolve(uri, value.to_str().ok()?));
    let same_origin = resolved.filter(|other| other.authority() == uri.authority());
    same_origin.map(|other| key_of(&other)).collect()
}

/// Remembers a response if that is allowed and its body is short. The body is read before it is returned.
async fn remember<B>(
    store: &dyn Store,
    uri: &Uri,
    sent: &HeaderMap,
    largest: u64,
    response: Response<B>,
) -> Result<Response<Either<B, Full<Bytes>>>, BoxError>
where
    B: Body<Data = Bytes>,
    B::Error: Into<BoxError>,
{
    let varied_on = varied_on(response.headers(), sent);
    let headers = response.headers();
    let has_validator = headers.contains_key(ETAG) || headers.contains_key(LAST_MODIFIED);
    let is_short = response
        .body()
        .size_hint()
        .exact()
        .is_some_and(|length| length <= largest);
    let is_whole = response.status() == StatusCode::OK;
    let (true, Some(varied_on)) = (
        is_whole && has_validator && is_short && !has_directive(headers, "no-store"),
        varied_on,
    ) else {
        // What is there now is not what is remembered.
        store.remove(&key_of(uri));
        return Ok(response.map(Either::Left));
    };
    let (head, body) = response.into_parts();
    let body = body.collect().await.map_err(Into::into)?.to_bytes();
    let remembered = Remembered {
        headers: head.headers.clone(),
        body: body.clone(),
        varied_on,
    };
    store.put(&key_of(uri), remembered);
    Ok(Response::from_parts(head, Either::Right(Full::new(body))))
}

/// The request fields that Vary names, as they were sent. `None` for `*`, which nothing matches.
fn varied_on(headers: &HeaderMap, sent: &HeaderMap) -> Option<Vec<(HeaderName, Vec<HeaderValue>)>> {
    let mut varied = Vec::new();
    for name in headers
        .get_all(VARY)
        .iter()
        .flat_map(|line| line.as_bytes().split(|&b| b == b','))
    {
        let name = name.trim_ascii();
        if name.is_empty() {
            continue;
        }
        let name = HeaderName::from_bytes(name).ok()?; // `*` is no name
        if name.as_str() == "*" {
            return None;
        }
        let values = sent.get_all(&name).iter().cloned().collect();
        varied.push((name, values));
    }
    Some(varied)
}

/// Whether Cache-Control has this directive.
fn has_directive(headers: &HeaderMap, directive: &str) -> bool {
    let lines = headers.get_all(CACHE_CONTROL).iter();
    let mut directives = lines.flat_map(|line| line.as_bytes().split(|&byte| byte == b','));
    directives.any(|one| one.trim_ascii().eq_ignore_ascii_case(directive.as_bytes()))
}

impl Remembered {
    /// Whether it answers a request with these fields (RFC 9111, section 4.1).
    fn is_for(&self, sent: &HeaderMap) -> bool {
        self.varied_on
            .iter()
            .all(|(name, values)| sent.get_all(name).iter().eq(values))
    }

    /// Adds the conditional header of its validator (RFC 9110, section 13.1).
    fn ask_again(&self, headers: &mut HeaderMap) {
        if let Some(tag) = self.headers.get(ETAG) {
            headers.insert(IF_NONE_MATCH, tag.clone());
        } else if let Some(date) = self.headers.get(LAST_MODIFIED) {
            headers.insert(IF_MODIFIED_SINCE, date.clone());
        }
    }

    /// Whether a 304 is about this representation: its tag, if it has one, is the remembered one, perhaps weakened on the way;
    /// where there are no tags, its date is (RFC 9111, section 4.3.4).
    fn is_meant_by(&self, not_modified: &HeaderMap) -> bool {
        fn opaque(tag: &HeaderValue) -> &[u8] {
            let tag = tag.as_bytes();
            tag.strip_prefix(b"W/").unwrap_or(tag)
        }
        let own = self.headers.get(ETAG).map(opaque);
        match (not_modified.get(ETAG), not_modified.get(LAST_MODIFIED)) {
            (Some(tag), _) => own == Some(opaque(tag)),
            (None, Some(date)) if own.is_none() => self.headers.get(LAST_MODIFIED) == Some(date),
            (None, _) => true,
        }
    }

    /// With the fields that the 304 has (RFC 9111, section 3.2), but with its own validators, as they were sent with the body:
    /// those of another body would let a save overwrite what nobody has seen.
    fn refreshed(mut self, not_modified: &HeaderMap) -> Self {
        const OWN: [HeaderName; 4] = [CONTENT_LENGTH, TRANSFER_ENCODING, ETAG, LAST_MODIFIED];
        for name in not_modified.keys() {
            if OWN.contains(name) {
                continue;
            }
            self.headers.remove(name);
            for value in not_modified.get_all(name) {
                self.headers.append(name, value.clone());
            }
        }
        self
    }

    fn into_response<B>(self) -> Response<Either<B, Full<Bytes>>> {
        let mut response = Response::new(Either::Right(Full::new(self.body)));
        *response.headers_mut() = self.headers;
        response
    }
}

impl<S: fmt::Debug> fmt::Debug for Remember<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Remember")
            .field("inner", &self.inner)
            .finish_non_exhaustive()
    }
}
