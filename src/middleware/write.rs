//! A write: the order of its steps, and the future of a write that waits.

use std::future::{Future, poll_fn};
use std::mem;
use std::ops::ControlFlow;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;

use bytes::Bytes;
use http::request::Parts;
use http::{Request, Response};
use http_body::Body;
use tower::Service;

use super::LookedUp;
use super::checked::Checked;
use super::future::ResponseFuture;
use super::observe;
use super::oneshot::Oneshot;
use super::options::Options;
use super::refuse::own_answer;
use super::request::Incoming;
use super::request_body::CollectBody;
use super::take_lock::{Queued, TakenLock, key_of};
use crate::body::ConditionalBody;
use crate::field::Field;
use crate::lock::{HeldLock, ResourceKey, WriteKey};
use crate::look_up::{Identified, LookUps, Member};
use crate::refusal::Refusal;
use crate::source::{Found, SourceError, Unidentified, ValidatorSource};
use crate::{BoxError, Current, Reason};

/// The next step of a write.
///
/// If the lock is free, the write takes it before the look-up, and one look-up is enough. Otherwise the write is evaluated
/// first without the lock, so that a stale one is refused before it waits. Then it waits for the lock, and is looked up and
/// evaluated again under it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Step {
    /// Look up the current state, then [`Write::looked_up`].
    LookUp,
    /// Collect the body, then [`Write::collected`]. The field is that of [`Run`](Self::Run).
    Collect(Option<Field>),
    /// Wait for the lock, then [`Write::locked`].
    Lock,
    /// Answer without the handler.
    Refuse(Refusal),
    /// Call the handler. The field is the precondition that was satisfied, if the request carried one that counts.
    Run(Option<Field>),
}

/// The state of a write between its steps.
pub(crate) struct Write {
    lock: TakenLock,
    /// Whether its body still has to be collected.
    collects: bool,
    /// Whether the last look-up failed, and the write goes on all the same.
    look_up_failed: bool,
}

impl Write {
    /// Takes the lock if it is free. Bodies are collected only where there is a lock to free from slow clients.
    pub(crate) fn begin(
        options: &Options,
        head: &Parts,
        key: impl FnOnce() -> WriteKey,
        collects: bool,
    ) -> Self {
        Self {
            lock: options.try_lock(head, key),
            collects: collects && options.lock.is_some(),
            look_up_failed: false,
        }
    }

    /// A write to a target that the source does not identify. It has no lock to take.
    pub(crate) const fn unidentified() -> Self {
        Self {
            lock: TakenLock::NotNeeded,
            collects: false,
            look_up_failed: false,
        }
    }

    /// Whether the write need not wait for the lock, so that what is looked up now is still true when the handler runs.
    pub(crate) const fn is_under_lock(&self) -> bool {
        !matches!(self.lock, TakenLock::WouldWait)
    }

    /// Evaluates the write against the current state that was looked up.
    pub(crate) fn looked_up(
        &mut self,
        options: &Options,
        request: &Incoming,
        current: &Current,
    ) -> Step {
        self.look_up_failed = false;
        match options.evaluate_write(request, current) {
            Err(refusal) => {
                self.release_before_refusal();
                Step::Refuse(refusal)
            }
            Ok(satisfied) if self.collects => Step::Collect(satisfied),
            Ok(satisfied) if self.is_under_lock() => Step::Run(satisfied),
            Ok(_) => Step::Lock,
        }
    }

