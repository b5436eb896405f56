//! True of whole writes in every interleaving: look-up, queue, refusals on the way, as `src/middleware/write.rs` puts the
//! queue and the shared look-ups together.

use std::any::Any;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use shuttle::future::{block_on, yield_now};
use shuttle::rand::Rng;
use shuttle::sync::Arc;
use shuttle::thread;

use crate::counted::{check_pct, check_random, iterations};
use crate::joined::{Answer, Joined, LookUp, Member};
use crate::keyed_queue::{KeyGuard, KeyedQueue};

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

#[derive(Clone, Copy, Debug)]
enum Writer {
    /// Has the tag of the version that it has read.
    Conditional,
    /// Is never refused.
    Unconditional,
    /// Is dropped after so many polls.
    Leaves(usize),
    /// Is dropped while its handler runs; the work goes on elsewhere, and holds the lock.
    LeavesItsWork,
    HandlerPanics,
    /// The task that polls its look-up panics.
    LookUpPanics,
}

const ALL: [Writer; 9] = [
    Writer::Conditional,
    Writer::Conditional,
    Writer::Unconditional,
    Writer::Leaves(1),
    Writer::Leaves(2),
    Writer::Leaves(4),
    Writer::LeavesItsWork,
    Writer::HandlerPanics,
    Writer::LookUpPanics,
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Performed,
    Refused,
    Left,
    Panicked,
}

/// One resource with all that its writers share. The primitives are std's: they are no point to switch at.
#[derive(Default)]
struct Resource {
    version: AtomicUsize,
    inside: AtomicUsize,
    performed: AtomicUsize,
}

/// The resources of a layer: the locks of their keys, and the look-ups that their requests share.
#[derive(Clone, Default)]
struct Layer {
    queue: KeyedQueue,
    table: Joined<Version>,
    resources: [Arc<Resource>; 2],
}

/// In one part of the tables.
const KEYS: [u64; 2] = [7, 7 + 16];

impl Resource {
    fn now(&self) -> Version {
        Version(self.version.load(Ordering::SeqCst))
    }

    fn look_up(self: &Arc<Self>, panics: bool) -> LookUp<Version> {
        let resource = self.clone();
        Box::pin(async move {
            yield_now().await;
            if panics {
                // Not `panic!`: what is caught needs no message.
                resume_unwind(Box::new("a look-up"));
            }
            let found = resource.now();
            yield_now().await;
            found
        })
    }

