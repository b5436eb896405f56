//! True in every interleaving: one guard at a time, in the order of the queue, no wake-up lost, nothing left behind.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use shuttle::future::block_on;
use shuttle::rand::Rng;
use shuttle::sync::{Arc, Mutex};
use shuttle::thread;

use crate::counted::{check_all, check_pct, check_random, iterations};
use crate::keyed_queue::{KeyGuard, KeyedQueue, Waiting};

/// What a writer does at each point where it waits.
#[derive(Clone, Copy, Debug)]
enum Patience {
    /// Takes the lock if it is free, and leaves if not.
    Tries,
    Waits,
    /// Waits, is polled more often than it is woken, and by another waker each time.
    IsRestless,
    /// Is dropped after its first poll.
    LeavesAtOnce,
    /// Is dropped after it was woken, before it takes the lock.
    LeavesWhenCalled,
    /// Is dropped when another thread says so: before it is woken, after it, or with the guard.
    LeavesWhenTold,
}

const ALL: [Patience; 6] = [
    Patience::Tries,
    Patience::Waits,
    Patience::IsRestless,
    Patience::LeavesAtOnce,
    Patience::LeavesWhenCalled,
    Patience::LeavesWhenTold,
];

impl Patience {
    const fn takes_a_thread(&self) -> bool {
        matches!(self, Self::LeavesWhenTold)
    }
}

/// Moments, in the order in which they come. The primitives are std's: they are no point to switch at.
#[derive(Default)]
struct Clock(AtomicUsize);

impl Clock {
    fn tick(&self) -> usize {
        self.0.fetch_add(1, Ordering::SeqCst)
    }
}

/// One key, and what has happened at it.
#[derive(Default)]
struct Resource {
    clock: Clock,
    inside: AtomicUsize,
    served: std::sync::Mutex<Vec<Served>>,
}

/// A writer that had the lock.
#[derive(Debug)]
struct Served {
    /// Before it asked.
    came: usize,
    /// When it had its place in the queue, or the lock.
    queued: usize,
}

impl Resource {
    /// Holds the lock, alone.
    fn work(&self, guard: KeyGuard, served: Served) {
        assert_eq!(
            self.inside.fetch_add(1, Ordering::SeqCst),
            0,
            "two at a time"
        );
        self.served.lock().unwrap().push(served);
        thread::yield_now();
        assert_eq!(self.inside.fetch_sub(1, Ordering::SeqCst), 1);
        drop(guard);
    }

    /// A writer that was in the queue before another one came has had the lock before it.
    fn assert_served_in_order(&self) {
        let served = self.served.lock().unwrap();
        for (place, later) in served.iter().enumerate() {
            let overtaken = served[place + 1..]
                .iter()
                .find(|next| next.queued < later.came);
            assert!(overtaken.is_none(), "{later:?} overtook {overtaken:?}");
        }
    }
}

/// Tells a waiting writer to leave.
#[derive(Clone, Default)]
struct Signal(Arc<Mutex<(bool, Option<Waker>)>>);

impl Signal {
    fn give(&self) {
        let mut signal = self.0.lock().unwrap();
        signal.0 = true;
        let waker = signal.1.take();
        drop(signal);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    fn is_given(&self, waker: &Waker) -> bool {
        let mut signal = self.0.lock().unwrap();
        signal.1 = Some(waker.clone());
        signal.0
    }
}

/// A future that waits for the lock as its patience says; `None` is the one that left.
struct Writer<'r> {
    resource: &'r Resource,
    /// Dropped, it leaves the queue.
    waiting: Option<Waiting>,
    patience: Patience,
    told: Signal,
    polls: usize,
    newest: std::sync::Arc<AtomicUsize>,
    queued: Option<usize>,
}

/// A waker that is never the one before, and does nothing once there is a newer one: the last one counts.
struct Another {
    waker: Waker,
    number: usize,
    newest: std::sync::Arc<AtomicUsize>,
}

