// Notes in a table of PostgreSQL that has no version, with sqlx: GET, PUT and DELETE of /notes/{name}.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::{Router, routing::get};
use sqlx::PgPool;
use tower_conditional::content_coding::ContentCodingLayer;
use tower_conditional::extract::extractor_source;
use tower_conditional::handler::NewVersion;
use tower_conditional::{
    Checked, ConditionalLayer, Epoch, Found, Loaded, PreconditionFailed, SourceError, WritePolicy,
};

const SCHEMA: &str = "CREATE TABLE IF NOT EXISTS notes (name text PRIMARY KEY, text text NOT NULL)";

/// `xmin` is the transaction that wrote the row. Change the epoch when the database is restored from a dump: the numbers of
/// another cluster name other rows.
const EPOCH: Epoch = Epoch::new("x1");

const SELECT: &str = "SELECT xmin::text::bigint, text FROM notes WHERE name = $1";

const UPDATE: &str = "UPDATE notes SET text = $1
    WHERE name = $2 AND xmin::text::bigint = $3
    RETURNING xmin::text::bigint";

const INSERT: &str = "INSERT INTO notes (text, name) VALUES ($1, $2)
    ON CONFLICT DO NOTHING
    RETURNING xmin::text::bigint";

/// The look-up: the version becomes the ETag, and the handler gets the text of the same row.
async fn load(name: String, db: PgPool) -> Result<Option<Found>, SourceError> {
    let select = sqlx::query_as(SELECT).bind(name);
    let note: Option<(i64, String)> = select.fetch_optional(&db).await?;
    Ok(note.map(|(version, text)| Found::from(EPOCH.version(version)).with(text)))
}

/// Without a row, `Loaded` answers 404.
async fn read(text: Loaded<String>) -> String {
    text.into_inner()
}

async fn save(
    Path(name): Path<String>,
    State(db): State<PgPool>,
    checked: Checked, // before the body, as every extractor of the head
    text: String,
) -> Result<(StatusCode, NewVersion), Failed> {
    let (status, write) = match checked.version::<i64>() {
        Some(seen) => (
            StatusCode::NO_CONTENT,
            sqlx::query_scalar(UPDATE).bind(text).bind(&name).bind(seen),
        ),
        None => (
            StatusCode::CREATED,
            sqlx::query_scalar(INSERT).bind(text).bind(&name),
        ),
    };
    let written: Option<i64> = write.fetch_optional(&db).await?;
    let Some(version) = written else {
        return Err(lost(&checked, &name, &db).await?);
    };
    // The text is stored as it was sent: only then may a PUT answer with the tag (RFC 9110, section 9.3.4).
    let version = NewVersion::stored_verbatim(EPOCH.version(version));
    Ok((status, version))
}

async fn remove(
    Path(name): Path<String>,
    State(db): State<PgPool>,
    checked: Checked,
) -> Result<StatusCode, Failed> {
    let Some(seen) = checked.version::<i64>() else {
        return Ok(StatusCode::NOT_FOUND);
    };
    let delete = sqlx::query("DELETE FROM notes WHERE name = $1 AND xmin::text::bigint = $2");
    let deleted = delete.bind(&name).bind(seen).execute(&db).await?;
    if deleted.rows_affected() == 0 {
        return Err(lost(&checked, &name, &db).await?);
    }
    Ok(StatusCode::NO_CONTENT)
}

/// The statement found no row in the version that was checked. If there is one, it has changed since; if not, it is gone.
async fn lost(checked: &Checked, name: &str, db: &PgPool) -> Result<Failed, sqlx::Error> {
    let select = sqlx::query("SELECT 1 FROM notes WHERE name = $1").bind(name);
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

async fn app(db: PgPool, writes: WritePolicy) -> sqlx::Result<Router> {
    sqlx::raw_sql(SCHEMA).execute(&db).await?;
    let notes = extractor_source(db.clone(), |Path(name): Path<String>| name, load);
    let layer = ConditionalLayer::new(notes).writes(writes);
    let note = get(read).put(save).delete(remove).route_layer(layer);
    let router = Router::new().route("/notes/{name}", note).with_state(db);
    Ok(router.layer(ContentCodingLayer::new())) // last: it finishes 304s
}
