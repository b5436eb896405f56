//! A write: which step comes next, each rule once and without a future; and the future of a write that waits.

use std::future::Future;
use std::ops::ControlFlow;
use std::sync::Arc;

use bytes::Bytes;
use http::request::Parts;
use http::{Method, Request, Response};
use http_body::Body;
use tower::Service;

use super::checked::{AwaitsJudgement, Checked};
use super::future::ResponseFuture;
use super::observe::{Decided, Judged, evidence};
use super::on_response::{After, Written};
use super::one_call::OneCall;
use super::options::Options;
use super::refuse::own_answer;
use super::request::{Incoming, look_up, outer_lock};
use super::request_body::CollectBody;
use super::take_lock::TakenLock;
use super::write_lock::HeldLock;
use crate::body::ConditionalBody;
use crate::field::Field;
use crate::refusal::Refusal;
use crate::source::{SourceError, ValidatorSource};
use crate::{Current, Decision, MethodClass, Preconditions, Reason};

/// What a write does next.
///
/// The lock is taken before the look-up where it is free: one look-up, under the lock. Where it is not, the write is
/// evaluated first without it, so that it is refused before it waits; then it waits, and is evaluated again under the
/// lock.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Step {
    /// Look up the current state, then [`Write::looked_up`].
    LookUp,
    /// Collect the body, then [`Write::collected`].
    Collect,
    /// Wait for the lock, then [`Write::locked`].
    Lock,
    /// Answer without the handler.
    Refuse(Refusal),
    /// Call the handler. The field is the precondition that was satisfied, if the request carried one that counts.
    Run(Option<Field>),
}

/// How far a write has come.
pub(crate) struct Write {
    lock: TakenLock,
    collects: bool,
}

impl Write {
    /// Takes the lock if it is free. A body that is to be collected first must not be waited for under the lock.
    pub(crate) fn begin(options: &Options, head: &Parts, collects: bool) -> Self {
        let lock = if collects {
            TakenLock::Busy
        } else {
            options.try_lock(head)
        };
        Self { lock, collects }
    }

    /// Whether what is looked up now is still true when the handler runs.
    pub(crate) const fn is_under_lock(&self) -> bool {
        !matches!(self.lock, TakenLock::Busy)
    }

    /// The current state is there: evaluates the write.
    pub(crate) fn looked_up(
        &mut self,
        options: &Options,
        request: &Incoming,
        current: &Current,
    ) -> Step {
        match options.judge_write(request, current) {
            Err(refusal) => {
                self.release_before_refusal();
                Step::Refuse(refusal)
            }
            Ok(satisfied) if self.is_under_lock() => Step::Run(satisfied),
            Ok(_) if self.collects => Step::Collect,
            Ok(_) => Step::Lock,
        }
    }

    /// The source has failed or refused. A write that needs no evaluation runs as it would have, under its lock.
    /// A write that must not run breaks off with its answer.
    pub(crate) fn not_looked_up<B: Body>(
        &mut self,
        options: &Options,
        request: &Incoming,
        error: SourceError,
    ) -> ControlFlow<Response<ConditionalBody<B>>, Step> {
        match error {
            SourceError::Failed(_) if !options.must_judge(request) => {
                ControlFlow::Continue(self.looked_up(options, request, &Current::Unknown))
            }
            SourceError::Failed(error) => {
                self.release_before_refusal();
                ControlFlow::Break(options.unavailable(Reason::Source, &error, request))
            }
            SourceError::Refused(response) => {
                self.release_before_refusal();
                ControlFlow::Break(own_answer(*response, false))
            }
        }
    }

    /// The body is in memory.
    pub(crate) fn collected(&mut self) -> Step {
        self.collects = false;
        Step::Lock
    }

    /// The lock is held: what was looked up without it may have changed.
    pub(crate) fn locked(&mut self, lock: TakenLock) -> Step {
        self.lock = lock;
        Step::LookUp
    }

