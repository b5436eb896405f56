//! Whole requests through the layer: the answer, the calls and what the handler gets to see are those of the naive
//! model of the tests, and the lock is free afterwards.
//!
//! Input: six octets (method, state, source, policy, options, the handler's answer), then field lines with LF between
//! them. The first octet of a line says which field it is: `M` If-Match, `N` If-None-Match, `S` If-Modified-Since,
//! `U` If-Unmodified-Since, `R` If-Range, `r` Range.
#![no_main]

use std::convert::Infallible;
use std::future::{Future, poll_fn, ready};
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::header::{
    ETAG, HeaderMap, HeaderName, HeaderValue, IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_RANGE,
    IF_UNMODIFIED_SINCE, LAST_MODIFIED, RANGE,
};
use http::{Method, Request as HttpRequest, Response, StatusCode};
use http_body_util::{BodyExt, Empty, Full};
use libfuzzer_sys::fuzz_target;
use tower::{Layer, ServiceExt, service_fn};
use tower_conditional::{
    Absent, BoxSource, Checked, ConditionalLayer, Current, Field, Found as LookedUp, FromResponse,
    InProcessLock, MethodClass, SourceError, Unidentified, ValidatorSource, WriteKey, WriteLock,
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
    found: Found,
    source: Source,
    policy: Policy,
    keeps_preconditions: bool,
    handler: Response<Full<Bytes>>,
}

/// What the source says of the target.
enum Found {
    State(State),
    /// The source's own 403.
    Refused,
    Failed,
}

#[derive(Clone, Copy, PartialEq)]
enum Source {
    Known,
    LooksUp,
    Computes,
}

struct Policy {
    required: bool,
    strict: bool,
    malformed_is_412: bool,
    locks: bool,
}

