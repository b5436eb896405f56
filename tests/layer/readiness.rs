//! What tower demands of a service: an instance is called only when it was made ready, no reservation is kept while
//! something else is waited for, and errors pass as they are.
//!
//! The clock is paused: where every task waits for another one, the time-out fires at once instead of the test
//! hanging for ever.

use std::convert::Infallible;
use std::fmt::Debug;
use std::future::{Future, Ready, ready};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::join_all;
use http::{Request, Response};
use http_body_util::Full;
use tokio::task::yield_now;
use tower::buffer::Buffer;
use tower::limit::{ConcurrencyLimit, GlobalConcurrencyLimitLayer};
use tower::load_shed::LoadShed;
use tower::load_shed::error::Overloaded;
use tower::{BoxError, Layer, Service, ServiceExt, service_fn};
use tower_conditional::layer::{Conditional, ConditionalBody};
use tower_conditional::source::{Fixed, InMemoryVersions};
use tower_conditional::{
    ConditionalLayer, Current, EntityTag, FromResponse, ValidatorSource, WritePolicy,
};

use crate::support::source::{self, Script, Versions};
use crate::support::{Broken, Counter, Handler, request, response};

const V1: EntityTag = EntityTag::from_static("\"v1\"");
const CURRENT: [(&str, &str); 1] = [("if-match", "\"v1\"")];
const STALE: [(&str, &str); 1] = [("if-match", "\"v0\"")];
const REQUESTS: usize = 64;

/// A source that is asked, and waits before it answers.
fn waiting() -> Script {
    source::waiting(V1)
}

/// A handler that waits, and counts how many of it run at once.
#[derive(Clone, Default)]
struct Busy {
    calls: Counter,
    running: Arc<AtomicUsize>,
    most: Arc<AtomicUsize>,
}

impl Busy {
    async fn handle(self) -> Result<Response<Full<Bytes>>, Infallible> {
        self.calls.count();
        let running = self.running.fetch_add(1, Ordering::SeqCst) + 1;
        self.most.fetch_max(running, Ordering::SeqCst);
        yield_now().await;
        self.running.fetch_sub(1, Ordering::SeqCst);
        Ok(response(200, &[], ""))
    }

    fn service(
        &self,
    ) -> impl Service<
        Request<Full<Bytes>>,
        Response = Response<Full<Bytes>>,
        Error = Infallible,
        Future: Send,
    > + Clone
    + Send
    + use<> {
        let busy = self.clone();
        service_fn(move |_| busy.clone().handle())
    }
}

/// Runs to the end, or fails where nothing moves any more.
async fn finish<F: Future>(future: F) -> F::Output {
    let day = Duration::from_secs(86_400);
    let finished = tokio::time::timeout(day, future).await;
    finished.expect("every request waits for another one")
}

/// Sends as many requests at once as [`REQUESTS`] says; the statuses.
async fn send_all<S, B>(service: S, method: &str, fields: &[(&str, &str)]) -> Vec<u16>
where
    S: Service<Request<Full<Bytes>>, Response = Response<B>> + Clone,
    S::Error: Debug,
{
    let one = |_| {
        let answer = service.clone().oneshot(request(method, fields));
        answer.map(|answer| answer.unwrap().status().as_u16())
    };
    finish(join_all((0..REQUESTS).map(one))).await
}

/// Through an inner service that takes one request at a time.
async fn send_all_through_one<V: ValidatorSource>(
    source: V,
    method: &str,
    fields: &[(&str, &str)],
) -> (Vec<u16>, usize) {
    let busy = Busy::default();
    let limited = ConcurrencyLimit::new(busy.service(), 1);
    let service = ConditionalLayer::new(source).layer(limited);
    let statuses = send_all(service, method, fields).await;
    assert_eq!(busy.most.load(Ordering::SeqCst).max(1), 1);
    (statuses, busy.calls.get())
}

#[tokio::test(start_paused = true)]
async fn a_concurrency_limit_of_one_does_not_deadlock() {
    let all = |status| vec![status; REQUESTS];
    let ran = (all(200), REQUESTS);
    let refused = (all(412), 0);
    for method in ["GET", "PUT", "DELETE"] {
        let known = || Fixed::new(V1);
        assert_eq!(send_all_through_one(known(), method, &[]).await, ran);
        assert_eq!(send_all_through_one(known(), method, &CURRENT).await, ran);
        assert_eq!(send_all_through_one(known(), method, &STALE).await, refused);

        assert_eq!(send_all_through_one(waiting(), method, &[]).await, ran);
        assert_eq!(send_all_through_one(waiting(), method, &CURRENT).await, ran);
        assert_eq!(
            send_all_through_one(waiting(), method, &STALE).await,
            refused
        );

        let by_response = FromResponse;
        assert_eq!(send_all_through_one(by_response, method, &[]).await, ran);
    }
}

