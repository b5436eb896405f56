//! Every way in which a write can end frees its lock.

use std::panic::{AssertUnwindSafe, catch_unwind};

use axum::body::Body;
use http::{Request, Response};
use tower::{Layer, Service};
use tower_conditional::lock::{InProcessLock, WriteKey, WriteLock};
use tower_conditional::{ConditionalLayer, EntityTag, ValidatorSource, WritePolicy};

use crate::support::source::Versions;
use crate::support::{
    Broken, HeldHandler, arriving_body, assert_refused, assert_status, put, put_if_match,
    request_with, send_by_hand,
};
use crate::support::{Counter, source};

/// The lock of `/a` is free: a write gets to its handler at once, and from there to its answer.
#[track_caller]
fn assert_free<S, B>(service: &S, handler: &HeldHandler)
where
    S: Service<Request<Body>, Response = Response<B>, Error = Broken> + Clone,
{
    let call = handler.calls();
    let mut next = send_by_hand(service, put("/a"));
    next.assert_waits();
    assert_eq!(handler.calls(), call + 1, "the lock is still held");
    handler.answer(call, 204);
    assert_status(next.ready(), 204);
}

#[test]
fn an_answer_of_any_status_frees_the_lock() {
    for source in Versions::both() {
        let handler = HeldHandler::default();
        let service = ConditionalLayer::new(source).layer(handler.clone());
        for (call, status) in [200, 204, 404, 409, 500].into_iter().enumerate() {
            let mut writer = send_by_hand(&service, put("/a"));
            writer.assert_waits();
            handler.answer(call, status);
            assert_status(writer.ready(), status);
        }
        assert_free(&service, &handler);
    }
}

/// Also while the future that has answered, and the response with its body, are still there.
#[test]
fn the_lock_ends_with_the_response_head() {
    for source in Versions::both() {
        let handler = HeldHandler::default();
        let service = ConditionalLayer::new(source).layer(handler.clone());
        let mut writer = send_by_hand(&service, put("/a"));
        writer.assert_waits();
        let (_sender, body) = arriving_body(None);
        handler.take(0).answer(Ok(Response::new(body)));
        let _response = writer.ready().unwrap();
        assert_free(&service, &handler);
    }
}

#[test]
fn an_error_frees_the_lock() {
    for source in Versions::both() {
        let handler = HeldHandler::default();
        let service = ConditionalLayer::new(source).layer(handler.clone());
        let mut writer = crate::support::start(&service, put("/a"));
        writer.assert_waits();
        handler.take(0).answer(Err(Broken("failed")));
        assert_eq!(writer.ready().unwrap_err(), Broken("failed"));
        // Its future is still there.
        assert_free(&service, &handler);
    }
}

#[test]
fn a_panic_frees_the_lock_and_poisons_nothing() {
    for source in Versions::both() {
        let handler = HeldHandler::default();
        let layer = ConditionalLayer::new(source);
        let service = layer.layer(handler.clone());
        let panicking = layer.layer(tower::service_fn(async |request: Request<Body>| {
            if request.method() == "PUT" {
                panic!("on purpose");
            }
            Ok::<_, Broken>(Response::new(Body::empty()))
        }));
        let mut writer = send_by_hand(&panicking, put("/a"));
        let panicked = catch_unwind(AssertUnwindSafe(|| writer.poll()));
        assert!(panicked.is_err());
        drop(writer);
        assert_free(&service, &handler);
    }
}

/// A handler may also panic before it has a future.
#[test]
fn a_panic_in_call_frees_the_lock() {
    for source in Versions::both() {
        let handler = HeldHandler::default();
        let layer = ConditionalLayer::new(source);
        let service = layer.layer(handler.clone());
        let panicking = layer.layer(tower::service_fn(
            |_: Request<Body>| -> std::future::Ready<Result<Response<Body>, Broken>> {
                panic!("on purpose")
            },
        ));
        let panicked = catch_unwind(AssertUnwindSafe(|| {
            send_by_hand(&panicking, put("/a")).poll()
        }));
        assert!(panicked.is_err());
        assert_free(&service, &handler);
    }
}

/// Dropped while the handler runs: it stops, and the next waiter gets the lock.
#[test]
fn dropped_while_running() {
    for source in Versions::both() {
        let handler = HeldHandler::default();
        let service = ConditionalLayer::new(source).layer(handler.clone());
        let mut writer = send_by_hand(&service, put("/a"));
        let mut next = send_by_hand(&service, put("/a"));
        writer.assert_waits();
        next.assert_waits();
        let before = next.wakes();
        writer.drop_future();
        assert_eq!(next.wakes(), before + 1);
        next.assert_waits();
        assert_eq!(handler.calls(), 2);
        handler.answer(1, 204);
        assert_status(next.ready(), 204);
        assert_free(&service, &handler);
    }
}

