//! Whole requests through the layer: the answer, the calls and what the handler gets to see are those of the naive
//! model of the tests; the source is asked once; the lock of what it has identified is held while the handler runs, and
//! free afterwards.
//!
//! Input: six bytes (method, state, source, policy, options, the handler's answer), then field lines with LF between
//! them. The first byte of a line says which field it is: `M` If-Match, `N` If-None-Match, `S` If-Modified-Since,
//! `U` If-Unmodified-Since, `R` If-Range, `r` Range.
#![no_main]

use std::convert::Infallible;
use std::future::{Future, poll_fn, ready};
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::header::{
    ETAG, HeaderMap, HeaderName, HeaderValue, IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_RANGE,
    IF_UNMODIFIED_SINCE, LAST_MODIFIED, RANGE,
};
use http::request::Parts;
use http::{Method, Request as HttpRequest, Response, StatusCode};
use http_body_util::{BodyExt, Empty, Full};
use libfuzzer_sys::fuzz_target;
use tower::{Layer, ServiceExt, service_fn};
use tower_conditional::lock::{InProcessLock, WriteKey, WriteLock};
use tower_conditional::precondition::{Field, MethodClass};
use tower_conditional::source::{BoxSource, Unidentified};
use tower_conditional::validator::Absent;
use tower_conditional::{
    Checked, ConditionalLayer, Found, FromResponse, Loaded, SourceError, ValidatorSource,
    WritePolicy,
};

#[allow(dead_code, reason = "the tests ask it more")]
#[path = "../../tests/core/naive.rs"]
mod naive;

use naive::{Answer, List, Present, Request, State, Tag};

const NOW: i64 = 1_735_732_800;
const T: i64 = NOW - 43_200;
const T_TEXT: &str = "Wed, 01 Jan 2025 00:00:00 GMT";
const CONDITIONAL: [HeaderName; 5] = [
    IF_MATCH,
    IF_NONE_MATCH,
    IF_MODIFIED_SINCE,
    IF_UNMODIFIED_SINCE,
    IF_RANGE,
];

fuzz_target!(|data: &[u8]| {
    if let Some((choices, lines)) = data.split_first_chunk::<6>() {
        Case::new(*choices, lines).run();
    }
});

/// What is sent to what.
struct Case {
    method: Method,
    class: MethodClass,
    sent: HeaderMap,
    source: Source,
    policy: Policy,
    keeps_preconditions: bool,
    handler_states_version: bool,
    handler: Response<Full<Bytes>>,
}

/// A source that follows the script; clones share one counter.
#[derive(Clone)]
struct Source {
    computes: bool,
    identifies: Identifies,
    waits_to_identify: bool,
    finds: Finds,
    waits_to_look_up: bool,
    loads: bool,
    looks_up_queries: bool,
    asked: Arc<Asked>,
}

#[derive(Clone, Copy, PartialEq)]
enum Identifies {
    Resource,
    NotMine,
    /// The source's own 403.
    Refuses,
    Fails,
}

/// What the source says of the target.
#[derive(Clone)]
enum Finds {
    State(State),
    /// The source's own 403.
    Refuses,
    Fails,
}

#[derive(Default)]
struct Asked {
    identified: AtomicUsize,
    known: AtomicUsize,
    looked_up: AtomicUsize,
}

const KIND: &str = "fuzz";
const RESOURCE: u64 = 7;
const LOADED: &str = "the row";

impl Source {
    fn new(choice: u8, state: u8, options: u8) -> Self {
        Self {
            computes: choice % 3 == 2,
            identifies: match choice / 3 % 4 {
                0 => Identifies::Resource,
                1 => Identifies::NotMine,
                2 => Identifies::Refuses,
                _ => Identifies::Fails,
            },
            waits_to_identify: choice / 12 % 2 == 1,
            finds: finds(state),
            waits_to_look_up: choice % 3 == 1,
            loads: options & 8 != 0,
            looks_up_queries: options & 16 != 0,
            asked: Arc::default(),
        }
    }

    fn identified(&self) -> Result<u64, Unidentified> {
        self.asked.identified.fetch_add(1, Relaxed);
        match self.identifies {
            Identifies::Resource => Ok(RESOURCE),
            Identifies::NotMine => Err(Unidentified::NotMine),
            Identifies::Refuses => Err(Unidentified::refused(status(StatusCode::FORBIDDEN))),
            Identifies::Fails => Err(Unidentified::Failed("down".into())),
        }
    }

