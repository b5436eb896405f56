//! What the requests for one resource share: the look-ups under way, their answers, and who waits. The file uses nothing of
//! the crate, so that a model checker can include it.

use std::any::Any;
use std::future::Future;
use std::pin::Pin;
use std::task::Wake;

use super::sync::{Arc, Mutex, MutexGuard};
use super::wakers::Wakers;

/// How many look-ups of one resource are under way at a time. Two, so that requests that come later do not wait for a
/// look-up that hangs, for example on a dead connection.
const MAX_UNDER_WAY: usize = 2;

/// The result of a look-up.
pub(crate) trait Answer: Clone + Send + 'static {
    /// Whether it says nothing of the resource, so that the answer of another look-up is preferred.
    fn is_failure(&self) -> bool;

    /// What members that listen receive: the state of the resource, without what was loaded. `None` if nobody can be refused
    /// by it.
    fn state(&self) -> Option<Self>;

    /// Whether one of two states may refuse a member that the other one does not.
    fn differs_from(&self, earlier: &Self) -> bool;
}

/// A look-up that is under way.
pub(crate) type LookUp<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// The members that ask for one resource, or listen for news of it.
pub(super) struct Group<T> {
    pub(super) resource: Arc<dyn Any + Send + Sync>,
    state: Mutex<State<T>>,
}

/// What the members of a group share.
pub(super) struct State<T> {
    pub(super) members: usize,
    pub(super) last_ticket: u64,
    /// How many look-ups have begun, which is the number of the last one.
    pub(super) begun: u64,
    pub(super) under_way: Vec<UnderWay<T>>,
    /// How many members ask.
    pub(super) askers: usize,
    /// Of the look-ups that have ended without a failure, the number and the answer of the one that began last. Kept while a
    /// member asks.
    pub(super) answer: Option<(u64, T)>,
    /// The same of those that have failed.
    pub(super) failure: Option<(u64, T)>,
    /// The same of those that have found a state, for the members that listen.
    pub(super) current: Option<(u64, T)>,
    /// The members that ask.
    pub(super) asking: Wakers,
    /// The members that listen, and know what the last state was. They are woken when it differs from the one before.
    pub(super) listening: Wakers,
    /// The members that listen, and know of no state yet. They are woken for any.
    pub(super) new_listeners: Wakers,
}

/// A look-up that is under way. Every member that is polled polls it, so that it goes on when one of them leaves or is not
/// polled any more.
pub(super) struct UnderWay<T> {
    pub(super) number: u64,
    /// How many asking members it can answer. It is dropped when the last of them leaves.
    pub(super) wanted: usize,
    pub(super) is_woken: bool,
    /// `None` while a member polls it.
    pub(super) look_up: Option<LookUp<T>>,
}

impl<T> Group<T> {
    pub(super) fn new(resource: Arc<dyn Any + Send + Sync>) -> Self {
        Self {
            resource,
            state: Mutex::new(State {
                members: 0,
                last_ticket: 0,
                begun: 0,
                under_way: Vec::new(),
                askers: 0,
                answer: None,
                failure: None,
                current: None,
                asking: Wakers::default(),
                listening: Wakers::default(),
                new_listeners: Wakers::default(),
            }),
        }
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State<T>> {
        lock(&self.state)
    }
}

impl<T> State<T> {
    /// Takes out the first look-up with a greater number than `after` that has been woken.
    pub(super) fn take_woken(&mut self, after: u64) -> Option<(u64, LookUp<T>)> {
        let later = self.under_way.iter_mut().filter(|one| one.number > after);
        later.filter(|one| one.is_woken).find_map(|one| {
            let look_up = one.look_up.take()?;
            one.is_woken = false;
            Some((one.number, look_up))
        })
    }

    /// Begins a look-up for a member, and returns its number. `None` if one under way will answer the member, or if there
    /// are too many.
    pub(super) fn begin_for(&mut self, after: u64) -> Option<u64> {
        let is_served = self.under_way.iter().any(|one| one.number > after);
        if is_served || self.under_way.len() == MAX_UNDER_WAY {
            return None;
        }
        self.begun += 1;
        self.under_way.push(UnderWay {
            number: self.begun,
            wanted: self.askers,
            is_woken: false,
            look_up: None,
        });
        Some(self.begun)
    }

