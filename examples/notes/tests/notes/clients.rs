//! The programs of `src/guide/clients.md`, against the notes: somebody else saves while they edit, and nothing is lost.

use std::path::Path;
use std::process::Stdio;

use test_support::{Client, Protocol, has_tool};
use tokio::process::Command;

use crate::notes;

const PAGE: &str = include_str!("../../../../src/guide/clients.md");

/// The only program of this language on the page.
#[track_caller]
fn program(language: &str) -> &'static str {
    let fence = format!("```{language}\n");
    let mut blocks = PAGE.split(&fence).skip(1);
    let block = blocks.next().expect("a program");
    assert!(blocks.next().is_none(), "one {language} program");
    block.split("```").next().unwrap()
}

async fn output_of(command: &mut Command) -> String {
    let ran = command.stderr(Stdio::inherit()).output().await.unwrap();
    let output = String::from_utf8(ran.stdout).unwrap();
    assert!(ran.status.success(), "{output}");
    output
}

/// The note as it is in the end.
async fn body_of(example: &test_support::Example) -> String {
    let mut client = Client::connect(example.address(), Protocol::Http1).await;
    client.get("/notes/1", &[]).await.json()["body"]
        .as_str()
        .unwrap()
        .to_owned()
}

async fn create(example: &test_support::Example) {
    let mut client = Client::connect(example.address(), Protocol::Http1).await;
    let fields = [("if-none-match", "*"), ("content-type", "application/json")];
    let created = client.send(
        "PUT",
        "/notes/1",
        &fields,
        r#"{"title":"Milk","body":"base"}"#,
    );
    assert_eq!(created.await.status, 201);
}

