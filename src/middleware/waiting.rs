//! Requests that have to wait before the handler runs: for the source, the lock, or a body.

use std::future::poll_fn;
use std::sync::Arc;

use bytes::Bytes;
use http::request::Parts;
use http::{Method, Request, Response};
use http_body::Body;
use tower::Service;

use super::checked::Checked;
use super::future::ResponseFuture;
use super::judge::{After, Plan, Waited, WritePlan};
use super::options::Shared;
use super::refuse::own_answer;
use super::request_body::CollectBody;
use super::service::Incoming;
use super::take_lock::TakenLock;
use super::write_lock::HeldLock;
use crate::body::ConditionalBody;
use crate::field::Given;
use crate::source::{SourceError, ValidatorSource};
use crate::{Current, Reason, Representation};

pub(crate) async fn read_waiting<S, V, ReqBody, ResBody>(
    shared: Arc<Shared<V>>,
    inner: S,
    mut request: Incoming<ReqBody>,
) -> Result<Response<ConditionalBody<ResBody>>, S::Error>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>>,
    V: ValidatorSource,
    ResBody: Body<Data = Bytes> + Unpin,
{
    let mut waited = Waited::default();
    let found = shared.look_up(&request.head, &mut waited).await;
    // Judged, a date in the future is another one: to be verified is what was found.
    let to_verify = match &found {
        Ok(current) if shared.options.verifies_after => current.representation().cloned(),
        _ => None,
    };
    let (head, given) = (&mut request.head, request.given);
    let plan = match found {
        Ok(current) => shared.judge_read(head, given, current, waited),
        Err(SourceError::Refused(response)) => {
            Plan::Answer(own_answer(*response, head.method == Method::HEAD))
        }
        Err(SourceError::Failed(error)) => {
            Plan::Run(shared.read_unjudged(head, given, &error, waited))
        }
    };
    match (plan, to_verify) {
        (Plan::Answer(response), _) => Ok(response),
        (Plan::Run(After::Attach(known)), Some(before)) if before.has_validator() => {
            let head = request.head.clone();
            let response = make_ready_and_call(inner, request.into_request()).await?;
            let after = shared.look_up(&head, &mut waited).await;
            let unchanged = after.is_ok_and(|after| before.is_still(&after));
            let known = if unchanged {
                known
            } else {
                Representation::new()
            };
            let after = After::Attach(known);
            ResponseFuture::running(shared, std::future::ready(Ok(response)), after).await
        }
        (Plan::Run(after), _) => {
            let call = make_ready_and_call(inner, request.into_request());
            ResponseFuture::running(shared, call, after).await
        }
    }
}

pub(crate) async fn write_waiting<S, V, C, ReqBody, ResBody>(
    shared: Arc<Shared<V>>,
    inner: S,
    collect: C,
    mut request: Incoming<ReqBody>,
    mut lock: TakenLock,
) -> Result<Response<ConditionalBody<ResBody>>, S::Error>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>>,
    V: ValidatorSource,
    C: CollectBody<ReqBody>,
    ReqBody: Body,
    ResBody: Body<Data = Bytes> + Unpin,
{
    let mut waited = Waited::default();
    if let TakenLock::Busy = lock {
        // Refused before it waits: the first look is without the lock.
        match judge(&shared, &mut request, None, &mut waited).await {
            Ok(WritePlan::Run(_)) => {}
            Ok(WritePlan::Refuse(refused)) => {
                return Ok(shared.answer_refused(request, refused).await);
            }
            Err(answer) => return Ok(answer),
        }
        if collect.collects(&request.body) {
            request.body = collect.collect(request.body).await;
        }
        lock = match shared.wait_for_lock(&request.head, &mut waited).await {
            Ok(lock) => lock,
            Err(error) => return Ok(shared.unavailable(Reason::Lock, &error, waited)),
        };
    }
    match judge(&shared, &mut request, lock.held(), &mut waited).await {
        Ok(WritePlan::Run(after)) => {
            let asked = shared
                .recovery_for(&request.head)
                .map(|_| without_lock(&request.head));
            let call = make_ready_and_call(inner, request.into_request());
            let response = ResponseFuture::running(shared.clone(), call, after).await?;
            Ok(shared.recover_lost(asked.as_ref(), response).await)
        }
        Ok(WritePlan::Refuse(refused)) => Ok(shared.answer_refused(request, refused).await),
        Err(answer) => Ok(answer),
    }
}

/// The head of a write, to outlive it: a copy of what was checked would hold the lock.
fn without_lock(head: &Parts) -> Parts {
    let mut head = head.clone();
    head.extensions.remove::<Checked>();
    head
}

/// Looks up and judges a write; the error is the answer where the source has none of its own to judge by.
async fn judge<V: ValidatorSource, ReqBody, ResBody: Body>(
    shared: &Shared<V>,
    request: &mut Incoming<ReqBody>,
    lock: Option<HeldLock>,
    waited: &mut Waited,
) -> Result<WritePlan, Response<ConditionalBody<ResBody>>> {
    let found = shared.look_up(&request.head, waited).await;
    let (head, given) = (&mut request.head, request.given);
    let current = match found {
        Ok(current) => current,
        Err(SourceError::Refused(response)) => return Err(own_answer(*response, false)),
        Err(SourceError::Failed(error)) if shared.must_judge(head, given) => {
            return Err(shared.unavailable(Reason::Source, &error, *waited));
        }
        // Nobody asked for a judgement: the write runs as it would have, under its lock.
        Err(SourceError::Failed(_)) => Current::Unknown,
    };
    Ok(shared.judge_write(head, given, current, lock, *waited))
}

/// The readiness that was given back is asked for again only now, once for the one call.
async fn make_ready_and_call<S, ReqBody>(
    mut inner: S,
    request: Request<ReqBody>,
) -> Result<S::Response, S::Error>
where
    S: Service<Request<ReqBody>>,
{
    poll_fn(|cx| inner.poll_ready(cx)).await?;
    inner.call(request).await
}

impl<V: ValidatorSource> Shared<V> {
    /// Whether a write must not run unjudged.
    fn must_judge(&self, head: &Parts, given: Given) -> bool {
        given.any_for_writes() || self.options.writes.requires(&head.method)
    }
}
