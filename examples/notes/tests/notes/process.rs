//! The notes as a process: what it prints, what it says when it cannot start, how it ends.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::path::Path;

use rusqlite::Connection;
use tempfile::TempDir;

use test_support::{
    Example, HeldBack, Program, Protocol, Service, Write, nobody_listens_at, printed_commands, run,
    run_unprivileged,
};

use crate::life::service;
use crate::{PROGRAM, notes};

const NOTE: &str = r#"{"title":"Milk","body":"one litre"}"#;

#[cfg(unix)]
#[tokio::test]
async fn commands_that_it_prints_do_what_they_say() {
    let directory = tempfile::tempdir().unwrap();
    let (mut example, _) = temporary(&directory).await;
    if let Some(statuses) = printed_commands(&mut example).await {
        assert_eq!(statuses, ["201", "200", "304", "200", "412", "428"]);
    }
}

/// Without a database of the user's own it has one that lives as long as the process.
#[cfg(unix)]
#[tokio::test]
async fn a_temporary_database_goes_with_its_process() {
    let directory = tempfile::tempdir().unwrap();
    let (example, files) = temporary(&directory).await;
    assert_eq!(files(), 1);
    assert!(example.signal("INT").await.status.success());
    assert_eq!(files(), 0);
}

/// The notes without a database of the user's own, and how many temporary files they have: a killed process leaves them.
async fn temporary(directory: &TempDir) -> (Example, impl Fn() -> usize) {
    let place = directory.path().to_owned();
    let variable = ("TMPDIR", place.to_str().unwrap());
    let port = ["--port".as_ref(), "0".as_ref()];
    let example = Example::start_with(PROGRAM, &port, variable).await;
    (example, move || fs::read_dir(&place).unwrap().count())
}

const NOTES: Program<'_> = Program {
    path: PROGRAM,
    usage: "notes [DB] [--port N]",
    misuse: &[&["a.db", "b.db"], &["--prot", "1"]],
};

const WRITE: Write<'_> = Write {
    method: "PUT",
    path: "/notes/1",
    fields: "content-type: application/json\r\nif-none-match: *\r\n",
    body: NOTE,
};

#[cfg(unix)]
#[tokio::test]
async fn follows_the_rules_of_all_examples() {
    let directory = tempfile::tempdir().unwrap();
    let service = Service {
        program: NOTES,
        arguments: &[],
        // Each has a database of its own in here.
        environment: &[("TMPDIR", directory.path().to_str())],
        write: WRITE,
    };
    service.follows_the_rules().await;
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
}

/// One of two notes arrives while the service is asked to stop, and the other does not.
#[cfg(unix)]
#[tokio::test]
async fn a_note_is_saved_or_not_when_the_service_stops() {
    let directory = tempfile::tempdir().unwrap();
    let database = directory.path().join("notes.db");
    let example = notes(&database).await;
    let address = example.address();
    let finished = HeldBack::begin(address, WRITE).await;
    let given_up = Write {
        path: "/notes/2",
        ..WRITE
    };
    let _given_up = HeldBack::begin(address, given_up).await;

    example.send("INT").await;
    nobody_listens_at(address).await;
    assert_eq!(finished.complete().await, "HTTP/1.1 201 Created");
    assert_eq!(example.ended().await.status.code(), Some(0));

    let example = notes(&database).await;
    let mut client = example.client(Protocol::Http1).await;
    assert_eq!(
        client.get("/notes/1", &[]).await.json()["body"],
        "one litre"
    );
    assert_eq!(client.get("/notes/2", &[]).await.status, 404);
}

#[tokio::test]
async fn wrong_arguments_are_named() {
    for (arguments, message) in [
        (&["--prot", "1"][..], "invalid option '--prot'"),
        (&["--port"], "missing argument for option '--port'"),
        (
            &["--port=70000"],
            "cannot parse argument \"70000\": number too large to fit in target type",
        ),
        (
            &["--port", "-1"],
            "cannot parse argument \"-1\": invalid digit found in string",
        ),
        (&["a.db", "b.db"], "unexpected argument \"b.db\""),
    ] {
        let arguments: Vec<&OsStr> = arguments.iter().map(OsStr::new).collect();
        let ended = run(PROGRAM, &arguments).await;
        assert_eq!(NOTES.only_line(&ended), format!("{message} (see --help)"));
    }
}

