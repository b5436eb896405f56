//! The server without the layer.

#[path = "../size/routes.rs"]
mod routes;

use std::error::Error;

use axum::{
    Router,
    routing::{get, put},
};
use routes::{document, note, page, save, serve};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let router = Router::new()
        .route("/notes/{id}", get(note).put(save))
        .route("/documents/{id}", put(save).get(document))
        .route("/", get(page));
    serve(router).await
}
