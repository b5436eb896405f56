//! The write lock by itself, and how often waiting writers are woken.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use tower_conditional::BoxError;
use tower_conditional::lock::{InProcessLock, WriteGuard, WriteKey, WriteLock};

use crate::meter::{Meter, Row};

pub(super) fn rows(meter: &mut impl Meter) {
    let lock = InProcessLock::new();
    let key = [WriteKey::new("", &"/notes/1")];
    meter.row(Row::new("lock free"), || (), |()| lock.try_lock(&key));

    contended(meter, "lock 2 writers", 2);
    contended(meter, "lock 16 writers", 16);
    contended(meter, "lock 256 writers", 256);
    unrelated(meter, "lock 10 000 keys");
    among_others(meter, "lock 2 writers on 10 000 keys", 2);
    among_others(meter, "lock 16 writers on 10 000 keys", 16);
    among_others(meter, "lock 256 writers on 10 000 keys", 256);
}

type Waiting<'l> = Pin<Box<dyn Future<Output = Result<WriteGuard, BoxError>> + Send + 'l>>;

/// All writers want one key at once; each takes the lock and releases it.
fn contended(meter: &mut impl Meter, name: &'static str, writers: usize) {
    let lock = InProcessLock::new();
    let key = [WriteKey::new("", &"/notes/1")];
    let all_take_turns = |()| {
        let wakes = Arc::new(Wakes::default());
        let waker = Waker::from(wakes.clone());
        let mut line: Vec<Waiting<'_>> = (0..writers).map(|_| lock.lock(&key)).collect();
        let mut turn = None;
        for writer in &mut line {
            turn = turn.or(poll(writer, &waker));
        }
        for writer in &mut line[1..] {
            turn.take();
            turn = poll(writer, &waker);
            assert!(turn.is_some(), "the next in line was called");
        }
        wakes.0.load(Ordering::Relaxed)
    };
    meter.row(Row::new(name).times(5), || (), all_take_turns);
    // The first never waits: one wake-up for every other.
    meter.count(
        name,
        "wake-ups beyond one a turn",
        all_take_turns(()) + 1 - writers as u64,
    );
}

/// Nobody waits for a writer of another key.
fn unrelated(meter: &mut impl Meter, name: &'static str) {
    let lock = InProcessLock::new();
    let keys = keys_of_notes();
    let held: Vec<_> = keys.iter().map(|key| lock.try_lock(key)).collect();
    let waits = held.iter().filter(|guard| guard.is_none()).count();
    meter.count(name, "writers that wait", waits as u64);
}

/// Each writer has a key of its own, while the other keys are held.
fn among_others(meter: &mut impl Meter, name: &'static str, writers: usize) {
    let lock = InProcessLock::new();
    let keys = keys_of_notes();
    let (apart, others) = keys.split_at(writers);
    let held: Vec<_> = others.iter().map(|key| lock.try_lock(key)).collect();
    let all_at_once = |()| {
        let turns: Vec<_> = apart.iter().map(|key| lock.try_lock(key)).collect();
        assert!(turns.iter().all(Option::is_some), "nobody waits");
    };
    meter.row(Row::new(name).times(5), || (), all_at_once);
    drop(held);
}

fn keys_of_notes() -> Vec<[WriteKey; 1]> {
    (0..10_000)
        .map(|number| [WriteKey::new("", &format!("/notes/{number}"))])
        .collect()
}

fn poll(writer: &mut Waiting<'_>, waker: &Waker) -> Option<WriteGuard> {
    match writer.as_mut().poll(&mut Context::from_waker(waker)) {
        Poll::Ready(guard) => guard.ok(),
        Poll::Pending => None,
    }
}

#[derive(Default)]
struct Wakes(AtomicU64);

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}
