//! The page: its files, and the comparison of two edits.

use serde_json::{Value, json};

use crate::life::service;
use test_support::{Client, Protocol};

/// A file of the page has a type, a policy and, from the layer, a tag: a client that has it revalidates and gets 304.
#[tokio::test]
async fn files_of_the_page_are_asked_for_and_not_sent_again() {
    let rows = [
        ("/", "text/html; charset=utf-8"),
        ("/page/style.css", "text/css; charset=utf-8"),
        ("/page/main.js", "text/javascript; charset=utf-8"),
        ("/page/icon.svg", "image/svg+xml"),
    ];
    for protocol in Protocol::BOTH {
        let (mut client, _example, _directory) = service(protocol).await;
        for (path, content_type) in rows {
            let file = client.get(path, &[]).await;
            assert_eq!(file.status, 200, "{path}");
            assert_eq!(file.field("content-type"), content_type);
            assert_eq!(file.field("x-content-type-options"), "nosniff");
            assert!(
                file.field("content-security-policy")
                    .starts_with("default-src 'self';")
            );
            let tag = file.field("etag");
            let again = client.get(path, &[("if-none-match", tag)]).await;
            assert_eq!((again.status, again.body.as_str()), (304, ""));
            assert_eq!(again.field("etag"), tag);
            assert_eq!(again.field("cache-control"), "no-cache");
        }
    }
}

/// Every file that the page names is there.
#[tokio::test]
async fn page_refers_to_nothing_that_is_missing() {
    let (mut client, _example, _directory) = service(Protocol::Http1).await;
    let mut open = vec!["/".to_owned()];
    let mut seen = Vec::new();
    while let Some(path) = open.pop() {
        let file = client.get(&path, &[]).await;
        assert_eq!(file.status, 200, "{path}");
        let named = file.body.split('"').filter_map(|text| {
            let name = text
                .strip_prefix("./")
                .or_else(|| text.strip_prefix("/page/"))?;
            Some(format!("/page/{name}"))
        });
        seen.push(path);
        open.extend(named.filter(|path| !seen.contains(path)));
    }
    assert!(seen.len() >= 18, "{seen:?}");
}

