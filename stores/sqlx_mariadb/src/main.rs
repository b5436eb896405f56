//! The recipe for sqlx with MariaDB as a replica: `sqlx_mariadb URL`.

use std::process::ExitCode;

use store_kit::Replica;

include!("../../../src/recipes/stores/sqlx_mariadb.rs");

#[tokio::main]
async fn main() -> ExitCode {
    store_kit::run(async |replica: Replica| {
        let pool = MySqlPool::connect(&replica.store).await?;
        Ok(app(pool, replica.writes).await?)
    })
    .await
}
