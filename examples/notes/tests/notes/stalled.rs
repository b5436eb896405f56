//! Clients that begin to send a body and then stall, all on one note: they delay no other write.

use std::env;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::time::timeout;

use test_support::{Client, Example, Protocol};

use crate::notes;

const PATIENCE: Duration = Duration::from_secs(120);
/// How many writes may wait for one resource: the default of `WritePolicy::limit_waiters`.
const WAITERS: usize = 4096;
const DRAFT: &str = r#"{"title":"Milk","body":"two litres"}"#;

/// Both processes need a descriptor for each of them.
fn clients() -> usize {
    if env::var_os("TOWER_CONDITIONAL_FULL").is_some() {
        10_000
    } else {
        300
    }
}

#[tokio::test]
async fn stalled_bodies_delay_no_other_write() {
    let directory = tempfile::tempdir().unwrap();
    let service = notes(&directory.path().join("notes.db")).await;
    let mut writer = service.client(Protocol::Http1).await;
    let created = writer.send("PUT", "/notes/1", &[("if-none-match", "*")], DRAFT);
    assert_eq!(created.await.status, 201);

    let tag = current_tag(&mut writer).await;
    let mut stalled = Vec::new();
    for _ in 0..clients() {
        stalled.push(Stalled::begin(&service, &tag).await);
    }
    assert_eq!(save(&mut writer, &tag).await, 200);

    // Those that go on are evaluated against the current state.
    let late = stalled.split_off(stalled.len() - 10);
    for client in late {
        assert_eq!(client.go_on().await, "HTTP/1.1 412 Precondition Failed");
    }
    drop(stalled);
    // Those that have hung up wait for the lock as well. If more of them do than may wait, others get 503 meanwhile.
    let tag = current_tag(&mut writer).await;
    let mut saved = save(&mut writer, &tag).await;
    while saved == 503 && clients() > WAITERS {
        saved = save(&mut writer, &tag).await;
    }
    assert_eq!(saved, 200);
}

async fn current_tag(client: &mut Client) -> String {
    client.get("/notes/1", &[]).await.field("etag").to_owned()
}

async fn save(client: &mut Client, tag: &str) -> u16 {
    let fields = [("if-match", tag)];
    let save = client.send("PUT", "/notes/1", &fields, DRAFT);
    timeout(PATIENCE, save).await.expect("held up").status
}

/// A PUT whose head was evaluated, and half of whose body has arrived.
struct Stalled(BufReader<TcpStream>);

impl Stalled {
    async fn begin(service: &Example, tag: &str) -> Self {
        let stream = TcpStream::connect(service.address()).await.unwrap();
        let mut client = Self(BufReader::new(stream));
        let head = format!(
            "PUT /notes/1 HTTP/1.1\r\nhost: notes\r\nif-match: {tag}\r\nexpect: 100-continue\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n",
            DRAFT.len()
        );
        client.0.write_all(head.as_bytes()).await.unwrap();
        // Sent when somebody begins to read the body.
        assert_eq!(client.line().await, "HTTP/1.1 100 Continue");
        assert_eq!(client.line().await, "");
        client.0.write_all(&DRAFT.as_bytes()[..10]).await.unwrap();
        client
    }

    /// Sends the rest; the status line.
    async fn go_on(mut self) -> String {
        self.0.write_all(&DRAFT.as_bytes()[10..]).await.unwrap();
        self.line().await
    }

    async fn line(&mut self) -> String {
        let mut line = String::new();
        let read = timeout(PATIENCE, self.0.read_line(&mut line)).await;
        read.expect("a line in time").unwrap();
        line.trim_end().to_owned()
    }
}
