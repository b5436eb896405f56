//! True of shared look-ups in every interleaving: no answer is older than its question, nobody waits for ever, and
//! nothing is left behind.

use std::future::Future;
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};

use shuttle::future::{block_on, yield_now};
use shuttle::rand::Rng;
use shuttle::sync::Arc;
use shuttle::thread;

use crate::counted::{check_pct, check_random, iterations};
use crate::group::LookUp;
use crate::joined::Joined;
use crate::versioned::{Polls, Version, join};

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

fn ask(table: &Table, resource: &Arc<Resource>, patience: Patience) {
    let before = resource.now();
    let mut member = join(table, KEY);
    let asked = member.ask(|| resource.look_up());
    let found = match patience {
        Patience::Waits | Patience::WaitsBesideForgotten => Some(block_on(asked)),
        Patience::Leaves(polls) => block_on(Polls::of(asked, polls)),
    };
    if let Some(found) = found {
        assert!(found >= before, "{found:?} is older than {before:?}");
        assert!(found <= resource.now());
    }
}

/// Askers and a writer at one resource, all at once.
fn crowd(patiences: &[Patience]) {
    let (table, resource) = (Table::default(), Arc::new(Resource::default()));
    let mut forgotten = join(&table, KEY);
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
        let holder = join(&table, KEY);
        holder.publish(holder.begin(), resource.now());
        let listeners: Vec<_> = (0..2)
            .map(|_| {
                let mut member = join(&table, KEY);
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
