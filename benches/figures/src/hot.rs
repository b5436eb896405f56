//! 64 clients save one note as fast as they can: with the layer, and beside it over the bare compare-and-swap.

use std::env;
use std::time::{Duration, Instant};

use axum::Router;
use tokio::task::JoinSet;
use tower_conditional::WritePolicy;
use tower_conditional::lock::InProcessLock;

use crate::Result;
use crate::advisory_lock::AdvisoryLock;
use crate::app::{LookUps, bare, guarded, locked_by};
use crate::client::{Tally, Window, read, save_repeatedly};
use crate::stores::{Postgres, Slow, Sqlite, Store};
use crate::table::{Wanted, row};

const CLIENTS: usize = 64;

/// Before what counts.
const WARMING_UP: Duration = Duration::from_millis(300);

/// A store whose 64 clients wait for each other for seconds needs a longer window, which shows what they wait.
const SQLITE: u32 = 3;
const SLOW_STORE: u32 = 5;
const DATABASE: u32 = 4;

/// Of the longer ones.
const ROUNDS: usize = 3;

/// What the share of the bare writes has to be, and what it would better be.
const IN_PROCESS: Wanted = Wanted::AtLeast(0.76, 0.85);
const SLOW_STATEMENTS: Wanted = Wanted::AtLeast(0.6, 0.8);
const ADVISORY: Wanted = Wanted::AtLeast(0.58, 0.6);

const PERCENTILE: Wanted = Wanted::AtMost(2.0, 1.5);
const LOOK_UPS: Wanted = Wanted::AtMost(16.0, 16.0);

pub(crate) async fn all(seconds: Duration, rounds: usize) -> Result<()> {
    let in_process = || locked_by(InProcessLock::new());
    let sqlite = Sqlite::new()?;
    let pair = Pair::new("SQLite, in-process lock", sqlite, in_process());
    let pair = pair.measure(seconds * SQLITE, rounds).await?;
    pair.print(IN_PROCESS);

    let longer = rounds.min(ROUNDS);
    let slow = Slow::new();
    let pair = Pair::new("statements of 2 ms, in-process lock", slow, in_process());
    let pair = pair.measure(seconds * SLOW_STORE, longer).await?;
    pair.print(SLOW_STATEMENTS);

    let Ok(url) = env::var("DATABASE_URL") else {
        eprintln!("SKIPPED: PostgreSQL: no DATABASE_URL");
        return Ok(());
    };
    let config = url.parse()?;
    let seconds = seconds * DATABASE;
    let database = Postgres::new(&config).await?;
    let name = "PostgreSQL, in-process lock";
    let pair = Pair::new(name, database.clone(), in_process());
    pair.measure(seconds, longer).await?.print(IN_PROCESS);

    let advisory = locked_by(AdvisoryLock::new(&config)?);
    let pair = Pair::new("PostgreSQL, advisory lock", database, advisory);
    pair.measure(seconds, longer).await?.print(ADVISORY);
    Ok(())
}

/// Two routers over one store.
struct Pair {
    name: &'static str,
    bare: Router,
    guarded: Router,
    look_ups: LookUps,
    rounds: Vec<Round>,
}

/// What both were found to do in one round.
struct Round {
    bare: Side,
    guarded: Side,
    look_ups: f64,
}

struct Side {
    accepted_each_second: f64,
    /// The 99th percentile, unless the window has cut it off.
    slow: Option<Duration>,
    unclear: u64,
}

impl Pair {
    fn new(name: &'static str, store: impl Store, policy: WritePolicy) -> Self {
        let (guarded, look_ups) = guarded(store.clone(), policy);
        Self {
            name,
            bare: bare(store),
            guarded,
            look_ups,
            rounds: Vec::new(),
        }
    }