    fn found(&self) -> Result<Found, SourceError> {
        match &self.finds {
            Finds::State(state) if self.loads => Ok(Found::from(state.current()).with(LOADED)),
            Finds::State(state) => Ok(state.current().into()),
            Finds::Refuses => Err(SourceError::refused(status(StatusCode::FORBIDDEN))),
            Finds::Fails => Err(SourceError::failed("down")),
        }
    }

    fn assert_asked_once(&self) {
        let Asked {
            identified,
            known,
            looked_up,
        } = &*self.asked;
        for times in [identified, known, looked_up] {
            assert!(times.swap(0, Relaxed) <= 1, "asked again");
        }
    }
}

impl ValidatorSource for Source {
    type Resource = u64;

    fn looks_up_reads(&self, method: &Method) -> bool {
        matches!(*method, Method::GET | Method::HEAD)
            || self.looks_up_queries && method.as_str() == "QUERY"
    }

    fn identify_now(&self, _: &mut Parts) -> Option<Result<u64, Unidentified>> {
        (!self.waits_to_identify).then(|| self.identified())
    }

    async fn identify(&self, _: &mut Parts) -> Result<u64, Unidentified> {
        wait_once().await;
        self.identified()
    }

    fn known(&self, resource: &u64) -> Option<Found> {
        self.asked.known.fetch_add(1, Relaxed);
        assert_eq!(*resource, RESOURCE);
        if self.waits_to_look_up {
            None
        } else {
            self.found().ok()
        }
    }

    async fn look_up(&self, resource: &u64) -> Result<Found, SourceError> {
        self.asked.looked_up.fetch_add(1, Relaxed);
        assert_eq!(*resource, RESOURCE);
        wait_once().await;
        self.found()
    }
}

struct Policy {
    required: bool,
    strict: bool,
    malformed_is_412: bool,
    locks: bool,
}

/// How the request has to end.
#[derive(Debug, PartialEq)]
enum Fate {
    /// The handler is called with these fields, and its response is the answer, but for this tag that it may lack.
    Answered {
        seen: HeaderMap,
        adds: Option<HeaderValue>,
    },
    /// Answered with this status and nothing of the handler's; whether it ran depends on the moment.
    Replaced { status: u16, calls: usize },
}

impl Case {
    fn new([method, state, source, policy, options, handler]: [u8; 6], lines: &[u8]) -> Self {
        const METHODS: [&str; 9] = [
            "GET", "HEAD", "PUT", "DELETE", "POST", "PATCH", "OPTIONS", "QUERY", "get",
        ];
        let method = METHODS[usize::from(method) % METHODS.len()]
            .parse()
            .unwrap();
        let has = |bit: u8| policy & (1 << bit) != 0;
        Self {
            class: match MethodClass::of(&method) {
                MethodClass::Read if method == "QUERY" && options & 2 == 0 => MethodClass::Neither,
                class => class,
            },
            method,
            sent: fields(lines),
            source: Source::new(source, state, options),
            policy: Policy {
                required: has(0),
                strict: has(0) && has(1),
                malformed_is_412: has(2),
                locks: !has(3),
            },
            keeps_preconditions: options & 1 != 0,
            handler_states_version: options & 4 != 0,
            handler: handlers_answer(handler),
        }
    }

    fn run(self) {
        let expected = self.fate();
        let lock = InProcessLock::new();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let service = self.layer(&lock).layer(self.handler(&lock, &seen));
        let request = || {
            let mut request = HttpRequest::new(Empty::<Bytes>::new());
            *request.method_mut() = self.method.clone();
            *request.uri_mut() = "/r".parse().unwrap();
            *request.headers_mut() = self.sent.clone();
            request
        };
        // Twice: nothing of the first may be left.
        for _ in 0..2 {
            let Ok(response) = finish(service.clone().oneshot(request()));
            let seen = std::mem::take(&mut *seen.lock().unwrap());
            self.assert_fate(&expected, response, &seen);
            self.source.assert_asked_once();
            assert!(is_free(&lock));
        }
    }

