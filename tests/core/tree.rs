//! The files of the repository, for the tests that read them.

use std::fs;
use std::path::{Path, PathBuf};

pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// All files below, but what was built or fetched.
pub(crate) fn files_under(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            let is_ours = !path.ends_with("target") && !path.ends_with("node_modules");
            files.extend(
                is_ours
                    .then(|| files_under(&path, extension))
                    .into_iter()
                    .flatten(),
            );
        } else if path.extension().is_some_and(|end| end == extension) {
            files.push(path);
        }
    }
    files
}
