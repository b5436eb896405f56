//! The simulation: writers, replicas, one store, and a network between them, in virtual time.
//!
//! | file         | idea                                                              |
//! |--------------|-------------------------------------------------------------------|
//! | `chance.rs`  | the seeded source of every delay and every fault                  |
//! | `store.rs`   | the one store behind all replicas, and what it costs to ask it    |
//! | `locks.rs`   | a write lock that all replicas share                              |
//! | `replica.rs` | the crate's own layer over a handler, in a process that can crash |
//! | `writer.rs`  | a client that reads, changes, writes, and tries again             |
//! | `report.rs`  | what was lost, what it cost, as a table                           |

mod chance;
mod locks;
mod replica;
mod report;
mod store;
mod writer;

use std::sync::Arc;

use chance::Chance;
use replica::Replica;
pub(crate) use report::{Report, Table};
use store::Store;
use tokio::task::JoinSet;
use writer::Writer;

/// What keeps two writers apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Guard {
    lock: Lock,
    /// Whether the store compares the version before it writes.
    swap: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lock {
    None,
    /// The default: each replica has its own.
    InProcess,
    /// Theirs and one in the store, as in the `postgres` example.
    Shared,
}

impl Guard {
    /// The control: the layer evaluates, and nothing makes check and write one step.
    pub(crate) const NEITHER: Self = Self::new(Lock::None, false);
    pub(crate) const LOCK: Self = Self::new(Lock::InProcess, false);
    pub(crate) const SWAP: Self = Self::new(Lock::None, true);
    pub(crate) const BOTH: Self = Self::new(Lock::InProcess, true);
    pub(crate) const SHARED_LOCK: Self = Self::new(Lock::Shared, false);
    pub(crate) const SHARED_BOTH: Self = Self::new(Lock::Shared, true);

    pub(crate) const ALL: [Self; 6] = [
        Self::NEITHER,
        Self::LOCK,
        Self::SHARED_LOCK,
        Self::SWAP,
        Self::BOTH,
        Self::SHARED_BOTH,
    ];

    const fn new(lock: Lock, swap: bool) -> Self {
        Self { lock, swap }
    }
}

/// Who writes what.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scenario {
    pub(crate) replicas: usize,
    pub(crate) writers: usize,
    pub(crate) notes: usize,
    /// How many edits each writer makes, one after the other.
    pub(crate) edits: usize,
}

/// What can go wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Weather {
    /// Everything has latency, and arrives.
    Calm,
    /// Answers are lost, the store is slow now and then, replicas crash.
    Stormy,
}

const SEED: u64 = 9110;

impl Scenario {
    pub(crate) const fn growing(replicas: usize) -> Self {
        Self {
            replicas,
            writers: replicas * 8,
            notes: replicas,
            // What goes wrong once in a while has to have its chance on one replica, too.
            edits: if replicas == 1 { 20 } else { 5 },
        }
    }

    pub(crate) const fn hot(replicas: usize) -> Self {
        Self {
            replicas,
            writers: replicas * 8,
            notes: 1,
            edits: 1,
        }
    }

    /// Runs it to its end; the same every time.
    pub(crate) fn run(self, guard: Guard, weather: Weather) -> Report {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build();
        runtime
            .expect("a runtime without I/O needs nothing that could be missing")
            .block_on(self.play(guard, weather))
    }

    async fn play(self, guard: Guard, weather: Weather) -> Report {
        let mut chance = Chance::new(SEED);
        let store = Store::new(self.notes, weather, chance.fork());
        let replicas: Vec<_> = (0..self.replicas)
            .map(|_| Replica::started(guard, weather, &store, chance.fork()))
            .collect();
        let replicas: Arc<[_]> = replicas.into();

        let mut writers = JoinSet::new();
        for number in 0..self.writers {
            // Next to each other in number, far from each other in place.
            let note = (number / self.writers.div_ceil(self.notes)) as u64;
            let home = number % self.replicas;
            let writer = Writer::new(number, note, home, replicas.clone(), weather, chance.fork());
            writers.spawn(writer.edit_times(self.edits, store.clone()));
        }
        let mut edits = Vec::new();
        while let Some(finished) = writers.join_next().await {
            edits.extend(finished.expect("a writer does not panic"));
        }
        Report::of(&store, &edits)
    }
}
