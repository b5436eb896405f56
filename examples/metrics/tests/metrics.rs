//! A spike of 412s after a release, read off the metrics endpoint.

use std::ffi::OsStr;

use test_support::{Client, Example, Protocol, one_of_two_clients_wins, printed_commands};

const PROGRAM: &str = env!("CARGO_BIN_EXE_metrics");

async fn count(client: &mut Client, labels: &str) -> u64 {
    let page = client.get("/metrics", &[]).await;
    let line = page.body.lines().find(|line| line.contains(labels));
    line.map_or(0, |line| {
        let (_, count) = line.rsplit_once(' ').unwrap();
        count.parse().unwrap()
    })
}

#[tokio::test]
async fn a_release_that_changes_the_form_shows_as_other_epoch_on_one_route() {
    let port = ["--port", "0"].map(OsStr::new);
    let example = Example::start(PROGRAM, &port).await;
    let mut client = example.client(Protocol::Http1).await;
    let document = "/documents/1";
    let create = [("if-none-match", "*")];
    let created = client.send("PUT", document, &create, "one").await;
    assert_eq!(created.status, 201);
    let read = client.get(document, &[]).await;
    let tag = read.field("etag").to_owned();
    assert_eq!(read.body, "r1: one\n");
    assert_eq!(client.get("/documents/%31", &[]).await.field("etag"), tag);
    assert_eq!(client.get("/documents/2", &[]).await.status, 404);

    assert_eq!(client.send("POST", "/deploy", &[], "").await.status, 200);
    for _ in 0..20 {
        let stale = [("if-match", tag.as_str())];
        assert_eq!(
            client.send("PUT", document, &stale, "two").await.status,
            412
        );
    }

    let route = r#"route="/documents/{id}",decision="refused",field="If-Match""#;
    let spike = format!(r#"{route},reason="other_epoch""#);
    assert_eq!(count(&mut client, &spike).await, 20);
    assert_eq!(count(&mut client, r#"reason="stale""#).await, 0);

    // A client that refetches can write again.
    let fresh = client.get(document, &[]).await.field("etag").to_owned();
    let fresh = [("if-match", fresh.as_str())];
    assert_eq!(
        client.send("PUT", document, &fresh, "two").await.status,
        204
    );
    assert_eq!(count(&mut client, &spike).await, 20);
}

/// The handler compares nothing: only the lock keeps two writers of one document apart.
#[tokio::test]
async fn one_of_two_writers_wins_however_they_spell_the_id() {
    let example = Example::start(PROGRAM, &["--port", "0"].map(OsStr::new)).await;
    one_of_two_clients_wins("metrics", &example, "/documents").await;
}

#[cfg(unix)]
#[tokio::test]
async fn commands_that_it_prints_do_what_they_say() {
    let mut example = Example::start(PROGRAM, &["--port".as_ref(), "0".as_ref()]).await;
    if let Some(statuses) = printed_commands(&mut example).await {
        assert_eq!(statuses, ["201", "200", "200", "412"]);
    }
}
