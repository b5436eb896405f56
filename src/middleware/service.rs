//! The service: `call` is the way of a request, from top to bottom.

use std::mem;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Method, Request, Response};
use http_body::Body;
use tower::Service;

use super::future::ResponseFuture;
use super::on_response::OnResponse;
use super::options::Options;
use super::read::waiting_read;
use super::refuse::own_answer;
use super::request::Incoming;
use super::request_body::CollectBody;
use super::write::{Progress, Step, begin, waiting_write};
use crate::body::ConditionalBody;
use crate::field::FieldSet;
use crate::method_class::MethodClass;
use crate::source::{Found, NeedsState, Unidentified, ValidatorSource};

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

// Not derived: that would require `V: Clone`.
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
        let given = FieldSet::in_headers(request.headers());
        if !given.any()
            && let Some(on_response) =
                self.options
                    .without_preconditions(class, request.method(), request.extensions())
        {
            return self.run(request, on_response);
        }
        let (head, body) = request.into_parts();
        let event = self.options.observer.begin(class, &head.extensions);
        let request = Incoming { head, given, event };
        match class {
            MethodClass::Read => self.read(request, body),
            MethodClass::Write => self.write(request, body),
            MethodClass::Neither => self.run(request.into_request(body), OnResponse::Pass),
        }
    }
}

impl<S, V, C> Conditional<S, V, C> {
    /// Evaluates a read at once if it need not wait for the source.
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
        options.ignore_range_of_weak_tags(&mut request);
        let looks_up = options.looks_up && self.source.looks_up_reads(&request.head.method);
        let identified = if looks_up {
            self.source.identify_now(&mut request.head)
        } else {
            Some(Err(Unidentified::NotMine))
        };
        let (resource, mut known) = match identified {
            Some(Ok(resource)) => {
                request.set_kind(|| self.source.kind(&resource));
                let method = &request.head.method;
                let known = if self.source.looks_up_reads_of(&resource, method) {
                    self.source.known(&resource)
                } else {
                    Some(Found::unknown())
                };
                (Some(resource), known)
            }
            None => (None, None),
            Some(Err(Unidentified::NotMine)) => (None, Some(Found::unknown())),
            Some(Err(Unidentified::Refused(response))) => {
                let is_head = request.head.method == Method::HEAD;
                return self.answer(own_answer(*response, is_head));
            }
            Some(Err(Unidentified::Failed(error))) => {
                let on_response = options.pass_unevaluated_read(&mut request, &error);
                return self.run(request.into_request(body), on_response);
            }
        };
        let Some(found) = &mut known else {
            return self.wait_to_read(request, body, resource);
        };
        match options.evaluate_read(&request, &mut found.current) {
            Ok(decision) => {
                let on_response = options.prepare_read(&mut request, found, decision);
                self.run(request.into_request(body), on_response)
            }
            Err(answer) => self.answer(options.answer_read(&request, &mut found.current, answer)),
        }
    }

    /// Returns the future of a read that waits for its source.
    fn wait_to_read<ReqBody, ResBody>(
        &mut self,
        request: Incoming,
        body: ReqBody,
        resource: Option<V::Resource>,
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
        let (source, options) = (self.source.clone(), self.options.clone());
        let inner = self.take_unready();
        let waiting = waiting_read(source, options, inner, request, body, resource);
        ResponseFuture::waiting(self.options.clone(), waiting)
    }

    /// Evaluates a write at once if it need not wait for the source, the lock or its body.
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
        if !options.guards(&request) {
            let on_response = options.pass_unevaluated_write(&mut request);
            return self.run(request.into_request(body), on_response);
        }
        if options.writes.asks_whether_exists(&request.head.method) {
            request.head.extensions.insert(NeedsState);
        }
        let Some(identified) = self.source.identify_now(&mut request.head) else {
            return self.wait_to_write(request, body, None);
        };
        let collects = self.collect.collects(&body);
        let (resource, mut write) =
            match begin(&*self.source, options, &mut request, identified, collects) {
                ControlFlow::Continue(begun) => begun,
                ControlFlow::Break(answer) => return self.answer(answer),
            };
        let mut known = match &resource {
            Some(resource) if write.is_under_lock() => self.source.known(resource),
            Some(_) => None,
            None => Some(Found::unknown()),
        };
        let Some(found) = &mut known else {
            return self.wait_to_write(request, body, Some(Progress::begun(resource, write)));
        };
        match write.looked_up(options, &request, &found.current) {
            Step::Run(satisfied) if options.recovery_for(&request.head).is_none() => {
                let lock = write.into_held_lock();
                let on_response = options.prepare_write(&mut request, found, satisfied, lock);
                self.run(request.into_request(body), on_response)
            }
            Step::Refuse(refusal) if !options.may_wait_to_refuse(&request.head, &body) => {
                self.answer(options.refuse_write(&request, &found.current, refusal))
            }
            step => {
                let found = mem::replace(found, Found::unknown());
                let progress = Progress::at(step, resource, write, found);
                self.wait_to_write(request, body, Some(progress))
            }
        }
    }

    /// Returns the future of a write that waits.
    fn wait_to_write<ReqBody, ResBody>(
        &mut self,
        request: Incoming,
        body: ReqBody,
        progress: Option<Progress<V::Resource>>,
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
        let (source, options) = (self.source.clone(), self.options.clone());
        let (inner, collect) = (self.take_unready(), self.collect.clone());
        let waiting = waiting_write(source, options, inner, collect, request, body, progress);
        ResponseFuture::waiting(self.options.clone(), waiting)
    }

    /// Calls the instance that `poll_ready` made ready. Inlined, so that the request is not moved.
    #[inline(always)]
    fn run<ReqBody, ResBody: Body>(
        &mut self,
        request: Request<ReqBody>,
        on_response: OnResponse,
    ) -> ResponseFuture<S::Future, ResBody, S::Error>
    where
        S: Service<Request<ReqBody>>,
    {
        ResponseFuture::running(self.options.clone(), self.inner.call(request), on_response)
    }

    /// Answers without the handler. Inlined, so that the response is not moved.
    #[inline(always)]
    fn answer<F, ResBody: Body, E>(
        &self,
        mut response: Response<ConditionalBody<ResBody>>,
    ) -> ResponseFuture<F, ResBody, E> {
        self.options.write_tags(&mut response);
        ResponseFuture::answered(self.options.clone(), response)
    }

    /// Returns a clone that is not ready, for a request that waits, and drops the ready instance.
    ///
    /// A waiting request must not keep what `poll_ready` has reserved: under a concurrency limit, the write that it waits
    /// for may need that permit. [`Oneshot`](super::oneshot::Oneshot) makes the clone ready when it is about to call it.
    fn take_unready(&mut self) -> S
    where
        S: Clone,
    {
        let unready = self.inner.clone();
        self.inner = unready.clone();
        unready
    }
}
