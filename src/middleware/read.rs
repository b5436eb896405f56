//! A read: how it is evaluated before the handler, answered without it, or let through; and the future of one that waits.

use std::future::{Future, ready};
use std::mem;
use std::sync::Arc;

use bytes::Bytes;
use http::header::RANGE;
use http::{Method, Request, Response, StatusCode};
use http_body::Body;
use tower::Service;

use super::future::ResponseFuture;
use super::observe::{Decided, Judged};
use super::on_response::{After, SecondLook};
use super::one_call::OneCall;
use super::options::Options;
use super::refuse::own_answer;
use super::request::{Incoming, look_up};
use super::taken::TakenPreconditions;
use crate::body::ConditionalBody;
use crate::field::Field;
use crate::header_map::remove;
use crate::refusal::Refusal;
use crate::source::{BoxError, SourceError, ValidatorSource};
use crate::{Current, Decision, MethodClass, Representation, response};

/// How a read is answered that the handler does not, or no longer, answer.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Answer {
    NotModified,
    Refuse(Refusal),
}

impl Options {
    /// A read: how it is answered at once, if it is. What was judged is taken off a request that goes on.
    pub(crate) fn judge_read(
        &self,
        request: &mut Incoming,
        current: &mut Current,
    ) -> Option<Answer> {
        if matches!(current, Current::Unknown | Current::Delegated) {
            return None;
        }
        if !request.given.any() {
            return None;
        }
        let found = self.preconditions(MethodClass::Read, request);
        let found = found.tolerating(self.read_rewrites.as_deref());
        let decision = found.evaluate(current);
        if decision == Decision::NotModified
            && let Some(tag) = found.as_listed(current)
            && let Some(current) = current.representation_mut()
        {
            current.retag(tag);
        }
        let answer = self.instead(decision);
        if answer.is_none() {
            self.tell_of_read(request, Decided::Proceeded);
            self.forget_preconditions(request, decision);
        }
        answer
    }

    /// The answer to a read that the handler does not see.
    pub(crate) fn answer_read<B: Body>(
        &self,
        request: &Incoming,
        current: &mut Current,
        answer: Answer,
    ) -> Response<ConditionalBody<B>> {
        match answer {
            Answer::NotModified => {
                self.tell_of_read(request, Decided::NotModified);
                self.not_modified(current)
            }
            Answer::Refuse(refusal) => {
                let judged = || self.judged(MethodClass::Read, Decided::Refused, request.waited);
                let is_head = request.head.method == Method::HEAD;
                let mut answer = self.refuse(refusal, is_head, judged);
                self.show_validators(&mut answer, refusal, current);
                answer
            }
        }
    }

    /// What follows the handler of a read that goes on.
    pub(crate) fn after_read(&self, request: &mut Incoming, current: Current) -> After {
        match current {
            Current::Present(representation) => After::Attach(representation),
            Current::Unknown => After::SecondLook(self.second_look(request)),
            Current::Absent(_) | Current::Delegated => After::Pass,
        }
    }

    fn tell_of_read(&self, request: &Incoming, decision: Decided) {
        let judged = || self.judged(MethodClass::Read, decision, request.waited);
        self.observer.tell(judged);
    }

    fn not_modified<B: Body>(&self, current: &mut Current) -> Response<ConditionalBody<B>> {
        let mut answer = Response::new(ConditionalBody::empty());
        *answer.status_mut() = StatusCode::NOT_MODIFIED;
        let headers = answer.headers_mut();
        if let Some(current) = current.representation_mut() {
            response::say_what_is_not_modified(headers, current, || self.now());
        }
        response::add_fields(headers, &self.response_fields);
        answer
    }

    /// Fields that were judged must not be judged again further in by other validators; a Range goes if If-Range
    /// says so.
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

    /// Only the response can tell. A Range is taken off where the answer may be a 304, a 412 or a whole 200: a 206
    /// or 416 could not be judged, and ignoring Range is always allowed (section 14.2). On a HEAD it means nothing,
    /// and must not once it goes inward as GET.
    fn second_look(&self, request: &mut Incoming) -> SecondLook {
        let Incoming { head, given, .. } = request;
        let is_head = head.method == Method::HEAD;
        let drops_body = is_head && self.reads_bodies && !self.leaves_head_alone;
        if given.any() || drops_body {
            remove(&mut head.headers, &RANGE);
        }
        let now = self.now_for(*given);
        let keep = self.keeps_preconditions;
        let preconditions = given
            .any()
            .then(|| Box::new(TakenPreconditions::take(head, *given, now, keep)));
        if drops_body {
            head.method = Method::GET;
        }
        SecondLook {
            preconditions,
            drops_body,
            is_head,
        }
    }

    /// The source failed: a read passes unjudged, with its fields. A Range that If-Range was to judge is taken off.
    pub(crate) fn read_unjudged(&self, request: &mut Incoming, error: &BoxError) -> After {
        if request.given.has(Field::IfRange) {
            remove(&mut request.head.headers, &RANGE);
        }
        self.observer.tell(|| Judged {
            error: Some(error.to_string().into()),
            ..self.judged(MethodClass::Read, Decided::SourceFailed, request.waited)
        });
        After::Attach(Representation::new())
    }
}

/// A read that has to wait for its source.
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
) -> impl Future<Output = Result<Response<ConditionalBody<ResBody>>, S::Error>>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>>,
    V: ValidatorSource,
    ResBody: Body<Data = Bytes> + Unpin,
{
    async move {
        let mut current = match look_up(&*source, &options, &mut request).await {
            Ok(current) => current,
            Err(SourceError::Refused(response)) => {
                return Ok(own_answer(*response, request.head.method == Method::HEAD));
            }
            Err(SourceError::Failed(error)) => {
                let after = options.read_unjudged(&mut request, &error);
                let call = OneCall::new(inner, request.into_request(body));
                return ResponseFuture::running(options, call, after).await;
            }
        };
        if let Some(answer) = options.judge_read(&mut request, &mut current) {
            return Ok(options.answer_read(&request, &mut current, answer));
        }
        match options.after_read(&mut request, current) {
            After::Attach(found) if options.verifies_after && found.has_validator() => {
                Box::pin(run_and_verify(source, options, inner, request, body, found)).await
            }
            after => {
                let call = OneCall::new(inner, request.into_request(body));
                ResponseFuture::running(options, call, after).await
            }
        }
    }
}

/// The validators go on the response only if they are still the same when it is there.
async fn run_and_verify<S, V, ReqBody, ResBody>(
    source: Arc<V>,
    options: Arc<Options>,
    inner: S,
    mut request: Incoming,
    body: ReqBody,
    found: Representation,
) -> Result<Response<ConditionalBody<ResBody>>, S::Error>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>>,
    V: ValidatorSource,
    ResBody: Body<Data = Bytes> + Unpin,
{
    let inward = Request::from_parts(request.head.clone(), body);
    let response = OneCall::new(inner, inward).await?;
    let now = look_up(&*source, &options, &mut request).await;
    let still = now.is_ok_and(|now| found.is_still(&now));
    let after = After::Attach(if still { found } else { Representation::new() });
    ResponseFuture::running(options, ready(Ok(response)), after).await
}
