//! The one store behind all replicas, and what it costs to ask it.
//!
//! A version names a content for ever: it says which content it was made from and what was added. So the report can
//! say whose edit is still there.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::{sleep, timeout};
use tower_conditional::lock::WriteKey;

use super::Weather;
use super::chance::Chance;

/// One edit of one writer.
pub(crate) type Mark = (usize, usize);

/// How long a replica waits for the store.
const PATIENCE: Duration = Duration::from_millis(100);

/// Where notes are kept; clones are connections to the same one.
#[derive(Clone, Debug)]
pub(crate) struct Store {
    state: Arc<Mutex<State>>,
    weather: Weather,
}

#[derive(Debug)]
pub(crate) struct State {
    /// The current version of each note; 0 is a note that nobody has edited.
    notes: Vec<usize>,
    contents: Vec<Content>,
    turns: HashMap<WriteKey, Arc<tokio::sync::Mutex<()>>>,
    chance: Chance,
    pub(crate) costs: Costs,
}

#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Costs {
    pub(crate) look_ups: usize,
    pub(crate) round_trips: usize,
    pub(crate) refused: usize,
}

#[derive(Debug)]
struct Content {
    made_from: usize,
    added: Option<Mark>,
}

/// The store has not answered in time. What was asked of it may have happened, or may happen yet.
#[derive(Debug)]
pub(crate) struct NoAnswer;

impl Store {
    pub(crate) fn new(notes: usize, weather: Weather, chance: Chance) -> Self {
        let untouched = Content {
            made_from: 0,
            added: None,
        };
        let state = State {
            notes: vec![0; notes],
            contents: vec![untouched],
            turns: HashMap::new(),
            chance,
            costs: Costs::default(),
        };
        Self {
            state: Arc::new(Mutex::new(state)),
            weather,
        }
    }

    /// The version that a note has.
    pub(crate) async fn version(&self, note: u64) -> Result<usize, NoAnswer> {
        self.ask(move |state| state.notes[note as usize]).await
    }

    /// Stores what was made from one version by adding a mark; `None` if the swap failed.
    pub(crate) async fn write(
        &self,
        note: u64,
        made_from: usize,
        mark: Mark,
        expected: Option<usize>,
    ) -> Result<Option<usize>, NoAnswer> {
        self.ask(move |state| {
            let note = note as usize;
            if expected.is_some_and(|expected| expected != state.notes[note]) {
                return None;
            }
            state.contents.push(Content {
                made_from,
                added: Some(mark),
            });
            state.notes[note] = state.contents.len() - 1;
            Some(state.notes[note])
        })
        .await
    }

    /// A round trip. The question travels by itself: it arrives even if the replica that asked has crashed.
    async fn ask<T: Send + 'static>(
        &self,
        effect: impl FnOnce(&mut State) -> T + Send + 'static,
    ) -> Result<T, NoAnswer> {
        let (there, back) = self.round_trip();
        let (answer, answered) = oneshot::channel();
        let store = self.clone();
        tokio::spawn(async move {
            sleep(there).await;
            let found = effect(&mut store.lock());
            if let Some(back) = back {
                sleep(back).await;
                // Nobody may be listening any more.
                let _ = answer.send(found);
            }
        });
        match timeout(PATIENCE, answered).await {
            Ok(Ok(found)) => Ok(found),
            Ok(Err(_)) | Err(_) => Err(NoAnswer),
        }
    }

    /// How long the question takes, and the answer, if it is not lost.
    pub(crate) fn round_trip(&self) -> (Duration, Option<Duration>) {
        let mut state = self.lock();
        state.costs.round_trips += 1;
        let chance = &mut state.chance;
        let (there, back) = (chance.millis(1, 2), chance.millis(1, 2));
        if self.weather == Weather::Calm {
            return (there, Some(back));
        }
        let there = match chance.one_in(50) {
            true => chance.millis(50, 250),
            false => there,
        };
        (there, (!chance.one_in(200)).then_some(back))
    }

    /// What serves the writers of one note in turn, for the lock that replicas share.
    pub(crate) fn turn_of(&self, key: &WriteKey) -> Arc<tokio::sync::Mutex<()>> {
        self.lock().turns.entry(key.clone()).or_default().clone()
    }

    /// Whether the content of a version has the mark.
    pub(crate) fn has(&self, version: usize, mark: Mark) -> bool {
        self.lock().marks(version).any(|found| found == mark)
    }

    /// The marks that are in the notes as they are now.
    pub(crate) fn all_marks(&self) -> HashSet<Mark> {
        let state = self.lock();
        state
            .notes
            .iter()
            .flat_map(|&version| state.marks(version))
            .collect()
    }

    /// Nothing panics while it is held.
    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn marks(&self, version: usize) -> impl Iterator<Item = Mark> {
        let before = |&version: &usize| (version > 0).then(|| self.contents[version].made_from);
        std::iter::successors(Some(version), before)
            .filter_map(|version| self.contents[version].added)
    }
}
