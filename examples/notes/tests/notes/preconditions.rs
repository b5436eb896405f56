//! The notes and their preconditions: which request is answered how, and with which text.

use serde_json::{Value, json};

use crate::life::{not_found, service};
use test_support::{Client, Protocol};

const NOTE: &str = r#"{"title":"Milk","body":"one litre"}"#;

/// Note 1 exists and has the tag `"n1.1"`.
async fn with_a_note(client: &mut Client) {
    let created = client.send("PUT", "/notes/1", &[("if-none-match", "*")], NOTE);
    assert_eq!(created.await.status, 201);
}

/// A problem of the layer: its JSON, member by member.
fn problem(status: u16, title: &str, error: &str, field: &str, reason: &str) -> Value {
    json!({
        "type": "about:blank", "title": title, "status": status, "error": error, "field": field,
        "reason": reason,
    })
}

#[tokio::test]
async fn refusals_say_in_json_what_failed_and_what_to_do() {
    let failed = |field, reason| {
        problem(
            412,
            "Precondition Failed",
            "precondition_failed",
            field,
            reason,
        )
    };
    let required = |field, reason| {
        let title = "Precondition Required";
        problem(428, title, "precondition_required", field, reason)
    };
    let malformed = |field| {
        problem(
            400,
            "Bad Request",
            "precondition_malformed",
            field,
            "malformed",
        )
    };
    let rows = [
        (
            "if-match",
            "\"n1.9\"",
            failed("If-Match", "stale"),
            "does not match the current resource version",
        ),
        (
            "if-match",
            "W/\"n1.1\"",
            failed("If-Match", "weak_tag"),
            "is weak",
        ),
        (
            "if-match",
            "\"n1.1-gzip\"",
            failed("If-Match", "rewritten_tag"),
            "suffix of a content coding",
        ),
        (
            "if-match",
            "\"n0.1\"",
            failed("If-Match", "other_epoch"),
            "another release",
        ),
        (
            "if-none-match",
            "*",
            failed("If-None-Match", "exists"),
            "exists already",
        ),
        (
            "if-none-match",
            "\"n1.1\", *",
            malformed("If-None-Match"),
            "* alone",
        ),
        (
            "if-match",
            "n1.1",
            malformed("If-Match"),
            "in double quotes",
        ),
        (
            "if-unmodified-since",
            "Wed, 01 Jan 2025 00:00:00 GMT",
            required("If-Unmodified-Since", "inapplicable"),
            "no modification date",
        ),
        (
            "if-none-match",
            "\"x\"",
            required("If-Match", "missing"),
            "needs a precondition",
        ),
        (
            "x-nothing",
            "",
            required("If-Match", "missing"),
            "send it with If-Match and its ETag",
        ),
    ];
    for protocol in Protocol::BOTH {
        let (mut client, _example, _directory) = service(protocol).await;
        with_a_note(&mut client).await;
        for method in ["PUT", "PATCH", "DELETE"] {
            for (name, value, expected, words) in &rows {
                let refused = client
                    .send(method, "/notes/1", &[(*name, *value)], NOTE)
                    .await;
                let status = u16::try_from(expected["status"].as_u64().unwrap()).unwrap();
                let length = refused.body.len().to_string();
                let mut fields = vec![
                    ("cache-control", "no-store"),
                    ("content-type", "application/problem+json"),
                    ("content-length", &length),
                ];
                // It could have carried the note.
                fields.extend((status == 412).then_some(("vary", "prefer")));
                refused.has(status, &fields);
                let mut json = refused.json();
                let detail = json.as_object_mut().unwrap().remove("detail");
                assert_eq!(&json, expected, "{method} {name}: {value}");
                let detail = detail.unwrap();
                assert!(detail.as_str().unwrap().contains(words), "{detail}");
            }
        }
        let still = client.get("/notes/1", &[]).await;
        assert_eq!(still.field("etag"), "\"n1.1\"");
    }
}

/// RFC 9110, sections 5.2, 5.6.1.2 and 8.8.3.2: lists of any form, over any number of lines.
#[tokio::test]
async fn lists() {
    let reads: [(&[&str], u16); 7] = [
        (&["\"x\", \"n1.1\""], 304),
        (&["\"x\"", "\"n1.1\""], 304),
        (&[" , \"n1.1\" ,, "], 304),
        (&["W/\"n1.1\""], 304),
        (&["*"], 304),
        (&["\"x\", \"y\""], 200),
        (&["\"x,\", \"n1\", \"1\""], 200),
    ];
    let writes: [(&[&str], u16); 4] = [
        (&["\"x\", W/\"n1.1\""], 412),
        (&["\"x\"", "\"y\""], 412),
        (&[""], 412),
        (&["\"x\"", "\"y\", \"n1.1\""], 204),
    ];
    for protocol in Protocol::BOTH {
        let (mut client, _example, _directory) = service(protocol).await;
        with_a_note(&mut client).await;
        for (lines, status) in reads {
            let fields: Vec<_> = lines.iter().map(|line| ("if-none-match", *line)).collect();
            let read = client.get("/notes/1", &fields).await;
            assert_eq!(read.status, status, "{lines:?}");
        }
        for (lines, status) in writes {
            let fields: Vec<_> = lines.iter().map(|line| ("if-match", *line)).collect();
            let write = client.send("DELETE", "/notes/1", &fields, "").await;
            assert_eq!(write.status, status, "{lines:?}");
        }
    }
}

