//! Writes over a service that knows nothing of tags: the reader is asked, and only the reader.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::sync::atomic::Ordering::SeqCst;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::http::{Method, StatusCode};
use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::join_all;
use http::{HeaderMap, Request, Response};
use http_body_util::{BodyExt, Empty, Full};
use tower::limit::ConcurrencyLimitLayer;
use tower::{BoxError, Layer, Service, ServiceBuilder, ServiceExt, service_fn};
use tower_conditional::observe::Outcome;
use tower_conditional::precondition::MethodClass;
use tower_conditional::source::{BoxSource, Probe, ProbeBody, Probing};
use tower_conditional::{
    BodyHash, ConditionalLayer, Current, FromResponse, Reason, ValidatorSource, WritePolicy,
};

use super::things::{Call, Things, Untouched, everywhere};
use crate::support::{Counter, Log, Record, Scripted, Size, Step, answering, field, request};

fn probing(inside: Untouched) -> BoxSource {
    match inside {
        Untouched::Methods(methods) => BodyHash::strong().probe_with(*methods).boxed(),
        Untouched::Router(router) => BodyHash::strong().probe_with(router).boxed(),
    }
}

/// In axum a layer wraps each method's handler by itself: a GET that is sent to the inner service of a PUT runs the
/// PUT handler. The probe never goes there.
#[tokio::test]
async fn no_write_handler_sees_what_no_client_has_sent_wherever_the_layer_is() {
    let things = Things::default();
    for mounted in everywhere(&things, |inside| ConditionalLayer::new(probing(inside))) {
        let place = mounted.place;
        let client = Call::of_client;
        things.set(Some("one"));
        let tag = mounted.send(Method::GET, &[], "").await.tag().to_owned();
        assert_eq!(
            things.take_calls(),
            [client("read", Method::GET)],
            "{place}"
        );

        let current = ("if-match", &*tag);
        let any = ("if-none-match", "*");
        let (get, put, delete) = (Method::GET, Method::PUT, Method::DELETE);
        let (saved, removed) = (
            client("save", put.clone()),
            client("remove", delete.clone()),
        );
        #[rustfmt::skip]
        let table = [
            // Reads are not probed.
            (&get, vec![("if-none-match", &*tag)], 304, vec![client("read", Method::GET)]),
            (&get, vec![("if-match", "\"x\"")], 412, vec![client("read", Method::GET)]),
            // Nor are writes without preconditions.
            (&put, vec![], 204, vec![saved.clone()]),
            // What was saved is another text by now.
            (&put, vec![current], 412, vec![Call::probe()]),
            (&delete, vec![current], 412, vec![Call::probe()]),
            (&put, vec![any], 412, vec![Call::probe()]),
            (&put, vec![("if-match", "*")], 204, vec![Call::probe(), saved.clone()]),
            (&put, vec![("if-match", "unquoted")], 400, vec![Call::probe()]),
            (&delete, vec![("if-match", "*")], 204, vec![Call::probe(), removed.clone()]),
            // Now there is nothing.
            (&put, vec![current], 412, vec![Call::probe()]),
            (&put, vec![any], 204, vec![Call::probe(), saved.clone()]),
            (&put, vec![any], 412, vec![Call::probe()]),
        ];
        for (method, fields, status, calls) in table {
            let got = mounted.send(method.clone(), &fields, "two").await;
            assert_eq!(
                got.status, status,
                "{place}: {method} {fields:?}: {:?}",
                got.body
            );
            assert_eq!(things.take_calls(), calls, "{place}: {method} {fields:?}");
        }

        let tag = mounted.send(Method::GET, &[], "").await.tag().to_owned();
        let deleted = mounted
            .send(Method::DELETE, &[("if-match", &tag)], "")
            .await;
        assert_eq!(deleted.status, 204, "{place}");
        let calls = [client("read", Method::GET), Call::probe(), removed.clone()];
        assert_eq!(things.take_calls(), calls, "{place}");
    }
}

