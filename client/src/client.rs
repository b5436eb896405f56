//! The calls of a client: read, save, create, delete.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{
    ACCEPT, CONTENT_LOCATION, CONTENT_TYPE, ETAG, HeaderMap, HeaderName, HeaderValue, IF_MATCH,
    IF_NONE_MATCH,
};
use http::{Method, Request, Response, StatusCode, Uri};
use http_body::Body;
use http_body_util::Full;
use tower::Service;
use tower_conditional::EntityTag;

use crate::backoff::Backoff;
use crate::error::{is_absent, leaves_open};
use crate::exchange::{Answer, exchange, names, redirect};
use crate::problem::Problem;
use crate::write_error::{
    AnswerLost, Applied, Conflict, Current, NotPerformed, Rewritten, Why, WriteError,
};
use crate::{BoxError, Content, Error, Seen};

/// How many redirects a read follows.
const REDIRECTS: usize = 5;

const PREFER: HeaderName = HeaderName::from_static("prefer");
const PREFERENCE_APPLIED: HeaderName = HeaderName::from_static("preference-applied");
const RETURN_REPRESENTATION: HeaderValue = HeaderValue::from_static("return=representation");

/// A client whose calls cannot lose an update by accident.
///
/// A read returns [`Seen`]: a value and its entity tag. A write takes it back, and sends its tag in If-Match, so that it can
/// only replace the version that its value was made from. What was refused is a [`Conflict`], with both versions; there is no
/// call that puts a new tag on old text.
///
/// It sends requests by a tower service: hyper-util's client, reqwest's, or an axum `Router` in process. What every request
/// needs (credentials, a timeout) is a layer around that service. The service gets whole bodies, `Full<Bytes>`; for one with
/// another body type use `map_request`.
///
/// # Examples
///
/// ```
/// # use axum::{Router, routing::get};
/// use serde::{Deserialize, Serialize};
/// use tower_conditional_client::{Backoff, Client, Json};
///
/// #[derive(Debug, Serialize, Deserialize)]
/// struct Counter { value: u64 }
///
/// # tokio::runtime::Runtime::new().unwrap().block_on(async {
/// # mod doc { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/examples/counter.rs")); }
/// # let app: Router = doc::counter();
/// // Any tower service; here a router in process.
/// let client = Client::new(app, Backoff::new(tokio::time::sleep, || fastrand::u64(..)));
/// let counter = "/counter".parse()?;
///
/// let seen = client.read::<Json<Counter>>(&counter).await?;
/// let next = Json(Counter { value: seen.value().0.value + 1 });
/// let seen = client.save(seen, next).await?;
///
/// // Or: apply a function to fresh state until it is saved.
/// let seen = client.update(&counter, |Json(now): &Json<Counter>| Json(Counter { value: now.value + 1 })).await?;
/// assert_eq!(seen.value().0.value, 2);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// ```
#[derive(Clone)]
pub struct Client<S> {
    service: S,
    pub(crate) backoff: Backoff,
    limit: usize,
    sends_weak_tags: bool,
    prefers_current: bool,
    is_unsent: Option<UnsentFn>,
}

