//! N writers with one tag, over sockets: one wins, whatever the protocol and however the requests arrive.

use axum::body::Body;
use test_support::quick_or_full;
use tower_conditional::layer::CollectBody;
use tower_conditional::{ConditionalLayer, WritePolicy};

use crate::support::source::Script;

use super::hammer::{Arrival, Hammer, Protocol, Store};

/// How many writers meet, and in how many rounds.
fn crowds() -> impl Iterator<Item = (usize, usize)> {
    let (few, many) = (quick_or_full(20, 50), quick_or_full(5, 50));
    let crowds = [(2, few), (10, few), (200, many), (1000, 50)];
    crowds.into_iter().take(quick_or_full(3, 4))
}

async fn hammer<C: CollectBody<Body>>(
    protocol: Protocol,
    arrival: Arrival,
    layer: impl Fn(Script) -> ConditionalLayer<Script, C>,
) {
    for (writers, rounds) in crowds() {
        let store = Store::default();
        let layer = layer(store.source());
        let mut hammer = Hammer::new(store, layer, protocol, writers).await;
        for round in 0..rounds {
            let round_of_all = hammer.round(arrival, |_| true).await;
            if let Err(what) = round_of_all.has_one_winner() {
                panic!("{writers} writers over {protocol:?}, round {round}: {what}");
            }
        }
    }
}

fn plain(source: Script) -> ConditionalLayer<Script> {
    ConditionalLayer::new(source).writes(WritePolicy::required())
}

/// One look-up refuses all other writers. Not for tests that count one look-up for each writer.
fn joined(source: Script) -> ConditionalLayer<Script> {
    plain(source.joined())
}

/// The rest of a refused body is read: hyper closes a connection with unread data, and the writer would be lost for
/// the next round.
fn draining(source: Script) -> ConditionalLayer<Script> {
    let policy = WritePolicy::required().read_refused_bodies(1024);
    ConditionalLayer::new(source).writes(policy)
}

fn collecting(source: Script) -> ConditionalLayer<Script, impl CollectBody<Body>> {
    plain(source).collect_bodies(1024, Body::new)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whole_requests_over_http_1() {
    hammer(Protocol::Http1, Arrival::Whole, joined).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whole_requests_over_http_2() {
    hammer(Protocol::Http2, Arrival::Whole, joined).await;
}

/// The first head takes the lock and waits for its body; all others wait for the lock.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn last_bytes_over_http_1() {
    hammer(Protocol::Http1, Arrival::LastOctets, draining).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn last_bytes_over_http_2() {
    hammer(Protocol::Http2, Arrival::LastOctets, draining).await;
}

/// All bodies are collected at the same moment, and only then the lock is taken.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn last_bytes_collected_over_http_1() {
    hammer(Protocol::Http1, Arrival::LastOctets, collecting).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn last_bytes_collected_over_http_2() {
    hammer(Protocol::Http2, Arrival::LastOctets, collecting).await;
}

/// Where nothing is required, writers with and without the tag meet.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mixed_rounds() {
    for protocol in [Protocol::Http1, Protocol::Http2] {
        for every in [2, 5] {
            let is_conditional = |writer: usize| !writer.is_multiple_of(every);
            let store = Store::default();
            let layer = ConditionalLayer::new(store.source().joined());
            let mut hammer = Hammer::new(store, layer, protocol, 20).await;
            for round in 0..quick_or_full(10, 50) {
                let mixed = hammer.round(Arrival::Whole, is_conditional).await;
                if let Err(what) = mixed.is_mixed_well(is_conditional) {
                    panic!("over {protocol:?}, round {round}: {what}");
                }
            }
        }
    }
}

/// The hammer finds lost updates: without the lock and without a swap, with all writers between check and write at once,
/// every one of them gets a success.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_the_lock_edits_are_lost() {
    for protocol in [Protocol::Http1, Protocol::Http2] {
        for writers in [2, 10] {
            let store = Store::meeting(writers);
            let policy = WritePolicy::optional().skip_lock();
            let layer = ConditionalLayer::new(store.source()).writes(policy);
            let mut hammer = Hammer::new(store, layer, protocol, writers).await;
            for arrival in [Arrival::Whole, Arrival::LastOctets] {
                let round = hammer.round(arrival, |_| true).await;
                let lost = format!("{writers} of {writers} got a success");
                assert_eq!(round.has_one_winner(), Err(lost));
            }
            // The mixed rounds find it, too.
            let is_conditional = |writer| writer > 0;
            let round = hammer.round(Arrival::Whole, is_conditional).await;
            let found = round.is_mixed_well(is_conditional);
            assert_eq!(found.is_err(), writers > 2, "{found:?}");
        }
    }
}
