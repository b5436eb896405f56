//! The probe: a source that only computes looks up as well, by sending a GET to a reader.

use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use http::header::HeaderName;
use http::{Method, Request, Response, StatusCode, request, response};
use http_body::{Body, Frame, SizeHint};
use tower::Service;

use super::hashing::{Hashing, ReadEnd};
use super::reader_refusal::refused_by_reader;
use super::{BodyTag, Found, RequestPath, SourceError, States, Unidentified, ValidatorSource};
use crate::BoxError;
use crate::field::{Field, FieldSet};
use crate::header_map::remove_all;
use crate::lock::{KeyBuf, ResourceKey};
use crate::tag_list::ListForm;
use crate::{Current, HttpDate, Preconditions, Representation};

/// Marks a request as a probe. It is in the extensions of the request, so that the reader can distinguish it from the request
/// of a client.
///
/// # Examples
///
/// ```
/// use http::Request;
/// use tower_conditional::source::Probe;
///
/// fn is_to_be_counted<B>(request: &Request<B>) -> bool {
///     request.extensions().get::<Probe>().is_none()
/// }
/// # let _ = is_to_be_counted(&Request::new(()));
/// ```
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Probe;

/// Marks a write that is probed also without preconditions, because they are only asked for where the target exists: by
/// [`WritePolicy::exempt_creation`](crate::WritePolicy::exempt_creation) or [`ValidatorSource::update_only`].
#[derive(Clone, Copy)]
pub(crate) struct NeedsState;

/// The empty body of a probe.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct ProbeBody;

impl Body for ProbeBody {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        Poll::Ready(None)
    }

    fn is_end_stream(&self) -> bool {
        true
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(0)
    }
}

/// The source that [`BodyHash::probe_with`](crate::BodyHash::probe_with) returns. For a write with preconditions it sends a
/// GET for the same target to the reader, and computes the validators of the response. Reads are not probed.
///
/// **The reader must answer 404 or 410 only if the target does not exist.** Otherwise `If-None-Match: *` is true, and the
/// write replaces an existing resource. Two readers do this wrong: one that hides a 403 behind a 404, and one that has no
/// route for the target, for example because it expects the prefix of a `nest`.
///
/// The reader is a service that you pass in. It cannot be the layer's inner service: in axum a layer wraps the handler of
/// each method by itself, so a GET sent there would run the PUT handler.
///
/// The probe has the headers and the extensions of the write, so that the reader sees the same caller. It does not have the
/// content headers, the conditional headers and Range. The response of the reader decides:
///
/// | the reader answers | the target | a conditional write |
/// |---|---|---|
/// | 404, 410 | is absent | is evaluated |
/// | 2xx | is present | is evaluated |
/// | 401, 403 | is not for this caller | gets that response, without its validators, with `no-store` |
/// | 5xx, 429, an error, a body of another length than it claims | could not be looked up | gets 503 |
/// | anything else | is unknown | gets 412 |
///
/// If the body gets no tag, because it is a stream or too long, the target has none, and no list of tags in If-Match is true.
///
/// # The reader
///
/// - It gets the target as the layer sees it. Inside of an axum `nest` that is without the prefix, so pass the nested router.
/// - An axum `Router` with path parameters needs the feature `axum`. Without it the router adds its parameters to those of
///   the write: then `Path` answers 500, and the write is answered 503. Other readers, such as
///   `get(read).with_state(state)`, get the parameters of the write.
/// - It must not wait for what the write already has, such as the last permit of a concurrency limit outside of the layer.
///   That would be a deadlock.
/// - If the precondition is `*`, the body is not read, and [`Checked`](crate::Checked) has no computed tag.
pub struct Probing<V, R> {
    source: V,
    /// Locked only to clone the reader, which need not be `Sync`.
    reader: Mutex<R>,
}

impl<V, R> Probing<V, R> {
    /// A source that lets `source` compute the validators of the responses of `reader`.
    pub const fn new(source: V, reader: R) -> Self {
        Self {
            source,
            reader: Mutex::new(reader),
        }
    }

