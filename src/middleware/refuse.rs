//! Refusals: put into words, reported, and made as helpful as the route allows.

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, EXPECT};
use http::request::Parts;
use http::{Response, StatusCode};
use http_body::Body;

use super::judge::{RefusedWrite, Waited};
use super::observe::{Judged, Verdict};
use super::options::Shared;
use super::recovery::{Recovery, vary_on_prefer};
use super::request_body::drain;
use super::service::Incoming;
use crate::body::ConditionalBody;
use crate::field::Field;
use crate::refusal::Refusal;
use crate::source::{BoxError, ValidatorSource};
use crate::{Current, MethodClass, PreconditionFailed, Reason, response};

/// An answer without the handler. To a HEAD it has no content and says how long that of a GET would be: a server
/// that finds an empty body would say 0 (section 8.6).
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

impl<V: ValidatorSource> Shared<V> {
    /// The answer to a refused write.
    pub(crate) fn refuse_write<B: Body>(
        &self,
        refused: RefusedWrite,
    ) -> Response<ConditionalBody<B>> {
        let RefusedWrite {
            refusal,
            current,
            judged,
        } = refused;
        let mut answer = self.refuse(refusal, judged, false);
        if self.options.writes.shows_validators {
            show_validators(&mut answer, refusal, &current);
        }
        if self.options.recovery.is_some() && refusal.status() == StatusCode::PRECONDITION_FAILED {
            vary_on_prefer(answer.headers_mut());
        }
        answer
    }

    /// The source or the lock failed: a write that is guarded must not run.
    pub(crate) fn unavailable<B: Body>(
        &self,
        reason: Reason,
        error: &BoxError,
        waited: Waited,
    ) -> Response<ConditionalBody<B>> {
        let mut judged = self.judged(MethodClass::Write, Verdict::Refused, waited);
        judged.error = Some(error.to_string().into());
        self.refuse(Refusal::of(None, reason), judged, false)
    }

    /// A refusal as the application wants to word it, reported.
    pub(crate) fn refuse<B: Body>(
        &self,
        refusal: Refusal,
        judged: Judged,
        is_head: bool,
    ) -> Response<ConditionalBody<B>> {
        self.options.observer.tell(|| Judged {
            verdict: Verdict::Refused,
            field: refusal.field(),
            reason: Some(refusal.reason()),
            ..judged
        });
        let mut answer = self.options.response_to(refusal);
        if is_head {
            answer.headers_mut().remove(CONTENT_TYPE);
        }
        own_answer(answer, is_head)
    }

    pub(crate) fn malformed(&self, field: Field) -> Refusal {
        if self.options.writes.malformed_is_412 {
            PreconditionFailed::new(field, Reason::Stale).into()
        } else {
            Refusal::of(Some(field), Reason::Malformed)
        }
    }
}

impl<V: ValidatorSource> Shared<V> {
    /// Whether a refusal would have something to wait for: the application, the reader, the rest of the body.
    pub(crate) fn may_wait_to_refuse(&self, head: &Parts, body: &impl Body) -> bool {
        self.options.writes.already_applied.is_some()
            || self.recovery_for(head).is_some()
            || self.drains(head, body)
    }

    /// Answers a refused write, in the way that helps the client most.
    pub(crate) async fn answer_refused<ReqBody: Body, ResBody: Body>(
        &self,
        request: Incoming<ReqBody>,
        refused: RefusedWrite,
    ) -> Response<ConditionalBody<ResBody>> {
        if let Some(answer) = self.already_applied(&request.head, &refused).await {
            return answer;
        }
        let is_412 = refused.refusal.status() == StatusCode::PRECONDITION_FAILED;
        let mut answer = self.refuse_write(refused);
        if let Some(recovery) = self.recovery_for(&request.head).filter(|_| is_412) {
            answer = recovery.add_to(&request.head, answer).await;
        }
        if self.drains(&request.head, &request.body) {
            drain(request.body, self.options.writes.drain_limit).await;
        }
        answer
    }

    async fn already_applied<ResBody: Body>(
        &self,
        head: &Parts,
        refused: &RefusedWrite,
    ) -> Option<Response<ConditionalBody<ResBody>>> {
        let hook = self.options.writes.already_applied.as_ref()?;
        let field = refused.refusal.field();
        if refused.refusal.status() != StatusCode::PRECONDITION_FAILED {
            return None;
        }
        let answer = hook.answer(head, field, &refused.current).await?;
        self.options.observer.tell(|| Judged {
            verdict: Verdict::AlreadyApplied,
            field,
            ..refused.judged.clone()
        });
        Some(answer.map(ConditionalBody::text))
    }

    /// The way to the current representation, if the route offers it and the client asks for it.
    pub(crate) fn recovery_for(&self, head: &Parts) -> Option<&Recovery> {
        let recovery = self.options.recovery.as_ref()?;
        Recovery::is_wanted(head).then_some(recovery)
    }

    /// The same for a write whose handler lost the race after all.
    pub(crate) async fn recover_lost<ResBody: Body>(
        &self,
        head: Option<&Parts>,
        mut response: Response<ConditionalBody<ResBody>>,
    ) -> Response<ConditionalBody<ResBody>> {
        let lost = response.extensions_mut().remove::<PreconditionFailed>();
        match (&self.options.recovery, head, lost) {
            (Some(recovery), Some(head), Some(_)) => recovery.add_to(head, response).await,
            _ => response,
        }
    }

    /// Whether the rest of a refused request's body is to be read.
    fn drains(&self, head: &Parts, body: &impl Body) -> bool {
        self.options.writes.drain_limit > 0
            && !body.is_end_stream()
            && !head.headers.contains_key(EXPECT)
    }
}

/// A 412 may say what is current. A 400 or 428 rests on the request alone, and must not tell what exists.
pub(crate) fn show_validators<B>(answer: &mut Response<B>, refusal: Refusal, current: &Current) {
    if refusal.status() == StatusCode::PRECONDITION_FAILED
        && let Some(representation) = current.representation()
    {
        response::replace_validators(answer.headers_mut(), representation);
    }
}
