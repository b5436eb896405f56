//! Many clients at once, over the library in process: nothing is lost.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use futures_util::future::join_all;
use tower_conditional::{
    Checked, ConditionalLayer, Found, Loaded, PreconditionFailed, SourceError, WritePolicy,
    source_fn,
};
use tower_conditional_client::{Backoff, Client, Current, Json, WriteError};

#[derive(Clone)]
struct Row {
    version: i64,
    value: u64,
}

type Db = Arc<Mutex<Option<Row>>>;

async fn load((): (), db: Db) -> Result<Option<Found>, SourceError> {
    tokio::task::yield_now().await;
    let row = db.lock().unwrap().clone();
    Ok(row.map(|row| Found::version(row.version).with(row)))
}

async fn read(row: Loaded<Row>) -> axum::Json<u64> {
    axum::Json(row.into_inner().value)
}

async fn save(
    State(db): State<Db>,
    checked: Checked,
    axum::Json(value): axum::Json<u64>,
) -> Result<StatusCode, PreconditionFailed> {
    let seen = checked.version();
    tokio::task::yield_now().await;
    let mut row = db.lock().unwrap();
    if row.as_ref().map(|row| row.version) != seen {
        return Err(checked.lost());
    }
    *row = Some(Row {
        version: seen.unwrap_or(0) + 1,
        value,
    });
    Ok(StatusCode::NO_CONTENT)
}

async fn remove(State(db): State<Db>) -> StatusCode {
    match db.lock().unwrap().take() {
        Some(_) => StatusCode::NO_CONTENT,
        None => StatusCode::NOT_FOUND,
    }
}

fn counter() -> Router {
    let db = Db::default();
    let source = source_fn(db.clone(), |_| Some(()), load);
    let layer = ConditionalLayer::new(source).writes(WritePolicy::required());
    let counter = get(read).put(save).delete(remove).route_layer(layer);
    Router::new().route("/counter", counter).with_state(db)
}

/// A different sequence of waits for each client.
fn client(service: Router, seed: u64) -> Client<Router> {
    let state = Mutex::new(seed | 1);
    let random = move || {
        let mut state = state.lock().unwrap();
        *state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        *state >> 20
    };
    Client::new(
        service,
        Backoff::new(tokio::time::sleep, random).attempts(1000),
    )
}

#[tokio::test(start_paused = true)]
async fn sixteen_clients_count_exactly() {
    let service = counter();
    let uri = "/counter".parse().unwrap();
    client(service.clone(), 0)
        .create(&uri, Json(0_u64))
        .await
        .unwrap();
    let counts = (0..16).map(|seed| {
        let (client, uri) = (client(service.clone(), seed * 7919), &uri);
        async move {
            for _ in 0..50 {
                client
                    .update(uri, |Json(now): &Json<u64>| Json(now + 1))
                    .await
                    .unwrap();
            }
        }
    });
    join_all(counts).await;
    let end = client(service, 0).read::<Json<u64>>(&uri).await.unwrap();
    assert_eq!(end.value().0, 16 * 50);
}

/// One of many creates it; the others see the one that is there.
#[tokio::test(start_paused = true)]
async fn one_of_many_creates() {
    let service = counter();
    let uri = "/counter".parse().unwrap();
    let creations = (0..16).map(|seed| {
        let (client, uri) = (client(service.clone(), seed), &uri);
        async move { client.create(uri, Json(seed)).await }
    });
    let mut created = Vec::new();
    let mut seen = Vec::new();
    for creation in join_all(creations).await {
        match creation {
            Ok(saved) => created.push(saved.value().0),
            Err(WriteError::Conflict(conflict)) => {
                assert_eq!(conflict.reason.as_deref(), Some("exists"));
                let Current::Exists(theirs) = conflict.theirs else {
                    panic!("gone")
                };
                seen.push(theirs.value().0);
            }
            Err(other) => panic!("{other:?}"),
        }
    }
    assert_eq!((created.len(), seen.len()), (1, 15));
    assert!(seen.iter().all(|value| *value == created[0]));
}

/// A save after the deletion says that it is gone.
#[tokio::test]
async fn what_was_deleted_meanwhile_is_gone() {
    let service = counter();
    let uri = "/counter".parse().unwrap();
    let client = client(service, 0);
    let first = client.create(&uri, Json(1_u64)).await.unwrap();
    let second = client.read::<Json<u64>>(&uri).await.unwrap();
    client.delete(first).await.unwrap();
    for deletes in [false, true] {
        let seen = tower_conditional_client::Seen::member(
            uri.clone(),
            Json(1_u64),
            second.tag().unwrap().clone(),
        );
        let error = if deletes {
            client.delete(seen).await.unwrap_err()
        } else {
            client.save(seen, Json(2)).await.unwrap_err()
        };
        let WriteError::Conflict(conflict) = error else {
            panic!("{error:?}")
        };
        assert!(
            matches!(conflict.theirs, Current::Gone),
            "{:?}",
            conflict.theirs
        );
    }
}