/// Writers to one path: one of them wins, the lock orders the others behind it, and none of them keeps the only
/// reservation while it waits.
#[tokio::test(start_paused = true)]
async fn the_lock_under_a_concurrency_limit_of_one() {
    let versions = InMemoryVersions::new();
    versions.changed("/r");
    let handler = {
        let versions = versions.clone();
        service_fn(move |_| {
            let versions = versions.clone();
            async move {
                yield_now().await;
                versions.changed("/r");
                Ok::<Response<Full<Bytes>>, Infallible>(response(204, &[], ""))
            }
        })
    };
    let limited = ConcurrencyLimit::new(handler, 1);
    for source in [versions.clone().boxed(), Versions::of(&versions).boxed()] {
        let service = ConditionalLayer::new(source).layer(limited.clone());
        let tag = versions.tag("/r").unwrap();
        let tag = String::from_utf8(tag.as_bytes().to_vec()).unwrap();
        let mut statuses = send_all(service, "PUT", &[("if-match", &tag)]).await;
        statuses.sort_unstable();
        assert_eq!(statuses[..2], [204, 412]);
        assert_eq!(statuses[1..], [412; REQUESTS - 1]);
    }
}

/// One permit for the layer and all that is inside: a request that waits for the lock gives the permit back.
#[tokio::test(start_paused = true)]
async fn a_waiting_request_gives_its_reservation_back() {
    let limit = GlobalConcurrencyLimitLayer::new(1);
    let busy = Busy::default();
    let mut service = ConditionalLayer::new(waiting()).layer(limit.layer(busy.service()));
    for method in ["GET", "PUT"] {
        service.ready().await.unwrap();
        let waits = service.call(request(method, &CURRENT));
        // Not polled yet, it holds nothing: somebody else gets through.
        let other = finish(
            limit
                .layer(busy.service())
                .oneshot(request("GET", &CURRENT)),
        )
        .await;
        assert_eq!(other.unwrap().status(), 200);
        assert_eq!(finish(waits).await.unwrap().status(), 200);
    }
}

/// Panics where an instance is called that was not made ready.
#[derive(Debug, Default)]
struct Strict {
    is_ready: bool,
    calls: Counter,
}

impl Clone for Strict {
    fn clone(&self) -> Self {
        Self {
            is_ready: false,
            calls: self.calls.clone(),
        }
    }
}

impl Service<Request<Full<Bytes>>> for Strict {
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.is_ready = true;
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<Full<Bytes>>) -> Self::Future {
        assert!(self.is_ready, "called without poll_ready");
        self.is_ready = false;
        self.calls.count();
        ready(Ok(response(200, &[], "")))
    }
}

/// Every way through the layer, twice over the same instance, as a server would.
#[tokio::test(start_paused = true)]
async fn only_ready_instances_are_called() {
    async fn through<V: ValidatorSource>(layer: ConditionalLayer<V>) -> usize {
        let calls = Counter::default();
        let mut service = layer.layer(Strict {
            is_ready: false,
            calls: calls.clone(),
        });
        for (method, fields) in [
            ("GET", &[][..]),
            ("GET", &CURRENT),
            ("GET", &STALE),
            ("HEAD", &[]),
            ("PUT", &[]),
            ("PUT", &CURRENT),
            ("PUT", &STALE),
            ("POST", &[]),
            ("POST", &CURRENT),
            ("OPTIONS", &CURRENT),
            ("get", &CURRENT),
        ]
        .repeat(2)
        {
            let service = service.ready().await.unwrap();
            service.call(request(method, fields)).await.unwrap();
        }
        calls.get()
    }
    const ALL: usize = 22;
    const STALE_ONES: usize = 4;
    let known = || ConditionalLayer::new(Fixed::new(V1));
    assert_eq!(through(known()).await, ALL - STALE_ONES);
    let stating = known().trust_handler_version();
    assert_eq!(through(stating).await, ALL - STALE_ONES);
    let asked = ConditionalLayer::new(waiting());
    assert_eq!(through(asked).await, ALL - STALE_ONES);
    let draining = WritePolicy::optional().read_refused_bodies(1024);
    assert_eq!(through(known().writes(draining)).await, ALL - STALE_ONES);
    // Nothing is evaluated before the handler here.
    assert_eq!(through(ConditionalLayer::new(FromResponse)).await, ALL);
}

/// An inner service that is only reached through a channel, and one that never waits.
#[tokio::test(start_paused = true)]
async fn through_a_buffer_and_inside_one() {
    let busy = Busy::default();
    let buffered = Buffer::new(ConcurrencyLimit::new(busy.service(), 1), 2);
    let service = ConditionalLayer::new(waiting()).layer(buffered);
    assert_eq!(
        send_all(service.clone(), "PUT", &CURRENT).await,
        [200; REQUESTS]
    );
    assert_eq!(send_all(service, "GET", &[]).await, [200; REQUESTS]);

    let layer = ConditionalLayer::new(Fixed::new(V1));
    let buffered = Buffer::new(layer.layer(Handler::answering(200, &[], "")), 2);
    assert_eq!(send_all(buffered, "PUT", &CURRENT).await, [200; REQUESTS]);
}

