//! Which file a request is about, and which it must not be about.
//!
//! The source and the handlers settle it with the same extractor: a path that must not be read is a 404 whatever
//! preconditions come with it, and all spellings of a path (`/a`, `/%61`) are one file with one write lock. Those that
//! only some file systems understand (`//a`, `/a/`, `/./a`) name no file here.

use std::{
    ffi::OsStr,
    io,
    path::{self, Path, PathBuf},
};

use axum::{
    extract::{self, FromRequestParts},
    http::{Method, request::Parts},
};

use tower_conditional::lock::{KeyBuf, ResourceKey};

use crate::{app::Files, handlers::blocking, problem::Problem};

/// The names of temporary files begin like this; they are neither served nor written.
pub(crate) const TEMPORARY: &str = ".files-upload-";

/// The file that the request is about; it need not exist.
#[derive(Clone)]
pub(crate) struct Target(pub(crate) PathBuf);

/// Where the file system ignores case, `/a` and `/A` are one file. Where it does not, they share a lock, and are only
/// slower.
impl ResourceKey for Target {
    fn write_key(&self, key: &mut KeyBuf) {
        let path = self.0.to_string_lossy();
        key.push(path.to_uppercase().to_lowercase().as_bytes());
    }
}

impl FromRequestParts<Files> for Target {
    type Rejection = Problem;

    async fn from_request_parts(head: &mut Parts, files: &Files) -> Result<Self, Problem> {
        let extract::Path(path) = extract::Path::<String>::from_request_parts(head, files)
            .await
            .map_err(|_| Problem::NotFound)?;
        let (root, method) = (files.root.clone(), head.method.clone());
        blocking(move || Ok(settle(&root, &method, &path))).await?
    }
}

fn settle(root: &Path, method: &Method, path: &str) -> Result<Target, Problem> {
    match *method {
        Method::PUT => writable(root, path),
        // Where no file can be, there is none.
        Method::DELETE => writable(root, path).map_err(|problem| match problem {
            Problem::InTheWay => Problem::NotFound,
            other => other,
        }),
        _ => readable(root, path).map_err(|problem| match problem {
            Problem::InTheWay | Problem::NotWritable => Problem::NotFound,
            other => other,
        }),
    }
}

/// Any regular file, also through a symbolic link, as long as it is below the root in the end.
fn readable(root: &Path, path: &str) -> Result<Target, Problem> {
    let file = below(root, path).ok_or(Problem::NotFound)?;
    let real = file.canonicalize()?;
    let is_ours =
        real.starts_with(root) && real.is_file() && !real.file_name().is_some_and(is_temporary);
    is_ours.then_some(Target(file)).ok_or(Problem::NotFound)
}

/// A regular file or a free place. Writes follow no symbolic link: each file is written by one path, under one lock.
fn writable(root: &Path, path: &str) -> Result<Target, Problem> {
    let file = below(root, path).ok_or(Problem::NotWritable)?;
    let on_the_way: Vec<_> = file.ancestors().take_while(|at| *at != root).collect();
    for at in on_the_way.into_iter().rev() {
        let found = match at.symlink_metadata() {
            Ok(found) => found.file_type(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => break,
            Err(error) => return Err(error.into()),
        };
        match at == file {
            true if found.is_file() => {}
            false if found.is_dir() => {}
            true if found.is_dir() => return Err(Problem::InTheWay),
            false if found.is_file() => return Err(Problem::InTheWay),
            _ => return Err(Problem::NotWritable),
        }
    }
    Ok(Target(file))
}

/// The path below the root, if it is written in the one way that there is: no empty, `.` or `..` segments, nothing
/// that this system reads as more than a name.
fn below(root: &Path, path: &str) -> Option<PathBuf> {
    let mut file = root.to_owned();
    for segment in path.split('/') {
        let mut components = Path::new(segment).components();
        let (Some(path::Component::Normal(name)), None) = (components.next(), components.next())
        else {
            return None;
        };
        if name != segment || segment.contains(['\\', '\0']) || is_temporary(name) {
            return None;
        }
        file.push(name);
    }
    Some(file)
}

/// Whether it is the name of an upload that is not finished.
pub(crate) fn is_temporary(name: &OsStr) -> bool {
    name.as_encoded_bytes().starts_with(TEMPORARY.as_bytes())
}