    /// Counts a member that asks.
    pub(super) fn add_asker(&mut self, after: u64) {
        self.askers += 1;
        for one in &mut self.under_way {
            one.wanted += usize::from(one.number > after);
        }
    }

    /// The answer that a member takes. It takes a failure only if no look-up under way can answer it.
    pub(super) fn answer_for(&self, after: u64) -> Option<&(u64, T)> {
        let newer = |(number, _): &&(u64, T)| *number > after;
        let is_served = self.under_way.iter().any(|one| one.number > after);
        let failure = self.failure.as_ref().filter(|_| !is_served);
        self.answer
            .as_ref()
            .filter(newer)
            .or_else(|| failure.filter(newer))
    }

    /// Takes a member that asked off the count. Returns what is no longer needed, to be dropped after the mutex is unlocked,
    /// and the members that may now begin a look-up.
    pub(super) fn remove_asker(&mut self, after: u64) -> (Unneeded<T>, Wakers) {
        self.askers -= 1;
        let is_last = self.askers == 0;
        let answer = self.answer.take_if(|_| is_last);
        let failure = self.failure.take_if(|_| is_last);
        for one in &mut self.under_way {
            one.wanted -= usize::from(one.number > after);
        }
        let is_unwanted = |one: &mut UnderWay<T>| one.wanted == 0 && one.look_up.is_some();
        let look_ups: Vec<_> = self.under_way.extract_if(.., is_unwanted).collect();
        let asking = if look_ups.is_empty() {
            Wakers::default()
        } else {
            self.asking.take()
        };
        ((look_ups, answer, failure), asking)
    }
}

pub(super) type Unneeded<T> = (Vec<UnderWay<T>>, Option<(u64, T)>, Option<(u64, T)>);

impl<T: Answer> State<T> {
    /// Keeps the state that a look-up has found, and returns the one before, and the members that are to be woken for it.
    fn set_current(&mut self, number: u64, state: T) -> (Option<(u64, T)>, [Wakers; 2]) {
        if matches!(self.current, Some((later, _)) if later > number) {
            return Default::default();
        }
        let earlier = self.current.replace((number, state));
        let differs = match (&earlier, &self.current) {
            (Some((_, earlier)), Some((_, now))) => now.differs_from(earlier),
            _ => true,
        };
        let listening = if differs {
            self.listening.take()
        } else {
            Wakers::default()
        };
        (earlier, [self.new_listeners.take(), listening])
    }

    /// Keeps an answer for the members that ask, and returns what is not kept.
    fn set_answer(&mut self, number: u64, answer: T) -> Option<(u64, T)> {
        let place = if answer.is_failure() {
            &mut self.failure
        } else {
            &mut self.answer
        };
        let is_older = matches!(place, Some((later, _)) if *later > number);
        if is_older || self.askers == 0 {
            return Some((number, answer));
        }
        place.replace((number, answer))
    }
}

impl<T: Answer> Group<T> {
    /// Stores an answer, unless one of a later look-up is there, and wakes the members.
    pub(super) fn publish(&self, number: u64, answer: T) {
        let found = answer.state();
        let mut state = self.state();
        let (earlier, listening) = match found {
            Some(found) => state.set_current(number, found),
            None => Default::default(),
        };
        let unneeded = state.set_answer(number, answer);
        let asking = state.asking.take();
        drop(state);
        // After the mutex is unlocked, here and below, because waking and dropping may run any code. Waking comes first,
        // because a value that panics when it is dropped must leave nobody asleep.
        asking.wake();
        for listening in listening {
            listening.wake();
        }
        drop((earlier, unneeded));
    }
}

/// Wakes the members that ask, because any of them can poll a woken look-up.
impl<T: Send + 'static> Wake for Group<T> {
    fn wake(self: std::sync::Arc<Self>) {
        let mut state = self.state();
        for one in &mut state.under_way {
            one.is_woken = true;
        }
        let asking = state.asking.take();
        drop(state);
        asking.wake();
    }
}

/// Code that panics while it holds the mutex has changed nothing yet, so a poisoned value is consistent.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner())
}