    /// The observer, the application and the client may take their time, and the next writer need not wait for that.
    fn release_before_refusal(&mut self) {
        self.lock = TakenLock::NotNeeded;
    }

    /// The lock, to be held while the handler runs.
    pub(crate) fn into_held_lock(self) -> Option<HeldLock> {
        self.lock.held()
    }
}

/// A write that has to wait: for the source, the lock, its body, or to be refused in a helpful way.
#[expect(
    clippy::manual_async_fn,
    reason = "an async fn keeps its arguments twice, and every request that waits carries them"
)]
#[expect(
    clippy::too_many_arguments,
    reason = "a struct of them would be moved once more"
)]
pub(crate) fn waiting_write<S, V, C, ReqBody, ResBody>(
    source: Arc<V>,
    options: Arc<Options>,
    inner: S,
    collect: C,
    mut request: Incoming,
    mut body: ReqBody,
    mut write: Write,
    mut step: Step,
    mut current: Current,
) -> impl Future<Output = Result<Response<ConditionalBody<ResBody>>, S::Error>>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>>,
    V: ValidatorSource,
    C: CollectBody<ReqBody>,
    ReqBody: Body,
    ResBody: Body<Data = Bytes> + Unpin,
{
    async move {
        let satisfied = loop {
            step = match step {
                Step::LookUp => match look_up(&*source, &options, &mut request).await {
                    Ok(found) => {
                        current = found;
                        write.looked_up(&options, &request, &current)
                    }
                    Err(error) => {
                        current = Current::Unknown;
                        match write.not_looked_up(&options, &request, error) {
                            ControlFlow::Continue(step) => step,
                            ControlFlow::Break(answer) => return Ok(answer),
                        }
                    }
                },
                Step::Collect => {
                    body = collect.collect(body).await;
                    write.collected()
                }
                Step::Lock => match options.wait_for_lock(&mut request).await {
                    Ok(lock) => write.locked(lock),
                    Err(error) => return Ok(options.unavailable(Reason::Lock, &error, &request)),
                },
                Step::Refuse(refusal) => {
                    let answer = options.answer_refused(&request, body, &current, refusal);
                    return Ok(answer.await);
                }
                Step::Run(satisfied) => break satisfied,
            };
        };
        let lock = write.into_held_lock();
        let after = options.after_write(&mut request, current, satisfied, lock);
        let asked = options
            .recovery_for(&request.head)
            .map(|_| without_lock(&request.head));
        let call = OneCall::new(inner, request.into_request(body));
        let response = ResponseFuture::running(options.clone(), call, after).await?;
        Ok(options.recover_lost(asked.as_ref(), response).await)
    }
}

/// The head of a write, to outlive it: a copy of what was checked would hold the lock.
fn without_lock(head: &Parts) -> Parts {
    let mut head = head.clone();
    head.extensions.remove::<Checked>();
    head
}

impl Options {
    /// A write: the precondition that holds it, if it carries one that counts.
    ///
    /// # Errors
    ///
    /// The handler must not run: 400, 428 or 412.
    pub(crate) fn judge_write(
        &self,
        request: &Incoming,
        current: &Current,
    ) -> Result<Option<Field>, Refusal> {
        if matches!(current, Current::Delegated) {
            return Ok(None);
        }
        settle(&request.head);
        if !request.given.any() {
            return self.may_go_without(&request.head.method);
        }
        let found = self.preconditions(MethodClass::Write, request);
        let found = found.tolerating(self.writes.rewrites.as_deref());
        match self.refusal(&request.head.method, &found, current) {
            None => Ok(found.guarding_field()),
            Some(refusal) => Err(refusal),
        }
    }

    /// Whether the source must be asked about this write, and the lock taken.
    pub(crate) fn concerns(&self, request: &Incoming) -> bool {
        let guards = self.writes.always_guards(&request.head.method);
        self.looks_up && (guards || request.given.any_for_writes())
    }

