//! Refusals: their responses and events, and what the route adds to them for the client.

use std::future::Future;

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, EXPECT};
use http::request::Parts;
use http::{Response, StatusCode};
use http_body::Body;

use super::evaluation::{Evaluation, Outcome};
use super::observe::Severity;
use super::options::Options;
use super::recovery::{Recovery, vary_on_prefer};
use super::request::Incoming;
use super::request_body::drain;
use crate::BoxError;
use crate::body::ConditionalBody;
use crate::field::Field;
use crate::method_class::MethodClass;
use crate::refusal::Refusal;
use crate::{Current, PreconditionFailed, Reason, response};

/// Turns a response of the source or the application into the answer. For a HEAD it drops the content and states the
/// length that a GET would have: the server would otherwise send `Content-Length: 0` (section 8.6).
pub(crate) fn own_answer<B: Body>(
    mut response: Response<Bytes>,
    is_head: bool,
) -> Response<ConditionalBody<B>> {
    if is_head {
        let length = response.body().len().into();
        response.headers_mut().insert(CONTENT_LENGTH, length);
        response.body_mut().clear();
    }
    response.map(ConditionalBody::text)
}

impl Options {
    /// The answer to a refused write.
    pub(crate) fn refuse_write<B: Body>(
        &self,
        request: &Incoming,
        current: &Current,
        refusal: Refusal,
    ) -> Response<ConditionalBody<B>> {
        let begun = request.event.as_deref();
        let complete = |begun| self.not_performed(begun, request, current);
        let mut answer = self.refuse(refusal, false, begun, complete);
        if self.writes.shows_validators {
            self.show_validators(&mut answer, refusal, current);
        }
        if self.recovery.is_some() && refusal.status() == StatusCode::PRECONDITION_FAILED {
            vary_on_prefer(answer.headers_mut());
        }
        answer
    }

    /// The 503 for a guarded write whose source or lock failed.
    pub(crate) fn unavailable<B: Body>(
        &self,
        reason: Reason,
        error: &BoxError,
        request: &Incoming,
    ) -> Response<ConditionalBody<B>> {
        let begun = request.event.as_deref();
        let complete = |begun| Evaluation {
            error: Some(error.to_string().into()),
            ..begun
        };
        self.refuse(Refusal::of(None, reason), false, begun, complete)
    }

    /// Emits the event of a failed source.
    pub(crate) fn report_source_failure(&self, request: &Incoming, error: &BoxError) {
        let begun = request.event.as_deref();
        self.observer
            .emit(Severity::Warn, begun, |begun| Evaluation {
                outcome: Outcome::SourceFailed,
                error: Some(error.to_string().into()),
                ..begun
            });
    }

    /// The response to a refusal, in the application's form. Emits the event, which `complete` may add to.
    pub(crate) fn refuse<B: Body>(
        &self,
        refusal: Refusal,
        is_head: bool,
        begun: Option<&Evaluation>,
        complete: impl FnOnce(Evaluation) -> Evaluation,
    ) -> Response<ConditionalBody<B>> {
        if let Some(begun) = begun {
            self.report_refusal(refusal, begun, complete);
        }
        let mut answer = self.response_to(refusal);
        if is_head {
            answer.headers_mut().remove(CONTENT_TYPE);
        }
        own_answer(answer, is_head)
    }

    /// Emits the event of a refusal: a write that could not be checked is an error.
    #[cold]
    #[inline(never)]
    fn report_refusal(
        &self,
        refusal: Refusal,
        begun: &Evaluation,
        complete: impl FnOnce(Evaluation) -> Evaluation,
    ) {
        let is_write = begun.class == MethodClass::Write;
        let severity = if is_write && refusal.status() == StatusCode::SERVICE_UNAVAILABLE {
            Severity::Error
        } else {
            Severity::Info
        };
        self.observer
            .emit(severity, Some(begun), |begun| Evaluation {
                outcome: Outcome::Refused,
                field: refusal.field(),
                reason: Some(refusal.reason()),
                ..complete(begun)
            });
    }

