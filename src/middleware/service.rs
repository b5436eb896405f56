//! The service: `call` is the flow of a request, from top to bottom.

use std::future::poll_fn;
use std::mem;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::header::EXPECT;
use http::request::Parts;
use http::{Method, Request, Response};
use http_body::Body;
use tower::Service;

use super::body::ConditionalBody;
use super::future::ResponseFuture;
use super::judge::{After, Plan, Waited, outer_lock, refused_by_source};
use super::options::Shared;
use super::request_body::{CollectBody, drain};
use super::write_lock::{HeldLock, KeyHashes, WriteKey, WriteLock, path_key};
use crate::preconditions::Given;
use crate::source::{BoxError, SourceError, ValidatorSource, known};
use crate::{Current, MethodClass, Reason};

/// The service that [`ConditionalLayer`](crate::ConditionalLayer) makes.
#[derive(Debug)]
pub struct Conditional<S, V, C = ()> {
    inner: S,
    shared: Arc<Shared<V>>,
    collect: C,
}

impl<S, V, C> Conditional<S, V, C> {
    pub(crate) const fn new(inner: S, shared: Arc<Shared<V>>, collect: C) -> Self {
        Self {
            inner,
            shared,
            collect,
        }
    }

    /// The inner service.
    pub const fn get_ref(&self) -> &S {
        &self.inner
    }

    /// The inner service.
    pub const fn get_mut(&mut self) -> &mut S {
        &mut self.inner
    }

    /// The inner service.
    pub fn into_inner(self) -> S {
        self.inner
    }
}

// Derived, it would ask for a source that is `Clone`.
impl<S: Clone, V, C: Clone> Clone for Conditional<S, V, C> {
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
            shared: self.shared.clone(),
            collect: self.collect.clone(),
        }
    }
}

/// What a request is to the steps below: its head, its body, and which preconditions it carries.
struct Incoming<B> {
    head: Parts,
    body: B,
    given: Given,
}

impl<S, V, C, ReqBody, ResBody> Service<Request<ReqBody>> for Conditional<S, V, C>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>> + Clone + Send + 'static,
    S::Future: Send,
    S::Error: Send,
    V: ValidatorSource,
    C: CollectBody<ReqBody>,
    ReqBody: Body + Send + 'static,
    ReqBody::Data: Send,
    ReqBody::Error: Send,
    ResBody: Body<Data = Bytes> + Unpin + Send + 'static,
    ResBody::Error: Send,
{
    type Response = Response<ConditionalBody<ResBody>>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future, V, ResBody, S::Error>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<ReqBody>) -> Self::Future {
        let class = self.shared.options.class_of(request.method());
        if class == MethodClass::Neither {
            return self.run(request, After::Pass);
        }
        let given = Given::in_headers(request.headers());
        let (head, body) = request.into_parts();
        let incoming = Incoming { head, body, given };
        match class {
            MethodClass::Read => self.read(incoming),
            _ => self.write(incoming),
        }
    }
}

impl<S, V, C> Conditional<S, V, C> {
    fn read<ReqBody, ResBody>(
        &mut self,
        mut request: Incoming<ReqBody>,
    ) -> ResponseFuture<S::Future, V, ResBody, S::Error>
    where
        S: Service<Request<ReqBody>, Response = Response<ResBody>> + Clone + Send + 'static,
        S::Future: Send,
        S::Error: Send,
        V: ValidatorSource,
        ReqBody: Send + 'static,
        ResBody: Body<Data = Bytes> + Unpin + Send + 'static,
        ResBody::Error: Send,
    {
        let at_once = !self.shared.options.verifies_after;
        match known(&*self.shared.source, &request.head) {
            Some(current) if at_once => {
                let waited = Waited::default();
                let (head, given) = (&mut request.head, request.given);
                match self.shared.judge_read(head, given, current, waited) {
                    Plan::Answer(response) => self.answer(response),
                    Plan::Run(after) => self.run(request.into_request(), after),
                }
            }
            _ => {
                let waiting = read_waiting(self.shared.clone(), self.give_back(), request);
                ResponseFuture::waiting(self.shared.clone(), waiting)
            }
        }
    }

