//! What each action does.

use crate::model::{
    Action, Answer, Config, Lock, LookUps, Mistake, Phase, Queue, Row, State, Statement, Versions,
};

impl Queue {
    fn is_free(&self) -> bool {
        self.holder.is_none() && self.woken.is_none() && self.waiters.is_empty()
    }

    /// `KeyedQueue::wake_next`.
    fn wake_next(&mut self) {
        self.woken = (!self.waiters.is_empty()).then(|| self.waiters.remove(0));
    }

    /// Drops what a writer has of the lock: its guard, its wake-up or its place.
    fn leave(&mut self, writer: usize, loses_wake_up: bool) {
        self.waiters.retain(|waiter| *waiter != writer);
        if self.holder == Some(writer) {
            self.holder = None;
            self.wake_next();
        } else if self.woken == Some(writer) && !loses_wake_up {
            self.wake_next();
        }
    }
}

impl Config {
    pub(crate) fn takes_lock(&self, writer: usize) -> bool {
        let skips = self.is_unconditional(writer) && self.makes(Mistake::UnconditionalTakesNoLock);
        self.lock != Lock::None && !skips
    }

    /// What a writer can do next by itself.
    pub(crate) fn next_of(&self, state: &State, writer: usize) -> Vec<Action> {
        let replica = self.writers[writer];
        let one = &state.writers[writer];
        let news = state.look_ups[replica].last;
        let oldest = if self.makes(Mistake::TakesOldNews) {
            None
        } else {
            one.after
        };
        let has_news = one.after.is_some() && news.map(|(number, _)| number) > oldest;
        match one.phase {
            Phase::New => vec![Action::Read(writer)],
            Phase::HasRead => vec![Action::Arrive(writer)],
            Phase::LookingUp { under_lock, number } => {
                let mut actions = vec![Action::Find(writer)];
                if !under_lock && number.is_some() && has_news {
                    actions.push(Action::TakeAnswer(writer));
                }
                actions
            }
            Phase::LookedUp { .. } => vec![Action::Evaluate(writer)],
            Phase::WouldWait { .. } => vec![Action::Enter(writer)],
            Phase::Waiting { .. } => {
                let is_woken = state.locks[self.lock_of(replica)].woken == Some(writer);
                // It listens before it takes the lock.
                if has_news {
                    vec![Action::Listen(writer)]
                } else if is_woken {
                    vec![Action::TakeLock(writer)]
                } else {
                    Vec::new()
                }
            }
            Phase::Running { .. } => vec![Action::Send(writer)],
            Phase::Written { .. } => vec![Action::Respond(writer)],
            Phase::Sent | Phase::Answered(_) => Vec::new(),
        }
    }

    pub(crate) fn may_be_dropped(&self, state: &State, writer: usize) -> bool {
        let phase = state.writers[writer].phase;
        !matches!(phase, Phase::New | Phase::HasRead | Phase::Answered(_))
    }

    pub(crate) fn step(&self, state: &mut State, action: Action) {
        match action {
            Action::Read(writer) => {
                state.writers[writer].seen = state.row;
                state.writers[writer].phase = Phase::HasRead;
            }
            Action::Arrive(writer) => self.arrive(state, writer),
            Action::Find(writer) => {
                if let Phase::LookingUp { under_lock, number } = state.writers[writer].phase {
                    let found = state.row;
                    state.writers[writer].phase = Phase::LookedUp {
                        under_lock,
                        number,
                        found,
                    };
                }
            }
            Action::Evaluate(writer) => self.looked_up(state, writer),
            Action::TakeAnswer(writer) => {
                if let Some((_, found)) = state.look_ups[self.writers[writer]].last {
                    self.evaluate(state, writer, false, found);
                }
            }
            Action::Enter(writer) => self.enter(state, writer),
            Action::TakeLock(writer) => {
                let lock = self.lock_for(state, writer);
                lock.woken = None;
                lock.holder = Some(writer);
                self.locked(state, writer);
            }
            Action::Listen(writer) => self.listen(state, writer),
            Action::Send(writer) => self.send(state, writer),
            Action::Land(writer) => self.land(state, writer),
            Action::Respond(writer) => {
                if let Phase::Written { changed } = state.writers[writer].phase {
                    // No row was changed: `Checked::lost`.
                    let answer = if changed {
                        Answer::Done
                    } else {
                        Answer::Refused
                    };
                    self.answer(state, writer, answer);
                }
            }
            Action::Drop(writer) => {
                state.drops -= 1;
                self.drop_request(state, writer);
            }
            Action::Crash(replica) => self.crash(state, replica),
        }
    }

