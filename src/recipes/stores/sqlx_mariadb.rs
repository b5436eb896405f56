// Notes in MariaDB with sqlx: GET, PUT and DELETE of /notes/{name}.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::{Router, routing::get};
use sqlx::MySqlPool;
use tower_conditional::content_coding::ContentCodingLayer;
use tower_conditional::extract::extractor_source;
use tower_conditional::{
    Checked, ConditionalLayer, Found, Loaded, PreconditionFailed, SourceError, WritePolicy,
};

/// The sequence gives each write a version that was never used before, also after a DELETE.
const SCHEMA: &str = "
    CREATE SEQUENCE IF NOT EXISTS versions;
    CREATE TABLE IF NOT EXISTS notes (
        name    varchar(255) PRIMARY KEY,
        text    longtext NOT NULL,
        version bigint NOT NULL
    ) CHARACTER SET utf8mb4;";

/// Each write changes the version, so the row counts as affected although its text may be the same.
const UPDATE: &str = "UPDATE notes SET text = ?, version = NEXT VALUE FOR versions
    WHERE name = ? AND version = ?";

const INSERT: &str =
    "INSERT INTO notes (text, name, version) VALUES (?, ?, NEXT VALUE FOR versions)";

/// The look-up: the version becomes the ETag, and the handler gets the text of the same row.
async fn load(name: String, db: MySqlPool) -> Result<Option<Found>, SourceError> {
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
    State(db): State<MySqlPool>,
    checked: Checked, // before the body, as every extractor of the head
    text: String,
) -> Result<StatusCode, Failed> {
    let (status, write) = match checked.version::<i64>() {
        Some(seen) => (
            StatusCode::NO_CONTENT,
            sqlx::query(UPDATE).bind(text).bind(&name).bind(seen),
        ),
        None => (
            StatusCode::CREATED,
            sqlx::query(INSERT).bind(text).bind(&name),
        ),
    };
    match write.execute(&db).await {
        Ok(written) if written.rows_affected() > 0 => Ok(status),
        Ok(_) => Err(lost(&checked, &name, &db).await?),
        Err(error) if is_there_already(&error) => Err(lost(&checked, &name, &db).await?),
        Err(error) => Err(error.into()),
    }
}

/// `INSERT IGNORE` would also ignore a text that does not fit.
fn is_there_already(error: &sqlx::Error) -> bool {
    let error = error.as_database_error();
    error.is_some_and(|error| error.is_unique_violation())
}

async fn remove(
    Path(name): Path<String>,
    State(db): State<MySqlPool>,
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
async fn lost(checked: &Checked, name: &str, db: &MySqlPool) -> Result<Failed, sqlx::Error> {
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

async fn app(db: MySqlPool, writes: WritePolicy) -> sqlx::Result<Router> {
    sqlx::raw_sql(SCHEMA).execute(&db).await?;
    let notes = extractor_source(db.clone(), |Path(name): Path<String>| name, load);
    let layer = ConditionalLayer::new(notes).writes(writes);
    let note = get(read).put(save).delete(remove).route_layer(layer);
    let router = Router::new().route("/notes/{name}", note).with_state(db);
    Ok(router.layer(ContentCodingLayer::new())) // last: it finishes 304s
}