    fn reader(&self) -> R
    where
        R: Clone,
    {
        self.reader
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

impl<V: fmt::Debug, R> fmt::Debug for Probing<V, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Probing")
            .field("source", &self.source)
            .finish_non_exhaustive()
    }
}

impl<V, R, B> ValidatorSource for Probing<V, R>
where
    V: ValidatorSource,
    R: Service<Request<ProbeBody>, Response = Response<B>> + Clone + Send + 'static,
    R::Future: Send,
    R::Error: Into<BoxError>,
    B: Body<Data = Bytes> + Send + Unpin,
    B::Error: Into<BoxError>,
{
    type Resource = ProbeTarget;

    fn reads_bodies(&self) -> bool {
        self.source.reads_bodies()
    }

    /// Reads are not probed.
    fn looks_up_reads(&self, _: &Method) -> bool {
        false
    }

    fn identify_now(&self, head: &mut request::Parts) -> Option<Result<ProbeTarget, Unidentified>> {
        Some(Ok(ProbeTarget::of(head)))
    }

    /// A request without a probe has an unknown state.
    fn known(&self, target: &ProbeTarget) -> Option<Found> {
        target.probe.is_none().then(Found::unknown)
    }

    fn look_up(
        &self,
        target: &ProbeTarget,
    ) -> impl Future<Output = Result<Found, SourceError>> + Send {
        let probe = target
            .probe
            .as_ref()
            .map(|probe| (self.reader(), probe.to_request()));
        let compares_tags = target
            .probe
            .as_ref()
            .is_some_and(|probe| probe.compares_tags);
        async move {
            let Some((reader, probe)) = probe else {
                return Ok(Found::unknown());
            };
            let (head, body) = ask(reader, probe).await?.into_parts();
            match head.status {
                StatusCode::NOT_FOUND | StatusCode::GONE => Ok(Found::absent()),
                status if status.is_success() && compares_tags => {
                    self.validators_of(&head, body).await
                }
                status if status.is_success() => {
                    Ok(Representation::of_response(&head.headers, None).into())
                }
                StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                    Err(refused_by_reader(head, body).await)
                }
                status if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS => {
                    Err(SourceError::failed(failure_of::<R>(status)))
                }
                _ => Ok(Found::unknown()),
            }
        }
    }

    fn compute(&self, response: &response::Parts) -> Option<BodyTag> {
        self.source.compute(response)
    }

    /// The reader's response states what the response to a read states, or that there is nothing, or something else.
    fn states(&self, method: &Method) -> States {
        let stated = self.source.states(method).stated;
        let present = stated.into_iter().map(Current::Present);
        States::of(present.chain([Current::absent(), Current::Unknown]))
    }
}

impl<V: ValidatorSource, R> Probing<V, R> {
    /// The validators of the reader's response, as a read would get them: a response without a tag there has none here.
    async fn validators_of<B>(&self, head: &response::Parts, body: B) -> Result<Found, SourceError>
    where
        B: Body<Data = Bytes> + Unpin,
        B::Error: Into<BoxError>,
    {
        let of_fields = |tag| Found::from(Representation::of_response(&head.headers, tag));
        if !self.source.reads_bodies() {
            return Ok(of_fields(None));
        }
        let Ok(mut hashing) = Hashing::start(|head| self.source.compute(head), head, body) else {
            return Ok(of_fields(None));
        };
        match poll_fn(|cx| hashing.poll(cx)).await {
            ReadEnd::Whole => Ok(of_fields(Some(hashing.into_tag(&head.headers)))),
            ReadEnd::GivenUp => Ok(of_fields(None)),
            ReadEnd::TooLong | ReadEnd::TooShort => Err(SourceError::failed(
                "the reader's body is not as long as it said",
            )),
            ReadEnd::Failed(error) => Err(SourceError::failed(error)),
        }
    }
}

