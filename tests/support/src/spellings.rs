//! Spellings of one resource, and two writers that use different ones.

use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Body;
use tokio::sync::Barrier;

use crate::client::Protocol;
use crate::figure::figure;
use crate::in_process::{InProcess, ask};
use crate::process::Example;
use crate::quick_or_full::quick_or_full;

/// Draws spellings; the same ones in every run.
pub struct Spellings(u64);

impl Spellings {
    /// Different seeds draw different spellings.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number as a decimal parser reads it behind a percent-decoder: `7`, `+7`, `007`, `%37`, `%2b0%37`.
    pub fn of_number(&mut self, number: u64) -> String {
        let sign = ["", "", "+"][self.below(3)];
        let zeros = "0".repeat(self.below(4));
        self.encoded(&format!("{sign}{zeros}{number}"))
    }

    /// A path as a percent-decoder reads it: `/a%62`, `/%61b`, `/%41`. Its slashes stay as they are.
    pub fn encoded(&mut self, path: &str) -> String {
        path.bytes().fold(String::new(), |mut spelled, byte| {
            match (byte, self.below(3)) {
                (b'/', _) | (_, 0) => spelled.push(char::from(byte)),
                (_, 1) => spelled.push_str(&format!("%{byte:02x}")),
                _ => spelled.push_str(&format!("%{byte:02X}")),
            }
            spelled
        })
    }

    /// One of the first so many numbers (splitmix64).
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((mixed ^ (mixed >> 31)) % limit as u64).unwrap()
    }
}

/// Both are there before either begins.
pub async fn both_at_once<B>(
    service: &(impl InProcess<B> + Sync),
    requests: [Request<Full<Bytes>>; 2],
) -> [Response<Bytes>; 2]
where
    B: Body<Data = Bytes, Error: Into<Box<dyn std::error::Error + Send + Sync>>> + Send + 'static,
{
    let ready = Arc::new(Barrier::new(2));
    let [first, second] = requests.map(|request| {
        let (service, ready) = (service.clone(), ready.clone());
        tokio::spawn(async move {
            ready.wait().await;
            ask(service, request).await
        })
    });
    [first.await.unwrap(), second.await.unwrap()]
}

/// Two clients create a document and then save it, both with one tag and each with a spelling of the name of its own: one
/// of them wins. Again and again, over sockets.
pub async fn one_of_two_clients_wins(name: &str, example: &Example, folder: &str) {
    let mut spellings = Spellings::new(1);
    let mut one = example.client(Protocol::Http1).await;
    let mut other = example.client(Protocol::Http1).await;
    let rounds = quick_or_full(50, 5_000);
    for round in 0..rounds {
        let document = format!("document-{round}");
        let mut path = || format!("{folder}/{}", spellings.encoded(&document));
        let mut guard = ("if-none-match", "*".to_owned());
        for _ in ["creation", "save"] {
            let fields = [(guard.0, &*guard.1)];
            let (first, second) = (path(), path());
            let (first, second) = tokio::join!(
                one.send("PUT", &first, &fields, "one"),
                other.send("PUT", &second, &fields, "other"),
            );
            let statuses = [first.status, second.status];
            let won = statuses.iter().filter(|status| **status < 300).count();
            let lost = statuses.iter().filter(|status| **status == 412).count();
            assert_eq!((won, lost), (1, 1), "{document} {fields:?}");
            let read = one.get(&path(), &[]).await;
            guard = ("if-match", read.field("etag").to_owned());
        }
    }
    each_had_one_winner(name, 2 * rounds);
}

/// Says that in so many rounds there was no second winner.
pub fn each_had_one_winner(example: &str, rounds: usize) {
    let name = format!("rounds with two winners, two spellings: {example}");
    figure(name, 0, format!("of {rounds}"), "0 of 10000");
}

/// How many of the answers are a 2xx. All others have to be a 412.
#[track_caller]
pub fn winners(answers: &[Response<Bytes>]) -> usize {
    let won = answers.iter().filter(|answer| answer.status().is_success());
    let lost = answers.iter().filter(|answer| answer.status() == 412);
    let (won, lost) = (won.count(), lost.count());
    assert_eq!(won + lost, answers.len(), "{answers:?}");
    won
}
