//! The keys of the lock, and locks of the user's own.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::routing::put as axum_put;
use http::request::Parts;
use http::{Request, StatusCode};
use tokio::sync::Notify;
use tower::{Layer, ServiceExt as _};
use tower_conditional::extract::extractor_source;
use tower_conditional::lock::{InProcessLock, WriteGuard, WriteKey, WriteLock};
use tower_conditional::{
    BoxError, ConditionalLayer, Found, SourceError, ValidatorSource, WritePolicy,
};

use crate::support::OutOfReach;
use crate::support::source::Versions;
use crate::support::{
    Answer, Driven, HeldHandler, Record, assert_status, put, put_if_match, request_to, send_by_hand,
};

/// The keys that a request names in a field: `x-keys: a b`.
fn keys_of(head: &Parts) -> Vec<WriteKey> {
    let keys = head.headers["x-keys"].to_str().unwrap().split(' ');
    keys.map(|key| WriteKey::new("tests", &key.to_owned()))
        .collect()
}

/// Each has a target of its own.
fn keyed(keys: &str) -> Request<Body> {
    static TARGETS: AtomicUsize = AtomicUsize::new(0);
    let target = format!("/{}", TARGETS.fetch_add(1, Ordering::Relaxed));
    request_to("PUT", &target, &[("x-keys", keys)])
}

fn policy() -> WritePolicy {
    WritePolicy::optional()
        .use_lock(InProcessLock::new())
        .lock_also(keys_of)
}

#[test]
fn one_shared_key_is_enough_to_wait() {
    let rows = [
        ("a b", "b c", true),
        ("a b", "b", true),
        ("a", "c b a", true),
        ("a a", "a", true),
        ("a b", "c d", false),
        ("a b", "ab", false),
    ];
    for source in Versions::both() {
        for (first, second, waits) in rows {
            let handler = HeldHandler::default();
            let service = ConditionalLayer::new(source.clone().named("tests"))
                .writes(policy())
                .layer(handler.clone());
            let mut first = send_by_hand(&service, keyed(first));
            let mut second = send_by_hand(&service, keyed(second));
            first.assert_waits();
            second.assert_waits();
            assert_eq!(handler.calls(), if waits { 1 } else { 2 });
            handler.answer(0, 204);
            assert_status(first.ready(), 204);
            second.assert_waits();
            assert_eq!(handler.calls(), 2);
        }
    }
}

/// Keys are taken in one order, whatever the order in the request: two transfers in opposite directions do not deadlock.
#[test]
fn reversed_keys_do_not_deadlock() {
    const ORDERS: [&str; 6] = ["a b c", "a c b", "b a c", "b c a", "c a b", "c b a"];
    for source in Versions::both() {
        for held in ["a", "b", "c"] {
            let handler = HeldHandler::default();
            let service = ConditionalLayer::new(source.clone().named("tests"))
                .writes(policy())
                .layer(handler.clone());
            // While one key is held, everybody else gets as far as they can.
            let mut holder = send_by_hand(&service, keyed(held));
            holder.assert_waits();
            let mut writers: Vec<_> = ORDERS
                .map(|keys| send_by_hand(&service, keyed(keys)))
                .into();
            for writer in &mut writers {
                writer.assert_waits();
            }
            handler.answer(0, 204);
            assert_status(holder.ready(), 204);
            for finished in 1..=writers.len() {
                for writer in &mut writers {
                    writer.assert_waits();
                }
                assert_eq!(handler.calls(), finished + 1, "{held} held: nobody gets in");
                handler.answer(finished, 204);
                writers.retain_mut(|writer| writer.poll().is_pending());
            }
        }
    }
}

/// Dropped with one of two keys taken: it gives that one back.
#[test]
fn dropped_between_two_keys() {
    for [free, held] in [["a", "b"], ["b", "a"]] {
        let handler = HeldHandler::default();
        let service = ConditionalLayer::new(Versions::at_once().named("tests"))
            .writes(policy())
            .layer(handler.clone());
        let mut holder = send_by_hand(&service, keyed(held));
        let mut both = send_by_hand(&service, keyed("a b"));
        holder.assert_waits();
        both.assert_waits();
        both.drop_future();
        let mut other = send_by_hand(&service, keyed(free));
        other.assert_waits();
        assert_eq!(handler.calls(), 2);
    }
}