type UnsentFn = Arc<dyn Fn(&(dyn std::error::Error + 'static)) -> bool + Send + Sync>;

impl<S> Client<S> {
    /// A client that sends its requests by this service. Only [`update`](Self::update) waits, by this back-off.
    pub const fn new(service: S, backoff: Backoff) -> Self {
        Self {
            service,
            backoff,
            limit: 8 * 1024 * 1024,
            sends_weak_tags: false,
            prefers_current: false,
            is_unsent: None,
        }
    }

    /// Reads bodies up to this many bytes (default 8 MiB).
    #[must_use]
    pub const fn limit(mut self, bytes: usize) -> Self {
        self.limit = bytes;
        self
    }

    /// Sends weak tags in If-Match, for an API that asks for it (FHIR, SCIM, OData), although
    /// [RFC 9110, section 13.1.1](https://www.rfc-editor.org/rfc/rfc9110#section-13.1.1) has them never match.
    #[must_use]
    pub const fn send_weak_tags(mut self) -> Self {
        self.sends_weak_tags = true;
        self
    }

    /// Asks the server to put the current state into its refusal (`Prefer: return=representation`,
    /// [RFC 8144, section 3.2](https://www.rfc-editor.org/rfc/rfc8144#section-3.2)), which saves the read after a conflict.
    ///
    /// Such a refusal says nothing else: [`Conflict::reason`] and [`Conflict::field`] are `None` then. A server that does not
    /// do it is asked by a read, as ever.
    #[must_use]
    pub const fn prefer_current_state(mut self) -> Self {
        self.prefers_current = true;
        self
    }

    /// Says which errors of the service mean that the request was not sent, such as a connection that was refused. Without it
    /// every error means that the request may have been performed.
    ///
    /// ```
    /// # fn f<S>(client: tower_conditional_client::Client<S>) {
    /// let client = client.unsent_if(|error| {
    ///     error.downcast_ref::<std::io::Error>().is_some_and(|error| error.kind() == std::io::ErrorKind::ConnectionRefused)
    /// });
    /// # }
    /// ```
    #[must_use]
    pub fn unsent_if(
        mut self,
        is_unsent: impl Fn(&(dyn std::error::Error + 'static)) -> bool + Send + Sync + 'static,
    ) -> Self {
        self.is_unsent = Some(Arc::new(is_unsent));
        self
    }
}

impl<S, B> Client<S>
where
    S: Service<Request<Full<Bytes>>, Response = Response<B>> + Clone,
    S::Error: Into<BoxError>,
    B: Body,
    B::Error: Into<BoxError>,
{
    /// Reads a resource.
    ///
    /// Up to five redirects on the same origin are followed: [`Seen::uri`] is the resource that was read in the end, and that
    /// is the one that a save changes.
    ///
    /// # Errors
    ///
    /// The resource does not exist ([`Error::is_absent`]), or there is no usable answer. A redirect to another origin is
    /// [`Error::Status`]: the credentials of the service may not be for that one.
    pub async fn read<T: Content>(&self, uri: &Uri) -> Result<Seen<T>, Error> {
        let mut uri = uri.clone();
        for _ in 0..=REDIRECTS {
            let mut request = request(Method::GET, &uri, Bytes::new());
            if let Some(accepted) = accept(T::media_type()) {
                request.headers_mut().insert(ACCEPT, accepted);
            }
            let answer = self.send(request).await?;
            match answer.status() {
                StatusCode::OK | StatusCode::NON_AUTHORITATIVE_INFORMATION => {
                    return seen_in(uri, answer);
                }
                status if status.is_redirection() => match redirect(&uri, &answer.head) {
                    Some(target) => uri = target,
                    None => return Err(answer.into_error()),
                },
                _ => return Err(answer.into_error()),
            }
        }
        Err(Error::Lost("too many redirects".into()))
    }

    /// Replaces what was seen by a new value: a PUT with If-Match.
    ///
    /// Returns the new version: with the tag of the answer, or read again if the answer has none. What was read again is what
    /// the server has made of the value, or what somebody else has saved since. So begin the next change from
    /// [`Seen::value`], and not from what was sent; what was typed while the save was on its way is merged with it, and what
    /// was sent is what both were made from:
    ///
    /// ```no_run
    /// # async fn f(
    /// #     notes: tower_conditional_client::Client<axum::Router>,
    /// #     typed: impl Fn() -> String,
    /// #     merge: impl Fn(&str, &str, &str) -> String,
    /// # ) -> Result<(), Box<dyn std::error::Error>> {
    /// # let seen = notes.read::<String>(&"/notes/1".parse()?).await?;
    /// let sent = typed();
    /// let saved = notes.save(seen, sent.clone()).await?;
    /// let next = merge(&sent, &typed(), saved.value());
    /// # let _ = next;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// Somebody else has changed the resource ([`WriteError::Conflict`], with the fresh state), the answer was lost, or the
    /// write was not performed. Everything that the caller needs to go on is in the error.
    pub async fn save<T: Content>(&self, seen: Seen<T>, mine: T) -> Result<Seen<T>, WriteError<T>> {
        match self.put(seen, mine).await {
            Put::Done(saved) => saved,
            Put::Stale(stale) => {
                let theirs = self.theirs(&stale.seen.uri, &stale.answer).await;
                Err(stale.into_conflict(theirs))
            }
        }
    }

    /// Creates a resource under this URI: a PUT with `If-None-Match: *`.
    ///
    /// # Errors
    ///
    /// It exists already ([`WriteError::Conflict`], with the one that is there), the answer was lost, or the write was not
    /// performed.
    pub async fn create<T: Content>(&self, uri: &Uri, mine: T) -> Result<Seen<T>, WriteError<T>> {
        let body = match mine.encode() {
            Ok(body) => body,
            Err(error) => {
                return Err(not_performed(
                    None,
                    Some(mine),
                    Why::Other(Error::Encode(error)),
                ));
            }
        };
        let mut request = request(Method::PUT, uri, body);
        let headers = request.headers_mut();
        headers.insert(IF_NONE_MATCH, HeaderValue::from_static("*"));
        if let Some(media_type) = T::media_type() {
            headers.insert(CONTENT_TYPE, media_type);
        }
        match self.outcome(request).await {
            Outcome::Accepted(answer) => self.accepted(uri.clone(), mine, answer).await,
            Outcome::Failed(answer) => {
                let theirs = self.theirs(uri, &answer).await;
                Err(conflict(None, Some(mine), theirs, None, answer))
            }
            Outcome::Required(field, answer) => Err(not_performed(
                None,
                Some(mine),
                Why::PreconditionRequired(field, answer),
            )),
            Outcome::Refused(error) => Err(not_performed(None, Some(mine), Why::Other(error))),
            Outcome::Lost(error) => {
                let theirs = self.current::<T>(uri).await;
                let applied = match &theirs {
                    Current::Exists(theirs) if theirs.value.is_same(&mine) => Applied::Yes,
                    Current::Gone => Applied::NotYet,
                    Current::Exists(_) | Current::Unread(_) => Applied::Unknown,
                };
                Err(lost(None, Some(mine), applied, theirs, error))
            }
        }
    }

    /// Deletes what was seen: a DELETE with If-Match.
    ///
    /// # Errors
    ///
    /// As for [`save`](Self::save). A resource that is gone already is a [`WriteError::Conflict`] with [`Current::Gone`].
    pub async fn delete<T: Content>(&self, seen: Seen<T>) -> Result<(), WriteError<T>> {
        let tag = match self.if_match(&seen) {
            Ok(tag) => tag,
            Err(why) => return Err(not_performed(Some(seen), None, why)),
        };
        let mut request = request(Method::DELETE, &seen.uri, Bytes::new());
        request.headers_mut().insert(IF_MATCH, tag);
        match self.outcome(request).await {
            Outcome::Accepted(_) => Ok(()),
            Outcome::Failed(answer) => {
                let theirs = self.theirs(&seen.uri, &answer).await;
                Err(conflict(
                    Some(seen.value),
                    None,
                    theirs,
                    seen.tag.as_ref(),
                    answer,
                ))
            }
            Outcome::Required(field, answer) => Err(not_performed(
                Some(seen),
                None,
                Why::PreconditionRequired(field, answer),
            )),
            Outcome::Refused(error) => Err(not_performed(Some(seen), None, Why::Other(error))),
            Outcome::Lost(error) => {
                let theirs = self.current::<T>(&seen.uri).await;
                let applied = match &theirs {
                    Current::Gone => Applied::Yes,
                    Current::Exists(theirs) if is_same_version(theirs, &seen) => Applied::NotYet,
                    Current::Exists(_) | Current::Unread(_) => Applied::Unknown,
                };
                Err(lost(Some(seen.value), None, applied, theirs, error))
            }
        }
    }

    /// Sends the new value with the tag of what was seen. A conflict is not looked into yet.
    pub(crate) async fn put<T: Content>(&self, seen: Seen<T>, mine: T) -> Put<T> {
        let tag = match self.if_match(&seen) {
            Ok(tag) => tag,
            Err(why) => return Put::Done(Err(not_performed(Some(seen), Some(mine), why))),
        };
        let body = match mine.encode() {
            Ok(body) => body,
            Err(error) => {
                let why = Why::Other(Error::Encode(error));
                return Put::Done(Err(not_performed(Some(seen), Some(mine), why)));
            }
        };
        let mut request = request(Method::PUT, &seen.uri, body);
        let headers = request.headers_mut();
        headers.insert(IF_MATCH, tag);
        let read_as = seen.head.headers.get(CONTENT_TYPE).cloned();
        if let Some(media_type) = read_as.or_else(T::media_type) {
            headers.insert(CONTENT_TYPE, media_type);
        }
        Put::Done(match self.outcome(request).await {
            Outcome::Accepted(answer) => self.accepted(seen.uri, mine, answer).await,
            Outcome::Failed(answer) => return Put::Stale(Stale { seen, mine, answer }),
            Outcome::Required(field, answer) => Err(not_performed(
                Some(seen),
                Some(mine),
                Why::PreconditionRequired(field, answer),
            )),
            Outcome::Refused(error) => {
                Err(not_performed(Some(seen), Some(mine), Why::Other(error)))
            }
            Outcome::Lost(error) => {
                let theirs = self.current::<T>(&seen.uri).await;
                let applied = match &theirs {
                    Current::Exists(theirs) if is_same_version(theirs, &seen) => Applied::NotYet,
                    Current::Exists(theirs) if theirs.value.is_same(&mine) => Applied::Yes,
                    Current::Exists(_) | Current::Gone | Current::Unread(_) => Applied::Unknown,
                };
                Err(lost(Some(seen.value), Some(mine), applied, theirs, error))
            }
        })
    }

    /// The If-Match that may be sent for what was seen.
    fn if_match<T>(&self, seen: &Seen<T>) -> Result<HeaderValue, Why> {
        match &seen.tag {
            None => Err(Why::NoTag),
            Some(tag) if tag.is_weak() && !self.sends_weak_tags => Err(Why::WeakTag),
            Some(tag) => Ok(tag.into()),
        }
    }

    /// The version that an accepted PUT has made.
    async fn accepted<T: Content>(
        &self,
        uri: Uri,
        mine: T,
        answer: Answer,
    ) -> Result<Seen<T>, WriteError<T>> {
        let tag = tag_in(&answer.head.headers);
        if is_representation_of(&uri, &answer.head.headers)
            && tag.is_some()
            && let Ok(body) = &answer.body
            && let Ok(value) = T::decode(body.clone())
        {
            return Ok(Seen {
                uri,
                value,
                tag,
                head: answer.head.into(),
            });
        }
        // A tag in the response to a PUT says that what was sent is stored as it was (RFC 9110, section 9.3.4).
        if tag.is_some() && !has_representation(&answer.head.headers) {
            return Ok(Seen {
                uri,
                value: mine,
                tag,
                head: answer.head.into(),
            });
        }
        match self.read(&uri).await {
            Ok(seen) => Ok(seen),
            Err(error) => Err(WriteError::Unread(uri, error)),
        }
    }

    /// The fresh state after a refusal: the one in the refusal itself, or else what a read returns.
    async fn theirs<T: Content>(&self, uri: &Uri, refusal: &Response<Bytes>) -> Current<T> {
        if is_absent(refusal.status()) {
            return Current::Gone;
        }
        if is_representation_of(uri, refusal.headers())
            && let Ok(value) = T::decode(refusal.body().clone())
        {
            let (head, ()) = refusal.clone().map(drop).into_parts();
            let tag = tag_in(&head.headers);
            return Current::Exists(Seen {
                uri: uri.clone(),
                value,
                tag,
                head: head.into(),
            });
        }
        self.current(uri).await
    }

    /// The state now.
    async fn current<T: Content>(&self, uri: &Uri) -> Current<T> {
        match self.read(uri).await {
            Ok(seen) => Current::Exists(seen),
            Err(error) if error.is_absent() => Current::Gone,
            Err(error) => Current::Unread(error),
        }
    }

    /// Sends a write, and sorts its answer.
    async fn outcome(&self, mut request: Request<Full<Bytes>>) -> Outcome {
        if self.prefers_current {
            request.headers_mut().insert(PREFER, RETURN_REPRESENTATION);
        }
        let is_guarded_by_tag = request.headers().contains_key(IF_MATCH);
        let answer = match self.send(request).await {
            Ok(answer) => answer,
            Err(error) if error.may_have_been_performed() => return Outcome::Lost(error),
            Err(error) => return Outcome::Refused(error),
        };
        let status = answer.status();
        if status.is_success() && status != StatusCode::ACCEPTED {
            return Outcome::Accepted(answer);
        }
        let is_conflict =
            status == StatusCode::PRECONDITION_FAILED || is_guarded_by_tag && is_absent(status);
        let error = match (answer, is_conflict) {
            (answer, true) => return Outcome::Failed(whole(answer)),
            (answer, false) if status == StatusCode::PRECONDITION_REQUIRED => {
                let response = whole(answer);
                return Outcome::Required(required_by(&response), Box::new(response));
            }
            // The head says that it was refused, also if the body was lost.
            (answer, false)
                if !leaves_open(status)
                    && (status.is_client_error() || status.is_redirection()) =>
            {
                return Outcome::Refused(Error::Status(Box::new(whole(answer))));
            }
            (answer, false) => answer.into_error(),
        };
        if error.may_have_been_performed() {
            Outcome::Lost(error)
        } else {
            Outcome::Refused(error)
        }
    }

    pub(crate) async fn send(&self, request: Request<Full<Bytes>>) -> Result<Answer, Error> {
        let is_unsent = |error: &(dyn std::error::Error + 'static)| {
            self.is_unsent
                .as_ref()
                .is_some_and(|is_unsent| is_unsent(error))
        };
        exchange(self.service.clone(), request, self.limit, is_unsent).await
    }
}

/// What became of a PUT with If-Match.
pub(crate) enum Put<T> {
    Done(Result<Seen<T>, WriteError<T>>),
    Stale(Stale<T>),
}

/// A PUT that was refused because the state has changed.
pub(crate) struct Stale<T> {
    pub(crate) seen: Seen<T>,
    pub(crate) mine: T,
    pub(crate) answer: Response<Bytes>,
}

impl<T> Stale<T> {
    pub(crate) fn into_conflict(self, theirs: Current<T>) -> WriteError<T> {
        let Self { seen, mine, answer } = self;
        conflict(
            Some(seen.value),
            Some(mine),
            theirs,
            seen.tag.as_ref(),
            answer,
        )
    }
}

/// The answer to a write, sorted.
enum Outcome {
    Accepted(Answer),
    /// The precondition failed.
    Failed(Response<Bytes>),
    /// A precondition is required.
    Required(HeaderName, Box<Response<Bytes>>),
    /// Not performed.
    Refused(Error),
    /// Performed or not.
    Lost(Error),
}

/// The answer, without its body if that was lost.
fn whole(answer: Answer) -> Response<Bytes> {
    Response::from_parts(answer.head, answer.body.unwrap_or_default())
}

fn request(method: Method, uri: &Uri, body: Bytes) -> Request<Full<Bytes>> {
    let mut request = Request::new(Full::new(body));
    *request.method_mut() = method;
    *request.uri_mut() = uri.clone();
    request
}

/// What a read accepts: this type before all others.
fn accept(media_type: Option<HeaderValue>) -> Option<HeaderValue> {
    let media_type = media_type?;
    let accepted = [media_type.as_bytes(), b", */*;q=0.5"].concat();
    HeaderValue::from_bytes(&accepted).ok()
}

/// What was read, with its tag.
fn seen_in<T: Content>(uri: Uri, answer: Answer) -> Result<Seen<T>, Error> {
    let body = answer.body?;
    let value = T::decode(body).map_err(Error::Decode)?;
    let tag = tag_in(&answer.head.headers);
    Ok(Seen {
        uri,
        value,
        tag,
        head: answer.head.into(),
    })
}

/// The tag of a response. `None` if there is none, more than one, or none that can be understood.
fn tag_in(headers: &HeaderMap) -> Option<EntityTag> {
    let mut tags = headers.get_all(ETAG).iter();
    let tag = tags.next()?;
    tags.next()
        .is_none()
        .then(|| EntityTag::try_from(tag).ok())
        .flatten()
}

/// Whether the body is the representation of this resource (RFC 7240, section 4.2; RFC 9110, section 8.7).
fn is_representation_of(uri: &Uri, headers: &HeaderMap) -> bool {
    match headers.get(CONTENT_LOCATION) {
        Some(location) => names(uri, location.as_bytes()),
        None => returns_representation(headers),
    }
}

/// Whether the body is a representation, of this resource or of another one.
fn has_representation(headers: &HeaderMap) -> bool {
    headers.contains_key(CONTENT_LOCATION) || returns_representation(headers)
}

fn returns_representation(headers: &HeaderMap) -> bool {
    let applied = headers.get_all(PREFERENCE_APPLIED).iter();
    let mut applied = applied.flat_map(|line| line.as_bytes().split(|&byte| byte == b','));
    applied.any(|preference| {
        let preference = preference.trim_ascii();
        preference.eq_ignore_ascii_case(RETURN_REPRESENTATION.as_bytes())
    })
}

/// The header that a 428 asks for: the one that it names, or else If-Match.
fn required_by(response: &Response<Bytes>) -> HeaderName {
    let named = Problem::of(response).field;
    named
        .and_then(|field| field.parse().ok())
        .unwrap_or(IF_MATCH)
}

/// Whether the tag is still the one that was seen.
fn is_same_version<T>(theirs: &Seen<T>, seen: &Seen<T>) -> bool {
    theirs
        .tag
        .as_ref()
        .zip(seen.tag.as_ref())
        .is_some_and(|(theirs, seen)| theirs.weak_eq(seen))
}

fn not_performed<T>(seen: Option<Seen<T>>, mine: Option<T>, why: Why) -> WriteError<T> {
    WriteError::NotPerformed(Box::new(NotPerformed { seen, mine, why }))
}

fn conflict<T>(
    base: Option<T>,
    mine: Option<T>,
    theirs: Current<T>,
    refused: Option<&EntityTag>,
    response: Response<Bytes>,
) -> WriteError<T> {
    let problem = Problem::of(&response);
    let current = match &theirs {
        Current::Exists(theirs) => theirs.tag(),
        Current::Gone | Current::Unread(_) => None,
    };
    let rewritten = refused
        .zip(current)
        .and_then(|(refused, current)| Rewritten::between(refused, current));
    WriteError::Conflict(Box::new(Conflict {
        mine,
        base,
        theirs,
        field: problem.field,
        reason: problem.reason,
        rewritten,
        response,
    }))
}

fn lost<T>(
    base: Option<T>,
    mine: Option<T>,
    applied: Applied,
    theirs: Current<T>,
    error: Error,
) -> WriteError<T> {
    WriteError::AnswerLost(Box::new(AnswerLost {
        mine,
        base,
        applied,
        theirs,
        error,
    }))
}

impl<S> fmt::Debug for Client<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("backoff", &self.backoff)
            .field("limit", &self.limit)
            .field("sends_weak_tags", &self.sends_weak_tags)
            .finish_non_exhaustive()
    }
}