/// Dropped anywhere in the queue: at its front, in its middle, at its end.
#[test]
fn dropped_while_waiting() {
    for dropped in 1..=3 {
        for source in Versions::both() {
            let handler = HeldHandler::default();
            let service = ConditionalLayer::new(source).layer(handler.clone());
            let mut writers: Vec<_> = (0..4).map(|_| send_by_hand(&service, put("/a"))).collect();
            for writer in &mut writers {
                writer.assert_waits();
            }
            writers.remove(dropped).drop_future();
            for (turn, writer) in writers.iter_mut().enumerate() {
                writer.assert_waits();
                handler.answer(turn, 204);
                assert_status(writer.ready(), 204);
            }
            assert_eq!(handler.calls(), 3);
            assert_free(&service, &handler);
        }
    }
}

/// Dropped after it was woken and before it took the lock: the next waiter gets it.
#[test]
fn dropped_after_it_was_woken() {
    for source in Versions::both() {
        let handler = HeldHandler::default();
        let service = ConditionalLayer::new(source).layer(handler.clone());
        let mut writers: Vec<_> = (0..3).map(|_| send_by_hand(&service, put("/a"))).collect();
        for writer in &mut writers {
            writer.assert_waits();
        }
        let before = writers[1].wakes();
        handler.answer(0, 204);
        assert_status(writers[0].ready(), 204);
        assert_eq!(writers[1].wakes(), before + 1);
        writers[1].drop_future();
        writers[2].assert_waits();
        assert_eq!(handler.calls(), 2);
        handler.answer(1, 204);
        assert_status(writers[2].ready(), 204);
        assert_free(&service, &handler);
    }
}

/// Dropped while the state is looked up under the lock, and before anything was polled.
#[test]
fn dropped_before_the_handler_runs() {
    let handler = HeldHandler::default();
    let service = ConditionalLayer::new(source::hanging()).layer(handler.clone());
    let mut writer = send_by_hand(&service, put("/a"));
    writer.assert_waits();
    let mut waiting = send_by_hand(&service, put("/a"));
    waiting.assert_waits();
    waiting.drop_future();
    writer.drop_future();
    let unpolled = crate::support::start(&service, put("/a"));
    drop(unpolled);
    assert_eq!(handler.calls(), 0);
    let mut other = crate::support::start(&service, put("/b"));
    other.assert_waits();

    // The same with a look-up that ends.
    for source in Versions::both() {
        let service = ConditionalLayer::new(source).layer(handler.clone());
        drop(crate::support::start(&service, put("/a")));
        assert_free(&service, &handler);
    }
}

/// Refused under the lock, refused by the source, or the source failed: nothing stays behind.
#[test]
fn a_refusal_frees_the_lock() {
    for source in Versions::both() {
        let tag = source.changed("/a");
        let handler = HeldHandler::default();
        let service = ConditionalLayer::new(source.clone()).layer(handler.clone());
        source.changed("/a");
        assert_refused(
            send_by_hand(&service, put_if_match("/a", &tag)).ready(),
            412,
            "stale",
        );
        assert_free(&service, &handler);
    }
}

/// The answer to a refusal may take long: the next writer does not wait for it.
#[test]
fn a_refusal_is_answered_without_the_lock() {
    for source in Versions::both() {
        let tag = source.changed("/a");
        source.changed("/a");
        assert_answered_without_the_lock(source, &tag, 412, "stale");
    }
    let tag = EntityTag::from_version(1);
    assert_answered_without_the_lock(source::failing("down"), &tag, 503, "source");
}

#[track_caller]
fn assert_answered_without_the_lock(
    source: impl ValidatorSource,
    tag: &EntityTag,
    status: u16,
    reason: &str,
) {
    let lock = InProcessLock::new();
    let policy = WritePolicy::optional().use_lock(lock.clone());
    let answered = Counter::default();
    let count = answered.clone();
    let layer = ConditionalLayer::new(source.named("tests"))
        .writes(policy)
        .observe(move |_| {
            let free = lock.try_lock(&[WriteKey::new("tests", &"/a")]);
            assert!(free.is_some(), "answered under the lock");
            count.count();
        });
    let mut writer = send_by_hand(
        &layer.layer(HeldHandler::default()),
        put_if_match("/a", tag),
    );
    assert_refused(writer.ready(), status, reason);
    assert_eq!(answered.get(), 1);
}

/// A client that hangs up in the middle of its body, while the body is collected and while the handler reads it.
#[test]
fn dropped_with_half_a_body() {
    for source in Versions::both() {
        let handler = HeldHandler::default();
        let service = ConditionalLayer::new(source)
            .collect_bodies(100, Body::new)
            .layer(handler.clone());
        for expected in [Some(10), Some(1000)] {
            let (sender, body) = arriving_body(expected);
            let mut writer = send_by_hand(&service, request_with("PUT", "/a", &[], body));
            sender.data("half");
            writer.assert_waits();
            writer.drop_future();
            assert_free(&service, &handler);
        }
    }
}
