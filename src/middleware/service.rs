//! The service: `call` is the flow of a request, from top to bottom.

use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use tower::Service;

use super::future::ResponseFuture;
use super::on_response::After;
use super::options::Options;
use super::read::waiting_read;
use super::request::{Incoming, Waited};
use super::request_body::CollectBody;
use super::write::{Step, Write, waiting_write};
use crate::body::ConditionalBody;
use crate::field::Given;
use crate::source::{ValidatorSource, known};
use crate::{Current, MethodClass};

/// The service that [`ConditionalLayer`](crate::ConditionalLayer) makes.
#[derive(Debug)]
pub struct Conditional<S, V, C = ()> {
    inner: S,
    source: Arc<V>,
    options: Arc<Options>,
    collect: C,
}

impl<S, V, C> Conditional<S, V, C> {
    pub(crate) const fn new(inner: S, source: Arc<V>, options: Arc<Options>, collect: C) -> Self {
        Self {
            inner,
            source,
            options,
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
            source: self.source.clone(),
            options: self.options.clone(),
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
    type Future = ResponseFuture<S::Future, ResBody, S::Error>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<ReqBody>) -> Self::Future {
        let class = self.options.class_of(request.method());
        let given = Given::in_headers(request.headers());
        if !given.any()
            && let Some(after) = self.options.plain(class, request.method())
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
    ) -> ResponseFuture<S::Future, ResBody, S::Error>
    where
        S: Service<Request<ReqBody>, Response = Response<ResBody>> + Clone + Send + 'static,
        S::Future: Send,
        S::Error: Send,
        V: ValidatorSource,
        ReqBody: Send + 'static,
        ResBody: Body<Data = Bytes> + Unpin + Send + 'static,
        ResBody::Error: Send,
    {
        let options = &self.options;
        match known(&*self.source, &request.head) {
            Some(mut current) if !options.verifies_after => {
                if let Some(answer) = options.judge_read(&mut request, &mut current) {
                    return self.answer(options.answer_read(&request, &mut current, answer));
                }
                let after = options.after_read(&mut request, current);
                self.run(request.into_request(body), after)
            }
            _ => {
                let (source, options) = (self.source.clone(), self.options.clone());
                let inner = self.give_back();
                let waiting = waiting_read(source, options, inner, request, body);
                ResponseFuture::waiting(self.options.clone(), waiting)
            }
        }
    }

    fn write<ReqBody, ResBody>(
        &mut self,
        mut request: Incoming,
        body: ReqBody,
    ) -> ResponseFuture<S::Future, ResBody, S::Error>
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
        let options = &self.options;
        if !options.concerns(&request) {
            let after = options.write_unjudged(&mut request);
            return self.run(request.into_request(body), after);
        }
        let mut write = Write::begin(options, &request.head, self.collect.collects(&body));
        let (mut step, mut current) = (Step::LookUp, Current::Unknown);
        if write.is_under_lock()
            && let Some(known) = self.source.known(&request.head)
        {
            current = known;
            step = write.looked_up(options, &request, &current);
        }
        match step {
            Step::Run(satisfied) if options.recovery_for(&request.head).is_none() => {
                let lock = write.into_held_lock();
                let after = options.after_write(&mut request, current, satisfied, lock);
                self.run(request.into_request(body), after)
            }
            Step::Refuse(refusal) if !options.may_wait_to_refuse(&request.head, &body) => {
                self.answer(options.refuse_write(&request, &current, refusal))
            }
            step => {
                let (source, options) = (self.source.clone(), self.options.clone());
                let (inner, collect) = (self.give_back(), self.collect.clone());
                let waiting = waiting_write(
                    source, options, inner, collect, request, body, write, step, current,
                );
                ResponseFuture::waiting(self.options.clone(), waiting)
            }
        }
    }

    /// Calls the instance that `poll_ready` made ready.
    fn run<ReqBody, ResBody: Body>(
        &mut self,
        request: Request<ReqBody>,
        after: After,
    ) -> ResponseFuture<S::Future, ResBody, S::Error>
    where
        S: Service<Request<ReqBody>>,
    {
        ResponseFuture::running(self.options.clone(), self.inner.call(request), after)
    }

    fn answer<F, ResBody: Body, E>(
        &self,
        response: Response<ConditionalBody<ResBody>>,
    ) -> ResponseFuture<F, ResBody, E> {
        ResponseFuture::answered(self.options.clone(), response)
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
