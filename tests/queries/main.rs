//! What a request asks of the database, for each kind of source and of request: SQLite itself counts.
//!
//! `tests/queries/table.md` holds what is counted, and the page on cost shows it. After a change that is meant,
//! `UPDATE_DOCS=1 cargo test --test queries` writes the table anew, and `scripts/performance.sh` the page.

mod database;
mod sources;

use std::fmt::Write as _;
use std::fs;
use std::pin::{Pin, pin};
use std::task::{Context, Waker};

use http::StatusCode;
use test_support::{ask, request, tag_of};

use database::{Counted, Database};
use sources::{Evaluates, HOLD, SOURCES, Source};

/// A kind of request, and its answer where the layer evaluates it.
struct Kind {
    name: &'static str,
    method: &'static str,
    path: &'static str,
    field: Option<(&'static str, Value)>,
    status: StatusCode,
}

#[derive(Clone, Copy)]
enum Value {
    Current,
    Any,
    Other,
}

const KINDS: [Kind; 9] = [
    Kind::read("GET 200", "GET", None, StatusCode::OK),
    Kind::read(
        "GET 200, If-None-Match",
        "GET",
        Some(("if-none-match", Value::Other)),
        StatusCode::OK,
    ),
    Kind::read(
        "GET 304",
        "GET",
        Some(("if-none-match", Value::Current)),
        StatusCode::NOT_MODIFIED,
    ),
    Kind::read("HEAD 200", "HEAD", None, StatusCode::OK),
    Kind::write(
        "PUT",
        Some(("if-match", Value::Current)),
        StatusCode::NO_CONTENT,
    ),
    Kind::write(
        WAITED,
        Some(("if-match", Value::Any)),
        StatusCode::NO_CONTENT,
    ),
    Kind::write(
        "PUT 412",
        Some(("if-match", Value::Other)),
        StatusCode::PRECONDITION_FAILED,
    ),
    Kind::write("PUT 428", None, StatusCode::PRECONDITION_REQUIRED),
    Kind {
        path: "/notes/2",
        ..Kind::write(
            "PUT 201",
            Some(("if-none-match", Value::Any)),
            StatusCode::CREATED,
        )
    },
];

/// It finds the lock taken by another write.
const WAITED: &str = "PUT that waited";

impl Kind {
    const fn read(
        name: &'static str,
        method: &'static str,
        field: Option<(&'static str, Value)>,
        status: StatusCode,
    ) -> Self {
        Self {
            name,
            method,
            path: "/notes/1",
            field,
            status,
        }
    }

    const fn write(
        name: &'static str,
        field: Option<(&'static str, Value)>,
        status: StatusCode,
    ) -> Self {
        Self::read(name, "PUT", field, status)
    }

    fn is_of(&self, evaluates: Evaluates) -> bool {
        let is_plain = self.field.is_none() && self.status.is_success();
        match evaluates {
            Evaluates::Nothing => is_plain,
            Evaluates::Reads => is_plain || self.method != "PUT",
            Evaluates::ReadsAndWrites => true,
            Evaluates::ReadsAndWritesWithoutLock => self.name != WAITED,
        }
    }
}

/// What the request has begun in the database.
async fn count(source: &Source, kind: &Kind) -> Counted {
    let db = Database::new();
    let router = (source.router)(&db);
    let fields: Vec<(&str, String)> = match kind.field {
        None => Vec::new(),
        Some((name, Value::Any)) => vec![(name, "*".into())],
        Some((name, Value::Other)) => vec![(name, "\"other\"".into())],
        Some((name, Value::Current)) => {
            let read = ask(router.clone(), request("GET", kind.path, &[], "")).await;
            vec![(name, tag_of(&read))]
        }
    };
    let fields: Vec<_> = fields
        .iter()
        .map(|(name, value)| (*name, &**value))
        .collect();
    let asked = ask(
        router.clone(),
        request(kind.method, kind.path, &fields, "new"),
    );
    let mut asked = pin!(asked);

    let hold = [fields.as_slice(), &[(HOLD, "")]].concat();
    let other = ask(router, request("PUT", kind.path, &hold, "other"));
    let mut other = pin!(other);
    if kind.name == WAITED {
        assert!(is_pending(other.as_mut()), "{}", source.name);
        db.counted();
        assert!(is_pending(asked.as_mut()), "{}", source.name);
        db.release();
        let other = other.await;
        assert!(other.status().is_success(), "{}", source.name);
    } else {
        db.counted();
    }
    let answer = asked.await;
    assert_eq!(
        answer.status(),
        kind.status,
        "{}: {}",
        source.name,
        kind.name
    );
    db.counted()
}

fn is_pending(future: Pin<&mut impl Future>) -> bool {
    let mut context = Context::from_waker(Waker::noop());
    future.poll(&mut context).is_pending()
}

/// A row for each source, a column for each kind of request.
async fn table(sources: impl Iterator<Item = &Source>, cell: impl Fn(Counted) -> String) -> String {
    let names: Vec<_> = KINDS.iter().map(|kind| kind.name).collect();
    let mut table = format!("| source | {} |\n", names.join(" | "));
    writeln!(table, "| --- |{}", " ---: |".repeat(KINDS.len())).unwrap();
    for source in sources {
        write!(table, "| {} |", source.name).unwrap();
        for kind in &KINDS {
            let cell = if kind.is_of(source.evaluates) {
                cell(count(source, kind).await)
            } else {
                "-".to_owned()
            };
            write!(table, " {cell} |").unwrap();
        }
        table.push('\n');
    }
    table
}

fn of_notes(counted: Counted) -> String {
    match counted {
        Counted {
            reads, writes: 0, ..
        } => reads.to_string(),
        Counted { reads, writes, .. } => format!("{reads} + {writes}"),
    }
}

#[tokio::test]
async fn each_source_and_kind_of_request_asks_as_often_as_the_table_says() {
    let notes = table(SOURCES.iter(), of_notes).await;
    let has_extractor = |source: &&Source| source.name.contains("an extractor");
    let extractors = SOURCES.iter().filter(has_extractor);
    let sessions = table(extractors, |counted| counted.sessions.to_string()).await;
    let counted = format!(
        "Reads of the database, and `+` its writes:\n\n{notes}\nRuns of the extractor, by the source and the handler together:\n\n{sessions}"
    );

    let path = "tests/queries/table.md";
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(path, &counted).unwrap();
    }
    let expected = fs::read_to_string(path).unwrap_or_default();
    assert!(
        counted == expected,
        "{path} says otherwise than SQLite:\n{counted}"
    );
}

#[test]
fn page_on_cost_has_the_table() {
    let page = include_str!("../../src/guide/performance.md");
    let table = fs::read_to_string("tests/queries/table.md").unwrap();
    assert!(
        page.contains(&table),
        "scripts/performance.sh writes the page"
    );
}
