//! A service that follows a script, and what it was asked.

use std::collections::VecDeque;
use std::future::{Ready, ready};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response, Uri};
use http_body::{Body, Frame, SizeHint};
use http_body_util::Full;
use tower::Service;
use tower_conditional_client::{Backoff, BoxError, Client};

/// What the script does with one request.
#[derive(Clone, Debug)]
pub(crate) enum Reply {
    Answer(u16, Vec<(&'static str, &'static str)>, &'static str),
    /// The head comes, and the body breaks.
    Half(u16, Vec<(&'static str, &'static str)>),
    /// The connection was refused.
    Unsent,
    /// The connection broke.
    Lost,
}

pub(crate) fn answer(
    status: u16,
    fields: &[(&'static str, &'static str)],
    body: &'static str,
) -> Reply {
    Reply::Answer(status, fields.to_vec(), body)
}

/// A request as it was sent.
#[derive(Clone, Debug)]
pub(crate) struct Sent {
    pub(crate) method: Method,
    pub(crate) uri: Uri,
    pub(crate) headers: HeaderMap,
}

impl Sent {
    #[track_caller]
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// `PUT /a If-Match: "1"`: what matters of it.
    pub(crate) fn in_short(&self) -> String {
        let mut short = format!("{} {}", self.method, self.uri);
        for name in ["if-match", "if-none-match", "if-modified-since"] {
            if let Some(value) = self.field(name) {
                short += &format!(" {name}: {value}");
            }
        }
        short
    }
}

/// Gives one reply after the other, and then the last one for ever.
#[derive(Clone)]
pub(crate) struct Script {
    replies: Arc<Mutex<VecDeque<Reply>>>,
    sent: Arc<Mutex<Vec<Sent>>>,
}

impl Script {
    pub(crate) fn new(replies: impl IntoIterator<Item = Reply>) -> Self {
        Self {
            replies: Arc::new(Mutex::new(replies.into_iter().collect())),
            sent: Arc::default(),
        }
    }

    /// What was sent since the last time.
    pub(crate) fn take_sent(&self) -> Vec<Sent> {
        std::mem::take(&mut *self.sent.lock().unwrap())
    }

    pub(crate) fn take_in_short(&self) -> Vec<String> {
        self.take_sent().iter().map(Sent::in_short).collect()
    }

    pub(crate) fn client(&self) -> Client<Self> {
        let unsent = |error: &(dyn std::error::Error + 'static)| error.to_string() == "refused";
        Client::new(self.clone(), no_waiting()).unsent_if(unsent)
    }
}

/// A back-off that waits for nothing, once.
pub(crate) fn no_waiting() -> Backoff {
    Backoff::new(|_| ready(()), || 0).attempts(1)
}

/// The body of a scripted answer.
#[derive(Debug)]
pub(crate) enum Scripted {
    Whole(Full<Bytes>),
    Broken,
}

impl Body for Scripted {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        match &mut *self {
            Self::Whole(body) => Pin::new(body)
                .poll_frame(cx)
                .map_err(|never| match never {}),
            Self::Broken => Poll::Ready(Some(Err("the connection broke".into()))),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(body) => body.size_hint(),
            Self::Broken => SizeHint::with_exact(7),
        }
    }
}

impl Service<Request<Full<Bytes>>> for Script {
    type Response = Response<Scripted>;
    type Error = BoxError;
    type Future = Ready<Result<Response<Scripted>, BoxError>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Full<Bytes>>) -> Self::Future {
        let (head, _) = request.into_parts();
        self.sent.lock().unwrap().push(Sent {
            method: head.method,
            uri: head.uri,
            headers: head.headers,
        });
        let mut replies = self.replies.lock().unwrap();
        let reply = replies.pop_front().expect("the script has an end");
        if replies.is_empty() {
            replies.push_back(reply.clone());
        }
        let (status, fields, body) = match reply {
            Reply::Unsent => return ready(Err("refused".into())),
            Reply::Lost => return ready(Err("the connection broke".into())),
            Reply::Answer(status, fields, body) => (status, fields, Scripted::Whole(body.into())),
            Reply::Half(status, fields) => (status, fields, Scripted::Broken),
        };
        let mut response = Response::builder().status(status);
        for (name, value) in fields {
            response = response.header(name, value);
        }
        ready(Ok(response.body(body).unwrap()))
    }
}
