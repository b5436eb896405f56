// Notes in PostgreSQL with diesel-async: GET, PUT and DELETE of /notes/{name}.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::{Router, routing::get};
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use diesel_async::pooled_connection::deadpool::Pool;
use diesel_async::{AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use tower_conditional::content_coding::ContentCodingLayer;
use tower_conditional::extract::extractor_source;
use tower_conditional::handler::NewVersion;
use tower_conditional::{
    BoxError, Checked, ConditionalLayer, EntityTag, Found, Loaded, PreconditionFailed, SourceError,
    WritePolicy,
};

/// The sequence gives each write a version that was never used before, also after a DELETE.
const SCHEMA: &str = "
    CREATE SEQUENCE IF NOT EXISTS versions;
    CREATE TABLE IF NOT EXISTS notes (
        name    text PRIMARY KEY,
        text    text NOT NULL,
        version bigint NOT NULL DEFAULT nextval('versions')
    );";

diesel::table! {
    notes (name) {
        name -> Text,
        text -> Text,
        version -> BigInt,
    }
}

type Db = Pool<AsyncPgConnection>;

/// The look-up: the version becomes the ETag, and the handler gets the text of the same row.
async fn load(name: String, db: Db) -> Result<Option<Found>, SourceError> {
    let select = notes::table
        .find(name)
        .select((notes::version, notes::text));
    let note = select
        .first::<(i64, String)>(&mut db.get().await?)
        .await
        .optional()?;
    Ok(note.map(|(version, text)| Found::version(version).with(text)))
}

/// Without a row, `Loaded` answers 404.
async fn read(text: Loaded<String>) -> String {
    text.into_inner()
}

async fn save(
    Path(name): Path<String>,
    State(db): State<Db>,
    checked: Checked, // before the body, as every extractor of the head
    text: String,
) -> Result<(StatusCode, NewVersion), Failed> {
    let mut connection = db.get().await?;
    let (status, written) = match checked.version::<i64>() {
        Some(seen) => {
            let seen = notes::table.find(&name).filter(notes::version.eq(seen));
            let next = sql::<BigInt>("nextval('versions')");
            let update = diesel::update(seen).set((notes::text.eq(text), notes::version.eq(next)));
            let version = update
                .returning(notes::version)
                .get_result::<i64>(&mut connection);
            (StatusCode::NO_CONTENT, version.await.optional()?)
        }
        None => {
            let note = (notes::name.eq(&name), notes::text.eq(text));
            let insert = diesel::insert_into(notes::table)
                .values(note)
                .on_conflict_do_nothing();
            let version = insert
                .returning(notes::version)
                .get_result::<i64>(&mut connection);
            (StatusCode::CREATED, version.await.optional()?)
        }
    };
    let Some(version) = written else {
        return Err(lost(&checked, &name, &mut connection).await?);
    };
    // The text is stored as it was sent: only then may a PUT answer with the tag (RFC 9110, section 9.3.4).
    let version = NewVersion::stored_verbatim(EntityTag::from_version(version));
    Ok((status, version))
}

async fn remove(
    Path(name): Path<String>,
    State(db): State<Db>,
    checked: Checked,
) -> Result<StatusCode, Failed> {
    let Some(seen) = checked.version::<i64>() else {
        return Ok(StatusCode::NOT_FOUND);
    };
    let mut connection = db.get().await?;
    let seen = notes::table.find(&name).filter(notes::version.eq(seen));
    if diesel::delete(seen).execute(&mut connection).await? == 0 {
        return Err(lost(&checked, &name, &mut connection).await?);
    }
    Ok(StatusCode::NO_CONTENT)
}

/// The statement found no row in the version that was checked. If there is one, it has changed since; if not, it is gone.
async fn lost(
    checked: &Checked,
    name: &str,
    db: &mut AsyncPgConnection,
) -> Result<Failed, diesel::result::Error> {
    let version = notes::table.find(name).select(notes::version);
    Ok(Failed::Lost(
        match version.first::<i64>(db).await.optional()? {
            None if checked.existed() == Some(true) => PreconditionFailed::absent(),
            _ => checked.lost(),
        },
    ))
}

enum Failed {
    Lost(PreconditionFailed),
    Database(BoxError),
}

/// The pool and diesel have an error of their own each.
impl<E: Into<BoxError>> From<E> for Failed {
    fn from(error: E) -> Self {
        Self::Database(error.into())
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

async fn app(db: Db, writes: WritePolicy) -> Result<Router, BoxError> {
    db.get().await?.batch_execute(SCHEMA).await?;
    let notes = extractor_source(db.clone(), |Path(name): Path<String>| name, load);
    let layer = ConditionalLayer::new(notes).writes(writes);
    let note = get(read).put(save).delete(remove).route_layer(layer);
    let router = Router::new().route("/notes/{name}", note).with_state(db);
    Ok(router.layer(ContentCodingLayer::new())) // last: it finishes 304s
}