/// A client that creates needs no precondition under this policy, so writes without one are probed, too.
#[tokio::test]
async fn a_policy_that_exempts_creation_probes_every_write() {
    let things = Things::default();
    let layer = |inside| {
        let policy = WritePolicy::required().exempt_creation();
        ConditionalLayer::new(probing(inside)).writes(policy)
    };
    for mounted in everywhere(&things, layer) {
        let place = mounted.place;
        let (put, saved) = (Method::PUT, Call::of_client("save", Method::PUT));
        let saves = vec![Call::probe(), saved];
        things.set(None);
        for (status, calls) in [(204, saves), (428, vec![Call::probe()])] {
            let got = mounted.send(put.clone(), &[], "one").await;
            assert_eq!(got.status, status, "{place}");
            assert_eq!(things.take_calls(), calls, "{place}");
        }
    }
}

/// A reader that gives a fixed answer, and keeps the heads of its probes.
#[derive(Clone)]
struct Reader {
    status: StatusCode,
    asked: Arc<Mutex<Vec<Request<ProbeBody>>>>,
}

impl Reader {
    fn answering(status: u16) -> Self {
        Self {
            status: status.try_into().unwrap(),
            asked: Arc::default(),
        }
    }

    fn probes(&self) -> usize {
        self.asked.lock().unwrap().len()
    }
}

impl Service<Request<ProbeBody>> for Reader {
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, probe: Request<ProbeBody>) -> Self::Future {
        self.asked.lock().unwrap().push(probe);
        let mut response = Response::new(Full::from("hello"));
        *response.status_mut() = self.status;
        ready(Ok(response))
    }
}

/// The tag of "hello" without any field.
const HELLO: &str = "\"Nf74R-5Z8eoDvwY3T3otXg\"";

/// The answer to a write through `layer`, and how often its handler ran.
async fn write<V: ValidatorSource>(
    layer: ConditionalLayer<V>,
    request: Request<Empty<Bytes>>,
) -> (
    Response<tower_conditional::layer::ConditionalBody<Empty<Bytes>>>,
    usize,
) {
    let runs = Counter::default();
    let handler = answering({
        let runs = runs.clone();
        move |_| {
            runs.count();
            Response::new(Empty::new())
        }
    });
    let Ok(response) = layer.layer(handler).oneshot(request).await;
    (response, runs.get())
}

/// 404 and 410 are absent, 2xx present, 5xx a failure; anything else is unknown.
#[tokio::test]
async fn the_answer_of_the_reader_is_the_state() {
    let matching = ("if-match", HELLO);
    let other = ("if-match", "\"x\"");
    let any = ("if-none-match", "*");
    let table = [
        (200, matching, 200, None),
        (200, other, 412, Some(Reason::Stale)),
        (200, any, 412, Some(Reason::Exists)),
        // What is not a 200 has no computed tag, and exists.
        (203, matching, 412, Some(Reason::NoValidator)),
        (204, ("if-match", "*"), 200, None),
        (404, matching, 412, Some(Reason::Absent)),
        (404, any, 200, None),
        (410, matching, 412, Some(Reason::Absent)),
        (410, any, 200, None),
        (301, matching, 412, Some(Reason::NoValidator)),
        (301, any, 412, Some(Reason::NoValidator)),
        (405, any, 412, Some(Reason::NoValidator)),
        (500, matching, 503, Some(Reason::Source)),
        (503, any, 503, Some(Reason::Source)),
        (504, any, 503, Some(Reason::Source)),
    ];
    for (reads, precondition, status, reason) in table {
        let reader = Reader::answering(reads);
        let record = Record::default();
        let layer = ConditionalLayer::new(BodyHash::strong().probe_with(reader.clone()))
            .observe(record.hook());
        let (response, runs) = write(layer, request(Method::PUT, &[precondition])).await;
        let what = format!("{reads}, {precondition:?}");
        assert_eq!(response.status(), status, "{what}");
        assert_eq!(runs, usize::from(status == 200), "{what}");
        assert_eq!(reader.probes(), 1, "{what}: one look-up, under the lock");
        let evaluation = record.take();
        assert_eq!(evaluation.reason, reason, "{what}");
        assert_eq!(evaluation.class, MethodClass::Write);
        assert!(
            evaluation.look_up > Duration::ZERO,
            "the probe counts as a look-up"
        );
        assert_eq!(evaluation.error.is_some(), status == 503, "{what}");
        if status == 503 {
            assert_eq!(field(&response, "retry-after"), Some("1"));
            let body = response.into_body().collect().await.unwrap().to_bytes();
            assert!(
                !String::from_utf8_lossy(&body).contains("reader"),
                "the observer gets the error"
            );
        }
    }
}

