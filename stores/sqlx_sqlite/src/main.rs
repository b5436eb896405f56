//! The recipe for sqlx with SQLite as a replica: `sqlx_sqlite FILE`.

use std::process::ExitCode;

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode};
use store_kit::Replica;

include!("../../../src/recipes/stores/sqlx_sqlite.rs");

#[tokio::main]
async fn main() -> ExitCode {
    store_kit::run(async |replica: Replica| {
        let file = SqliteConnectOptions::new()
            .filename(&replica.store)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal);
        let pool = SqlitePool::connect_with(file).await?;
        Ok(app(pool, replica.writes).await?)
    })
    .await
}