impl Wake for Another {
    fn wake(self: std::sync::Arc<Self>) {
        if self.newest.load(Ordering::SeqCst) == self.number {
            self.waker.wake_by_ref();
        }
    }
}

impl Future for Writer<'_> {
    type Output = Option<(KeyGuard, usize)>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        this.polls += 1;
        let leaves = match this.patience {
            Patience::LeavesWhenCalled => this.polls > 1,
            Patience::LeavesWhenTold => this.told.is_given(cx.waker()),
            _ => false,
        };
        let Some(waiting) = this.waiting.as_mut().filter(|_| !leaves) else {
            this.waiting = None;
            return Poll::Ready(None);
        };
        let waker = match this.patience {
            Patience::IsRestless => {
                this.newest.store(this.polls, Ordering::SeqCst);
                Waker::from(std::sync::Arc::new(Another {
                    waker: cx.waker().clone(),
                    number: this.polls,
                    newest: this.newest.clone(),
                }))
            }
            _ => cx.waker().clone(),
        };
        let polled = Pin::new(waiting).poll(&mut Context::from_waker(&waker));
        let queued = *this
            .queued
            .get_or_insert_with(|| this.resource.clock.tick());
        match polled {
            Poll::Ready(guard) => return Poll::Ready(Some((guard, queued))),
            Poll::Pending if matches!(this.patience, Patience::LeavesAtOnce) => {
                this.waiting = None;
                return Poll::Ready(None);
            }
            Poll::Pending if matches!(this.patience, Patience::IsRestless) && this.polls < 4 => {
                cx.waker().wake_by_ref();
            }
            Poll::Pending => {}
        }
        Poll::Pending
    }
}

/// One writer from its coming to its going.
fn write(queue: &KeyedQueue, key: u64, resource: &Resource, patience: Patience, told: Signal) {
    let came = resource.clock.tick();
    let found = match patience {
        Patience::Tries => queue
            .try_take(key)
            .map(|guard| (guard, resource.clock.tick())),
        _ => block_on(Writer {
            resource,
            waiting: Some(queue.wait(key)),
            patience,
            told,
            polls: 0,
            newest: std::sync::Arc::default(),
            queued: None,
        }),
    };
    if let Some((guard, queued)) = found {
        resource.work(guard, Served { came, queued });
    }
}

/// Writers at one key, all at once.
fn crowd(patiences: &[Patience]) {
    let (queue, resource) = (KeyedQueue::default(), Arc::new(Resource::default()));
    let mut threads = Vec::new();
    for &patience in patiences {
        let told = Signal::default();
        if patience.takes_a_thread() {
            let told = told.clone();
            threads.push(thread::spawn(move || told.give()));
        }
        let (queue, resource) = (queue.clone(), resource.clone());
        threads.push(thread::spawn(move || {
            write(&queue, 7, &resource, patience, told);
        }));
    }
    for thread in threads {
        thread.join().unwrap();
    }
    resource.assert_served_in_order();
    let must = |patience: &&Patience| matches!(patience, Patience::Waits | Patience::IsRestless);
    let served = resource.served.lock().unwrap().len();
    assert!(served >= patiences.iter().filter(must).count());
    assert_eq!(queue.len(), 0, "a key is left in the table");
}

fn any_patience() -> Patience {
    ALL[shuttle::rand::thread_rng().gen_range(0..ALL.len())]
}

/// Two writers, whatever each of them does: every interleaving there is, or with a third thread that tells one of
/// them to leave, as many as there is time for.
#[test]
fn two_writers_exhaustively() {
    for first in ALL {
        for second in ALL {
            let two = move || crowd(&[first, second]);
            if [first, second].iter().any(Patience::takes_a_thread) {
                check_random(two, iterations());
            } else {
                check_all(two);
            }
        }
    }
}

/// One that stays, and two that may do anything.
#[test]
fn three_writers() {
    for second in ALL {
        for third in ALL {
            let three = move || crowd(&[Patience::Waits, second, third]);
            check_random(three, iterations() / 4);
            check_pct(three, iterations() / 4);
        }
    }
}

