//! Many writers with one tag: one of them succeeds, all others get 412.

use test_support::{Client, Example, Protocol, race, winner};

use crate::notes;

fn draft(writer: usize) -> String {
    format!(r#"{{"title":"Race","body":"writer {writer}"}}"#)
}

async fn create_then_save(services: &[&Example], client: &mut Client, protocol: Protocol) {
    let created = race(
        services,
        protocol,
        ("PUT", "/notes/1", ("if-none-match", "*")),
        draft,
    )
    .await;
    let body = winner(&created, 201, "exists");
    let read = client.get("/notes/1", &[]).await;
    assert_eq!((read.field("etag"), &read.body), ("\"n1.1\"", &body));

    let saved = race(
        services,
        protocol,
        ("PUT", "/notes/1", ("if-match", "\"n1.1\"")),
        draft,
    )
    .await;
    let body = winner(&saved, 200, "stale");
    let read = client.get("/notes/1", &[]).await;
    assert_eq!((read.field("etag"), &read.body), ("\"n1.2\"", &body));
}

#[tokio::test]
async fn one_writer_wins() {
    for protocol in Protocol::BOTH {
        let directory = tempfile::tempdir().unwrap();
        let one = notes(&directory.path().join("notes.db")).await;
        let mut client = one.client(protocol).await;
        create_then_save(&[&one], &mut client, protocol).await;
    }
}

/// Two processes share no lock: here the swap in the handler decides.
#[tokio::test]
async fn one_writer_wins_across_processes() {
    for protocol in Protocol::BOTH {
        let directory = tempfile::tempdir().unwrap();
        let database = directory.path().join("notes.db");
        let one = notes(&database).await;
        let other = notes(&database).await;
        let mut client = one.client(protocol).await;
        create_then_save(&[&one, &other], &mut client, protocol).await;
    }
}