    /// Whether a write must not run without having been evaluated.
    fn must_judge(&self, request: &Incoming) -> bool {
        request.given.any_for_writes() || self.writes.requires(&request.head.method)
    }

    /// What follows the handler of a write that goes on; the handler learns what the judgement rested on.
    pub(crate) fn after_write(
        &self,
        request: &mut Incoming,
        current: Current,
        held_by: Option<Field>,
        lock: Option<HeldLock>,
    ) -> After {
        if matches!(current, Current::Delegated) {
            return self.write_unjudged(request);
        }
        let head = &mut request.head;
        // A layer further out may hold a lock that this one did not take.
        let lock = lock.or_else(|| outer_lock(head).cloned());
        let is_put = head.method == Method::PUT;
        let expected_to_fail =
            held_by == Some(Field::IfMatch) && matches!(current, Current::Absent(_));
        let checked = Checked::new(current, held_by, lock.clone());
        head.extensions.insert(checked);
        let looked_at = held_by.is_some() && self.observer.is_on();
        let judged = || Judged {
            field: held_by,
            ..self.judged(MethodClass::Write, Decided::Proceeded, request.waited)
        };
        After::Write(Written {
            lock,
            is_put,
            judged: looked_at.then(|| Box::new(judged())),
            awaits: None,
            expected_to_fail,
        })
    }

    /// What the operator learns of a write that is not performed.
    pub(crate) fn not_performed(&self, request: &Incoming, current: &Current) -> Judged {
        let found = self.preconditions(MethodClass::Write, request);
        let (versions_behind, tag_hash) = evidence(&found, current);
        Judged {
            versions_behind,
            tag_hash,
            ..self.judged(MethodClass::Write, Decided::Refused, request.waited)
        }
    }

    /// A write that carries no precondition at all.
    fn may_go_without(&self, method: &Method) -> Result<Option<Field>, Refusal> {
        if self.writes.requires(method) {
            Err(Refusal::of(Some(Field::IfMatch), Reason::Missing))
        } else {
            Ok(None)
        }
    }

    fn refusal(
        &self,
        method: &Method,
        preconditions: &Preconditions<'_>,
        current: &Current,
    ) -> Option<Refusal> {
        let decision = preconditions.evaluate(current);
        if let Some(field) = preconditions.malformed_beside(decision) {
            return Some(self.malformed(field));
        }
        let unguarded = self.writes.unguarded(method, preconditions, current);
        if let Some((field, reason)) = unguarded
            && reason != Reason::Inapplicable
        {
            return Some(Refusal::of(Some(field), reason));
        }
        match decision {
            Decision::PreconditionFailed(failed) => Some(failed.into()),
            Decision::Malformed(field) => Some(self.malformed(field)),
            Decision::Proceed | Decision::IgnoreRange | Decision::NotModified => {
                unguarded.map(|(field, reason)| Refusal::of(Some(field), reason))
            }
        }
    }

    /// A write that passes unjudged; one with preconditions is reported if it succeeds that way. Its handler may
    /// speak of the new state all the same.
    pub(crate) fn write_unjudged(&self, request: &mut Incoming) -> After {
        let head = &mut request.head;
        let judged_further_out = head.extensions.get::<Checked>().is_some();
        let mut written = Written::unjudged(&head.method);
        if request.given.any_for_writes() && !judged_further_out && self.observer.is_on() {
            written.awaits = Some(awaits_judgement(head));
        }
        After::Write(written)
    }
}

/// A layer further out let this write pass unjudged: it is judged now.
fn settle(head: &Parts) {
    if let Some(awaits) = head.extensions.get::<AwaitsJudgement>() {
        awaits.settle();
    }
}

/// One mark for all layers that let the request pass: whoever judges it settles the matter for all of them.
fn awaits_judgement(head: &mut Parts) -> AwaitsJudgement {
    let further_out = head.extensions.get::<AwaitsJudgement>();
    let awaits = further_out.cloned().unwrap_or_default();
    head.extensions.insert(awaits.clone());
    awaits
}
