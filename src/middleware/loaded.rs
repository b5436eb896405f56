//! What a look-up has loaded, for the handler.

use std::any::Any;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use http::Extensions;

use crate::source::Found;

/// In the extensions of a request that goes on: what the look-up has loaded, or why there is nothing.
#[derive(Clone)]
pub(crate) enum LookedUp {
    Loaded(Arc<dyn Any + Send + Sync>),
    Absent,
    Failed,
}

impl LookedUp {
    /// Hands what was loaded to the handler, and tells it of a target that does not exist.
    #[inline]
    pub(crate) fn hand_over(found: &mut Found, extensions: &mut Extensions) {
        if let Some(loaded) = found.loaded.take() {
            extensions.insert(Self::Loaded(loaded));
        } else if found.current.exists() == Some(false) {
            extensions.insert(Self::Absent);
        }
    }
}

/// What the source has loaded together with the version ([`Found::with`](crate::Found::with)): bytes and tag of one
/// row, and the row is read once.
///
/// With axum it is an extractor: 404 where the source has found nothing, 503 where it has failed. In a PUT that may
/// create it is `Option<Loaded<T>>`, and `None` means that there is nothing.
///
/// # Examples
///
/// ```
/// use tower_conditional::Loaded;
///
/// #[derive(Clone)]
/// struct Note { text: String }
///
/// fn read(request: &http::Request<()>) -> Option<String> {
///     let note: Loaded<Note> = Loaded::of(request.extensions())?;
///     Some(note.into_inner().text)
/// }
/// # let _ = read(&http::Request::new(()));
/// ```
pub struct Loaded<T>(Arc<T>);

impl<T: Any + Send + Sync> Loaded<T> {
    /// What the layer has put into the extensions of a request; `None` where nothing of this type was loaded.
    #[must_use]
    pub fn of(extensions: &Extensions) -> Option<Self> {
        match extensions.get()? {
            LookedUp::Loaded(loaded) => Some(Self(loaded.clone().downcast().ok()?)),
            LookedUp::Absent | LookedUp::Failed => None,
        }
    }
}

impl<T: Clone> Loaded<T> {
    /// The value itself; cloned if the request still has it.
    #[must_use]
    pub fn into_inner(self) -> T {
        Arc::unwrap_or_clone(self.0)
    }
}

impl<T> Deref for Loaded<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> Clone for Loaded<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T: fmt::Debug> fmt::Debug for Loaded<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Loaded").field(&self.0).finish()
    }
}
