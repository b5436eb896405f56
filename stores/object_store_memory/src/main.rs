//! The recipe for object_store in memory as a program: `object_store_memory -`.

use std::process::ExitCode;

use object_store::memory::InMemory;
use store_kit::Replica;

include!("../../../src/recipes/stores/object_store.rs");

#[tokio::main]
async fn main() -> ExitCode {
    store_kit::run(async |replica: Replica| {
        let store: Store = Arc::new(InMemory::new());
        Ok(app(store, replica.writes))
    })
    .await
}
