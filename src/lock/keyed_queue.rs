//! The queue of the lock. The file uses nothing of the crate, so that a model checker can include it.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, VecDeque};
use std::future::Future;
use std::hash::{BuildHasherDefault, Hasher};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use super::sync::{Arc, Mutex, MutexGuard, OnceLock};

/// How many parts the table has, so that writers of different keys seldom contend for a mutex.
const SHARDS: usize = 16;

/// A lock for each key in use, with a queue of waiters. Clones share one table.
#[derive(Clone, Debug, Default)]
pub(crate) struct KeyedQueue(Arc<OnceLock<Shards>>);

/// Made with the first key: most layers of a service with one for each route never lock.
type Shards = Box<[Mutex<Shard>; SHARDS]>;

/// A key is in the table while its guard exists, or while a woken waiter has not taken it yet.
type Shard = HashMap<u64, Queue, BuildHasherDefault<AsItIs>>;

/// Hashes nothing, because the keys are seeded hashes already.
#[derive(Debug, Default)]
struct AsItIs(u64);

impl Hasher for AsItIs {
    fn write_u64(&mut self, key: u64) {
        self.0 = key;
    }

    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(byte);
        }
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

/// The waiters for one key.
#[derive(Debug, Default)]
struct Queue {
    /// The ticket of the waiter that was woken and has not taken the guard yet.
    woken: Option<u64>,
    waiters: VecDeque<(u64, Waker)>,
    last_ticket: u64,
}

impl KeyedQueue {
    /// Takes the key if it is free.
    pub(crate) fn try_take(&self, key: u64) -> Option<KeyGuard> {
        match self.shard(key).entry(key) {
            Entry::Occupied(_) => None,
            Entry::Vacant(free) => {
                free.insert(Queue::default());
                Some(self.guard(key))
            }
        }
    }

    /// Waits for the key. The future enters the queue at its first poll.
    pub(crate) fn wait(&self, key: u64) -> Waiting {
        Waiting {
            table: self.clone(),
            key,
            ticket: None,
        }
    }

    /// Identity of the shared table.
    pub(crate) fn address(&self) -> usize {
        Arc::as_ptr(&self.0).addr()
    }

    fn guard(&self, key: u64) -> KeyGuard {
        KeyGuard {
            table: self.clone(),
            key,
        }
    }

    /// Wakes the next waiter, or removes the key if there is none.
    fn wake_next(&self, key: u64) {
        let mut shard = self.shard(key);
        let Entry::Occupied(mut queue) = shard.entry(key) else {
            return;
        };
        let next = queue.get_mut().waiters.pop_front();
        let Some((ticket, waker)) = next else {
            queue.remove();
            return;
        };
        queue.get_mut().woken = Some(ticket);
        drop(shard);
        // After the mutex is unlocked, because a waker may run any code.
        waker.wake();
    }

    fn shard(&self, key: u64) -> MutexGuard<'_, Shard> {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "any bits of a hash will do"
        )]
        let index = key as usize % SHARDS;
        // No code panics while it holds the mutex, so a poisoned shard is consistent.
        let shards = self.0.get_or_init(Shards::default);
        shards[index]
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// How many keys are in use.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        (0..SHARDS as u64).map(|key| self.shard(key).len()).sum()
    }

    /// How many wait for the key.
    #[cfg(test)]
    pub(crate) fn waiters(&self, key: u64) -> usize {
        let shard = self.shard(key);
        shard.get(&key).map_or(0, |queue| queue.waiters.len())
    }
}

/// The guard of one key. Dropping it wakes the next waiter.
#[derive(Debug)]
pub(crate) struct KeyGuard {
    table: KeyedQueue,
    key: u64,
}

impl Drop for KeyGuard {
    fn drop(&mut self) {
        self.table.wake_next(self.key);
    }
}

/// The future that waits for a [`KeyGuard`].
#[derive(Debug)]
pub(crate) struct Waiting {
    table: KeyedQueue,
    key: u64,
    ticket: Option<u64>,
}

impl Future for Waiting {
    type Output = KeyGuard;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<KeyGuard> {
        let this = &mut *self;
        let mut shard = this.table.shard(this.key);
        let queue = match shard.entry(this.key) {
            Entry::Vacant(free) => {
                free.insert(Queue::default());
                this.ticket = None;
                return Poll::Ready(this.table.guard(this.key));
            }
            Entry::Occupied(queue) => queue.into_mut(),
        };
        let Some(ticket) = this.ticket else {
            queue.last_ticket += 1;
            this.ticket = Some(queue.last_ticket);
            let waker = cx.waker().clone();
            queue.waiters.push_back((queue.last_ticket, waker));
            return Poll::Pending;
        };
        if queue.woken == Some(ticket) {
            queue.woken = None;
            this.ticket = None;
            return Poll::Ready(this.table.guard(this.key));
        }
        // Tickets ascend in the queue.
        if let Ok(position) = queue
            .waiters
            .binary_search_by_key(&ticket, |waiter| waiter.0)
        {
            let waker = &mut queue.waiters[position].1;
            if !waker.will_wake(cx.waker()) {
                let previous = std::mem::replace(waker, cx.waker().clone());
                drop(shard);
                // After the mutex is unlocked, here and below, because dropping a waker may run any code.
                drop(previous);
            }
        }
        Poll::Pending
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        let Some(ticket) = self.ticket else {
            return;
        };
        let mut shard = self.table.shard(self.key);
        let Some(queue) = shard.get_mut(&self.key) else {
            return;
        };
        if queue.woken == Some(ticket) {
            // Woken and dropped before it took the guard: the next waiter gets it.
            queue.woken = None;
            drop(shard);
            self.table.wake_next(self.key);
        } else if let Ok(position) = queue
            .waiters
            .binary_search_by_key(&ticket, |waiter| waiter.0)
        {
            let waiter = queue.waiters.remove(position);
            drop(shard);
            drop(waiter);
        }
    }
}