    fn write<ReqBody, ResBody>(
        &mut self,
        mut request: Incoming<ReqBody>,
    ) -> ResponseFuture<S::Future, V, ResBody, S::Error>
    where
        S: Service<Request<ReqBody>, Response = Response<ResBody>> + Clone + Send + 'static,
        S::Future: Send,
        S::Error: Send,
        V: ValidatorSource,
        C: CollectBody<ReqBody>,
        ReqBody: Body + Send + 'static,
        ReqBody::Data: Send,
        ReqBody::Error: Send,
        ResBody: Body<Data = Bytes> + Unpin + Send + 'static,
        ResBody::Error: Send,
    {
        let (head, given) = (&mut request.head, request.given);
        if !self.shared.source.looks_up() {
            let after = self.shared.write_unjudged(head, given);
            return self.run(request.into_request(), after);
        }
        let guards = self.shared.options.writes.always_guards(&head.method);
        if !guards && !given.any_for_writes() {
            return self.run(request.into_request(), After::Pass);
        }
        // The lock first, then the one look-up under it: both at once if neither has to be waited for.
        let collects = self.collect.collects(&request.body);
        let lock = if collects {
            TakenLock::Busy
        } else {
            self.shared.try_lock(head)
        };
        let at_once = !collects && !self.shared.drains(head, &request.body);
        if let (TakenLock::Held(_) | TakenLock::NotNeeded, true) = (&lock, at_once)
            && let Some(current) = self.shared.source.known(head)
        {
            let (lock, waited) = (lock.held(), Waited::default());
            return match self.shared.judge_write(head, given, current, lock, waited) {
                Plan::Answer(response) => self.answer(response),
                Plan::Run(after) => self.run(request.into_request(), after),
            };
        }
        let shared = self.shared.clone();
        let inner = self.give_back();
        let waiting = write_waiting(shared, inner, self.collect.clone(), request, lock);
        ResponseFuture::waiting(self.shared.clone(), waiting)
    }

    /// Calls the instance that `poll_ready` made ready.
    fn run<ReqBody, ResBody: Body>(
        &mut self,
        request: Request<ReqBody>,
        after: After,
    ) -> ResponseFuture<S::Future, V, ResBody, S::Error>
    where
        S: Service<Request<ReqBody>> + Clone,
    {
        let clone = self.inner.clone();
        let mut ready = mem::replace(&mut self.inner, clone);
        ResponseFuture::running(self.shared.clone(), ready.call(request), after)
    }

    fn answer<F, ResBody: Body, E>(
        &self,
        response: Response<ConditionalBody<ResBody>>,
    ) -> ResponseFuture<F, V, ResBody, E> {
        ResponseFuture::answered(self.shared.clone(), response)
    }

    /// A request that waits must not keep what `poll_ready` reserved: under a concurrency limit the one that it
    /// waits for may need it. The clone that stays is made ready when it is about to be called.
    fn give_back(&mut self) -> S
    where
        S: Clone,
    {
        let unready = self.inner.clone();
        self.inner = unready.clone();
        unready
    }
}

async fn read_waiting<S, V, ReqBody, ResBody>(
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
    let (head, given) = (&mut request.head, request.given);
    let plan = match found {
        Ok(current) => shared.judge_read(head, given, current, waited),
        Err(SourceError::Refused(response)) => {
            Plan::Answer(refused_by_source(*response, head.method == Method::HEAD))
        }
        Err(SourceError::Failed(error)) => {
            Plan::Run(shared.read_unjudged(head, given, &error, waited))
        }
    };
    match plan {
        Plan::Answer(response) => Ok(response),
        Plan::Run(After::Attach(before)) if shared.options.verifies_after => {
            let head = request.head.clone();
            let response = make_ready_and_call(inner, request.into_request()).await?;
            let after = shared.look_up(&head, &mut waited).await;
            let unchanged = after.is_ok_and(|after| before.is_still(&after));
            let after = if unchanged {
                After::Attach(before)
            } else {
                After::Pass
            };
            ResponseFuture::running(shared, std::future::ready(Ok(response)), after).await
        }
        Plan::Run(after) => {
            let call = make_ready_and_call(inner, request.into_request());
            ResponseFuture::running(shared, call, after).await
        }
    }
}

async fn write_waiting<S, V, C, ReqBody, ResBody>(
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
        if let Plan::Answer(refused) = judge(&shared, &mut request, None, &mut waited).await {
            return Ok(shared.refused(request, refused).await);
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
        Plan::Answer(refused) => Ok(shared.refused(request, refused).await),
        Plan::Run(after) => {
            let call = make_ready_and_call(inner, request.into_request());
            ResponseFuture::running(shared, call, after).await
        }
    }
}

