//! The recipe for SeaORM with PostgreSQL as a replica: `sea_orm URL`.

use std::process::ExitCode;

use ::sea_orm::Database;
use store_kit::Replica;

include!("../../../../src/recipes/stores/sea_orm.rs");

#[tokio::main]
async fn main() -> ExitCode {
    store_kit::run(async |replica: Replica| {
        let database = Database::connect(&replica.store).await?;
        Ok(app(database, replica.writes).await?)
    })
    .await
}