    fn layer(&self, lock: &InProcessLock) -> ConditionalLayer<BoxSource> {
        let policy = match &self.policy {
            _ if self.source.computes => WritePolicy::optional(),
            Policy { strict: true, .. } => WritePolicy::strictly_required(),
            Policy { required: true, .. } => WritePolicy::required(),
            _ => WritePolicy::optional(),
        };
        let policy = if self.policy.locks {
            policy.use_lock(lock.clone())
        } else {
            policy.skip_lock()
        };
        let policy = if self.policy.malformed_is_412 {
            policy.treat_malformed_as_failed()
        } else {
            policy
        };
        let layer = ConditionalLayer::new(self.source())
            .writes(policy)
            .use_clock(|| SystemTime::UNIX_EPOCH + Duration::from_secs(NOW as u64));
        let layer = match self.class {
            // Only where the choice says so is QUERY a read.
            MethodClass::Neither => {
                layer.classify(|method| (method == "QUERY").then_some(MethodClass::Neither))
            }
            _ => layer,
        };
        let layer = if self.handler_states_version {
            layer.trust_handler_version()
        } else {
            layer
        };
        if self.keeps_preconditions {
            layer.keep_preconditions()
        } else {
            layer
        }
    }

    fn source(&self) -> BoxSource {
        if self.source.computes {
            FromResponse.boxed()
        } else {
            self.source.clone().named(KIND).boxed()
        }
    }

    fn handler(
        &self,
        lock: &InProcessLock,
        seen: &Arc<Mutex<Vec<HeaderMap>>>,
    ) -> impl tower::Service<
        HttpRequest<Empty<Bytes>>,
        Response = Response<Full<Bytes>>,
        Error = Infallible,
        Future = impl Future<Output = Result<Response<Full<Bytes>>, Infallible>> + Send,
    > + Clone
    + Send
    + 'static {
        let (answer, seen, lock) = (self.handler.clone(), seen.clone(), lock.clone());
        let (checks, locks, loads) = (self.checks(), self.locks(), self.hands_over());
        service_fn(move |request: HttpRequest<Empty<Bytes>>| {
            let extensions = request.extensions();
            assert_eq!(extensions.get::<Checked>().is_some(), checks);
            let loaded = Loaded::<&str>::of(extensions);
            assert_eq!(loaded.as_deref(), loads.then_some(&LOADED));
            assert_eq!(is_free(&lock), !locks);
            seen.lock().unwrap().push(request.headers().clone());
            ready(Ok(answer.clone()))
        })
    }

    fn assert_fate(
        &self,
        expected: &Fate,
        response: Response<tower_conditional::layer::ConditionalBody<Full<Bytes>>>,
        seen: &[HeaderMap],
    ) {
        let (head, body) = response.into_parts();
        let Ok(body) = finish(body.collect());
        let body = body.to_bytes();
        assert!(head.headers.get_all(ETAG).iter().count() <= 1);
        match expected {
            Fate::Answered { seen: fields, adds } => {
                assert_eq!(seen, std::slice::from_ref(fields));
                assert_eq!(head.status, self.handler.status());
                let tag = self.handler.headers().get(ETAG).or(adds.as_ref());
                assert_eq!(head.headers.get(ETAG), tag);
                assert_eq!(body, "content");
            }
            Fate::Replaced { status, calls } => {
                assert_eq!((head.status.as_u16(), seen.len()), (*status, *calls));
                assert_ne!(body, "content");
                if *status == 304 || self.method == Method::HEAD {
                    assert!(body.is_empty());
                }
            }
        }
    }
}

/// The model: what the documentation says, around the naive evaluation.
impl Case {
    fn fate(&self) -> Fate {
        match self.class {
            MethodClass::Neither => self.untouched(),
            MethodClass::Read if self.source.computes => self.second_look(),
            MethodClass::Read => self.fate_of_read(),
            MethodClass::Write if self.asks_about_write() => self.fate_of_write(),
            MethodClass::Write => self.untouched(),
        }
    }

    fn fate_of_read(&self) -> Fate {
        if !self.asks_about_read() {
            return if self.is_plain() && self.handler_states_version {
                self.untouched()
            } else {
                self.second_look()
            };
        }
        match (self.source.identifies, &self.source.finds) {
            (Identifies::NotMine, _) => self.second_look(),
            (Identifies::Refuses, _) | (Identifies::Resource, Finds::Refuses) => replaced(403),
            (Identifies::Fails, _) | (Identifies::Resource, Finds::Fails) => self.unevaluated_read(),
            (Identifies::Resource, Finds::State(State::Delegated)) => self.untouched(),
            (Identifies::Resource, Finds::State(State::Unknown)) => self.second_look(),
            (Identifies::Resource, Finds::State(state)) => self.read(state),
        }
    }

