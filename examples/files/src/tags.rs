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
            let is_whole = before.has_content_of(&stamp, path);
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
    file: (u64, u64),
    changed: (i64, i64),
    links: u64,
}

impl Stamp {
    fn of(file: &Metadata) -> io::Result<Self> {
        Ok(Self {
            length: file.len(),
            modified: file.modified()?,
            file: file_number(file),
            changed: changed(file),
            links: links(file),
        })
    }

    /// Whether the file has the same content, and only its names have changed: another file has taken the one that it was
    /// opened by, or one of its hard links was made or removed.
    fn has_content_of(&self, later: &Self, path: &Path) -> bool {
        let names_changed = self.links != later.links || !later.is_at(path);
        names_changed && self.length == later.length && self.modified == later.modified
    }

    fn is_at(&self, path: &Path) -> bool {
        let there = path.metadata().map(|file| file_number(&file));
        there.is_ok_and(|there| there == self.file)
    }

    fn is_settled(&self) -> bool {
        self.modified.elapsed().is_ok_and(|age| age > SETTLES_AFTER)
    }
}

/// Which file it is.
#[cfg(unix)]
fn file_number(file: &Metadata) -> (u64, u64) {
    use std::os::unix::fs::MetadataExt;

    (file.dev(), file.ino())
}

/// When it was last changed in any way, its names included: `touch` cannot set that.
#[cfg(unix)]
fn changed(file: &Metadata) -> (i64, i64) {
    use std::os::unix::fs::MetadataExt;

    (file.ctime(), file.ctime_nsec())
}

#[cfg(unix)]
fn links(file: &Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::nlink(file)
}

// Without these a file that was replaced looks as one that was written in place.
#[cfg(not(unix))]
const fn file_number(_: &Metadata) -> (u64, u64) {
    (0, 0)
}

#[cfg(not(unix))]
const fn changed(_: &Metadata) -> (i64, i64) {
    (0, 0)
}

#[cfg(not(unix))]
const fn links(_: &Metadata) -> u64 {
    1
}

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

        fn link(&self) {
            let link = self
                .folder
                .path()
                .join(format!("link{}", self.hashed.get()));
            fs::hard_link(self.file(), link).unwrap();
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

    /// Each version has a second name, as backups make them.
    #[test]
    fn a_file_with_hard_links_that_is_replaced_again_and_again() {
        let scene = Scene::new();
        scene.link();
        let found = scene.tag(|scene| {
            scene.replace();
            scene.link();
        });
        assert_tag(found, "2");
        assert_eq!(scene.hashed.get(), ATTEMPTS);
    }

    /// Its content is the same, whatever names it has.
    #[test]
    fn a_file_that_gets_hard_links_again_and_again() {
        let scene = Scene::new();
        assert_tag(scene.tag(Scene::link), "0");
        assert_eq!(scene.hashed.get(), ATTEMPTS);
    }

    /// The old one goes on under another name.
    #[test]
    fn a_file_that_is_moved_away_again_and_again() {
        let scene = Scene::new();
        let found = scene.tag(|scene| {
            let kept = scene.folder.path().join(scene.hashed.get().to_string());
            fs::rename(scene.file(), kept).unwrap();
            scene.replace();
        });
        assert_tag(found, "2");
        assert_eq!(scene.hashed.get(), ATTEMPTS);
    }

    /// A hard link is a second way to write into it.
    #[test]
    fn a_file_that_gets_hard_links_and_is_written_in_place_fails() {
        let scene = Scene::new();
        let found = scene.tag(|scene| {
            scene.link();
            scene.append();
        });
        assert!(found.is_err());
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
