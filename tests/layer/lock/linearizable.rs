//! A note with its tag is a conditional register: whatever many clients do to it at once, some order of their
//! operations, one after the other, explains every answer.
//!
//! The checker searches for that order as Wing and Gong do, and remembers where it has been as Lowe does.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::{Method, StatusCode};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{RngAlgorithm, TestRng, TestRunner};
use test_support::quick_or_full;
use tokio::sync::Barrier;
use tower::ServiceExt;
use tower_conditional::handler::NewVersion;
use tower_conditional::source::InMemoryVersions;
use tower_conditional::{
    ConditionalLayer, EntityTag, SourceError, ValidatorSource, WritePolicy, source_fn,
};

use crate::support::request_to;

/// The tag of the note; `None` is no note.
type Tag = Option<u64>;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asked {
    Read,
    /// With no precondition, `If-Match: "n"` or `If-None-Match: *`.
    Write(Condition),
    Delete(Condition),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Condition {
    None,
    Matches(u64),
    Absent,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answered {
    /// The note with this tag, or 404.
    Found(Tag),
    /// 2xx, and the tag that the note has now.
    Done(Tag),
    /// 412.
    Refused,
}

/// One operation of a history, from the moment it was sent to the moment it was answered.
#[derive(Clone, Copy, Debug)]
struct Operation {
    sent: u64,
    answered: u64,
    asked: Asked,
    answer: Answered,
}

impl Condition {
    const fn holds(self, note: Tag) -> bool {
        match (self, note) {
            (Self::None, _) | (Self::Absent, None) => true,
            (Self::Matches(wanted), Some(tag)) => wanted == tag,
            (Self::Matches(_), None) | (Self::Absent, Some(_)) => false,
        }
    }
}

impl Operation {
    /// The note after the operation, if the answer is right for the note before it.
    fn apply(&self, note: Tag) -> Option<Tag> {
        let Self { asked, answer, .. } = *self;
        match (asked, answer) {
            (Asked::Read, Answered::Found(found)) => (found == note).then_some(note),
            (Asked::Write(condition), Answered::Done(new)) => condition.holds(note).then_some(new),
            // To delete what is not there is 404, whatever If-Match says (section 13.2.1).
            (Asked::Delete(_), Answered::Found(None)) => note.is_none().then_some(note),
            (Asked::Delete(condition), Answered::Done(None)) => {
                (note.is_some() && condition.holds(note)).then_some(None)
            }
            (Asked::Write(condition) | Asked::Delete(condition), Answered::Refused) => {
                (!condition.holds(note)).then_some(note)
            }
            _ => None,
        }
    }
}

/// Whether some order of the operations, each between its sending and its answer, explains all answers.
fn is_linearizable(history: &[Operation]) -> bool {
    assert!(history.len() <= 64, "a set of operations is a u64");
    let mut seen = HashSet::new();
    let mut to_explore = vec![(0_u64, None)];
    while let Some((done, note)) = to_explore.pop() {
        if done.count_ones() as usize == history.len() {
            return true;
        }
        let open = || (0..history.len()).filter(|&index| done & (1 << index) == 0);
        // Whatever was sent after another open operation was answered comes after that one.
        let first_answer = open().map(|index| history[index].answered).min();
        for index in open().filter(|&index| Some(history[index].sent) < first_answer) {
            if let Some(note) = history[index].apply(note) {
                let next = (done | 1 << index, note);
                if seen.insert(next) {
                    to_explore.push(next);
                }
            }
        }
    }
    false
}

// ---- the checker is checked ----

const fn operation(sent: u64, answered: u64, asked: Asked, answer: Answered) -> Operation {
    Operation {
        sent,
        answered,
        asked,
        answer,
    }
}

#[test]
fn the_checker_accepts_what_an_order_explains() {
    use Answered::{Done, Found, Refused};
    use Asked::{Delete, Read, Write};
    use Condition::{Absent, Matches, None as Nothing};
    let rows: [(&str, &[Operation]); 6] = [
        ("nothing", &[]),
        (
            "one after the other",
            &[
                operation(0, 1, Read, Found(None)),
                operation(2, 3, Write(Absent), Done(Some(1))),
                operation(4, 5, Read, Found(Some(1))),
                operation(6, 7, Write(Matches(1)), Done(Some(2))),
                operation(8, 9, Write(Matches(1)), Refused),
                operation(10, 11, Delete(Matches(2)), Done(None)),
                operation(12, 13, Delete(Nothing), Found(None)),
            ],
        ),
        (
            "two writers, one wins",
            &[
                operation(0, 1, Write(Nothing), Done(Some(1))),
                operation(2, 5, Write(Matches(1)), Refused),
                operation(3, 4, Write(Matches(1)), Done(Some(2))),
            ],
        ),
        (
            "a read that overlaps a write may see either",
            &[
                operation(0, 9, Write(Nothing), Done(Some(1))),
                operation(1, 2, Read, Found(None)),
                operation(3, 4, Read, Found(Some(1))),
            ],
        ),
        (
            "a refused create overlaps what it ran into",
            &[
                operation(0, 3, Write(Absent), Refused),
                operation(1, 2, Write(Absent), Done(Some(1))),
            ],
        ),
        (
            "sent and answered in any order",
            &[
                operation(0, 9, Write(Matches(2)), Done(Some(3))),
                operation(1, 8, Write(Matches(1)), Done(Some(2))),
                operation(2, 7, Write(Absent), Done(Some(1))),
            ],
        ),
    ];
    for (case, history) in rows {
        assert!(is_linearizable(history), "{case}");
    }
}

#[test]
fn the_checker_rejects_what_no_order_explains() {
    use Answered::{Done, Found, Refused};
    use Asked::{Delete, Read, Write};
    use Condition::{Absent, Matches, None as Nothing};
    let rows: [(&str, &[Operation]); 8] = [
        (
            "a lost update: two writers with one tag win",
            &[
                operation(0, 1, Write(Nothing), Done(Some(1))),
                operation(2, 4, Write(Matches(1)), Done(Some(2))),
                operation(3, 5, Write(Matches(1)), Done(Some(3))),
            ],
        ),
        (
            "two creators win",
            &[
                operation(0, 2, Write(Absent), Done(Some(1))),
                operation(1, 3, Write(Absent), Done(Some(2))),
            ],
        ),
        (
            "a stale read",
            &[
                operation(0, 1, Write(Nothing), Done(Some(1))),
                operation(2, 3, Write(Nothing), Done(Some(2))),
                operation(4, 5, Read, Found(Some(1))),
            ],
        ),
        (
            "reads that go back",
            &[
                operation(0, 9, Write(Nothing), Done(Some(1))),
                operation(1, 2, Read, Found(Some(1))),
                operation(3, 4, Read, Found(None)),
            ],
        ),
        (
            "refused for no reason",
            &[
                operation(0, 1, Write(Nothing), Done(Some(1))),
                operation(2, 3, Write(Matches(1)), Refused),
            ],
        ),
        (
            "refused by something that came later",
            &[
                operation(0, 1, Write(Absent), Refused),
                operation(2, 3, Write(Absent), Done(Some(1))),
            ],
        ),
        (
            "an acknowledged write is gone",
            &[
                operation(0, 1, Write(Nothing), Done(Some(1))),
                operation(2, 3, Read, Found(None)),
            ],
        ),
        (
            "a delete of what was written since",
            &[
                operation(0, 1, Write(Nothing), Done(Some(1))),
                operation(2, 3, Write(Matches(1)), Done(Some(2))),
                operation(4, 5, Delete(Matches(1)), Done(None)),
            ],
        ),
    ];
    for (case, history) in rows {
        assert!(!is_linearizable(history), "{case}");
    }
}

// ---- histories of the layer ----

/// The note: its state is its version.
#[derive(Clone, Default)]
struct Note {
    versions: InMemoryVersions,
    meeting: Option<Arc<Barrier>>,
}

const NOTE: &str = "/note";

impl Note {
    /// Where a write is between check and write.
    async fn pause(&self) {
        match &self.meeting {
            Some(meeting) => {
                meeting.wait().await;
            }
            None => tokio::task::yield_now().await,
        }
    }

    /// The state is known at once, or looked up in a moment: then look-ups are joined.
    fn router(&self, policy: WritePolicy, waits: bool) -> Router {
        let source = if waits {
            let looked_up = async |_, versions: InMemoryVersions| {
                tokio::task::yield_now().await;
                let tag = versions.tag(NOTE);
                tokio::task::yield_now().await;
                Ok::<_, SourceError>(tag)
            };
            source_fn(self.versions.clone(), |_| (), looked_up).boxed()
        } else {
            self.versions.clone().boxed()
        };
        let layer = ConditionalLayer::new(source).writes(policy);
        let route = get(read).put(write).delete(delete).route_layer(layer);
        Router::new().route(NOTE, route).with_state(self.clone())
    }
}

async fn read(State(note): State<Note>) -> Response {
    // One look, so that the answer is of one moment.
    match note.versions.tag(NOTE) {
        Some(tag) => ([("etag", text(&tag))], ()).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

async fn write(State(note): State<Note>) -> Response {
    note.pause().await;
    (NewVersion::stored_verbatim(note.versions.changed(NOTE)), ()).into_response()
}

async fn delete(State(note): State<Note>) -> Response {
    let found = note.versions.tag(NOTE);
    note.pause().await;
    note.versions.removed(NOTE);
    match found {
        Some(_) => StatusCode::NO_CONTENT.into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

fn text(tag: &EntityTag) -> String {
    crate::support::text(tag).to_owned()
}

/// Records what one client does, one operation after the other.
struct Client {
    router: Router,
    clock: Arc<AtomicU64>,
    history: Vec<Operation>,
    /// The tag that it saw last, or a tag that never was.
    knows: u64,
}

/// What a client does next; the tag is the one it saw last.
#[derive(Clone, Copy, Debug)]
enum Next {
    Read,
    Write,
    WriteIfSeen,
    Create,
    Delete,
    DeleteIfSeen,
}

impl Client {
    fn new(router: &Router, clock: &Arc<AtomicU64>) -> Self {
        Self {
            router: router.clone(),
            clock: clock.clone(),
            history: Vec::new(),
            knows: 0,
        }
    }

    async fn perform(&mut self, next: Next) {
        let asked = match next {
            Next::Read => Asked::Read,
            Next::Write => Asked::Write(Condition::None),
            Next::WriteIfSeen => Asked::Write(Condition::Matches(self.knows)),
            Next::Create => Asked::Write(Condition::Absent),
            Next::Delete => Asked::Delete(Condition::None),
            Next::DeleteIfSeen => Asked::Delete(Condition::Matches(self.knows)),
        };
        let sent = self.clock.fetch_add(1, Ordering::SeqCst);
        let answer = self.ask(asked).await;
        let answered = self.clock.fetch_add(1, Ordering::SeqCst);
        if let Answered::Found(Some(tag)) | Answered::Done(Some(tag)) = answer {
            self.knows = tag;
        }
        self.history.push(operation(sent, answered, asked, answer));
    }

    async fn ask(&self, asked: Asked) -> Answered {
        let (method, condition) = match asked {
            Asked::Read => (Method::GET, Condition::None),
            Asked::Write(condition) => (Method::PUT, condition),
            Asked::Delete(condition) => (Method::DELETE, condition),
        };
        let field = match condition {
            Condition::None => None,
            Condition::Matches(tag) => Some(("if-match", format!("\"{tag}\""))),
            Condition::Absent => Some(("if-none-match", "*".to_owned())),
        };
        let field = field.as_ref().map(|(name, value)| (*name, value.as_str()));
        let request = request_to::<Body>(method.as_str(), NOTE, field.as_slice());
        let response = self.router.clone().oneshot(request).await.unwrap();
        let tag = response.headers().get("etag").map(|tag| {
            let tag = tag.to_str().unwrap().trim_matches('"');
            tag.parse::<u64>().unwrap()
        });
        match (response.status().as_u16(), asked) {
            (200, Asked::Read) => Answered::Found(tag),
            (404, _) => Answered::Found(None),
            (412, _) => Answered::Refused,
            (200 | 204, _) => Answered::Done(tag),
            (status, _) => panic!("{status} to {asked:?}"),
        }
    }
}

const CLIENTS: usize = 5;
const OPERATIONS: usize = 8;

fn plans() -> impl Strategy<Value = Vec<Vec<Next>>> {
    let next = prop_oneof![
        2 => Just(Next::Read),
        1 => Just(Next::Write),
        4 => Just(Next::WriteIfSeen),
        2 => Just(Next::Create),
        1 => Just(Next::Delete),
        2 => Just(Next::DeleteIfSeen),
    ];
    let plan = proptest::collection::vec(next, OPERATIONS);
    proptest::collection::vec(plan, CLIENTS)
}

async fn record(router: Router, plans: Vec<Vec<Next>>) -> Vec<Operation> {
    let (clock, start) = (Arc::default(), Arc::new(Barrier::new(plans.len())));
    let clients = plans.into_iter().map(|plan| {
        let (mut client, start) = (Client::new(&router, &clock), start.clone());
        tokio::spawn(async move {
            start.wait().await;
            for next in plan {
                client.perform(next).await;
            }
            client.history
        })
    });
    let histories = futures_util::future::join_all(clients.collect::<Vec<_>>()).await;
    histories.into_iter().flat_map(Result::unwrap).collect()
}

/// Random operations of five clients on two threads, from a fixed seed.
#[test]
fn histories_of_the_layer_are_linearizable() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .build()
        .unwrap();
    let config = ProptestConfig::default();
    let seed = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let mut runner = TestRunner::new_with_rng(config, seed);
    let mut contended = 0;
    for round in 0..quick_or_full(100, 300) {
        let plans = plans().new_tree(&mut runner).unwrap().current();
        let router = Note::default().router(WritePolicy::optional(), round % 2 == 0);
        let history = runtime.block_on(record(router, plans));
        assert!(is_linearizable(&history), "{history:#?}");
        contended += usize::from(overlaps(&history));
    }
    assert!(contended > 0, "nothing ever happened at once");
}

fn overlaps(history: &[Operation]) -> bool {
    let at_once =
        |one: &Operation, other: &Operation| one.sent < other.sent && other.sent < one.answered;
    history
        .iter()
        .any(|one| history.iter().any(|other| at_once(one, other)))
}

/// Without the lock, and with both writers between check and write at once, the history is one that the checker
/// rejects.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_history_without_the_lock_is_not() {
    let note = Note {
        meeting: Some(Arc::new(Barrier::new(2))),
        ..Note::default()
    };
    let router = note.router(WritePolicy::optional().skip_lock(), false);
    let history = record(router, vec![vec![Next::Create]; 2]).await;
    assert_eq!(history.len(), 2);
    assert!(!is_linearizable(&history), "{history:#?}");
}
