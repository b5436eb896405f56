//! A replica: the crate's own layer over a handler, in a process that can crash.

use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http::header::{ETAG, HeaderValue};
use http::{Method, Request, Response, StatusCode};
use http_body_util::Full;
use tokio::sync::Notify;
use tower::util::BoxCloneSyncService;
use tower::{Layer, ServiceExt, service_fn};
use tower_conditional::layer::ConditionalBody;
use tower_conditional::{
    Checked, ConditionalLayer, EntityTag, SourceError, ValidatorSource, WritePolicy, source_fn,
};

use super::chance::Chance;
use super::locks::SharedLock;
use super::store::{Mark, Store};
use super::{Guard, Lock, Weather};

/// What a writer sends in its body: the content that it has seen, and what it adds.
pub(crate) type Draft = (usize, Mark);

pub(crate) type Answer = Response<ConditionalBody<Full<Bytes>>>;
type Service = BoxCloneSyncService<Request<Full<Bytes>>, Answer, Infallible>;

#[derive(Debug)]
pub(crate) struct Replica {
    /// `None` while it is down.
    service: Mutex<Option<Service>>,
    /// Not a `watch` channel: that one wakes its receivers in an order drawn by lot.
    crash: Notify,
}

impl Replica {
    pub(crate) fn started(
        guard: Guard,
        weather: Weather,
        store: &Store,
        chance: Chance,
    ) -> Arc<Self> {
        let replica = Arc::new(Self {
            service: Mutex::new(Some(service(guard, store))),
            crash: Notify::new(),
        });
        if weather == Weather::Stormy {
            let crashing = replica
                .clone()
                .crash_now_and_then(guard, store.clone(), chance);
            tokio::spawn(crashing);
        }
        replica
    }

    /// The answer, or none if the replica is down or goes down before there is one.
    pub(crate) async fn serve(&self, request: Request<Full<Bytes>>) -> Option<Answer> {
        let crashed = self.crash.notified();
        let service = self
            .service
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()?;
        tokio::select! {
            biased;
            () = crashed => None,
            Ok(answer) = service.oneshot(request) => Some(answer),
        }
    }

    /// A crash ends every request that is under way, wherever it is, and releases its lock.
    async fn crash_now_and_then(self: Arc<Self>, guard: Guard, store: Store, mut chance: Chance) {
        loop {
            chance.pause(100, 2000).await;
            self.replace(None);
            self.crash.notify_waiters();
            chance.pause(10, 50).await;
            self.replace(Some(service(guard, &store)));
        }
    }

    fn replace(&self, service: Option<Service>) {
        *self.service.lock().unwrap_or_else(PoisonError::into_inner) = service;
    }
}

fn service(guard: Guard, store: &Store) -> Service {
    let (versions, policy) = (versions(store.clone()), WritePolicy::required());
    match guard.lock {
        Lock::None => layered(guard, store, versions, policy.skip_lock()),
        // Without a name, the lock is that of this replica alone.
        Lock::InProcess => layered(guard, store, versions, policy),
        Lock::Shared => {
            let lock = SharedLock::new(store.clone());
            layered(guard, store, versions.named("notes"), policy.use_lock(lock))
        }
    }
}

fn layered(
    guard: Guard,
    store: &Store,
    versions: impl ValidatorSource,
    policy: WritePolicy,
) -> Service {
    let store = store.clone();
    let handler = service_fn(move |request| handle(guard.swap, store.clone(), request));
    let layer = ConditionalLayer::new(versions)
        .writes(policy)
        .trust_handler_version();
    BoxCloneSyncService::new(layer.layer(handler))
}

fn versions(store: Store) -> impl ValidatorSource {
    source_fn(store, |head| note_of(head.uri.path()), current_tag)
}

async fn current_tag(note: u64, store: Store) -> Result<EntityTag, SourceError> {
    store.lock().costs.look_ups += 1;
    match store.version(note).await {
        Ok(version) => Ok(EntityTag::from_version(version as u64)),
        Err(no_answer) => Err(SourceError::failed(format!("{no_answer:?}"))),
    }
}

async fn handle(
    swaps: bool,
    store: Store,
    request: Request<Full<Bytes>>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let Some(note) = note_of(request.uri().path()) else {
        return Ok(answer(StatusCode::NOT_FOUND));
    };
    let outcome = match *request.method() {
        Method::GET => store.version(note).await.map(found),
        _ => save(swaps, &store, note, &request).await,
    };
    Ok(outcome.unwrap_or_else(|_| answer(StatusCode::SERVICE_UNAVAILABLE)))
}

/// The handler states the version that it has read.
fn found(version: usize) -> Response<Full<Bytes>> {
    let mut response = answer(StatusCode::OK);
    let tag = HeaderValue::from(EntityTag::from_version(version as u64));
    response.headers_mut().insert(ETAG, tag);
    response
}

async fn save(
    swaps: bool,
    store: &Store,
    note: u64,
    request: &Request<Full<Bytes>>,
) -> Result<Response<Full<Bytes>>, super::store::NoAnswer> {
    let extensions = request.extensions();
    let (Some(checked), Some(&(made_from, mark))) =
        (extensions.get::<Checked>(), extensions.get::<Draft>())
    else {
        return Ok(answer(StatusCode::INTERNAL_SERVER_ERROR));
    };
    let current = checked.entity_tag().and_then(version_in);
    let expected = current.filter(|_| swaps);
    let written = store.write(note, made_from, mark, expected).await?;
    Ok(match written {
        Some(_) => answer(StatusCode::OK),
        None => {
            let mut lost = answer(StatusCode::PRECONDITION_FAILED);
            lost.extensions_mut().insert(checked.lost());
            lost
        }
    })
}

pub(crate) fn version_in(tag: &EntityTag) -> Option<usize> {
    tag.version::<u64>()?.try_into().ok()
}

pub(crate) fn path_of(note: u64) -> String {
    format!("/notes/{note}")
}

fn note_of(path: &str) -> Option<u64> {
    path.strip_prefix("/notes/")?.parse().ok()
}

fn answer(status: StatusCode) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::default());
    *response.status_mut() = status;
    response
}
