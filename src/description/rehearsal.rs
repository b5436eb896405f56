//! Sends every kind of conditional request through a copy of the layer, over every kind of state, and notes what comes back.
//!
//! So the description says what the rules do, and no rule is written down a second time.

use std::convert::Infallible;
use std::future::{Future, Ready, ready};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use http::header::{ETAG, HeaderMap, HeaderValue, LAST_MODIFIED, RANGE};
use http::request::Parts;
use http::{Method, Request, Response, StatusCode};
use http_body::{Body, Frame, SizeHint};
use tower::Service;

use crate::field::Field;
use crate::lock::{InProcessLock, WriteGuard, WriteKey, WriteLock};
use crate::method_class::MethodClass;
use crate::middleware::{Conditional, Options};
use crate::preconditions::may_create;
use crate::refusal::Refusal;
use crate::representation::Absent;
use crate::source::{Found, ProbeBody, SourceError, States, Unidentified, ValidatorSource};
use crate::{BoxError, Current, EntityTag, HttpDate, Representation};

/// What is asked of a layer: its configuration, and the facts of its source and its handlers.
pub(super) struct Asked<'a> {
    pub(super) options: &'a Options,
    /// Whether the source looks up reads of this method.
    pub(super) looks_up_reads: bool,
    pub(super) states: States,
    /// Whether the handler of a read answers 206.
    pub(super) serves_ranges: bool,
    pub(super) method: &'a Method,
}

/// A request, and what came back.
pub(super) struct Exchange {
    /// The conditional header that was sent, if one was.
    pub(super) sent: Option<Sent>,
    /// Whether the target exists, so that a malformed field must be noticed.
    pub(super) exists: bool,
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    /// The refusal, and the body of its response.
    pub(super) refused: Option<(Refusal, Bytes)>,
    /// What reached the handler, if anything did.
    reached: Option<Reached>,
    /// What the same request without conditional headers gets, unless the source or the lock has failed.
    plain: Option<(StatusCode, Option<Reached>)>,
}

/// A conditional header of a request.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sent {
    pub(super) field: Field,
    pub(super) is_malformed: bool,
}

/// Marks a response that the handler has made.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Reached {
    has_range: bool,
}

/// Marks the response to a refusal.
#[derive(Clone)]
struct Refused(Refusal, Bytes);

impl Exchange {
    /// Whether the handler has performed the request.
    pub(super) fn is_performed(&self) -> bool {
        self.reached.is_some() && self.status.is_success()
    }

    /// Whether the conditional header has made a difference.
    pub(super) fn is_decided_by_field(&self) -> bool {
        self.plain
            .is_some_and(|plain| plain != (self.status, self.reached))
    }
}

