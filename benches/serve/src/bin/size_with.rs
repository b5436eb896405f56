//! The same server with the layer over three sources.

#[path = "../size/routes.rs"]
mod routes;

use std::error::Error;

use axum::{
    Router,
    extract::Path,
    routing::{get, put},
};
use routes::{document, note, page, save, serve};
use tower_conditional::extract::extractor_source;
use tower_conditional::source::InMemoryVersions;
use tower_conditional::{BodyHash, ConditionalLayer, EntityTag, SourceError, WritePolicy};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let notes = extractor_source((), |Path(id): Path<i64>| id, version);
    let notes = ConditionalLayer::new(notes).writes(WritePolicy::required());
    let documents = ConditionalLayer::new(InMemoryVersions::new()).writes(WritePolicy::required());
    let pages = ConditionalLayer::new(BodyHash::strong());
    let router = Router::new()
        .route("/notes/{id}", get(note).put(save).route_layer(notes))
        .route(
            "/documents/{id}",
            put(save).get(document).route_layer(documents),
        )
        .route("/", get(page).route_layer(pages));
    serve(router).await
}

async fn version(id: i64, (): ()) -> Result<EntityTag, SourceError> {
    Ok(EntityTag::from_version(id))
}
