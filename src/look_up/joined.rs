//! Look-ups that several requests share: the table of them. The file uses nothing of the crate, so that a model checker can include it.
//!
//! A look-up answers every request that asked before it began, because its result was true at some instant while they
//! waited. So the look-ups of a resource are numbered, and a member takes the answer of any look-up that began after the
//! member had joined.

use std::any::Any;
use std::collections::HashMap;

use super::group::{Answer, Group, lock};
use super::member::Member;
use super::sync::{Arc, AtomicUsize, Mutex, MutexGuard, OnceLock, Ordering};

/// How many different resources with one key have a group. Further ones are looked up by each request itself. A client can
/// choose the parts that are not in the key, and every group of the key is compared.
const MAX_GROUPS: usize = 16;

/// How many parts the table has, so that requests for different resources seldom contend for a mutex.
const SHARDS: usize = 16;

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
    pub(super) fn leave(&self, key: u64, group: &Arc<Group<T>>) {
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
