//! The recipe for sqlx with SQLite, as two processes over one file.

use store_kit::{DriverLog, Names, Store, try_out};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn recipe_holds() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store {
        name: "sqlx, SQLite",
        program: env!("CARGO_BIN_EXE_sqlx_sqlite"),
        arguments: vec![folder.path().join("notes.db").to_str().unwrap().to_owned()],
        processes: 2,
        names: Names::Distinct,
        tags_come_back: false,
    };
    // SQLite is a part of the process: there is no server to ask, so this is what the driver says that it has sent.
    try_out(store).await.count(&mut DriverLog).await;
}