    fn fate_of_write(&self) -> Fate {
        match (self.source.identifies, &self.source.finds) {
            (Identifies::NotMine, _) => self.write(&State::Unknown),
            (Identifies::Refuses, _) | (Identifies::Resource, Finds::Refuses) => replaced(403),
            (Identifies::Fails, _) => replaced(503),
            (Identifies::Resource, Finds::Fails) if self.must_be_evaluated() => replaced(503),
            (Identifies::Resource, Finds::Fails) => self.untouched(),
            (Identifies::Resource, Finds::State(State::Delegated)) => self.untouched(),
            (Identifies::Resource, Finds::State(state)) => self.write(state),
        }
    }

    fn is_plain(&self) -> bool {
        !CONDITIONAL.iter().any(|name| self.sent.contains_key(name))
    }

    /// A read without preconditions asks nothing where the handler states its version.
    fn asks_about_read(&self) -> bool {
        self.source.looks_up_reads(&self.method)
            && !(self.is_plain() && self.handler_states_version)
    }

    fn asks_about_write(&self) -> bool {
        !self.source.computes && self.concerns_us()
    }

    /// Whether the source is asked and says what the target is.
    fn is_looked_up(&self) -> bool {
        let asks = match self.class {
            MethodClass::Neither => false,
            MethodClass::Read => !self.source.computes && self.asks_about_read(),
            MethodClass::Write => self.asks_about_write(),
        };
        asks && self.source.identifies == Identifies::Resource
    }

    /// Whether the handler, if it is called, gets what the source has loaded.
    fn hands_over(&self) -> bool {
        let finds = matches!(self.source.finds, Finds::State(_));
        finds && self.source.loads && self.is_looked_up()
    }

    /// Whether the handler, if it is called, learns what was checked.
    fn checks(&self) -> bool {
        let finds_delegated = matches!(self.source.finds, Finds::State(State::Delegated));
        let is_delegated = self.is_looked_up() && finds_delegated;
        self.class == MethodClass::Write && self.asks_about_write() && !is_delegated
    }

    /// Whether the handler, if it is called, has the lock.
    fn locks(&self) -> bool {
        self.checks() && self.is_looked_up() && self.policy.locks
    }

    fn untouched(&self) -> Fate {
        Fate::Answered {
            seen: self.sent.clone(),
            adds: None,
        }
    }

    fn unevaluated_read(&self) -> Fate {
        let mut seen = self.sent.clone();
        if seen.contains_key(IF_RANGE) {
            seen.remove(RANGE);
        }
        Fate::Answered { seen, adds: None }
    }

    fn read(&self, state: &State) -> Fate {
        let answer = self.request().evaluate(state);
        if let Some(status) = self.status_of(answer) {
            return replaced(status);
        }
        let mut seen = self.forgetful();
        // A part may follow If-Range only where the handler serves what was looked up, or says what it serves.
        let guards_part = self.method == Method::GET && self.sent.contains_key(IF_RANGE);
        let is_present = matches!(state, State::Present(_));
        let states_nothing = !self.source.loads && !self.handler_states_version;
        if answer == Answer::PerformWithoutRange || is_present && guards_part && states_nothing {
            seen.remove(RANGE);
        }
        let State::Present(present) = state else {
            return Fate::Answered { seen, adds: None };
        };
        if !matches!(self.handler.status().as_u16(), 200 | 206) {
            return Fate::Answered { seen, adds: None };
        }
        let is_part = self.handler.status() == 206 && seen.contains_key(RANGE);
        let adds = present.tag.as_ref().map(|tag| tag.ours().into());
        match self.states(present) {
            Some(true) => Fate::Answered { seen, adds },
            Some(false) => match self.evaluate_again(&seen) {
                Some(status) => Fate::Replaced { status, calls: 1 },
                None => Fate::Answered { seen, adds: None },
            },
            None if self.source.loads || !is_part => Fate::Answered { seen, adds },
            // Nobody knows of which representation the part is.
            None if guards_part => Fate::Replaced {
                status: 503,
                calls: 1,
            },
            None => Fate::Answered { seen, adds: None },
        }
    }

