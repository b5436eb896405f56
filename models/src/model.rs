//! The configuration, the state, and what has to hold.

use stateright::{Model, Property};

/// Which lock the layer takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lock {
    /// `WritePolicy::skip_lock`.
    None,
    /// `InProcessLock`: one for each replica.
    InProcess,
    /// A `WriteLock` that all replicas share. Its `try_lock` is the default of the trait: it never takes the lock.
    Shared,
}

/// Where the number in the tag comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Versions {
    /// A counter of the store: no number comes twice.
    Store,
    /// The clock of the replica that writes. That of the second replica is one behind.
    Clock,
}

/// Mistakes that the properties have to find.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mistake {
    /// A waiting write is refused by a look-up that began before its request.
    TakesOldNews,
    /// A look-up gets its number when it ends, not when it begins.
    NumberedAtItsEnd,
    /// A write that has waited runs on the look-up from before it waited.
    NoLookUpUnderTheLock,
    /// The lock is free when the statement is sent, not when it is answered.
    ReleasedTooEarly,
    /// A woken waiter that leaves wakes nobody.
    LeavesWithTheWakeUp,
    /// A write that is refused while it waits stays in the queue.
    RefusedAndStillQueued,
    /// A free lock is taken past those that wait, the one that was woken included.
    TakenPastTheWoken,
    /// The handler reads the version for its statement itself, and not from `Checked`.
    SwapReadsAgain,
    /// The shared lock of a replica that has crashed stays taken.
    LockOutlivesItsReplica,
    /// A write without preconditions takes no lock.
    UnconditionalTakesNoLock,
}

#[derive(Clone, Debug)]
pub(crate) struct Config {
    /// The replica of each writer.
    pub(crate) writers: Vec<usize>,
    /// The writer, if there is one, that sends no precondition.
    pub(crate) unconditional: Option<usize>,
    pub(crate) lock: Lock,
    /// The statement compares the version of `Checked` with that of the row.
    pub(crate) swap: bool,
    pub(crate) versions: Versions,
    /// How many replicas crash.
    pub(crate) crashes: u8,
    /// How many requests are dropped: the client hangs up, or a time limit is over.
    pub(crate) drops: u8,
    /// The handler has moved `Checked::hold_lock()` into work that goes on.
    pub(crate) hold_lock: bool,
    pub(crate) mistake: Option<Mistake>,
}

impl Config {
    pub(crate) fn makes(&self, mistake: Mistake) -> bool {
        self.mistake == Some(mistake)
    }

    /// The lock that a replica's writers take.
    pub(crate) fn lock_of(&self, replica: usize) -> usize {
        match self.lock {
            Lock::Shared => 0,
            Lock::None | Lock::InProcess => replica,
        }
    }

    fn replicas(&self) -> usize {
        self.writers.iter().max().map_or(0, |last| last + 1)
    }
}

/// A row: which write has made it, and the version that its tag names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Row {
    pub(crate) id: u8,
    pub(crate) version: u8,
}

/// One entry of `KeyedQueue`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Queue {
    pub(crate) holder: Option<usize>,
    /// The waiter that was woken and has not taken the guard yet.
    pub(crate) woken: Option<usize>,
    pub(crate) waiters: Vec<usize>,
}

