//! Many writers with one tag: one of them succeeds, all others get 412.

use std::sync::Arc;

use tokio::sync::Barrier;
use tokio::task::JoinSet;

use crate::client::{Answer, Protocol};
use crate::process::Example;

/// How many write at once.
pub const WRITERS: usize = 50;

/// All of them have their connection and their request ready before the first is sent.
pub async fn race(
    services: &[&Example],
    protocol: Protocol,
    request: (&'static str, &'static str, (&'static str, &'static str)),
    body: fn(usize) -> String,
) -> Vec<Answer> {
    let (method, path, field) = request;
    let ready = Arc::new(Barrier::new(WRITERS));
    let mut writers = JoinSet::new();
    for writer in 0..WRITERS {
        let mut client = services[writer % services.len()].client(protocol).await;
        let ready = ready.clone();
        writers.spawn(async move {
            ready.wait().await;
            client.send(method, path, &[field], body(writer)).await
        });
    }
    writers.join_all().await
}

/// The one answer that is a success.
#[track_caller]
pub fn winner(answers: &[Answer], success: u16, reason: &str) -> String {
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
