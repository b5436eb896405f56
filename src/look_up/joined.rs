//! Look-ups that several requests share. The file uses nothing of the crate, so that a model checker can include it.
//!
//! A look-up answers every request that asked before it began, because its result was true at some instant while they
//! waited. So the look-ups of a resource are numbered, and a member takes the answer of any look-up that began after the
//! member had joined.

use std::any::Any;
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::future::Future;
use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll, Wake, Waker};

use super::sync::{Arc, AtomicUsize, Mutex, MutexGuard, Ordering};

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
    /// Whether members that listen for news are woken for this answer, given the answer before.
    fn is_news(&self, earlier: Option<&Self>) -> bool;
}

/// A look-up that is under way.
pub(crate) type LookUp<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// The look-ups that are shared now, by resource. Clones share one table.
pub(crate) struct Joined<T>(Arc<Table<T>>);

struct Table<T> {
    /// How many requests look up now, alone or together.
    looking: AtomicUsize,
    shards: [Mutex<Shard<T>>; SHARDS],
}

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
    /// Of the look-ups that have ended, the number and the answer of the one that began last.
    answer: Option<(u64, T)>,
    /// The number and the answer of the last look-up that had news.
    news: Option<(u64, T)>,
    /// The wakers of the members that ask, by ticket.
    asking: BTreeMap<u64, Waker>,
    /// The wakers of the members that listen for news, by ticket.
    listening: BTreeMap<u64, Waker>,
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
            shards: std::array::from_fn(|_| Mutex::default()),
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
        lock(&self.0.shards[index])
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
                news: None,
                asking: BTreeMap::new(),
                listening: BTreeMap::new(),
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

    /// Takes a member that asked off the count. Returns the look-ups that no member waits for, to be dropped, and the wakers
    /// of the members that may now begin others.
    fn remove_asker(&mut self, after: u64) -> (Vec<UnderWay<T>>, BTreeMap<u64, Waker>) {
        self.askers -= 1;
        for one in &mut self.under_way {
            one.wanted -= usize::from(one.number > after);
        }
        let is_unwanted = |one: &mut UnderWay<T>| one.wanted == 0 && one.look_up.is_some();
        let unwanted: Vec<_> = self.under_way.extract_if(.., is_unwanted).collect();
        if unwanted.is_empty() {
            (unwanted, BTreeMap::new())
        } else {
            (unwanted, mem::take(&mut self.asking))
        }
    }
}

impl<T: Answer> Group<T> {
    /// Stores an answer, unless one of a later look-up is there, and wakes the members.
    fn publish(&self, number: u64, answer: T) {
        let mut state = self.state();
        if matches!(state.answer, Some((later, _)) if later > number) {
            return;
        }
        let earlier = state.answer.as_ref().map(|(_, answer)| answer);
        let listening = if answer.is_news(earlier) {
            state.news = Some((number, answer.clone()));
            mem::take(&mut state.listening)
        } else {
            BTreeMap::new()
        };
        let earlier = state.answer.replace((number, answer));
        let asking = mem::take(&mut state.asking);
        drop(state);
        // After the mutex is unlocked, here and below, because dropping and waking may run any code.
        drop(earlier);
        wake(asking);
        wake(listening);
    }
}

/// Wakes the members that ask, because any of them can poll a woken look-up.
impl<T: Send + 'static> Wake for Group<T> {
    fn wake(self: std::sync::Arc<Self>) {
        let mut state = self.state();
        for one in &mut state.under_way {
            one.is_woken = true;
        }
        let asking = mem::take(&mut state.asking);
        drop(state);
        wake(asking);
    }
}

/// A request for the resource of a group.
pub(crate) struct Member<T: Answer> {
    joined: Joined<T>,
    key: u64,
    group: Arc<Group<T>>,
    ticket: u64,
    /// The number of the last look-up that had begun when the member joined.
    after: u64,
}

