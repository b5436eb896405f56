//! The notes, step by step: what each method answers, with all of its fields.

use serde_json::json;
use tempfile::TempDir;

use test_support::{Answer, Client, Example, Protocol};

use crate::notes;

const MILK: &str = r#"{"title":"Milk","body":"one litre"}"#;
const MORE_MILK: &str = r#"{"title":"Milk","body":"two litres"}"#;

/// A service over a database of its own, and a connection to it.
pub(crate) async fn service(protocol: Protocol) -> (Client, Example, TempDir) {
    let directory = tempfile::tempdir().unwrap();
    let example = notes(&directory.path().join("notes.db")).await;
    (example.client(protocol).await, example, directory)
}

/// The golden test that `src/guide/refusals.md` advises: a form that changes without its epoch would give old tags to new
/// bytes. Change both here, or none.
#[tokio::test]
async fn the_form_has_not_changed_without_its_epoch() {
    let (mut client, _example, _directory) = service(Protocol::Http1).await;
    let create = [("if-none-match", "*")];
    client.send("PUT", "/notes/1", &create, MILK).await;
    let read = client.get("/notes/1", &[]).await;
    assert_eq!(
        (read.field("etag"), read.body.as_str()),
        ("\"n1.1\"", r#"{"id":1,"title":"Milk","body":"one litre"}"#)
    );
}

#[tokio::test]
async fn whole_life_of_a_note() {
    for protocol in Protocol::BOTH {
        let (mut client, _example, _directory) = service(protocol).await;
        let note = "/notes/1";

        // PUT creates: 201, and no tag, because the stored form is not what was sent (RFC 9110, section 9.3.4).
        let created = client
            .send("PUT", note, &[("if-none-match", "*")], MILK)
            .await;
        created.has(201, &json_fields(&created, &[]));
        let milk = json!({"id": 1, "title": "Milk", "body": "one litre"});
        assert_eq!(created.json(), milk);

        let read = client.get(note, &[]).await;
        let fields = [("cache-control", "no-cache"), ("etag", "\"n1.1\"")];
        read.has(200, &json_fields(&read, &fields));
        assert_eq!(read.json(), milk);

        let unchanged = client.get(note, &[("if-none-match", "\"n1.1\"")]).await;
        unchanged.has_only(304, &fields);

        let saved = client
            .send("PUT", note, &[("if-match", "\"n1.1\"")], MORE_MILK)
            .await;
        saved.has(200, &json_fields(&saved, &[]));
        assert_eq!(saved.json()["body"], "two litres");

        // The client that had read it before: refused, refetches, sends again.
        let stale = client
            .send("PUT", note, &[("if-match", "\"n1.1\"")], MILK)
            .await;
        assert_eq!(stale.status, 412);
        assert_eq!(client.get(note, &[]).await.json()["body"], "two litres");
        let current = client.get(note, &[]).await.field("etag").to_owned();
        let resent = client
            .send("PUT", note, &[("if-match", &current)], MILK)
            .await;
        assert_eq!(resent.status, 200);

        // PATCH says which version it has made.
        let current = client.get(note, &[]).await.field("etag").to_owned();
        let patch = r#"{"title":"Oat milk"}"#;
        let changed = client
            .send("PATCH", note, &[("if-match", &current)], patch)
            .await;
        let tag = changed.field("etag").to_owned();
        changed.has(200, &json_fields(&changed, &[("etag", &tag)]));
        let oat_milk = json!({"id": 1, "title": "Oat milk", "body": "one litre"});
        assert_eq!(changed.json(), oat_milk);
        assert_eq!(client.get(note, &[]).await.field("etag"), tag);

        let removed = client.send("DELETE", note, &[("if-match", &tag)], "").await;
        removed.has_only(204, &[]);
        not_found(&client.get(note, &[]).await);
    }
}

#[tokio::test]
async fn post_adds_under_a_free_id_and_tells_its_tag() {
    for protocol in Protocol::BOTH {
        let (mut client, _example, _directory) = service(protocol).await;
        let added = client.send("POST", "/notes", &[], MILK).await;
        let fields = [("location", "/notes/1"), ("etag", "\"n1.1\"")];
        added.has(201, &json_fields(&added, &fields));
        let read = client.get("/notes/1", &[]).await;
        assert_eq!(read.field("etag"), "\"n1.1\"");
        assert_eq!(read.json(), added.json());
    }
}

#[tokio::test]
async fn list_has_a_tag_of_its_own_that_every_write_moves() {
    for protocol in Protocol::BOTH {
        let (mut client, _example, _directory) = service(protocol).await;
        let empty = client.get("/notes", &[]).await;
        let fields = [("cache-control", "no-cache"), ("etag", "\"n1.0\"")];
        empty.has(200, &json_fields(&empty, &fields));
        assert_eq!(empty.body, "[]");

        let mut seen = vec![empty.field("etag").to_owned()];
        let create = [("if-none-match", "*")];
        let writes = [
            ("POST", "/notes", &[][..], MILK),
            ("PUT", "/notes/7", &create, MILK),
            ("PATCH", "/notes/7", &[("if-match", "\"n1.2\"")], MORE_MILK),
            ("DELETE", "/notes/1", &[("if-match", "\"n1.1\"")], ""),
        ];
        for (method, path, fields, body) in writes {
            let write = client.send(method, path, fields, body).await;
            assert!((200..300).contains(&write.status), "{write:?}");
            let list = client.get("/notes", &[]).await;
            let tag = list.field("etag").to_owned();
            assert!(!seen.contains(&tag), "{method} {path}: {tag}");
            let unchanged = client.get("/notes", &[("if-none-match", &tag)]).await;
            unchanged.has_only(304, &[("cache-control", "no-cache"), ("etag", &tag)]);
            seen.push(tag);
        }
        let rest = json!([{"id": 7, "title": "Milk", "body": "two litres"}]);
        assert_eq!(client.get("/notes", &[]).await.json(), rest);
    }
}

/// The ABA problem: a version that someone still holds never comes back for another state (RFC 9110, section 8.8.1).
#[tokio::test]
async fn delete_and_create_again_bring_no_old_tag_back() {
    for protocol in Protocol::BOTH {
        let (mut client, _example, _directory) = service(protocol).await;
        let note = "/notes/1";
        let create = [("if-none-match", "*")];
        client.send("PUT", note, &create, MILK).await;
        let old = client.get(note, &[]).await.field("etag").to_owned();
        let if_old = [("if-match", old.as_str())];
        assert_eq!(client.send("DELETE", note, &if_old, "").await.status, 204);
        assert_eq!(client.send("PUT", note, &create, MILK).await.status, 201);

        for (method, body) in [("PUT", MORE_MILK), ("PATCH", MORE_MILK), ("DELETE", "")] {
            let refused = client.send(method, note, &if_old, body).await;
            let stale = (412, "precondition_failed".to_owned(), "stale".to_owned());
            assert_eq!(refused.problem(), stale, "{method}");
        }
        let read = client.get(note, &[("if-none-match", &old)]).await;
        assert_eq!(
            (read.status, &read.json()["body"]),
            (200, &json!("one litre"))
        );
    }
}

/// RFC 9110, sections 8.6 and 9.3.2: the fields of a GET, its length included, and no content.
#[tokio::test]
async fn head_is_a_get_without_content() {
    for protocol in Protocol::BOTH {
        let (mut client, _example, _directory) = service(protocol).await;
        client.send("POST", "/notes", &[], MILK).await;
        let reads = [
            ("/notes", &[][..]),
            ("/notes/1", &[]),
            ("/notes/1", &[("if-none-match", "\"n1.1\"")]),
            ("/notes/2", &[]),
            ("/notes/no-number", &[]),
        ];
        for (path, fields) in reads {
            let mut get = client.get(path, fields).await;
            let mut head = client.send("HEAD", path, fields, "").await;
            assert_eq!(head.body, "");
            if get.status == 304 {
                // axum adds it: a known deviation.
                get.fields.remove("content-length");
                head.fields.remove("content-length");
            }
            assert_eq!(
                (head.status, head.fields),
                (get.status, get.fields),
                "{path}"
            );
        }

        // The text that is not there has no type either.
        let stale = [("if-match", "\"n1.9\"")];
        let mut get = client.get("/notes/1", &stale).await;
        let head = client.send("HEAD", "/notes/1", &stale, "").await;
        get.fields.remove("content-type");
        assert_eq!((head.status, head.fields), (412, get.fields));
        assert_eq!(head.body, "");
    }
}

#[track_caller]
pub(crate) fn not_found(answer: &Answer) {
    let problem = json!({
        "title": "Not Found", "status": 404, "error": "not_found", "detail": "There is no such note.",
    });
    assert_eq!((answer.status, answer.json()), (404, problem), "{answer:?}");
}

/// These fields, and those of a JSON body as long as this one.
fn json_fields<'a>(
    answer: &'a Answer,
    fields: &[(&'static str, &'a str)],
) -> Vec<(&'static str, &'a str)> {
    let length = answer.field("content-length");
    assert_eq!(length, answer.body.len().to_string());
    let framing = [
        ("content-type", "application/json"),
        ("content-length", length),
    ];
    [&framing, fields].concat()
}
