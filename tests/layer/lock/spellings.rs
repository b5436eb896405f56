//! Whatever spellings an extractor reads as one value are one resource with one lock: of two writers with one tag, one wins.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::routing::put;
use http::StatusCode;
use proptest::prelude::*;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use test_support::quick_or_full;
use tokio::sync::Notify;
use tower_conditional::extract::extractor_source;
use tower_conditional::lock::ResourceKey;
use tower_conditional::source::InMemoryVersions;
use tower_conditional::{ConditionalLayer, EntityTag, SourceError, WritePolicy};
use uuid::Uuid;

use crate::support::{assert_refused, assert_status, put_if_match, send_by_hand};

/// A name whose extractor ignores case.
#[derive(Deserialize)]
#[serde(from = "String")]
struct Folded(String);

impl From<String> for Folded {
    fn from(name: String) -> Self {
        Self(name.to_lowercase())
    }
}

#[derive(Clone)]
struct Row {
    versions: InMemoryVersions,
    /// Where the handler is between check and write.
    gate: Arc<Notify>,
}

const ROW: &str = "/the row";

async fn save(State(row): State<Row>) -> StatusCode {
    row.gate.notified().await;
    row.versions.changed(ROW);
    StatusCode::NO_CONTENT
}

/// The handler of the first writer runs when the second one comes, under another spelling.
#[track_caller]
fn assert_one_wins<R, K>(key: fn(R) -> K, first: &str, second: &str)
where
    R: DeserializeOwned + Send + 'static,
    K: ResourceKey + Clone,
{
    let row = Row {
        versions: InMemoryVersions::new(),
        gate: Arc::default(),
    };
    let tag = row.versions.changed(ROW);
    let source = extractor_source(
        row.clone(),
        move |Path(name): Path<R>| key(name),
        async |_, row: Row| Ok::<Option<EntityTag>, SourceError>(row.versions.tag(ROW)),
    );
    let layer = ConditionalLayer::new(source).writes(WritePolicy::required());
    let router = Router::new()
        .route("/rows/{name}", put(save).route_layer(layer))
        .with_state(row.clone());
    let writer = |name: &str| send_by_hand(&router, put_if_match(&format!("/rows/{name}"), &tag));
    let (mut winner, mut loser) = (writer(first), writer(second));
    winner.assert_waits();
    loser.assert_waits();
    row.gate.notify_one();
    assert_status(winner.ready(), 204);
    // It would be let in by a lock of its own, and would lose nothing but the edit of the winner.
    row.gate.notify_one();
    assert_refused(loser.ready(), 412, "stale");
}

/// Some characters of a segment percent-encoded, in either case.
fn encoded(segment: String) -> impl Strategy<Value = String> {
    let how = proptest::collection::vec(0..4_u8, segment.chars().count());
    how.prop_map(move |how| {
        let spelled = segment.bytes().zip(how);
        spelled
            .map(|(byte, how)| match how {
                0 => format!("%{byte:02x}"),
                1 => format!("%{byte:02X}"),
                _ => char::from(byte).to_string(),
            })
            .collect()
    })
}

fn integer() -> impl Strategy<Value = (String, String)> {
    let spelling = |id: u32| {
        (0..4_usize, any::<bool>()).prop_flat_map(move |(zeros, has_sign)| {
            let sign = if has_sign { "+" } else { "" };
            encoded(format!("{sign}{}{id}", "0".repeat(zeros)))
        })
    };
    any::<u32>().prop_flat_map(move |id| (spelling(id), spelling(id)))
}

fn uuid() -> impl Strategy<Value = (String, String)> {
    let spelling = |id: u128| {
        let id = Uuid::from_u128(id);
        let forms = [
            id.hyphenated().to_string(),
            id.simple().to_string(),
            id.urn().to_string(),
            id.braced().to_string(),
        ];
        (proptest::sample::select(forms.to_vec()), any::<bool>()).prop_flat_map(|(form, upper)| {
            // A brace has to be encoded in a path.
            let form = form.replace('{', "%7B").replace('}', "%7D");
            let is_urn = form.starts_with("urn");
            Just(if upper && !is_urn {
                form.to_uppercase()
            } else {
                form
            })
        })
    };
    any::<u128>().prop_flat_map(move |id| (spelling(id), spelling(id)))
}

fn name() -> impl Strategy<Value = (String, String)> {
    let name = "[a-zA-Z0-9_-]{1,12}";
    name.prop_flat_map(|name| (encoded(name.clone()), encoded(name)))
}

fn name_in_any_case() -> impl Strategy<Value = (String, String)> {
    let spelling = |name: String| {
        let upper = proptest::collection::vec(any::<bool>(), name.len());
        upper.prop_flat_map(move |upper| {
            let cased = name.chars().zip(upper).map(|(character, upper)| {
                if upper {
                    character.to_ascii_uppercase()
                } else {
                    character
                }
            });
            encoded(cased.collect())
        })
    };
    "[a-z0-9_-]{1,12}".prop_flat_map(move |name| (spelling(name.clone()), spelling(name)))
}

fn cases() -> ProptestConfig {
    let cases = quick_or_full(50, 10_000);
    ProptestConfig {
        cases: cases.try_into().unwrap(),
        // A failure prints what it needs, and leaves no file.
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn of_an_integer((first, second) in integer()) {
        assert_one_wins(|id: i64| id, &first, &second);
        assert_one_wins(|id: u32| id, &first, &second);
    }

    #[test]
    fn of_a_uuid((first, second) in uuid()) {
        assert_one_wins(Uuid::into_bytes, &first, &second);
    }

    #[test]
    fn of_a_name((first, second) in name()) {
        assert_one_wins(|name: String| name, &first, &second);
    }

    #[test]
    fn of_a_name_whose_extractor_ignores_case((first, second) in name_in_any_case()) {
        assert_one_wins(|name: Folded| name.0, &first, &second);
    }
}
