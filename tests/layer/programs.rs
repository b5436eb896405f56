//! Programs of requests, drawn at random and polled in any order, against a model of two resources: reads, conditional
//! and blind writes, deletes and re-creations while clients hang up, the clock jumps and the source fails.
//!
//! What must be true, whatever happens between the polls: a write is performed only on a state that satisfies its
//! precondition; an answer is true of a state that there was while it was made; a refused write was not performed; and
//! at the end nobody holds the lock. A program that breaks a rule is shrunk and shown as curl commands.

use std::collections::{BTreeSet, VecDeque};
use std::convert::Infallible;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use http::request::Parts;
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use tokio::sync::oneshot;
use tower::util::BoxCloneSyncService;
use tower::{Layer, Service, service_fn};
use tower_conditional::layer::ConditionalBody;
use tower_conditional::precondition::{Field, MethodClass};
use tower_conditional::source::{BoxSource, ProbeBody};
use tower_conditional::validator::Absent;
use tower_conditional::{
    BodyHash, Checked, ConditionalLayer, Current, EntityTag, Representation, SourceError,
    ValidatorSource, WritePolicy,
};

#[allow(dead_code, reason = "the core's tests ask it more")]
#[path = "../core/naive.rs"]
mod naive;

use naive::{Answer, State, Tag};

use crate::support::source::{self, yield_once};

const START: i64 = 1_735_732_800;
const PATHS: [&str; 2] = ["/a", "/b"];

/// How check and write are made one step.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Guard {
    /// The layer's lock, around a handler that reads, waits and writes.
    Lock,
    /// The same, and the work goes on when the client has hung up.
    HeldLock,
    /// No lock: the handler compares the version in `Checked` with the current one.
    Swap,
    /// The lock, and a reader that is asked for the state.
    Probe,
}

#[derive(Clone, Debug)]
struct Program {
    guard: Guard,
    /// Whether the source has to wait for its answer.
    waits: bool,
    required: bool,
    steps: Vec<Step>,
}

#[derive(Clone, Debug)]
enum Step {
    Send(Ask),
    /// Lets one of the requests under way go on.
    Poll(Index),
    HangUp(Index),
    /// Lets the oldest work that was handed over be done.
    Work,
    Clock(i64),
    SourceFails(bool),
}