impl Asked<'_> {
    /// All exchanges. A `tracing` subscriber hears nothing of them.
    pub(super) fn exchanges(&self) -> Vec<Exchange> {
        #[cfg(feature = "tracing")]
        let _silent = tracing::subscriber::set_default(tracing::subscriber::NoSubscriber::new());
        let class = self.options.class_of(self.method);
        let mut exchanges = Vec::new();
        if class == MethodClass::Neither {
            return exchanges;
        }
        for is_free in [true, false] {
            if !is_free && (class == MethodClass::Read || self.options.lock.is_none()) {
                continue;
            }
            let options = Arc::new(self.options.for_rehearsal(Lock::that(is_free), note));
            for scenario in self.scenarios() {
                let mut played = self.play(&options, &scenario);
                if !is_free || scenario.current.is_none() {
                    played.iter_mut().for_each(|exchange| exchange.plain = None);
                }
                exchanges.extend(played);
            }
        }
        exchanges
    }

    /// Each state that the source may find, beside each response that the handler may give.
    fn scenarios(&self) -> Vec<Scenario> {
        let is_read = self.options.class_of(self.method) == MethodClass::Read;
        let looks_up = self.options.looks_up && (!is_read || self.looks_up_reads);
        let mut scenarios = Vec::new();
        if looks_up {
            for current in &self.states.found {
                match current {
                    Current::Unknown if is_read => {}
                    current => self.look_up_scenarios(current, is_read, &mut scenarios),
                }
            }
            if self.states.may_fail {
                scenarios.push(Scenario::of(None));
            }
        }
        let may_be_unknown = self
            .states
            .found
            .iter()
            .any(|current| matches!(current, Current::Unknown));
        if is_read && (!looks_up || may_be_unknown) {
            for stated in &self.states.stated {
                let unknown = Scenario::of(Some(Current::Unknown)).stating(stated);
                scenarios.push(Scenario {
                    has_length: false,
                    ..unknown.clone()
                });
                scenarios.push(unknown);
            }
        } else if !is_read && !looks_up {
            scenarios.push(Scenario::of(Some(Current::Unknown)));
        }
        scenarios
    }

    /// The scenarios of a state that was looked up.
    fn look_up_scenarios(&self, current: &Current, is_read: bool, scenarios: &mut Vec<Scenario>) {
        let scenario = Scenario {
            will_fail: match current {
                Current::Absent(Absent::ByMethod) => !may_create(self.method),
                Current::Absent(absent) => *absent == Absent::WillFail,
                _ => false,
            },
            ..Scenario::of(Some(current.clone()))
        };
        if is_read
            && self.options.handler_states_version
            && let Some(stated) = current.representation()
        {
            // It may have changed since the look-up.
            let changed = Representation::tagged(EntityTag::from_static("\"changed\""));
            scenarios.push(scenario.clone().stating(stated));
            scenarios.push(scenario.clone().stating(&changed));
        }
        scenarios.push(scenario);
    }

    /// Sends all requests in this scenario.
    fn play(&self, options: &Arc<Options>, scenario: &Scenario) -> Vec<Exchange> {
        let mut exchanges = Vec::new();
        for has_range in [false, true] {
            if has_range && !(self.serves_ranges && *self.method == Method::GET) {
                continue;
            }
            let Some(mut plain) = self.send(options, scenario, None, has_range) else {
                continue;
            };
            plain.plain = None;
            let without = (plain.status, plain.reached);
            exchanges.push(plain);
            for value in values(&scenario.validators()) {
                if let Some(mut exchange) = self.send(options, scenario, Some(&value), has_range) {
                    // With any of the others the handler may get no Range, which the layer may always ignore.
                    let is_read_here = has_range == (value.field == Field::IfRange);
                    exchange.plain = is_read_here.then_some(without);
                    exchanges.push(exchange);
                }
            }
        }
        exchanges
    }

    /// Sends one request. `None` if the answer is not there at once, which only a body of the application's can cause.
    fn send(
        &self,
        options: &Arc<Options>,
        scenario: &Scenario,
        value: Option<&Value>,
        has_range: bool,
    ) -> Option<Exchange> {
        let source = Arc::new(Stub {
            looks_up_reads: self.looks_up_reads,
            current: scenario.current.clone(),
        });
        let handler = Handler {
            scenario: scenario.clone(),
        };
        let mut service = Conditional::new(handler, source, options.clone(), ());
        let mut request = Request::new(ProbeBody);
        *request.method_mut() = self.method.clone();
        let headers = request.headers_mut();
        if has_range {
            headers.insert(RANGE, HeaderValue::from_static("bytes=0-0"));
        }
        if let Some(value) = value {
            headers.insert(value.field.header_name(), value.value.clone());
        }
        let response = at_once(service.call(request))?.unwrap_or_else(|never| match never {});
        let (head, _) = response.into_parts();
        let refused = head.extensions.get::<Refused>();
        Some(Exchange {
            sent: value.map(Value::sent),
            exists: scenario.exists(),
            status: head.status,
            refused: refused.map(|Refused(refusal, body)| (*refusal, body.clone())),
            reached: head.extensions.get().copied(),
            headers: head.headers,
            plain: None,
        })
    }
}

/// Marks the response to a refusal, so that its exchange knows it, whatever it looks like.
fn note(refusal: Refusal, response: &mut Response<Bytes>) {
    let body = response.body().clone();
    response.extensions_mut().insert(Refused(refusal, body));
}

/// What the source finds, and what the handler answers.
#[derive(Clone)]
struct Scenario {
    /// `None` if the source fails.
    current: Option<Current>,
    /// The validators that the handler states.
    stated: Representation,
    /// Whether the body of the handler has a length.
    has_length: bool,
    /// Whether the handler answers 404.
    will_fail: bool,
}

impl Scenario {
    fn of(current: Option<Current>) -> Self {
        Self {
            current,
            stated: Representation::new(),
            has_length: true,
            will_fail: false,
        }
    }

    fn stating(mut self, stated: &Representation) -> Self {
        self.stated = stated.clone();
        self
    }

    /// Whether the target is there, and its validators are known.
    fn exists(&self) -> bool {
        match &self.current {
            Some(Current::Unknown) => true,
            current => current
                .as_ref()
                .is_some_and(|current| current.exists() == Some(true)),
        }
    }

    /// The validators that a client may have.
    fn validators(&self) -> Representation {
        let found = self.current.as_ref().and_then(Current::representation);
        found.unwrap_or(&self.stated).clone()
    }

    fn response(&self) -> Response<Text> {
        let mut response = Response::new(Text {
            text: Some(Bytes::from_static(b"text")),
            has_length: self.has_length,
        });
        if self.will_fail {
            *response.status_mut() = StatusCode::NOT_FOUND;
            return response;
        }
        let headers = response.headers_mut();
        if let Some(tag) = self.stated.entity_tag() {
            headers.insert(ETAG, tag.into());
        }
        if let Some(date) = self
            .stated
            .last_modified_date()
            .and_then(HttpDate::to_header_value)
        {
            headers.insert(LAST_MODIFIED, date);
        }
        response
    }
}