#[tokio::test]
async fn a_probe_is_a_get_from_the_same_caller() {
    #[derive(Clone, Debug, PartialEq)]
    struct User(u32);
    let travel = [
        ("authorization", "Bearer 17"),
        ("cookie", "a=b"),
        ("host", "example.org"),
        ("accept", "application/json"),
        ("accept-language", "de"),
        ("accept-encoding", "gzip"),
        ("x-tenant", "3"),
        ("forwarded", "for=192.0.2.1"),
    ];
    let stay = [
        ("if-match", HELLO),
        ("if-none-match", "\"x\""),
        ("if-modified-since", "Wed, 01 Jan 2025 00:00:00 GMT"),
        ("if-unmodified-since", "Wed, 01 Jan 2025 00:00:00 GMT"),
        ("if-range", "\"x\""),
        ("range", "bytes=0-1"),
        ("content-type", "text/plain"),
        ("content-length", "0"),
        ("content-encoding", "identity"),
        ("content-language", "de"),
        ("content-location", "/b"),
        ("content-range", "bytes 0-1/5"),
        ("content-digest", "sha-256=:AAAA:"),
        ("transfer-encoding", "chunked"),
        ("trailer", "x"),
        ("expect", "100-continue"),
    ];
    let reader = Reader::answering(200);
    let layer = ConditionalLayer::new(BodyHash::strong().probe_with(reader.clone()));
    let all: Vec<_> = travel.into_iter().chain(stay).collect();
    let mut request = request(Method::PATCH, &all);
    *request.uri_mut() = "/a%20b/c?d=e".parse().unwrap();
    request.extensions_mut().insert(User(7));
    let (_, runs) = write(layer, request).await;
    assert_eq!(runs, 1);

    let probe = reader.asked.lock().unwrap().pop().unwrap();
    assert_eq!(probe.method(), Method::GET);
    assert_eq!(probe.uri(), "/a%20b/c?d=e");
    assert_eq!(probe.extensions().get(), Some(&User(7)));
    assert!(probe.extensions().get::<Probe>().is_some());
    let expected: HeaderMap = travel
        .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
        .into_iter()
        .collect();
    assert_eq!(probe.headers(), &expected);
}

/// The handler of a write does not see that there was a probe, and the write keeps what the probe left behind.
#[tokio::test]
async fn the_write_itself_is_not_changed() {
    let source = BodyHash::strong().probe_with(Reader::answering(200));
    let service = ConditionalLayer::new(source).layer(answering(|request| {
        assert!(request.extensions().get::<Probe>().is_none());
        assert_eq!(request.method(), Method::PUT);
        assert_eq!(request.headers()["if-match"], HELLO);
        assert_eq!(request.headers()["range"], "bytes=0-1");
        Response::new(Empty::<Bytes>::new())
    }));
    let fields = [("if-match", HELLO), ("range", "bytes=0-1")];
    let Ok(response) = service.oneshot(request(Method::PUT, &fields)).await;
    assert_eq!(response.status(), 200);
}

/// About `*` the status says all: nothing is read, nothing is hashed.
#[tokio::test]
async fn a_wildcard_needs_no_body() {
    let table = [
        ("if-match", "*", 0),
        ("if-none-match", "*", 0),
        ("if-unmodified-since", "Wed, 01 Jan 2025 00:00:00 GMT", 0),
        ("if-match", "\"x\"", 1),
        ("if-none-match", "\"x\"", 1),
    ];
    for (name, value, polls) in table {
        let log = Arc::new(Log::default());
        let reader = {
            let log = log.clone();
            service_fn(move |_: Request<ProbeBody>| {
                let body = Scripted::pieces(Size::Known, [""; 0]).logging(&log);
                ready(Ok::<_, Infallible>(Response::new(body)))
            })
        };
        let layer = ConditionalLayer::new(BodyHash::strong().probe_with(reader));
        write(layer, request(Method::PUT, &[(name, value)])).await;
        assert_eq!(log.polls.load(SeqCst), polls, "{name}: {value}");
        assert!(log.dropped.load(SeqCst));
    }
}

