//! A replica as a process: what it prints, what it says of a database that it cannot use, how it ends.

use test_support::{Program, Service, Write, run_in};

use crate::{PROGRAM, cluster, get, replica};

const REPLICA: Program<'_> = Program {
    path: PROGRAM,
    usage: "DATABASE_URL=postgres://… postgres [--port N] [--lock KIND]",
    misuse: &[&["a"], &["--lock"], &["--lock", "table"]],
};

#[cfg(unix)]
#[tokio::test]
async fn follows_the_rules_of_all_examples() {
    let Some(url) = cluster::database("rules").await else {
        return;
    };
    let service = Service {
        program: REPLICA,
        arguments: &["--lock".as_ref(), "shared".as_ref()],
        environment: &[("DATABASE_URL", Some(url))],
        write: Write {
            method: "POST",
            path: "/notes",
            fields: "content-type: application/json\r\n",
            body: r#"{"title":"Milk","body":"one litre"}"#,
        },
    };
    service.follows_the_rules().await;
}

/// The mistake is named, and what may be a password is not.
#[tokio::test]
async fn a_url_that_is_none_is_named() {
    let no_url = "DATABASE_URL is not a URL like postgres://user@host/database (see --help)";
    for (url, message) in [
        (None, "DATABASE_URL is not set (see --help)"),
        (Some(""), "DATABASE_URL is empty (see --help)"),
        (Some("secret"), no_url),
        (Some("mysql://root:secret@localhost/notes"), no_url),
        (Some("postgres://"), no_url),
        (Some("postgres:///notes"), no_url),
        (Some("postgres://root:secret@localhost:port/notes"), no_url),
    ] {
        let ended = run_in(&[("DATABASE_URL", url)], PROGRAM, &[]).await;
        assert_eq!(ended.status.code(), Some(2), "{url:?}");
        assert_eq!(REPLICA.only_line(&ended), message, "{url:?}");
    }
}

/// It may be there later: one line in the log, and 503 until then.
#[tokio::test]
async fn a_database_that_is_not_there_is_named_once() {
    let Some(url) = cluster::database("absent").await else {
        return;
    };
    let mut replica = replica(&format!("{url}_nowhere")).await;
    let line = replica
        .logged("the database is unavailable, answering 503: ")
        .await;
    assert!(line.contains("tower_conditional_absent_nowhere"), "{line}");
    assert_eq!(get(&replica, "/notes").await.status, 503);
}

/// Tables that another program made are left as they are, and so is all beside them.
#[tokio::test]
async fn a_foreign_database_is_not_touched() {
    let foreign = [
        "CREATE TABLE notes (melody text); INSERT INTO notes VALUES ('la')",
        // The same columns do not make it ours.
        "CREATE TABLE notes (id bigint PRIMARY KEY, title text, body text, version bigint)",
        "CREATE SEQUENCE note_version",
        "CREATE VIEW notes AS SELECT 1 AS id",
    ];
    for (number, made) in foreign.into_iter().enumerate() {
        let Some(url) = cluster::database(&format!("foreign_{number}")).await else {
            return;
        };
        let owner = cluster::connect(url).await;
        owner.batch_execute(made).await.unwrap();
        let all = async || {
            let sql = "SELECT relname::text, relfilenode::text, obj_description(oid) FROM pg_class \
                       WHERE relnamespace = 'public'::regnamespace ORDER BY 1";
            let rows = owner.query(sql, &[]).await.unwrap();
            let row = |row: &tokio_postgres::Row| -> (String, String, Option<String>) {
                (row.get(0), row.get(1), row.get(2))
            };
            rows.iter().map(row).collect::<Vec<_>>()
        };
        let before = all().await;
        let port = ["--port".as_ref(), "0".as_ref()];
        let ended = run_in(&[("DATABASE_URL", Some(url))], PROGRAM, &port).await;
        assert_eq!(ended.status.code(), Some(1), "{made}: {ended:?}");
        let reason = "its tables notes or note_version are those of another program";
        assert!(
            ended
                .stderr
                .starts_with("postgres: cannot use the database: "),
            "{made}: {ended:?}"
        );
        assert!(ended.stderr.contains(reason), "{made}: {ended:?}");
        assert_eq!(ended.stderr.lines().count(), 1, "{made}: {ended:?}");
        assert_eq!(all().await, before, "{made}");
    }
}
