//! Requests of every kind to a real layer over a real source, and what was seen.

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::future::{Ready, ready};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_util::FutureExt;
use http::header::{
    ETAG, HeaderName, IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_RANGE, IF_UNMODIFIED_SINCE,
    LAST_MODIFIED, RANGE,
};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};
use http_body::{Body, Frame, SizeHint};
use http_body_util::{BodyExt, Empty};
use serde_json::Value;
use tower::{Layer, Service};
use tower_conditional::description::DescribedMethod;
use tower_conditional::source::BoxSource;
use tower_conditional::{ConditionalLayer, Current, EntityTag, HttpDate, Representation};
use tracing::span;

use crate::sources::Source;

pub(crate) const METHODS: [Method; 7] = [
    Method::GET,
    Method::HEAD,
    Method::PUT,
    Method::PATCH,
    Method::POST,
    Method::DELETE,
    Method::OPTIONS,
];

/// What a method does, or what is said of it.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Played {
    /// By status: field and reason of the refusals, and the names of the headers.
    pub(crate) responses: BTreeMap<u16, (BTreeSet<String>, BTreeSet<String>)>,
    /// The headers of a 200 to a read.
    pub(crate) success: BTreeSet<String>,
    /// The conditional headers that make a difference.
    pub(crate) fields: BTreeSet<String>,
}

pub(crate) fn described(method: &DescribedMethod) -> Played {
    let mut told = Played {
        success: names(method.success_headers()),
        fields: method
            .fields()
            .iter()
            .map(|read| read.field().header_name().to_string())
            .collect(),
        ..Played::default()
    };
    for response in method.responses() {
        let mut refusals = BTreeSet::new();
        for refusal in response.refusals() {
            let json: Value = serde_json::from_slice(refusal.to_problem().body()).unwrap();
            refusals.insert(refusal_in(&json));
        }
        told.responses.insert(
            response.status().as_u16(),
            (refusals, names(response.headers())),
        );
    }
    told
}

fn refusal_in(json: &Value) -> String {
    format!(
        "{} {}",
        json.get("field").and_then(Value::as_str).unwrap_or("-"),
        json["reason"].as_str().unwrap()
    )
}

fn names(headers: &HeaderMap) -> BTreeSet<String> {
    let ours = headers.keys().filter(|name| {
        !matches!(
            name.as_str(),
            "content-type" | "content-length" | "x-handler"
        )
    });
    ours.map(ToString::to_string).collect()
}

impl Played {
    /// As the client sees it: the refusals of a HEAD have no content.
    pub(crate) fn seen_by(mut self, method: &Method) -> Self {
        if *method == Method::HEAD {
            self.responses
                .values_mut()
                .for_each(|(refusals, _)| refusals.clear());
        }
        self
    }
}

/// How to play a layer.
pub(crate) struct Play<'a> {
    pub(crate) layer: &'a ConditionalLayer<BoxSource>,
    pub(crate) source: &'a Source,
    pub(crate) method: Method,
    /// Whether the layer takes the method for a read.
    pub(crate) is_read: bool,
    /// Whether the handlers state the version that they have read.
    pub(crate) states_version: bool,
    /// Whether the handlers answer 206.
    pub(crate) serves_ranges: bool,
    /// Beside how many others each header is sent.
    pub(crate) pairs: usize,
}