#[derive(Clone, Debug)]
struct Ask {
    path: usize,
    verb: Verb,
    condition: Condition,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Verb {
    Get,
    Put(u8),
    Delete,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Condition {
    None,
    /// The tag that the target had before so many changes.
    IfMatch(usize),
    IfMatchAny,
    IfNoneMatch(usize),
    IfNoneMatchAny,
    /// So many seconds from now.
    Unmodified(i64),
    Modified(i64),
    Unquoted,
}

fn program(guard: Guard) -> impl Strategy<Value = Program> {
    let condition = prop_oneof![
        2 => Just(Condition::None),
        6 => (0_usize..3).prop_map(Condition::IfMatch),
        1 => Just(Condition::IfMatchAny),
        3 => (0_usize..2).prop_map(Condition::IfNoneMatch),
        2 => Just(Condition::IfNoneMatchAny),
        1 => (-2_i64..3).prop_map(Condition::Unmodified),
        1 => (-2_i64..3).prop_map(Condition::Modified),
        1 => Just(Condition::Unquoted),
    ];
    let verb = prop_oneof![
        3 => Just(Verb::Get),
        4 => (0_u8..4).prop_map(Verb::Put),
        2 => Just(Verb::Delete),
    ];
    let path = prop_oneof![4 => Just(0_usize), 1 => Just(1)];
    let ask = (path, verb, condition).prop_map(|(path, verb, condition)| Ask {
        path,
        verb,
        condition,
    });
    let step = prop_oneof![
        5 => ask.prop_map(Step::Send),
        12 => any::<Index>().prop_map(Step::Poll),
        1 => any::<Index>().prop_map(Step::HangUp),
        2 => Just(Step::Work),
        1 => (-3_i64..4).prop_map(Step::Clock),
        1 => any::<bool>().prop_map(Step::SourceFails),
    ];
    let steps = prop::collection::vec(step, 1..40);
    (any::<bool>(), any::<bool>(), steps).prop_map(move |(waits, required, steps)| Program {
        guard,
        waits,
        required,
        steps,
    })
}

fn config() -> ProptestConfig {
    ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn through_the_lock(program in program(Guard::Lock)) {
        Run::of(program)?;
    }

    #[test]
    fn through_a_lock_that_outlives_the_client(program in program(Guard::HeldLock)) {
        Run::of(program)?;
    }

    #[test]
    fn through_compare_and_swap(program in program(Guard::Swap)) {
        Run::of(program)?;
    }

    #[test]
    fn through_the_probe(program in program(Guard::Probe)) {
        Run::of(program)?;
    }
}

/// The rules say nothing about answers that no program gets.
#[test]
fn programs_get_every_answer() {
    for guard in [Guard::Lock, Guard::HeldLock, Guard::Swap, Guard::Probe] {
        let mut runner = TestRunner::deterministic();
        let programs = program(guard);
        let runs = (0..150).flat_map(|_| {
            let program = programs.new_tree(&mut runner).unwrap().current();
            Run::of(program).unwrap()
        });
        let seen: BTreeSet<u16> = runs.collect();
        let all = [200, 204, 304, 400, 404, 412, 428, 503];
        assert_eq!(seen, BTreeSet::from(all), "{guard:?}");
    }
}

/// Found as a program: a read is evaluated against what was looked up, whatever was written since. A clock that is behind
/// does not hide that the resource was modified.
#[test]
fn a_clock_that_is_behind_while_a_read_waits() {
    let mut run = Run::new(Guard::Lock, true, false);
    let ask = |verb, condition| Ask {
        path: 0,
        verb,
        condition,
    };
    run.step(Step::Clock(-1)).unwrap();
    run.send(ask(Verb::Get, Condition::Unmodified(0)));
    // The source answers at the second poll, and takes a third one.
    for _ in 0..2 {
        run.poll(0).unwrap();
    }
    run.send(ask(Verb::Put(0), Condition::None));
    while run.requests[1].future.is_some() {
        run.poll(1).unwrap();
    }
    run.step(Step::Clock(1)).unwrap();
    run.finish_all().unwrap();
    assert_eq!(run.requests[0].status, Some(412));
}

/// A read has looked the date up, waits, and is evaluated when the clock has been set back behind that date: the clock does
/// not matter, and the handler answers.
#[test]
fn a_clock_that_is_set_back_while_a_read_waits() {
    let mut runner = TestRunner::deterministic();
    let mut at = |sixth| {
        let index = any::<Index>().prop_filter("", move |index| index.index(6) == sixth);
        Step::Poll(index.new_tree(&mut runner).unwrap().current())
    };
    let send = |verb, condition| {
        Step::Send(Ask {
            path: 0,
            verb,
            condition,
        })
    };
    let steps = vec![
        send(Verb::Delete, Condition::None),
        send(Verb::Get, Condition::Modified(-1)),
        at(0),
        at(0),
        send(Verb::Get, Condition::None),
        at(0),
        at(2),
        at(0),
        at(2),
        Step::Work,
        Step::Clock(-1),
    ];
    let program = Program {
        guard: Guard::HeldLock,
        waits: true,
        required: false,
        steps,
    };
    assert_eq!(Run::of(program).unwrap()[..3], [204, 404, 404]);
}

/// What there is at one instant.
#[derive(Clone, Debug, PartialEq)]
struct Snapshot {
    stored: [Option<Stored>; 2],
    now: i64,
    source_fails: bool,
}

#[derive(Clone, Debug, PartialEq)]
struct Stored {
    version: u64,
    content: u8,
    modified: i64,
}

/// All that ever was, and who made it.
struct World {
    history: Vec<Snapshot>,
    commits: Vec<Commit>,
    last_version: u64,
    handed_over: VecDeque<Work>,
    broken: Vec<String>,
}

/// A request has changed the snapshot at this index into the next one.
struct Commit {
    request: usize,
    index: usize,
}

type Work = Box<dyn FnOnce() + Send>;

#[derive(Clone)]
struct Shared {
    world: Arc<Mutex<World>>,
    guard: Guard,
    waits: bool,
}

impl Shared {
    fn new(guard: Guard, waits: bool) -> Self {
        let there = Stored {
            version: 1,
            content: 0,
            modified: START,
        };
        let start = Snapshot {
            stored: [Some(there), None],
            now: START,
            source_fails: false,
        };
        let world = World {
            history: vec![start],
            commits: Vec::new(),
            last_version: 1,
            handed_over: VecDeque::new(),
            broken: Vec::new(),
        };
        Self {
            world: Arc::new(Mutex::new(world)),
            guard,
            waits,
        }
    }

    fn with<T>(&self, look: impl FnOnce(&mut World) -> T) -> T {
        look(&mut self.world.lock().unwrap())
    }

    fn now(&self) -> Snapshot {
        self.with(|world| world.history.last().unwrap().clone())
    }

    fn stored(&self, path: usize) -> Option<Stored> {
        self.now().stored[path].clone()
    }

    fn change(&self, change: impl FnOnce(&mut Snapshot)) {
        let mut next = self.now();
        change(&mut next);
        self.with(|world| world.history.push(next));
    }

    fn commit(&self, request: usize, path: usize, content: Option<u8>) {
        self.with(|world| {
            world.last_version += 1;
            let index = world.history.len() - 1;
            let mut next = world.history[index].clone();
            next.stored[path] = content.map(|content| Stored {
                version: world.last_version,
                content,
                modified: next.now,
            });
            world.history.push(next);
            world.commits.push(Commit { request, index });
        });
    }

    fn length(&self) -> usize {
        self.with(|world| world.history.len())
    }
}

/// The resource as the layer's source sees it.
impl Shared {
    fn known(&self, path: usize) -> Option<Current> {
        let at_once = !self.waits && !self.now().source_fails;
        at_once.then(|| self.current(path))
    }

    async fn look_up(self, path: usize) -> Result<Current, SourceError> {
        yield_once().await;
        if self.now().source_fails {
            return Err(SourceError::failed("down"));
        }
        let current = self.current(path);
        yield_once().await;
        Ok(current)
    }

    fn current(&self, path: usize) -> Current {
        match self.stored(path) {
            None => Current::absent(),
            Some(stored) => {
                let tag = EntityTag::from_version(stored.version);
                let date = naive::http_date(stored.modified);
                Representation::tagged(tag).last_modified(date).into()
            }
        }
    }

    fn source(&self) -> BoxSource {
        if self.guard != Guard::Probe {
            let (at_once, asked) = (self.clone(), self.clone());
            let script = source::asked(move |head| asked.clone().look_up(path_of(head)))
                .knowing(move |head| at_once.known(path_of(head)));
            return script.joined().boxed();
        }
        let world = self.clone();
        let reader = service_fn(move |probe: Request<ProbeBody>| {
            let world = world.clone();
            async move {
                if world.waits {
                    yield_once().await;
                }
                if world.now().source_fails {
                    return Ok::<_, Infallible>(status(StatusCode::SERVICE_UNAVAILABLE));
                }
                Ok(world.read(path_of(&probe.into_parts().0)))
            }
        });
        BodyHash::strong().probe_with(reader).boxed()
    }

    fn read(&self, path: usize) -> Response<Full<Bytes>> {
        match self.stored(path) {
            None => status(StatusCode::NOT_FOUND),
            Some(stored) => Response::new(body_of(stored.content)),
        }
    }
}

fn path_of(head: &Parts) -> usize {
    PATHS
        .iter()
        .position(|path| *path == head.uri.path())
        .unwrap()
}

fn body_of(content: u8) -> Full<Bytes> {
    Full::from(content.to_string())
}

fn status(status: StatusCode) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::default());
    *response.status_mut() = status;
    response
}

