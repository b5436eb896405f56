//! Faults in everything that the layer calls: whatever hangs, fails or panics, no write runs unguarded, the lock is free
//! afterwards, and the waiting writes go on.
//!
//! The clock is paused: a time-out outside of the layer ends at once what hangs.

use std::future::{Future, pending, ready};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use futures_util::future::{BoxFuture, join_all};
use http::{Request, Response, StatusCode};
use http_body::{Frame, SizeHint};
use http_body_util::BodyExt;
use tokio::task::yield_now;
use tokio::time::{sleep, timeout};
use tower::buffer::Buffer;
use tower::limit::ConcurrencyLimit;
use tower::load_shed::LoadShed;
use tower::timeout::Timeout;
use tower::timeout::error::Elapsed;
use tower::util::BoxCloneSyncService;
use tower::{BoxError, Layer, Service, ServiceExt, service_fn};
use tower_conditional::lock::{InProcessLock, WriteGuard, WriteKey, WriteLock};
use tower_conditional::source::{Fixed, Named, ProbeBody};
use tower_conditional::{
    BodyHash, ConditionalLayer, Current, EntityTag, SourceError, ValidatorSource, WritePolicy,
};

use crate::support::{Counter, source};

const V1: EntityTag = EntityTag::from_static("\"v1\"");
const HOUR: Duration = Duration::from_secs(3_600);
const PATH: &str = "/r";
/// How many wait behind the request that meets the fault.
const BEHIND: usize = 3;

type Served = BoxCloneSyncService<Request<Body>, StatusCode, BoxError>;
type Inner = BoxCloneSyncService<Request<Body>, Response<Body>, BoxError>;

#[derive(Debug, PartialEq)]
enum Outcome {
    Status(u16),
    TimedOut,
    Failed(String),
    Panicked,
}

use Outcome::{Panicked, Status, TimedOut};

fn failed(text: &str) -> Outcome {
    Outcome::Failed(text.to_owned())
}

/// The lock that all services of a test share, and how often a write was performed.
#[derive(Clone, Default)]
struct Rig {
    lock: InProcessLock,
    performed: Counter,
}

impl Rig {
    fn policy(&self) -> WritePolicy {
        WritePolicy::required().use_lock(self.lock.clone())
    }

    /// Reads the body, takes a while, and writes.
    fn handler(&self) -> Inner {
        let rig = self.clone();
        BoxCloneSyncService::new(service_fn(move |request: Request<Body>| {
            let rig = rig.clone();
            async move {
                // The request goes with the handler: `Checked` in it holds the lock.
                request.into_body().collect().await?;
                sleep(Duration::from_secs(1)).await;
                rig.performed.count();
                Ok(Response::new(Body::empty()))
            }
        }))
    }

    fn over(&self, source: impl ValidatorSource) -> Served {
        let layer = ConditionalLayer::new(source.named("tests")).writes(self.policy());
        cut_off(layer.layer(self.handler()))
    }

    fn under(&self, lock: impl WriteLock) -> Served {
        let policy = WritePolicy::required().use_lock(lock);
        let layer = ConditionalLayer::new(Fixed::new(V1).named("tests")).writes(policy);
        cut_off(layer.layer(self.handler()))
    }

    /// Around an inner service that is asked again whether it is ready, because the source waits.
    fn around<S>(&self, inner: S) -> Served
    where
        S: Service<Request<Body>, Response = Response<Body>, Error = BoxError>
            + Clone
            + Send
            + Sync
            + 'static,
        S::Future: Send + 'static,
    {
        let layer = ConditionalLayer::new(source::waiting(V1).named("tests")).writes(self.policy());
        cut_off(layer.layer(inner))
    }

    fn with(
        &self,
        option: impl FnOnce(ConditionalLayer<Named<Fixed>>) -> ConditionalLayer<Named<Fixed>>,
    ) -> Served {
        let layer = ConditionalLayer::new(Fixed::new(V1).named("tests")).writes(self.policy());
        cut_off(option(layer).layer(self.handler()))
    }

