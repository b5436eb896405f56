//! The editor as a person runs it, with an editor that is a script: somebody else saves while it is open.

#![cfg(unix)]

use std::ffi::OsStr;
use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::{Arc, Mutex};

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};
use test_support::{Program, run};
use tokio::net::TcpListener;
use tokio::process::Command;
use tower_conditional::{
    Checked, ConditionalLayer, Found, Loaded, PreconditionFailed, SourceError, WritePolicy,
    source_fn,
};

#[derive(Clone)]
struct Row {
    version: i64,
    value: Value,
}

/// The note, and what somebody else saves after the first read.
#[derive(Clone, Default)]
struct Shelf {
    row: Arc<Mutex<Option<Row>>>,
    meanwhile: Arc<Mutex<Option<Option<Value>>>>,
}

async fn load((): (), shelf: Shelf) -> Result<Option<Found>, SourceError> {
    let row = shelf.row.lock().unwrap().clone();
    Ok(row.map(|row| Found::version(row.version).with(row)))
}

async fn read(State(shelf): State<Shelf>, row: Loaded<Row>) -> Json<Value> {
    if let Some(theirs) = shelf.meanwhile.lock().unwrap().take() {
        let version = row.version + 1;
        *shelf.row.lock().unwrap() = theirs.map(|value| Row { version, value });
    }
    Json(row.into_inner().value)
}

async fn save(
    State(shelf): State<Shelf>,
    checked: Checked,
    Json(value): Json<Value>,
) -> Result<StatusCode, PreconditionFailed> {
    let mut row = shelf.row.lock().unwrap();
    let seen = checked.version::<i64>();
    if row.as_ref().map(|row| row.version) != seen {
        return Err(checked.lost());
    }
    *row = Some(Row {
        version: seen.unwrap_or(0) + 1,
        value,
    });
    Ok(StatusCode::NO_CONTENT)
}

async fn serve(shelf: Shelf) -> SocketAddr {
    let source = source_fn(shelf.clone(), |_| Some(()), load);
    let layer = ConditionalLayer::new(source).writes(WritePolicy::required());
    let note = get(read).put(save).route_layer(layer);
    let app = Router::new().route("/note", note).with_state(shelf);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await });
    address
}

struct Ran {
    code: i32,
    stdout: String,
    stderr: String,
    end: Option<Value>,
}

/// Runs the editor on a note, with a script for `$EDITOR`; `theirs` is saved as soon as the note was read.
async fn edit(base: Value, theirs: Option<Option<Value>>, script: &str) -> Ran {
    let shelf = Shelf::default();
    *shelf.row.lock().unwrap() = Some(Row {
        version: 1,
        value: base,
    });
    *shelf.meanwhile.lock().unwrap() = theirs;
    let address = serve(shelf.clone()).await;
    let directory = tempfile::tempdir().unwrap();
    let editor = directory.path().join("editor");
    fs::write(&editor, format!("#!/bin/sh\nset -eu\n{script}\n")).unwrap();
    fs::set_permissions(&editor, fs::Permissions::from_mode(0o755)).unwrap();
    let ran = Command::new(env!("CARGO_BIN_EXE_editor"))
        .arg(format!("http://{address}/note"))
        .env_remove("VISUAL")
        .env("EDITOR", &editor)
        .env("TMPDIR", directory.path())
        .output()
        .await
        .unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    let (stdout, stderr) = (text(ran.stdout), text(ran.stderr));
    // What it says that it has kept is there, and nothing else.
    let kept = stderr.split("Your text is in ").nth(1);
    let kept = kept
        .and_then(|rest| rest.split(".json").next())
        .map(|path| format!("{path}.json"));
    assert_eq!(
        kept.is_some_and(|path| Path::new(&path).exists()),
        stderr.contains("Your text is in")
    );
    let files = fs::read_dir(directory.path()).unwrap().count();
    assert_eq!(
        files,
        1 + usize::from(stderr.contains("Your text is in")),
        "{stderr}"
    );
    let end = shelf.row.lock().unwrap().clone().map(|row| row.value);
    Ran {
        code: ran.status.code().unwrap(),
        stdout,
        stderr,
        end,
    }
}

fn milk() -> Value {
    json!({"title": "Milk", "body": "one\ntwo\nthree\n"})
}

