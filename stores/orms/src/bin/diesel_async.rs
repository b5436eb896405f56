//! The recipe for diesel-async with PostgreSQL as a replica: `diesel_async URL`.

use std::process::ExitCode;

use ::diesel_async::pooled_connection::AsyncDieselConnectionManager;
use store_kit::Replica;

include!("../../../../src/recipes/stores/diesel_async.rs");

#[tokio::main]
async fn main() -> ExitCode {
    store_kit::run(async |replica: Replica| {
        let manager = AsyncDieselConnectionManager::new(replica.store);
        let pool = Pool::builder(manager).build()?;
        app(pool, replica.writes).await
    })
    .await
}
