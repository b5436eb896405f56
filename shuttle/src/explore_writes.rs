//! True of whole writes in every interleaving: look-up, queue, refusals on the way, as `src/middleware/write.rs` puts the
//! queue and the shared look-ups together.

use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;

use shuttle::future::{block_on, yield_now};
use shuttle::rand::Rng;
use shuttle::sync::Arc;
use shuttle::thread;

use crate::counted::{check_pct, check_random, iterations};
use crate::group::LookUp;
use crate::joined::Joined;
use crate::keyed_queue::{KeyGuard, KeyedQueue};
use crate::member::Member;
use crate::versioned::{Polls, Version, join};
use crate::waiters::{Place, Waiters};

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
    /// Writes both resources, through a layer inside of another one. All such writers take the locks in one order.
    Nested,
}

const ALL: [Writer; 10] = [
    Writer::Conditional,
    Writer::Conditional,
    Writer::Unconditional,
    Writer::Leaves(1),
    Writer::Leaves(2),
    Writer::Leaves(4),
    Writer::LeavesItsWork,
    Writer::HandlerPanics,
    Writer::LookUpPanics,
    Writer::Nested,
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Performed,
    Refused,
    /// Too many wait.
    TurnedAway,
    Left,
    Panicked,
}

/// One resource with all that its writers share. The primitives are std's: they are no point to switch at.
#[derive(Default)]
struct Resource {
    version: AtomicUsize,
    inside: AtomicUsize,
    performed: AtomicUsize,
    waiting: AtomicUsize,
}

/// The resources of a layer: the locks of their keys, with the places of those who wait, and the look-ups that their
/// requests share.
#[derive(Clone)]
struct Layer {
    queue: KeyedQueue,
    waiters: Waiters,
    max_waiters: usize,
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
    fn of(max_waiters: usize) -> Self {
        Self {
            queue: KeyedQueue::default(),
            waiters: Waiters::default(),
            max_waiters,
            table: Joined::default(),
            resources: Default::default(),
        }
    }

    /// A place to wait in, and then the lock or the state that refuses the write: `wait_for_lock`.
    async fn wait_for_lock(
        &self,
        which: usize,
        member: &mut Member<Version>,
        refuses: impl Fn(Version) -> bool,
    ) -> Result<KeyGuard, End> {
        let place = self.waiters.enter(KEYS[which], self.max_waiters);
        let place = place.ok_or(End::TurnedAway)?;
        let _counted = Counted::among(&self.resources[which].waiting, self.max_waiters, place);
        let mut waiting = self.queue.wait(KEYS[which]);
        poll_fn(|cx| {
            while let Poll::Ready(found) = member.poll_state(cx) {
                if refuses(found) {
                    return Poll::Ready(Err(End::Refused));
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
    ) -> Result<KeyGuard, End> {
        let resource = &self.resources[which];
        let refuses = |found: Version| {
            let refuses = seen.is_some_and(|seen| seen != found);
            // Versions only grow, so an older one was never true while this request was there.
            assert!(!refuses || Some(found) > seen, "refused by old news");
            refuses
        };
        if let Some(guard) = self.queue.try_take(KEYS[which]) {
            let found = resource.look_up(panics).await;
            return if refuses(found) {
                Err(End::Refused)
            } else {
                Ok(guard)
            };
        }
        let mut member = join(&self.table, KEYS[which]);
        if refuses(member.ask(|| resource.look_up(panics)).await) {
            return Err(End::Refused);
        }
        let guard = match self.queue.try_take(KEYS[which]) {
            Some(guard) => guard,
            None => self.wait_for_lock(which, &mut member, refuses).await?,
        };
        let number = member.begin();
        let found = resource.look_up(panics).await;
        member.publish(number, found);
        drop(member);
        if refuses(found) {
            Err(End::Refused)
        } else {
            Ok(guard)
        }
    }

    async fn write(&self, which: usize, writer: Writer) -> End {
        let resource = &self.resources[which];
        let seen = (!matches!(writer, Writer::Unconditional)).then(|| resource.now());
        yield_now().await;
        let panics = matches!(writer, Writer::LookUpPanics);
        let guard = match self.evaluate(which, seen, panics).await {
            Ok(guard) => guard,
            Err(end) => return end,
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

    /// The outer layer checks the first resource, and the inner one the second. The key that the outer one holds is not
    /// taken again.
    async fn nested(&self) -> Result<(), End> {
        let [outer, inner] = &self.resources;
        let (seen, seen_inside) = (outer.now(), inner.now());
        yield_now().await;
        let _held = self.evaluate(0, Some(seen), false).await?;
        let _held_inside = self.evaluate(1, Some(seen_inside), false).await?;
        inner.change(Some(seen_inside));
        outer.change(Some(seen));
        Ok(())
    }

    async fn answer(&self, which: usize, writer: Writer) -> End {
        match writer {
            Writer::Nested => self.nested().await.err().unwrap_or(End::Performed),
            _ => self.write(which, writer).await,
        }
    }

    fn run(&self, which: usize, writer: Writer) -> End {
        let write = self.answer(which, writer);
        let ended = catch_unwind(AssertUnwindSafe(|| match writer {
            Writer::Leaves(polls) => block_on(Polls::of(write, polls)).unwrap_or(End::Left),
            _ => block_on(write),
        }));
        ended.unwrap_or_else(|panic| match panic.downcast_ref::<&str>() {
            Some(&"a look-up" | &"a handler") => End::Panicked,
            _ => resume_unwind(panic),
        })
    }
}

/// One of those that wait. There are never more than the limit allows.
struct Counted<'r>(
    &'r AtomicUsize,
    #[expect(dead_code, reason = "dropped last")] Place<'r>,
);

impl<'r> Counted<'r> {
    fn among(waiting: &'r AtomicUsize, limit: usize, place: Place<'r>) -> Self {
        let others = waiting.fetch_add(1, Ordering::SeqCst);
        assert!(others < limit, "{others} wait, and one more");
        Self(waiting, place)
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Writers of two resources, all at once, of whom so many may wait for each. Each is answered, and nothing is left behind.
fn crowd(writers: &[(usize, Writer)], max_waiters: usize) {
    let layer = Layer::of(max_waiters);
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
        // Whoever does not wait is never turned away, and here is a place for all others.
        assert!(end != End::TurnedAway || max_waiters < writers.len() - 1);
        match writer {
            Writer::Conditional | Writer::Nested if end == End::Left => panic!("not answered"),
            Writer::Unconditional if end == End::TurnedAway => {}
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
    assert_eq!(layer.waiters.len(), 0, "a place is left behind");
    assert_eq!(layer.table.len(), 0, "a group is left in the table");
}

/// One that holds the lock while a second comes, and a third that may do anything.
#[test]
fn three_writes() {
    for second in ALL {
        for third in ALL {
            let writers = [(0, Writer::Conditional), (0, second), (0, third)];
            let three = move || crowd(&writers, 2);
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
        crowd(&writers, random.gen_range(0..4));
    };
    check_random(any_crowd, 4 * iterations());
    check_pct(any_crowd, 4 * iterations());
}