/// Texts in one line, lines parted by `/`; of a hunk: who changed it, then base, theirs and mine.
#[tokio::test]
async fn merge_says_who_changed_which_lines() {
    type Hunk = [&'static str; 4];
    let rows: [([&str; 3], &[Hunk]); 16] = [
        (["a/b", "a/b", "a/b"], &[["nobody", "a/b", "a/b", "a/b"]]),
        (
            ["a/b/c", "a/x/c", "a/b/c"],
            &[
                ["nobody", "a", "a", "a"],
                ["theirs", "b", "x", "b"],
                ["nobody", "c", "c", "c"],
            ],
        ),
        (
            ["a/b/c", "x/b/c", "a/b/y"],
            &[
                ["theirs", "a", "x", "a"],
                ["nobody", "b", "b", "b"],
                ["mine", "c", "c", "y"],
            ],
        ),
        (
            ["a/b/c", "a/x/c", "a/y/c"],
            &[
                ["nobody", "a", "a", "a"],
                ["both", "b", "x", "y"],
                ["nobody", "c", "c", "c"],
            ],
        ),
        (
            ["a/b", "a/x", "a/x"],
            &[["nobody", "a", "a", "a"], ["alike", "b", "x", "x"]],
        ),
        // Each changed another of two neighbouring lines, and it is certain which line became which.
        (
            ["a/b", "x/b", "a/y"],
            &[["theirs", "a", "x", "a"], ["mine", "b", "b", "y"]],
        ),
        (
            ["a/b/c", "x/b/z", "x/y/c"],
            &[
                ["alike", "a", "x", "x"],
                ["mine", "b", "b", "y"],
                ["theirs", "c", "z", "c"],
            ],
        ),
        // Otherwise neighbouring lines are one change, for a person to decide: one line was changed by both; or a line
        // was added or removed beside another's change.
        (
            ["a/b/c", "x/p/c", "a/q/y"],
            &[["both", "a/b/c", "x/p/c", "a/q/y"]],
        ),
        (["a/b", "x/n/b", "a/y"], &[["both", "a/b", "x/n/b", "a/y"]]),
        (["a/b", "b", "a/y"], &[["both", "a/b", "b", "a/y"]]),
        (
            ["a/b", "a/b/n", "a/y"],
            &[["nobody", "a", "a", "a"], ["both", "b", "b/n", "y"]],
        ),
        // Both add a line at one place.
        (
            ["a", "a/x", "a/y"],
            &[["nobody", "a", "a", "a"], ["both", "-", "x", "y"]],
        ),
        // One removes what the other changes.
        (
            ["a/b", "a", "a/y"],
            &[["nobody", "a", "a", "a"], ["both", "b", "-", "y"]],
        ),
        // A last line that is empty is a line.
        (
            ["a/", "a/", "a"],
            &[["nobody", "a", "a", "a"], ["mine", "", "", "-"]],
        ),
        // Another line end is not an edit.
        (
            ["a\r/b", "a/b", "a/x"],
            &[["nobody", "a", "a", "a"], ["mine", "b", "b", "x"]],
        ),
        (["", "x", ""], &[["theirs", "", "x", ""]]),
    ];
    let (mut client, _example, _directory) = service(Protocol::Http1).await;
    for (texts, expected) in rows {
        let [base, theirs, mine] = texts.map(|text| text.replace('/', "\n"));
        let hunks = merge(&mut client, Some(&base), &theirs, &mine).await;
        let found: Vec<_> = hunks.iter().map(in_one_line).collect();
        assert_eq!(found, expected, "{texts:?}");
    }
}

/// Without a base, all is changed by both.
#[tokio::test]
async fn merge_of_two_that_began_with_nothing() {
    let (mut client, _example, _directory) = service(Protocol::Http1).await;
    let hunks = merge(&mut client, None, "a\nb", "a\nc").await;
    assert_eq!(
        hunks.iter().map(in_one_line).collect::<Vec<_>>(),
        [["both", "-", "a/b", "a/c"]]
    );
}

/// Whatever the texts: the hunks' base, theirs and mine are the texts, line by line, and only what differs is a change.
#[tokio::test]
async fn merge_loses_no_line() {
    let (mut client, _example, _directory) = service(Protocol::Http1).await;
    let lines = ["", "a", "b"];
    let mut texts: Vec<_> = lines.map(str::to_owned).to_vec();
    texts.extend(
        lines
            .iter()
            .flat_map(|a| lines.map(|b| format!("{a}\n{b}"))),
    );
    for base in &texts {
        for theirs in &texts {
            for mine in &texts {
                let hunks = merge(&mut client, Some(base), theirs, mine).await;
                for (side, text) in [("base", base), ("theirs", theirs), ("mine", mine)] {
                    let all: Vec<_> = hunks.iter().flat_map(|hunk| side_of(hunk, side)).collect();
                    assert_eq!(
                        &all.join("\n"),
                        text,
                        "{side} of {base:?} {theirs:?} {mine:?}"
                    );
                }
                for hunk in hunks {
                    let [base, theirs, mine] =
                        ["base", "theirs", "mine"].map(|side| side_of(&hunk, side));
                    let changed_by = match (theirs == base, mine == base) {
                        (true, true) => "nobody",
                        (false, true) => "theirs",
                        (true, false) => "mine",
                        (false, false) if theirs == mine => "alike",
                        (false, false) => "both",
                    };
                    assert_eq!(hunk["changed_by"], changed_by);
                }
            }
        }
    }
}

/// Titles are compared like texts; three notes of the largest size may be sent, and what is no note is a 400.
#[tokio::test]
async fn merge_takes_whole_notes() {
    let (mut client, _example, _directory) = service(Protocol::Http1).await;
    let note = |title, body: &str| json!({ "title": title, "body": body });
    let edits = json!({ "base": note("A", ""), "theirs": note("B", ""), "mine": note("A", "") });
    let answer = client.send("POST", "/merge", &[], edits.to_string()).await;
    let titles = &answer.json()["title"];
    assert_eq!(in_one_line(&titles[0]), ["theirs", "A", "B", "A"]);

    let longest = "line\n".repeat(50_000);
    let edits = json!({
        "base": note("A", &longest), "theirs": note("A", &longest), "mine": note("A", &longest),
    });
    let answer = client.send("POST", "/merge", &[], edits.to_string()).await;
    assert_eq!(answer.status, 200);

    for wrong in ["", "[]", "{}", r#"{"theirs":{},"mine":{}}"#] {
        let answer = client.send("POST", "/merge", &[], wrong).await;
        let bad_request = (400, "bad_request".to_owned(), String::new());
        assert_eq!(answer.problem(), bad_request, "{wrong}");
    }
}

/// The hunks of the bodies.
async fn merge(client: &mut Client, base: Option<&str>, theirs: &str, mine: &str) -> Vec<Value> {
    let note = |body| json!({ "title": "", "body": body });
    let edits = json!({ "base": base.map(note), "theirs": note(theirs), "mine": note(mine) });
    let answer = client.send("POST", "/merge", &[], edits.to_string()).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()["body"].as_array().expect("hunks").clone()
}

fn in_one_line(hunk: &Value) -> [String; 4] {
    let changed_by = hunk["changed_by"].as_str().expect("a word").to_owned();
    let [base, theirs, mine] = ["base", "theirs", "mine"].map(|side| {
        let lines = side_of(hunk, side);
        if lines.is_empty() {
            "-".to_owned()
        } else {
            lines.join("/")
        }
    });
    [changed_by, base, theirs, mine]
}

fn side_of<'a>(hunk: &'a Value, side: &str) -> Vec<&'a str> {
    let lines = hunk[side].as_array().expect("lines");
    lines
        .iter()
        .map(|line| line.as_str().expect("a line"))
        .collect()
}