/// What gets no tag on a read gets none on a probe: the two moments agree.
#[tokio::test]
async fn a_target_without_a_tag_fails_every_list() {
    let stream = |size| {
        service_fn(move |_: Request<ProbeBody>| {
            let body = Scripted::pieces(size, ["hello"]);
            ready(Ok::<_, Infallible>(Response::new(body)))
        })
    };
    for (size, status) in [(Size::Known, 200), (Size::Unknown, 412)] {
        let layer = ConditionalLayer::new(BodyHash::strong().probe_with(stream(size)));
        let (response, _) = write(layer, request(Method::PUT, &[("if-match", HELLO)])).await;
        assert_eq!(response.status(), status, "{size:?}");
    }
    let collecting = BodyHash::strong().collect_streams();
    let layer = ConditionalLayer::new(collecting.probe_with(stream(Size::Unknown)));
    let (response, _) = write(layer, request(Method::PUT, &[("if-match", HELLO)])).await;
    assert_eq!(response.status(), 200);
}

/// A reader may set validators itself; then they are taken.
#[tokio::test]
async fn the_readers_own_validators_count() {
    let reader = service_fn(|_: Request<ProbeBody>| {
        let response = Response::builder()
            .header("etag", "\"own\"")
            .header("last-modified", "Wed, 01 Jan 2025 00:00:00 GMT")
            .body(Empty::<Bytes>::new());
        ready(response)
    });
    #[rustfmt::skip]
    let table = [
        (("if-match", "\"own\""), 200),
        (("if-match", "\"x\""), 412),
        (("if-unmodified-since", "Wed, 01 Jan 2025 00:00:00 GMT"), 200),
        (("if-unmodified-since", "Tue, 31 Dec 2024 23:59:59 GMT"), 412),
    ];
    for (precondition, status) in table {
        let hash = ConditionalLayer::new(BodyHash::strong().probe_with(reader));
        let fields = ConditionalLayer::new(Probing::new(FromResponse, reader));
        let request = || request(Method::PUT, &[precondition]);
        assert_eq!(
            write(hash, request()).await.0.status(),
            status,
            "{precondition:?}"
        );
        assert_eq!(
            write(fields, request()).await.0.status(),
            status,
            "{precondition:?}"
        );
    }
}

/// A reader may be a protected service itself, and a probe is never probed.
#[tokio::test]
async fn it_never_recurses() {
    let innermost = Reader::answering(200);
    let source = BodyHash::strong().probe_with(innermost.clone());
    let protected = ConditionalLayer::new(source).layer(Reader::answering(200));
    let layer = ConditionalLayer::new(BodyHash::strong().probe_with(protected));
    let (response, _) = write(layer, request(Method::PUT, &[("if-match", HELLO)])).await;
    assert_eq!(response.status(), 200);
    assert_eq!(innermost.probes(), 0);

    let source = BodyHash::strong().probe_with(innermost.clone());
    let (mut head, ()) = request(Method::PUT, &[("if-match", HELLO)]).into_parts();
    let target = source.identify_now(&mut head).unwrap().unwrap();
    assert!(
        source.known(&target).is_none(),
        "a write has to be looked up"
    );
    let reader = innermost.clone();
    let probe = Probing::new(FromResponse, reader).look_up(&target).await;
    assert!(probe.is_ok());
    head.extensions = innermost.asked.lock().unwrap()[0].extensions().clone();
    let target = source.identify_now(&mut head).unwrap().unwrap();
    let known = source.known(&target).unwrap();
    assert!(matches!(known.current(), Current::Unknown));
}

/// Methods that are registered as reads are evaluated against their own responses, not against those of a GET.
#[tokio::test]
async fn registered_reads_are_not_probed() {
    for method in ["QUERY", "PROPFIND", "REPORT", "SEARCH"] {
        let reader = Reader::answering(200);
        let layer = ConditionalLayer::new(BodyHash::strong().probe_with(reader.clone()))
            .classify(|_| Some(MethodClass::Read));
        let (response, runs) = write(layer, request(method, &[("if-none-match", HELLO)])).await;
        assert_eq!(
            (response.status().as_u16(), runs),
            (200, 1),
            "the body is another one"
        );
        assert_eq!(reader.probes(), 0);
    }
}

#[tokio::test]
async fn a_registered_write_is_probed() {
    let reader = Reader::answering(200);
    let layer = ConditionalLayer::new(BodyHash::strong().probe_with(reader.clone()))
        .classify(|_| Some(MethodClass::Write));
    let (response, _) = write(layer, request("PROPPATCH", &[("if-match", "\"x\"")])).await;
    assert_eq!((response.status().as_u16(), reader.probes()), (412, 1));
}

