//! What each method does once the layer has let the request through.

use std::{fs, io};

use axum::{
    body::Body,
    extract::{Request, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use tower_conditional::extract::LoadedRejection;
use tower_conditional::handler::NewVersion;
use tower_conditional::{Checked, Loaded};

use crate::{
    app::Files,
    problem::Problem,
    reads,
    tags::Opened,
    target::Target,
    upload::{Upload, sync_folder_of},
};

/// Serves the file that the source opened, even if another file is in its place by now.
pub(crate) async fn read(
    opened: Result<Loaded<Opened>, LoadedRejection>,
    request: Request,
) -> Result<Response, Problem> {
    Ok(reads::serve(opened?, request).await)
}

pub(crate) async fn save(
    State(files): State<Files>,
    Target(file): Target,
    checked: Checked,
    body: Body,
) -> Result<Response, Problem> {
    let upload = Upload::beside(file.clone()).await?.receive(body).await?;
    // If the client hangs up, the rename goes on and keeps the lock.
    let lock = checked.hold_lock();
    let stored = blocking(move || {
        let _lock = lock;
        let (tag, metadata) = upload.keep_as(&file)?;
        files.tags.keep(&file, tag, &metadata)
    })
    .await?;
    let status = match checked.existed() {
        Some(true) => StatusCode::NO_CONTENT,
        _ => StatusCode::CREATED,
    };
    let mut response = status.into_response();
    response
        .extensions_mut()
        .insert(NewVersion::stored_verbatim(stored));
    Ok(response)
}

pub(crate) async fn remove(Target(file): Target, checked: Checked) -> Result<StatusCode, Problem> {
    let lock = checked.hold_lock();
    blocking(move || {
        let _lock = lock;
        fs::remove_file(&file)?;
        sync_folder_of(&file)
    })
    .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Files are read and written on the threads that may block.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    let finished = tokio::task::spawn_blocking(work).await;
    finished.unwrap_or_else(|panicked| Err(io::Error::other(panicked)))
}
