//! The service: `call` is the flow of a request, from top to bottom.

use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use tower::Service;

use super::future::ResponseFuture;
use super::judge::{After, Incoming, Waited};
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
        let request = Incoming {
            head,
            given,
            waited: Waited::default(),
        };
        match class {
            MethodClass::Read => self.read(request, body),
            MethodClass::Write => self.write(request, body),
            MethodClass::Neither => self.run(request.into_request(body), After::Pass),
        }
    }
}

impl<S, V, C> Conditional<S, V, C> {
    fn read<ReqBody, ResBody>(
        &mut self,
        mut request: Incoming,
        body: ReqBody,
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
        let shared = &self.shared;
        match known(&*shared.source, &request.head) {
            Some(mut current) if !shared.options.verifies_after => {
                if let Some(answer) = shared.judge_read(&mut request, &mut current) {
                    return self.answer(shared.answer_read(&request, &mut current, answer));
                }
                let after = shared.after_read(&mut request, current);
                self.run(request.into_request(body), after)
            }
            _ => {
                let shared = shared.clone();
                let waiting = read_waiting(shared.clone(), self.give_back(), request, body);
                ResponseFuture::waiting(shared, waiting)
            }
        }
    }

    fn write<ReqBody, ResBody>(
        &mut self,
        mut request: Incoming,
        body: ReqBody,
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
        let shared = &self.shared;
        let guards = shared.options.writes.always_guards(&request.head.method);
        let concerns_us = guards || request.given.any_for_writes();
        if !concerns_us || !shared.source.looks_up() {
            let after = shared.write_unjudged(&mut request);
            return self.run(request.into_request(body), after);
        }
        // The lock first, then the one look-up under it: both at once if neither has to be waited for.
        let collects = self.collect.collects(&body);
        let lock = if collects {
            TakenLock::Busy
        } else {
            shared.try_lock(&request.head)
        };
        let at_once = !collects && !shared.may_wait_to_refuse(&request.head, &body);
        if let (TakenLock::Held(_) | TakenLock::NotNeeded, true) = (&lock, at_once)
            && let Some(current) = shared.source.known(&request.head)
        {
            return match shared.judge_write(&request, &current) {
                Err(refusal) => {
                    // Whoever is told may take his time, and the next writer need not wait for that.
                    drop(lock);
                    self.answer(shared.refuse_write(&request, &current, refusal))
                }
                Ok(held_by) => {
                    let after = shared.after_write(&mut request, current, held_by, lock.held());
                    self.run(request.into_request(body), after)
                }
            };
        }
        let (shared, collect) = (shared.clone(), self.collect.clone());
        let waiting = write_waiting(
            shared.clone(),
            self.give_back(),
            collect,
            request,
            body,
            lock,
        );
        ResponseFuture::waiting(shared, waiting)
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