/// RFC 9110, section 13.2.1: a request that would fail without its preconditions gets that answer.
#[tokio::test]
async fn unknown_notes_are_404_and_methods_405_whatever_the_preconditions() {
    let preconditions = [
        ("if-match", "\"n1.1\""),
        ("if-match", "*"),
        ("if-none-match", "\"n1.1\""),
        ("x-nothing", ""),
    ];
    for protocol in Protocol::BOTH {
        let (mut client, _example, _directory) = service(protocol).await;
        with_a_note(&mut client).await;
        for field in preconditions {
            not_found(&client.get("/notes/2", &[field]).await);
            for path in [
                "/notes/x",
                "/notes/1.0",
                "/notes/%2F1",
                "/notes/9223372036854775808",
            ] {
                for method in ["GET", "PUT", "PATCH", "DELETE"] {
                    not_found(&client.send(method, path, &[field], NOTE).await);
                }
            }
            let methods = [
                ("POST", "/notes/1"),
                ("PUT", "/notes"),
                ("DELETE", "/notes"),
            ];
            for (method, path) in methods {
                let refused = client.send(method, path, &[field], NOTE).await;
                assert_eq!(refused.status, 405, "{method} {path} {field:?}");
                assert!(refused.fields.contains_key("allow"), "{refused:?}");
            }
        }

        // Neither creates a note, so without their preconditions both would be a 404 (section 13.2.1).
        for method in ["PATCH", "DELETE"] {
            let stale = [("if-match", "\"n1.1\"")];
            not_found(&client.send(method, "/notes/2", &stale, NOTE).await);
        }
        // PUT would create it, so its precondition is what fails.
        let absent = (412, "precondition_failed".to_owned(), "absent".to_owned());
        for tag in ["\"n1.1\"", "*"] {
            let refused = client
                .send("PUT", "/notes/2", &[("if-match", tag)], NOTE)
                .await;
            assert_eq!(refused.problem(), absent);
        }
    }
}

#[tokio::test]
async fn bad_bodies_are_400_or_413_and_change_nothing() {
    let bad_request = (400, "bad_request".to_owned(), String::new());
    let bodies = [
        "",
        "{",
        "[]",
        "[\"a\",\"b\"]",
        "{}",
        "null",
        r#"{"title":1,"body":"b"}"#,
        "\u{FEFF}{}",
    ];
    for protocol in Protocol::BOTH {
        let (mut client, _example, _directory) = service(protocol).await;
        with_a_note(&mut client).await;
        let guard = [("if-match", "\"n1.1\"")];
        for body in bodies {
            for (method, path) in [
                ("PUT", "/notes/1"),
                ("PATCH", "/notes/1"),
                ("POST", "/notes"),
            ] {
                let refused = client
                    .send(
                        method,
                        path,
                        if method == "POST" { &[] } else { &guard },
                        body,
                    )
                    .await;
                assert_eq!(refused.problem(), bad_request, "{method} {body:?}");
            }
        }
        let long = format!(r#"{{"title":"t","body":"{}"}}"#, "b".repeat(300 * 1024));
        let refused = client.send("PUT", "/notes/1", &guard, long.clone()).await;
        assert_eq!(refused.problem().0, 413);

        // A stale tag is refused before the body is read, and the client gets the reason.
        let mut client = _example.client(protocol).await;
        let stale = client
            .send("PUT", "/notes/1", &[("if-match", "\"n1.9\"")], long)
            .await;
        assert_eq!(stale.status, 412);
        let mut client = _example.client(protocol).await;
        let read = client.get("/notes/1", &[]).await;
        assert_eq!(read.field("etag"), "\"n1.1\"");
    }
}

/// An addition to the list that the client has seen, and to no other.
#[tokio::test]
async fn post_may_be_conditional_on_the_list() {
    for protocol in Protocol::BOTH {
        let (mut client, _example, _directory) = service(protocol).await;
        let seen = client.get("/notes", &[]).await.field("etag").to_owned();
        let guard = [("if-match", seen.as_str())];
        assert_eq!(
            client.send("POST", "/notes", &guard, NOTE).await.status,
            201
        );
        let refused = client.send("POST", "/notes", &guard, NOTE).await;
        let stale = (412, "precondition_failed".to_owned(), "stale".to_owned());
        assert_eq!(refused.problem(), stale);
    }
}

/// RFC 8144, section 3.2: a client that asks for it gets the current note inside the 412, without another round trip.
#[tokio::test]
async fn refused_save_carries_the_current_note_on_request() {
    for protocol in Protocol::BOTH {
        let (mut client, _example, _directory) = service(protocol).await;
        with_a_note(&mut client).await;
        let prefer = ("prefer", "return=representation");
        for (field, tag) in [("if-match", "\"n1.9\""), ("if-none-match", "*")] {
            let refused = client
                .send("PUT", "/notes/1", &[(field, tag), prefer], NOTE)
                .await;
            let current = client.get("/notes/1", &[]).await;
            assert_eq!(refused.status, 412);
            assert_eq!(refused.body, current.body);
            assert_eq!(refused.field("etag"), "\"n1.1\"");
            assert_eq!(refused.field("content-location"), "/notes/1");
            assert_eq!(refused.field("preference-applied"), "return=representation");
            assert_eq!(refused.field("vary"), "prefer");
            assert_eq!(refused.field("cache-control"), "no-store");
        }

        // What it carries is enough to save.
        let refused = client
            .send("PUT", "/notes/1", &[("if-match", "\"n1.9\""), prefer], NOTE)
            .await;
        let fresh = [("if-match", refused.field("etag"))];
        let saved = client.send("PUT", "/notes/1", &fresh, NOTE).await;
        assert_eq!(saved.status, 200);

        // Nothing to carry: the problem says so.
        let gone = client
            .send("PUT", "/notes/9", &[("if-match", "\"n1.1\""), prefer], NOTE)
            .await;
        let failed = (412, "precondition_failed".to_owned(), "absent".to_owned());
        assert_eq!(gone.problem(), failed);
    }
}
