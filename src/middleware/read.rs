//! A read: its evaluation before the handler, its answer without the handler, what it leaves for the response, and the
//! future of a read that waits.

use std::future::Future;
use std::mem;
use std::sync::Arc;

use bytes::Bytes;
use http::header::RANGE;
use http::{Method, Request, Response, StatusCode};
use http_body::Body;
use tower::Service;

use super::LookedUp;
use super::detached::DetachedPreconditions;
use super::evaluation::{Evaluation, Outcome};
use super::future::ResponseFuture;
use super::observe::{self, Severity};
use super::on_response::{Attached, DeferredEvaluation, OnResponse, Recheck};
use super::oneshot::Oneshot;
use super::options::Options;
use super::refuse::own_answer;
use super::request::Incoming;
use crate::body::ConditionalBody;
use crate::field::{Field, FieldSet};
use crate::header_map::remove;
use crate::look_up::{LookUps, look_up};
use crate::method_class::MethodClass;
use crate::refusal::Refusal;
use crate::source::{Found, SourceError, Unidentified, ValidatorSource};
use crate::{BoxError, Current, Decision, Representation, response};

/// How the layer answers a read in place of the handler.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Answer {
    NotModified,
    Refuse(Refusal),
}

impl Options {
    /// Evaluates the preconditions of a read before its handler runs.
    ///
    /// # Errors
    ///
    /// The handler must not run. The error says how the read is answered.
    pub(crate) fn evaluate_read(
        &self,
        request: &Incoming,
        current: &mut Current,
    ) -> Result<Decision, Answer> {
        if !request.given.any() || is_evaluated_later(current) {
            return Ok(Decision::Proceed);
        }
        let preconditions = self.preconditions(MethodClass::Read, request);
        let preconditions = preconditions.accept_rewritten_tags(self.read_rewrites);
        let decision = preconditions.evaluate(current);
        if decision == Decision::NotModified
            && let Some(tag) = preconditions.as_listed(current)
            && let Some(current) = current.representation_mut()
        {
            // It is weakened when it is sent. In `current` only a tag of the source's own is weak.
            current.retag(if self.sends_weak_tags {
                tag.to_strong()
            } else {
                tag
            });
        }
        self.short_circuit(decision).map_or(Ok(decision), Err)
    }

    /// The response to a read that is answered without its handler. Emits the event.
    pub(crate) fn answer_read<B: Body>(
        &self,
        request: &Incoming,
        current: &mut Current,
        answer: Answer,
    ) -> Response<ConditionalBody<B>> {
        match answer {
            Answer::NotModified => {
                self.report_read(request, Outcome::NotModified, current.representation());
                self.not_modified(current)
            }
            Answer::Refuse(refusal) => {
                let is_head = request.head.method == Method::HEAD;
                let begun = request.event.as_deref();
                let mut answer = self.refuse(refusal, is_head, begun, |begun| begun);
                self.show_validators(&mut answer, refusal, current);
                answer
            }
        }
    }

    /// Prepares a read for its handler, and says what to do with the handler's response. Removes the preconditions that
    /// were evaluated from the request.
    pub(crate) fn prepare_read(
        &self,
        request: &mut Incoming,
        found: &mut Found,
        decision: Decision,
    ) -> OnResponse {
        LookedUp::hand_over(found, &mut request.head.extensions);
        match found.take_current() {
            Current::Present(current) => {
                // An outer layer may have left another answer there.
                let looked_up = request.head.extensions.get();
                let is_loaded = matches!(looked_up, Some(LookedUp::Loaded(_)));
                let (has_range, recheck) =
                    self.prepare_for_handler(request, &current, is_loaded, decision);
                OnResponse::Attach(Attached {
                    current,
                    is_loaded,
                    has_range,
                    recheck,
                })
            }
            Current::Unknown => OnResponse::Evaluate(self.defer_evaluation(request)),
            Current::Absent(_) => {
                self.report_evaluated_read(request, None);
                self.forget_preconditions(request, decision);
                OnResponse::Pass
            }
            Current::Delegated => OnResponse::Pass,
        }
    }