    fn collecting(&self) -> Served {
        let layer = ConditionalLayer::new(Fixed::new(V1).named("tests")).writes(self.policy());
        cut_off(layer.collect_bodies(1024, Body::new).layer(self.handler()))
    }

    fn plain(&self) -> Served {
        self.over(Fixed::new(V1))
    }

    /// For those who wait behind: nothing cuts them off.
    fn healthy(&self) -> Served {
        let layer = ConditionalLayer::new(Fixed::new(V1).named("tests")).writes(self.policy());
        let service = layer.layer(self.handler());
        BoxCloneSyncService::new(service.map_response(|response| response.status()))
    }

    fn lock_is_free(&self) -> bool {
        // The one resource of `Fixed`, and that of the sources that go by the path.
        let keys = [WriteKey::new("tests", &()), WriteKey::new("tests", &PATH)];
        self.lock.try_lock(&keys).is_some()
    }
}

fn cut_off<S, B>(service: S) -> Served
where
    S: Service<Request<Body>, Response = Response<B>> + Clone + Send + Sync + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send + 'static,
    B: 'static,
{
    let service = service.map_response(|response: Response<B>| response.status());
    BoxCloneSyncService::new(Timeout::new(service, HOUR))
}

fn put(tag: &str, body: Body) -> Request<Body> {
    let put = Request::put(PATH).header("if-match", tag);
    put.body(body).unwrap()
}

async fn outcome(service: Served, request: Request<Body>) -> Outcome {
    // The layer's time-out begins with the call: a service that is never ready is given up here.
    let answer = timeout(2 * HOUR, service.oneshot(request));
    match tokio::spawn(answer).await {
        Ok(Ok(Ok(status))) => Status(status.as_u16()),
        Ok(Ok(Err(error))) if !error.is::<Elapsed>() => Outcome::Failed(error.to_string()),
        Ok(_) => TimedOut,
        Err(error) => {
            assert!(error.is_panic());
            Panicked
        }
    }
}

/// One fault, what a write with the current tag gets, how often it is performed, and what one with a stale tag gets.
struct Fault {
    name: &'static str,
    service: fn(&Rig) -> Served,
    body: fn() -> Body,
    current: Outcome,
    performed: usize,
    stale: Outcome,
}

const fn fault(
    name: &'static str,
    service: fn(&Rig) -> Served,
    current: Outcome,
    stale: Outcome,
) -> Fault {
    Fault {
        name,
        service,
        body: Body::empty,
        performed: matches!(current, Status(200)) as usize,
        current,
        stale,
    }
}

impl Fault {
    const fn performed(mut self, times: usize) -> Self {
        self.performed = times;
        self
    }

    fn of_body(
        name: &'static str,
        service: fn(&Rig) -> Served,
        body: fn() -> Body,
        current: Outcome,
    ) -> Self {
        Self {
            body,
            ..fault(name, service, current, Status(412))
        }
    }

    async fn check(&self) {
        for is_ahead in [false, true] {
            self.check_write("\"v1\"", &self.current, self.performed, is_ahead)
                .await;
            self.check_write("\"v0\"", &self.stale, 0, is_ahead).await;
        }
    }

    /// Alone or behind a writer that has the lock; others wait behind it in both cases.
    async fn check_write(&self, tag: &str, expected: &Outcome, performed: usize, is_ahead: bool) {
        let rig = Rig::default();
        let healthy = || outcome(rig.healthy(), put("\"v1\"", Body::empty()));
        let ahead = async {
            if is_ahead {
                Some(healthy().await)
            } else {
                None
            }
        };
        let met = async {
            yield_now().await;
            outcome((self.service)(&rig), put(tag, (self.body)())).await
        };
        let behind = async {
            yield_now().await;
            yield_now().await;
            join_all((0..BEHIND).map(|_| healthy())).await
        };
        let (ahead, met, behind) = tokio::join!(ahead, met, behind);

        let what = format!("{} ({tag}, behind another: {is_ahead})", self.name);
        assert_eq!(met, *expected, "{what}");
        assert!(ahead.is_none_or(|ahead| ahead == Status(200)), "{what}");
        assert!(
            behind.iter().all(|behind| *behind == Status(200)),
            "{what}: {behind:?}"
        );
        let others = BEHIND + usize::from(is_ahead);
        assert_eq!(rig.performed.get() - others, performed, "{what}");
        assert!(rig.lock_is_free(), "{what}");
    }
}