/// If the reader fails in any way, a conditional write does not run; an unconditional one does.
#[tokio::test]
async fn a_reader_that_fails_lets_no_conditional_write_through() {
    #[derive(Clone)]
    struct NeverReady;
    impl Service<Request<ProbeBody>> for NeverReady {
        type Response = Response<Empty<Bytes>>;
        type Error = BoxError;
        type Future = Ready<Result<Self::Response, BoxError>>;
        fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
            Poll::Ready(Err("the reader is gone".into()))
        }
        fn call(&mut self, _: Request<ProbeBody>) -> Self::Future {
            unreachable!("it is never ready")
        }
    }
    let fails = service_fn(|_: Request<ProbeBody>| {
        ready(Err::<Response<Empty<Bytes>>, BoxError>(
            "the reader is down".into(),
        ))
    });
    let breaks = service_fn(|_: Request<ProbeBody>| {
        let body = Scripted::new(Size::Claimed(9), [Step::Data("hel".into()), Step::Fail]);
        ready(Ok::<_, Infallible>(Response::new(body)))
    });
    let table = [
        (
            "not ready",
            BodyHash::strong().probe_with(NeverReady).boxed(),
        ),
        ("fails", BodyHash::strong().probe_with(fails).boxed()),
        ("breaks off", BodyHash::strong().probe_with(breaks).boxed()),
    ];
    for (what, source) in table {
        let layer = ConditionalLayer::new(source);
        let (response, runs) =
            write(layer.clone(), request(Method::PUT, &[("if-match", HELLO)])).await;
        assert_eq!((response.status().as_u16(), runs), (503, 0), "{what}");
        let (response, runs) = write(layer, request(Method::PUT, &[])).await;
        assert_eq!((response.status().as_u16(), runs), (200, 1), "{what}");
    }
}

/// A reader that takes too long is the user's to bound: any tower layer will do.
#[tokio::test(start_paused = true)]
async fn a_reader_with_a_timeout_gives_up() {
    let hangs = service_fn(|_: Request<ProbeBody>| {
        std::future::pending::<Result<Response<Empty<Bytes>>, Infallible>>()
    });
    let reader = ServiceBuilder::new()
        .timeout(Duration::from_secs(1))
        .service(hangs);
    let layer = ConditionalLayer::new(BodyHash::strong().probe_with(reader));
    let (response, runs) = write(layer, request(Method::PUT, &[("if-match", HELLO)])).await;
    assert_eq!((response.status().as_u16(), runs), (503, 0));
}

/// 428 depends on the request's fields alone: the reader is not asked.
#[tokio::test]
async fn a_required_precondition_is_asked_for_without_a_probe() {
    let reader = Reader::answering(200);
    let layer = ConditionalLayer::new(BodyHash::strong().probe_with(reader.clone()))
        .writes(WritePolicy::required());
    let (response, runs) = write(layer, request(Method::PUT, &[])).await;
    assert_eq!(
        (response.status().as_u16(), runs, reader.probes()),
        (428, 0, 0)
    );
}

/// The lost update: many writers with the same tag, all evaluated before any of them has written.
#[tokio::test]
async fn of_many_writers_with_one_tag_exactly_one_wins() {
    const WRITERS: usize = 20;
    let things = Things::default();
    for mounted in everywhere(&things, |inside| ConditionalLayer::new(probing(inside))) {
        things.set(Some("one"));
        let tag = mounted.send(Method::GET, &[], "").await.tag().to_owned();
        let texts: Vec<_> = (0..WRITERS)
            .map(|writer| format!("of writer {writer}"))
            .collect();
        let current = [("if-match", &*tag)];
        let writes = texts
            .iter()
            .map(|text| mounted.send(Method::PUT, &current, text));
        let statuses: Vec<_> = join_all(writes)
            .await
            .iter()
            .map(|got| got.status)
            .collect();
        let winners: Vec<_> = (0..WRITERS).filter(|&at| statuses[at] == 204).collect();
        assert_eq!(winners.len(), 1, "{}: {statuses:?}", mounted.place);
        assert!(
            statuses.iter().all(|status| matches!(status, 204 | 412)),
            "{statuses:?}"
        );
        assert_eq!(
            things.text().as_ref(),
            Some(&texts[winners[0]]),
            "{}",
            mounted.place
        );
    }
}