/// A service that is shed is shed: its error is the layer's.
#[tokio::test(start_paused = true)]
async fn load_shed_sheds() {
    async fn shed<V: ValidatorSource>(source: V, method: &str) -> (usize, usize) {
        let busy = Busy::default();
        let limited = LoadShed::new(ConcurrencyLimit::new(busy.service(), 1));
        // Without the lock, which would order the writers.
        let layer = ConditionalLayer::new(source).writes(WritePolicy::optional().skip_lock());
        let service = layer.layer(limited);
        let one = |_| service.clone().oneshot(request(method, &CURRENT));
        let answers = finish(join_all((0..REQUESTS).map(one))).await;
        let (ran, shed): (Vec<_>, Vec<_>) = answers.into_iter().partition(Result::is_ok);
        let is_overload = |error: &BoxError| error.is::<Overloaded>();
        assert!(
            shed.iter()
                .flat_map(|shed| shed.as_ref().err())
                .all(is_overload)
        );
        assert_eq!(busy.calls.get(), ran.len());
        (ran.len(), shed.len())
    }
    for method in ["GET", "PUT"] {
        assert_eq!(shed(Fixed::new(V1), method).await, (1, REQUESTS - 1));
        assert_eq!(shed(waiting(), method).await, (1, REQUESTS - 1));
    }
}

/// Fails when it is asked to be ready, from the n-th time on.
#[derive(Clone)]
struct NeverReady {
    asked: Counter,
    from: usize,
}

impl Service<Request<Full<Bytes>>> for NeverReady {
    type Response = Response<Full<Bytes>>;
    type Error = Broken;
    type Future = Ready<Result<Self::Response, Broken>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Broken>> {
        if self.asked.count() < self.from {
            Poll::Ready(Ok(()))
        } else {
            Poll::Ready(Err(Broken("not ready")))
        }
    }

    fn call(&mut self, _: Request<Full<Bytes>>) -> Self::Future {
        ready(Err(Broken("failed")))
    }
}

#[tokio::test(start_paused = true)]
async fn errors_pass_as_they_are() {
    async fn error<V: ValidatorSource>(source: V, from: usize, method: &str) -> Broken {
        let asked = Counter::default();
        let service = ConditionalLayer::new(source).layer(NeverReady { asked, from });
        let answer = service.oneshot(request(method, &CURRENT)).await;
        answer.map(drop).unwrap_err()
    }
    for method in ["GET", "PUT", "OPTIONS"] {
        assert_eq!(error(Fixed::new(V1), 1, method).await, Broken("not ready"));
        assert_eq!(error(Fixed::new(V1), 9, method).await, Broken("failed"));
        assert_eq!(error(waiting(), 1, method).await, Broken("not ready"));
        assert_eq!(error(waiting(), 9, method).await, Broken("failed"));
        assert_eq!(error(FromResponse, 9, method).await, Broken("failed"));
    }
    // Ready at first, and no more when the look-up is done.
    assert_eq!(error(waiting(), 2, "GET").await, Broken("not ready"));
    assert_eq!(error(waiting(), 2, "PUT").await, Broken("not ready"));
}

/// A refusal needs no ready service after `poll_ready`, and the handler's failure frees the lock.
#[tokio::test(start_paused = true)]
async fn a_failed_handler_frees_the_lock() {
    let failing = service_fn(|_| async {
        yield_now().await;
        Err::<Response<Full<Bytes>>, _>(Broken("failed"))
    });
    let service = ConditionalLayer::new(waiting()).layer(failing);
    let one = |_| {
        service
            .clone()
            .oneshot(request::<Full<Bytes>>("PUT", &CURRENT))
    };
    let answers = finish(join_all((0..REQUESTS).map(one))).await;
    assert!(answers.into_iter().all(|answer| answer.is_err()));
}

/// `Infallible` stays `Infallible`: the match has no arm to write.
#[test]
fn infallible_stays_infallible() {
    type Inner = Handler;
    type Layered = Conditional<Inner, Fixed>;
    fn never(answer: Result<Response<ConditionalBody<Full<Bytes>>>, Infallible>) -> u16 {
        match answer {
            Ok(answer) => answer.status().as_u16(),
            Err(never) => match never {},
        }
    }
    let layered: Layered = ConditionalLayer::new(Fixed::new(Current::absent()))
        .layer(Handler::answering(404, &[], ""));
    let answer = layered.oneshot(request::<Full<Bytes>>("GET", &[]));
    assert_eq!(never(answer.now_or_never().unwrap()), 404);
}