#[tokio::test]
async fn database_that_cannot_be_opened_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let here = |name: &str| directory.path().join(name);
    fs::write(
        here("text"),
        "This is a letter, and no database. ".repeat(100),
    )
    .unwrap();
    let rows = [
        (here("."), "unable to open database file"),
        (here("missing/notes.db"), "unable to open database file"),
        (here("text"), "it is no database of this service"),
    ];
    for (path, reason) in rows {
        let ended = run(PROGRAM, &[path.as_os_str(), "--port=0".as_ref()]).await;
        assert_eq!((ended.status.code(), ended.stdout.as_str()), (Some(1), ""));
        let begins = format!("notes: cannot open {}", path.display());
        assert!(ended.stderr.starts_with(&begins), "{}", ended.stderr);
        assert!(ended.stderr.contains(reason), "{}", ended.stderr);
        assert_eq!(ended.stderr.lines().count(), 1, "{}", ended.stderr);
    }
}

/// A database of this service that something has damaged, and one that it may not write or not even read.
#[cfg(unix)]
#[tokio::test]
async fn a_database_that_cannot_be_used_is_named_and_left_as_it_is() {
    use std::os::unix::fs::PermissionsExt;

    let directory = tempfile::tempdir().unwrap();
    let here = |name: &str| directory.path().join(name);
    drop(notes(&here("whole")).await.signal("INT").await);
    let whole = fs::read(here("whole")).unwrap();
    let damaged = |place: std::ops::Range<usize>| {
        let mut damaged = whole.clone();
        damaged[place].fill(0xff);
        damaged
    };
    for (name, content, mode, reason) in [
        ("header", damaged(0..16), 0o644, "file is not a database"),
        (
            "schema",
            damaged(100..4096),
            0o644,
            "database disk image is malformed",
        ),
        (
            "tables",
            damaged(4096..whole.len()),
            0o644,
            "database disk image is malformed",
        ),
        (
            "short",
            whole[..6000].to_vec(),
            0o644,
            "database disk image is malformed",
        ),
        (
            "read-only",
            whole.clone(),
            0o444,
            "attempt to write a readonly database",
        ),
        ("unreadable", whole.clone(), 0o000, "Permission denied"),
    ] {
        let folder = here(&format!("folder of {name}"));
        let path = folder.join(name);
        fs::create_dir(&folder).unwrap();
        fs::write(&path, &content).unwrap();
        let modes = [(directory.path(), 0o755), (&folder, 0o755), (&path, mode)];
        for (path, mode) in modes {
            fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
        }
        let arguments = [path.as_os_str(), "--port=0".as_ref()];
        let ended = match mode {
            0o644 => run(PROGRAM, &arguments).await,
            _ => run_unprivileged(PROGRAM, &arguments).await,
        };
        assert_eq!(ended.status.code(), Some(1), "{name}: {ended:?}");
        let begins = format!("cannot open {}: {reason}", path.display());
        let line = NOTES.only_line(&ended);
        assert!(line.starts_with(&begins), "{line}");

        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        assert!(fs::read(&path).unwrap() == content, "{name} was changed");
    }
}

