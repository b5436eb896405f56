//! Guarded writes of different resources beside bare ones, on two workers.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::header::IF_MATCH;
use http::request::Parts;
use http::{Method, Request, Response, StatusCode};
use http_body_util::{Empty, Full};
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinSet;
use tower::{Layer, Service};
use tower_conditional::source::Unidentified;
use tower_conditional::{ConditionalLayer, EntityTag, Found, ValidatorSource, WritePolicy};

use crate::ratio;

const WRITERS: usize = 256;
const TAG: &str = "\"v1\"";

pub(crate) fn print() {
    let runtime = Builder::new_multi_thread().worker_threads(2).build();
    let runtime = runtime.expect("threads");
    let guarded = ConditionalLayer::new(Notes).writes(WritePolicy::required());
    let guarded = guarded.layer(Yielding);
    ratio(
        "own keys, 256 writers: wall over bare",
        1.4,
        || crowd(&runtime, &guarded),
        || crowd(&runtime, &Yielding),
    );
}

/// All writers at once, each a task with a key of its own, as a server has it.
fn crowd<S, B>(runtime: &Runtime, service: &S)
where
    S: Service<Request<Empty<Bytes>>, Response = Response<B>, Error = Infallible>
        + Clone
        + Send
        + 'static,
    S::Future: Send,
    B: Send + 'static,
{
    let requests: Vec<_> = (0..WRITERS).map(put).collect();
    runtime.block_on(async {
        let mut writers = JoinSet::new();
        for request in requests {
            let mut service = service.clone();
            writers.spawn(async move {
                let Ok(answer) = service.call(request).await;
                assert_eq!(answer.status(), StatusCode::OK);
            });
        }
        while let Some(writer) = writers.join_next().await {
            writer.expect("every write is answered 200");
        }
    });
}

fn put(key: usize) -> Request<Empty<Bytes>> {
    let request = Request::builder().method(Method::PUT);
    let request = request.uri(format!("/notes/{key}")).header(IF_MATCH, TAG);
    request.body(Empty::new()).expect("a request")
}

/// Knows the tag of every note at once.
struct Notes;

impl ValidatorSource for Notes {
    type Resource = u64;

    fn identify_now(&self, head: &mut Parts) -> Option<Result<u64, Unidentified>> {
        let id = head.uri.path().strip_prefix("/notes/");
        let id = id.and_then(|id| id.parse().ok());
        Some(id.ok_or(Unidentified::NotMine))
    }

    fn known(&self, _: &u64) -> Option<Found> {
        Some(EntityTag::from_static(TAG).into())
    }
}

/// A handler that lets the other tasks run once.
#[derive(Clone, Copy)]
struct Yielding;

impl<R> Service<Request<R>> for Yielding {
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = Yield;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<R>) -> Yield {
        Yield { has_yielded: false }
    }
}

struct Yield {
    has_yielded: bool,
}

impl Future for Yield {
    type Output = Result<Response<Full<Bytes>>, Infallible>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if std::mem::replace(&mut self.has_yielded, true) {
            return Poll::Ready(Ok(Response::default()));
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}
