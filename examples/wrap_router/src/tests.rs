//! All spellings of an id are one to-do: of two writers with one tag, one wins.

use axum::{
    Router,
    extract::Request,
    middleware::{Next, from_fn},
    response::Response,
};
use test_support::{Spellings, ask, both_at_once, quick_or_full, request, tag_of, winners};

use tokio::task::yield_now;

use crate::{protected, protected_each, todos};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_of_two_writers_wins_however_they_spell_the_id() {
    one_wins(protected(slow_todos())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_of_two_writers_wins_where_each_to_do_has_a_lock() {
    one_wins(protected_each(slow_todos())).await;
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

async fn one_wins(router: Router) {
    let mut spellings = Spellings::new(1);
    for id in 1..=quick_or_full(50, 5_000) as u64 {
        let create = ("if-none-match", "*");
        let created = race(&router, &mut spellings, id, create, "first").await;
        assert_eq!(created, 1, "creations of {id}");

        let read = request("GET", &format!("/todos/{id}"), &[], "");
        let tag = tag_of(&ask(router.clone(), read).await);
        let saved = race(&router, &mut spellings, id, ("if-match", &tag), "next").await;
        assert_eq!(saved, 1, "saves of {id}");
    }
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
        let fields = [("content-type", "application/json"), guard];
        let body = format!(r#"{{"text":"{text}, by {writer}"}}"#);
        request("PUT", &path, &fields, body)
    };
    winners(&both_at_once(router, [put("one"), put("two")]).await)
}