#[tokio::test]
async fn an_edit_is_saved() {
    let ran = edit(milk(), None, r#"sed -i s/Milk/Eggs/ "$1""#).await;
    assert_eq!((ran.code, &ran.stderr[..]), (0, ""), "{}", ran.stdout);
    assert_eq!(ran.end.unwrap()["title"], "Eggs");
    assert!(ran.stdout.contains("Saved as \"2\"."), "{}", ran.stdout);
}

#[tokio::test]
async fn nothing_is_saved_where_nothing_was_changed() {
    let ran = edit(milk(), None, "true").await;
    assert_eq!((ran.code, ran.end), (0, Some(milk())));
    assert!(
        ran.stdout.contains("Nothing was changed."),
        "{}",
        ran.stdout
    );
}

/// Both changes are shown, and both are there in the end.
#[tokio::test]
async fn changes_in_different_places_are_merged() {
    let theirs = json!({"title": "Milk", "body": "one\ntwo\nTHREE\n", "by": "them"});
    let ran = edit(
        milk(),
        Some(Some(theirs)),
        r#"sed -i 's/Milk/Eggs/; s/one/ONE/' "$1""#,
    )
    .await;
    assert_eq!((ran.code, &ran.stderr[..]), (0, ""), "{}", ran.stdout);
    let merged = json!({"title": "Eggs", "body": "ONE\ntwo\nTHREE\n", "by": "them"});
    assert_eq!(ran.end.unwrap(), merged);
    for shown in [
        "Somebody else has saved meanwhile: \"2\".",
        "+++ theirs",
        "+++ yours",
        "+  \"by\": \"them\"",
        "+  \"title\": \"Eggs\"",
    ] {
        assert!(ran.stdout.contains(shown), "{shown} in {}", ran.stdout);
    }
}

/// The person decides, with both texts in the editor.
#[tokio::test]
async fn a_conflict_is_decided_in_the_editor() {
    let theirs = json!({"title": "Bread", "body": "one\ntwo\nthree\n"});
    let script = r#"
        if grep -q '<<<<<<<' "$1"; then
            grep -q Bread "$1"; grep -q Eggs "$1"
            echo '{"title": "Bread and eggs", "body": "both"}' >"$1"
        else
            sed -i s/Milk/Eggs/ "$1"
        fi"#;
    let ran = edit(milk(), Some(Some(theirs)), script).await;
    assert_eq!((ran.code, &ran.stderr[..]), (0, ""), "{}", ran.stdout);
    assert_eq!(
        ran.end.unwrap()["title"],
        "Bread and eggs",
        "{}",
        ran.stdout
    );
    assert!(
        ran.stdout.contains("Both have changed /title"),
        "{}",
        ran.stdout
    );
}

/// Nothing is saved over theirs, and the text is not lost.
#[tokio::test]
async fn what_cannot_be_saved_is_kept() {
    let theirs = json!({"title": "Bread", "body": "one\ntwo\nthree\n"});
    for (theirs, script, why) in [
        // The markers are left in.
        (
            Some(Some(theirs)),
            r#"grep -q '<<<<' "$1" || sed -i s/Milk/Eggs/ "$1""#,
            "this is no JSON",
        ),
        (Some(None), r#"sed -i s/Milk/Eggs/ "$1""#, "removed"),
        (None, r#"echo '{' >"$1""#, "this is no JSON"),
        (None, "exit 3", "exit status: 3"),
    ] {
        let expected = match &theirs {
            None => Some(milk()),
            Some(theirs) => theirs.clone(),
        };
        let ran = edit(milk(), theirs, script).await;
        assert_eq!(ran.code, 1, "{}", ran.stdout);
        assert!(ran.stderr.contains(why), "{why}: {}", ran.stderr);
        assert!(ran.stderr.contains("Your text is in "), "{}", ran.stderr);
        assert_eq!(ran.end, expected, "{why}");
    }
}

#[tokio::test]
async fn follows_the_rules_of_all_examples() {
    let editor = Program {
        path: env!("CARGO_BIN_EXE_editor"),
        usage: "editor URL [options]",
        misuse: &[
            &[],
            &["notes"],
            &["http://127.0.0.1:1/", "--what"],
            &["http://127.0.0.1:1/", "--field", "x"],
        ],
    };
    editor.follows_the_rules().await;

    // Nobody listens there.
    let arguments = ["http://127.0.0.1:1/", "--field", "x: y", "--weak-tags"].map(OsStr::new);
    let ended = run(editor.path, &arguments).await;
    assert_eq!(ended.status.code(), Some(1), "{ended:?}");
    editor.only_line(&ended);
}