/// `Router::nest` shortens the path that inner layers see. Two mounts of one route are two resources to their layers,
/// unless the kind of resource has a name; with it they meet under the id that the extractor reads.
#[tokio::test]
async fn two_mounts_of_one_kind_share_a_lock() {
    type Gate = Arc<(AtomicUsize, Notify)>;

    async fn save(State(gate): State<Gate>) -> StatusCode {
        gate.0.fetch_add(1, Ordering::SeqCst);
        gate.1.notified().await;
        StatusCode::NO_CONTENT
    }

    fn source() -> impl ValidatorSource<Resource = i64> {
        let version = async |_: i64, ()| Ok::<_, SourceError>(Found::version(1));
        extractor_source((), |Path(id): Path<i64>| id, version)
    }

    fn router(source: impl ValidatorSource, gate: &Gate) -> Router {
        let note = axum_put(save).route_layer(ConditionalLayer::new(source));
        Router::new()
            .route("/notes/{id}", note)
            .with_state(gate.clone())
    }

    let gate = Gate::default();
    let mounts = |v1: Router, v2: Router| Router::new().nest("/v1", v1).nest("/v2", v2);
    let apart = mounts(router(source(), &gate), router(source(), &gate));
    let together = mounts(
        router(source().named("mounts"), &gate),
        router(source().named("mounts"), &gate),
    );
    for (router, runs) in [(apart, 2), (together, 1)] {
        let before = gate.0.load(Ordering::SeqCst);
        let call = |path| Driven::new(router.clone().oneshot(put(path)));
        let (mut v1, mut v2) = (call("/v1/notes/7"), call("/v2/notes/7"));
        let (mut padded, mut encoded) = (call("/v1/notes/007"), call("/v2/notes/%37"));
        for write in [&mut v1, &mut v2, &mut padded, &mut encoded] {
            write.assert_waits();
        }
        assert_eq!(gate.0.load(Ordering::SeqCst) - before, runs);
    }
}

/// A lock that others share tells resources apart by their kind, so that the layer must have one.
#[test]
#[should_panic(expected = "ConditionalLayer::new(source.named(")]
fn a_shared_lock_needs_a_named_kind() {
    let policy = WritePolicy::optional().use_lock(InProcessLock::new());
    let _ = ConditionalLayer::new(Versions::at_once()).writes(policy);
}

/// The number of writes that wait for one resource is limited: the next one gets 503 at once, and delays nobody.
#[test]
fn the_number_of_waiters_has_a_limit() {
    let handler = HeldHandler::default();
    let service = ConditionalLayer::new(Versions::waiting())
        .writes(WritePolicy::optional().limit_waiters(2))
        .layer(handler.clone());
    let mut writers: Vec<_> = (0..3).map(|_| send_by_hand(&service, put("/a"))).collect();
    for writer in &mut writers {
        writer.assert_waits();
    }
    let refused = Answer::of(send_by_hand(&service, put("/a")).ready().unwrap());
    assert_eq!(
        (refused.status, refused.problem("reason")),
        (503, "lock".into())
    );
    assert_eq!(refused.field("retry-after"), Some("1"));
    let mut elsewhere = send_by_hand(&service, put("/b"));
    elsewhere.assert_waits();
    assert_eq!(handler.calls(), 2, "another resource is not concerned");

    // A place that is given up is free again.
    writers.pop().unwrap().drop_future();
    let mut next = send_by_hand(&service, put("/a"));
    next.assert_waits();
    handler.answer(0, 204);
    assert_status(writers.remove(0).ready(), 204);
    writers.remove(0).assert_waits();
    assert_eq!(handler.calls(), 3);
}

