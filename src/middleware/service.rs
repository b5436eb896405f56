//! The service: `call` is the flow of a request, from top to bottom.

use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::request::Parts;
use http::{Request, Response};
use http_body::Body;
use tower::Service;

use super::future::ResponseFuture;
use super::judge::{After, Plan, Waited, WritePlan};
use super::options::Shared;
use super::request_body::CollectBody;
use super::take_lock::TakenLock;
use super::waiting::{read_waiting, write_waiting};
use crate::MethodClass;
use crate::body::ConditionalBody;
use crate::field::Given;
use crate::source::{ValidatorSource, known};

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
pub(crate) struct Incoming<B> {
    pub(crate) head: Parts,
    pub(crate) body: B,
    pub(crate) given: Given,
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
        let given = Given::in_headers(request.headers());
        if !given.any()
            && let Some(after) = self.shared.plain(class, request.method())
        {
            return self.run(request, after);
        }
        let (head, body) = request.into_parts();
        let incoming = Incoming { head, body, given };
        match class {
            MethodClass::Read => self.read(incoming),
            MethodClass::Write => self.write(incoming),
            MethodClass::Neither => self.run(incoming.into_request(), After::Pass),
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
        let guards = self.shared.options.writes.always_guards(&head.method);
        let concerns_us = guards || given.any_for_writes();
        if !concerns_us || !self.shared.source.looks_up() {
            let after = self.shared.write_unjudged(head, given);
            return self.run(request.into_request(), after);
        }
        // The lock first, then the one look-up under it: both at once if neither has to be waited for.
        let collects = self.collect.collects(&request.body);
        let lock = if collects {
            TakenLock::Busy
        } else {
            self.shared.try_lock(head)
        };
        let at_once = !collects && !self.shared.may_wait_to_refuse(head, &request.body);
        if let (TakenLock::Held(_) | TakenLock::NotNeeded, true) = (&lock, at_once)
            && let Some(current) = self.shared.source.known(head)
        {
            let (lock, waited) = (lock.held(), Waited::default());
            return match self.shared.judge_write(head, given, current, lock, waited) {
                WritePlan::Refuse(refused) => self.answer(self.shared.refuse_write(refused)),
                WritePlan::Run(after) => self.run(request.into_request(), after),
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
        S: Service<Request<ReqBody>>,
    {
        ResponseFuture::running(self.shared.clone(), self.inner.call(request), after)
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

impl<B> Incoming<B> {
    pub(crate) fn into_request(self) -> Request<B> {
        Request::from_parts(self.head, self.body)
    }
}
