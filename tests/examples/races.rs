//! Many writers with one tag: one of them wins, all others are told.

use std::sync::Arc;

use tokio::sync::Barrier;
use tokio::task::JoinSet;

use crate::client::{Answer, Client, Protocol};
use crate::process::Example;

const WRITERS: usize = 50;

/// All of them have their connection and their request ready before the first is sent.
async fn race(
    services: &[&Example],
    protocol: Protocol,
    request: (&'static str, &'static str, (&'static str, &'static str)),
) -> Vec<Answer> {
    let (method, path, field) = request;
    let ready = Arc::new(Barrier::new(WRITERS));
    let mut writers = JoinSet::new();
    for writer in 0..WRITERS {
        let mut client = services[writer % services.len()].client(protocol).await;
        let ready = ready.clone();
        writers.spawn(async move {
            ready.wait().await;
            client.send(method, path, &[field], draft(writer)).await
        });
    }
    writers.join_all().await
}

fn draft(writer: usize) -> String {
    format!(r#"{{"title":"Race","body":"writer {writer}"}}"#)
}

/// The one answer that is a success.
#[track_caller]
fn winner(answers: &[Answer], success: u16, reason: &str) -> String {
    let (won, lost): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status < 300);
    let [won] = &won[..] else {
        panic!("{} of {WRITERS} writers won", won.len());
    };
    assert_eq!(won.status, success);
    let refusal = (412, "precondition_failed".to_owned(), reason.to_owned());
    for answer in lost {
        assert_eq!(answer.problem(), refusal);
    }
    won.body.clone()
}

async fn create_then_save(services: &[&Example], client: &mut Client, protocol: Protocol) {
    let created = race(
        services,
        protocol,
        ("PUT", "/notes/1", ("if-none-match", "*")),
    )
    .await;
    let body = winner(&created, 201, "exists");
    let read = client.get("/notes/1", &[]).await;
    assert_eq!((read.field("etag"), &read.body), ("\"n1.1\"", &body));

    let saved = race(
        services,
        protocol,
        ("PUT", "/notes/1", ("if-match", "\"n1.1\"")),
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
        let notes = Example::notes(&directory.path().join("notes.db")).await;
        let mut client = notes.client(protocol).await;
        create_then_save(&[&notes], &mut client, protocol).await;
    }
}

/// Two processes share no lock: here the swap in the handler decides.
#[tokio::test]
async fn one_writer_wins_across_processes() {
    for protocol in Protocol::BOTH {
        let directory = tempfile::tempdir().unwrap();
        let database = directory.path().join("notes.db");
        let notes = Example::notes(&database).await;
        let more_notes = Example::notes(&database).await;
        let mut client = notes.client(protocol).await;
        create_then_save(&[&notes, &more_notes], &mut client, protocol).await;
    }
}

#[tokio::test]
async fn one_writer_of_a_document_wins() {
    for protocol in Protocol::BOTH {
        let documents = Example::start("hyper", &["--port".as_ref(), "0".as_ref()]).await;
        let mut client = documents.client(protocol).await;
        let created = race(
            &[&documents],
            protocol,
            ("PUT", "/a", ("if-none-match", "*")),
        )
        .await;
        winner(&created, 201, "exists");
        let saved = race(
            &[&documents],
            protocol,
            ("PUT", "/a", ("if-match", "\"1\"")),
        )
        .await;
        winner(&saved, 204, "stale");
        assert_eq!(client.get("/a", &[]).await.field("etag"), "\"2\"");
    }
}
