//! The recipes for object-relational mappers, each as two processes over one database of PostgreSQL.

#[path = "../../sqlx_postgres/tests/counted/mod.rs"]
mod counted;

use counted::Counted;
use store_kit::{Engine, Names, Store, try_out};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn recipes_hold() {
    let Some(engine) = Engine::start("postgres.sh") else {
        return;
    };
    let programs = [
        (
            "SeaORM, PostgreSQL",
            env!("CARGO_BIN_EXE_sea_orm"),
            "sea_orm",
        ),
        (
            "diesel-async, PostgreSQL",
            env!("CARGO_BIN_EXE_diesel_async"),
            "diesel_async",
        ),
    ];
    for (name, program, database) in programs {
        let url = counted::database(&engine, database).await;
        let store = Store {
            name,
            program,
            arguments: vec![url.clone()],
            processes: 2,
            names: Names::Distinct,
            tags_come_back: false,
        };
        let tried = try_out(store).await;
        tried.count(&mut Counted::by(&url).await).await;
    }
}