/// What is to become of the request.
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
            found: found(state),
            source: match source % 3 {
                0 => Source::Known,
                1 => Source::LooksUp,
                _ => Source::Computes,
            },
            policy: Policy {
                required: has(0),
                strict: has(0) && has(1),
                malformed_is_412: has(2),
                locks: !has(3),
            },
            keeps_preconditions: options & 1 != 0,
            handler: handlers_answer(handler),
        }
    }

    fn run(self) {
        let expected = self.fate();
        let lock = InProcessLock::new();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let service = self.layer(&lock).layer(self.handler(&seen));
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
            assert!(lock.try_lock(&[WriteKey::new("fuzz", &())]).is_some());
        }
    }

    fn layer(&self, lock: &InProcessLock) -> ConditionalLayer<BoxSource> {
        let policy = match &self.policy {
            _ if self.source == Source::Computes => WritePolicy::optional(),
            Policy { strict: true, .. } => WritePolicy::strictly_required(),
            Policy { required: true, .. } => WritePolicy::required(),
            _ => WritePolicy::optional(),
        };
        let policy = if self.policy.locks {
            policy.lock(lock.clone())
        } else {
            policy.without_lock()
        };
        let policy = if self.policy.malformed_is_412 {
            policy.malformed_as_failed()
        } else {
            policy
        };
        let layer = ConditionalLayer::new(self.source())
            .writes(policy)
            .clock(|| SystemTime::UNIX_EPOCH + Duration::from_secs(NOW as u64));
        let layer = match self.class {
            // Only where the choice says so is QUERY a read.
            MethodClass::Neither => {
                layer.classify(|method| (method == "QUERY").then_some(MethodClass::Neither))
            }
            _ => layer,
        };
        if self.keeps_preconditions {
            layer.keeping_preconditions()
        } else {
            layer
        }
    }

    fn source(&self) -> BoxSource {
        if self.source == Source::Computes {
            return FromResponse.boxed();
        }
        let scripted = Scripted {
            current: match &self.found {
                Found::State(state) => Some(state.current()),
                Found::Refused | Found::Failed => None,
            },
            is_known: self.source == Source::Known,
            refuses: matches!(self.found, Found::Refused),
        };
        scripted.named("fuzz").boxed()
    }

    fn handler(
        &self,
        seen: &Arc<Mutex<Vec<HeaderMap>>>,
    ) -> impl tower::Service<
        HttpRequest<Empty<Bytes>>,
        Response = Response<Full<Bytes>>,
        Error = Infallible,
        Future = impl Future<Output = Result<Response<Full<Bytes>>, Infallible>> + Send,
    > + Clone
    + Send
    + 'static {
        let (answer, seen) = (self.handler.clone(), seen.clone());
        let judges = self.class == MethodClass::Write && self.source != Source::Computes;
        service_fn(move |request: HttpRequest<Empty<Bytes>>| {
            assert!(judges || request.extensions().get::<Checked>().is_none());
            seen.lock().unwrap().push(request.headers().clone());
            ready(Ok(answer.clone()))
        })
    }

    fn assert_fate(
        &self,
        expected: &Fate,
        response: Response<tower_conditional::ConditionalBody<Full<Bytes>>>,
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

/// Identifies one resource, also for a QUERY, and hands over what it has loaded.
struct Scripted {
    current: Option<Current>,
    is_known: bool,
    refuses: bool,
}

impl ValidatorSource for Scripted {
    type Resource = ();

    fn looks_up_reads(&self, _: &Method) -> bool {
        true
    }

    fn identify_now(&self, _: &mut http::request::Parts) -> Option<Result<(), Unidentified>> {
        Some(Ok(()))
    }

    fn known(&self, (): &()) -> Option<LookedUp> {
        let current = self.current.clone().filter(|_| self.is_known)?;
        Some(LookedUp::from(current).with("the row"))
    }

    async fn look_up(&self, resource: &()) -> Result<LookedUp, SourceError> {
        if let Some(known) = self.known(resource) {
            return Ok(known);
        }
        wait_once().await;
        match &self.current {
            Some(current) => Ok(LookedUp::from(current.clone()).with("the row")),
            None if self.refuses => Err(SourceError::refused(status(StatusCode::FORBIDDEN))),
            None => Err(SourceError::failed("down")),
        }
    }
}

/// The model: what the documentation says, around the naive judgement.
impl Case {
    fn fate(&self) -> Fate {
        if self.class == MethodClass::Neither {
            return self.untouched();
        }
        if self.source == Source::Computes {
            return match self.class {
                MethodClass::Read => self.second_look(),
                _ => self.untouched(),
            };
        }
        match (self.class, &self.found) {
            (MethodClass::Write, _) if !self.concerns_us() => self.untouched(),
            (_, Found::Refused) => replaced(403),
            (_, Found::State(State::Delegated)) => self.untouched(),
            (MethodClass::Write, Found::State(state)) => self.write(state),
            (MethodClass::Write, _) if self.must_be_judged() => replaced(503),
            (MethodClass::Write, _) => self.untouched(),
            (_, Found::State(State::Unknown)) => self.second_look(),
            (_, Found::State(state)) => self.read(state),
            (_, _) => self.unjudged_read(),
        }
    }

    fn untouched(&self) -> Fate {
        Fate::Answered {
            seen: self.sent.clone(),
            adds: None,
        }
    }

    fn unjudged_read(&self) -> Fate {
        let mut seen = self.sent.clone();
        if seen.contains_key(IF_RANGE) {
            seen.remove(RANGE);
        }
        Fate::Answered { seen, adds: None }
    }

    fn read(&self, state: &State) -> Fate {
        let answer = self.request().judge(state);
        if let Some(status) = self.status_of(answer) {
            return replaced(status);
        }
        let mut seen = self.forgetful();
        if answer == Answer::PerformWithoutRange {
            seen.remove(RANGE);
        }
        let selects = matches!(self.handler.status().as_u16(), 200 | 206);
        let adds = match state {
            State::Present(present) if selects => {
                if !self.states_another_version(present) {
                    present.tag.as_ref().map(|tag| tag.ours().into())
                } else if let Some(status) = self.evaluated_again(answer) {
                    return Fate::Replaced { status, calls: 1 };
                } else {
                    None
                }
            }
            _ => None,
        };
        Fate::Answered { seen, adds }
    }

    /// What the handler's own fields say of the version that it has sent.
    fn stated(&self) -> State {
        let fields = self.handler.headers();
        let octets = |name| fields.get(name).map(HeaderValue::as_bytes);
        State::present(
            octets(ETAG).and_then(Tag::read),
            octets(LAST_MODIFIED).and_then(|text| Some((naive::date(text, 0)?, false))),
        )
    }

    /// The tag counts before the date.
    fn states_another_version(&self, looked_up: &Present) -> bool {
        let State::Present(stated) = self.stated() else {
            return false;
        };
        match (&stated.tag, &looked_up.tag) {
            (Some(theirs), Some(ours)) => theirs.ours().as_bytes() != ours.ours().as_bytes(),
            _ => match (stated.modified, looked_up.modified) {
                (Some((theirs, _)), Some((ours, _))) => theirs != ours,
                _ => false,
            },
        }
    }

    /// If-Match, If-Unmodified-Since and If-Range count once more, against what the handler states: a false one of the
    /// first two is 412, and no part of another version is sent.
    fn evaluated_again(&self, first: Answer) -> Option<u16> {
        let mut sent = HeaderMap::new();
        let goes_inward = first != Answer::PerformWithoutRange;
        for (name, line) in &self.sent {
            let counts = *name == IF_MATCH
                || *name == IF_UNMODIFIED_SINCE
                || goes_inward && (*name == IF_RANGE || *name == RANGE);
            if counts {
                sent.append(name, line.clone());
            }
        }
        let request = Request::read(self.class, self.method.as_str(), &sent, NOW);
        match request.judge(&self.stated()) {
            Answer::Failed(_) => Some(412),
            Answer::PerformWithoutRange if self.handler.status() == 206 => Some(503),
            _ => None,
        }
    }

    /// The validators are those of the response.
    fn second_look(&self) -> Fate {
        let mut seen = self.forgetful();
        if CONDITIONAL.iter().any(|name| self.sent.contains_key(name)) {
            seen.remove(RANGE);
        }
        let answer = self.request().judge(&self.stated());
        match self.status_of(answer) {
            Some(status) if self.handler.status() == 200 => Fate::Replaced { status, calls: 1 },
            _ => Fate::Answered { seen, adds: None },
        }
    }

    fn write(&self, state: &State) -> Fate {
        let request = self.request();
        let answer = match request.malformed() {
            Some(field) => Answer::BadRequest(field),
            None => request.judge(state),
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
        if !self.requires() {
            return None;
        }
        match (self.list(IF_MATCH), self.list(IF_NONE_MATCH)) {
            (Some(List::Any), _) if self.policy.strict => return Some(Unguarded::Missing),
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

    fn must_be_judged(&self) -> bool {
        let guards = [IF_MATCH, IF_NONE_MATCH, IF_UNMODIFIED_SINCE];
        self.requires() || guards.iter().any(|name| self.sent.contains_key(name))
    }

    fn concerns_us(&self) -> bool {
        matches!(self.method, Method::PUT | Method::PATCH | Method::DELETE) || self.must_be_judged()
    }

    /// The request without what was judged.
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
    for line in lines.split(|&octet| octet == b'\n') {
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

fn found(choice: u8) -> Found {
    let tag = |text| Some(Tag::of(text));
    let negotiated = Present {
        tag: tag("\"a\""),
        others: vec![Tag::of("\"b\""), Tag::of("W/\"c\"")],
        modified: Some((T, false)),
    };
    Found::State(match choice % 13 {
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
        11 => return Found::Refused,
        _ => return Found::Failed,
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