/// The handler: whatever it awaits, another request may come in between.
impl Shared {
    async fn handle(
        self,
        request: Request<Full<Bytes>>,
    ) -> Result<Response<Full<Bytes>>, Infallible> {
        let (head, body) = request.into_parts();
        let path = path_of(&head);
        yield_once().await;
        if head.method == Method::GET {
            return Ok(self.read(path));
        }
        let Some(&Number(number)) = head.extensions.get() else {
            panic!("not a request of ours");
        };
        let Ok(body) = body.collect().await;
        let content = match head.method {
            Method::PUT => Some(body.to_bytes()[0] - b'0'),
            _ => None,
        };
        let before = self.stored(path);
        if content.is_none() && before.is_none() {
            return Ok(status(StatusCode::NOT_FOUND));
        }
        let Some(checked) = head.extensions.get::<Checked>() else {
            self.with(|world| {
                world
                    .broken
                    .push(format!("request {number} was not evaluated"))
            });
            return Ok(status(StatusCode::INTERNAL_SERVER_ERROR));
        };
        match self.guard {
            Guard::Lock | Guard::Probe => {
                yield_once().await;
                self.assert_still(number, path, &before);
                self.commit(number, path, content);
            }
            Guard::HeldLock => {
                let (finish, finished) = oneshot::channel();
                let (world, lock) = (self.clone(), checked.hold_lock());
                let work = Box::new(move || {
                    world.assert_still(number, path, &before);
                    world.commit(number, path, content);
                    drop(lock);
                    let _ = finish.send(());
                });
                self.with(|world| world.handed_over.push_back(work));
                finished.await.unwrap();
            }
            Guard::Swap => {
                yield_once().await;
                let found = self.stored(path).map(|stored| stored.version);
                if checked.precondition().is_some() && checked.version() != found {
                    let mut lost = status(StatusCode::PRECONDITION_FAILED);
                    lost.extensions_mut().insert(checked.lost());
                    return Ok(lost);
                }
                // A row that is gone in the meantime is not deleted.
                if content.is_none() && found.is_none() {
                    return Ok(status(StatusCode::NOT_FOUND));
                }
                self.commit(number, path, content);
            }
        }
        Ok(status(StatusCode::NO_CONTENT))
    }