    /// Removes the preconditions that were evaluated from the request.
    ///
    /// Returns whether the handler may send a part (206), and the preconditions to evaluate again if the handler states
    /// another version.
    fn prepare_for_handler(
        &self,
        request: &mut Incoming,
        current: &Representation,
        is_loaded: bool,
        decision: Decision,
    ) -> (bool, Option<Box<Recheck>>) {
        let given = request.given;
        if !given.any() {
            return (given.has_range(), None);
        }
        self.report_evaluated_read(request, Some(current));
        // On a HEAD a Range means nothing (section 14.2).
        let is_get = request.head.method == Method::GET;
        let decision = if is_get {
            self.without_unsafe_range(given, decision, is_loaded)
        } else {
            decision
        };
        let has_range = given.has_range() && decision != Decision::IgnoreRange;
        let recheck = self.recheck(request, has_range);
        self.forget_preconditions(request, decision);
        (has_range, recheck)
    }

    /// Detaches the preconditions to evaluate again if the handler states another version.
    fn recheck(&self, request: &mut Incoming, has_range: bool) -> Option<Box<Recheck>> {
        let given = request.given;
        let again = given.evaluated_again();
        if !again.any() {
            return None;
        }
        let event = request.event.take();
        let (now, keep) = (self.now_for(given), self.keeps_preconditions);
        let head = &mut request.head;
        let recheck = Box::new(Recheck {
            preconditions: DetachedPreconditions::of_stated(head, again, has_range, now, keep),
            event,
        });
        if !keep {
            request.given = given.without_all(again);
        }
        Some(recheck)
    }

    /// Ignores Range where If-Range is true but nobody knows which version the handler will serve (section 13.1.5): the
    /// handler got no loaded value, and does not state its version. Ignoring Range is always allowed (section 14.2).
    const fn without_unsafe_range(
        &self,
        given: FieldSet,
        decision: Decision,
        is_loaded: bool,
    ) -> Decision {
        if given.has(Field::IfRange) && !is_loaded && !self.handler_states_version {
            Decision::IgnoreRange
        } else {
            decision
        }
    }

    /// Emits the event of a read that proceeds, if it has preconditions.
    fn report_evaluated_read(&self, request: &Incoming, current: Option<&Representation>) {
        if request.given.any() {
            self.report_read(request, Outcome::Proceeded, current);
        }
    }

    /// Emits the event of a read.
    fn report_read(&self, request: &Incoming, outcome: Outcome, current: Option<&Representation>) {
        if let Some(begun) = request.event.as_deref() {
            self.emit_read(begun, outcome, current);
        }
    }

    /// Emits the event of a read: a warning if it is of a source whose tags are weak already.
    #[cold]
    #[inline(never)]
    fn emit_read(&self, begun: &Evaluation, outcome: Outcome, current: Option<&Representation>) {
        let error = self.own_weak_tag(current);
        let severity = if error.is_some() {
            Severity::Warn
        } else {
            Severity::Debug
        };
        self.observer
            .emit(severity, Some(begun), |begun| Evaluation {
                outcome,
                error: error.map(Into::into),
                ..begun
            });
    }

    /// Ignores Range under If-Range where tags are sent weak: a weak validator never satisfies it (section 13.1.5), and
    /// ignoring Range is always allowed (section 14.2).
    pub(crate) fn ignore_range_of_weak_tags(&self, request: &mut Incoming) {
        if request.given.has(Field::IfRange) && self.sends_weak_tags {
            remove(&mut request.head.headers, &RANGE);
            request.given = request.given.without_range();
        }
    }

    /// The 304 for the current representation (section 15.4.5).
    fn not_modified<B: Body>(&self, current: &mut Current) -> Response<ConditionalBody<B>> {
        let mut answer = Response::new(ConditionalBody::empty());
        *answer.status_mut() = StatusCode::NOT_MODIFIED;
        let headers = answer.headers_mut();
        if let Some(current) = current.representation_mut() {
            response::write_not_modified_headers(headers, current, || self.now());
        }
        response::add_fields(headers, &self.response_fields);
        answer
    }

    /// Removes the preconditions that were evaluated, so that an inner layer does not evaluate them again by other
    /// validators. Removes Range if If-Range is false.
    fn forget_preconditions(&self, request: &mut Incoming, decision: Decision) {
        let headers = &mut request.head.headers;
        if decision == Decision::IgnoreRange {
            headers.remove(RANGE);
        }
        if !self.keeps_preconditions {
            for field in mem::take(&mut request.given).fields() {
                headers.remove(field.name());
            }
        }
    }

