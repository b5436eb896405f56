//! Validators of files, from their size and the time they were last changed.

use std::fmt;
use std::fs::Metadata;
use std::sync::Arc;
use std::time::SystemTime;

use super::BodyTag;
use super::body_hash::new_digest;
use super::hmac::not_empty;
use crate::{Epoch, Representation};

/// Makes the validators of a file from its size and the time it was last changed, without reading it.
///
/// Such a tag is weak: a file may change twice between two ticks of a file system's clock, or be given back its old
/// time. Where tags have to be strong (If-Match, If-Range), hash the content once and keep the tag, as the example
/// `files` does.
///
/// Size and time are hashed, and nothing else takes part: no inode, no path. A copy with the same time on another
/// machine has the same tag. A file whose time is not known (the constant 0 or 1 of reproducible images and package
/// stores included) gets no validator.
///
/// # Examples
///
/// ```
/// use std::path::{Component, Path};
/// use tower_conditional::source::{FileMetadata, RequestPath};
/// use tower_conditional::{ConditionalLayer, SourceError, source_fn};
///
/// let source = source_fn((), RequestPath::of, async |path, ()| {
///     let path = path.normalised();
///     let file = Path::new(path.trim_start_matches('/'));
///     if !file.components().all(|part| matches!(part, Component::Normal(_))) {
///         return Ok(None); // it leaves the folder
///     }
///     match tokio::fs::metadata(Path::new("assets").join(file)).await {
///         Ok(file) if file.is_file() => Ok(Some(FileMetadata::weak().of(&file))),
///         _ => Ok::<_, SourceError>(None),
///     }
/// });
/// let layer = ConditionalLayer::new(source);
/// # let _ = layer;
/// ```
#[derive(Clone)]
pub struct FileMetadata {
    weak: bool,
    epoch: Option<Epoch>,
    key: Option<Arc<[u8]>>,
}

impl FileMetadata {
    /// Weak tags.
    #[must_use]
    pub const fn weak() -> Self {
        Self {
            weak: true,
            epoch: None,
            key: None,
        }
    }

    /// Strong tags: only for files that are never changed twice within a tick of their file system's clock, nor given
    /// back an old time. That is a promise of whoever writes them.
    #[must_use]
    pub const fn strong() -> Self {
        let mut metadata = Self::weak();
        metadata.weak = false;
        metadata
    }

    /// With an epoch: changing it invalidates every tag on purpose.
    #[must_use]
    pub const fn epoch(mut self, epoch: Epoch) -> Self {
        self.epoch = Some(epoch);
        self
    }

    /// With a secret key (HMAC-SHA-256), so that nobody can tell the time and size from the tag by trying.
    ///
    /// # Panics
    ///
    /// When the key is empty: everybody knows that one.
    #[must_use]
    pub fn key(mut self, key: impl AsRef<[u8]>) -> Self {
        self.key = Some(not_empty(key.as_ref()).into());
        self
    }

    /// The validators of this file.
    #[must_use]
    pub fn of(&self, file: &Metadata) -> Representation {
        match file.modified().ok().and_then(Instant::of) {
            Some(modified) => self.representation(file.len(), modified),
            None => Representation::new(),
        }
    }

    fn representation(&self, length: u64, modified: Instant) -> Representation {
        let digest = new_digest(self.key.as_deref());
        let mut tag = if self.weak {
            BodyTag::weak(digest, 0)
        } else {
            BodyTag::strong(digest, 0)
        };
        tag = tag.in_epoch(self.epoch);
        tag.update(&length.to_be_bytes());
        tag.update(&modified.nanoseconds.to_be_bytes());
        Representation::tagged(tag.finish()).last_modified(modified.time)
    }
}

impl fmt::Debug for FileMetadata {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileMetadata")
            .field("weak", &self.weak)
            .field("epoch", &self.epoch)
            .field("keyed", &self.key.is_some())
            .finish()
    }
}

/// A time that says when, also before 1970.
struct Instant {
    time: SystemTime,
    nanoseconds: i128,
}

impl Instant {
    fn of(time: SystemTime) -> Option<Self> {
        const FAKES: [i128; 2] = [0, 1_000_000_000];
        // A duration in nanoseconds takes 95 bits at most.
        let signed = |nanoseconds: u128| i128::try_from(nanoseconds).unwrap_or(i128::MAX);
        let nanoseconds = match time.duration_since(SystemTime::UNIX_EPOCH) {
            Ok(after) => signed(after.as_nanos()),
            Err(before) => -signed(before.duration().as_nanos()),
        };
        (!FAKES.contains(&nanoseconds)).then_some(Self { time, nanoseconds })
    }
}