    fn assert_still(&self, number: usize, path: usize, before: &Option<Stored>) {
        if self.stored(path) != *before {
            let broken = format!("somebody wrote while request {number} had the lock");
            self.with(|world| world.broken.push(broken));
        }
    }

    fn service(&self, required: bool) -> Served {
        let policy = if required {
            WritePolicy::required()
        } else {
            WritePolicy::optional()
        };
        let policy = match self.guard {
            Guard::Swap => policy.skip_lock(),
            _ => policy,
        };
        let clock = self.clone();
        let layer = ConditionalLayer::new(self.source())
            .writes(policy)
            .use_clock(move || SystemTime::UNIX_EPOCH + seconds(clock.now().now));
        let world = self.clone();
        let handler = service_fn(move |request| world.clone().handle(request));
        BoxCloneSyncService::new(layer.layer(handler))
    }
}

type Answered = Response<ConditionalBody<Full<Bytes>>>;
type Served = BoxCloneSyncService<Request<Full<Bytes>>, Answered, Infallible>;

fn seconds(seconds: i64) -> Duration {
    Duration::from_secs(seconds.try_into().unwrap())
}

#[derive(Clone, Copy)]
struct Number(usize);

/// A program under way.
struct Run {
    shared: Shared,
    required: bool,
    service: Served,
    requests: Vec<Sent>,
    transcript: String,
}

/// A request that was sent.
struct Sent {
    ask: Ask,
    naive: naive::Request,
    /// The snapshot of its beginning.
    from: usize,
    future: Option<BoxFuture<'static, Result<Answered, Infallible>>>,
    woken: Arc<Woken>,
    status: Option<u16>,
}

#[derive(Default)]
struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, SeqCst);
    }
}

type Outcome = Result<(), String>;

impl Run {
    fn new(guard: Guard, waits: bool, required: bool) -> Self {
        let shared = Shared::new(guard, waits);
        Self {
            service: shared.service(required),
            shared,
            required,
            requests: Vec::new(),
            transcript: String::new(),
        }
    }

    /// Runs the program to its end; the statuses that were seen.
    fn of(program: Program) -> Result<Vec<u16>, TestCaseError> {
        let mut run = Self::new(program.guard, program.waits, program.required);
        match run.all(program.steps) {
            Ok(()) => Ok(run.requests.iter().filter_map(|sent| sent.status).collect()),
            Err(broken) => Err(TestCaseError::fail(format!("{broken}\n{}", run.transcript))),
        }
    }

