//! Look-ups that several requests share. The file uses nothing of the crate, so that a model checker can include it.
//!
//! A look-up answers every request that asked before it began, because its result was true at some instant while they
//! waited. So the look-ups of a resource are numbered, and a member takes the answer of any look-up that began after the
//! member had joined.

use std::any::Any;
use std::collections::HashMap;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Wake, Waker};

use super::sync::{Arc, AtomicUsize, Mutex, MutexGuard, OnceLock, Ordering};
use super::wakers::Wakers;

/// How many different resources with one key have a group. Further ones are looked up by each request itself. A client can
/// choose the parts that are not in the key, and every group of the key is compared.
const MAX_GROUPS: usize = 16;

/// How many look-ups of one resource are under way at a time. Two, so that requests that come later do not wait for a
/// look-up that hangs, for example on a dead connection.
const MAX_UNDER_WAY: usize = 2;

/// How many parts the table has, so that requests for different resources seldom contend for a mutex.
const SHARDS: usize = 16;

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

/// The look-ups that are shared now, by resource. Clones share one table.
pub(crate) struct Joined<T>(Arc<Table<T>>);

struct Table<T> {
    /// How many requests look up now, alone or together.
    looking: AtomicUsize,
    /// Made when requests first meet: a layer for each route must not cost a kilobyte each.
    shards: OnceLock<Shards<T>>,
}

type Shards<T> = Box<[Mutex<Shard<T>>; SHARDS]>;
type Shard<T> = HashMap<u64, Vec<Arc<Group<T>>>>;

/// The members that ask for one resource, or listen for news of it.
struct Group<T> {
    resource: Arc<dyn Any + Send + Sync>,
    state: Mutex<State<T>>,
}

/// What the members of a group share.
struct State<T> {
    members: usize,
    last_ticket: u64,
    /// How many look-ups have begun, which is the number of the last one.
    begun: u64,
    under_way: Vec<UnderWay<T>>,
    /// How many members ask.
    askers: usize,
    /// Of the look-ups that have ended without a failure, the number and the answer of the one that began last. Kept while a
    /// member asks.
    answer: Option<(u64, T)>,
    /// The same of those that have failed.
    failure: Option<(u64, T)>,
    /// The same of those that have found a state, for the members that listen.
    current: Option<(u64, T)>,
    /// The members that ask.
    asking: Wakers,
    /// The members that listen, and know what the last state was. They are woken when it differs from the one before.
    listening: Wakers,
    /// The members that listen, and know of no state yet. They are woken for any.
    new_listeners: Wakers,
}

/// A look-up that is under way. Every member that is polled polls it, so that it goes on when one of them leaves or is not
/// polled any more.
struct UnderWay<T> {
    number: u64,
    /// How many asking members it can answer. It is dropped when the last of them leaves.
    wanted: usize,
    is_woken: bool,
    /// `None` while a member polls it.
    look_up: Option<LookUp<T>>,
}

impl<T> Clone for Joined<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T> Default for Joined<T> {
    fn default() -> Self {
        Self(Arc::new(Table {
            looking: AtomicUsize::new(0),
            shards: OnceLock::new(),
        }))
    }
}

impl<T> Joined<T> {
    /// Counts a request that looks up, until the returned value is dropped.
    pub(crate) fn look(&self) -> Looking<'_, T> {
        // Only a hint: two requests that miss each other both look up alone.
        let others = self.0.looking.fetch_add(1, Ordering::Relaxed);
        Looking {
            table: &self.0,
            is_alone: others == 0,
        }
    }

    fn shard(&self, key: u64) -> MutexGuard<'_, Shard<T>> {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "any bits of a hash will do"
        )]
        let index = key as usize % SHARDS;
        let shards = self.0.shards.get_or_init(Shards::default);
        lock(&shards[index])
    }

    /// How many resources are in the table.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        let shards = (0..SHARDS as u64).map(|key| self.shard(key));
        shards
            .map(|shard| shard.values().map(Vec::len).sum::<usize>())
            .sum()
    }
}