/// The target of a probed write. All writes that pass the layer have one write lock by default, because the router of the
/// reader parses paths by itself, and may take two targets for one resource.
///
/// [`ValidatorSource::locked_by`] makes the lock finer, by the value that the router parses:
///
/// ```
/// # use axum::{Router, routing::get};
/// use tower_conditional::{BodyHash, ConditionalLayer, ValidatorSource};
///
/// # let todos: Router = Router::new().route("/todos/{id}", get(async || "milk").put(async || ()));
/// // `Path<u64>` in the router takes `/todos/1` and `/todos/01` for one resource, and so does this.
/// let source = BodyHash::strong().probe_with(todos.clone()).locked_by(|target| {
///     let id = target.path().normalised().rsplit('/').next().and_then(|id| id.parse::<u64>().ok());
///     id.unwrap_or(u64::MAX) // all paths without an id share one lock
/// });
/// let guarded = todos.layer(ConditionalLayer::new(source));
/// # let _ = guarded;
/// ```
///
/// **A finer lock does not protect resources that depend on each other.** Writes with different keys do not wait for each
/// other, also if one changes the state that the other was checked against. Above, a POST to `/todos` with the tag of the
/// list and a PUT of `/todos/1` have different locks, so the list may change between the check of the POST and its handler.
pub struct ProbeTarget {
    path: RequestPath,
    /// `None` unless the request is a write with preconditions, or one that [needs the state](NeedsState).
    probe: Option<Box<ProbeHead>>,
}

/// The probe of a write.
struct ProbeHead {
    /// Without the [`Probe`] mark: most requests have no extensions, and cloning none is free.
    request: Request<ProbeBody>,
    compares_tags: bool,
}

impl ProbeTarget {
    /// The target of a request, and its probe if the request is a write whose state is needed.
    fn of(head: &request::Parts) -> Self {
        let is_probe = head.extensions.get::<Probe>().is_some();
        let needs_state = || {
            FieldSet::in_headers(&head.headers).any_for_writes()
                || head.extensions.get::<NeedsState>().is_some()
        };
        let asks = !is_probe && !is_read(&head.method) && needs_state();
        Self {
            path: RequestPath::of(head),
            probe: asks.then(|| {
                Box::new(ProbeHead {
                    request: get_for(head),
                    compares_tags: compares_tags(head),
                })
            }),
        }
    }

    /// The path of the target.
    #[must_use]
    pub const fn path(&self) -> &RequestPath {
        &self.path
    }
}

impl ProbeHead {
    fn to_request(&self) -> Request<ProbeBody> {
        marked(self.request.clone())
    }
}

impl fmt::Debug for ProbeTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProbeTarget")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

/// All targets have one key.
impl ResourceKey for ProbeTarget {
    fn write_key(&self, _: &mut KeyBuf) {}
}

/// A probe: a GET for the target of a write by the same caller, without the headers that only belong to the write.
pub(crate) fn probe_for(head: &request::Parts) -> Request<ProbeBody> {
    marked(get_for(head))
}

fn marked(mut probe: Request<ProbeBody>) -> Request<ProbeBody> {
    probe.extensions_mut().insert(Probe);
    probe
}

/// The GET of a probe, without the [`Probe`] mark.
fn get_for(head: &request::Parts) -> Request<ProbeBody> {
    let mut probe = Request::new(ProbeBody);
    *probe.method_mut() = Method::GET;
    *probe.uri_mut() = head.uri.clone();
    *probe.version_mut() = head.version;
    *probe.headers_mut() = head.headers.clone();
    *probe.extensions_mut() = head.extensions.clone();
    remove_all(probe.headers_mut(), is_the_writes_own);
    probe
}

/// Whether the method is a read, also one that this crate does not know. Reads are evaluated by their own responses.
pub(super) fn is_read(method: &Method) -> bool {
    method.is_safe() || matches!(method.as_str(), "QUERY" | "PROPFIND" | "REPORT" | "SEARCH")
}

/// Whether tags have to be compared. For `*` the status of the reader's response is enough.
fn compares_tags(head: &request::Parts) -> bool {
    let preconditions = Preconditions::of(head, HttpDate::UNIX_EPOCH);
    [Field::IfMatch, Field::IfNoneMatch]
        .into_iter()
        .any(|field| preconditions.list_form(field) == Some(ListForm::Tags))
}

