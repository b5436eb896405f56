//! The recipe for sqlx with MariaDB, as two processes over one database.

use std::process::Command;

use sqlx::{Connection, MySqlConnection, Row};
use store_kit::{Engine, Names, Statements, Store, try_out};
use test_support::{Client, Example};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn recipe_holds() {
    let Some(engine) = Engine::start("mariadb.sh") else {
        return;
    };
    let store = Store {
        name: "sqlx, MariaDB",
        program: env!("CARGO_BIN_EXE_sqlx_mariadb"),
        arguments: vec![engine.url().to_owned()],
        processes: 2,
        // The default collation: the layer takes the two for two notes, and locks them apart.
        names: Names::Folded,
        tags_come_back: false,
    };
    let tried = try_out(store).await;
    let mut counted = Counted::by(engine.url()).await;
    rows_affected_are_rows_that_changed_unless_the_driver_says_otherwise(&engine, &mut counted.0)
        .await;
    tried.count(&mut counted).await;
}

/// A statement that gives a row the values that it has. sqlx asks for the rows that were found (CLIENT_FOUND_ROWS); the
/// command line client does not, and is told of no row. The recipe depends on neither, because each write changes the version.
async fn rows_affected_are_rows_that_changed_unless_the_driver_says_otherwise(
    engine: &Engine,
    server: &mut MySqlConnection,
) {
    let insert = "INSERT INTO notes (text, name, version) VALUES ('same', 'same', 0)";
    sqlx::query(insert).execute(&mut *server).await.unwrap();
    let update = "UPDATE notes SET text = 'same' WHERE name = 'same'";
    let by_sqlx = sqlx::query(update).execute(&mut *server).await.unwrap();
    assert_eq!(by_sqlx.rows_affected(), 1, "rows that were found");

    let address = engine.url().strip_prefix("mysql://root:").unwrap();
    let (password, address) = address.split_once("@127.0.0.1:").unwrap();
    let (port, database) = address.split_once('/').unwrap();
    let by_client = Command::new("mariadb")
        .args([
            "--no-defaults",
            "--protocol=tcp",
            "--host=127.0.0.1",
            "--user=root",
        ])
        .args([
            "--skip-column-names",
            &format!("--port={port}"),
            &format!("--password={password}"),
        ])
        .args([
            database,
            "--execute",
            &format!("{update}; SELECT ROW_COUNT()"),
        ])
        .output()
        .unwrap();
    let said = String::from_utf8(by_client.stdout).unwrap();
    assert_eq!(
        said.trim(),
        "0",
        "rows that changed: {:?}",
        by_client.stderr
    );
}

/// The statements in the general log of the server.
struct Counted(MySqlConnection);

impl Counted {
    async fn by(url: &str) -> Self {
        let mut server = MySqlConnection::connect(url).await.unwrap();
        let log = "SET GLOBAL log_output = 'TABLE'; SET GLOBAL general_log = ON";
        sqlx::raw_sql(log).execute(&mut server).await.unwrap();
        Self(server)
    }
}

impl Statements for Counted {
    async fn since(&mut self, _: &mut Example, _: &mut Client) -> Vec<String> {
        let logged = "SELECT CONVERT(argument USING utf8mb4) FROM mysql.general_log
            WHERE command_type IN ('Execute', 'Query') AND argument LIKE '% notes%' AND argument NOT LIKE '%general_log%'";
        let rows = sqlx::query(logged).fetch_all(&mut self.0).await.unwrap();
        let forget = "TRUNCATE mysql.general_log";
        sqlx::query(forget).execute(&mut self.0).await.unwrap();
        rows.iter().map(|row| row.get(0)).collect()
    }
}
