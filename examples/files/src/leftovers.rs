//! Temporary files of uploads that ended with their process, without a chance to remove what they had written.
//!
//! An upload has a lock on its file while it is written ([`File::lock`]). The system frees the lock when the process ends,
//! however it ends: a file that can be locked belongs to nobody any more, no matter how old it is.

use std::{
    fs::{self, File, TryLockError},
    io,
    path::Path,
};

use crate::target::is_temporary;

/// Removes them from a directory and from all below it. Files that cannot be removed stay, and are reported; symbolic links
/// are not followed.
pub(crate) fn remove_below(root: &Path) {
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        let entries = fs::read_dir(&folder).and_then(Iterator::collect::<io::Result<Vec<_>>>);
        for entry in entries.unwrap_or_else(|error| report(&folder, &error)) {
            let path = entry.path();
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => folders.push(path),
                Ok(kind) if kind.is_file() => {
                    remove_if_abandoned(&path).unwrap_or_else(|error| report(&path, &error));
                }
                _ => {}
            }
        }
    }
}

/// A folder that cannot be read does not stop the service.
fn report<T: Default>(path: &Path, error: &io::Error) -> T {
    tracing::warn!(
        "cannot look for abandoned uploads at {}: {error}",
        path.display()
    );
    T::default()
}

fn remove_if_abandoned(path: &Path) -> io::Result<()> {
    if !path.file_name().is_some_and(is_temporary) {
        return Ok(());
    }
    // Some file systems lock only what is open for writing.
    let opened = File::options().write(true).open(path);
    let Some(file) = unless_absent(opened)? else {
        return Ok(());
    };
    match file.try_lock() {
        // Still locked, so that an upload that has just made the file sees that it is gone (`upload::locked`).
        Ok(()) => unless_absent(fs::remove_file(path)).map(|_| ()),
        Err(TryLockError::WouldBlock) => Ok(()),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// An upload may have ended, and another process may have removed the file.
fn unless_absent<T>(done: io::Result<T>) -> io::Result<Option<T>> {
    match done {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        done => done.map(Some),
    }
}