impl<T: Answer> Member<T> {
    /// Waits for the answer of a look-up that began after the member joined. `begin` makes the look-up if no other member
    /// has begun one.
    pub(crate) async fn ask(&self, begin: impl Fn() -> LookUp<T>) -> T {
        let asker = Asker::new(&self.group, self.ticket, self.after);
        std::future::poll_fn(|cx| asker.poll(cx, &begin)).await
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

    /// Waits for news: the answer of a look-up that began after this member joined, if it differs from the answer before.
    /// Returns each answer at most once.
    pub(crate) fn poll_news(&mut self, cx: &mut Context<'_>) -> Poll<T> {
        let mut state = self.group.state();
        if let Some((number, news)) = &state.news
            && *number > self.after
        {
            self.after = *number;
            return Poll::Ready(news.clone());
        }
        let previous = match state.listening.get_mut(&self.ticket) {
            Some(waker) if waker.will_wake(cx.waker()) => None,
            _ => state.listening.insert(self.ticket, cx.waker().clone()),
        };
        drop(state);
        drop(previous);
        Poll::Pending
    }
}

impl<T: Answer> Drop for Member<T> {
    fn drop(&mut self) {
        let mut state = self.group.state();
        let listening = state.listening.remove(&self.ticket);
        drop(state);
        drop(listening);
        self.joined.leave(self.key, &self.group);
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
    fn poll(&self, cx: &mut Context<'_>, begin: impl Fn() -> LookUp<T>) -> Poll<T> {
        // Each look-up is polled once at most: one that wakes itself to let other tasks run must not be polled for ever.
        let mut polled = 0;
        loop {
            let mut state = self.group.state();
            if let Some((number, answer)) = &state.answer
                && *number > self.after
            {
                return Poll::Ready(answer.clone());
            }
            // Before a look-up is polled, so that its wake-ups from now on reach this member as well.
            let previous = state.asking.insert(self.ticket, cx.waker().clone());
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
        let own = state.asking.remove(&self.ticket);
        let (unwanted, asking) = state.remove_asker(self.after);
        drop(state);
        drop((own, unwanted));
        wake(asking);
    }
}

/// A look-up while a member polls it. If it panics, the next member begins another one.
struct Polled<'g, T> {
    group: &'g Arc<Group<T>>,
    number: u64,
    look_up: Option<LookUp<T>>,
}

impl<T: Answer> Polled<'_, T> {
    fn poll(mut self, begin: impl FnOnce() -> LookUp<T>) {
        let waker = Waker::from(self.group.clone());
        let look_up = self.look_up.get_or_insert_with(begin);
        let polled = look_up.as_mut().poll(&mut Context::from_waker(&waker));
        if let Poll::Ready(answer) = polled {
            self.look_up = None;
            self.group.publish(self.number, answer);
        }
    }
}

/// Puts a look-up that is pending back. Removes one that has ended, that has panicked, or that no member waits for, so that
/// another can begin.
impl<T> Drop for Polled<'_, T> {
    fn drop(&mut self) {
        let look_up = self.look_up.take();
        let mut state = self.group.state();
        let place = state.under_way.iter_mut();
        let place = place.enumerate().find(|(_, one)| one.number == self.number);
        let Some((index, one)) = place else {
            return;
        };
        let is_wanted = one.wanted > 0 && !std::thread::panicking();
        let is_woken = one.is_woken;
        let over = match look_up {
            Some(look_up) if is_wanted => {
                one.look_up = Some(look_up);
                None
            }
            over => {
                state.under_way.remove(index);
                Some(over)
            }
        };
        if over.is_none() && !is_woken {
            return;
        }
        let asking = mem::take(&mut state.asking);
        drop(state);
        drop(over);
        wake(asking);
    }
}

/// No code panics while it holds the mutex, so a poisoned value is consistent.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner())
}

fn wake(wakers: BTreeMap<u64, Waker>) {
    for waker in wakers.into_values() {
        waker.wake();
    }
}