async fn check_all(faults: impl IntoIterator<Item = Fault>) {
    for fault in faults {
        fault.check().await;
    }
}

#[tokio::test(start_paused = true)]
async fn sources() {
    async fn nothing() -> Result<Current, SourceError> {
        yield_now().await;
        panic!("on purpose")
    }
    check_all([
        fault(
            "hangs",
            |rig| rig.over(source::hanging()),
            TimedOut,
            TimedOut,
        ),
        fault(
            "hangs on the second look",
            |rig| {
                let looks = Counter::default();
                // A busy lock and a source that waits make two looks of it.
                let lock = Faulty::new(rig, Fails::Not);
                let source = source::asked(move |_| {
                    let is_first = looks.count() == 1;
                    async move {
                        if !is_first {
                            pending::<()>().await;
                        }
                        Ok(V1.into())
                    }
                });
                let policy = WritePolicy::required().use_lock(lock);
                cut_off(
                    ConditionalLayer::new(source.named("tests"))
                        .writes(policy)
                        .layer(rig.handler()),
                )
            },
            TimedOut,
            Status(412),
        ),
        fault(
            "fails",
            |rig| rig.over(source::failing("down")),
            Status(503),
            Status(503),
        ),
        fault(
            "refuses",
            |rig| rig.over(source::refusing(403, "")),
            Status(403),
            Status(403),
        ),
        fault(
            "panics at once",
            |rig| rig.over(source::hanging().knowing(|_| panic!("on purpose"))),
            Panicked,
            Panicked,
        ),
        fault(
            "panics when it is asked",
            |rig| rig.over(source::scripted(|_| panic!("on purpose"))),
            Panicked,
            Panicked,
        ),
        fault(
            "panics later",
            |rig| rig.over(source::asked(|_| nothing())),
            Panicked,
            Panicked,
        ),
        fault(
            "knows nothing",
            |rig| rig.over(Fixed::new(Current::Unknown)),
            Status(412),
            Status(412),
        ),
    ])
    .await;
}

/// What a probe asks is another service, and may do all that services do.
#[tokio::test(start_paused = true)]
async fn readers() {
    fn asking<F>(rig: &Rig, answer: fn() -> F) -> Served
    where
        F: Future<Output = Result<Response<Body>, BoxError>> + Send + 'static,
    {
        let reader = service_fn(move |_: Request<ProbeBody>| answer());
        rig.over(BodyHash::strong().probe_with(reader))
    }
    fn answering(rig: &Rig, then: fn() -> Body) -> Served {
        let reader = service_fn(move |_: Request<ProbeBody>| {
            ready(Ok::<_, BoxError>(Response::new(then())))
        });
        rig.over(BodyHash::strong().probe_with(reader))
    }
    check_all([
        fault("hangs", |rig| asking(rig, pending), TimedOut, TimedOut),
        fault(
            "fails",
            |rig| asking(rig, || ready(Err("down".into()))),
            Status(503),
            Status(503),
        ),
        fault(
            "panics",
            |rig| asking(rig, || async { panic!("on purpose") }),
            Panicked,
            Panicked,
        ),
        fault(
            "is never ready",
            |rig| {
                let reader = service_fn(|_: Request<ProbeBody>| {
                    ready(Ok::<_, BoxError>(Response::new(Body::empty())))
                });
                rig.over(BodyHash::strong().probe_with(ConcurrencyLimit::new(reader, 0)))
            },
            TimedOut,
            TimedOut,
        ),
        fault(
            "stalls",
            |rig| answering(rig, || Odd::body(End::Stalls)),
            TimedOut,
            TimedOut,
        ),
        fault(
            "breaks off",
            |rig| answering(rig, || Odd::body(End::Fails)),
            Status(503),
            Status(503),
        ),
        fault(
            "panics half-way",
            |rig| answering(rig, || Odd::body(End::Panics)),
            Panicked,
            Panicked,
        ),
        // Its state is not known.
        fault(
            "is too short",
            |rig| answering(rig, || Odd::body(End::Ends)),
            Status(503),
            Status(503),
        ),
        fault(
            "is too long",
            |rig| answering(rig, || Odd::body(End::GoesOn)),
            Status(503),
            Status(503),
        ),
    ])
    .await;
}