    /// Runs the two in turn, so that other load on the machine affects both.
    async fn measure(mut self, window: Duration, rounds: usize) -> Result<Self> {
        for _ in 0..rounds {
            let (bare, _) = self.run(&self.bare, window).await?;
            let before = self.look_ups.count();
            let (guarded, accepted) = self.run(&self.guarded, window).await?;
            let look_ups = self.look_ups.count() - before;
            self.rounds.push(Round {
                bare,
                guarded,
                look_ups: look_ups as f64 / accepted as f64,
            });
        }
        Ok(self)
    }

    /// What the clients get of one router, and how often they saved in all.
    async fn run(&self, router: &Router, window: Duration) -> Result<(Side, u64)> {
        let (_, before) = read(router).await?;
        let from = Instant::now() + WARMING_UP;
        let counted = Window {
            from,
            to: from + window,
        };
        let mut clients = JoinSet::new();
        for _ in 0..CLIENTS {
            clients.spawn(save_repeatedly(router.clone(), counted));
        }
        let mut tally = Tally::default();
        while let Some(client) = clients.join_next().await {
            tally.add(client??);
        }
        let (_, after) = read(router).await?;
        self.check_nothing_lost(after - before, &tally)?;
        let side = Side {
            accepted_each_second: tally.accepted as f64 / window.as_secs_f64(),
            slow: percentile_99(tally.saves).filter(|&slow| slow < window),
            unclear: tally.unclear,
        };
        Ok((side, tally.accepted_in_all))
    }

    /// Each accepted save has added one.
    fn check_nothing_lost(&self, added: u64, tally: &Tally) -> Result<()> {
        let accepted = tally.accepted_in_all;
        if (accepted..=accepted + tally.unclear).contains(&added) {
            return Ok(());
        }
        Err(format!(
            "{}: {accepted} saves were accepted, {added} are there",
            self.name
        )
        .into())
    }

    fn print(&self, wanted: Wanted) {
        let name = self.name;
        let guarded = self.median(|round| Some(round.guarded.accepted_each_second));
        let bare = self.median(|round| Some(round.bare.accepted_each_second));
        row(
            format!("accepted writes of a hot note over bare: {name}"),
            self.median(|round| {
                Some(round.guarded.accepted_each_second / round.bare.accepted_each_second)
            }),
            format!("{} of {} a second", shown(guarded), shown(bare)),
            wanted,
        );
        let guarded = self.median(|round| milliseconds(&round.guarded));
        let bare = self.median(|round| milliseconds(&round.bare));
        row(
            format!("99th percentile of a save over bare: {name}"),
            self.median(|round| Some(milliseconds(&round.guarded)? / milliseconds(&round.bare)?)),
            format!("{} and {} ms", shown(guarded), shown(bare)),
            PERCENTILE,
        );
        row(
            format!("look-ups for each accepted write: {name}"),
            self.median(|round| Some(round.look_ups)),
            "for reads and writes",
            LOOK_UPS,
        );
        let unclear: u64 = self.rounds.iter().map(|round| round.guarded.unclear).sum();
        if unclear > 0 {
            eprintln!("{name}: {unclear} writes were answered neither 204 nor 412");
        }
    }

    /// Of all rounds; none if one of them has no value.
    fn median(&self, value: impl Fn(&Round) -> Option<f64>) -> Option<f64> {
        let mut values: Vec<f64> = self.rounds.iter().map(value).collect::<Option<_>>()?;
        values.sort_by(f64::total_cmp);
        values.get(values.len() / 2).copied()
    }
}

fn milliseconds(side: &Side) -> Option<f64> {
    Some(side.slow?.as_secs_f64() * 1e3)
}

fn shown(value: Option<f64>) -> String {
    value.map_or("more".to_owned(), |value| format!("{value:.0}"))
}

/// What 99 of 100 saves took at most.
fn percentile_99(mut saves: Vec<Duration>) -> Option<Duration> {
    saves.sort_unstable();
    let index = (saves.len() * 99).div_ceil(100).checked_sub(1)?;
    saves.get(index).copied()
}
