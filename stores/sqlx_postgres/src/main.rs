//! The recipe for sqlx with PostgreSQL as a replica: `sqlx_postgres URL`.

use std::process::ExitCode;

use store_kit::Replica;

include!("../../../src/recipes/stores/sqlx_postgres.rs");

#[tokio::main]
async fn main() -> ExitCode {
    store_kit::run(async |replica: Replica| {
        let pool = PgPool::connect(&replica.store).await?;
        Ok(app(pool, replica.writes).await?)
    })
    .await
}
