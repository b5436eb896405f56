//! The value that a look-up has loaded, for the handler.

use std::any::Any;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use http::Extensions;

use crate::source::Found;

/// The request extension that says what the look-up has loaded, or why nothing.
#[derive(Clone)]
pub(crate) enum LookedUp {
    Loaded(Arc<dyn Any + Send + Sync>),
    Absent,
    Failed,
}

impl LookedUp {
    /// Puts the loaded value into the extensions, or that the target does not exist.
    #[inline]
    pub(crate) fn hand_over(found: &mut Found, extensions: &mut Extensions) {
        if let Some(loaded) = found.loaded.take() {
            extensions.insert(Self::Loaded(loaded));
        } else if found.current.exists() == Some(false) {
            extensions.insert(Self::Absent);
        }
    }
}

/// The value that the source loaded together with the version ([`Found::with`](crate::Found::with)).
///
/// A handler that serves it sends a body and a tag of the same row, and the row is read once.
///
/// With axum it is an extractor. It answers 404 if the target does not exist, and 503 if the source failed. Take
/// `Option<Loaded<T>>` in a PUT that may create: `None` means that the target does not exist.
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
    /// Gets the value from the extensions of a request. `None` if no value of this type was loaded.
    #[must_use]
    pub fn of(extensions: &Extensions) -> Option<Self> {
        match extensions.get()? {
            LookedUp::Loaded(loaded) => Some(Self(loaded.clone().downcast().ok()?)),
            LookedUp::Absent | LookedUp::Failed => None,
        }
    }
}

impl<T: Clone> Loaded<T> {
    /// Returns the value, or a clone of it if the request still holds it.
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
