//! The recipe for PostgreSQL's `xmin` as a replica: `postgres_xmin URL`.

use std::process::ExitCode;

use store_kit::Replica;

include!("../../../../src/recipes/stores/postgres_xmin.rs");

#[tokio::main]
async fn main() -> ExitCode {
    store_kit::run(async |replica: Replica| {
        let pool = PgPool::connect(&replica.store).await?;
        Ok(app(pool, replica.writes).await?)
    })
    .await
}
