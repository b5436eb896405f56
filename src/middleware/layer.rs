//! The layer: a source and the options of a route.

use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use bytes::Bytes;
use http::header::{HeaderMap, HeaderName, HeaderValue};
use http::{Method, Request, Response};
use http_body::Body;
use tower::{Layer, Service};

use super::evaluation::Evaluation;
use super::observe::Observer;
use super::options::Options;
use super::policy::WritePolicy;
use super::recovery::Recovery;
use super::request_body::CollectUpTo;
use super::service::Conditional;
use crate::BoxError;
use crate::body::ConditionalBody;
use crate::method_class::MethodClass;
use crate::refusal::Refusal;
use crate::rewritten_tag::RewrittenTags;
use crate::source::{ProbeBody, ValidatorSource};

/// Evaluates the preconditions of every request, and answers 304, 412 or 428 as RFC 9110 and RFC 6585 define.
///
/// The [crate docs](crate) say where to put it and what it does not protect from.
///
/// The inner service must be `Clone` (put another one behind a `Buffer`). Its request body must be an
/// [`http_body::Body`], and its response body must be one whose data is [`Bytes`]. If one of these is missing, the compiler
/// says that `Conditional<…>` is not a `Service`.
///
/// # Examples
///
/// ```
/// use axum::{Router, routing::get};
/// use tower_conditional::source::InMemoryVersions;
/// use tower_conditional::{ConditionalLayer, WritePolicy};
///
/// let versions = InMemoryVersions::new();
/// let note = get(async || "a note")
///     .put(async || ())
///     .route_layer(ConditionalLayer::new(versions).writes(WritePolicy::required()));
/// let router: Router = Router::new().route("/notes/{id}", note);
/// # let _ = router;
/// ```
#[doc(alias(
    "conditional request",
    "ETag",
    "If-Match",
    "If-None-Match",
    "304",
    "412",
    "428",
    "lost update",
    "optimistic locking",
    "optimistic concurrency"
))]
#[must_use]
pub struct ConditionalLayer<V, C = ()> {
    source: Arc<V>,
    options: Arc<Options>,
    collect: C,
}

impl<V: ValidatorSource> ConditionalLayer<V> {
    /// A layer over this source. It evaluates the preconditions of reads and writes, and requires none.
    ///
    /// Each call creates its own write lock; clones of the layer share it. Two layers whose sources name the same kind of
    /// resource ([`ValidatorSource::named`]) also share one.
    pub fn new(source: V) -> Self {
        let source = Arc::new(source);
        Self {
            options: Arc::new(Options::of(source.clone())),
            source,
            collect: (),
        }
    }

    /// Collects request bodies of up to `limit` bytes before the handler runs, so that a slow client does not hold the
    /// write lock. While the layer waits for a body, it frees the lock, and takes it again afterwards.
    ///
    /// The handler reads a longer body under the lock: put a timeout for request bodies inside of the layer.
    ///
    /// The limit bounds the memory of each request: small frames are merged and empty ones dropped. A body with too many
    /// empty frames (1,024 more than it has bytes) is not collected further, like one that is too long.
    ///
    /// `wrap` turns the collected body into the body type of the inner service, as `axum::body::Body::new` does:
    ///
    /// ```
    /// use tower_conditional::source::InMemoryVersions;
    /// use tower_conditional::ConditionalLayer;
    ///
    /// let layer = ConditionalLayer::new(InMemoryVersions::new())
    ///     .collect_bodies(64 * 1024, axum::body::Body::new);
    /// # let _ = layer;
    /// ```
    #[doc(alias("slow client"))]
    pub fn collect_bodies<B, F>(self, limit: u64, wrap: F) -> ConditionalLayer<V, CollectUpTo<F>>
    where
        B: Body,
        F: Fn(ConditionalBody<B>) -> B,
    {
        ConditionalLayer {
            source: self.source,
            options: self.options,
            collect: CollectUpTo::new(limit, wrap),
        }
    }
}

