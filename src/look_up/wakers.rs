//! The wakers of members, in the order in which the members joined. The file uses nothing of the crate, so that a model
//! checker can include it.

use std::collections::VecDeque;
use std::mem;
use std::task::Waker;

/// Wakers by ticket. Dropping them wakes them, so that a waker that panics leaves no member asleep.
#[derive(Default)]
pub(crate) struct Wakers(VecDeque<(u64, Waker)>);

impl Wakers {
    /// Sets the waker of a member. Returns the one before, to be dropped after the mutex is unlocked.
    pub(crate) fn insert(&mut self, ticket: u64, waker: &Waker) -> Option<Waker> {
        match self.place_of(ticket) {
            Ok(place) if self.0[place].1.will_wake(waker) => None,
            Ok(place) => Some(mem::replace(&mut self.0[place].1, waker.clone())),
            Err(place) => {
                self.0.insert(place, (ticket, waker.clone()));
                None
            }
        }
    }

    /// Removes the waker of a member, to be dropped after the mutex is unlocked.
    pub(crate) fn remove(&mut self, ticket: u64) -> Option<Waker> {
        let place = self.place_of(ticket).ok()?;
        self.0.remove(place).map(|(_, waker)| waker)
    }

    /// Takes out all wakers, to be woken after the mutex is unlocked.
    pub(crate) fn take(&mut self) -> Self {
        mem::take(self)
    }

    pub(crate) fn wake(mut self) {
        self.wake_all();
    }

    fn wake_all(&mut self) {
        while let Some((_, waker)) = self.0.pop_front() {
            waker.wake();
        }
    }

    fn place_of(&self, ticket: u64) -> Result<usize, usize> {
        self.0.binary_search_by_key(&ticket, |member| member.0)
    }
}

impl Drop for Wakers {
    fn drop(&mut self) {
        self.wake_all();
    }
}
