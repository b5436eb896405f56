//! Nobody waits for ever for a client that does not send the note that it has promised.

use example_support::PATIENCE;
use test_support::{StalledBody, request, tag_of};
use tokio::time::{Instant, sleep, timeout};
use tower::ServiceExt;

use super::{Notes, draft};

/// Longer than what is collected: it is read under the lock.
const LONG: u64 = 300 * 1024;

#[tokio::test(start_paused = true)]
async fn stalled_long_note_holds_the_others_up_for_a_limited_time() {
    let notes = Notes::new();
    let create = [("if-none-match", "*")];
    notes.send("PUT", "/notes/1", &create, draft("one")).await;
    let tag = tag_of(&notes.send("GET", "/notes/1", &[], "").await);
    let guard = [("if-match", tag.as_str())];

    let start = Instant::now();
    let stalled = request("PUT", "/notes/1", &guard, "").map(|_| StalledBody(LONG));
    let stalled = notes.router.clone().oneshot(stalled);
    let waiting = async {
        sleep(PATIENCE / 2).await;
        notes.send("PUT", "/notes/1", &guard, draft("two")).await
    };
    let both = async { tokio::join!(stalled, waiting) };
    let (stalled, waiting) = timeout(2 * PATIENCE, both).await.expect("an end");
    assert_eq!(stalled.unwrap().status(), 503);
    assert_eq!(waiting.status(), 200, "the lock is free again");
    assert!(start.elapsed() >= PATIENCE, "it was held");
}
