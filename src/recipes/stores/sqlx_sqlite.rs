// Notes in SQLite with sqlx: GET, PUT and DELETE of /notes/{name}.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::{Router, routing::get};
use sqlx::SqlitePool;
use tower_conditional::content_coding::ContentCodingLayer;
use tower_conditional::extract::extractor_source;
use tower_conditional::handler::NewVersion;
use tower_conditional::{
    Checked, ConditionalLayer, EntityTag, Found, Loaded, PreconditionFailed, SourceError,
    WritePolicy,
};

/// The counter gives each write a version that was never used before, also after a DELETE.
const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS counter (only_row INTEGER PRIMARY KEY CHECK (only_row = 1), last INTEGER NOT NULL);
    INSERT OR IGNORE INTO counter VALUES (1, 0);
    CREATE TABLE IF NOT EXISTS notes (name TEXT PRIMARY KEY, text TEXT NOT NULL, version INTEGER NOT NULL);";

/// The look-up: the version becomes the ETag, and the handler gets the text of the same row.
async fn load(name: String, db: SqlitePool) -> Result<Option<Found>, SourceError> {
    let select = sqlx::query_as("SELECT version, text FROM notes WHERE name = ?").bind(name);
    let note: Option<(i64, String)> = select.fetch_optional(&db).await?;
    Ok(note.map(|(version, text)| Found::version(version).with(text)))
}

/// Without a row, `Loaded` answers 404.
async fn read(text: Loaded<String>) -> String {
    text.into_inner()
}

async fn save(
    Path(name): Path<String>,
    State(db): State<SqlitePool>,
    checked: Checked, // before the body, as every extractor of the head
    text: String,
) -> Result<(StatusCode, NewVersion), Failed> {
    // Write first: a transaction that begins with a read cannot always go on to write.
    let mut transaction = db.begin().await?;
    let next = sqlx::query_scalar("UPDATE counter SET last = last + 1 RETURNING last");
    let version: i64 = next.fetch_one(&mut *transaction).await?;
    let (status, write) = match checked.version::<i64>() {
        Some(seen) => (
            StatusCode::NO_CONTENT,
            sqlx::query("UPDATE notes SET text = ?, version = ? WHERE name = ? AND version = ?")
                .bind(text)
                .bind(version)
                .bind(&name)
                .bind(seen),
        ),
        None => (
            StatusCode::CREATED,
            sqlx::query(
                "INSERT INTO notes (text, version, name) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
            )
            .bind(text)
            .bind(version)
            .bind(&name),
        ),
    };
    if write.execute(&mut *transaction).await?.rows_affected() == 0 {
        transaction.rollback().await?;
        return Err(lost(&checked, &name, &db).await?);
    }
    transaction.commit().await?;
    // The text is stored as it was sent: only then may a PUT answer with the tag (RFC 9110, section 9.3.4).
    let version = NewVersion::stored_verbatim(EntityTag::from_version(version));
    Ok((status, version))
}

async fn remove(
    Path(name): Path<String>,
    State(db): State<SqlitePool>,
    checked: Checked,
) -> Result<StatusCode, Failed> {
    let Some(seen) = checked.version::<i64>() else {
        return Ok(StatusCode::NOT_FOUND);
    };
    let delete = sqlx::query("DELETE FROM notes WHERE name = ? AND version = ?");
    let deleted = delete.bind(&name).bind(seen).execute(&db).await?;
    if deleted.rows_affected() == 0 {
        return Err(lost(&checked, &name, &db).await?);
    }
    Ok(StatusCode::NO_CONTENT)
}

/// The statement found no row in the version that was checked. If there is one, it has changed since; if not, it is gone.
async fn lost(checked: &Checked, name: &str, db: &SqlitePool) -> Result<Failed, sqlx::Error> {
    let select = sqlx::query("SELECT 1 FROM notes WHERE name = ?").bind(name);
    Ok(Failed::Lost(match select.fetch_optional(db).await? {
        None if checked.existed() == Some(true) => PreconditionFailed::absent(),
        _ => checked.lost(),
    }))
}

enum Failed {
    Lost(PreconditionFailed),
    Database(sqlx::Error),
}

impl From<sqlx::Error> for Failed {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error)
    }
}

impl IntoResponse for Failed {
    fn into_response(self) -> Response {
        match self {
            Self::Lost(failed) => failed.into_response(), // the same 412 as the layer's own
            Self::Database(error) => {
                tracing::error!("{error}");
                StatusCode::INTERNAL_SERVER_ERROR.into_response()
            }
        }
    }
}

async fn app(db: SqlitePool, writes: WritePolicy) -> sqlx::Result<Router> {
    sqlx::raw_sql(SCHEMA).execute(&db).await?;
    let notes = extractor_source(db.clone(), |Path(name): Path<String>| name, load);
    let layer = ConditionalLayer::new(notes).writes(writes);
    let note = get(read).put(save).delete(remove).route_layer(layer);
    let router = Router::new().route("/notes/{name}", note).with_state(db);
    Ok(router.layer(ContentCodingLayer::new())) // last: it finishes 304s
}
