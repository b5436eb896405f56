//! Strong tags from the content, kept while a file has not changed.
//!
//! Equal bytes have equal tags: who read a file, and finds it changed and changed back, may write over it. Where even
//! that must be noticed, tags come from a counter (see the notes example).

use std::{
    collections::HashMap,
    fs::{File, Metadata},
    io::{self, Read},
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, SystemTime},
};

use axum::extract::State;
use sha2::{Digest, Sha256};
use tower_conditional::{EntityTag, Representation};

use crate::{app::Files, handlers::blocking, target::Target};

/// A file system's clock ticks in steps: a file that was touched this recently may change again, in place, without
/// looking any different. Its tag is used, and not kept.
const SETTLES_AFTER: Duration = Duration::from_secs(2);

/// The source: what the layer judges by.
pub(crate) async fn state(
    Target(file): Target,
    State(files): State<Files>,
) -> io::Result<Option<Representation>> {
    blocking(move || files.tags.of(&file)).await
}

/// The tags of files that have not changed since they were hashed.
#[derive(Default)]
pub(crate) struct Tags(Mutex<HashMap<PathBuf, (Stamp, EntityTag)>>);

impl Tags {
    /// The validators of a file, if there is one.
    fn of(&self, path: &Path) -> io::Result<Option<Representation>> {
        let mut file = match File::open(path) {
            Ok(file) => file,
            Err(error) if is_absence(&error) => {
                self.lock().remove(path);
                return Ok(None);
            }
            Err(error) => return Err(error),
        };
        let stamp = Stamp::of(&file.metadata()?)?;
        let tag = match self.kept(path, &stamp) {
            Some(tag) => tag,
            None => self.compute(path, &mut file, &stamp)?,
        };
        Ok(Some(
            Representation::tagged(tag).last_modified(stamp.modified),
        ))
    }

    /// The validators of a file that was just written whole, under a name that nobody else had.
    pub(crate) fn keep(
        &self,
        path: &Path,
        tag: EntityTag,
        file: &Metadata,
    ) -> io::Result<Representation> {
        let stamp = Stamp::of(file)?;
        let modified = stamp.modified;
        self.lock().insert(path.to_owned(), (stamp, tag.clone()));
        Ok(Representation::tagged(tag).last_modified(modified))
    }

    fn kept(&self, path: &Path, stamp: &Stamp) -> Option<EntityTag> {
        let tags = self.lock();
        let (of, tag) = tags.get(path)?;
        (of == stamp).then(|| tag.clone())
    }

    fn compute(&self, path: &Path, file: &mut File, stamp: &Stamp) -> io::Result<EntityTag> {
        let tag = tag_of(file)?;
        if Stamp::of(&file.metadata()?)? != *stamp {
            return Err(io::Error::other(format!(
                "{} changes while it is read",
                path.display()
            )));
        }
        if stamp.is_settled() {
            self.lock()
                .insert(path.to_owned(), (stamp.clone(), tag.clone()));
        }
        Ok(tag)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<PathBuf, (Stamp, EntityTag)>> {
        // Nothing in here can panic half-way, so a poisoned lock holds a whole state.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_absence(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}

fn tag_of(file: &mut File) -> io::Result<EntityTag> {
    let mut digest = Sha256::new();
    let mut buffer = vec![0; 64 * 1024];
    loop {
        match file.read(&mut buffer)? {
            0 => return content_tag(digest),
            read => digest.update(&buffer[..read]),
        }
    }
}

/// 128 bits of SHA-256 are enough for a strong tag.
pub(crate) fn content_tag(digest: Sha256) -> io::Result<EntityTag> {
    let digest = digest.finalize();
    let hex: String = digest[..16]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    EntityTag::strong(hex).map_err(io::Error::other)
}

/// What changes when a file does. It stays in the house: none of it is in a tag.
#[derive(Clone, PartialEq)]
struct Stamp {
    length: u64,
    modified: SystemTime,
    identity: Identity,
}

impl Stamp {
    fn of(file: &Metadata) -> io::Result<Self> {
        Ok(Self {
            length: file.len(),
            modified: file.modified()?,
            identity: identity(file),
        })
    }

    fn is_settled(&self) -> bool {
        self.modified.elapsed().is_ok_and(|age| age > SETTLES_AFTER)
    }
}

/// Which file it is, and when it was last changed in any way: `touch` cannot set that.
#[cfg(unix)]
type Identity = (u64, u64, i64, i64);

#[cfg(unix)]
fn identity(file: &Metadata) -> Identity {
    use std::os::unix::fs::MetadataExt;

    (file.dev(), file.ino(), file.ctime(), file.ctime_nsec())
}

#[cfg(not(unix))]
type Identity = ();

#[cfg(not(unix))]
fn identity(_: &Metadata) -> Identity {}
