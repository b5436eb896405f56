//! A request that shares look-ups: it asks, or listens while it waits for something else. The file uses nothing of the crate, so
//! that a model checker can include it.

use std::fmt;
use std::task::{Context, Poll, Waker};

use super::group::{Answer, Group, LookUp, UnderWay};
use super::joined::Joined;
use super::sync::Arc;

/// A request for the resource of a group.
pub(crate) struct Member<T: Answer> {
    pub(super) joined: Joined<T>,
    pub(super) key: u64,
    pub(super) group: Arc<Group<T>>,
    pub(super) ticket: u64,
    /// The number of the last look-up that had begun when the member joined, or whose answer it has received since.
    pub(super) after: u64,
    /// Whether it has received an answer.
    pub(super) knows_state: bool,
}

impl<T: Answer> Member<T> {
    /// Waits for the answer of a look-up that began after the member joined. `begin` makes the look-up if no other member
    /// has begun one.
    pub(crate) async fn ask(&mut self, begin: impl Fn() -> LookUp<T>) -> T {
        let asker = Asker::new(&self.group, self.ticket, self.after);
        let (number, answer) = std::future::poll_fn(|cx| asker.poll(cx, &begin)).await;
        drop(asker);
        self.after = number;
        self.knows_state = true;
        answer
    }

    /// Numbers a look-up that this member polls by itself, for [`publish`](Self::publish).
    pub(crate) fn begin(&self) -> u64 {
        let mut state = self.group.state();
        state.begun += 1;
        state.begun
    }

    /// Publishes the answer of the look-up with this number.
    pub(crate) fn publish(&self, number: u64, answer: T) {
        self.group.publish(number, answer);
    }

    /// Returns the state of the resource when a new look-up has found it: one that began after the member joined, and after
    /// the look-up whose answer the member received last. A state that the member knows does not wake it.
    pub(crate) fn poll_state(&mut self, cx: &mut Context<'_>) -> Poll<T> {
        let mut state = self.group.state();
        if let Some((number, current)) = &state.current
            && *number > self.after
        {
            self.after = *number;
            self.knows_state = true;
            return Poll::Ready(current.clone());
        }
        let listening = if self.knows_state {
            &mut state.listening
        } else {
            &mut state.new_listeners
        };
        let previous = listening.insert(self.ticket, cx.waker());
        drop(state);
        drop(previous);
        Poll::Pending
    }
}

impl<T: Answer> Drop for Member<T> {
    fn drop(&mut self) {
        let mut state = self.group.state();
        let wakers = (
            state.listening.remove(self.ticket),
            state.new_listeners.remove(self.ticket),
        );
        drop(state);
        self.joined.leave(self.key, &self.group);
        drop(wakers);
    }
}

impl<T: Answer> fmt::Debug for Member<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Member").finish_non_exhaustive()
    }
}

/// A member that waits for an answer.
struct Asker<'m, T> {
    group: &'m Arc<Group<T>>,
    ticket: u64,
    after: u64,
}

impl<'m, T> Asker<'m, T> {
    fn new(group: &'m Arc<Group<T>>, ticket: u64, after: u64) -> Self {
        group.state().add_asker(after);
        Self {
            group,
            ticket,
            after,
        }
    }
}

impl<T: Answer> Asker<'_, T> {
    fn poll(&self, cx: &mut Context<'_>, begin: impl Fn() -> LookUp<T>) -> Poll<(u64, T)> {
        // Each look-up is polled once at most: one that wakes itself to let other tasks run must not be polled for ever.
        let mut polled = 0;
        loop {
            let mut state = self.group.state();
            if let Some(answer) = state.answer_for(self.after) {
                return Poll::Ready(answer.clone());
            }
            // Before a look-up is polled, so that its wake-ups from now on reach this member as well.
            let previous = state.asking.insert(self.ticket, cx.waker());
            let next = match state.take_woken(polled) {
                Some((number, look_up)) => Some((number, Some(look_up))),
                None => state.begin_for(self.after).map(|number| (number, None)),
            };
            drop(state);
            drop(previous);
            let Some((number, look_up)) = next else {
                return Poll::Pending;
            };
            polled = number;
            Polled {
                group: self.group,
                number,
                look_up,
            }
            .poll(&begin);
        }
    }
}

impl<T> Drop for Asker<'_, T> {
    fn drop(&mut self) {
        let mut state = self.group.state();
        let own = state.asking.remove(self.ticket);
        let (unneeded, asking) = state.remove_asker(self.after);
        drop(state);
        asking.wake();
        drop((own, unneeded));
    }
}

/// A look-up while a member polls it. If it panics, the next member begins another one.
struct Polled<'g, T> {
    group: &'g Arc<Group<T>>,
    number: u64,
    /// `None`: it has not begun, it is being polled, or it has ended.
    look_up: Option<LookUp<T>>,
}

impl<T: Answer> Polled<'_, T> {
    fn poll(mut self, begin: impl FnOnce() -> LookUp<T>) {
        let waker = Waker::from(self.group.clone());
        let mut look_up = self.look_up.take().unwrap_or_else(begin);
        let mut cx = Context::from_waker(&waker);
        match look_up.as_mut().poll(&mut cx) {
            Poll::Ready(answer) => self.group.publish(self.number, answer),
            Poll::Pending => self.look_up = Some(look_up),
        }
    }
}

/// Puts a look-up that is pending back. Removes one that has ended, that has panicked, or that no member waits for, so that
/// another can begin.
impl<T> Drop for Polled<'_, T> {
    fn drop(&mut self) {
        let mut state = self.group.state();
        let is_this = |one: &UnderWay<T>| one.number == self.number;
        let Some(place) = state.under_way.iter().position(is_this) else {
            return;
        };
        let one = &mut state.under_way[place];
        if one.wanted > 0 && self.look_up.is_some() {
            one.look_up = self.look_up.take();
            if !one.is_woken {
                return;
            }
        } else {
            state.under_way.remove(place);
        }
        let asking = state.asking.take();
        drop(state);
        asking.wake();
    }
}