/// A value of a conditional header.
struct Value {
    field: Field,
    value: HeaderValue,
    is_malformed: bool,
}

impl Value {
    fn of(field: Field, value: impl Into<HeaderValue>) -> Self {
        Self {
            field,
            value: value.into(),
            is_malformed: false,
        }
    }

    const fn sent(&self) -> Sent {
        Sent {
            field: self.field,
            is_malformed: self.is_malformed,
        }
    }
}

/// The kinds of values that a client may send for a representation: right, wrong, and as intermediaries rewrite them.
fn values(representation: &Representation) -> Vec<Value> {
    let unknown = EntityTag::from_static("\"unknown\"");
    let tag = representation.entity_tag().cloned().unwrap_or(unknown);
    let tags = [
        tag.clone(),
        tag.to_strong(),
        tag.to_weak(),
        tag.with_suffix("-gzip"),
        tag.with_suffix("-gzip").to_weak(),
        EntityTag::from_static("\"other\""),
        EntityTag::from_static("\"another.epoch\""),
    ];
    let date = representation
        .last_modified_date()
        .unwrap_or(HttpDate::UNIX_EPOCH);
    let dates = [-1, 0, 1].map(|seconds| date.saturating_add_seconds(seconds));
    let dates = || dates.iter().filter_map(|date| date.to_header_value());
    let mut values = Vec::new();
    for field in [Field::IfMatch, Field::IfNoneMatch] {
        values.extend(tags.iter().map(|tag| Value::of(field, tag)));
        values.push(Value::of(field, HeaderValue::from_static("*")));
        values.push(Value {
            is_malformed: true,
            ..Value::of(field, HeaderValue::from_static("unquoted"))
        });
    }
    for field in [Field::IfModifiedSince, Field::IfUnmodifiedSince] {
        values.extend(dates().map(|date| Value::of(field, date)));
    }
    values.extend(tags.iter().map(|tag| Value::of(Field::IfRange, tag)));
    values.extend(dates().map(|date| Value::of(Field::IfRange, date)));
    values
}

/// A source that finds the state of a scenario.
#[derive(Debug)]
struct Stub {
    looks_up_reads: bool,
    current: Option<Current>,
}

impl ValidatorSource for Stub {
    type Resource = ();

    fn looks_up_reads(&self, _: &Method) -> bool {
        self.looks_up_reads
    }

    fn identify_now(&self, _: &mut Parts) -> Option<Result<(), Unidentified>> {
        Some(Ok(()))
    }

    /// With a loaded value, because only then may the handler serve a part.
    fn known(&self, (): &()) -> Option<Found> {
        self.current
            .clone()
            .map(|current| Found::from(current).with(()))
    }

    async fn look_up(&self, found: &()) -> Result<Found, SourceError> {
        let found = self.known(found);
        found.ok_or_else(|| SourceError::failed("a rehearsed failure"))
    }
}

/// A handler that answers as the scenario says.
#[derive(Clone)]
struct Handler {
    scenario: Scenario,
}

impl Service<Request<ProbeBody>> for Handler {
    type Response = Response<Text>;
    type Error = Infallible;
    type Future = Ready<Result<Response<Text>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<ProbeBody>) -> Self::Future {
        let mut response = self.scenario.response();
        let has_range = request.headers().contains_key(RANGE);
        response.extensions_mut().insert(Reached { has_range });
        if has_range && response.status().is_success() {
            *response.status_mut() = StatusCode::PARTIAL_CONTENT;
        }
        ready(Ok(response))
    }
}

/// The body of a response.
struct Text {
    text: Option<Bytes>,
    has_length: bool,
}

impl Body for Text {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.text.take().map(|text| Ok(Frame::data(text))))
    }

    fn size_hint(&self) -> SizeHint {
        let length = self.text.as_ref().map_or(0, Bytes::len);
        match self.has_length {
            true => SizeHint::with_exact(length as u64),
            false => SizeHint::new(),
        }
    }
}

/// A write lock that is free, or one that fails.
struct Lock {
    free: Option<InProcessLock>,
}

impl Lock {
    fn that(is_free: bool) -> Self {
        Self {
            free: is_free.then(InProcessLock::new),
        }
    }
}

impl WriteLock for Lock {
    fn try_lock(&self, keys: &[WriteKey]) -> Option<WriteGuard> {
        self.free.as_ref()?.try_lock(keys)
    }

    fn lock<'a>(
        &'a self,
        _: &'a [WriteKey],
    ) -> Pin<Box<dyn Future<Output = Result<WriteGuard, BoxError>> + Send + 'a>> {
        Box::pin(ready(Err("a rehearsed failure".into())))
    }
}

/// The output of a future that need not wait.
fn at_once<F: Future>(future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    match future
        .as_mut()
        .poll(&mut Context::from_waker(Waker::noop()))
    {
        Poll::Ready(output) => Some(output),
        Poll::Pending => None,
    }
}