    /// Leaves the evaluation to the response, because nothing is known before the handler runs.
    ///
    /// Removes Range where the preconditions may turn the response into a 304 or 412: a 206 or 416 could not be evaluated,
    /// and ignoring Range is always allowed (section 14.2). On a HEAD Range means nothing, so it must not take effect when
    /// the HEAD is sent to the handler as GET.
    fn defer_evaluation(&self, request: &mut Incoming) -> DeferredEvaluation {
        let Incoming { head, given, event } = request;
        let is_head = head.method == Method::HEAD;
        let drops_body = is_head && self.reads_bodies && !self.leaves_head_alone;
        if given.any() || drops_body {
            remove(&mut head.headers, &RANGE);
        }
        let now = self.now_for(*given);
        let keep = self.keeps_preconditions;
        let preconditions = given
            .any()
            .then(|| Box::new(DetachedPreconditions::take(head, *given, now, keep)));
        if drops_body {
            head.method = Method::GET;
        }
        DeferredEvaluation {
            preconditions,
            drops_body,
            is_head,
            event: event.take(),
        }
    }

    /// The source failed: the read goes to its handler without evaluation, with its conditional headers. Range is removed
    /// if it depends on If-Range.
    pub(crate) fn pass_unevaluated_read(
        &self,
        request: &mut Incoming,
        error: &BoxError,
    ) -> OnResponse {
        if request.given.has(Field::IfRange) {
            remove(&mut request.head.headers, &RANGE);
        }
        self.report_source_failure(request, error);
        request.head.extensions.insert(LookedUp::Failed);
        OnResponse::Attach(Attached::default())
    }
}

/// Whether the preconditions of a read are evaluated by its response, or by its handler.
const fn is_evaluated_later(current: &Current) -> bool {
    matches!(current, Current::Unknown | Current::Delegated)
}

/// The future of a read that waits for its source. `resource` is `None` if the source still has to identify it.
#[expect(
    clippy::manual_async_fn,
    reason = "an async fn keeps its arguments twice, and every request that waits carries them"
)]
pub(crate) fn waiting_read<S, V, ReqBody, ResBody>(
    source: Arc<V>,
    options: Arc<Options>,
    inner: S,
    mut request: Incoming,
    body: ReqBody,
    resource: Option<V::Resource>,
) -> impl Future<Output = Result<Response<ConditionalBody<ResBody>>, S::Error>>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>>,
    V: ValidatorSource,
    ResBody: Body<Data = Bytes> + Unpin,
{
    async move {
        let start = observe::start(&request.event);
        let look_ups = &options.look_ups;
        let found = identify_and_look_up(look_ups, &source, &mut request, resource).await;
        request.add_look_up_since(start);
        let on_response = match found {
            Ok(mut found) => match options.evaluate_read(&request, &mut found.current) {
                Ok(decision) => options.prepare_read(&mut request, &mut found, decision),
                Err(answer) => {
                    return Ok(options.answer_read(&request, &mut found.current, answer));
                }
            },
            Err(SourceError::Refused(response)) => {
                return Ok(own_answer(*response, request.head.method == Method::HEAD));
            }
            Err(SourceError::Failed(error)) => options.pass_unevaluated_read(&mut request, &error),
        };
        let call = Oneshot::new(inner, request.into_request(body));
        ResponseFuture::running(options, call, on_response).await
    }
}

/// Identifies the resource, if that is not done yet, and looks it up.
async fn identify_and_look_up<V: ValidatorSource>(
    look_ups: &LookUps,
    source: &Arc<V>,
    request: &mut Incoming,
    resource: Option<V::Resource>,
) -> Result<Found, SourceError> {
    let resource = match resource {
        Some(resource) => resource,
        None => match source.identify(&mut request.head).await {
            Ok(resource) => {
                request.set_kind(|| source.kind(&resource));
                if !source.looks_up_reads_of(&resource, &request.head.method) {
                    return Ok(Found::unknown());
                }
                resource
            }
            Err(Unidentified::NotMine) => return Ok(Found::unknown()),
            Err(Unidentified::Refused(response)) => return Err(SourceError::Refused(response)),
            Err(Unidentified::Failed(error)) => return Err(SourceError::Failed(error)),
        },
    };
    look_up(look_ups, source, resource).await
}
