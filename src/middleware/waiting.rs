//! Requests that have to wait before the handler runs: for the source, the lock, or a body.

#![expect(
    clippy::manual_async_fn,
    reason = "an async fn keeps its arguments twice, and every request that waits carries them"
)]

use std::future::{Future, ready};
use std::sync::Arc;

use bytes::Bytes;
use http::request::Parts;
use http::{Method, Request, Response};
use http_body::Body;
use tower::Service;

use super::checked::Checked;
use super::future::ResponseFuture;
use super::judge::{After, Incoming};
use super::one_call::OneCall;
use super::options::Shared;
use super::refuse::own_answer;
use super::request_body::CollectBody;
use super::take_lock::TakenLock;
use crate::body::ConditionalBody;
use crate::source::{SourceError, ValidatorSource};
use crate::{Current, Reason, Representation};

pub(crate) fn read_waiting<S, V, ReqBody, ResBody>(
    shared: Arc<Shared<V>>,
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
        let mut current = match shared.look_up(&mut request).await {
            Ok(current) => current,
            Err(SourceError::Refused(response)) => {
                return Ok(own_answer(*response, request.head.method == Method::HEAD));
            }
            Err(SourceError::Failed(error)) => {
                let after = shared.read_unjudged(&mut request, &error);
                let call = OneCall::new(inner, request.into_request(body));
                return ResponseFuture::running(shared, call, after).await;
            }
        };
        if let Some(answer) = shared.judge_read(&mut request, &mut current) {
            return Ok(shared.answer_read(&request, &mut current, answer));
        }
        match shared.after_read(&mut request, current) {
            After::Attach(found) if shared.options.verifies_after && found.has_validator() => {
                Box::pin(run_and_verify(shared, inner, request, body, found)).await
            }
            after => {
                let call = OneCall::new(inner, request.into_request(body));
                ResponseFuture::running(shared, call, after).await
            }
        }
    }
}

/// The validators go on the response only if they are still the same when it is there.
async fn run_and_verify<S, V, ReqBody, ResBody>(
    shared: Arc<Shared<V>>,
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
    let now = shared.look_up(&mut request).await;
    let still = now.is_ok_and(|now| found.is_still(&now));
    let after = After::Attach(if still { found } else { Representation::new() });
    ResponseFuture::running(shared, ready(Ok(response)), after).await
}

pub(crate) fn write_waiting<S, V, C, ReqBody, ResBody>(
    shared: Arc<Shared<V>>,
    inner: S,
    collect: C,
    mut request: Incoming,
    mut body: ReqBody,
    mut lock: TakenLock,
) -> impl Future<Output = Result<Response<ConditionalBody<ResBody>>, S::Error>>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>>,
    V: ValidatorSource,
    C: CollectBody<ReqBody>,
    ReqBody: Body,
    ResBody: Body<Data = Bytes> + Unpin,
{
    async move {
        if let TakenLock::Busy = lock {
            // Refused before it waits: the first look is without the lock.
            let current = match shared.state_to_judge(&mut request).await {
                Ok(current) => current,
                Err(error) => return Ok(shared.without_state(error, &request)),
            };
            if let Err(refusal) = shared.judge_write(&request, &current) {
                let answer = shared.answer_refused(&request, body, &current, refusal);
                return Ok(answer.await);
            }
            if collect.collects(&body) {
                body = collect.collect(body).await;
            }
            lock = match shared.wait_for_lock(&mut request).await {
                Ok(lock) => lock,
                Err(error) => return Ok(shared.unavailable(Reason::Lock, &error, &request)),
            };
        }
        let current = match shared.state_to_judge(&mut request).await {
            Ok(current) => current,
            Err(error) => {
                // Here and below: whoever is told, or helps the client, may take its time, and the next writer need not
                // wait for that.
                drop(lock);
                return Ok(shared.without_state(error, &request));
            }
        };
        let held_by = match shared.judge_write(&request, &current) {
            Ok(held_by) => held_by,
            Err(refusal) => {
                drop(lock);
                let answer = shared.answer_refused(&request, body, &current, refusal);
                return Ok(answer.await);
            }
        };
        let after = shared.after_write(&mut request, current, held_by, lock.held());
        let asked = shared
            .recovery_for(&request.head)
            .map(|_| without_lock(&request.head));
        let call = OneCall::new(inner, request.into_request(body));
        let response = ResponseFuture::running(shared.clone(), call, after).await?;
        Ok(shared.recover_lost(asked.as_ref(), response).await)
    }
}

/// The head of a write, to outlive it: a copy of what was checked would hold the lock.
fn without_lock(head: &Parts) -> Parts {
    let mut head = head.clone();
    head.extensions.remove::<Checked>();
    head
}

impl<V: ValidatorSource> Shared<V> {
    /// Looks up the state that a write is judged by.
    async fn state_to_judge(&self, request: &mut Incoming) -> Result<Current, SourceError> {
        match self.look_up(request).await {
            // Nobody asked for a judgement: the write runs as it would have, under its lock.
            Err(SourceError::Failed(_)) if !self.must_judge(request) => Ok(Current::Unknown),
            found => found,
        }
    }

    /// The answer to a write whose state could not be looked up.
    fn without_state<B: Body>(
        &self,
        error: SourceError,
        request: &Incoming,
    ) -> Response<ConditionalBody<B>> {
        match error {
            SourceError::Refused(response) => own_answer(*response, false),
            SourceError::Failed(error) => self.unavailable(Reason::Source, &error, request),
        }
    }

    /// Whether a write must not run unjudged.
    fn must_judge(&self, request: &Incoming) -> bool {
        request.given.any_for_writes() || self.options.writes.requires(&request.head.method)
    }
}
