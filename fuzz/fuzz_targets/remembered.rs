//! What the client remembers of earlier answers: a body is returned with the tag that it came with, for the request fields
//! that selected it, and nothing is asked for again that must not be remembered.
//!
//! Input: steps with LF between them. The first byte of a step says what is sent, the second one which status answers; the rest
//! are the fields of the answer, `name: value` with `|` between them.
#![no_main]

use std::collections::HashMap;
use std::convert::Infallible;
use std::future::Future;
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use http::header::{ACCEPT, CACHE_CONTROL, ETAG, HeaderMap, HeaderName, HeaderValue};
use http::header::{IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED};
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use libfuzzer_sys::fuzz_target;
use tower::{Layer, ServiceExt, service_fn};
use tower_conditional_client::{InMemoryStore, RememberLayer, Remembered, Store};

/// In bytes: of some answers, and not of all.
const LIMIT: usize = 2048;
const URIS: [&str; 3] = ["/a", "/b", "http://example.com/a"];

fuzz_target!(|data: &[u8]| {
    let store = Shared(Arc::new(InMemoryStore::new(LIMIT)));
    let sent = Arc::<Mutex<Vec<HeaderMap>>>::default();
    let answer = Arc::new(Mutex::new(Response::new(Bytes::new())));
    let service = {
        let (sent, answer) = (sent.clone(), answer.clone());
        service_fn(move |request: Request<Full<Bytes>>| {
            sent.lock().unwrap().push(request.headers().clone());
            let answer = answer.lock().unwrap().clone();
            async move { Ok::<_, Infallible>(answer.map(Full::new)) }
        })
    };
    let client = RememberLayer::new(store.clone()).largest(64).layer(service);

    let mut model = Model::default();
    for (number, step) in data.split(|&byte| byte == b'\n').enumerate().take(64) {
        let Some((&[what, status], fields)) = step.split_first_chunk::<2>() else {
            continue;
        };
        let asked = request(what);
        let said = response(status, number, fields);
        *answer.lock().unwrap() = said.clone();
        let got = now(client.clone().oneshot(asked.clone())).expect("an answer");
        let (head, body) = got.into_parts();
        let body = now(body.collect()).unwrap().to_bytes();
        let fields = sent.lock().unwrap().pop().expect("each request is sent");
        model.check(&asked, &fields, &said, &Response::from_parts(head, body));
        let held = URIS
            .iter()
            .filter_map(|uri| Some(store.get(uri)?.size() + 2 * uri.len()));
        assert!(held.sum::<usize>() <= LIMIT, "more is held than the limit");
    }
});

/// An earlier 200.
#[derive(Clone)]
struct Read {
    accept: Option<HeaderValue>,
    fields: HeaderMap,
}

#[derive(Default)]
struct Model {
    /// By their body, which only one of them has.
    reads: HashMap<Bytes, Read>,
    /// Which bodies may be asked for again: those read of a URI since the last write there.
    current: HashMap<String, Vec<Bytes>>,
}

impl Model {
    fn check(
        &mut self,
        asked: &Request<Full<Bytes>>,
        sent: &HeaderMap,
        said: &Response<Bytes>,
        got: &Response<Bytes>,
    ) {
        let uri = asked.uri().to_string();
        let accept = asked.headers().get(ACCEPT).cloned();
        let current = self.current.entry(uri.clone()).or_default();
        let condition = sent.get(IF_NONE_MATCH).or(sent.get(IF_MODIFIED_SINCE));
        let may_ask = *asked.method() == Method::GET && !says_no_store(asked.headers());
        if let Some(condition) = condition {
            assert!(may_ask, "a condition on {asked:?}");
            let validators = [ETAG, LAST_MODIFIED];
            let has_it = |body: &Bytes| {
                let read = &self.reads[body].fields;
                validators
                    .iter()
                    .any(|name| read.get(name) == Some(condition))
            };
            assert!(current.iter().any(has_it), "{uri} never had {condition:?}");
        }
        let is_answered = condition.is_some() && said.status() == StatusCode::NOT_MODIFIED;
        if is_answered {
            assert_eq!(got.status(), StatusCode::OK);
            assert!(
                current.contains(got.body()),
                "{uri} never had {:?}",
                got.body()
            );
            let read = &self.reads[got.body()];
            for name in [ETAG, LAST_MODIFIED] {
                let own = read.fields.get(&name);
                assert_eq!(
                    got.headers().get(&name),
                    own,
                    "a body with the {name} of another"
                );
            }
            let varies = |line: &HeaderValue| line.as_bytes().to_ascii_lowercase() == b"accept";
            if read.fields.get_all("vary").iter().any(varies) {
                assert_eq!(read.accept, accept, "what another Accept has selected");
            }
            assert!(!says_no_store(&read.fields), "no-store was remembered");
        } else {
            assert_eq!(got.status(), said.status());
            assert_eq!(got.body(), said.body());
            assert_eq!(got.headers(), said.headers());
        }
        if !asked.method().is_safe() {
            current.clear();
        } else if *asked.method() == Method::GET && said.status() == StatusCode::OK {
            let fields = said.headers().clone();
            self.reads
                .insert(said.body().clone(), Read { accept, fields });
            current.push(said.body().clone());
        }
    }
}

/// As the client reads it: a directive alone between two commas.
fn says_no_store(fields: &HeaderMap) -> bool {
    let lines = fields.get_all(CACHE_CONTROL).iter();
    lines
        .flat_map(|line| line.as_bytes().split(|&byte| byte == b','))
        .any(|one| one.trim_ascii().eq_ignore_ascii_case(b"no-store"))
}

fn request(what: u8) -> Request<Full<Bytes>> {
    let method =
        [Method::GET, Method::GET, Method::HEAD, Method::PUT][usize::from(what % 4)].clone();
    let mut request = Request::new(Full::default());
    *request.method_mut() = method;
    *request.uri_mut() = URIS[usize::from(what / 4 % 3)].parse().expect("a URI");
    for (bit, name, value) in [(16, ACCEPT, "text/plain"), (64, CACHE_CONTROL, "no-store")] {
        if what & bit != 0 {
            request
                .headers_mut()
                .insert(name, HeaderValue::from_static(value));
        }
    }
    request
}

/// A 200 has a body that no other one has.
fn response(status: u8, number: usize, fields: &[u8]) -> Response<Bytes> {
    let status = [200, 304, 200, 404, 204, 206][usize::from(status % 6)];
    let body = if status == 200 {
        format!("body {number}")
    } else {
        String::new()
    };
    let mut response = Response::new(Bytes::from(body));
    *response.status_mut() = StatusCode::from_u16(status).expect("a status");
    for line in fields.split(|&byte| byte == b'|').take(8) {
        let Some(colon) = line.iter().position(|&byte| byte == b':') else {
            continue;
        };
        let name = HeaderName::from_bytes(&line[..colon]);
        let value = HeaderValue::from_bytes(line[colon + 1..].trim_ascii());
        if let (Ok(name), Ok(value)) = (name, value) {
            response.headers_mut().append(name, value);
        }
    }
    response
}

#[derive(Clone)]
struct Shared(Arc<InMemoryStore>);

impl Store for Shared {
    fn get(&self, uri: &str) -> Option<Remembered> {
        self.0.get(uri)
    }

    fn put(&self, uri: &str, remembered: Remembered) {
        self.0.put(uri, remembered);
    }

    fn remove(&self, uri: &str) {
        self.0.remove(uri);
    }
}

/// Nothing here waits.
fn now<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("nobody would wake it"),
    }
}
