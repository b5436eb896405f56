//! An origin, and edges in front of it with one fault each.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, ETAG, IF_MATCH, IF_NONE_MATCH};
use http::{HeaderMap, HeaderName, Method, StatusCode};
use http_body_util::BodyExt;

use crate::support::serve;

/// Documents, each with its version. All servers of one test share them.
#[derive(Clone, Default)]
pub(crate) struct Documents(Arc<Mutex<HashMap<String, (u32, String)>>>);

/// A server of the documents: the origin, or what clients see of it through an edge.
#[derive(Clone)]
pub(crate) struct Planted {
    documents: Documents,
    /// The ETag lines of a response: from the tag, the coding that is asked for, and the number of the answer.
    tags: fn(&str, &str, usize) -> Vec<String>,
    /// What the origin gets to see of a tag that a client sends.
    sent: fn(&str) -> String,
    fields: &'static [(&'static str, &'static str)],
    passes_if_match: bool,
    passes_if_none_match: bool,
    /// Whether the origin evaluates If-Match on GET.
    evaluates_reads: bool,
    checks_early: bool,
    compresses: bool,
    content: fn(&str) -> String,
    answered: Arc<AtomicUsize>,
}

impl Documents {
    pub(crate) fn new() -> Self {
        let documents = Self::default();
        let page = ("/page".to_owned(), (7, "milk and eggs".to_owned()));
        documents.0.lock().unwrap().extend([page]);
        documents
    }

    pub(crate) fn has(&self, path: &str) -> bool {
        self.0.lock().unwrap().contains_key(path)
    }

    pub(crate) fn origin(&self) -> Planted {
        Planted {
            documents: self.clone(),
            tags: |tag, _, _| vec![tag.to_owned()],
            sent: str::to_owned,
            fields: &[],
            passes_if_match: true,
            passes_if_none_match: true,
            evaluates_reads: true,
            checks_early: false,
            compresses: false,
            content: str::to_owned,
            answered: Arc::default(),
        }
    }
}

impl Planted {
    pub(crate) fn tags(mut self, tags: fn(&str, &str, usize) -> Vec<String>) -> Self {
        self.tags = tags;
        self
    }

    pub(crate) fn sent(mut self, sent: fn(&str) -> String) -> Self {
        self.sent = sent;
        self
    }

    pub(crate) fn fields(mut self, fields: &'static [(&'static str, &'static str)]) -> Self {
        self.fields = fields;
        self
    }

    pub(crate) fn without_if_match(mut self) -> Self {
        self.passes_if_match = false;
        self
    }

    pub(crate) fn without_if_none_match(mut self) -> Self {
        self.passes_if_none_match = false;
        self
    }

    pub(crate) fn reads_without_if_match(mut self) -> Self {
        self.evaluates_reads = false;
        self
    }

    /// Checks the precondition when the head is there, and writes when the body is.
    pub(crate) fn checks_early(mut self) -> Self {
        self.checks_early = true;
        self
    }

    pub(crate) fn compresses(mut self) -> Self {
        self.compresses = true;
        self
    }

    pub(crate) fn content(mut self, content: fn(&str) -> String) -> Self {
        self.content = content;
        self
    }

    pub(crate) async fn serve(self) -> SocketAddr {
        let app = Router::new().fallback(move |request: Request| self.clone().answer(request));
        serve(app).await
    }

    async fn answer(self, request: Request) -> Response {
        let (head, body) = request.into_parts();
        let early = self
            .documents
            .0
            .lock()
            .unwrap()
            .get(head.uri.path())
            .cloned();
        let body = body.collect().await.unwrap().to_bytes();
        let coding = line(&head.headers, &ACCEPT_ENCODING).unwrap_or_default();
        let answered = self.answered.fetch_add(1, Ordering::SeqCst);
        let path = head.uri.path();
        let mut documents = self.documents.0.lock().unwrap();
        let now = documents.get(path).cloned();
        let current = if self.checks_early { early } else { now };
        let tag = current
            .as_ref()
            .map(|(version, _)| format!("\"{version}\""));

        let is_read = matches!(head.method, Method::GET | Method::HEAD);
        let evaluates = self.passes_if_match && (self.evaluates_reads || !is_read);
        let if_match = line(&head.headers, &IF_MATCH).filter(|_| evaluates);
        if if_match.is_some_and(|sent| tag != Some((self.sent)(&sent))) {
            let problem = r#"{"error":"precondition_failed","reason":"not_current"}"#;
            return (StatusCode::PRECONDITION_FAILED, problem).into_response();
        }
        let if_none_match =
            line(&head.headers, &IF_NONE_MATCH).filter(|_| self.passes_if_none_match);
        let matches = |sent: &str| match sent {
            "*" => current.is_some(),
            sent => tag.as_deref() == Some((self.sent)(sent).trim_start_matches("W/")),
        };
        let is_matching = if_none_match.is_some_and(|sent| matches(&sent));
        let status = match (&head.method, is_matching, &current) {
            (&Method::PUT | &Method::DELETE, true, _) => {
                return StatusCode::PRECONDITION_FAILED.into_response();
            }
            (&Method::PUT, ..) => {
                let version = current.as_ref().map_or(1, |(version, _)| version + 1);
                let text = String::from_utf8(body.to_vec()).unwrap();
                documents.insert(path.to_owned(), (version, text));
                return StatusCode::NO_CONTENT.into_response();
            }
            (&Method::DELETE, ..) => {
                documents.remove(path);
                return StatusCode::NO_CONTENT.into_response();
            }
            (_, _, None) => return StatusCode::NOT_FOUND.into_response(),
            (_, true, _) => StatusCode::NOT_MODIFIED,
            _ => StatusCode::OK,
        };
        let (_, text) = current.unwrap();
        let mut response = match status {
            StatusCode::OK => (self.content)(&text).into_response(),
            status => status.into_response(),
        };
        *response.status_mut() = status;
        for tag in (self.tags)(&tag.unwrap(), &coding, answered) {
            response.headers_mut().append(ETAG, tag.parse().unwrap());
        }
        if self.compresses && coding != "identity" {
            response
                .headers_mut()
                .insert(CONTENT_ENCODING, coding.parse().unwrap());
        }
        for (name, value) in self.fields {
            let name: HeaderName = name.parse().unwrap();
            response.headers_mut().append(name, value.parse().unwrap());
        }
        response
    }
}

/// All lines of a field.
fn line(fields: &HeaderMap, name: &HeaderName) -> Option<String> {
    let lines = fields.get_all(name).iter();
    let lines: Vec<_> = lines
        .map(|value| String::from_utf8_lossy(value.as_bytes()))
        .collect();
    (!lines.is_empty()).then(|| lines.join(", "))
}