impl<V: ValidatorSource, C> ConditionalLayer<V, C> {
    /// Sets the policy for writes.
    ///
    /// # Panics
    ///
    /// - The policy requires a precondition and the source looks nothing up, so that none could be evaluated.
    /// - The policy has a lock of its own or further keys, and the source does not name its kind of resource.
    #[doc(alias("If-Match", "412", "428"))]
    pub fn writes(mut self, policy: WritePolicy) -> Self {
        assert!(
            !policy.required || self.options.looks_up,
            "WritePolicy::required() needs a source that looks validators up before the handler runs: give \
             BodyHash a reader with .probe_with(reader), or implement ValidatorSource::look_up"
        );
        assert!(
            !policy.needs_named_resources() || self.options.is_named || !self.options.looks_up,
            "WritePolicy::use_lock and WritePolicy::lock_also need a source that names its kind of resource, so that \
             the lock can tell resources apart: ConditionalLayer::new(source.named(\"notes\"))"
        );
        self.options_mut().set_writes(policy);
        self
    }

    /// Sends the application's own response to a refused client, in place of problem details.
    ///
    /// [`Refusal::to_terse`] makes a response with the status alone.
    ///
    /// ```
    /// use tower_conditional::{ConditionalLayer, FromResponse, Refusal};
    ///
    /// let layer = ConditionalLayer::new(FromResponse).refuse_with(|refusal: &Refusal| refusal.to_terse());
    /// # let _ = layer;
    /// ```
    #[doc(alias("412", "428", "error", "problem"))]
    pub fn refuse_with(
        mut self,
        respond: impl Fn(&Refusal) -> Response<Bytes> + Send + Sync + 'static,
    ) -> Self {
        self.options_mut().refusals = Some(Arc::new(respond));
        self
    }

    /// Calls the hook once for each evaluated request, when its outcome is known.
    ///
    /// A read is reported a second time if it is evaluated once more, against the version that its handler states. A request
    /// whose client hangs up before the outcome is known is not reported.
    ///
    /// Times are measured only with a hook or a `tracing` subscriber.
    #[doc(alias("metrics", "log"))]
    pub fn observe(mut self, hook: impl Fn(&Evaluation) + Send + Sync + 'static) -> Self {
        self.options_mut().observer = Observer::new(hook);
        self
    }

    /// Adds these headers to every 200 and 304 of the route: Cache-Control, Expires, Vary, Content-Location
    /// ([RFC 9110, section 15.4.5](https://www.rfc-editor.org/rfc/rfc9110#section-15.4.5)).
    ///
    /// A 304 must carry these headers if the 200 would, but the layer makes most 304s without calling the handler. So state
    /// them here, or in the source ([`Representation::field`](crate::Representation::field)). A header that the handler sets
    /// itself stays.
    ///
    /// ```
    /// use http::{HeaderValue, header::CACHE_CONTROL};
    /// use tower_conditional::source::InMemoryVersions;
    /// use tower_conditional::ConditionalLayer;
    ///
    /// let layer = ConditionalLayer::new(InMemoryVersions::new())
    ///     .add_response_headers([(CACHE_CONTROL, HeaderValue::from_static("no-cache"))]);
    /// # let _ = layer;
    /// ```
    #[doc(alias("Cache-Control", "Vary"))]
    pub fn add_response_headers(
        mut self,
        fields: impl IntoIterator<Item = (HeaderName, HeaderValue)>,
    ) -> Self {
        let fields: HeaderMap = fields.into_iter().collect();
        self.options_mut().response_fields.extend(fields);
        self
    }