/// The lock of the rig, which is never free at once, with a fault.
struct Faulty {
    lock: InProcessLock,
    fails: Fails,
}

#[derive(Clone, Copy)]
enum Fails {
    Not,
    AtOnce,
    /// After it has taken the lock.
    HalfWay,
    Hangs,
    HangsHalfWay,
    Panics,
    PanicsHalfWay,
}

impl Faulty {
    fn new(rig: &Rig, fails: Fails) -> Self {
        Self {
            lock: rig.lock.clone(),
            fails,
        }
    }
}

impl WriteLock for Faulty {
    fn identity(&self) -> usize {
        self.lock.identity()
    }

    fn lock<'a>(
        &'a self,
        keys: &'a [WriteKey],
    ) -> Pin<Box<dyn Future<Output = Result<WriteGuard, BoxError>> + Send + 'a>> {
        Box::pin(async move {
            match self.fails {
                Fails::AtOnce => return Err("no connection".into()),
                Fails::Hangs => pending().await,
                Fails::Panics => panic!("on purpose"),
                _ => {}
            }
            let guard = self.lock.lock(keys).await?;
            match self.fails {
                Fails::HalfWay => Err("connection lost".into()),
                Fails::HangsHalfWay => pending().await,
                Fails::PanicsHalfWay => panic!("on purpose"),
                _ => Ok(guard),
            }
        })
    }
}

/// Asked whether it is free, it panics.
struct PanicsWhenTried(InProcessLock);

impl WriteLock for PanicsWhenTried {
    fn try_lock(&self, _: &[WriteKey]) -> Option<WriteGuard> {
        panic!("on purpose")
    }

    fn lock<'a>(
        &'a self,
        keys: &'a [WriteKey],
    ) -> Pin<Box<dyn Future<Output = Result<WriteGuard, BoxError>> + Send + 'a>> {
        self.0.lock(keys)
    }
}

#[tokio::test(start_paused = true)]
async fn locks() {
    let stale = || Status(412);
    check_all([
        fault(
            "takes its time",
            |rig| rig.under(Faulty::new(rig, Fails::Not)),
            Status(200),
            stale(),
        ),
        fault(
            "fails at once",
            |rig| rig.under(Faulty::new(rig, Fails::AtOnce)),
            Status(503),
            stale(),
        ),
        fault(
            "fails half-way",
            |rig| rig.under(Faulty::new(rig, Fails::HalfWay)),
            Status(503),
            stale(),
        ),
        fault(
            "hangs",
            |rig| rig.under(Faulty::new(rig, Fails::Hangs)),
            TimedOut,
            stale(),
        ),
        fault(
            "hangs half-way",
            |rig| rig.under(Faulty::new(rig, Fails::HangsHalfWay)),
            TimedOut,
            stale(),
        ),
        fault(
            "panics",
            |rig| rig.under(Faulty::new(rig, Fails::Panics)),
            Panicked,
            stale(),
        ),
        fault(
            "panics half-way",
            |rig| rig.under(Faulty::new(rig, Fails::PanicsHalfWay)),
            Panicked,
            stale(),
        ),
        fault(
            "panics when tried",
            |rig| rig.under(PanicsWhenTried(rig.lock.clone())),
            Panicked,
            Panicked,
        ),
    ])
    .await;
}