impl Play<'_> {
    /// Sends every request for every target, under a lock that is free and one that fails.
    pub(crate) fn all(&self) -> Played {
        let mut seen = Played::default();
        for lock_fails in [false, true] {
            if lock_fails && self.is_read {
                continue;
            }
            self.source.lock.fail(lock_fails);
            for (path, found) in &self.source.targets {
                for handler in self.handlers(path, found.as_ref()) {
                    let works = found.is_some() && !lock_fails;
                    self.target(path, found.as_ref(), &handler, works, &mut seen);
                }
            }
        }
        self.source.lock.fail(false);
        if self.method == Method::HEAD {
            // Its refusals have no content.
            seen.responses
                .values_mut()
                .for_each(|(refusals, _)| refusals.clear());
        }
        seen
    }

    /// What the handler may answer for this target.
    fn handlers(&self, path: &str, found: Option<&Current>) -> Vec<Handler> {
        let plain = Handler {
            serves_ranges: self.serves_ranges,
            ..Handler::default()
        };
        let stating = |version: &Representation| Handler {
            stated: Some(version.clone()),
            ..plain.clone()
        };
        let missing = matches!(found, Some(Current::Absent(_)));
        let looks_up = self.source.looks_up && [Method::GET, Method::HEAD].contains(&self.method);
        match found {
            _ if !self.is_read => vec![plain.clone()],
            _ if missing => vec![Handler {
                is_missing: true,
                ..plain.clone()
            }],
            Some(Current::Present(version)) if !looks_up => vec![stating(version)],
            Some(Current::Present(version)) if self.states_version => {
                let changed = Representation::tagged(EntityTag::from_static("\"changed\""));
                vec![plain.clone(), stating(version), stating(&changed)]
            }
            Some(Current::Unknown) if path == "/unknown" => {
                let present = crate::sources::present().into_iter();
                present
                    .filter_map(|(_, found)| Some(stating(found?.representation()?)))
                    .collect()
            }
            Some(Current::Unknown) => vec![plain.clone()],
            // Its response says nothing of what a look-up would find.
            _ if !looks_up => Vec::new(),
            _ => vec![plain.clone()],
        }
    }

    fn target(
        &self,
        path: &str,
        found: Option<&Current>,
        handler: &Handler,
        works: bool,
        seen: &mut Played,
    ) {
        let service = self.layer.layer(handler.clone());
        let known = found
            .and_then(Current::representation)
            .or(handler.stated.as_ref());
        let tag = known.and_then(Representation::entity_tag).cloned();
        let tag = tag.or_else(|| self.tag_of(&service, path));
        let values = values(
            tag.as_ref(),
            known.and_then(Representation::last_modified_date),
        );
        for has_range in [false, true] {
            if has_range && !self.serves_ranges {
                continue;
            }
            let send = |fields: &[&Field]| self.send(&service, path, fields, has_range);
            let plain = self.note(&send(&[]), seen);
            for (at, first) in values.iter().enumerate() {
                let outcome = self.note(&send(&[first]), seen);
                // Any of the others may keep Range from the handler, which is always allowed (section 14.2).
                if works && outcome != plain && has_range == (first.0 == IF_RANGE) {
                    seen.fields.insert(first.0.to_string());
                }
                let others = values[at..].iter().filter(|second| second.0 != first.0);
                for second in others.take(self.pairs) {
                    self.note(&send(&[first, second]), seen);
                }
            }
        }
    }

    /// The tag that a GET gets, where the layer makes it.
    fn tag_of(&self, service: &impl Answers, path: &str) -> Option<EntityTag> {
        // Where handlers state their version, only a conditional request is evaluated by the response.
        let other = (IF_NONE_MATCH, HeaderValue::from_static("\"other\""));
        let response = service.answer_to(request(&Method::GET, path, &[&other], false));
        EntityTag::from_header_value(response.headers().get(ETAG)?).ok()
    }

    fn send(
        &self,
        service: &impl Answers,
        path: &str,
        fields: &[&Field],
        has_range: bool,
    ) -> Response<Bytes> {
        service.answer_to(request(&self.method, path, fields, has_range))
    }

    /// Writes down what is the layer's. Returns what the request has come to.
    fn note(
        &self,
        response: &Response<Bytes>,
        seen: &mut Played,
    ) -> (StatusCode, Option<HeaderValue>) {
        let status = response.status();
        let own = !is_of_handler(response);
        if own || status == StatusCode::NOT_MODIFIED {
            let (refusals, headers) = seen.responses.entry(status.as_u16()).or_default();
            headers.extend(names(response.headers()));
            if let Ok(json) = serde_json::from_slice(response.body()) {
                refusals.insert(refusal_in(&json));
            }
        } else if self.is_read && status.is_success() {
            seen.success.extend(names(response.headers()));
        }
        (status, response.headers().get("x-handler").cloned())
    }
}

fn is_of_handler(response: &Response<Bytes>) -> bool {
    response.headers().contains_key("x-handler")
}

type Field = (HeaderName, HeaderValue);

fn request(
    method: &Method,
    path: &str,
    fields: &[&Field],
    has_range: bool,
) -> Request<Empty<Bytes>> {
    let mut request = Request::new(Empty::new());
    *request.method_mut() = method.clone();
    *request.uri_mut() = path.parse().unwrap();
    for (name, value) in fields {
        request.headers_mut().insert(name, value.clone());
    }
    if has_range {
        request
            .headers_mut()
            .insert(RANGE, HeaderValue::from_static("bytes=0-0"));
    }
    request
}

/// A service that is cloned for each call, and answers at once.
trait Answers {
    fn answer_to(&self, request: Request<Empty<Bytes>>) -> Response<Bytes>;
}

