//! Strong tags from the content, kept while a file has not changed.
//!
//! Equal bytes have equal tags: if a file was changed and changed back since a client read it, the client may write over
//! it. If even that must be noticed, take tags from a counter (see the notes example).

use std::{
    collections::HashMap,
    fs::{File, Metadata},
    io::{self, Read, Seek},
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, SystemTime},
};

use sha2::{Digest, Sha256};
use tower_conditional::{EntityTag, Found, Representation};

use crate::{app::Files, handlers::blocking, target::Target};

/// A file system's clock ticks in steps: a file that was changed this recently may change again, in place, and look the
/// same. Its tag is used, and not kept.
const SETTLES_AFTER: Duration = Duration::from_secs(2);

/// How often a file that changes while it is hashed is read.
const ATTEMPTS: usize = 3;

/// The source: the open file and its validators. A GET serves that file, even if another one has taken its place.
pub(crate) async fn state(Target(path): Target, files: Files) -> io::Result<Option<Found>> {
    let opened = blocking(move || files.tags.open(&path)).await?;
    Ok(opened.map(|opened| Found::from(opened.validators.clone()).with(opened)))
}

/// An open file, and what was true of it when it was opened.
pub(crate) struct Opened {
    pub(crate) file: File,
    pub(crate) length: u64,
    validators: Representation,
}

/// The tags of files that have not changed since they were hashed.
#[derive(Default)]
pub(crate) struct Tags(Mutex<HashMap<PathBuf, (Stamp, EntityTag)>>);

impl Tags {
    /// Opens a file, if there is one.
    fn open(&self, path: &Path) -> io::Result<Option<Opened>> {
        self.open_hashed_by(tag_of, path)
    }

    /// A file that changes while it is hashed is opened again. If it was replaced every time, the one that was opened last
    /// is served: its bytes are whole, and were the file's when it was opened.
    fn open_hashed_by(
        &self,
        hash: impl Fn(&mut File) -> io::Result<EntityTag>,
        path: &Path,
    ) -> io::Result<Option<Opened>> {
        let mut replaced = None;
        for _ in 0..ATTEMPTS {
            let mut file = match File::open(path) {
                Ok(file) => file,
                Err(error) if is_absence(&error) => {
                    self.lock().remove(path);
                    return Ok(None);
                }
                Err(error) => return Err(error),
            };
            let before = Stamp::of(&file.metadata()?)?;
            let opened = |file, tag| Opened {
                file,
                length: before.length,
                validators: Representation::tagged(tag).last_modified(before.modified),
            };
            if let Some(tag) = self.kept(path, &before) {
                return Ok(Some(opened(file, tag)));
            }
            let tag = hash(&mut file)?;
            file.rewind()?;
            let after = file.metadata()?;
            let stamp = Stamp::of(&after)?;
            if stamp == before {
                self.keep_if_settled(path, stamp, &tag);
                return Ok(Some(opened(file, tag)));
            }
            let is_whole = before.has_content_of(&stamp, &after);
            replaced = is_whole.then(|| opened(file, tag));
        }
        replaced
            .map(Some)
            .ok_or_else(|| io::Error::other(format!("{} changes while it is read", path.display())))
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

    fn keep_if_settled(&self, path: &Path, stamp: Stamp, tag: &EntityTag) {
        if stamp.is_settled() {
            self.lock().insert(path.to_owned(), (stamp, tag.clone()));
        }
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

/// What changes when a file changes. None of it is in a tag: it is not for clients.
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

    /// Whether the file is unchanged, except that another file may have taken its name.
    fn has_content_of(&self, later: &Self, file: &Metadata) -> bool {
        is_unlinked(file) && self.length == later.length && self.modified == later.modified
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

/// Whether no name leads to the file any more: another one was put in its place, or it was removed.
#[cfg(unix)]
fn is_unlinked(file: &Metadata) -> bool {
    std::os::unix::fs::MetadataExt::nlink(file) == 0
}

#[cfg(not(unix))]
const fn is_unlinked(_: &Metadata) -> bool {
    false
}

#[cfg(not(unix))]
type Identity = ();

#[cfg(not(unix))]
fn identity(_: &Metadata) -> Identity {}

#[cfg(all(test, unix))]
mod tests {
    use std::{cell::Cell, fs};

    use super::*;

    /// A file whose content is "1", "2", … by what happens to it each time that it is hashed.
    struct Scene {
        folder: tempfile::TempDir,
        hashed: Cell<usize>,
    }

    impl Scene {
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            fs::write(folder.path().join("file"), "0").unwrap();
            Self {
                folder,
                hashed: Cell::new(0),
            }
        }

        fn file(&self) -> PathBuf {
            self.folder.path().join("file")
        }

        fn replace(&self) {
            let new = self.folder.path().join("new");
            fs::write(&new, self.hashed.get().to_string()).unwrap();
            fs::rename(new, self.file()).unwrap();
        }

        /// In place, and to another length: the file system's clock may not have moved.
        fn append(&self) {
            let content = fs::read_to_string(self.file()).unwrap();
            fs::write(self.file(), content + "+").unwrap();
        }

        fn tag(&self, meanwhile: impl Fn(&Self)) -> io::Result<Option<EntityTag>> {
            let hash = |file: &mut File| {
                let tag = tag_of(file);
                self.hashed.set(self.hashed.get() + 1);
                meanwhile(self);
                tag
            };
            let opened = Tags::default().open_hashed_by(hash, &self.file())?;
            Ok(opened.and_then(|opened| opened.validators.entity_tag().cloned()))
        }
    }

    fn tag(content: &str) -> EntityTag {
        content_tag(Sha256::new().chain_update(content)).unwrap()
    }

    #[track_caller]
    fn assert_tag(found: io::Result<Option<EntityTag>>, content: &str) {
        let found = found.unwrap().expect("there is a file");
        assert_eq!(found.as_bytes(), tag(content).as_bytes());
    }

    #[test]
    fn a_file_that_is_replaced_while_it_is_hashed_is_read_again() {
        let scene = Scene::new();
        let found = scene.tag(|scene| {
            if scene.hashed.get() == 1 {
                scene.replace();
            }
        });
        assert_tag(found, "1");
        assert_eq!(scene.hashed.get(), 2);
    }

    /// A file that always changes is served as it was when it was opened last.
    #[test]
    fn a_file_that_is_replaced_again_and_again() {
        let scene = Scene::new();
        assert_tag(scene.tag(Scene::replace), "2");
        assert_eq!(scene.hashed.get(), ATTEMPTS);
    }

    /// What was read may be of two states.
    #[test]
    fn a_file_that_is_written_in_place_again_and_again_fails() {
        let scene = Scene::new();
        assert!(scene.tag(Scene::append).is_err());
        assert_eq!(scene.hashed.get(), ATTEMPTS);
    }

    #[test]
    fn a_file_that_is_removed_while_it_is_hashed_is_absent() {
        let scene = Scene::new();
        let found = scene.tag(|scene| fs::remove_file(scene.file()).unwrap());
        assert!(found.unwrap().is_none());
    }
}