/// The database of another program, named by mistake, is refused and left as it is: its file, and what SQLite would
/// make, roll back or empty beside it.
#[tokio::test]
async fn a_foreign_database_is_not_touched() {
    const TABLE: &str = "CREATE TABLE songs (melody TEXT); INSERT INTO songs VALUES ('la');";
    const NAMESAKE: &str = "CREATE TABLE notes (id INTEGER PRIMARY KEY, title TEXT NOT NULL, \
                            body TEXT NOT NULL, version INTEGER NOT NULL);";
    let directory = tempfile::tempdir().unwrap();
    let here = |name: &str| directory.path().join(name);
    let made = |name: &str, sql: &str| {
        let connection = Connection::open(here(name)).unwrap();
        connection.execute_batch(sql).unwrap();
        connection
    };
    drop(made("plain", TABLE));
    // The same tables do not make it ours.
    drop(made("namesake", NAMESAKE));
    drop(made("with-a-journal", TABLE));
    fs::write(here("with-a-journal-journal"), "what a crash has left").unwrap();
    // Open elsewhere, with all that it says in its log.
    let logged = made("logged", "PRAGMA journal_mode = wal;");
    logged.execute_batch(TABLE).unwrap();
    assert!(here("logged-wal").metadata().unwrap().len() > 0);

    let all_files = || -> BTreeMap<_, _> {
        let files = fs::read_dir(directory.path()).unwrap();
        let files = files.map(|file| file.unwrap().path());
        files
            .map(|path| (path.clone(), fs::read(path).unwrap()))
            .collect()
    };
    let before = all_files();
    for name in ["plain", "namesake", "with-a-journal", "logged"] {
        let ended = run(PROGRAM, &[here(name).as_os_str(), "--port=0".as_ref()]).await;
        let path = here(name);
        let message = format!(
            "notes: cannot open {}: it is no database of this service\n",
            path.display()
        );
        assert_eq!((ended.status.code(), ended.stderr), (Some(1), message));
    }
    assert!(all_files() == before, "a foreign database was altered");
}

/// What tells our databases from others is in the file itself from the beginning, whatever is still in its log.
#[cfg(unix)]
#[tokio::test]
async fn a_killed_service_finds_its_own_database_again() {
    let directory = tempfile::tempdir().unwrap();
    let database = directory.path().join("notes.db");
    for _ in 0..2 {
        let example = notes(&database).await;
        drop(example.signal("KILL").await);
    }
    let example = notes(&database).await;
    let mut client = example.client(Protocol::Http1).await;
    assert_eq!(client.send("POST", "/notes", &[], NOTE).await.status, 201);
}

#[cfg(unix)]
#[tokio::test]
async fn ends_well_when_asked_to_and_keeps_the_notes() {
    for signal in ["INT", "TERM"] {
        let directory = tempfile::tempdir().unwrap();
        let database = directory.path().join("notes.db");
        let example = notes(&database).await;
        // The connection stays open, idle.
        let mut idle = example.client(Protocol::Http1).await;
        assert_eq!(idle.send("POST", "/notes", &[], NOTE).await.status, 201);
        let ended = example.signal(signal).await;
        assert_eq!(
            (ended.status.code(), ended.stderr.as_str()),
            (Some(0), ""),
            "{signal}"
        );

        let example = notes(&database).await;
        let mut client = example.client(Protocol::Http1).await;
        let read = client
            .get("/notes/1", &[("if-none-match", "\"n1.1\"")])
            .await;
        assert_eq!(read.status, 304, "a tag outlives the process");
    }
}

/// The source fails: reads have nothing to serve, conditional writes are 503, and only the operator reads why.
#[cfg(unix)]
#[tokio::test]
async fn failure_of_the_database_is_for_the_operator_to_read() {
    let (mut client, example, directory) = service(Protocol::Http1).await;
    assert_eq!(client.send("POST", "/notes", &[], NOTE).await.status, 201);
    break_database(&directory.path().join("notes.db"));

    let read = client
        .get("/notes/1", &[("if-none-match", "\"n1.1\"")])
        .await;
    let unavailable = (503, "unavailable".to_owned(), String::new());
    assert_eq!(read.problem(), unavailable);
    let guard = [("if-match", "\"n1.1\"")];
    let write = client.send("PUT", "/notes/1", &guard, NOTE).await;
    let unavailable = "precondition_unavailable".to_owned();
    assert_eq!(write.problem(), (503, unavailable, "source".to_owned()));
    for answer in [read, write] {
        assert_eq!(answer.field("retry-after"), "1");
        assert!(!answer.body.contains("table"), "{answer:?}");
    }

    let ended = example.signal("INT").await;
    let lines = ended.stderr.lines();
    let logged = lines.filter(|line| line.contains("no such table: notes"));
    // Each source once: the read is not looked up again.
    assert_eq!(logged.count(), 2, "{}", ended.stderr);
}

fn break_database(path: &Path) {
    let connection = Connection::open(path).unwrap();
    connection.execute_batch("DROP TABLE notes").unwrap();
}