    /// Adds the current validators to a 412. A 400 or 428 depends on the request alone, and must not reveal what exists.
    pub(crate) fn show_validators<B>(
        &self,
        answer: &mut Response<B>,
        refusal: Refusal,
        current: &Current,
    ) {
        if refusal.status() == StatusCode::PRECONDITION_FAILED
            && let Some(current) = current.representation()
        {
            response::replace_validators(answer.headers_mut(), current, || self.now());
        }
    }

    /// The refusal of a write with a malformed field: 400, or 412 if the policy says so.
    pub(crate) fn malformed(&self, field: Field) -> Refusal {
        if self.writes.malformed_is_412 {
            PreconditionFailed::new(field, Reason::Stale).into()
        } else {
            Refusal::of(Some(field), Reason::Malformed)
        }
    }
}

impl Options {
    /// Whether a refusal may have to wait: for the application, the recovery reader or the rest of the body.
    pub(crate) fn may_wait_to_refuse(&self, head: &Parts, body: &impl Body) -> bool {
        self.writes.already_applied.is_some()
            || self.recovery_for(head).is_some()
            || self.drains(head, body)
    }

    /// Answers a refused write: with the 2xx of its first attempt if the application has one, else with the refusal, which
    /// carries the current representation if the client asks for it.
    pub(crate) async fn answer_refused<ReqBody: Body, ResBody: Body>(
        &self,
        request: &Incoming,
        body: ReqBody,
        current: &Current,
        refusal: Refusal,
    ) -> Response<ConditionalBody<ResBody>> {
        let head = &request.head;
        let is_412 = refusal.status() == StatusCode::PRECONDITION_FAILED;
        if is_412 && let Some(answer) = self.already_applied(request, current, refusal).await {
            return answer;
        }
        let mut answer = self.refuse_write(request, current, refusal);
        if let Some(recovery) = self.recovery_for(head).filter(|_| is_412) {
            answer = recovery.add_to(head, answer).await;
        }
        if self.drains(head, &body) {
            drain(body, self.writes.drain_limit).await;
        }
        answer
    }

    /// The answer of the first attempt, if the application says that it has taken effect.
    async fn already_applied<ResBody: Body>(
        &self,
        request: &Incoming,
        current: &Current,
        refusal: Refusal,
    ) -> Option<Response<ConditionalBody<ResBody>>> {
        let hook = self.writes.already_applied.as_ref()?;
        let field = refusal.field();
        let answer = hook.answer(&request.head, field, current).await?;
        let begun = request.event.as_deref();
        self.observer
            .emit(Severity::Debug, begun, |begun| Evaluation {
                outcome: Outcome::AlreadyApplied,
                field,
                ..self.not_performed(begun, request, current)
            });
        Some(answer.map(ConditionalBody::text))
    }

    /// The reader of the current representation, if the route has one and the client asks for it.
    pub(crate) fn recovery_for(&self, head: &Parts) -> Option<&Recovery> {
        let recovery = self.recovery.as_ref()?;
        Recovery::is_wanted(head).then_some(recovery)
    }

    /// Adds the current representation to the 412 of a write whose handler's compare-and-swap has failed.
    pub(crate) async fn recover_lost<ResBody: Body, E>(
        &self,
        head: Box<Parts>,
        running: impl Future<Output = Result<Response<ConditionalBody<ResBody>>, E>>,
    ) -> Result<Response<ConditionalBody<ResBody>>, E> {
        let mut response = running.await?;
        let lost = response.extensions_mut().remove::<PreconditionFailed>();
        match (&self.recovery, lost) {
            (Some(recovery), Some(_)) => Ok(recovery.add_to(&head, response).await),
            _ => Ok(response),
        }
    }

    /// Whether to read the rest of a refused request's body.
    fn drains(&self, head: &Parts, body: &impl Body) -> bool {
        self.writes.drain_limit > 0 && !body.is_end_stream() && !head.headers.contains_key(EXPECT)
    }
}
