//! Temporary files of uploads that ended with their process, without a chance to remove what they had written.

use std::{
    fs::{self, DirEntry},
    io,
    path::Path,
    time::Duration,
};

use crate::{target::is_temporary, upload::PATIENCE};

/// An upload that still goes on, of another process over the same directory, has written more recently than this.
const ABANDONED_AFTER: Duration = PATIENCE.saturating_mul(20);

/// Removes them from a directory and from all below it, by their name and their age. Files that cannot be removed stay,
/// and are reported; symbolic links are not followed.
pub(crate) fn remove_below(root: &Path) {
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        let entries = fs::read_dir(&folder).and_then(Iterator::collect::<io::Result<Vec<_>>>);
        for entry in entries.unwrap_or_else(|error| report(&folder, &error)) {
            let path = entry.path();
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => folders.push(path),
                Ok(kind) if kind.is_file() && is_abandoned(&entry) => {
                    fs::remove_file(&path).unwrap_or_else(|error| report(&path, &error));
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

fn is_abandoned(entry: &DirEntry) -> bool {
    let age = || entry.metadata().ok()?.modified().ok()?.elapsed().ok();
    is_temporary(&entry.file_name()) && age().is_some_and(|age| age > ABANDONED_AFTER)
}
