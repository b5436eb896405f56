// A note in memory, whose lost updates are refused: `cargo run -p first`

use std::{collections::HashMap, sync::Arc, sync::Mutex};

use axum::{Router, extract::Path, extract::State, http::StatusCode, routing::get};
use tower_conditional::content_coding::ContentCodingLayer;
use tower_conditional::extract::extractor_source;
use tower_conditional::{Checked, ConditionalLayer, Found, Loaded};
use tower_conditional::{PreconditionFailed, SourceError, WritePolicy};

#[derive(Clone)]
struct Note {
    version: i64,
    text: String,
}

type Db = Arc<Mutex<HashMap<i64, Note>>>; // or a pool of connections

/// Looks up the row. Its version becomes the ETag; the handler gets the row itself.
async fn load(id: i64, db: Db) -> Result<Option<Found>, SourceError> {
    let note = db.lock().unwrap().get(&id).cloned(); // SELECT version, text FROM notes WHERE id = ?
    Ok(note.map(|note| Found::version(note.version).with(note)))
}

async fn read(note: Loaded<Note>) -> String {
    note.into_inner().text // body and ETag come from one row; without a row it is a 404
}

async fn save(
    Path(id): Path<i64>,
    State(db): State<Db>,
    checked: Checked,
    text: String,
) -> Result<StatusCode, PreconditionFailed> {
    let seen: Option<i64> = checked.version(); // `None`: the client has seen nothing, and creates it
    let mut notes = db.lock().unwrap(); // UPDATE … WHERE id = ? AND version = ?, or an INSERT
    if notes.get(&id).map(|note| note.version) != seen {
        return Err(checked.lost());
    }
    let version = seen.unwrap_or(0) + 1; // where rows can be deleted, a sequence: no version twice
    notes.insert(id, Note { version, text });
    match seen {
        None => Ok(StatusCode::CREATED),
        Some(_) => Ok(StatusCode::NO_CONTENT),
    }
}

fn app(db: Db) -> Router {
    // The id, as the handler reads it: `/notes/1` and `/notes/01` are one note, with one lock.
    let notes = extractor_source(db.clone(), |Path(id): Path<i64>| id, load);
    let guarded = ConditionalLayer::new(notes).writes(WritePolicy::required());
    let router = Router::new().route("/notes/{id}", get(read).put(save).route_layer(guarded));
    router.with_state(db).layer(ContentCodingLayer::new()) // for 304s: outermost
}

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    axum::serve(listener, app(Db::default())).await
}