    /// The handler's change, under the lock.
    fn change(&self, seen: Option<Version>) {
        let others = self.inside.fetch_add(1, Ordering::SeqCst);
        assert_eq!(others, 0, "two at a time");
        thread::yield_now();
        if let Some(seen) = seen {
            assert_eq!(self.now(), seen, "performed on another state");
        }
        self.version.fetch_add(1, Ordering::SeqCst);
        self.performed.fetch_add(1, Ordering::SeqCst);
        self.inside.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Layer {
    fn join(&self, which: usize) -> Member<Version> {
        let identity: Arc<u64> = Arc::new(KEYS[which]);
        // One hash for both, so that their groups are told apart by the comparison.
        let member = self.table.join(7, &identity, |other: &dyn Any| {
            other.downcast_ref::<u64>() == Some(&KEYS[which])
        });
        member.expect("there are two groups at most")
    }

    /// The lock, or the state that refuses the write while it waits: `lock_or_refusal`.
    async fn lock_or_refusal(
        &self,
        which: usize,
        member: &mut Member<Version>,
        refuses: impl Fn(Version) -> bool,
    ) -> Result<KeyGuard, Version> {
        let mut waiting = self.queue.wait(KEYS[which]);
        poll_fn(|cx| {
            while let Poll::Ready(found) = member.poll_state(cx) {
                if refuses(found) {
                    return Poll::Ready(Err(found));
                }
            }
            Pin::new(&mut waiting).poll(cx).map(Ok)
        })
        .await
    }

    /// The steps of `waiting_write`, up to the handler.
    async fn evaluate(
        &self,
        which: usize,
        seen: Option<Version>,
        panics: bool,
    ) -> Option<KeyGuard> {
        let resource = &self.resources[which];
        let refuses = |found: Version| {
            let refuses = seen.is_some_and(|seen| seen != found);
            // Versions only grow, so an older one was never true while this request was there.
            assert!(!refuses || Some(found) > seen, "refused by old news");
            refuses
        };
        if let Some(guard) = self.queue.try_take(KEYS[which]) {
            let found = resource.look_up(panics).await;
            return (!refuses(found)).then_some(guard);
        }
        let mut member = self.join(which);
        if refuses(member.ask(|| resource.look_up(panics)).await) {
            return None;
        }
        let guard = match self.queue.try_take(KEYS[which]) {
            Some(guard) => guard,
            None => self
                .lock_or_refusal(which, &mut member, refuses)
                .await
                .ok()?,
        };
        let number = member.begin();
        let found = resource.look_up(panics).await;
        member.publish(number, found);
        drop(member);
        (!refuses(found)).then_some(guard)
    }

    async fn write(&self, which: usize, writer: Writer) -> End {
        let resource = &self.resources[which];
        let seen = (!matches!(writer, Writer::Unconditional)).then(|| resource.now());
        yield_now().await;
        let panics = matches!(writer, Writer::LookUpPanics);
        let Some(guard) = self.evaluate(which, seen, panics).await else {
            return End::Refused;
        };
        match writer {
            Writer::HandlerPanics => resume_unwind(Box::new("a handler")),
            Writer::LeavesItsWork => {
                let (guard, resource) = (Arc::new(guard), resource.clone());
                let of_the_work = guard.clone();
                thread::spawn(move || {
                    resource.change(seen);
                    drop(of_the_work);
                });
                drop(guard);
                return End::Left;
            }
            _ => {}
        }
        yield_now().await;
        resource.change(seen);
        drop(guard);
        End::Performed
    }

    fn run(&self, which: usize, writer: Writer) -> End {
        let write = self.write(which, writer);
        let ended = catch_unwind(AssertUnwindSafe(|| match writer {
            Writer::Leaves(polls) => block_on(Polls(Some(Box::pin(write)), polls)),
            _ => block_on(write),
        }));
        ended.unwrap_or_else(|panic| match panic.downcast_ref::<&str>() {
            Some(&"a look-up" | &"a handler") => End::Panicked,
            _ => resume_unwind(panic),
        })
    }
}

/// Polls a future a number of times, and drops it.
struct Polls<F>(Option<Pin<Box<F>>>, usize);

impl<F: Future<Output = End>> Future for Polls<F> {
    type Output = End;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<End> {
        if self.1 == 0 {
            self.0 = None;
            return Poll::Ready(End::Left);
        }
        self.1 -= 1;
        let future = self.0.as_mut().expect("not dropped yet");
        future.as_mut().poll(cx)
    }
}

/// Writers of two resources, all at once. Each is answered, and nothing is left behind.
fn crowd(writers: &[(usize, Writer)]) {
    let layer = Layer::default();
    let threads: Vec<_> = writers
        .iter()
        .map(|&(which, writer)| {
            let layer = layer.clone();
            (writer, thread::spawn(move || layer.run(which, writer)))
        })
        .collect();
    let a_look_up_panics = writers
        .iter()
        .any(|(_, one)| matches!(one, Writer::LookUpPanics));
    for (writer, thread) in threads {
        let end = thread.join().unwrap();
        match writer {
            Writer::Conditional if end == End::Left => panic!("not answered"),
            Writer::Unconditional if end != End::Performed && !a_look_up_panics => {
                panic!("{end:?}")
            }
            _ => {}
        }
    }
    // Work that goes on has the lock of its resource: this waits for it.
    for key in KEYS {
        drop(block_on(layer.queue.wait(key)));
    }
    for resource in &layer.resources {
        assert_eq!(resource.now().0, resource.performed.load(Ordering::SeqCst));
    }
    assert_eq!(layer.queue.len(), 0, "a key is left in the table");
    assert_eq!(layer.table.len(), 0, "a group is left in the table");
}

/// One that holds the lock while a second comes, and a third that may do anything.
#[test]
fn three_writes() {
    for second in ALL {
        for third in ALL {
            let writers = [(0, Writer::Conditional), (0, second), (0, third)];
            let three = move || crowd(&writers);
            check_random(three, iterations() / 4);
            check_pct(three, iterations() / 4);
        }
    }
}

#[test]
fn crowds_of_writes() {
    let any_crowd = || {
        let mut random = shuttle::rand::thread_rng();
        let size = random.gen_range(3..7);
        let writers: Vec<_> = (0..size)
            .map(|_| {
                // Most of them meet at the first.
                let which = usize::from(random.gen_range(0..4) == 0);
                (which, ALL[random.gen_range(0..ALL.len())])
            })
            .collect();
        crowd(&writers);
    };
    check_random(any_crowd, 4 * iterations());
    check_pct(any_crowd, 4 * iterations());
}
