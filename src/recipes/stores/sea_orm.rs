// Notes in PostgreSQL with SeaORM: GET, PUT and DELETE of /notes/{name}.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::{Router, routing::get};
use sea_orm::entity::prelude::*;
use sea_orm::{Set, SqlErr};
use tower_conditional::content_coding::ContentCodingLayer;
use tower_conditional::extract::extractor_source;
use tower_conditional::handler::NewVersion;
use tower_conditional::{
    Checked, ConditionalLayer, EntityTag, Found, Loaded, PreconditionFailed, SourceError,
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

mod note {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "notes")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub name: String,
        pub text: String,
        pub version: i64,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// The look-up: the version becomes the ETag, and the handler gets the same row.
async fn load(name: String, db: DatabaseConnection) -> Result<Option<Found>, SourceError> {
    let note = note::Entity::find_by_id(name).one(&db).await?;
    Ok(note.map(|note| Found::version(note.version).with(note)))
}

/// Without a row, `Loaded` answers 404.
async fn read(note: Loaded<note::Model>) -> String {
    note.into_inner().text
}

async fn save(
    Path(name): Path<String>,
    State(db): State<DatabaseConnection>,
    checked: Checked, // before the body, as every extractor of the head
    text: String,
) -> Result<(StatusCode, NewVersion), Failed> {
    let (status, written) = match checked.version::<i64>() {
        Some(seen) => (
            StatusCode::NO_CONTENT,
            update(&name, text, seen, &db).await?,
        ),
        None => (StatusCode::CREATED, insert(&name, text, &db).await?),
    };
    let Some(version) = written else {
        return Err(lost(&checked, &name, &db).await?);
    };
    // The text is stored as it was sent: only then may a PUT answer with the tag (RFC 9110, section 9.3.4).
    let version = NewVersion::stored_verbatim(EntityTag::from_version(version));
    Ok((status, version))
}

/// The compare-and-swap: `ActiveModel::update` would compare the name alone.
async fn update(
    name: &str,
    text: String,
    seen: i64,
    db: &DatabaseConnection,
) -> Result<Option<i64>, DbErr> {
    let updated = note::Entity::update_many()
        .col_expr(note::Column::Text, Expr::value(text))
        .col_expr(note::Column::Version, Expr::cust("nextval('versions')"))
        .filter(note::Column::Name.eq(name))
        .filter(note::Column::Version.eq(seen))
        .exec_with_returning(db)
        .await?;
    Ok(updated.first().map(|note| note.version))
}

async fn insert(name: &str, text: String, db: &DatabaseConnection) -> Result<Option<i64>, DbErr> {
    // The version is left to the default of the column.
    let note = note::ActiveModel {
        name: Set(name.to_owned()),
        text: Set(text),
        ..Default::default()
    };
    // With `on_conflict_do_nothing` a conflict is a `RecordNotFound` here.
    match note::Entity::insert(note).exec_with_returning(db).await {
        Ok(note) => Ok(Some(note.version)),
        Err(error) => match error.sql_err() {
            Some(SqlErr::UniqueConstraintViolation(_)) => Ok(None),
            _ => Err(error),
        },
    }
}

async fn remove(
    Path(name): Path<String>,
    State(db): State<DatabaseConnection>,
    checked: Checked,
) -> Result<StatusCode, Failed> {
    let Some(seen) = checked.version::<i64>() else {
        return Ok(StatusCode::NOT_FOUND);
    };
    let deleted = note::Entity::delete_many()
        .filter(note::Column::Name.eq(&name))
        .filter(note::Column::Version.eq(seen))
        .exec(&db)
        .await?;
    if deleted.rows_affected == 0 {
        return Err(lost(&checked, &name, &db).await?);
    }
    Ok(StatusCode::NO_CONTENT)
}

/// The statement found no row in the version that was checked. If there is one, it has changed since; if not, it is gone.
async fn lost(checked: &Checked, name: &str, db: &DatabaseConnection) -> Result<Failed, DbErr> {
    let now = note::Entity::find_by_id(name).one(db).await?;
    Ok(Failed::Lost(match now {
        None if checked.existed() == Some(true) => PreconditionFailed::absent(),
        _ => checked.lost(),
    }))
}

enum Failed {
    Lost(PreconditionFailed),
    Database(DbErr),
}

impl From<DbErr> for Failed {
    fn from(error: DbErr) -> Self {
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

async fn app(db: DatabaseConnection, writes: WritePolicy) -> Result<Router, DbErr> {
    db.execute_unprepared(SCHEMA).await?;
    let notes = extractor_source(db.clone(), |Path(name): Path<String>| name, load);
    let layer = ConditionalLayer::new(notes).writes(writes);
    let note = get(read).put(save).delete(remove).route_layer(layer);
    let router = Router::new().route("/notes/{name}", note).with_state(db);
    Ok(router.layer(ContentCodingLayer::new())) // last: it finishes 304s
}
