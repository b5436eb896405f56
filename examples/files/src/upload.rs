//! Bytes on their way to a file: whole or not at all.
//!
//! They are written beside the file, into a temporary file that its writer removes, synced to the disk, and then renamed
//! in one step. A reader sees the old file or the new one, even after a crash. What a crash has left of an upload is
//! removed at a later start (`leftovers.rs`).

use std::{
    fs::{self, Metadata},
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use axum::body::{Body, Bytes};
use futures_util::StreamExt;
use sha2::{Digest, Sha256};
use tempfile::TempPath;
use tokio::{io::AsyncWriteExt, time::timeout};
use tower_conditional::EntityTag;

use crate::{handlers::blocking, problem::Problem, tags::content_tag, target::TEMPORARY};

/// How long a client may take for the next bytes.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// A temporary file that is being written.
pub(crate) struct Upload {
    file: tokio::fs::File,
    path: TempPath,
    digest: Sha256,
}

/// A temporary file that is whole, and on the disk.
pub(crate) struct Received {
    file: fs::File,
    path: TempPath,
    digest: Sha256,
}

impl Upload {
    /// Makes the folders that are missing, and a temporary file in the last.
    pub(crate) async fn beside(file: PathBuf) -> io::Result<Self> {
        blocking(move || {
            let folder = folder_of(&file)?;
            make_folders(folder)?;
            let (file, path) = temporary_in(folder)?.into_parts();
            Ok(Self {
                file: file.into(),
                path,
                digest: Sha256::new(),
            })
        })
        .await
    }

    pub(crate) async fn receive(mut self, body: Body) -> Result<Received, Problem> {
        let mut body = body.into_data_stream();
        while let Some(bytes) = timeout(PATIENCE, body.next())
            .await
            .map_err(|_| Problem::TooSlow)?
        {
            self.write(bytes.map_err(|_| Problem::CutOff)?).await?;
        }
        self.file.sync_all().await?;
        Ok(Received {
            file: self.file.into_std().await,
            path: self.path,
            digest: self.digest,
        })
    }

    async fn write(&mut self, bytes: Bytes) -> io::Result<()> {
        self.digest.update(&bytes);
        self.file.write_all(&bytes).await
    }
}

impl Received {
    /// Puts the upload in the place of the file.
    pub(crate) fn keep_as(self, file: &Path) -> io::Result<(EntityTag, Metadata)> {
        self.path.persist(file).map_err(|failed| failed.error)?;
        sync_folder_of(file)?;
        // Of this file, also if another program has put its own in the place.
        Ok((content_tag(self.digest)?, self.file.metadata()?))
    }
}

fn temporary_in(folder: &Path) -> io::Result<tempfile::NamedTempFile> {
    let mut name = tempfile::Builder::new();
    name.prefix(TEMPORARY);
    // As readable as any other file that is made here.
    #[cfg(unix)]
    name.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    name.tempfile_in(folder)
}

fn make_folders(folder: &Path) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    make_folders(folder_of(folder)?)?;
    match fs::create_dir(folder) {
        // Somebody else makes it too.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && folder.is_dir() => Ok(()),
        made => made.and_then(|()| sync_folder_of(folder)),
    }
}

/// A new name is on the disk when the folder is that has it.
pub(crate) fn sync_folder_of(file: &Path) -> io::Result<()> {
    if cfg!(unix) {
        fs::File::open(folder_of(file)?)?.sync_all()?;
    }
    Ok(())
}

fn folder_of(file: &Path) -> io::Result<&Path> {
    file.parent()
        .ok_or_else(|| io::ErrorKind::InvalidInput.into())
}
