//! What was lost and what it cost, as a table.

use std::fmt::Write;
use std::time::Duration;

use super::store::{Costs, Store};
use super::writer::Edit;
use super::{Guard, Lock, Scenario, Weather};

#[derive(Clone, Debug)]
pub(crate) struct Report {
    pub(crate) edits: usize,
    /// Edits that their writers believe to be done, and that are not in the notes.
    pub(crate) lost: usize,
    costs: Costs,
    p50: Duration,
    p99: Duration,
}

impl Report {
    pub(crate) fn of(store: &Store, edits: &[Edit]) -> Self {
        let there = store.all_marks();
        let lost = edits.iter().filter(|edit| !there.contains(&edit.mark));
        let mut took: Vec<_> = edits.iter().map(|edit| edit.took).collect();
        took.sort_unstable();
        let percentile = |percent: usize| took[(took.len() * percent).div_ceil(100) - 1];
        Self {
            edits: edits.len(),
            lost: lost.count(),
            costs: store.lock().costs,
            p50: percentile(50),
            p99: percentile(99),
        }
    }
}

/// Every scenario with every guard: what is lost in calm and in stormy weather, and what an edit costs in calm.
pub(crate) struct Table(Vec<(Scenario, Guard)>);

impl Table {
    pub(crate) fn new(
        scenarios: impl IntoIterator<Item = Scenario>,
        guards: impl IntoIterator<Item = Guard, IntoIter: Clone>,
    ) -> Self {
        let guards = guards.into_iter();
        let rows = scenarios.into_iter().flat_map(|scenario| {
            let guards = guards.clone();
            guards.map(move |guard| (scenario, guard))
        });
        Self(rows.collect())
    }

    pub(crate) fn rows(&self) -> usize {
        self.0.len()
    }

    /// Runs what the rows say, one after the other; `done` is told what each was about.
    pub(crate) fn written(&self, mut done: impl FnMut(&str)) -> String {
        let mut table = "\
| replicas | writers | answer | lost, calm | lost, stormy | 412s | look-ups | round trips | p50 | p99 |
|---------:|--------:|--------|-----------:|-------------:|-----:|---------:|------------:|----:|----:|
"
        .to_owned();
        for &(scenario, guard) in &self.0 {
            table.push_str(&row(scenario, guard));
            let Scenario {
                replicas, writers, ..
            } = scenario;
            done(&format!(
                "{writers} writers on {replicas} replicas, {}",
                name(guard)
            ));
        }
        table
    }
}

fn row(scenario: Scenario, guard: Guard) -> String {
    let calm = scenario.run(guard, Weather::Calm);
    let stormy = scenario.run(guard, Weather::Stormy);
    let Costs {
        refused,
        look_ups,
        round_trips,
    } = calm.costs;
    let per_edit = |count: usize| format!("{:.2}", count as f64 / calm.edits as f64);
    let mut row = String::new();
    // A string can always be written to.
    let _ = writeln!(
        row,
        "| {} | {} | {} | {} | {} | {} | {} | {} | {} | {} |",
        scenario.replicas,
        scenario.writers,
        name(guard),
        share(calm.lost, calm.edits),
        share(stormy.lost, stormy.edits),
        per_edit(refused),
        per_edit(look_ups),
        per_edit(round_trips),
        readable(calm.p50),
        readable(calm.p99),
    );
    row
}

fn share(lost: usize, edits: usize) -> String {
    format!("{lost} of {edits}")
}

fn readable(time: Duration) -> String {
    match time.as_secs() {
        0..10 => format!("{} ms", time.as_millis()),
        seconds => format!("{seconds} s"),
    }
}

const fn name(guard: Guard) -> &'static str {
    match (guard.lock, guard.swap) {
        (Lock::None, false) => "neither",
        (Lock::InProcess, false) => "lock",
        (Lock::Shared, false) => "shared lock",
        (Lock::None, true) => "swap",
        (Lock::InProcess, true) => "lock and swap",
        (Lock::Shared, true) => "shared lock and swap",
    }
}
