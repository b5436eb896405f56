//! All spellings of an id are one to-do: of two writers with one tag, one wins; and nobody waits for ever.

use std::future::pending;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::{
    Router,
    extract::Request,
    middleware::{Next, from_fn},
    response::Response,
};
use example_support::{PATIENCE, in_time};
use futures_util::poll;
use test_support::{
    Spellings, StalledBody, ask, both_at_once, each_had_one_winner, quick_or_full, request, tag_of,
    winners,
};
use tokio::{
    task::yield_now,
    time::{Instant, sleep, timeout},
};
use tower::ServiceExt;

use crate::{protected, protected_each, todos};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_of_two_writers_wins_however_they_spell_the_id() {
    one_wins("wrap_router", protected(slow_todos())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_of_two_writers_wins_where_each_to_do_has_a_lock() {
    one_wins("wrap_router --lock-each", protected_each(slow_todos())).await;
}

/// Between what the probe has read and what the handler writes, everybody else has a turn.
fn slow_todos() -> Router {
    todos::router().layer(from_fn(after_the_others))
}

async fn after_the_others(request: Request, next: Next) -> Response {
    for _ in 0..4 {
        yield_now().await;
    }
    next.run(request).await
}

async fn one_wins(name: &str, router: Router) {
    let mut spellings = Spellings::new(1);
    let ids = quick_or_full(50, 5_000);
    for id in 1..=ids as u64 {
        let create = ("if-none-match", "*");
        let created = race(&router, &mut spellings, id, create, "first").await;
        assert_eq!(created, 1, "creations of {id}");

        let read = request("GET", &format!("/todos/{id}"), &[], "");
        let tag = tag_of(&ask(router.clone(), read).await);
        let saved = race(&router, &mut spellings, id, ("if-match", &tag), "next").await;
        assert_eq!(saved, 1, "saves of {id}");
    }
    each_had_one_winner(name, 2 * ids);
}

async fn race(
    router: &Router,
    spellings: &mut Spellings,
    id: u64,
    guard: (&str, &str),
    text: &str,
) -> usize {
    let mut put = |writer| {
        let path = format!("/todos/{}", spellings.of_number(id));
        let fields = [JSON, guard];
        let body = format!(r#"{{"text":"{text}, by {writer}"}}"#);
        request("PUT", &path, &fields, body)
    };
    winners(&both_at_once(router, [put("one"), put("two")]).await)
}

const JSON: (&str, &str) = ("content-type", "application/json");
const MILK: &str = r#"{"text":"milk"}"#;

/// The lock of all is not that of a client that does not send what it has promised.
#[tokio::test(start_paused = true)]
async fn stalled_body_holds_nobody_up() {
    let router = protected(todos::router());
    let fields = [JSON, ("if-none-match", "*")];
    let put = request("PUT", "/todos/1", &fields, "").map(|_| StalledBody(100));
    let mut stalled = router.clone().oneshot(put);
    assert!(poll!(&mut stalled).is_pending());

    let save = ask(router, request("PUT", "/todos/1", &fields, MILK));
    let saved = timeout(PATIENCE, save).await.expect("not held up");
    assert_eq!(saved.status(), 201);
    assert!(poll!(&mut stalled).is_pending());
}

#[tokio::test(start_paused = true)]
async fn handler_that_hangs_is_waited_for_for_a_limited_time() {
    let router = todos::router().layer(from_fn(hang_on_the_first_write));
    let router = in_time(protected(router));
    let put = |path| {
        let fields = [JSON, ("if-none-match", "*")];
        ask(router.clone(), request("PUT", path, &fields, MILK))
    };
    let start = Instant::now();
    let waits = async {
        sleep(PATIENCE / 2).await;
        put("/todos/2").await
    };
    let both = async { tokio::join!(put("/todos/1"), waits) };
    let (hangs, waits) = timeout(2 * PATIENCE, both).await.expect("an end");
    assert_eq!(hangs.status(), 503);
    assert_eq!(waits.status(), 201, "the lock is free again");
    assert!(start.elapsed() >= PATIENCE, "it was held");
}

async fn hang_on_the_first_write(request: Request, next: Next) -> Response {
    static HAS_HUNG: AtomicBool = AtomicBool::new(false);

    if request.method() == "PUT" && !HAS_HUNG.swap(true, Ordering::Relaxed) {
        pending::<()>().await;
    }
    next.run(request).await
}