    /// The source has failed or refused. A write that needs no evaluation goes on under its lock.
    ///
    /// Breaks with the answer if the write must not run.
    pub(crate) fn not_looked_up<B: Body>(
        &mut self,
        options: &Options,
        request: &Incoming,
        error: SourceError,
    ) -> ControlFlow<Response<ConditionalBody<B>>, Step> {
        match error {
            SourceError::Failed(error) if !options.must_evaluate(request) => {
                // A write that still waits for the lock is looked up, and reported, once more.
                if self.is_under_lock() {
                    options.report_source_failure(request, &error);
                }
                let step = self.looked_up(options, request, &Current::Unknown);
                self.look_up_failed = true;
                ControlFlow::Continue(step)
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

    /// Collects the body. Frees the lock unless the body is there at once: other writers do not wait for a slow client.
    ///
    /// A future of its own, so that what it keeps takes the space of the call that follows.
    async fn collect<B, C: CollectBody<B>>(&mut self, collect: &C, body: B) -> B {
        let mut collecting = pin!(collect.collect(body));
        match at_once(collecting.as_mut()).await {
            Some(body) => body,
            None => {
                self.lock = TakenLock::WouldWait;
                collecting.await
            }
        }
    }

    /// The body is collected.
    pub(crate) fn collected(&mut self, satisfied: Option<Field>) -> Step {
        self.collects = false;
        if self.is_under_lock() {
            Step::Run(satisfied)
        } else {
            Step::Lock
        }
    }

    /// The write holds the lock. It is looked up again, because the state may have changed while it waited.
    pub(crate) fn locked(&mut self, lock: TakenLock) -> Step {
        self.lock = lock;
        Step::LookUp
    }

    /// Frees the lock, so that the next writer does not wait while the observer, the application or the client is slow.
    fn release_before_refusal(&mut self) {
        self.lock = TakenLock::NotNeeded;
    }

    /// The lock, to hold while the handler runs.
    pub(crate) fn into_held_lock(self) -> Option<HeldLock> {
        self.lock.held()
    }

    /// As [`into_held_lock`](Self::into_held_lock), out of a write that stays where it is.
    fn take_held_lock(&mut self) -> Option<HeldLock> {
        mem::replace(self, Self::unidentified()).into_held_lock()
    }
}

/// What a write has reached before it waits.
pub(crate) struct Progress<R> {
    /// `None` if the source does not identify the target.
    pub(crate) resource: Option<Identified<R>>,
    pub(crate) write: Write,
    pub(crate) step: Step,
    pub(crate) found: Found,
    /// Set once the write shares look-ups with other requests.
    pub(crate) member: Option<Box<Member>>,
}

impl<R> Progress<R> {
    /// Nothing is looked up yet.
    pub(crate) fn begun(resource: Option<R>, write: Write) -> Self {
        Self::at(Step::LookUp, resource, write, Found::unknown())
    }

    /// A write that has reached this step.
    pub(crate) fn at(step: Step, resource: Option<R>, write: Write, found: Found) -> Self {
        Self {
            resource: resource.map(Identified::Own),
            write,
            step,
            found,
            member: None,
        }
    }
}

impl<R: ResourceKey> Progress<R> {
    /// Looks up the current state.
    ///
    /// A future of its own, as that of [`Write::collect`].
    async fn look_up<V: ValidatorSource<Resource = R>>(
        &mut self,
        options: &Options,
        source: &Arc<V>,
        request: &mut Incoming,
    ) -> Result<Found, SourceError> {
        let start = observe::start(&request.event);
        let looked_up = match &self.resource {
            // No other request waits for the result.
            Some(resource) if self.write.is_under_lock() && self.member.is_none() => {
                source.look_up(resource).await
            }
            Some(_) => {
                let look_ups = &options.look_ups;
                // Boxed, here and below: few writes need it, and it would enlarge the future of all.
                Box::pin(self.look_up_beside_others(look_ups, source)).await
            }
            None => Ok(Found::unknown()),
        };
        request.add_look_up_since(start);
        looked_up
    }

    /// Looks up together with other requests for the resource. Under the lock the result also goes to the writes that wait
    /// for the lock. Before that, one look-up serves all requests that have asked.
    async fn look_up_beside_others<V: ValidatorSource<Resource = R>>(
        &mut self,
        look_ups: &LookUps,
        source: &Arc<V>,
    ) -> Result<Found, SourceError> {
        if self.write.is_under_lock()
            && let (Some(member), Some(resource)) = (self.member.take(), &self.resource)
        {
            return member.look_up_for_all(&**source, resource).await;
        }
        let Some(resource) = Identified::share(&mut self.resource) else {
            // Not reached: without a resource there is nothing to look up.
            return Ok(Found::unknown());
        };
        self.join(look_ups, &resource);
        match &mut self.member {
            Some(member) => member.ask_for(source, &resource).await,
            None => source.look_up(&resource).await,
        }
    }

    /// Waits for the lock of the resource, and listens to its look-ups meanwhile.
    async fn wait_for_lock<V: ValidatorSource<Resource = R>>(
        &mut self,
        options: &Options,
        source: &V,
        request: &mut Incoming,
    ) -> Result<Queued, BoxError> {
        let Some(resource) = Identified::share(&mut self.resource) else {
            // Not reached: without a resource there is nothing to lock.
            return Ok(Queued::Locked(TakenLock::NotNeeded));
        };
        self.join(&options.look_ups, &resource);
        let key = key_of(source, &resource);
        drop(resource);
        let member = self.member.as_deref_mut();
        options.wait_for_lock(request, key, member).await
    }

    /// Joins the requests for the resource, if they can be compared.
    fn join(&mut self, look_ups: &LookUps, resource: &Arc<R>) {
        if self.member.is_none() {
            self.member = look_ups.join_for(resource).map(Box::new);
        }
    }
}

/// The future of a write that waits: for the source, the lock, its body, or for what its refusal needs. `progress` is
/// `None` if the source still has to identify the resource.
#[expect(
    clippy::manual_async_fn,
    reason = "an async fn keeps its arguments twice, and every request that waits carries them"
)]
pub(crate) fn waiting_write<S, V, C, ReqBody, ResBody>(
    source: Arc<V>,
    options: Arc<Options>,
    inner: S,
    collect: C,
    mut request: Incoming,
    mut body: ReqBody,
    mut progress: Option<Progress<V::Resource>>,
) -> impl Future<Output = Result<Response<ConditionalBody<ResBody>>, S::Error>>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>>,
    V: ValidatorSource,
    C: CollectBody<ReqBody>,
    ReqBody: Body,
    ResBody: Body<Data = Bytes> + Unpin,
{
    async move {
        // Borrowed and not destructured: the future would reserve space for the parts as well.
        let progress = match &mut progress {
            Some(progress) => progress,
            progress => {
                let identified = source.identify(&mut request.head).await;
                let collects = collect.collects(&body);
                match begin(&*source, &options, &mut request, identified, collects) {
                    ControlFlow::Continue((resource, write)) => {
                        progress.insert(Progress::begun(resource, write))
                    }
                    ControlFlow::Break(answer) => return Ok(answer),
                }
            }
        };
        let satisfied = loop {
            progress.step = match progress.step {
                Step::LookUp => {
                    let looked_up = progress.look_up(&options, &source, &mut request);
                    match looked_up.await {
                        Ok(now) => {
                            progress.found = now;
                            let current = &progress.found.current;
                            progress.write.looked_up(&options, &request, current)
                        }
                        Err(error) => {
                            progress.found = Found::unknown();
                            match progress.write.not_looked_up(&options, &request, error) {
                                ControlFlow::Continue(step) => step,
                                ControlFlow::Break(answer) => return Ok(answer),
                            }
                        }
                    }
                }
                Step::Collect(satisfied) => {
                    body = progress.write.collect(&collect, body).await;
                    progress.write.collected(satisfied)
                }
                Step::Lock => {
                    let queued = progress.wait_for_lock(&options, &*source, &mut request);
                    match Box::pin(queued).await {
                        Ok(Queued::Locked(lock)) => progress.write.locked(lock),
                        Ok(Queued::Refused(found, refusal)) => {
                            progress.found = found;
                            Step::Refuse(refusal)
                        }
                        Err(error) => {
                            return Ok(options.unavailable(Reason::Lock, &error, &request));
                        }
                    }
                }
                Step::Refuse(refusal) => {
                    // The client may take its time to take the answer, or to end its body.
                    progress.member = None;
                    let current = &progress.found.current;
                    if !options.may_wait_to_refuse(&request.head, &body) {
                        return Ok(options.refuse_write(&request, current, refusal));
                    }
                    let answer = options.answer_refused(&request, body, current, refusal);
                    return Ok(Box::pin(answer).await);
                }
                Step::Run(satisfied) => break satisfied,
            };
        };
        if progress.write.look_up_failed {
            request.head.extensions.insert(LookedUp::Failed);
        }
        let lock = progress.write.take_held_lock();
        let on_response = options.prepare_write(&mut request, &mut progress.found, satisfied, lock);
        let running = {
            let asked = options
                .recovery_for(&request.head)
                .map(|_| Box::new(without_lock(&request.head)));
            let call = Oneshot::new(inner, request.into_request(body));
            let running = ResponseFuture::running(options.clone(), call, on_response);
            match asked {
                None => running,
                Some(head) => return Box::pin(options.recover_lost(head, running)).await,
            }
        };
        running.await
    }
}

/// Polls a future once: its output if it is ready.
async fn at_once<F: Future>(mut future: Pin<&mut F>) -> Option<F::Output> {
    poll_fn(|cx| match future.as_mut().poll(cx) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending => Poll::Ready(None),
    })
    .await
}