/// Looks up and judges a write.
async fn judge<V: ValidatorSource, ReqBody, ResBody: Body>(
    shared: &Shared<V>,
    request: &mut Incoming<ReqBody>,
    lock: Option<HeldLock>,
    waited: &mut Waited,
) -> Plan<ResBody> {
    let found = shared.look_up(&request.head, waited).await;
    let (head, given) = (&mut request.head, request.given);
    match found {
        Ok(current) => shared.judge_write(head, given, current, lock, *waited),
        Err(SourceError::Refused(response)) => Plan::Answer(refused_by_source(*response, false)),
        Err(SourceError::Failed(error)) if shared.must_judge(head, given) => {
            Plan::Answer(shared.unavailable(Reason::Source, &error, *waited))
        }
        // Nobody asked for a judgement: the write runs as it would have, under its lock.
        Err(SourceError::Failed(_)) => {
            shared.judge_write(head, given, Current::Unknown, lock, *waited)
        }
    }
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

/// The write lock of a request, as far as it could be had without waiting.
enum TakenLock {
    /// The route takes none.
    NotNeeded,
    Held(HeldLock),
    /// Somebody else has it, or it is to be taken later.
    Busy,
}

impl TakenLock {
    fn held(self) -> Option<HeldLock> {
        match self {
            Self::Held(lock) => Some(lock),
            Self::NotNeeded | Self::Busy => None,
        }
    }
}

impl<V: ValidatorSource> Shared<V> {
    fn try_lock(&self, head: &Parts) -> TakenLock {
        let Some(lock) = &self.options.writes.lock else {
            return TakenLock::NotNeeded;
        };
        self.with_keys(head, |keys| {
            let hashes = KeyHashes::of(keys);
            let outer = outer_lock(head);
            if let Some(outer) = outer.filter(|outer| outer.covers(lock, &hashes)) {
                return TakenLock::Held(outer.clone());
            }
            match lock.try_lock(keys) {
                Some(guard) => TakenLock::Held(HeldLock::new(guard, lock, hashes, outer)),
                None => TakenLock::Busy,
            }
        })
    }

    async fn wait_for_lock(
        &self,
        head: &Parts,
        waited: &mut Waited,
    ) -> Result<TakenLock, BoxError> {
        // What was free by now, or belongs to a layer further out, needs no waiting.
        let taken = self.try_lock(head);
        let (TakenLock::Busy, Some(lock)) = (&taken, &self.options.writes.lock) else {
            return Ok(taken);
        };
        let start = self.options.observer.start();
        let guard = self.lock_all(head, &**lock).await?;
        waited.lock += start.map_or(Duration::ZERO, |start| start.elapsed());
        let hashes = self.with_keys(head, KeyHashes::of);
        let held = HeldLock::new(guard, lock, hashes, outer_lock(head));
        Ok(TakenLock::Held(held))
    }

    async fn lock_all(
        &self,
        head: &Parts,
        lock: &dyn WriteLock,
    ) -> Result<super::WriteGuard, BoxError> {
        match &self.options.writes.keys {
            Some(keys) => lock.lock(&keys(head)).await,
            None => lock.lock(&[path_key(head)]).await,
        }
    }

    fn with_keys<R>(&self, head: &Parts, use_keys: impl FnOnce(&[WriteKey<'_>]) -> R) -> R {
        match &self.options.writes.keys {
            Some(keys) => use_keys(&keys(head)),
            None => use_keys(&[path_key(head)]),
        }
    }

    /// Whether a refusal would have to read the request's body first.
    fn drains(&self, head: &Parts, body: &impl Body) -> bool {
        self.options.writes.drain_limit > 0
            && !body.is_end_stream()
            && !head.headers.contains_key(EXPECT)
    }

    /// A refused write, with as much of its body read as the policy says.
    async fn refused<ReqBody: Body, ResBody: Body>(
        &self,
        request: Incoming<ReqBody>,
        refusal: Response<ConditionalBody<ResBody>>,
    ) -> Response<ConditionalBody<ResBody>> {
        if self.drains(&request.head, &request.body) {
            drain(request.body, self.options.writes.drain_limit).await;
        }
        refusal
    }

    /// Whether a write must not run unjudged.
    fn must_judge(&self, head: &Parts, given: Given) -> bool {
        given.any_for_writes() || self.options.writes.requires(&head.method)
    }
}

impl<B> Incoming<B> {
    fn into_request(self) -> Request<B> {
        Request::from_parts(self.head, self.body)
    }
}