/// An editor that is slow: somebody else saves while it is open for the first time. It merges by appending, if it merges.
const EDITOR: &str = r#"#!/bin/sh
if [ $# = 1 ]; then
    tag=$(curl -sS -o /dev/null -D - "$url" | tr -d '\r' | sed -n 's/^etag: //p')
    curl -sSf -X PUT "$url" -H "If-Match: $tag" -H 'Content-Type: application/json' \
        -d '{"title":"Milk","body":"base theirs"}' >/dev/null
    echo '{"title":"Milk","body":"base mine"}' >"$1"
elif [ -n "$merges" ]; then
    grep -q '"base"' "$2" && grep -q '"base theirs"' "$3" || exit 1
    echo '{"title":"Milk","body":"base mine theirs"}' >"$1"
fi
"#;

/// Whether the program succeeds, what it prints, and the note in the end.
async fn edit_by_curl(merges: &str) -> (bool, String, String) {
    let directory = tempfile::tempdir().unwrap();
    let example = notes(Path::new(&directory.path().join("notes.db"))).await;
    create(&example).await;
    let editor = directory.path().join("editor");
    std::fs::write(&editor, EDITOR).unwrap();
    output_of(Command::new("chmod").arg("+x").arg(&editor)).await;
    let ran = Command::new("sh")
        .args(["-euc", program("sh")])
        .env("url", format!("http://{}/notes/1", example.address()))
        .env("EDITOR", &editor)
        .env("merges", merges)
        .env("TMPDIR", directory.path())
        .stderr(Stdio::inherit())
        .output()
        .await
        .unwrap();
    let output = String::from_utf8(ran.stdout).unwrap();
    (ran.status.success(), output, body_of(&example).await)
}

#[tokio::test]
async fn the_program_for_curl() {
    if !has_tool("curl") {
        return;
    }
    let (saved, output, body) = edit_by_curl("yes").await;
    assert!(saved && output.ends_with("200\n"), "{output}");
    assert_eq!(body, "base mine theirs");
}

#[tokio::test]
async fn the_program_for_curl_saves_nothing_that_was_not_merged() {
    if !has_tool("curl") {
        return;
    }
    let (saved, output, body) = edit_by_curl("").await;
    assert!(!saved, "{output}");
    assert_eq!(body, "base theirs");
}

#[tokio::test]
async fn the_program_in_javascript() {
    if !has_tool("node") {
        return;
    }
    const DRIVER: &str = r#"
const url = process.argv[2];
const [mine, theirs] = [await read(url), await read(url)];
const first = await save(url, theirs, { title: "Milk", body: "base" });
console.log("again", "saved" in await save(url, first.saved, { title: "Milk", body: "base theirs" }));
const now = (await save(url, mine, { title: "Milk", body: "base mine" })).theirs;
console.log(now.value.body);
console.log("merged", (await save(url, now, { title: "Milk", body: now.value.body + " mine" })).saved.value.body);
await save(url, { url, tag: "7" }, {}).catch((error) => console.log(error.kind, error.message.slice(0, 12)));
console.log("nothing", await read(url + "7"));
const other = url.replace(/1$/, "2");
const created = await save(other, null, { title: "Tea", body: "" });
console.log("exists", (await save(other, null, { title: "Coffee", body: "" })).theirs.value.title);
await fetch(other, { method: "DELETE", headers: { "if-match": created.saved.tag } });
console.log("absent", (await save(other, created.saved, { title: "Tea", body: "" })).deleted);
await save("http://127.0.0.1:9/", null, {}).catch((error) => console.log(error.kind));

// Servers that answer otherwise than the notes.
const seen = { url, tag: '"8"', value: { body: "base" } };
async function answered(what, put, get) {
  globalThis.fetch = async (_, init) => (init.method === "PUT" ? put() : get());
  const outcome = await save(url, seen, { body: "mine" }).catch((error) => error.kind);
  console.log(what, JSON.stringify(outcome));
}
const status = (status) => () => new Response(null, { status });
const text = (body, tag) => () => new Response(JSON.stringify({ body }), { headers: { etag: tag } });
await answered("204", status(204), text("somebody else", '"9"'));
await answered("204, deleted since", status(204), status(404));
await answered("204, then 503", status(204), status(503));
await answered("204, from a cache", status(204), text("base", '"8"'));
await answered("200 with a tag", text("", '"9"'), text("as it is stored", '"9"'));
await answered("412", status(412), text("somebody else", '"9"'));
await answered("412, deleted", status(412), status(404));
await answered("412 to the current tag", status(412), text("base", '"8"'));
await answered("412, weak tags", status(412), text("base", 'W/"9"'));
await answered("404", status(404), status(404));
await answered("202", status(202), text("base", '"8"'));
await answered("408", status(408), text("base", '"8"'));
await answered("500", status(500), text("base", '"8"'));
await answered("503", () => new Response("precondition_unavailable", { status: 503 }), text("base", '"8"'));
await answered("403", status(403), text("base", '"8"'));
"#;
    let directory = tempfile::tempdir().unwrap();
    let example = notes(Path::new(&directory.path().join("notes.db"))).await;
    create(&example).await;
    let module = directory.path().join("client.mjs");
    std::fs::write(&module, format!("{}{DRIVER}", program("js"))).unwrap();
    let url = format!("http://{}/notes/1", example.address());
    let output = output_of(Command::new("node").arg(&module).arg(url)).await;
    assert_eq!(
        output,
        r#"again true
base theirs
merged base theirs mine
refused refused: 400
nothing null
exists Tea
absent true
lost
204 {"saved":{"url":"","value":{"body":"somebody else"},"tag":"\"9\""}}
204, deleted since {"deleted":true}
204, then 503 "unread"
204, from a cache "unread"
200 with a tag {"saved":{"url":"","value":{"body":"as it is stored"},"tag":"\"9\""}}
412 {"theirs":{"url":"","value":{"body":"somebody else"},"tag":"\"9\""}}
412, deleted {"deleted":true}
412 to the current tag "refused"
412, weak tags "refused"
404 {"deleted":true}
202 "lost"
408 "lost"
500 "lost"
503 "refused"
403 "refused"
"#
    );
    assert_eq!(body_of(&example).await, "base theirs mine");
}