/// Whether the header belongs to the write only: it describes the content, is a precondition, or overrides the method.
fn is_the_writes_own(name: &HeaderName) -> bool {
    const OTHERS: [&str; 7] = [
        "transfer-encoding",
        "trailer",
        "expect",
        "repr-digest",
        "x-http-method",
        "x-http-method-override",
        "x-method-override",
    ];
    FieldSet::is_any(name)
        || name.as_str().starts_with("content-")
        || OTHERS.contains(&name.as_str())
}

/// The error text for the observer, when the reader has failed.
fn failure_of<R>(status: StatusCode) -> String {
    let lacks_feature = cfg!(not(feature = "axum")) && is_axum_router::<R>();
    let cure = if lacks_feature && status == StatusCode::INTERNAL_SERVER_ERROR {
        ": an axum `Router` with path parameters needs the feature `axum` of tower-conditional to be a reader"
    } else {
        ""
    };
    format!("the reader answered {status}{cure}")
}

/// Recognises axum's router by its name, because without the feature `axum` its type is not there.
fn is_axum_router<R>() -> bool {
    let name = std::any::type_name::<R>();
    let name = name.split_once('<').map_or(name, |(name, _)| name);
    name.ends_with("axum::routing::Router")
}

/// Sends the probe to the reader.
#[cfg_attr(not(feature = "axum"), expect(unused_mut))]
pub(crate) async fn ask<R, B>(
    mut reader: R,
    mut probe: Request<ProbeBody>,
) -> Result<Response<B>, SourceError>
where
    R: Service<Request<ProbeBody>, Response = Response<B>> + 'static,
    R::Error: Into<BoxError>,
{
    #[cfg(feature = "axum")]
    super::unroute::unroute_for::<R>(probe.extensions_mut());
    poll_fn(|cx| reader.poll_ready(cx))
        .await
        .map_err(SourceError::failed)?;
    reader.call(probe).await.map_err(SourceError::failed)
}

#[cfg(all(test, feature = "body-hash", not(feature = "axum")))]
mod tests {
    use std::convert::Infallible;
    use std::future::{Ready, ready};
    use std::pin::pin;
    use std::task::Waker;

    use http::header::IF_MATCH;

    use super::*;
    use crate::source::BodyHash;

    /// A type with the name of axum's router.
    mod axum {
        pub(super) mod routing {
            #[derive(Clone)]
            pub(in super::super) struct Router;
        }
    }

    #[derive(Clone)]
    struct AnotherReader;

    /// A reader that fails like a router with the path parameters of the write beside its own.
    macro_rules! failing_reader {
        ($reader:ty) => {
            impl Service<Request<ProbeBody>> for $reader {
                type Response = Response<ProbeBody>;
                type Error = Infallible;
                type Future = Ready<Result<Response<ProbeBody>, Infallible>>;

                fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
                    Poll::Ready(Ok(()))
                }

                fn call(&mut self, _: Request<ProbeBody>) -> Self::Future {
                    let mut failed = Response::new(ProbeBody);
                    *failed.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
                    ready(Ok(failed))
                }
            }
        };
    }

    failing_reader!(axum::routing::Router);
    failing_reader!(AnotherReader);

    /// The error text that the observer gets when the reader fails.
    fn error_of<R>(reader: R) -> String
    where
        Probing<BodyHash, R>: ValidatorSource<Resource = ProbeTarget>,
    {
        let write = Request::put("/").header(IF_MATCH, "\"1\"").body(());
        let target = ProbeTarget::of(&write.unwrap().into_parts().0);
        let source = BodyHash::strong().probe_with(reader);
        let look_up = pin!(source.look_up(&target));
        match look_up.poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(Err(SourceError::Failed(error))) => error.to_string(),
            _ => panic!("the reader has not failed"),
        }
    }

    #[test]
    fn a_router_that_fails_without_the_feature_says_what_it_needs() {
        let error = error_of(axum::routing::Router);
        assert!(error.contains("500 Internal Server Error"), "{error}");
        assert!(error.contains("needs the feature `axum`"), "{error}");
        assert!(!error_of(AnotherReader).contains("axum"));
    }
}
