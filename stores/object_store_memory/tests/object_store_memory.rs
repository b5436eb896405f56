//! The recipe for object_store in memory, as one process: no other can reach its memory.

use store_kit::{Names, Store, try_out};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn recipe_holds() {
    let store = Store {
        name: "object_store, in memory",
        program: env!("CARGO_BIN_EXE_object_store_memory"),
        arguments: vec!["-".to_owned()],
        processes: 1,
        names: Names::Distinct,
        tags_come_back: false,
    };
    try_out(store).await;
}