    fn all(&mut self, steps: Vec<Step>) -> Outcome {
        for step in steps {
            self.step(step)?;
        }
        self.finish_all()?;
        self.check_commits()?;
        self.check_that_nothing_is_left()
    }

    fn step(&mut self, step: Step) -> Outcome {
        match step {
            Step::Send(ask) => self.send(ask),
            Step::Poll(index) => {
                if let Some(number) = self.pick(index) {
                    self.poll(number)?;
                }
            }
            Step::HangUp(index) => {
                if let Some(number) = self.pick(index) {
                    self.say(format_args!("kill %{number}"));
                    self.requests[number].future = None;
                }
            }
            Step::Work => self.work(),
            Step::Clock(by) => {
                self.say(format_args!("# the clock jumps by {by} s"));
                self.shared.change(|snapshot| snapshot.now += by);
            }
            Step::SourceFails(fails) => {
                self.say(format_args!(
                    "# the source {}",
                    if fails { "fails" } else { "works" }
                ));
                self.shared.change(|snapshot| snapshot.source_fails = fails);
            }
        }
        self.check_nothing_is_broken()
    }

    fn say(&mut self, line: impl std::fmt::Display) {
        writeln!(self.transcript, "{line}").unwrap();
    }

    /// One of the requests under way.
    fn pick(&self, index: Index) -> Option<usize> {
        let under_way: Vec<usize> = self.under_way().collect();
        (!under_way.is_empty()).then(|| *index.get(&under_way))
    }