impl<T: Answer> Joined<T> {
    /// Joins the group of a resource. `key` is a hash of a part of the resource, and `is_same` compares all of it.
    ///
    /// `None` if there are too many groups for the key.
    pub(crate) fn join(
        &self,
        key: u64,
        resource: &Arc<impl Any + Send + Sync>,
        is_same: impl Fn(&dyn Any) -> bool,
    ) -> Option<Member<T>> {
        let mut shard = self.shard(key);
        let groups = shard.get(&key).map_or(&[][..], Vec::as_slice);
        let group = match groups.iter().find(|group| is_same(&*group.resource)) {
            Some(group) => group.clone(),
            None if groups.len() == MAX_GROUPS => return None,
            None => {
                let group = Arc::new(Group::new(resource.clone()));
                shard.entry(key).or_default().push(group.clone());
                group
            }
        };
        // Under the mutex of the shard, so that `leave` does not remove the group meanwhile.
        let mut state = group.state();
        state.members += 1;
        state.last_ticket += 1;
        let (ticket, after) = (state.last_ticket, state.begun);
        drop(state);
        Some(Member {
            joined: self.clone(),
            key,
            group,
            ticket,
            after,
            knows_state: false,
        })
    }

    /// Takes a member off its group, and removes the group with its last member.
    fn leave(&self, key: u64, group: &Arc<Group<T>>) {
        let mut shard = self.shard(key);
        let mut state = group.state();
        state.members -= 1;
        if state.members > 0 {
            return;
        }
        if let Some(groups) = shard.get_mut(&key) {
            groups.retain(|other| !Arc::ptr_eq(other, group));
            if groups.is_empty() {
                shard.remove(&key);
            }
        }
    }
}

/// A request that looks up now.
pub(crate) struct Looking<'t, T> {
    table: &'t Table<T>,
    /// No other request looked up when this one began.
    pub(crate) is_alone: bool,
}

impl<T> Drop for Looking<'_, T> {
    fn drop(&mut self) {
        self.table.looking.fetch_sub(1, Ordering::Relaxed);
    }
}

impl<T> Group<T> {
    fn new(resource: Arc<dyn Any + Send + Sync>) -> Self {
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

    fn state(&self) -> MutexGuard<'_, State<T>> {
        lock(&self.state)
    }
}

impl<T> State<T> {
    /// Takes out the first look-up with a greater number than `after` that has been woken.
    fn take_woken(&mut self, after: u64) -> Option<(u64, LookUp<T>)> {
        let later = self.under_way.iter_mut().filter(|one| one.number > after);
        later.filter(|one| one.is_woken).find_map(|one| {
            let look_up = one.look_up.take()?;
            one.is_woken = false;
            Some((one.number, look_up))
        })
    }

    /// Begins a look-up for a member, and returns its number. `None` if one under way will answer the member, or if there
    /// are too many.
    fn begin_for(&mut self, after: u64) -> Option<u64> {
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
    fn add_asker(&mut self, after: u64) {
        self.askers += 1;
        for one in &mut self.under_way {
            one.wanted += usize::from(one.number > after);
        }
    }

    /// The answer that a member takes. It takes a failure only if no look-up under way can answer it.
    fn answer_for(&self, after: u64) -> Option<&(u64, T)> {
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
    fn remove_asker(&mut self, after: u64) -> (Unneeded<T>, Wakers) {
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

type Unneeded<T> = (Vec<UnderWay<T>>, Option<(u64, T)>, Option<(u64, T)>);

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
    fn publish(&self, number: u64, answer: T) {
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

/// A request for the resource of a group.
pub(crate) struct Member<T: Answer> {
    joined: Joined<T>,
    key: u64,
    group: Arc<Group<T>>,
    ticket: u64,
    /// The number of the last look-up that had begun when the member joined, or whose answer it has received since.
    after: u64,
    /// Whether it has received an answer.
    knows_state: bool,
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

/// Code that panics while it holds the mutex has changed nothing yet, so a poisoned value is consistent.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner())
}
