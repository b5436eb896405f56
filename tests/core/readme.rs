//! The example of the README compiles as it stands, and does what the README says.
#![expect(dead_code, reason = "its `main` is not called here")]

use std::fs;

use axum::body::{Body, to_bytes};
use http::Request;
use tower::ServiceExt;

use crate::tree::root;

include!("../../examples/first/src/main.rs");

/// Spellings that `Path<i64>` reads as 1.
const SPELLINGS: [&str; 4] = ["/notes/1", "/notes/01", "/notes/+1", "/notes/%31"];

#[test]
fn the_readme_has_the_example_that_is_tested_here() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let (_, from_example) = readme.split_once("```rust,no_run\n").unwrap();
    let (example, _) = from_example.split_once("```").unwrap();
    let program = include_str!("../../examples/first/src/main.rs");
    let (_, tested) = program.split_once("\n\n").unwrap();
    assert_eq!(example, tested);
    assert!(tested.lines().count() < 60);
}

/// RFC 9110, section 8.6: axum would say that the content is empty.
#[tokio::test]
async fn a_304_of_the_first_example_says_nothing_of_its_content() {
    let db = Db::default();
    let text = "a note".to_owned();
    db.lock().unwrap().insert(1, Note { version: 7, text });
    for method in ["GET", "HEAD"] {
        let request = Request::builder().method(method).uri("/notes/1");
        let request = request.header("if-none-match", "\"7\"").body(Body::empty());
        let Ok(answer) = app(db.clone()).oneshot(request.unwrap()).await;
        assert_eq!(answer.status(), 304, "{method}");
        assert!(!answer.headers().contains_key("content-length"), "{method}");
    }
}

#[tokio::test]
async fn the_first_example_loses_no_update_however_the_id_is_spelled() {
    let db = Db::default();
    let text = "a note".to_owned();
    db.lock().unwrap().insert(1, Note { version: 7, text });
    let app = app(db);

    for path in SPELLINGS {
        assert_eq!(put(&app, path, None).await, 428, "{path}");
        let exists = Some(("if-none-match", "*"));
        assert_eq!(put(&app, path, exists).await, 412, "{path}");
        let stale = Some(("if-match", "\"6\""));
        assert_eq!(put(&app, path, stale).await, 412, "{path}");
    }
    let current = Some(("if-match", "\"7\""));
    assert_eq!(put(&app, SPELLINGS[0], current).await, 204);
    for path in SPELLINGS {
        assert_eq!(put(&app, path, current).await, 412, "{path}");
        let expected = (200, "\"8\"".to_owned(), "new".to_owned());
        assert_eq!(get_note(&app, path).await, expected, "{path}");
    }

    assert_eq!(get_note(&app, "/notes/2").await.0, 404);
    let create = Some(("if-none-match", "*"));
    assert_eq!(put(&app, "/notes/2", create).await, 201);
    assert_eq!(put(&app, "/notes/02", create).await, 412);
}

/// As the table beside the others says: without this crate, `ServeDir` evaluates all preconditions of reads but If-Range.
#[tokio::test]
async fn serve_dir_ignores_if_range_alone() {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("a.txt"), "0123456789").unwrap();
    let get = async |fields: &[(&str, &str)]| {
        let request = fields
            .iter()
            .fold(Request::get("/a.txt"), |request, (name, value)| {
                request.header(*name, *value)
            });
        let files = tower_http::services::ServeDir::new(directory.path());
        files
            .oneshot(request.body(Body::empty()).unwrap())
            .await
            .unwrap()
    };
    let whole = get(&[]).await;
    let [tag, date] = ["etag", "last-modified"].map(|name| whole.headers()[name].to_str().unwrap());
    let early = "Thu, 01 Jan 1970 00:00:00 GMT";
    let range = ("range", "bytes=2-4");
    for (fields, status) in [
        (&[("if-none-match", tag)][..], 304),
        (
            &[("if-none-match", "\"nope\""), ("if-modified-since", date)],
            200,
        ),
        (&[("if-modified-since", date)], 304),
        (&[("if-match", tag)], 200),
        (&[("if-match", "\"nope\"")], 412),
        (&[("if-unmodified-since", early)], 412),
        (&[("if-match", tag), ("if-unmodified-since", early)], 200),
        (&[range, ("if-range", tag)], 206),
        // The RFC wants a 200 here (section 13.1.5).
        (&[range, ("if-range", "\"nope\"")], 206),
    ] {
        assert_eq!(get(fields).await.status(), status, "{fields:?}");
    }
}

async fn put(app: &Router, path: &str, field: Option<(&str, &str)>) -> u16 {
    let mut request = Request::put(path);
    if let Some((name, value)) = field {
        request = request.header(name, value);
    }
    let request = request.body(Body::from("new")).unwrap();
    app.clone()
        .oneshot(request)
        .await
        .unwrap()
        .status()
        .as_u16()
}

/// Status, tag and text.
async fn get_note(app: &Router, path: &str) -> (u16, String, String) {
    let request = Request::get(path).body(Body::empty()).unwrap();
    let answer = app.clone().oneshot(request).await.unwrap();
    let status = answer.status().as_u16();
    let tag = answer.headers().get("etag");
    let tag = tag.map_or("", |tag| tag.to_str().unwrap()).to_owned();
    let text = to_bytes(answer.into_body(), 100).await.unwrap();
    (status, tag, String::from_utf8(text.to_vec()).unwrap())
}
