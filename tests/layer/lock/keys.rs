//! What the lock is taken for, and locks of the user's own.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::routing::put as axum_put;
use http::request::Parts;
use http::{Request, StatusCode};
use tokio::sync::Notify;
use tower::{Layer, ServiceExt as _};
use tower_conditional::{
    BoxError, ConditionalLayer, InProcessLock, Reason, WriteGuard, WriteKey, WriteLock, WritePolicy,
};

use crate::support::source::Versions;
use crate::support::{
    Answer, Driven, HeldHandler, Record, assert_status, put, put_if_match, request_to, send_by_hand,
};

/// The keys that a request names in a field: `x-keys: a b`.
fn keys_of(head: &Parts) -> Vec<WriteKey<'static>> {
    let keys = head.headers["x-keys"].to_str().unwrap().split(' ');
    keys.map(|key| key.to_owned().into()).collect()
}

fn keyed(keys: &str) -> Request<Body> {
    request_to("PUT", "/a", &[("x-keys", keys)])
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
            let service = ConditionalLayer::new(source.clone())
                .writes(WritePolicy::optional().keys(keys_of))
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

/// Transfers to and fro: keys are taken in one order, whatever order the request names them in.
#[test]
fn reversed_keys_do_not_deadlock() {
    const ORDERS: [&str; 6] = ["a b c", "a c b", "b a c", "b c a", "c a b", "c b a"];
    for source in Versions::both() {
        for held in ["a", "b", "c"] {
            let handler = HeldHandler::default();
            let service = ConditionalLayer::new(source.clone())
                .writes(WritePolicy::optional().keys(keys_of))
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
        let service = ConditionalLayer::new(Versions::at_once())
            .writes(WritePolicy::optional().keys(keys_of))
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

/// `Router::nest` shortens the path that inner layers see: two mounts of one router are two targets, unless the
/// application says otherwise.
#[tokio::test]
async fn the_original_path_under_nest() {
    type Gate = Arc<(AtomicUsize, Notify)>;

    async fn save(State(gate): State<Gate>) -> StatusCode {
        gate.0.fetch_add(1, Ordering::SeqCst);
        gate.1.notified().await;
        StatusCode::NO_CONTENT
    }

    let inside_as_seen = WritePolicy::optional();
    let original = WritePolicy::optional().keys(tower_conditional::axum::original_path);
    for (policy, apart) in [(inside_as_seen, false), (original, true)] {
        let gate = Gate::default();
        let layer = ConditionalLayer::new(Versions::at_once()).writes(policy);
        let notes = Router::new()
            .route("/{id}", axum_put(save).layer(layer))
            .with_state(gate.clone());
        let router = Router::new()
            .nest("/here/notes", notes.clone())
            .nest("/there/notes", notes);
        let call = |path| Driven::new(router.clone().oneshot(put(path)));
        let (mut here, mut there) = (call("/here/notes/7"), call("/there/notes/7"));
        let mut again = call("/here/notes/%37");
        here.assert_waits();
        there.assert_waits();
        again.assert_waits();
        let running = gate.0.load(Ordering::SeqCst);
        assert_eq!(running, if apart { 2 } else { 1 });
    }
}

/// No key is not "no lock": that would let every writer through unguarded.
#[test]
fn a_key_function_that_names_nothing_is_503() {
    for source in Versions::both() {
        let tag = source.changed("/a");
        let handler = HeldHandler::default();
        let record = Record::default();
        let layer = ConditionalLayer::new(source)
            .writes(WritePolicy::optional().keys(|_| Vec::new()))
            .observe(record.hook());
        // An outer layer that holds the lock does not make up for the inner one's keys.
        let outer = ConditionalLayer::new(Versions::at_once());
        for write in [put("/a"), put_if_match("/a", &tag)] {
            let answer = Answer::of(
                send_by_hand(&layer.layer(handler.clone()), write)
                    .ready()
                    .unwrap(),
            );
            assert_eq!(answer.status, 503);
            assert_eq!(answer.problem("reason"), "lock");
            assert_eq!(answer.problem("error"), "precondition_unavailable");
        }
        let nested = outer.layer(layer.layer(handler.clone()));
        assert_status(send_by_hand(&nested, put("/a")).ready(), 503);
        assert_eq!(handler.calls(), 0);
        let records = record.take_all();
        for record in &records {
            assert_eq!(record.reason, Some(Reason::Lock));
            let error = record.error.as_deref().unwrap_or_default();
            assert!(error.contains("WritePolicy::keys"), "{error}");
        }
        assert_eq!(records.len(), 3);
    }
}

/// A lock that lives elsewhere, and may be out of reach.
struct OutOfReach;

impl WriteLock for OutOfReach {
    fn lock<'a>(
        &'a self,
        _: &'a [WriteKey<'a>],
    ) -> Pin<Box<dyn Future<Output = Result<WriteGuard, BoxError>> + Send + 'a>> {
        Box::pin(async { Err("no route to the lock server".into()) })
    }
}

#[test]
fn a_lock_that_fails_is_503() {
    for source in Versions::both() {
        let tag = source.changed("/a");
        let handler = HeldHandler::default();
        let record = Record::default();
        let service = ConditionalLayer::new(source)
            .writes(WritePolicy::optional().lock(OutOfReach))
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

/// A lock of the user's own sees the octets of the keys, and its guard is dropped after the handler.
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
            keys: &'a [WriteKey<'a>],
        ) -> Pin<Box<dyn Future<Output = Result<WriteGuard, BoxError>> + Send + 'a>> {
            Box::pin(async move {
                let guard = self.1.lock(keys).await?;
                let [key] = keys else {
                    return Err("one key was expected".into());
                };
                let key = String::from_utf8(key.as_bytes().to_vec())?;
                self.0.lock().unwrap().push(format!("lock {key}"));
                Ok(WriteGuard::new(Logged(self.clone(), key, guard)))
            })
        }
    }

    let lock = Logging::default();
    let handler = HeldHandler::default();
    let service = ConditionalLayer::new(Versions::at_once())
        .writes(WritePolicy::optional().lock(lock.clone()))
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