    fn lock_for<'s>(&self, state: &'s mut State, writer: usize) -> &'s mut Queue {
        &mut state.locks[self.lock_of(self.writers[writer])]
    }

    fn arrive(&self, state: &mut State, writer: usize) {
        let row = state.row;
        let one = &mut state.writers[writer];
        one.has_differed = row.id != one.seen.id;
        if !self.takes_lock(writer) || self.try_lock(state, writer) {
            // Under the lock at once: the result is for no other request.
            let (under_lock, number) = (true, None);
            state.writers[writer].phase = Phase::LookingUp { under_lock, number };
        } else {
            // `look_up_beside_others`: it joins, and the look-up begins after that.
            let group = &mut state.look_ups[self.writers[writer]];
            state.writers[writer].after = Some(group.begun);
            group.begun += 1;
            let number = Some(group.begun);
            state.writers[writer].phase = Phase::LookingUp {
                under_lock: false,
                number,
            };
        }
    }

    fn try_lock(&self, state: &mut State, writer: usize) -> bool {
        if self.lock == Lock::Shared {
            return false;
        }
        let barges = self.makes(Mistake::TakenPastTheWoken);
        let lock = self.lock_for(state, writer);
        let takes = if barges {
            lock.holder.is_none()
        } else {
            lock.is_free()
        };
        if takes {
            lock.holder = Some(writer);
        }
        takes
    }

    /// The answer of a look-up has arrived.
    fn looked_up(&self, state: &mut State, writer: usize) {
        let Phase::LookedUp {
            under_lock,
            number,
            found,
        } = state.writers[writer].phase
        else {
            return;
        };
        let group = &mut state.look_ups[self.writers[writer]];
        if let Some(mut number) = number {
            if self.makes(Mistake::NumberedAtItsEnd) {
                group.begun += 1;
                number = group.begun;
            }
            if group.last.is_none_or(|(last, _)| last < number) {
                group.last = Some((number, found));
            }
        }
        self.evaluate(state, writer, under_lock, found);
    }

    /// `Write::looked_up`.
    fn evaluate(&self, state: &mut State, writer: usize, under_lock: bool, found: Row) {
        if !self.holds(state, writer, found) {
            self.answer(state, writer, Answer::Refused);
        } else if under_lock {
            state.writers[writer].phase = Phase::Running { checked: found };
        } else {
            state.writers[writer].phase = Phase::WouldWait { found };
        }
    }

    fn holds(&self, state: &State, writer: usize, found: Row) -> bool {
        self.is_unconditional(writer) || state.writers[writer].seen.version == found.version
    }

    fn enter(&self, state: &mut State, writer: usize) {
        let Phase::WouldWait { found } = state.writers[writer].phase else {
            return;
        };
        if self.try_lock(state, writer) {
            return self.locked(state, writer);
        }
        state.writers[writer].phase = Phase::Waiting { found };
        let lock = self.lock_for(state, writer);
        if lock.is_free() {
            lock.woken = Some(writer);
        } else {
            lock.waiters.push(writer);
        }
    }

    /// `Write::locked`: it looks up again, for all that have joined.
    fn locked(&self, state: &mut State, writer: usize) {
        if self.makes(Mistake::NoLookUpUnderTheLock)
            && let Phase::WouldWait { found } | Phase::Waiting { found } =
                state.writers[writer].phase
        {
            return self.evaluate(state, writer, true, found);
        }
        let group = &mut state.look_ups[self.writers[writer]];
        group.begun += 1;
        let (under_lock, number) = (true, Some(group.begun));
        state.writers[writer].phase = Phase::LookingUp { under_lock, number };
    }

    fn listen(&self, state: &mut State, writer: usize) {
        let Some((number, found)) = state.look_ups[self.writers[writer]].last else {
            return;
        };
        if self.holds(state, writer, found) {
            state.writers[writer].after = Some(number);
        } else if self.makes(Mistake::RefusedAndStillQueued) {
            state.writers[writer].phase = Phase::Answered(Answer::Refused);
        } else {
            self.answer(state, writer, Answer::Refused);
        }
    }

    fn send(&self, state: &mut State, writer: usize) {
        let Phase::Running { checked } = state.writers[writer].phase else {
            return;
        };
        let version = if self.makes(Mistake::SwapReadsAgain) {
            state.row.version
        } else {
            checked.version
        };
        let only_on = self.swap.then_some(version);
        state.statements.push(Statement { writer, only_on });
        state.statements.sort_by_key(|one| one.writer);
        state.writers[writer].phase = Phase::Sent;
        if self.makes(Mistake::ReleasedTooEarly) {
            self.leave(state, writer);
        }
    }

    fn land(&self, state: &mut State, writer: usize) {
        let place = state.statements.iter().position(|one| one.writer == writer);
        let Some(place) = place else { return };
        let statement = state.statements.remove(place);
        let only_on = statement.only_on;
        let changed = only_on.is_none_or(|version| version == state.row.version);
        if changed {
            state.writers[writer].replaced = Some(state.row.id);
            let id = state.row.id + 1;
            let version = match self.versions {
                Versions::Store => id,
                Versions::Clock => id.saturating_sub(u8::from(self.writers[writer] > 0)),
            };
            state.row = Row { id, version };
            for one in &mut state.writers {
                one.has_differed |= one.seen.id != id;
            }
        }
        if state.writers[writer].phase == Phase::Sent {
            state.writers[writer].phase = Phase::Written { changed };
        } else {
            // Work that has gone on without its request holds the lock until now.
            self.leave(state, writer);
        }
    }

    fn answer(&self, state: &mut State, writer: usize, answer: Answer) {
        state.writers[writer].phase = Phase::Answered(answer);
        self.leave(state, writer);
    }

    fn leave(&self, state: &mut State, writer: usize) {
        let loses_wake_up = self.makes(Mistake::LeavesWithTheWakeUp);
        self.lock_for(state, writer).leave(writer, loses_wake_up);
    }

    fn drop_request(&self, state: &mut State, writer: usize) {
        let goes_on = state.writers[writer].phase == Phase::Sent && self.hold_lock;
        state.writers[writer].phase = Phase::Answered(Answer::Nothing);
        if !goes_on {
            self.leave(state, writer);
        }
    }

    /// The store sees the end of the connections, and frees the shared lock. What it was sent may still arrive.
    fn crash(&self, state: &mut State, replica: usize) {
        state.crashes -= 1;
        for writer in 0..self.writers.len() {
            if self.writers[writer] != replica {
                continue;
            }
            if self.may_be_dropped(state, writer) {
                state.writers[writer].phase = Phase::Answered(Answer::Nothing);
            }
            // Also what work that has gone on without its request holds.
            if !self.makes(Mistake::LockOutlivesItsReplica) {
                self.leave(state, writer);
            }
        }
        state.look_ups[replica] = LookUps::default();
        if self.lock != Lock::Shared {
            state.locks[replica] = Queue::default();
        }
    }
}