/// An inner service that is made ready once, as the server does, and then does something else.
#[derive(Clone)]
struct Unready {
    inner: Inner,
    asked: Counter,
    then: Then,
}

#[derive(Clone, Copy)]
enum Then {
    NotEvenOnce,
    Never,
    Late,
    Fails,
    Panics,
}

impl Unready {
    fn new(rig: &Rig, then: Then) -> Self {
        Self {
            inner: rig.handler(),
            asked: Counter::default(),
            then,
        }
    }
}

impl Service<Request<Body>> for Unready {
    type Response = Response<Body>;
    type Error = BoxError;
    type Future = BoxFuture<'static, Result<Response<Body>, BoxError>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        let asked = self.asked.count();
        match self.then {
            Then::NotEvenOnce => Poll::Pending,
            _ if asked == 1 => self.inner.poll_ready(cx),
            Then::Never => Poll::Pending,
            Then::Late if asked > 100 => self.inner.poll_ready(cx),
            Then::Late => {
                cx.waker().wake_by_ref();
                Poll::Pending
            }
            Then::Fails => Poll::Ready(Err("not ready".into())),
            Then::Panics => panic!("on purpose"),
        }
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        Box::pin(self.inner.call(request))
    }
}

#[tokio::test(start_paused = true)]
async fn inner_services() {
    let stale = || Status(412);
    check_all([
        fault(
            "is never ready",
            |rig| rig.around(Unready::new(rig, Then::NotEvenOnce)),
            TimedOut,
            TimedOut,
        ),
        fault(
            "is not ready again",
            |rig| rig.around(Unready::new(rig, Then::Never)),
            TimedOut,
            stale(),
        ),
        fault(
            "is ready late",
            |rig| rig.around(Unready::new(rig, Then::Late)),
            Status(200),
            stale(),
        ),
        fault(
            "is broken when asked again",
            |rig| rig.around(Unready::new(rig, Then::Fails)),
            failed("not ready"),
            stale(),
        ),
        fault(
            "panics when asked again",
            |rig| rig.around(Unready::new(rig, Then::Panics)),
            Panicked,
            stale(),
        ),
        fault(
            "has no permit left",
            |rig| {
                let limited = ConcurrencyLimit::new(rig.handler(), 0);
                rig.around(limited)
            },
            TimedOut,
            TimedOut,
        ),
        fault(
            "sheds",
            |rig| rig.around(LoadShed::new(ConcurrencyLimit::new(rig.handler(), 0))),
            failed("service overloaded"),
            stale(),
        ),
        fault(
            "is buffered",
            |rig| rig.around(Buffer::new(rig.handler(), 1)),
            Status(200),
            stale(),
        ),
        fault(
            "is buffered and broken",
            |rig| {
                let broken = Unready::new(rig, Then::Fails);
                // The buffer asks before it takes anything.
                broken.asked.count();
                rig.around(Buffer::new(broken, 1))
            },
            failed("buffered service failed: not ready"),
            stale(),
        ),
        fault(
            "panics when it is called",
            |rig| {
                rig.around(service_fn(
                    |_| -> BoxFuture<'static, Result<Response<Body>, BoxError>> {
                        panic!("on purpose")
                    },
                ))
            },
            Panicked,
            stale(),
        ),
        fault(
            "panics later",
            |rig| {
                rig.around(service_fn(|_: Request<Body>| async {
                    yield_now().await;
                    let answer: Result<Response<Body>, BoxError> = Err("not reached".into());
                    assert!(answer.is_ok(), "on purpose");
                    answer
                }))
            },
            Panicked,
            stale(),
        ),
        fault(
            "fails",
            |rig| {
                rig.around(service_fn(|_: Request<Body>| async {
                    yield_now().await;
                    Err::<Response<Body>, BoxError>("failed".into())
                }))
            },
            failed("failed"),
            stale(),
        ),
        fault(
            "hangs",
            |rig| {
                rig.around(service_fn(|_: Request<Body>| {
                    pending::<Result<Response<Body>, BoxError>>()
                }))
            },
            TimedOut,
            stale(),
        ),
    ])
    .await;
}

