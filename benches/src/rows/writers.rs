//! Writers that a probe guards, alone and in crowds: each is looked up, waits for the lock, and is looked up again.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use http::header::{ETAG, IF_MATCH};
use http::{Method, Request, Response, StatusCode, Uri};
use http_body_util::Full;
use tower::{Layer, Service};
use tower_conditional::source::ProbeTarget;
use tower_conditional::{BodyHash, ConditionalLayer, ValidatorSource};

use super::{NoBody, anew, request, service};
use crate::meter::{Meter, Row};
use crate::services::{Bare, wait};

const KIB: usize = 1024;

pub(super) fn rows(meter: &mut impl Meter) {
    let mut reader = ConditionalLayer::new(BodyHash::strong()).layer(Bare::of_size(KIB));
    let Ok(page) = wait(reader.call(request(Method::GET, &[])));
    let tag = page.headers()[ETAG].to_str().expect("base64");
    let put = request(Method::PUT, &[(IF_MATCH, tag)]);

    let probing = || BodyHash::strong().probe_with(Bare::of_size(KIB));
    let layer = ConditionalLayer::new(probing());
    let row = Row::new("PUT probed").over("bare + hash 1 KiB").times(10);
    let alone = &mut layer.layer(Bare::of_size(KIB));
    service(meter, row, alone, &put, StatusCode::OK);

    let one_lock = layer.layer(Turning);
    crowd(
        meter,
        Row::new("1 writer probed"),
        &one_lock,
        std::slice::from_ref(&put),
    );
    let own_locks = ConditionalLayer::new(probing().locked_by(note_of)).layer(Turning);
    for (writers, on_one_key, on_many) in [
        (
            2,
            "2 writers probed on one key",
            "2 writers probed on 10 000 keys locked_by",
        ),
        (
            16,
            "16 writers probed on one key",
            "16 writers probed on 10 000 keys locked_by",
        ),
        (
            256,
            "256 writers probed on one key",
            "256 writers probed on 10 000 keys locked_by",
        ),
    ] {
        let same = vec![put.clone(); writers];
        let row = Row::new(on_one_key).over("1 writer probed");
        crowd(meter, row, &one_lock, &same);
        let row = Row::new(on_many).over("1 writer probed");
        crowd(meter, row, &own_locks, &apart(&put, writers));
    }
    // Without `locked_by` writers of different notes wait for each other.
    let row = Row::new("16 writers probed on 10 000 keys under one lock").over("1 writer probed");
    crowd(meter, row, &one_lock, &apart(&put, 16));
}

/// The note that a target names: what a router with `Path<u64>` takes for one resource.
fn note_of(target: &ProbeTarget) -> u64 {
    let id = target.path().as_sent().rsplit('/').next();
    id.and_then(|id| id.parse().ok()).unwrap_or(u64::MAX)
}

/// This many writes, each of another one of 10,000 notes.
fn apart(put: &Request<NoBody>, writers: usize) -> Vec<Request<NoBody>> {
    let keys = (0..10_000).cycle().step_by(10_000 / writers);
    keys.take(writers)
        .map(|key| elsewhere(put.clone(), key))
        .collect()
}

/// All at once: each is polled in its turn until all have been answered, also when it is polled in vain. On one
/// key, each looks twice: before it waits, and when it has the lock.
fn crowd<M, S, B>(meter: &mut M, row: Row, service: &S, requests: &[Request<NoBody>])
where
    M: Meter,
    S: Service<Request<NoBody>, Response = Response<B>, Error = Infallible> + Clone,
{
    let prepare = || requests.iter().map(anew::<NoBody>).collect::<Vec<_>>();
    let write = |requests: Vec<Request<NoBody>>| {
        let calls = requests.into_iter().map(|put| service.clone().call(put));
        let mut running: Vec<Pin<Box<S::Future>>> = calls.map(Box::pin).collect();
        let mut context = Context::from_waker(Waker::noop());
        let mut answered = 0;
        while !running.is_empty() {
            running.retain_mut(|call| match call.as_mut().poll(&mut context) {
                Poll::Pending => true,
                Poll::Ready(Ok(response)) => {
                    assert_eq!(response.status(), StatusCode::OK);
                    answered += 1;
                    false
                }
            });
        }
        answered
    };
    assert_eq!(write(prepare()), requests.len());
    meter.row(row.times(3), prepare, write);
}

fn elsewhere(mut put: Request<NoBody>, key: usize) -> Request<NoBody> {
    let target = format!("/notes/{key}");
    *put.uri_mut() = target.parse::<Uri>().expect("a target");
    put
}

/// A handler that lets the others be polled while it holds the lock.
#[derive(Clone, Copy)]
pub(super) struct Turning;

impl<R> Service<Request<R>> for Turning {
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = Turn;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<R>) -> Turn {
        Turn { taken: false }
    }
}

pub(super) struct Turn {
    taken: bool,
}

impl Future for Turn {
    type Output = Result<Response<Full<Bytes>>, Infallible>;

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Self::Output> {
        if std::mem::replace(&mut self.taken, true) {
            Poll::Ready(Ok(Response::default()))
        } else {
            Poll::Pending
        }
    }
}