    /// Answers a refused write that says `Prefer: return=representation` with the current representation inside the
    /// 412, so that the client can merge without another round trip
    /// ([RFC 8144, section 3.2](https://www.rfc-editor.org/rfc/rfc8144#section-3.2)).
    ///
    /// The reader is a service that you pass in. It gets a GET with the headers and extensions of the write, and its 2xx (of
    /// up to 1 MiB) becomes the content of the 412. Without a 2xx the client gets the 412 as usual.
    ///
    /// **The reader must contain the authorisation that a GET has.** The authorisation outside of this layer has decided on
    /// the write only. A caller who may write and not read would see what GET answers with 403. Put the same layers around
    /// the reader:
    ///
    /// ```
    /// use axum::{Router, extract::Request, middleware::{Next, from_fn}, response::Response, routing::get};
    /// use tower_conditional::source::InMemoryVersions;
    /// use tower_conditional::ConditionalLayer;
    ///
    /// async fn authorise(request: Request, next: Next) -> Response {
    ///     // … 403 for a GET by a role that may only write
    ///     next.run(request).await
    /// }
    ///
    /// let notes = || Router::new().route("/notes/{id}", get(async || "a note").put(async || ()));
    /// let authorised = |router: Router| router.layer(from_fn(authorise));
    ///
    /// let reader = authorised(notes());
    /// let layer = ConditionalLayer::new(InMemoryVersions::new()).recover_with(reader);
    /// let app = authorised(notes().layer(layer));
    /// # let _ = app;
    /// ```
    ///
    /// The 412 has the reader's Content-Location. If the reader sets none, it is the target as the client sent it, which is
    /// known with the feature `axum` (`OriginalUri`) only.
    #[doc(alias("Prefer", "merge", "conflict"))]
    pub fn recover_with<R, B>(mut self, reader: R) -> Self
    where
        R: Service<Request<ProbeBody>, Response = Response<B>> + Clone + Send + 'static,
        R::Future: Send,
        R::Error: Into<BoxError>,
        B: Body<Data = Bytes> + Send + Unpin,
    {
        self.options_mut().recovery = Some(Recovery::new(reader));
        self
    }

    /// Accepts rewritten tags in the preconditions of reads as the tags they were made from. For writes see
    /// [`WritePolicy::accept_rewritten_tags`].
    #[doc(alias("gzip", "nginx"))]
    pub fn accept_rewritten_tags_on_reads(mut self, rewrites: RewrittenTags) -> Self {
        self.options_mut().set_read_rewrites(rewrites);
        self
    }

    /// Sends every entity tag as a weak one, and accepts it in If-Match: for a service whose standard writes versions as
    /// `W/"3"` (FHIR, SCIM, OData).
    ///
    /// **This deviates from RFC 9110.** If-Match requires a strong comparison there
    /// ([section 13.1.1](https://www.rfc-editor.org/rfc/rfc9110#section-13.1.1)), which a weak tag never satisfies. Here the
    /// tags stay strong inside, and `W/` is only how they are written. So If-Match finds a change as reliably as before.
    ///
    /// - Every response of the route has a weak tag, also where the handler has set it: 200, 206, 304, 412, the answer to a write.
    /// - If-Match accepts `W/"3"` as the strong tag `"3"` of the source, and `"3"` itself, because some clients remove `W/`.
    /// - [`Checked`](crate::Checked) and the look-up have the strong tag, and with it the version.
    /// - If-Range is never satisfied, neither by a tag nor by a date: Range is ignored, and the answer is whole
    ///   ([section 14.2](https://www.rfc-editor.org/rfc/rfc9110#section-14.2)). A client that has a tag must not send a date
    ///   there, and a weak tag proves nothing about bytes
    ///   ([section 13.1.5](https://www.rfc-editor.org/rfc/rfc9110#section-13.1.5)).
    /// - If the source states a weak tag of its own, a conditional write is answered 503 (`source`), and the event has the
    ///   cause as its [error](crate::observe::Evaluation::error): by weak comparison two different versions could be equal.
    ///   Its reads work, and the events of its conditional reads have the same error.
    ///
    /// Every layer that evaluates the writes of a route needs this option. A handler that evaluates them itself
    /// ([`Current::Delegated`](crate::Current::Delegated)) calls [`Preconditions::accept_rewritten_tags`] with
    /// [`RewrittenTags::weakened`]. Around a compressor, [`ContentCodingLayer::weaken_tags`] keeps one tag for all content
    /// codings. An `ETag` in trailers stays as it is.
    ///
    /// ```
    /// use tower_conditional::source::InMemoryVersions;
    /// use tower_conditional::{ConditionalLayer, WritePolicy};
    ///
    /// let layer = ConditionalLayer::new(InMemoryVersions::new())
    ///     .writes(WritePolicy::required())
    ///     .send_weak_tags();
    /// # let _ = layer;
    /// ```
    ///
    /// [`Preconditions::accept_rewritten_tags`]: crate::Preconditions::accept_rewritten_tags
    /// [`ContentCodingLayer::weaken_tags`]: crate::content_coding::ContentCodingLayer::weaken_tags
    #[doc(alias("FHIR", "SCIM", "OData", "OGC API", "LDP", "Redfish", "W/"))]
    pub fn send_weak_tags(mut self) -> Self {
        self.options_mut().send_weak_tags();
        self
    }

