//! The server that `scripts/load.sh` loads: axum on one thread, bare and with the layer.
//!
//!     serve PORT

use std::env;
use std::error::Error;
use std::future::ready;
use std::net::Ipv4Addr;

use axum::Router;
use axum::http::StatusCode;
use axum::routing::{MethodRouter, get};
use bytes::Bytes;
use tokio::net::TcpListener;
use tokio::runtime::Builder;
use tower_conditional::source::Fixed;
use tower_conditional::{BodyHash, ConditionalLayer, EntityTag};

fn main() -> Result<(), Box<dyn Error>> {
    let port = env::args().nth(1).ok_or("serve PORT")?.parse()?;
    let runtime = Builder::new_current_thread().enable_io().build()?;
    runtime.block_on(async {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
        Ok(axum::serve(listener, router()).await?)
    })
}

fn router() -> Router {
    let known = || ConditionalLayer::new(Fixed::new(EntityTag::from_static("\"v1\"")));
    let hashed = || ConditionalLayer::new(BodyHash::strong());
    [("1k", 1024), ("64k", 64 * 1024)]
        .into_iter()
        .fold(Router::new(), |router, (name, size)| {
            let note = || note(size);
            router
                .route(&format!("/bare/{name}"), note())
                .route(&format!("/looked-up/{name}"), note().route_layer(known()))
                .route(&format!("/hashed/{name}"), note().route_layer(hashed()))
        })
}

/// GET answers this many bytes. PUT reads its body and answers 204.
fn note(size: usize) -> MethodRouter {
    let body = Bytes::from(vec![b'x'; size]);
    get(move || ready(body.clone())).put(async |_: Bytes| StatusCode::NO_CONTENT)
}
