//! No acknowledged write is lost when the process is killed in the middle of others.

use std::collections::BTreeMap;
use std::path::Path;

use tokio::sync::mpsc;
use tokio::task::JoinSet;

use test_support::{Answer, Client, Protocol};

use crate::notes;

const KILLS: usize = 10;
const WRITERS: usize = 4;

/// What one writer knows of its notes: their texts by path, and the write whose answer never came.
#[derive(Clone, Debug, Default)]
struct Known {
    writer: usize,
    /// `None` is a note that was deleted.
    acknowledged: BTreeMap<String, Option<String>>,
    unanswered: Option<(String, Option<String>)>,
    writes: usize,
}

#[tokio::test]
async fn killed_process_loses_no_acknowledged_write() {
    let directory = tempfile::tempdir().unwrap();
    let database = directory.path().join("notes.db");
    let named = |writer| Known {
        writer,
        ..Known::default()
    };
    let mut known: Vec<_> = (1..=WRITERS).map(named).collect();
    reserve_ids(&database).await;
    for kill in 0..KILLS {
        let protocol = Protocol::BOTH[kill % 2];
        known = write_until_killed(&database, protocol, known, 5 + 7 * kill).await;
        let service = notes(&database).await;
        let mut client = service.client(Protocol::Http1).await;
        for writer in &mut known {
            writer.check(&mut client).await;
        }
    }
    let writes: usize = known.iter().map(|writer| writer.writes).sum();
    assert!(writes >= KILLS * 5, "{writes}");
}

/// New notes get ids above this one, so that those of the writers themselves are never given out.
async fn reserve_ids(database: &Path) {
    let service = notes(database).await;
    let mut client = service.client(Protocol::Http1).await;
    let last = r#"{"title":"t","body":"the last reserved id"}"#;
    let reserved = client.send("PUT", "/notes/1000", &[("if-none-match", "*")], last);
    assert_eq!(reserved.await.status, 201);
}

/// Lets all writers write, and kills the service after so many acknowledgements; the writers go on until then.
async fn write_until_killed(
    database: &Path,
    protocol: Protocol,
    known: Vec<Known>,
    acknowledgements: usize,
) -> Vec<Known> {
    let service = notes(database).await;
    let (acknowledged, mut all_acknowledged) = mpsc::unbounded_channel();
    let mut writers = JoinSet::new();
    for mut known in known {
        let mut client = service.client(protocol).await;
        let acknowledged = acknowledged.clone();
        writers.spawn(async move {
            while known.write(&mut client).await.is_ok() {
                let _ = acknowledged.send(());
            }
            known
        });
    }
    for _ in 0..acknowledgements {
        all_acknowledged.recv().await.unwrap();
    }
    service.kill().await;
    writers.join_all().await
}

impl Known {
    /// One write: a new note, a new text for an old one, a change of it, or its end.
    async fn write(&mut self, client: &mut Client) -> hyper::Result<()> {
        let text = format!("writer {}, write {}", self.writer, self.writes);
        let note = format!("/notes/{}", self.writer);
        let tag = current_tag(client, &note).await?;
        let draft = format!(r#"{{"title":"t","body":"{text}"}}"#);
        let change = format!(r#"{{"body":"{text}"}}"#);
        let (method, guard, body, after) = match (self.writes % 5, &tag) {
            (_, None) => ("PUT", ("if-none-match", "*"), draft, Some(text)),
            (4, Some(tag)) => ("DELETE", ("if-match", tag.as_str()), String::new(), None),
            (1 | 3, Some(tag)) => ("PATCH", ("if-match", tag.as_str()), change, Some(text)),
            (_, Some(tag)) => ("PUT", ("if-match", tag.as_str()), draft, Some(text)),
        };
        self.writes += 1;
        self.unanswered = Some((note.clone(), after.clone()));
        let answer = client.try_send(method, &note, &[guard], body).await?;
        assert!((200..300).contains(&answer.status), "{method}: {answer:?}");
        self.unanswered = None;
        self.acknowledged.insert(note, after);
        self.add(client).await
    }

    /// A new note under whatever id is free.
    async fn add(&mut self, client: &mut Client) -> hyper::Result<()> {
        let text = format!("writer {}, addition {}", self.writer, self.writes);
        let draft = format!(r#"{{"title":"t","body":"{text}"}}"#);
        let answer = client.try_send("POST", "/notes", &[], draft).await?;
        assert_eq!(answer.status, 201);
        let path = answer.field("location").to_owned();
        self.acknowledged.insert(path, Some(text));
        Ok(())
    }

    /// Every acknowledged write is there; the one without an answer is there or not, and known from now on.
    async fn check(&mut self, client: &mut Client) {
        if let Some((path, after)) = self.unanswered.take()
            && text_of(&client.get(&path, &[]).await) == after
        {
            self.acknowledged.insert(path, after);
        }
        for (path, expected) in &self.acknowledged {
            let found = text_of(&client.get(path, &[]).await);
            assert_eq!(&found, expected, "{path}");
        }
    }
}

async fn current_tag(client: &mut Client, path: &str) -> hyper::Result<Option<String>> {
    let read = client.try_send("GET", path, &[], "").await?;
    Ok(read.fields.get("etag").cloned())
}

#[track_caller]
fn text_of(note: &Answer) -> Option<String> {
    match note.status {
        404 => None,
        200 => Some(note.json()["body"].as_str().unwrap().to_owned()),
        _ => panic!("{note:?}"),
    }
}