    /// Says how methods that RFC 9110 does not define are evaluated: PROPFIND is a [`MethodClass::Read`], PROPPATCH is a
    /// [`MethodClass::Write`]. `None` means the default class ([`MethodClass::of`]).
    #[doc(alias("WebDAV", "PROPFIND", "QUERY"))]
    pub fn classify(
        mut self,
        class: impl Fn(&Method) -> Option<MethodClass> + Send + Sync + 'static,
    ) -> Self {
        self.options_mut().classes = Some(Arc::new(class));
        self
    }

    /// Keeps the conditional headers of reads in the request, as a gateway needs it.
    ///
    /// By default the layer removes them once evaluated, so that an inner service does not evaluate them again by other
    /// validators.
    #[doc(alias("gateway"))]
    pub fn keep_preconditions(mut self) -> Self {
        self.options_mut().keeps_preconditions = true;
        self
    }

    /// Passes HEAD to the handler as HEAD, also if the source makes tags from bodies.
    ///
    /// By default such a HEAD is passed on as GET, so that both get the same tag, and the body of the response is dropped.
    #[doc(alias("HEAD"))]
    pub fn leave_head_alone(mut self) -> Self {
        self.options_mut().leaves_head_alone = true;
        self
    }

    /// Declares that the handlers of the route state the version that they have read, by an `ETag` or `Last-Modified`.
    ///
    /// Then reads without preconditions are not looked up, and a Range that If-Range allows reaches the handler. If the
    /// handler states another version than the one that was looked up, the preconditions of the read are evaluated again
    /// against that version.
    ///
    /// ```
    /// use axum::{Router, http::header::ETAG, routing::get};
    /// use tower_conditional::source::InMemoryVersions;
    /// use tower_conditional::ConditionalLayer;
    ///
    /// let layer = ConditionalLayer::new(InMemoryVersions::new()).trust_handler_version();
    /// let note = get(async || ([(ETAG, "\"7\"")], "a note")).route_layer(layer);
    /// # let _: Router = Router::new().route("/notes/{id}", note);
    /// ```
    #[doc(alias("ETag"))]
    pub fn trust_handler_version(mut self) -> Self {
        self.options_mut().handler_states_version = true;
        self
    }

    /// Reads the time from this clock, in place of the system's.
    pub fn use_clock(mut self, now: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        self.options_mut().clock = Some(Arc::new(now));
        self
    }

    /// The source and the configuration, to describe them.
    pub(crate) const fn parts(&self) -> (&Arc<V>, &Arc<Options>) {
        (&self.source, &self.options)
    }

    /// Copies the options first if they are shared with a clone of the layer or with services.
    fn options_mut(&mut self) -> &mut Options {
        Arc::make_mut(&mut self.options)
    }
}

impl<S, V, C: Clone> Layer<S> for ConditionalLayer<V, C> {
    type Service = Conditional<S, V, C>;

    fn layer(&self, inner: S) -> Self::Service {
        Conditional::new(
            inner,
            self.source.clone(),
            self.options.clone(),
            self.collect.clone(),
        )
    }
}

// Not derived: that would require `V: Clone`.
impl<V, C: Clone> Clone for ConditionalLayer<V, C> {
    fn clone(&self) -> Self {
        Self {
            source: self.source.clone(),
            options: self.options.clone(),
            collect: self.collect.clone(),
        }
    }
}

impl<V: fmt::Debug, C> fmt::Debug for ConditionalLayer<V, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConditionalLayer")
            .field("source", &self.source)
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}