/// The look-ups that the requests of one replica share: a `Group` of `Joined`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct LookUps {
    pub(crate) begun: u8,
    /// Of the look-ups that have ended, the number and the answer of the one that began last.
    pub(crate) last: Option<(u8, Row)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Answer {
    Done,
    /// 412.
    Refused,
    /// Nobody was told: the request was dropped, or its replica has crashed.
    Nothing,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Phase {
    /// The client has not read the resource yet.
    New,
    /// The client has a tag, and has not sent its write.
    HasRead,
    /// A look-up is on its way to the store. Only a shared one has a number.
    LookingUp {
        under_lock: bool,
        number: Option<u8>,
    },
    /// The answer of the store is on its way back.
    LookedUp {
        under_lock: bool,
        number: Option<u8>,
        found: Row,
    },
    /// Evaluated before it waits, and not in the queue yet.
    WouldWait {
        found: Row,
    },
    Waiting {
        found: Row,
    },
    /// The handler runs.
    Running {
        checked: Row,
    },
    /// Its statement is on its way to the store.
    Sent,
    /// The answer of the store is on its way back: whether a row was changed.
    Written {
        changed: bool,
    },
    Answered(Answer),
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Writer {
    pub(crate) phase: Phase,
    /// The row that the client has read.
    pub(crate) seen: Row,
    /// Whether the row was another one than the client's at some instant of its request.
    pub(crate) has_differed: bool,
    /// The look-up after which the request has joined the others.
    pub(crate) after: Option<u8>,
    /// The row that its statement has replaced.
    pub(crate) replaced: Option<u8>,
}

/// A statement on its way. It arrives even if nobody waits for it any more.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Statement {
    pub(crate) writer: usize,
    /// `WHERE version = …`
    pub(crate) only_on: Option<u8>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct State {
    pub(crate) row: Row,
    pub(crate) locks: Vec<Queue>,
    pub(crate) look_ups: Vec<LookUps>,
    pub(crate) writers: Vec<Writer>,
    pub(crate) statements: Vec<Statement>,
    pub(crate) crashes: u8,
    pub(crate) drops: u8,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Action {
    /// The client reads the resource.
    Read(usize),
    /// The request arrives: `Write::begin`, which takes the lock if it is free.
    Arrive(usize),
    /// The store answers a look-up.
    Find(usize),
    /// The answer of the look-up arrives: `Member::publish`, `Write::looked_up`.
    Evaluate(usize),
    /// A write that has asked takes the answer of another look-up: `Member::ask`.
    TakeAnswer(usize),
    /// `Options::wait_for_lock`: the lock is free by now, or the write enters the queue.
    Enter(usize),
    /// The woken waiter takes the lock, and looks up for all: `Waiting::poll`, `Member::look_up_for_all`.
    TakeLock(usize),
    /// A waiting write receives a published state: `Member::poll_state` in `lock_or_refusal`.
    Listen(usize),
    /// The handler sends its statement.
    Send(usize),
    /// The statement reaches the store.
    Land(usize),
    /// The answer of the store reaches the handler, and that of the handler the client.
    Respond(usize),
    /// The future of the request is dropped.
    Drop(usize),
    /// A replica loses all that it holds, and begins again.
    Crash(usize),
}

pub(crate) const ACKNOWLEDGED: &str =
    "an acknowledged write was made on the state that its tag names";
pub(crate) const PERFORMED: &str =
    "no write is made on a state for which its precondition is false";
pub(crate) const REFUSED: &str = "a refusal was true at some instant of its request";
pub(crate) const ALONE: &str = "at most one write runs under a lock";
pub(crate) const NOBODY_WAITS: &str = "nobody waits for ever";
pub(crate) const NOTHING_LEFT: &str = "in the end every lock is free, and its queue empty";
/// Without these the others could hold because nothing happens.
const ALL_DONE: &str = "some order lets two writes through";
const SOME_REFUSED: &str = "some order refuses a write";

impl Model for Config {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        let row = Row { id: 0, version: 0 };
        let writer = Writer {
            phase: Phase::New,
            seen: row,
            has_differed: false,
            after: None,
            replaced: None,
        };
        vec![State {
            row,
            locks: vec![Queue::default(); self.replicas()],
            look_ups: vec![LookUps::default(); self.replicas()],
            writers: vec![writer; self.writers.len()],
            statements: Vec::new(),
            crashes: self.crashes,
            drops: self.drops,
        }]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        for writer in 0..self.writers.len() {
            actions.extend(self.next_of(state, writer));
            if state.drops > 0 && self.may_be_dropped(state, writer) {
                actions.push(Action::Drop(writer));
            }
        }
        actions.extend(state.statements.iter().map(|one| Action::Land(one.writer)));
        if state.crashes > 0 {
            let runs_something = |replica: &usize| {
                (0..self.writers.len())
                    .any(|w| self.writers[w] == *replica && self.may_be_dropped(state, w))
            };
            actions.extend(
                (0..self.replicas())
                    .filter(runs_something)
                    .map(Action::Crash),
            );
        }
    }

    fn next_state(&self, state: &State, action: Action) -> Option<State> {
        let mut next = state.clone();
        self.step(&mut next, action);
        Some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always(ACKNOWLEDGED, |model: &Self, state: &State| {
                state.writers.iter().enumerate().all(|(number, writer)| {
                    writer.phase != Phase::Answered(Answer::Done)
                        || model.is_unconditional(number)
                        || writer.replaced == Some(writer.seen.id)
                })
            }),
            Property::always(PERFORMED, |model: &Self, state: &State| {
                state.writers.iter().enumerate().all(|(number, writer)| {
                    model.is_unconditional(number)
                        || writer.replaced.is_none_or(|id| id == writer.seen.id)
                })
            }),
            Property::always(REFUSED, |_, state: &State| {
                let mut writers = state.writers.iter();
                writers.all(|one| one.phase != Phase::Answered(Answer::Refused) || one.has_differed)
            }),
            Property::always(ALONE, Self::runs_alone),
            Property::always(NOBODY_WAITS, |model: &Self, state: &State| {
                let is_answered = |one: &Writer| matches!(one.phase, Phase::Answered(_));
                model.goes_on(state) || state.writers.iter().all(is_answered)
            }),
            Property::always(NOTHING_LEFT, |model: &Self, state: &State| {
                model.goes_on(state) || state.locks.iter().all(|lock| *lock == Queue::default())
            }),
            Property::sometimes(ALL_DONE, |_, state: &State| {
                let is_done = |one: &&Writer| one.phase == Phase::Answered(Answer::Done);
                state.writers.iter().filter(is_done).count() >= 2
            }),
            Property::sometimes(SOME_REFUSED, |_, state: &State| {
                let is_refused = |one: &Writer| one.phase == Phase::Answered(Answer::Refused);
                state.writers.iter().any(is_refused)
            }),
        ]
    }
}

impl Config {
    pub(crate) fn is_unconditional(&self, writer: usize) -> bool {
        self.unconditional == Some(writer)
    }

    fn goes_on(&self, state: &State) -> bool {
        let mut actions = Vec::new();
        self.actions(state, &mut actions);
        !actions.is_empty()
    }

    /// The crash of a process frees its locks; its statements are no part of this.
    fn runs_alone(&self, state: &State) -> bool {
        let runs = |writer: &usize| {
            let phase = state.writers[*writer].phase;
            matches!(
                phase,
                Phase::Running { .. } | Phase::Sent | Phase::Written { .. }
            )
        };
        let takes_lock = |writer: &usize| self.takes_lock(*writer);
        (0..state.locks.len()).all(|lock| {
            let here = (0..self.writers.len()).filter(takes_lock).filter(runs);
            here.filter(|writer| self.lock_of(self.writers[*writer]) == lock)
                .count()
                <= 1
        })
    }
}
