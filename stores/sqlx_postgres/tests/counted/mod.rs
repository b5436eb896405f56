//! A database of its own for each recipe, and the statements that its server counts.

use sqlx::{Connection, PgConnection, Row};
use store_kit::{Engine, Statements};
use test_support::{Client, Example};

/// The URL of a new database.
pub(crate) async fn database(engine: &Engine, name: &str) -> String {
    let mut server = PgConnection::connect(engine.url()).await.unwrap();
    let create = sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}"));
    sqlx::query(create).execute(&mut server).await.unwrap();
    let (server, _) = engine.url().rsplit_once('/').unwrap();
    format!("{server}/{name}")
}

/// The statements that the server has counted.
pub(crate) struct Counted(PgConnection);

impl Counted {
    pub(crate) async fn by(url: &str) -> Self {
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