    /// Whether the handler states the version that was looked up, if it states one. The tag counts before the date.
    fn states(&self, looked_up: &Present) -> Option<bool> {
        let State::Present(stated) = self.stated() else {
            return None;
        };
        if let (Some(theirs), Some(ours)) = (&stated.tag, &looked_up.tag) {
            return Some(theirs == ours);
        }
        let (theirs, ours) = stated.modified.zip(looked_up.modified)?;
        Some(theirs.0 == ours.0)
    }

    /// If-Match, If-Unmodified-Since and If-Range count once more, against what the handler states: a false one of the
    /// first two is 412, and no part of another version is sent.
    fn evaluate_again(&self, seen: &HeaderMap) -> Option<u16> {
        let mut again = self.sent.clone();
        again.remove(IF_NONE_MATCH);
        again.remove(IF_MODIFIED_SINCE);
        if !seen.contains_key(RANGE) {
            again.remove(RANGE);
        }
        let request = Request::read(self.class, self.method.as_str(), &again, NOW);
        match request.evaluate(&self.stated()) {
            Answer::PerformWithoutRange if self.handler.status() == 206 => Some(503),
            answer => self.status_of(answer),
        }
    }

    /// What the handler's own fields say of the version that it has sent.
    fn stated(&self) -> State {
        let fields = self.handler.headers();
        let bytes = |name| fields.get(name).map(HeaderValue::as_bytes);
        State::present(
            bytes(ETAG).and_then(Tag::read),
            bytes(LAST_MODIFIED).and_then(|text| Some((naive::date(text, 0)?, false))),
        )
    }

    /// The validators are those of the response.
    fn second_look(&self) -> Fate {
        let mut seen = self.forgetful();
        if !self.is_plain() {
            seen.remove(RANGE);
        }
        let answer = self.request().evaluate(&self.stated());
        match self.status_of(answer) {
            Some(status) if self.handler.status() == 200 => Fate::Replaced { status, calls: 1 },
            _ => Fate::Answered { seen, adds: None },
        }
    }

    fn write(&self, state: &State) -> Fate {
        let request = self.request();
        let answer = match request.malformed() {
            Some(field) => Answer::BadRequest(field),
            None => request.evaluate(state),
        };
        let inapplicable = match (answer, self.unguarded(state)) {
            (Answer::BadRequest(_), _) => false,
            (_, Some(Unguarded::Missing)) => return replaced(428),
            (_, unguarded) => unguarded.is_some(),
        };
        match self.status_of(answer) {
            Some(status) => replaced(status),
            None if inapplicable => replaced(428),
            None => self.untouched(),
        }
    }

    /// RFC 6585, section 3, and which fields count.
    fn unguarded(&self, state: &State) -> Option<Unguarded> {
        // What is never created is the handler's 404.
        if !self.requires() || matches!(state, State::Absent(Absent::WillFail)) {
            return None;
        }
        let exists = !matches!(state, State::Absent(_));
        match (self.list(IF_MATCH), self.list(IF_NONE_MATCH)) {
            (Some(List::Any), _) if self.policy.strict && exists => {
                return Some(Unguarded::Missing);
            }
            (Some(List::Any | List::Tags(_)), _) | (_, Some(List::Any)) => return None,
            _ => {}
        }
        let lines = self.lines(IF_UNMODIFIED_SINCE);
        match &lines[..] {
            [line] if naive::date(line, NOW).is_some() => {}
            _ => return Some(Unguarded::Missing),
        }
        match state {
            State::Present(Present {
                modified: Some((_, strong)),
                ..
            }) if *strong || !self.policy.strict => None,
            _ => Some(Unguarded::Inapplicable),
        }
    }

    fn request(&self) -> Request {
        Request::read(self.class, self.method.as_str(), &self.sent, NOW)
    }

    fn lines(&self, name: HeaderName) -> Vec<Vec<u8>> {
        let lines = self.sent.get_all(name).iter();
        lines.map(|line| line.as_bytes().to_vec()).collect()
    }

    fn list(&self, name: HeaderName) -> Option<List> {
        Some(self.lines(name))
            .filter(|lines| !lines.is_empty())
            .map(|lines| List::read(&lines))
    }

    fn requires(&self) -> bool {
        self.policy.required && matches!(self.method, Method::PUT | Method::PATCH | Method::DELETE)
    }

    fn must_be_evaluated(&self) -> bool {
        let guards = [IF_MATCH, IF_NONE_MATCH, IF_UNMODIFIED_SINCE];
        self.requires() || guards.iter().any(|name| self.sent.contains_key(name))
    }

