//! 1,000 writers of one note with one tag over PostgreSQL and its advisory lock: one wins, and the others get 412 at once.
//!
//! The winner is held up until all others wait for it: a later writer would be refused by the first evaluation.

use std::env;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::{Router, http::StatusCode};
use tokio::sync::Barrier;
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::Result;
use crate::advisory_lock::AdvisoryLock;
use crate::app::{guarded, locked_by};
use crate::client::{put, read};
use crate::database::Database;
use crate::stores::{ID, Postgres};
use crate::table::{Wanted, row};

const WRITERS: usize = 1_000;

const ROUNDS: usize = 5;

/// Enough for all to be evaluated and to wait; less than the lock's patience and the statement's.
const HELD_UP: Duration = Duration::from_secs(1);

const IN_TIME: Wanted = Wanted::AtMost(0.5, 0.5);

pub(crate) async fn all() -> Result<()> {
    let Ok(url) = env::var("DATABASE_URL") else {
        eprintln!("SKIPPED: PostgreSQL: no DATABASE_URL");
        return Ok(());
    };
    let config = url.parse()?;
    let database = Postgres::new(&config).await?;
    let (router, _) = guarded(database, locked_by(AdvisoryLock::new(&config)?));
    let others = Database::new(&config)?;
    // The connections are made in the first one, which does not count.
    save_at_once(&router, &others).await?;
    let mut rounds = Vec::new();
    for _ in 0..ROUNDS {
        rounds.push(save_at_once(&router, &others).await?);
    }
    print(&rounds);
    Ok(())
}

#[derive(Default)]
struct Outcome {
    saved: usize,
    refused: usize,
    others: usize,
    /// From the winner's answer to the last one.
    late: Duration,
}

/// None begins before all are there.
async fn save_at_once(router: &Router, others: &Database) -> Result<Outcome> {
    let (tag, count) = read(router).await?;
    let holder = others.client().await?;
    holder.batch_execute(&hold_the_row()).await?;
    let ready = Arc::new(Barrier::new(WRITERS));
    let mut writers = JoinSet::new();
    for _ in 0..WRITERS {
        let (router, tag, ready) = (router.clone(), tag.clone(), ready.clone());
        writers.spawn(async move {
            ready.wait().await;
            let status = put(&router, &tag, count + 1).await?.status();
            Ok::<_, Box<dyn std::error::Error + Send + Sync>>((status, Instant::now()))
        });
    }
    sleep(HELD_UP).await;
    holder.batch_execute("COMMIT").await?;

    let mut outcome = Outcome::default();
    let (mut won, mut last) = (None, None);
    while let Some(writer) = writers.join_next().await {
        let (status, answered) = writer??;
        match status {
            StatusCode::NO_CONTENT => {
                outcome.saved += 1;
                won = Some(answered);
            }
            StatusCode::PRECONDITION_FAILED => outcome.refused += 1,
            _ => outcome.others += 1,
        }
        last = last.max(Some(answered));
    }
    let (_, now) = read(router).await?;
    let (Some(won), Some(last), 1, true) = (won, last, outcome.saved, now == count + 1) else {
        return Err(format!("{} of {WRITERS} writers with one tag won", outcome.saved).into());
    };
    outcome.late = last - won;
    Ok(outcome)
}

fn hold_the_row() -> String {
    format!("BEGIN; SELECT FROM notes WHERE id = {ID} FOR UPDATE")
}

fn print(rounds: &[Outcome]) {
    let all = |count: fn(&Outcome) -> usize| rounds.iter().map(count).sum::<usize>();
    let (saved, refused, others) = (
        all(|round| round.saved),
        all(|round| round.refused),
        all(|round| round.others),
    );
    let beside = format!("{ROUNDS} rounds: {saved} x 2xx, {refused} x 412, {others} x 503");
    row(
        format!("{WRITERS} writers with one tag, PostgreSQL, advisory lock: neither 2xx nor 412"),
        Some(others as f64),
        beside,
        Wanted::AtMost(0.0, 0.0),
    );
    let late = rounds.iter().map(|round| round.late.as_secs_f64());
    row(
        format!("{WRITERS} writers with one tag: seconds from the winner's answer to the last"),
        late.max_by(f64::total_cmp),
        "the worst round",
        IN_TIME,
    );
}
