//! A layer around a layer: the inner one must not wait for its own request.

use axum::body::Body;
use http::{Request, Response};
use tower::{Layer, Service};
use tower_conditional::layer::CollectBody;
use tower_conditional::lock::{InProcessLock, WriteGuard, WriteKey, WriteLock};
use tower_conditional::source::Named;
use tower_conditional::{BoxError, ConditionalLayer, ValidatorSource, WritePolicy};

use crate::support::source::Versions;
use crate::support::{Broken, HeldHandler, assert_status, put, request_with, send_by_hand};

/// A write gets through all layers, and another one to the same target only after it.
#[track_caller]
fn assert_one_at_a_time<S, B>(case: &str, service: &S, handler: &HeldHandler)
where
    S: Service<Request<Body>, Response = Response<B>, Error = Broken> + Clone,
{
    let with_body = || request_with("PUT", "/a", &[], Body::from("small"));
    let before = handler.calls();
    let mut first = send_by_hand(service, with_body());
    let mut second = send_by_hand(service, with_body());
    first.assert_waits();
    assert_eq!(handler.calls(), before + 1, "{case}: it waits for itself");
    second.assert_waits();
    assert_eq!(handler.calls(), before + 1, "{case}: two at a time");
    handler.answer(before, 204);
    assert_status(first.ready(), 204);
    second.assert_waits();
    assert_eq!(
        handler.calls(),
        before + 2,
        "{case}: the lock is never free"
    );
    handler.answer(before + 1, 204);
    assert_status(second.ready(), 204);
}

fn nested<V, W, C, D>(case: &str, outer: &ConditionalLayer<V, C>, inner: &ConditionalLayer<W, D>)
where
    V: ValidatorSource,
    W: ValidatorSource,
    C: CollectBody<Body>,
    D: CollectBody<Body>,
{
    let handler = HeldHandler::default();
    let service = outer.layer(inner.layer(handler.clone()));
    assert_one_at_a_time(case, &service, &handler);
}

fn with(source: &Versions, policy: WritePolicy) -> ConditionalLayer<Named<Versions>> {
    ConditionalLayer::new(source.clone().named("tests")).writes(policy)
}

fn keyed(policy: &WritePolicy, keys: &'static [&'static str]) -> WritePolicy {
    let keys: Vec<_> = keys.iter().map(|key| WriteKey::new("tests", key)).collect();
    policy.clone().lock_also(move |_| keys.clone())
}

#[test]
fn two_layers() {
    for source in Versions::both() {
        let plain = ConditionalLayer::new(source.clone());
        let collecting = plain.clone().collect_bodies(100, Body::new);
        nested("a clone", &plain, &plain);
        nested("collecting outside", &collecting, &plain);
        nested("collecting inside", &plain, &collecting);
        nested("collecting twice", &collecting, &collecting);
        nested("locks of their own", &plain, &ConditionalLayer::new(source));
    }
}

/// One lock, and other keys in the inner layer: it takes them, and does not wait for those that the outer layer holds.
#[test]
fn two_layers_with_one_lock_and_their_own_keys() {
    let policy = WritePolicy::optional().use_lock(InProcessLock::new());
    let rows: [(&str, &'static [&str], &'static [&str]); 5] = [
        ("the same key", &["k"], &["k"]),
        ("another key", &["k"], &["l"]),
        ("fewer keys", &["k", "l"], &["l"]),
        ("keys in another order", &["k", "l"], &["l", "k"]),
        ("one key more", &["k"], &["k", "l"]),
    ];
    for source in Versions::both() {
        for (case, outer, inner) in rows {
            let outer = with(&source, keyed(&policy, outer));
            let inner = with(&source, keyed(&policy, inner));
            nested(case, &outer, &inner);
        }
    }
}

/// An inner layer with a lock of its own takes it even if the outer layer holds that key of another lock: a write that
/// comes through the inner layer alone takes only the inner lock.
#[test]
fn an_inner_layer_with_a_lock_of_its_own_takes_it() {
    for source in Versions::both() {
        let handler = HeldHandler::default();
        let own = || WritePolicy::optional().use_lock(InProcessLock::new());
        let outer = with(&source, own());
        let inner = with(&source, own()).layer(handler.clone());
        let mut by_both = send_by_hand(&outer.layer(inner.clone()), put("/a"));
        by_both.assert_waits();
        assert_eq!(handler.calls(), 1);

        let mut by_the_inner = send_by_hand(&inner, put("/a"));
        by_the_inner.assert_waits();
        assert_eq!(handler.calls(), 1, "the inner lock was not taken");
        let mut elsewhere = send_by_hand(&inner, put("/b"));
        elsewhere.assert_waits();
        assert_eq!(handler.calls(), 2, "another resource has to wait");

        handler.answer(0, 204);
        assert_status(by_both.ready(), 204);
        by_the_inner.assert_waits();
        assert_eq!(handler.calls(), 3, "the inner lock is never free");
    }
}

/// The lock is the same if it was given to both: it need not come by way of a cloned policy.
#[test]
fn one_lock_given_to_two_layers() {
    let in_process = InProcessLock::new();
    let custom = Forwarding(InProcessLock::new());
    for source in Versions::both() {
        let policy = || WritePolicy::optional().use_lock(in_process.clone());
        nested(
            "InProcessLock",
            &with(&source, policy()),
            &with(&source, policy()),
        );
        let policy = || WritePolicy::optional().use_lock(custom.clone());
        nested(
            "a lock of the user's",
            &with(&source, policy()),
            &with(&source, policy()),
        );
    }
}

/// A lock of the user's, whose clones are one lock.
#[derive(Clone)]
struct Forwarding(InProcessLock);

impl WriteLock for Forwarding {
    fn identity(&self) -> usize {
        self.0.identity()
    }

    fn lock<'a>(
        &'a self,
        keys: &'a [WriteKey],
    ) -> std::pin::Pin<
        Box<dyn std::future::Future<Output = Result<WriteGuard, BoxError>> + Send + 'a>,
    > {
        self.0.lock(keys)
    }
}

/// The innermost layer remembers what the outermost holds, whatever is in between.
#[test]
fn three_layers() {
    for source in Versions::both() {
        let handler = HeldHandler::default();
        let layer = ConditionalLayer::new(source.clone());
        let other = ConditionalLayer::new(source.clone());
        let collecting = layer.clone().collect_bodies(100, Body::new);
        let unlocked = with(&source, WritePolicy::optional().skip_lock());

        let service = layer.layer(layer.layer(layer.layer(handler.clone())));
        assert_one_at_a_time("the same thrice", &service, &handler);
        let service = layer.layer(other.layer(layer.layer(handler.clone())));
        assert_one_at_a_time("another in between", &service, &handler);
        let service = layer.layer(unlocked.layer(layer.layer(handler.clone())));
        assert_one_at_a_time("none in between", &service, &handler);
        let service = collecting.layer(other.layer(collecting.layer(handler.clone())));
        assert_one_at_a_time("collecting", &service, &handler);
    }
}

/// A write that its inner layer refuses gives back what the outer one holds.
#[test]
fn refused_by_the_inner_layer() {
    for source in Versions::both() {
        let handler = HeldHandler::default();
        let layer = ConditionalLayer::new(source);
        let service = layer
            .clone()
            .layer(layer.writes(WritePolicy::required()).layer(handler.clone()));
        assert_status(send_by_hand(&service, put("/a")).ready(), 428);
        assert_status(send_by_hand(&service, put("/a")).ready(), 428);
        assert_eq!(handler.calls(), 0);
    }
}