    fn concerns_us(&self) -> bool {
        matches!(self.method, Method::PUT | Method::PATCH | Method::DELETE) || self.must_be_evaluated()
    }

    /// The request without the fields that were evaluated.
    fn forgetful(&self) -> HeaderMap {
        let mut seen = self.sent.clone();
        if !self.keeps_preconditions {
            for name in CONDITIONAL {
                seen.remove(name);
            }
        }
        seen
    }

    fn status_of(&self, answer: Answer) -> Option<u16> {
        match answer {
            Answer::Perform | Answer::PerformWithoutRange => None,
            Answer::NotModified => Some(304),
            Answer::Failed(Field::IfMatch | Field::IfNoneMatch | Field::IfUnmodifiedSince) => {
                Some(412)
            }
            Answer::Failed(field) => panic!("{field} never fails"),
            Answer::BadRequest(_)
                if self.policy.malformed_is_412 && self.class == MethodClass::Write =>
            {
                Some(412)
            }
            Answer::BadRequest(_) => Some(400),
        }
    }
}

enum Unguarded {
    Missing,
    Inapplicable,
}

const fn replaced(status: u16) -> Fate {
    Fate::Replaced { status, calls: 0 }
}

fn fields(lines: &[u8]) -> HeaderMap {
    let mut fields = HeaderMap::new();
    for line in lines.split(|&byte| byte == b'\n') {
        let Some((which, value)) = line.split_first() else {
            continue;
        };
        let name = match which {
            b'M' => IF_MATCH,
            b'N' => IF_NONE_MATCH,
            b'S' => IF_MODIFIED_SINCE,
            b'U' => IF_UNMODIFIED_SINCE,
            b'R' => IF_RANGE,
            b'r' => RANGE,
            _ => continue,
        };
        if let Ok(value) = HeaderValue::from_bytes(value) {
            fields.append(name, value);
        }
    }
    fields
}

fn is_free(lock: &InProcessLock) -> bool {
    lock.try_lock(&[WriteKey::new(KIND, &RESOURCE)]).is_some()
}

fn finds(choice: u8) -> Finds {
    let tag = |text| Some(Tag::of(text));
    let negotiated = Present {
        tag: tag("\"a\""),
        others: vec![Tag::of("\"b\""), Tag::of("W/\"c\"")],
        modified: Some((T, false)),
    };
    Finds::State(match choice % 13 {
        0 => State::present(tag("\"a\""), None),
        1 => State::present(tag("W/\"a\""), Some((T, false))),
        2 => State::present(tag("\"\""), Some((T, true))),
        3 => State::present(None, Some((T, true))),
        4 => State::present(None, None),
        5 => State::present(tag("\"a\""), Some((NOW + 100, true))),
        6 => State::Present(negotiated),
        7 => State::Absent(Absent::MaySucceed),
        8 => State::Absent(Absent::WillFail),
        9 => State::Unknown,
        10 => State::Delegated,
        11 => return Finds::Refuses,
        _ => return Finds::Fails,
    })
}

fn handlers_answer(choice: u8) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from("content"));
    *response.status_mut() = [
        StatusCode::OK,
        StatusCode::PARTIAL_CONTENT,
        StatusCode::NOT_FOUND,
        StatusCode::CREATED,
    ][usize::from(choice & 3)];
    let fields = response.headers_mut();
    let tag = ["", "\"a\"", "W/\"a\"", "a"][usize::from(choice >> 2 & 3)];
    if !tag.is_empty() {
        fields.insert(ETAG, HeaderValue::from_static(tag));
    }
    if choice & 16 != 0 {
        fields.insert(LAST_MODIFIED, HeaderValue::from_static(T_TEXT));
    }
    response
}

fn status(status: StatusCode) -> Response<Bytes> {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = status;
    response
}

async fn wait_once() {
    let mut waited = false;
    poll_fn(|_| match std::mem::replace(&mut waited, true) {
        true => Poll::Ready(()),
        false => Poll::Pending,
    })
    .await;
}

/// Nothing here waits for anybody else: a future that takes more turns than this hangs.
fn finish<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let mut cx = Context::from_waker(Waker::noop());
    for _ in 0..100 {
        if let Poll::Ready(output) = future.as_mut().poll(&mut cx) {
            return output;
        }
    }
    panic!("it hangs");
}