#[test]
fn crowds_at_random() {
    let any_crowd = || {
        let size = shuttle::rand::thread_rng().gen_range(3..7);
        let patiences: Vec<_> = (0..size).map(|_| any_patience()).collect();
        crowd(&patiences);
    };
    check_random(any_crowd, iterations());
    check_pct(any_crowd, iterations());
}

/// Two keys in one part of the table: a writer of one key does not wait for the other.
#[test]
fn another_key_does_not_wait() {
    const ONE: u64 = 3;
    const OTHER: u64 = ONE + 16;
    let two_keys = || {
        let (queue, resource) = (KeyedQueue::default(), Arc::new(Resource::default()));
        let held = queue.try_take(ONE).unwrap();
        let threads: Vec<_> = (0..2)
            .map(|_| {
                let (queue, resource) = (queue.clone(), resource.clone());
                thread::spawn(move || {
                    write(&queue, OTHER, &resource, Patience::Waits, Signal::default());
                })
            })
            .collect();
        let waits = {
            let queue = queue.clone();
            thread::spawn(move || drop(block_on(queue.wait(ONE))))
        };
        // A writer that waited for the other key would wait for ever.
        for thread in threads {
            thread.join().unwrap();
        }
        drop(held);
        waits.join().unwrap();
        resource.assert_served_in_order();
        assert_eq!(queue.len(), 0);
    };
    check_random(two_keys, iterations());
    check_pct(two_keys, iterations());
}

/// Several keys, always in one order: no two writers wait for each other.
#[test]
fn several_keys_in_one_order() {
    let transfers = || {
        let queue = KeyedQueue::default();
        let resources: [Arc<Resource>; 3] = Default::default();
        let threads: Vec<_> = [[0, 1], [1, 2], [0, 2]]
            .into_iter()
            .map(|keys: [usize; 2]| {
                let (queue, resources) = (queue.clone(), resources.clone());
                thread::spawn(move || {
                    let guards = keys.map(|key| {
                        let guard = block_on(queue.wait(key as u64));
                        let others = resources[key].inside.fetch_add(1, Ordering::SeqCst);
                        assert_eq!(others, 0, "two at a time");
                        guard
                    });
                    thread::yield_now();
                    for key in keys {
                        resources[key].inside.fetch_sub(1, Ordering::SeqCst);
                    }
                    drop(guards);
                })
            })
            .collect();
        for thread in threads {
            thread.join().unwrap();
        }
        assert_eq!(queue.len(), 0);
    };
    check_random(transfers, iterations());
    check_pct(transfers, iterations());
}

/// The writer that gets the lock is woken once, and no other is woken.
#[test]
fn one_wake_up_per_turn() {
    struct Counted(AtomicUsize);

    impl Wake for Counted {
        fn wake(self: std::sync::Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    check_random(
        || {
            let queue = KeyedQueue::default();
            let held = queue.try_take(7).unwrap();
            let line: Vec<_> = (0..3)
                .map(|_| {
                    let counted = std::sync::Arc::new(Counted(AtomicUsize::new(0)));
                    let mut waiting = queue.wait(7);
                    let waker = Waker::from(counted.clone());
                    let polled = Pin::new(&mut waiting).poll(&mut Context::from_waker(&waker));
                    assert!(polled.is_pending());
                    (waiting, counted)
                })
                .collect();
            assert_eq!(queue.waiters(7), 3);
            // A writer comes and goes while the lock is handed over.
            let passing = {
                let queue = queue.clone();
                thread::spawn(move || {
                    write(
                        &queue,
                        7,
                        &Resource::default(),
                        Patience::LeavesAtOnce,
                        Signal::default(),
                    )
                })
            };
            drop(held);
            passing.join().unwrap();
            let wakes = line
                .iter()
                .map(|(_, counted)| counted.0.load(Ordering::SeqCst));
            assert_eq!(wakes.collect::<Vec<_>>(), [1, 0, 0]);
        },
        iterations(),
    );
}
