//! True of shared look-ups in every interleaving: no answer is older than its question, nobody waits for ever, and
//! nothing is left behind.

use std::any::Any;
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};

use shuttle::future::{block_on, yield_now};
use shuttle::rand::Rng;
use shuttle::sync::Arc;
use shuttle::thread;

use crate::counted::{check_pct, check_random, iterations};
use crate::joined::{Answer, Joined, LookUp, Member};

/// A version that only grows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Version(usize);

impl Answer for Version {
    fn is_failure(&self) -> bool {
        false
    }

    fn state(&self) -> Option<Self> {
        Some(*self)
    }

    fn differs_from(&self, earlier: &Self) -> bool {
        earlier != self
    }
}

/// A resource that is written while it is looked up, and how often it was.
#[derive(Default)]
struct Resource {
    version: AtomicUsize,
    looks: AtomicUsize,
}

impl Resource {
    fn now(&self) -> Version {
        Version(self.version.load(Ordering::SeqCst))
    }

    fn change(&self) {
        self.version.fetch_add(1, Ordering::SeqCst);
    }

    fn look_up(self: &Arc<Self>) -> LookUp<Version> {
        let resource = self.clone();
        Box::pin(async move {
            resource.looks.fetch_add(1, Ordering::SeqCst);
            yield_now().await;
            let found = resource.now();
            yield_now().await;
            found
        })
    }
}

type Table = Joined<Version>;

const KEY: u64 = 7;

fn join(table: &Table) -> Member<Version> {
    let identity: Arc<u64> = Arc::new(KEY);
    let member = table.join(KEY, &identity, |other: &dyn Any| {
        other.downcast_ref::<u64>() == Some(&KEY)
    });
    member.expect("there is one group")
}

/// What an asker does where it waits.
#[derive(Clone, Copy, Debug)]
enum Patience {
    Waits,
    /// Is dropped after so many polls.
    Leaves(usize),
    /// Waits beside one that is polled once and then forgotten until all others have their answers.
    WaitsBesideForgotten,
}

const ALL: [Patience; 4] = [
    Patience::Waits,
    Patience::Leaves(1),
    Patience::Leaves(2),
    Patience::WaitsBesideForgotten,
];

/// Polls a future a number of times.
struct Polls<F>(Option<Pin<Box<F>>>, usize);

impl<F: Future> Future for Polls<F> {
    type Output = Option<F::Output>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if self.1 == 0 {
            self.0 = None;
            return Poll::Ready(None);
        }
        self.1 -= 1;
        let future = self.0.as_mut().expect("not dropped yet");
        future.as_mut().poll(cx).map(Some)
    }
}

fn ask(table: &Table, resource: &Arc<Resource>, patience: Patience) {
    let before = resource.now();
    let mut member = join(table);
    let asked = member.ask(|| resource.look_up());
    let found = match patience {
        Patience::Waits | Patience::WaitsBesideForgotten => Some(block_on(asked)),
        Patience::Leaves(polls) => block_on(Polls(Some(Box::pin(asked)), polls)),
    };
    if let Some(found) = found {
        assert!(found >= before, "{found:?} is older than {before:?}");
        assert!(found <= resource.now());
    }
}

/// Askers and a writer at one resource, all at once.
fn crowd(patiences: &[Patience]) {
    let (table, resource) = (Table::default(), Arc::new(Resource::default()));
    let mut forgotten = join(&table);
    let mut forgotten = pin!(forgotten.ask(|| resource.look_up()));
    if patiences
        .iter()
        .any(|patience| matches!(patience, Patience::WaitsBesideForgotten))
    {
        let polled = forgotten
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop()));
        assert!(polled.is_pending());
    }
    let mut threads: Vec<_> = patiences
        .iter()
        .map(|&patience| {
            let (table, resource) = (table.clone(), resource.clone());
            thread::spawn(move || ask(&table, &resource, patience))
        })
        .collect();
    threads.push({
        let resource = resource.clone();
        thread::spawn(move || resource.change())
    });
    for thread in threads {
        thread.join().unwrap();
    }
    assert_eq!(table.len(), 1, "the forgotten one is still there");
    let looks = resource.looks.load(Ordering::SeqCst);
    assert!(looks <= patiences.len() + 1, "{looks} look-ups");
}

#[test]
fn two_askers() {
    for first in ALL {
        for second in ALL {
            let two = move || crowd(&[first, second]);
            check_random(two, iterations());
            check_pct(two, iterations());
        }
    }
}

#[test]
fn crowds_of_askers() {
    let any_crowd = || {
        let size = shuttle::rand::thread_rng().gen_range(3..7);
        let any = |_| ALL[shuttle::rand::thread_rng().gen_range(0..ALL.len())];
        let patiences: Vec<_> = (0..size).map(any).collect();
        crowd(&patiences);
    };
    check_random(any_crowd, iterations());
    check_pct(any_crowd, iterations());
}

/// A waiter for news learns of a change that was looked up since it joined, beside askers that come and go.
#[test]
fn news_reach_everybody() {
    let news = || {
        let (table, resource) = (Table::default(), Arc::new(Resource::default()));
        let holder = join(&table);
        holder.publish(holder.begin(), resource.now());
        let listeners: Vec<_> = (0..2)
            .map(|_| {
                let mut member = join(&table);
                thread::spawn(move || {
                    block_on(std::future::poll_fn(|cx| match member.poll_state(cx) {
                        Poll::Ready(Version(0)) => {
                            cx.waker().wake_by_ref();
                            Poll::Pending
                        }
                        news => news,
                    }))
                })
            })
            .collect();
        let asker = {
            let (table, resource) = (table.clone(), resource.clone());
            thread::spawn(move || ask(&table, &resource, Patience::Waits))
        };
        resource.change();
        let number = holder.begin();
        thread::yield_now();
        holder.publish(number, resource.now());
        asker.join().unwrap();
        for listener in listeners {
            assert_eq!(listener.join().unwrap(), Version(1));
        }
        drop(holder);
        assert_eq!(table.len(), 0);
    };
    check_random(news, iterations());
    check_pct(news, iterations());
}
