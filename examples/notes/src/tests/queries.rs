//! What a request asks of the database, counted by SQLite itself.

use std::time::Duration;

use test_support::{ask, figure, request, tag_of};
use tokio::time::timeout;

use super::{Notes, draft};
use crate::store::lock;

/// Nothing here takes long; what hangs shall fail.
const PATIENCE: Duration = Duration::from_secs(60);

const LOOK_UP: &str = "SELECT id,";

/// The swap in the store.
const SAVE: [&str; 4] = [
    "BEGIN IMMEDIATE",
    "UPDATE counter",
    "UPDATE notes",
    "COMMIT",
];

async fn with_a_note() -> (Notes, String) {
    let notes = Notes::new();
    let create = [("if-none-match", "*")];
    notes.send("PUT", "/notes/1", &create, draft("one")).await;
    let tag = tag_of(&notes.send("GET", "/notes/1", &[], "").await);
    notes.statements();
    (notes, tag)
}

#[tokio::test]
async fn read_is_one_query() {
    let (notes, tag) = with_a_note().await;
    let other = "\"other\"";
    let rows = [
        ("GET", "/notes/1", None, 200),
        ("GET", "/notes/1", Some(other), 200),
        ("GET", "/notes/1", Some(&tag), 304),
        ("HEAD", "/notes/1", None, 200),
        ("GET", "/notes/9", None, 404),
        ("GET", "/notes/9", Some(other), 404),
    ];
    for (method, path, known, status) in rows {
        let fields: Vec<_> = known.iter().map(|tag| ("if-none-match", *tag)).collect();
        let read = notes.send(method, path, &fields, "").await;
        assert_eq!(read.status(), status, "{method} {path} {known:?}");
        let statements = notes.statements();
        assert_eq!(statements, [LOOK_UP], "{method} {path} {known:?}");
        if (method, path) == ("GET", "/notes/1") && known.is_some() {
            reads(&format!("GET {status}"), &statements, "1");
        }
    }
}

#[tokio::test]
async fn save_is_one_look_up_and_its_own_statements() {
    let (notes, tag) = with_a_note().await;
    let guard = [("if-match", tag.as_str())];
    let saved = notes.send("PUT", "/notes/1", &guard, draft("two")).await;
    assert_eq!(saved.status(), 200);
    let statements = notes.statements();
    assert_eq!(statements, [&[LOOK_UP], &SAVE[..]].concat());
    reads("PUT 200", &statements, "1");

    let stale = notes.send("PUT", "/notes/1", &guard, draft("three")).await;
    assert_eq!(stale.status(), 412);
    assert_eq!(notes.statements(), [LOOK_UP]);
}

/// A writer that finds the lock taken is evaluated before it waits, and once more under the lock.
#[expect(
    clippy::await_holding_lock,
    reason = "the writers wait for it on threads of their own"
)]
#[tokio::test]
async fn save_that_waits_is_two_look_ups() {
    let (notes, tag) = with_a_note().await;
    let put = |tag: &str| {
        let save = request("PUT", "/notes/1", &[("if-match", tag)], draft("two"));
        tokio::spawn(ask(notes.router.clone(), save))
    };
    let [_, writer] = notes.store.connections();
    let others = lock(writer);
    let first = put(&tag);
    until_begun(&notes, 1).await;
    // The first one has the lock, and cannot write yet.
    let second = put("*");
    until_begun(&notes, 2).await;
    drop(others);

    let answers = [first.await.unwrap(), second.await.unwrap()];
    assert_eq!(answers.map(|answer| answer.status()), [200, 200]);
    let statements = notes.statements();
    assert_eq!(count(&statements, LOOK_UP), 1 + 2, "{statements:?}");
    assert_eq!(count(&statements, SAVE[0]), 2, "{statements:?}");
    reads("a PUT 200, and one that waited", &statements, "1 + 2");
}

async fn until_begun(notes: &Notes, look_ups: usize) {
    let asking = async {
        while notes.statements.lock().unwrap().len() < look_ups {
            tokio::task::yield_now().await;
        }
    };
    timeout(PATIENCE, asking).await.expect("it is so in time");
}

/// The figure of these requests.
fn reads(requests: &str, statements: &[String], wanted: &str) {
    let name = format!("reads of the database: notes, {requests}");
    let of = "SQLite's trace";
    figure(name, count(statements, LOOK_UP), of, wanted);
}

fn count(statements: &[String], beginning: &str) -> usize {
    statements.iter().filter(|sql| *sql == beginning).count()
}

/// The list states the version that it was read in, so that only a conditional read asks for that as well.
#[tokio::test]
async fn list_is_read_once() {
    const LIST: [&str; 4] = ["BEGIN DEFERRED", "SELECT version", LOOK_UP, "ROLLBACK"];
    let (notes, _) = with_a_note().await;
    let read = notes.send("GET", "/notes", &[], "").await;
    assert_eq!(notes.statements(), LIST);
    let known = [("if-none-match", &*tag_of(&read))];
    let unchanged = notes.send("GET", "/notes", &known, "").await;
    assert_eq!(unchanged.status(), 304);
    assert_eq!(notes.statements(), ["SELECT version"]);
    let other = [("if-none-match", "\"n1.0\"")];
    let changed = notes.send("GET", "/notes", &other, "").await;
    assert_eq!(changed.status(), 200);
    assert_eq!(
        notes.statements(),
        [&["SELECT version"], &LIST[..]].concat()
    );
}
