//! A guarded write: If-Match evaluated under a lock of the target, which is freed when the handler has answered.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, VecDeque};
use std::convert::Infallible;
use std::future::Future;
use std::hash::{BuildHasher, BuildHasherDefault, Hasher, RandomState};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker, ready};

use http::header::{CACHE_CONTROL, HeaderValue, IF_MATCH};
use http::{Request, Response, StatusCode};
use tower::Service;

use super::evaluate::evaluate;
use super::{Maybe, short};

/// A lock for each key: seeded hashes, sixteen parts, and a queue that takes no memory while nobody waits.
#[derive(Default)]
pub struct Locks {
    parts: [Mutex<Part>; 16],
    seed: RandomState,
}

type Part = HashMap<u64, VecDeque<Waker>, BuildHasherDefault<AsItIs>>;

#[derive(Default)]
struct AsItIs(u64);

impl Hasher for AsItIs {
    fn write(&mut self, _: &[u8]) {
        unreachable!("keys are hashes");
    }

    fn write_u64(&mut self, key: u64) {
        self.0 = key;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

impl Locks {
    /// Takes the lock if it is free.
    pub fn try_take(self: &Arc<Self>, key: &[u8]) -> Option<Held> {
        let mut hasher = self.seed.build_hasher();
        hasher.write(key);
        let key = hasher.finish();
        let mut part = self.part(key);
        let Entry::Vacant(free) = part.entry(key) else {
            return None;
        };
        free.insert(VecDeque::new());
        drop(part);
        Some(Held(self.clone(), key))
    }

    fn part(&self, key: u64) -> std::sync::MutexGuard<'_, Part> {
        let part = &self.parts[(key % 16) as usize];
        part.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The lock while it is held.
pub struct Held(Arc<Locks>, u64);

impl Drop for Held {
    fn drop(&mut self) {
        let queue = self.0.part(self.1).remove(&self.1);
        if let Some(next) = queue.and_then(|mut queue| queue.pop_front()) {
            next.wake();
        }
    }
}

/// What the handler learns: the tag that the write was checked against.
#[derive(Clone)]
pub struct CheckedAgainst(pub HeaderValue);

/// Answers 428 without If-Match and 412 if it misses. Otherwise the handler runs under the lock, if there is one.
#[derive(Clone)]
pub struct Guarded<S> {
    inner: S,
    tag: HeaderValue,
    locks: Option<Arc<Locks>>,
}

impl<S> Guarded<S> {
    pub fn locked(inner: S, tag: &'static str) -> Self {
        Self {
            locks: Some(Arc::default()),
            ..Self::unlocked(inner, tag)
        }
    }

    pub const fn unlocked(inner: S, tag: &'static str) -> Self {
        Self {
            inner,
            tag: HeaderValue::from_static(tag),
            locks: None,
        }
    }
}

pub enum Answer<F> {
    Running(F, Option<Held>),
    Short(StatusCode),
}

impl<F, B> Future for Answer<F>
where
    F: Future<Output = Result<Response<B>, Infallible>> + Unpin,
{
    type Output = Result<Response<Maybe<B>>, Infallible>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.get_mut() {
            Self::Running(inner, held) => {
                let Ok(response) = ready!(Pin::new(inner).poll(cx));
                drop(held.take());
                Poll::Ready(Ok(response.map(|body| Maybe(Some(body)))))
            }
            Self::Short(status) => {
                let no_store = HeaderValue::from_static("no-store");
                Poll::Ready(Ok(short(*status, CACHE_CONTROL, no_store)))
            }
        }
    }
}

impl<S, R, B> Service<Request<R>> for Guarded<S>
where
    S: Service<Request<R>, Response = Response<B>, Error = Infallible>,
    S::Future: Unpin,
{
    type Response = Response<Maybe<B>>;
    type Error = Infallible;
    type Future = Answer<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<R>) -> Self::Future {
        let key = request.uri().path().as_bytes();
        let held = self.locks.as_ref().map(|locks| {
            let held = locks.try_take(key);
            held.expect("nobody else writes here")
        });
        if !request.headers().contains_key(IF_MATCH) {
            return Answer::Short(StatusCode::PRECONDITION_REQUIRED);
        }
        if let Some(status) = evaluate(request.method(), request.headers(), &self.tag) {
            return Answer::Short(status);
        }
        let checked = CheckedAgainst(self.tag.clone());
        request.extensions_mut().insert(checked);
        Answer::Running(self.inner.call(request), held)
    }
}