/// The answer to a write that must not go on, or its resource and its state.
type Begun<B, R> = ControlFlow<Response<ConditionalBody<B>>, (Option<R>, Write)>;

/// Begins a write by what the source has identified.
///
/// Breaks with 503 if the source failed to identify the resource: the write cannot take its lock, and without the lock it
/// could run between the check and the write of another request.
pub(crate) fn begin<V: ValidatorSource, B: Body>(
    source: &V,
    options: &Options,
    request: &mut Incoming,
    identified: Result<V::Resource, Unidentified>,
    collects: bool,
) -> Begun<B, V::Resource> {
    ControlFlow::Continue(match identified {
        Ok(resource) => {
            request.set_kind(|| source.kind(&resource));
            let key = || key_of(source, &resource);
            let write = Write::begin(options, &request.head, key, collects);
            (Some(resource), write)
        }
        Err(Unidentified::NotMine) => (None, Write::unidentified()),
        Err(Unidentified::Refused(response)) => {
            return ControlFlow::Break(own_answer(*response, false));
        }
        Err(Unidentified::Failed(error)) => {
            return ControlFlow::Break(options.unavailable(Reason::Source, &error, request));
        }
    })
}

/// A copy of the head that may outlive the write. It has no [`Checked`], because that would hold the lock.
fn without_lock(head: &Parts) -> Parts {
    let mut head = head.clone();
    head.extensions.remove::<Checked>();
    head
}