    fn under_way(&self) -> impl Iterator<Item = usize> + '_ {
        (0..self.requests.len()).filter(|&number| self.requests[number].future.is_some())
    }

    fn send(&mut self, ask: Ask) {
        let number = self.requests.len();
        let field = self.field(&ask);
        let mut request = Request::new(Full::default());
        *request.method_mut() = ask.verb.method();
        *request.uri_mut() = PATHS[ask.path].parse().unwrap();
        request.extensions_mut().insert(Number(number));
        let mut curl = format!("curl -X {} $url{}", request.method(), PATHS[ask.path]);
        if let Some((name, value)) = &field {
            request.headers_mut().insert(*name, value.parse().unwrap());
            write!(curl, " -H '{name}: {value}'").unwrap();
        }
        if let Verb::Put(content) = ask.verb {
            *request.body_mut() = body_of(content);
            write!(curl, " -d {content}").unwrap();
        }
        self.say(format_args!("{curl} & # {number}"));
        let class = MethodClass::of(request.method());
        let naive =
            naive::Request::read(class, request.method().as_str(), request.headers(), START);
        let from = self.shared.length() - 1;
        let ready = self
            .service
            .poll_ready(&mut Context::from_waker(Waker::noop()));
        assert!(ready.is_ready());
        let future = Some(self.service.call(request));
        self.requests.push(Sent {
            ask,
            naive,
            from,
            future,
            woken: Arc::new(Woken(true.into())),
            status: None,
        });
    }

    fn field(&self, ask: &Ask) -> Option<(&'static str, String)> {
        let date = |by: i64| naive::http_date(self.shared.now().now + by).to_string();
        Some(match ask.condition {
            Condition::None => return None,
            Condition::IfMatch(back) => ("if-match", self.tag(ask.path, back)),
            Condition::IfMatchAny => ("if-match", "*".to_owned()),
            Condition::IfNoneMatch(back) => ("if-none-match", self.tag(ask.path, back)),
            Condition::IfNoneMatchAny => ("if-none-match", "*".to_owned()),
            Condition::Unmodified(by) => ("if-unmodified-since", date(by)),
            Condition::Modified(by) => ("if-modified-since", date(by)),
            Condition::Unquoted => ("if-match", "1".to_owned()),
        })
    }

    /// A tag that the target has or had.
    fn tag(&self, path: usize, back: usize) -> String {
        let mut tags: Vec<String> = self.shared.with(|world| {
            let states = world.history.iter();
            let stored = states.filter_map(|snapshot| snapshot.stored[path].as_ref());
            stored.map(|stored| self.tag_of(stored)).collect()
        });
        tags.dedup();
        let tag = tags.into_iter().rev().nth(back);
        tag.unwrap_or_else(|| "\"none\"".to_owned())
    }

    fn tag_of(&self, stored: &Stored) -> String {
        match self.shared.guard {
            Guard::Probe => hashed(stored.content),
            _ => format!("\"{}\"", stored.version),
        }
    }

    fn poll(&mut self, number: usize) -> Outcome {
        let sent = &mut self.requests[number];
        sent.woken.0.store(false, SeqCst);
        let waker = Waker::from(sent.woken.clone());
        let future = sent.future.as_mut().unwrap().as_mut();
        if let Poll::Ready(Ok(answer)) = future.poll(&mut Context::from_waker(&waker)) {
            sent.future = None;
            let answer = answer.map(|body| {
                let Ok(body) = body.collect().now_or_never().expect("the body is there");
                body.to_bytes()
            });
            sent.status = Some(answer.status().as_u16());
            let tag = answer
                .headers()
                .get("etag")
                .map(|tag| tag.to_str().unwrap().to_owned());
            self.say(format_args!(
                "# {number}: {} {}",
                answer.status(),
                tag.as_deref().unwrap_or_default()
            ));
            return self.check_answer(number, tag.as_deref(), answer.body());
        }
        Ok(())
    }

    fn work(&mut self) {
        if let Some(work) = self.shared.with(|world| world.handed_over.pop_front()) {
            self.say("# work that was handed over is done");
            work();
        }
    }

    /// Lets everybody finish, polling only who was woken: a wake-up that is lost is found here.
    fn finish_all(&mut self) -> Outcome {
        self.step(Step::SourceFails(false))?;
        loop {
            let woken = |number: &usize| self.requests[*number].woken.0.load(SeqCst);
            let next = self.under_way().find(woken);
            match next {
                Some(number) => self.poll(number)?,
                None if self.shared.with(|world| world.handed_over.is_empty()) => break,
                None => self.work(),
            }
            self.check_nothing_is_broken()?;
        }
        let stuck: Vec<usize> = self.under_way().collect();
        check(stuck.is_empty(), || format!("nobody wakes {stuck:?}"))
    }

    /// A write with the current tag passes at once.
    fn check_that_nothing_is_left(&mut self) -> Outcome {
        for path in 0..PATHS.len() {
            let condition = match self.shared.stored(path) {
                Some(_) => Condition::IfMatch(0),
                None => Condition::IfNoneMatchAny,
            };
            self.send(Ask {
                path,
                verb: Verb::Put(0),
                condition,
            });
            self.finish_all()?;
            let status = self.requests.last().unwrap().status;
            check(status == Some(204), || {
                format!("the next write gets {status:?}")
            })?;
        }
        Ok(())
    }
}

impl Verb {
    fn method(self) -> Method {
        match self {
            Self::Get => Method::GET,
            Self::Put(_) => Method::PUT,
            Self::Delete => Method::DELETE,
        }
    }
}

/// The rules.
impl Run {
    fn check_nothing_is_broken(&self) -> Outcome {
        let broken = self.shared.with(|world| world.broken.first().cloned());
        broken.map_or(Ok(()), Err)
    }

    /// A write is performed on the state that it was evaluated against: only the clock may have gone on since.
    fn check_commits(&self) -> Outcome {
        self.shared.with(|world| {
            for Commit { request, index } in &world.commits {
                let sent = &self.requests[*request];
                let path = sent.ask.path;
                let replaced = &world.history[*index].stored[path];
                let since = world.history[sent.from..=*index].iter().rev();
                let mut same = since.take_while(|snapshot| snapshot.stored[path] == *replaced);
                let holds = same.any(|snapshot| self.evaluate(sent, snapshot) == Answer::Perform);
                check(holds, || {
                    format!("request {request} was done although its condition is false")
                })?;
                let guarded = !self.required || !self.is_unguarded(sent);
                check(guarded, || format!("request {request} was done unguarded"))?;
            }
            Ok(())
        })
    }

