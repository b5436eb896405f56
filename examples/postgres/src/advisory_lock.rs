//! A write lock that all replicas share, made of PostgreSQL's advisory locks.
//!
//! Each lock is a transaction of its own that holds `pg_advisory_xact_lock` and does nothing else. PostgreSQL
//! frees it when the transaction ends, and also when its connection does: a replica that is killed leaves no
//! lock behind.
//!
//! A replica takes its in-process lock first. However many writers wait for a note, one of them talks to
//! PostgreSQL, and waiting costs one connection for each note, not for each writer.
//!
//! A write is not correct because of the lock. A connection can break while its owner goes on
//! writing, and then another replica has the lock too. So every statement of the store is a compare-and-swap.

use std::{fmt::Write, future::Future, pin::Pin, time::Duration};

use deadpool_postgres::{BuildError, Client, Pool};
use futures_util::FutureExt;
use sha2::{Digest, Sha256};
use tokio::time::timeout;
use tokio_postgres::Config;
use tower_conditional::BoxError;
use tower_conditional::lock::{InProcessLock, WriteGuard, WriteKey, WriteLock};

use crate::database::{described, pool};

/// How many notes a replica can have locked at once. Not the handlers' connections: a handler that runs
/// under a lock needs one of its own, and would wait for ever if the locks had them all.
const CONNECTIONS: usize = 8;

/// How long a write waits for the lock, in this process and in the database together.
const PATIENCE: Duration = Duration::from_secs(5);

/// The same, for the server: it also ends the wait of a client that has gone. And a replica that hangs with a
/// lock in its hands loses it: no handler takes that long.
const SESSION: &str = "-c lock_timeout=5s -c idle_in_transaction_session_timeout=30s";

/// The write lock of one replica; all replicas over one database wait for each other.
#[derive(Clone, Debug)]
pub(crate) struct AdvisoryLock {
    in_process: InProcessLock,
    pool: Pool,
}

impl AdvisoryLock {
    pub(crate) fn new(database: &Config) -> Result<Self, BuildError> {
        Ok(Self {
            in_process: InProcessLock::new(),
            pool: pool(database, CONNECTIONS, "notes write lock", SESSION)?,
        })
    }

    async fn take(&self, keys: &[WriteKey]) -> Result<WriteGuard, BoxError> {
        let in_process = self.in_process.lock(keys).await?;
        let held = Held(self.pool.get().await.map_err(|error| described(&error))?);
        let locked = held.0.batch_execute(&begin_and_lock(keys)).await;
        locked.map_err(|error| described(&error))?;
        // Dropped in this order: the next write of this replica gets the lock after those of other replicas.
        Ok(WriteGuard::new((held, in_process)))
    }
}

impl WriteLock for AdvisoryLock {
    fn lock<'a>(
        &'a self,
        keys: &'a [WriteKey],
    ) -> Pin<Box<dyn Future<Output = Result<WriteGuard, BoxError>> + Send + 'a>> {
        Box::pin(async move {
            match timeout(PATIENCE, self.take(keys)).await {
                Ok(taken) => taken,
                Err(_) => Err(format!("another writer had it for {PATIENCE:?}").into()),
            }
        })
    }
}

/// A connection in a transaction that holds locks, or waits for them; dropped, it ends the transaction.
struct Held(Client);

impl Drop for Held {
    fn drop(&mut self) {
        // The first poll sends it, and nobody needs the answer: whoever gets the connection next is answered
        // after it. So nothing has to wait here, and no runtime is needed.
        let _ = self.0.batch_execute("ROLLBACK").now_or_never();
    }
}

/// One round trip for all locks, in an order that is the same on every replica.
fn begin_and_lock(keys: &[WriteKey]) -> String {
    let mut numbers: Vec<i64> = keys.iter().map(number).collect();
    numbers.sort_unstable();
    numbers.dedup();

    let mut sql = "BEGIN".to_owned();
    for number in numbers {
        let _ = write!(sql, "; SELECT pg_advisory_xact_lock({number})");
    }
    sql
}

/// An advisory lock is named by 64 bits: the first of a digest that every replica and every release computes
/// alike. Two keys with one number share a lock, which is only slower.
fn number(key: &WriteKey) -> i64 {
    let mut digest = Sha256::new();
    // Other applications may use advisory locks in the same database.
    digest.update(b"notes write lock\0");
    digest.update(key.as_bytes());
    let digest = digest.finalize();
    i64::from_be_bytes(std::array::from_fn(|index| digest[index]))
}