/// A body that says it has five bytes, sends three, and then does this.
struct Odd {
    sent: bool,
    then: End,
}

#[derive(Clone, Copy)]
enum End {
    Stalls,
    Fails,
    Panics,
    /// Two bytes too few.
    Ends,
    /// Four too many.
    GoesOn,
}

impl Odd {
    fn body(then: End) -> Body {
        Body::new(Self { sent: false, then })
    }
}

impl http_body::Body for Odd {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        if !self.sent {
            self.sent = true;
            return Poll::Ready(Some(Ok(Frame::data("one".into()))));
        }
        match self.then {
            End::Stalls => Poll::Pending,
            End::Fails => Poll::Ready(Some(Err("broken pipe".into()))),
            End::Panics => panic!("on purpose"),
            End::Ends => Poll::Ready(None),
            End::GoesOn => {
                self.then = End::Ends;
                Poll::Ready(Some(Ok(Frame::data("too many".into()))))
            }
        }
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(5)
    }
}

#[tokio::test(start_paused = true)]
async fn request_bodies() {
    let ways: [fn(&Rig) -> Served; 2] = [Rig::plain, Rig::collecting];
    for way in ways {
        check_all([
            Fault::of_body("stalls", way, || Odd::body(End::Stalls), TimedOut),
            Fault::of_body(
                "fails",
                way,
                || Odd::body(End::Fails),
                failed("broken pipe"),
            ),
            Fault::of_body("panics", way, || Odd::body(End::Panics), Panicked),
            Fault::of_body(
                "is shorter than it said",
                way,
                || Odd::body(End::Ends),
                Status(200),
            ),
            Fault::of_body(
                "is longer than it said",
                way,
                || Odd::body(End::GoesOn),
                Status(200),
            ),
        ])
        .await;
    }
    // Reading a refused body delays nobody but its sender.
    for (body, stale) in [
        ((|| Odd::body(End::Stalls)) as fn() -> Body, TimedOut),
        (|| Odd::body(End::Fails), Status(412)),
        (|| Odd::body(End::Panics), Panicked),
    ] {
        let reading: fn(&Rig) -> Served =
            |rig| rig.with(|layer| layer.writes(rig.policy().read_refused_bodies(1024)));
        let rig = Rig::default();
        let met = outcome(reading(&rig), put("\"v0\"", body())).await;
        assert_eq!(met, stale);
        assert!(rig.lock_is_free());
        assert_eq!(rig.performed.get(), 0);
    }
}

/// What the application hands in runs inside of the layer.
#[tokio::test(start_paused = true)]
async fn hooks() {
    check_all([
        fault(
            "observer panics",
            |rig| rig.with(|layer| layer.observe(|_| panic!("on purpose"))),
            Panicked,
            Panicked,
        )
        .performed(1),
        fault(
            "refusal panics",
            |rig| rig.with(|layer| layer.refuse_with(|_| panic!("on purpose"))),
            Status(200),
            Panicked,
        ),
        fault(
            "key panics",
            |rig| rig.with(|layer| layer.writes(rig.policy().lock_also(|_| panic!("on purpose")))),
            Panicked,
            Panicked,
        ),
        fault(
            "attempts hang",
            |rig| {
                let policy = rig
                    .policy()
                    .answer_if_applied(|_, _| pending::<Option<Response<Bytes>>>());
                rig.with(|layer| layer.writes(policy))
            },
            Status(200),
            TimedOut,
        ),
        fault(
            "attempts panic",
            |rig| {
                let policy = rig.policy().answer_if_applied(
                    |_, _| -> std::future::Ready<Option<Response<Bytes>>> { panic!("on purpose") },
                );
                rig.with(|layer| layer.writes(policy))
            },
            Status(200),
            Panicked,
        ),
    ])
    .await;
}
