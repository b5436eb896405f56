//! The recipes for PostgreSQL, each as two processes over one database.

use sqlx::{Connection, PgConnection, Row};
use store_kit::{Engine, Names, Statements, Store, try_out};
use test_support::{Client, Example};

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
        let mut server = PgConnection::connect(engine.url()).await.unwrap();
        let create = sqlx::AssertSqlSafe(format!("CREATE DATABASE {database}"));
        sqlx::query(create).execute(&mut server).await.unwrap();
        let (server, _) = engine.url().rsplit_once('/').unwrap();
        let url = format!("{server}/{database}");
        let store = Store {
            name,
            program,
            url: url.clone(),
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

/// The statements that the server has counted.
struct Counted(PgConnection);

impl Counted {
    async fn by(url: &str) -> Self {
        let mut server = PgConnection::connect(url).await.unwrap();
        let count = "CREATE EXTENSION pg_stat_statements";
        sqlx::raw_sql(count).execute(&mut server).await.unwrap();
        Self(server)
    }
}

impl Statements for Counted {
    async fn since(&mut self, _: &mut Example, _: &mut Client) -> Vec<String> {
        let counted = "SELECT query, calls FROM pg_stat_statements WHERE query ~ 'notes' AND query !~ 'pg_stat'";
        let rows = sqlx::query(counted).fetch_all(&mut self.0).await.unwrap();
        let reset = "SELECT pg_stat_statements_reset()";
        sqlx::query(reset).execute(&mut self.0).await.unwrap();
        rows.iter()
            .flat_map(|row| {
                let (query, calls): (String, i64) = (row.get(0), row.get(1));
                std::iter::repeat_n(query, calls.try_into().unwrap())
            })
            .collect()
    }
}
