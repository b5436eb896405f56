//! The recipes for PostgreSQL, each as two processes over one database.

mod counted;

use counted::Counted;
use sqlx::{Connection, PgConnection};
use store_kit::{Engine, Names, Store, try_out};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn recipes_hold() {
    let Some(engine) = Engine::start("postgres.sh") else {
        return;
    };
    let programs = [
        (
            "sqlx, PostgreSQL",
            env!("CARGO_BIN_EXE_sqlx_postgres"),
            "with_version",
        ),
        (
            "PostgreSQL, `xmin`",
            env!("CARGO_BIN_EXE_postgres_xmin"),
            "without_version",
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

/// What `xmin` is not worth: two writes of one transaction have one number.
#[tokio::test]
async fn two_writes_of_one_transaction_have_one_xmin() {
    let Some(engine) = Engine::start("postgres.sh") else {
        return;
    };
    let mut server = PgConnection::connect(engine.url()).await.unwrap();
    let table = "CREATE TABLE notes AS SELECT 'before' AS text";
    sqlx::query(table).execute(&mut server).await.unwrap();
    let update = "UPDATE notes SET text = text || '!' RETURNING xmin::text";
    let xmin = async |connection: &mut PgConnection| {
        let update = sqlx::query_scalar::<_, String>(update);
        update.fetch_one(connection).await.unwrap()
    };
    let alone = xmin(&mut server).await;
    let mut transaction = server.begin().await.unwrap();
    let both = [xmin(&mut transaction).await, xmin(&mut transaction).await];
    assert_eq!(both[0], both[1]);
    assert_ne!(both[0], alone);
}
