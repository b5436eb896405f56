//! The description of the service, the page to read it, and a client that is generated from it.

use std::path::Path;
use std::process::Stdio;

use serde_json::Value;
use test_support::{Protocol, has_tool, in_ci, skip};
use tokio::process::Command;

use crate::life::service;
use crate::notes;

#[tokio::test]
async fn the_description_says_what_the_layer_does() {
    let (mut client, _example, _directory) = service(Protocol::Http1).await;
    let document = client.get("/openapi.json", &[]).await;
    let json: Value = serde_json::from_str(&document.body).unwrap();
    let note = &json["paths"]["/notes/{id}"];
    let required = |method: &str| -> Vec<_> {
        let parameters = note[method]["parameters"].as_array().unwrap().iter();
        let required = parameters.filter(|one| one["required"] == true);
        required.map(|one| one["name"].as_str().unwrap()).collect()
    };
    assert_eq!(required("delete"), ["id", "If-Match"]);
    assert_eq!(required("patch"), ["id", "If-Match"]);
    // It may also create the note.
    assert_eq!(required("put"), ["id"]);
    let statuses = |method: &str| {
        note[method]["responses"]
            .as_object()
            .unwrap()
            .keys()
            .cloned()
            .collect::<Vec<_>>()
    };
    assert_eq!(statuses("get"), ["200", "304", "400", "404", "412", "503"]);
    assert_eq!(
        statuses("delete"),
        ["204", "400", "404", "412", "428", "500", "503"]
    );
    let again = client
        .get(
            "/openapi.json",
            &[("if-none-match", document.field("etag"))],
        )
        .await;
    assert_eq!(again.status, 304);
}

/// Every file that the page names comes from this service.
#[tokio::test]
async fn the_page_loads_nothing_from_elsewhere() {
    let (mut client, _example, _directory) = service(Protocol::Http1).await;
    let page = client.get("/api/", &[]).await;
    assert_eq!(page.status, 200);
    let after = |mark: &'static str| {
        page.body
            .split(mark)
            .skip(1)
            .map(|rest| rest.split('"').next().unwrap())
    };
    let named: Vec<_> = after("src=\"").chain(after("href=\"")).collect();
    assert!(named.len() > 4, "{named:?}");
    for name in named {
        assert!(!name.contains("//"), "{name}");
        if name.ends_with(".png") {
            continue; // no text
        }
        let file = client
            .get(&format!("/api/{}", name.trim_start_matches("./")), &[])
            .await;
        assert_eq!(file.status, 200, "{name}");
    }
    let start = client.get("/api/swagger-initializer.js", &[]).await;
    assert!(start.body.contains("/openapi.json"), "{}", start.body);
}

/// Reads, saves, loses, fetches again and saves: what it could do wrong does not compile.
#[tokio::test]
async fn a_generated_client_cannot_forget_the_precondition() {
    if !has_tool("node") || !has_tool("npm") {
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let example = notes(&directory.path().join("notes.db")).await;
    let run = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scripts/clients/run.sh");
    let client = Command::new(run)
        .args(["openapi", &format!("http://{}", example.address())])
        .stderr(Stdio::inherit())
        .kill_on_drop(true)
        .output()
        .await
        .unwrap();
    if client.status.code() == Some(3) && !in_ci() {
        return skip("openapi-typescript and openapi-fetch (npm)");
    }
    let said = String::from_utf8_lossy(&client.stdout);
    assert!(client.status.success(), "{said}");
    assert!(
        said.ends_with("read, saved, lost, fetched again, saved\n"),
        "{said}"
    );
}
