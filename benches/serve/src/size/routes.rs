//! A small server, of which the size is measured with the layer and without it.

use std::error::Error;

use axum::{Router, extract::Path};
use tokio::net::TcpListener;

pub async fn note(Path(id): Path<i64>) -> String {
    format!("note {id}")
}

pub async fn save(Path(_): Path<i64>, _text: String) {}

pub async fn document() -> &'static str {
    "a document"
}

pub async fn page() -> &'static str {
    "a page"
}

pub async fn serve(router: Router) -> Result<(), Box<dyn Error>> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    println!("http://{}", listener.local_addr()?);
    Ok(axum::serve(listener, router).await?)
}
