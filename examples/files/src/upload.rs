//! Bytes on their way to a file: whole or not at all.
//!
//! They are written beside the file, into a temporary file that its writer removes, synced to the disk, and then renamed
//! in one step. A reader sees the old file or the new one, even after a crash. What a crash has left of an upload is
//! removed at the next start (`leftovers.rs`), which leaves an upload of another process alone: its file is locked.

use std::{
    fs::{self, Metadata},
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use axum::body::{Body, Bytes};
use futures_util::StreamExt;
use sha2::{Digest, Sha256};
use tempfile::{NamedTempFile, TempPath};
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
            let (file, path) = locked(|| temporary_in(folder))?.into_parts();
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

/// A new file that this process has locked until it is closed, renamed or not.
fn locked(mut make: impl FnMut() -> io::Result<NamedTempFile>) -> io::Result<NamedTempFile> {
    loop {
        let file = make()?;
        match file.as_file().lock() {
            // Where no file can be locked, none is taken for abandoned either.
            Err(error) if error.kind() == io::ErrorKind::Unsupported => return Ok(file),
            locked => locked?,
        }
        // A process that starts may have found it before it was locked, and removed it.
        if file.path().try_exists()? {
            return Ok(file);
        }
    }
}

fn temporary_in(folder: &Path) -> io::Result<NamedTempFile> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_removed_before_it_is_locked_is_made_again() {
        let folder = tempfile::tempdir().unwrap();
        let mut made = 0;
        let file = locked(|| {
            made += 1;
            let file = temporary_in(folder.path())?;
            if made < 3 {
                fs::remove_file(file.path())?;
            }
            Ok(file)
        });
        assert!(file.unwrap().path().exists());
        assert_eq!(made, 3);
    }
}