/// The limit that the pages name.
#[test]
fn by_default_4096_writes_may_wait() {
    let handler = HeldHandler::default();
    let service = ConditionalLayer::new(Versions::waiting()).layer(handler.clone());
    let mut writing = send_by_hand(&service, put("/a"));
    writing.assert_waits();
    let mut waiting: Vec<_> = (0..4096)
        .map(|_| send_by_hand(&service, put("/a")))
        .collect();
    for writer in &mut waiting {
        writer.assert_waits();
    }
    assert_status(send_by_hand(&service, put("/a")).ready(), 503);
    assert_eq!(handler.calls(), 1);
}

#[test]
fn a_lock_that_fails_is_503() {
    for source in Versions::both() {
        let tag = source.changed("/a");
        let handler = HeldHandler::default();
        let record = Record::default();
        let service = ConditionalLayer::new(source.named("tests"))
            .writes(WritePolicy::optional().use_lock(OutOfReach))
            .observe(record.hook())
            .layer(handler.clone());
        // Unconditional writes, too: without the lock the others' check is worth nothing.
        for write in [put("/a"), put_if_match("/a", &tag)] {
            let answer = Answer::of(send_by_hand(&service, write).ready().unwrap());
            assert_eq!(answer.status, 503);
            assert_eq!(answer.problem("reason"), "lock");
            assert_eq!(answer.problem("error"), "precondition_unavailable");
            assert_eq!(answer.field("retry-after"), Some("1"));
            assert_eq!(answer.field("cache-control"), Some("no-store"));
            let body = String::from_utf8(answer.body.to_vec()).unwrap();
            assert!(!body.contains("route"), "the client gets the error's text");
        }
        assert_eq!(handler.calls(), 0);
        let records = record.take_all();
        let errors = records.iter().map(|record| record.error.as_deref());
        assert_eq!(
            errors.collect::<Vec<_>>(),
            [Some("no route to the lock server"); 2]
        );

        // A stale write needs no lock to be refused, and a read none at all.
        let stale = request_to("PUT", "/a", &[("if-match", "\"stale\"")]);
        assert_status(send_by_hand(&service, stale).ready(), 412);
        let mut read = send_by_hand(&service, request_to("GET", "/a", &[]));
        read.assert_waits();
        assert_eq!(handler.calls(), 1);
    }
}

/// A lock of the user's own sees the bytes of the keys, and its guard is dropped after the handler.
#[test]
fn a_lock_of_the_users_own() {
    #[derive(Clone, Default)]
    struct Logging(Arc<std::sync::Mutex<Vec<String>>>, InProcessLock);

    struct Logged(
        Logging,
        String,
        #[expect(dead_code, reason = "held")] WriteGuard,
    );

    impl Drop for Logged {
        fn drop(&mut self) {
            self.0.0.lock().unwrap().push(format!("free {}", self.1));
        }
    }

    impl WriteLock for Logging {
        fn lock<'a>(
            &'a self,
            keys: &'a [WriteKey],
        ) -> Pin<Box<dyn Future<Output = Result<WriteGuard, BoxError>> + Send + 'a>> {
            Box::pin(async move {
                let guard = self.1.lock(keys).await?;
                let [key] = keys else {
                    return Err("one key was expected".into());
                };
                let key = key.as_bytes();
                // Each part has its length before it.
                let key = String::from_utf8(key[key.len() - "/notes/ab".len()..].to_vec())?;
                self.0.lock().unwrap().push(format!("lock {key}"));
                Ok(WriteGuard::new(Logged(self.clone(), key, guard)))
            })
        }
    }

    let lock = Logging::default();
    let handler = HeldHandler::default();
    let service = ConditionalLayer::new(Versions::at_once().named("tests"))
        .writes(WritePolicy::optional().use_lock(lock.clone()))
        .layer(handler.clone());
    let mut first = send_by_hand(&service, put("/notes/a%62/"));
    let mut second = send_by_hand(&service, put("/notes/ab"));
    first.assert_waits();
    second.assert_waits();
    assert_eq!(*lock.0.lock().unwrap(), ["lock /notes/ab"]);
    handler.answer(0, 204);
    assert_status(first.ready(), 204);
    second.assert_waits();
    let log = lock.0.lock().unwrap().clone();
    assert_eq!(log, ["lock /notes/ab", "free /notes/ab", "lock /notes/ab"]);
}
