//! Validators of files, from their size and the time of their last change.

use std::fs::Metadata;

use super::BodyTag;
use super::body_hash::new_digest;
use crate::Representation;
use crate::timestamp::nanoseconds;

impl Representation {
    /// The validators of a file, made from its size and the time of its last change, without reading the file.
    ///
    /// The tag is weak, because a file may change twice within a tick of the file system's clock, and its time may be set
    /// back. If you need strong tags (If-Match, If-Range), hash the content once and keep the tag, as the example `files`
    /// does.
    ///
    /// The tag does not depend on the inode or the path, so a copy with the same time on another machine has the same tag. A
    /// file whose time is not known gets no validator. That includes 0 and 1 seconds after 1970, which reproducible images
    /// and package stores set.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::path::{Component, Path};
    /// use tower_conditional::source::RequestPath;
    /// use tower_conditional::{ConditionalLayer, Representation, SourceError, source_fn};
    ///
    /// let source = source_fn((), RequestPath::of, async |path, ()| {
    ///     let path = path.normalised();
    ///     let file = Path::new(path.trim_start_matches('/'));
    ///     if !file.components().all(|part| matches!(part, Component::Normal(_))) {
    ///         return Ok(None); // it leaves the folder
    ///     }
    ///     match tokio::fs::metadata(Path::new("assets").join(file)).await {
    ///         Ok(file) if file.is_file() => Ok(Some(Representation::from_metadata(&file))),
    ///         _ => Ok::<_, SourceError>(None),
    ///     }
    /// });
    /// let layer = ConditionalLayer::new(source);
    /// # let _ = layer;
    /// ```
    #[doc(alias("file", "mtime"))]
    #[must_use]
    pub fn from_metadata(file: &Metadata) -> Self {
        const FAKES: [i128; 2] = [0, 1_000_000_000];
        let modified = file.modified().map(|time| (time, nanoseconds(time)));
        let Some((time, nanoseconds)) = modified.ok().filter(|(_, at)| !FAKES.contains(at)) else {
            return Self::new();
        };
        let mut tag = BodyTag::of(new_digest(None), 0).weakened(true);
        tag.update(&file.len().to_be_bytes());
        tag.update(&nanoseconds.to_be_bytes());
        Self::tagged(tag.finish()).last_modified(time)
    }
}