/// Check and write are one step, even if the handler takes its time: the second writer waits for the first.
#[tokio::test]
async fn a_writer_waits_while_another_one_writes() {
    let barrier = Arc::new(tokio::sync::Barrier::new(2));
    let text = Arc::new(Mutex::new("hello"));
    let reader = service_fn({
        let text = text.clone();
        move |_: Request<ProbeBody>| {
            ready(Ok::<_, Infallible>(Response::new(Full::<Bytes>::from(
                *text.lock().unwrap(),
            ))))
        }
    });
    let handler = service_fn({
        let (barrier, text) = (barrier.clone(), text.clone());
        move |_: Request<Empty<Bytes>>| {
            let (barrier, text) = (barrier.clone(), text.clone());
            async move {
                barrier.wait().await;
                *text.lock().unwrap() = "changed";
                Ok::<_, Infallible>(Response::new(Empty::<Bytes>::new()))
            }
        }
    });
    let service = ConditionalLayer::new(BodyHash::strong().probe_with(reader)).layer(handler);
    let put = || {
        service
            .clone()
            .oneshot(request(Method::PUT, &[("if-match", HELLO)]))
    };
    let (mut first, mut second) = (Box::pin(put()), Box::pin(put()));
    assert!(first.as_mut().now_or_never().is_none(), "in the handler");
    assert!(second.as_mut().now_or_never().is_none(), "at the lock");
    barrier.wait().await;
    let (first, second) = tokio::join!(first, second);
    assert_eq!(
        (first.unwrap().status(), second.unwrap().status()),
        (StatusCode::OK, StatusCode::PRECONDITION_FAILED)
    );
}

/// Reader and handler share one permit, and neither keeps it while it waits for the other or for the lock.
#[tokio::test]
async fn readiness_under_the_lock_does_not_deadlock_under_a_concurrency_limit() {
    let text = Arc::new(Mutex::new("hello"));
    let limited = ServiceBuilder::new()
        .layer(ConcurrencyLimitLayer::new(1))
        .service(service_fn({
            let text = text.clone();
            move |request: Request<Empty<Bytes>>| {
                let text = text.clone();
                async move {
                    tokio::task::yield_now().await;
                    if request.method() == Method::PUT {
                        *text.lock().unwrap() = "changed";
                    }
                    let body = Full::<Bytes>::from(*text.lock().unwrap());
                    Ok::<_, Infallible>(Response::new(body))
                }
            }
        }));
    let reader = limited
        .clone()
        .map_request(|probe: Request<ProbeBody>| probe.map(|_| Empty::new()));
    let service = ConditionalLayer::new(BodyHash::strong().probe_with(reader)).layer(limited);
    let writes = (0..10).map(|_| {
        service
            .clone()
            .oneshot(request(Method::PUT, &[("if-match", HELLO)]))
    });
    let reads = (0..10).map(|_| service.clone().oneshot(request(Method::GET, &[])));
    let (written, read) = tokio::join!(join_all(writes), join_all(reads));
    let wins = written
        .into_iter()
        .filter(|response| response.as_ref().unwrap().status() == 200);
    assert_eq!(wins.count(), 1);
    assert!(
        read.into_iter()
            .all(|response| response.unwrap().status() == 200)
    );
}

/// Reads are evaluated against their responses.
#[tokio::test]
async fn the_record_of_a_read_has_no_look_up() {
    let reader = Reader::answering(200);
    let record = Record::default();
    let layer =
        ConditionalLayer::new(BodyHash::strong().probe_with(reader.clone())).observe(record.hook());
    let (response, _) = write(layer, request(Method::GET, &[("if-none-match", "*")])).await;
    assert_eq!(response.status(), 304);
    let evaluation = record.take();
    assert_eq!(
        (evaluation.outcome, evaluation.look_up),
        (Outcome::NotModified, Duration::ZERO)
    );
    assert_eq!(reader.probes(), 0);
}

/// Without the feature `axum` the error of a router that fails as a reader says that it needs the feature: the layer knows
/// the router by this name.
#[test]
fn the_name_of_axums_router() {
    let name = std::any::type_name::<axum::Router>();
    assert_eq!(name, "axum::routing::Router");
}
