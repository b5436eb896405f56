//! The result of a look-up: the current state, and a value for the handler.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use crate::version_number::VersionNumber;
use crate::{Current, EntityTag, Representation};

/// The result of a look-up: the current state of a resource, and optionally the value that was loaded with it.
///
/// A handler that serves the value ([`Loaded`](crate::Loaded)) sends a body and a tag of the same row, and the row is read
/// once.
///
/// # Examples
///
/// ```
/// use tower_conditional::{EntityTag, Found};
///
/// #[derive(Clone)]
/// struct Note { version: i64, text: String }
///
/// let row: Option<Note> = Some(Note { version: 7, text: "milk".into() });
/// let found = match row {
///     Some(note) => Found::version(note.version).with(note),
///     None => Found::absent(),
/// };
/// assert_eq!(found.current().exists(), Some(true));
/// ```
#[derive(Clone)]
pub struct Found {
    pub(crate) current: Current,
    pub(crate) loaded: Option<Arc<dyn Any + Send + Sync>>,
}

impl Found {
    /// The target exists in this version. Its entity tag is [`EntityTag::from_version`].
    #[doc(alias("ETag"))]
    #[must_use]
    pub fn version<N: VersionNumber>(version: N) -> Self {
        EntityTag::from_version(version).into()
    }

    /// The target does not exist.
    #[must_use]
    pub const fn absent() -> Self {
        Self::of(Current::absent())
    }

    /// The state is not known before the handler runs: see [`Current::Unknown`].
    #[must_use]
    pub const fn unknown() -> Self {
        Self::of(Current::Unknown)
    }

    const fn of(current: Current) -> Self {
        Self {
            current,
            loaded: None,
        }
    }

    /// Adds a value for the handler, which gets it as [`Loaded`](crate::Loaded).
    ///
    /// One look-up can serve several requests, so several handlers can get this one value. Do not put something into it that one
    /// request takes out, such as a connection.
    #[must_use]
    pub fn with<T: Any + Send + Sync>(mut self, loaded: T) -> Self {
        self.loaded = Some(Arc::new(loaded));
        self
    }

    /// The current state, moved out.
    pub(crate) const fn take_current(&mut self) -> Current {
        std::mem::replace(&mut self.current, Current::Unknown)
    }

    /// The current state.
    #[must_use]
    pub const fn current(&self) -> &Current {
        &self.current
    }
}

impl fmt::Debug for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Found")
            .field("current", &self.current)
            .field("is_loaded", &self.loaded.is_some())
            .finish()
    }
}

impl From<Current> for Found {
    fn from(current: Current) -> Self {
        Self::of(current)
    }
}

impl From<Representation> for Found {
    fn from(representation: Representation) -> Self {
        Self::of(representation.into())
    }
}

impl From<EntityTag> for Found {
    fn from(tag: EntityTag) -> Self {
        Self::of(tag.into())
    }
}

/// `None` is a target that does not exist.
impl<F: Into<Self>> From<Option<F>> for Found {
    fn from(found: Option<F>) -> Self {
        found.map_or_else(Self::absent, Into::into)
    }
}