impl<S, B> Answers for S
where
    S: Service<Request<Empty<Bytes>>, Response = Response<B>, Error = Infallible> + Clone,
    B: Body<Data = Bytes>,
    B::Error: std::fmt::Debug,
{
    fn answer_to(&self, request: Request<Empty<Bytes>>) -> Response<Bytes> {
        let response = self
            .clone()
            .call(request)
            .now_or_never()
            .expect("an answer at once")
            .unwrap();
        let (head, body) = response.into_parts();
        let body = body
            .collect()
            .now_or_never()
            .expect("a body at once")
            .unwrap();
        Response::from_parts(head, body.to_bytes())
    }
}

/// The values of the conditional headers of a client that has this tag and this date.
fn values(tag: Option<&EntityTag>, date: Option<HttpDate>) -> Vec<Field> {
    let tag = tag.map_or("\"7\"", |tag| tag.to_str().unwrap());
    let opaque = tag.trim_start_matches("W/").trim_matches('"');
    let tags = [
        format!("\"{opaque}\""),
        format!("W/\"{opaque}\""),
        format!("\"{opaque}-gzip\""),
        format!("W/\"{opaque}-gzip\""),
        "\"6\"".to_owned(),
        "\"e0.7\"".to_owned(),
        format!("\"6\", \"{opaque}\""),
        "*".to_owned(),
        opaque.to_owned(),
    ];
    let date = date.unwrap_or(HttpDate::from_unix_seconds(1_600_000_000).unwrap());
    let dates = [-100, 0, 100].map(|seconds| {
        date.saturating_add_seconds(seconds)
            .to_header_value()
            .unwrap()
    });
    let mut values = Vec::new();
    for name in [IF_MATCH, IF_NONE_MATCH, IF_RANGE] {
        values.extend(
            tags.iter()
                .map(|tag| (name.clone(), HeaderValue::from_str(tag).unwrap())),
        );
    }
    for name in [IF_MODIFIED_SINCE, IF_UNMODIFIED_SINCE, IF_RANGE] {
        values.extend(dates.iter().map(|date| (name.clone(), date.clone())));
    }
    values
}

/// A handler over one target.
#[derive(Clone, Default)]
pub(crate) struct Handler {
    stated: Option<Representation>,
    is_missing: bool,
    serves_ranges: bool,
}

impl Handler {
    pub(crate) fn answer<B>(&self, request: &Request<B>) -> Response<Content> {
        let path = request.uri().path();
        let mut response = Response::new(Content {
            text: Some(Bytes::from_static(b"text")),
            has_length: path != "/stream",
        });
        let has_range = self.serves_ranges
            && *request.method() == Method::GET
            && request.headers().contains_key(RANGE);
        *response.status_mut() = match path {
            _ if self.is_missing => StatusCode::NOT_FOUND,
            _ if has_range => StatusCode::PARTIAL_CONTENT,
            _ => StatusCode::OK,
        };
        let mark = if has_range { "with range" } else { "whole" };
        let headers = response.headers_mut();
        headers.insert("x-handler", HeaderValue::from_static(mark));
        if let Some(tag) = self.stated.as_ref().and_then(Representation::entity_tag) {
            headers.insert(ETAG, tag.into());
        }
        if let Some(date) = self
            .stated
            .as_ref()
            .and_then(Representation::last_modified_date)
        {
            headers.insert(LAST_MODIFIED, date.to_header_value().unwrap());
        }
        response
    }
}

/// The reader of a probe answers as the handler of a GET, and knows what is missing by itself.
pub(crate) fn read<B>(request: &Request<B>) -> Response<Content> {
    let mut response = Handler::default().answer(request);
    *response.status_mut() = match request.uri().path() {
        "/absent" => StatusCode::NOT_FOUND,
        "/moved" => StatusCode::FOUND,
        "/failing" => StatusCode::INTERNAL_SERVER_ERROR,
        _ => StatusCode::OK,
    };
    response
}

impl<B> Service<Request<B>> for Handler {
    type Response = Response<Content>;
    type Error = Infallible;
    type Future = Ready<Result<Response<Content>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        ready(Ok(self.answer(&request)))
    }
}

/// A text, or a stream.
pub(crate) struct Content {
    text: Option<Bytes>,
    has_length: bool,
}

impl Body for Content {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.text.take().map(|text| Ok(Frame::data(text))))
    }

    fn size_hint(&self) -> SizeHint {
        match (&self.text, self.has_length) {
            (Some(text), true) => SizeHint::with_exact(text.len() as u64),
            (None, true) => SizeHint::with_exact(0),
            (_, false) => SizeHint::new(),
        }
    }
}

/// A `tracing` subscriber that counts the events of the layer.
#[derive(Clone, Default)]
pub(crate) struct Heard(Arc<AtomicUsize>);

impl Heard {
    pub(crate) fn events(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

impl tracing::Subscriber for Heard {
    fn enabled(&self, _: &tracing::Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn event(&self, _: &tracing::Event<'_>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}