    fn evaluate(&self, sent: &Sent, snapshot: &Snapshot) -> Answer {
        sent.naive
            .evaluate(&self.state(&snapshot.stored[sent.ask.path]))
    }

    /// A date in the future is one like any other.
    fn state(&self, stored: &Option<Stored>) -> State {
        match stored {
            None => State::Absent(Absent::default()),
            Some(stored) => {
                let dated = self.shared.guard != Guard::Probe;
                let modified = dated.then_some((stored.modified, false));
                State::present(Some(Tag::of(&self.tag_of(stored))), modified)
            }
        }
    }

    /// RFC 6585, section 3: what does not count, whatever the state.
    fn is_unguarded(&self, sent: &Sent) -> bool {
        let counts = [Condition::IfMatchAny, Condition::IfNoneMatchAny]
            .contains(&sent.ask.condition)
            || matches!(
                sent.ask.condition,
                Condition::IfMatch(_) | Condition::Unmodified(_)
            );
        !counts
    }

    /// The answer is true of a state between the request and now.
    fn check_answer(&self, number: usize, tag: Option<&str>, body: &Bytes) -> Outcome {
        let sent = &self.requests[number];
        let status = sent.status.unwrap();
        self.shared.with(|world| {
            let window = &world.history[sent.from..];
            let path = sent.ask.path;
            let some = |holds: &dyn Fn(&Snapshot) -> bool| window.iter().any(holds);
            let answers =
                |answer: Answer| some(&|snapshot| self.evaluate(sent, snapshot) == answer);
            let refused = |field| answers(Answer::Failed(field));
            let is_read = sent.ask.verb == Verb::Get;
            let was_done = world.commits.iter().any(|commit| commit.request == number);
            let changed = window
                .windows(2)
                .any(|two| two[0].stored[path] != two[1].stored[path]);
            let is_true = match status {
                200 => is_read && (answers(Answer::Perform) || some(&|s| s.source_fails)),
                204 => was_done,
                304 => is_read && answers(Answer::NotModified),
                400 => sent.ask.condition == Condition::Unquoted,
                404 => sent.ask.verb != Verb::Get || some(&|s| s.stored[path].is_none()),
                412 => {
                    let fields = [Field::IfMatch, Field::IfNoneMatch, Field::IfUnmodifiedSince];
                    let lost = self.shared.guard == Guard::Swap && changed;
                    fields.into_iter().any(refused) || lost && !is_read
                }
                428 => {
                    let inapplicable = matches!(sent.ask.condition, Condition::Unmodified(_))
                        && some(&|s| s.stored[path].is_none() || self.shared.guard == Guard::Probe);
                    self.required && (self.is_unguarded(sent) || inapplicable)
                }
                503 => !is_read && some(&|s| s.source_fails),
                _ => false,
            };
            check(is_true, || {
                format!("{status} of request {number} was never true")
            })?;
            check(was_done == (status == 204), || {
                format!("request {number} was done: {was_done}")
            })?;
            let Some(tag) = tag else {
                return Ok(());
            };
            let fits = |s: &Snapshot| {
                s.stored[path].as_ref().is_some_and(|stored| {
                    let of_the_body = self.shared.guard != Guard::Probe || status != 200;
                    self.tag_of(stored) == tag
                        && (of_the_body || *body == stored.content.to_string())
                })
            };
            check(some(&fits), || {
                format!("{tag} of request {number} was never its tag")
            })
        })
    }
}

fn check(holds: bool, otherwise: impl FnOnce() -> String) -> Outcome {
    if holds { Ok(()) } else { Err(otherwise()) }
}

/// The tag that a read gets.
fn hashed(content: u8) -> String {
    let layer = ConditionalLayer::new(BodyHash::strong());
    let handler = service_fn(move |_| {
        std::future::ready(Ok::<_, Infallible>(Response::new(body_of(content))))
    });
    let mut service = layer.layer(handler);
    let Ok(answer) = service
        .call(Request::new(Full::<Bytes>::default()))
        .now_or_never()
        .unwrap();
    answer.headers()["etag"].to_str().unwrap().to_owned()
}
