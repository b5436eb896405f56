//! Many writers of one note that the layer has let through, all of them: the store decides who wins.

use std::collections::BTreeSet;
use std::net::SocketAddr;

use test_support::{Client, Protocol};
use tokio::task::JoinSet;

use crate::writer::{Answer, LetThrough};

/// How many write at once.
pub(crate) const WRITERS: usize = 200;

/// How often a PUT meets a DELETE.
const ROUNDS: usize = 100;

/// One winner, and what all others saw.
pub(crate) struct Hammered {
    pub(crate) winner: Answer,
    pub(crate) losers: BTreeSet<String>,
}

/// Sends 200 PUTs with one precondition to both processes. No body is sent before the layer has let all of them through.
pub(crate) async fn savers(
    replicas: [SocketAddr; 2],
    paths: &[&str],
    guard: (&str, &str),
) -> Hammered {
    let mut waiting = Vec::new();
    for writer in 0..WRITERS {
        let address = replicas[writer % replicas.len()];
        let path = paths[writer / replicas.len() % paths.len()];
        let body = format!("by writer {writer}");
        waiting.push(LetThrough::put(address, path, guard, body).await);
    }
    let mut writers = JoinSet::new();
    for (writer, waiting) in waiting.into_iter().enumerate() {
        writers.spawn(async move { (writer, waiting.finish().await) });
    }
    let answers = writers.join_all().await;
    let hammered = Hammered::of(answers.iter().map(|(_, answer)| answer));
    let (winner, _) = answers
        .iter()
        .find(|(_, answer)| answer.is_success())
        .unwrap();
    for replica in replicas {
        let read = Client::connect(replica, Protocol::Http1)
            .await
            .get(paths[0], &[])
            .await;
        assert_eq!(
            read.body,
            format!("by writer {winner}"),
            "what is there is what won"
        );
    }
    hammered
}

/// Sends a PUT to one process and a DELETE to the other at once, both with the current tag. The PUT has been let through before,
/// the DELETE may be evaluated before the PUT lands or after it; either way one of them has to lose. Answers how often the
/// DELETE won.
pub(crate) async fn save_beside_remove(replicas: [SocketAddr; 2], path: &str) -> usize {
    let [one, other] = replicas;
    let mut reader = Client::connect(one, Protocol::Http1).await;
    let mut remover = Client::connect(other, Protocol::Http1).await;
    let mut removed = 0;
    for round in 0..ROUNDS {
        let created = [("if-none-match", "*")];
        reader
            .send("PUT", path, &created, format!("round {round}"))
            .await;
        let tag = reader.get(path, &[]).await.field("etag").to_owned();
        let guard = ("if-match", &*tag);
        let save = LetThrough::put(one, path, guard, format!("saved in round {round}")).await;
        let guards = [guard];
        let delete = remover.send("DELETE", path, &guards, "");
        let (delete, save) = tokio::join!(delete, save.finish());
        let read = reader.get(path, &[]).await;
        match (save.is_success(), delete.status) {
            (true, 412) => assert_eq!(read.body, format!("saved in round {round}")),
            (false, 204) => {
                assert_eq!((save.status, read.status), (412, 404));
                removed += 1;
            }
            both => panic!("round {round}: {both:?}, and then {read:?}"),
        }
    }
    removed
}

impl Hammered {
    #[track_caller]
    fn of<'a>(answers: impl Iterator<Item = &'a Answer>) -> Self {
        let (won, lost): (Vec<_>, Vec<_>) = answers.partition(|answer| answer.is_success());
        let losers: BTreeSet<_> = lost
            .iter()
            .map(|answer| {
                format!("{} {}", answer.status, answer.reason)
                    .trim()
                    .to_owned()
            })
            .collect();
        let [winner] = won[..] else {
            panic!("{} of {WRITERS} won, the others saw {losers:?}", won.len());
        };
        Self {
            winner: winner.clone(),
            losers,
        }
    }
}
