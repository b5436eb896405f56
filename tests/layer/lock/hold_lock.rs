//! A client hangs up in the middle of a write: if the work that goes on holds the guard, the next write waits for it.

use std::sync::mpsc;

use axum::body::Body;
use http::{Request, Response};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tower::{Layer, Service};
use tower_conditional::lock::InProcessLock;
use tower_conditional::{Checked, ConditionalLayer, ValidatorSource, WritePolicy};

use crate::support::source::Versions;
use crate::support::{Driven, HeldHandler, assert_status, put, send_by_hand};

/// The write has the lock, the client hangs up, and `work` goes on until the test ends it.
async fn hang_up<S, B, F>(
    service: &S,
    handler: &HeldHandler,
    work: impl FnOnce(Checked) -> (JoinHandle<()>, F),
) where
    S: Service<Request<Body>, Response = Response<B>> + Clone,
    S::Error: std::fmt::Debug,
    F: FnOnce(),
{
    let mut writer = send_by_hand(service, put("/a"));
    let mut next = send_by_hand(service, put("/a"));
    writer.assert_waits();
    next.assert_waits();
    let (work, finish) = work(handler.checked(0));
    writer.drop_future();
    assert_eq!(
        handler.open_paths().len(),
        0,
        "the handler's own future is gone"
    );

    next.assert_waits();
    let mut newcomer = send_by_hand(service, put("/a"));
    newcomer.assert_waits();
    assert_eq!(
        handler.calls(),
        1,
        "the next writer came in while the write went on"
    );

    finish();
    work.await.unwrap();
    next.assert_waits();
    assert_eq!(handler.calls(), 2);
    newcomer.assert_waits();
    assert_eq!(handler.calls(), 2);
    handler.answer(1, 204);
    assert_status(next.ready(), 204);
    newcomer.assert_waits();
    assert_eq!(handler.calls(), 3);
}

#[tokio::test]
async fn in_spawn_blocking() {
    for source in Versions::both() {
        let handler = HeldHandler::default();
        let service = ConditionalLayer::new(source).layer(handler.clone());
        hang_up(&service, &handler, |checked| {
            let guard = checked.hold_lock().unwrap();
            let (end, ended) = mpsc::channel::<()>();
            let work = tokio::task::spawn_blocking(move || {
                let _guard = guard;
                let _ = ended.recv();
            });
            (work, move || drop(end))
        })
        .await;
    }
}

#[tokio::test]
async fn in_a_spawned_task() {
    for source in Versions::both() {
        let handler = HeldHandler::default();
        let service = ConditionalLayer::new(source).layer(handler.clone());
        hang_up(&service, &handler, |checked| {
            let guard = checked.hold_lock();
            let (end, ended) = oneshot::channel::<()>();
            let work = tokio::spawn(async move {
                let _guard = guard;
                let _ = ended.await;
            });
            (work, move || drop(end))
        })
        .await;
    }
}

/// A handler behind two layers with locks of their own holds both: writers may come by either way.
#[tokio::test]
async fn the_guard_of_an_inner_layer_keeps_the_outer_lock() {
    let handler = HeldHandler::default();
    let keyed = |lock: InProcessLock, key: &'static str| {
        let policy = WritePolicy::optional().use_lock(lock);
        ConditionalLayer::new(Versions::at_once().named(key)).writes(policy)
    };
    let outer_lock = InProcessLock::new();
    let inner = keyed(InProcessLock::new(), "inner").layer(handler.clone());
    let nested = keyed(outer_lock.clone(), "outer").layer(inner);
    let by_the_outer_alone = keyed(outer_lock, "outer").layer(handler.clone());

    let mut writer = send_by_hand(&nested, put("/a"));
    writer.assert_waits();
    let guard = handler.checked(0).hold_lock();
    writer.drop_future();
    let mut next = send_by_hand(&by_the_outer_alone, put("/a"));
    next.assert_waits();
    assert_eq!(handler.calls(), 1);
    drop(guard);
    next.assert_waits();
    assert_eq!(handler.calls(), 2);
}

/// Without the guard, hanging up frees the lock: that is what the docs warn of.
#[tokio::test]
async fn without_the_guard_the_next_writer_comes_in() {
    let handler = HeldHandler::default();
    let service = ConditionalLayer::new(Versions::at_once()).layer(handler.clone());
    let mut writer = send_by_hand(&service, put("/a"));
    writer.assert_waits();
    let (end, ended) = oneshot::channel::<()>();
    let work = tokio::spawn(async move {
        let _ = ended.await;
    });
    writer.drop_future();
    let mut next = send_by_hand(&service, put("/a"));
    next.assert_waits();
    assert_eq!(handler.calls(), 2);
    drop(end);
    work.await.unwrap();
}

/// The lock is free when the last clone is gone, and not before.
#[test]
fn the_last_clone_frees_the_lock() {
    let handler = HeldHandler::default();
    let service = ConditionalLayer::new(Versions::at_once()).layer(handler.clone());
    let mut writer = send_by_hand(&service, put("/a"));
    writer.assert_waits();
    let guard = handler.checked(0).hold_lock().unwrap();
    let clone = guard.clone();
    handler.answer(0, 202);
    assert_status(writer.ready(), 202);
    let mut next: Driven<_> = send_by_hand(&service, put("/a"));
    next.assert_waits();
    drop(guard);
    next.assert_waits();
    assert_eq!(handler.calls(), 1);
    drop(clone);
    next.assert_waits();
    assert_eq!(handler.calls(), 2);
}
