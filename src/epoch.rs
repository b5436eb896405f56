//! Epochs: the name of the serialised form, as a part of the tag.

use crate::entity_tag::{EntityTag, InvalidEntityTag, is_key_byte};
use crate::version_number::VersionNumber;

/// The name of a serialised form. It is put before the version in a tag, so that a release that changes the form changes
/// every tag.
///
/// A version tag is strong only while one version always has the same bytes. When a release adds a field to the JSON, the
/// bytes change, but the version in the database does not. So name the form, and change the name together with the form.
///
/// # Examples
///
/// ```
/// use tower_conditional::Epoch;
///
/// const FORM: Epoch = Epoch::new("n1");
/// let tag = FORM.version(42);
/// assert_eq!(tag.as_bytes(), b"\"n1.42\"");
/// assert_eq!((tag.epoch(), tag.version()), (Some("n1"), Some(42)));
/// ```
#[doc(alias("release", "deploy"))]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Epoch(&'static str);

impl Epoch {
    /// An epoch of 1 to 16 characters of `[A-Za-z0-9_-]`.
    ///
    /// # Panics
    ///
    /// On any other name. In a `const` this is an error at compile time.
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        let bytes = name.as_bytes();
        assert!(
            !bytes.is_empty() && bytes.len() <= 16,
            "an epoch has 1 to 16 characters"
        );
        let mut at = 0;
        while at < bytes.len() {
            assert!(
                is_key_byte(bytes[at]) && bytes[at] != b'~',
                "an epoch is written in [A-Za-z0-9_-]"
            );
            at += 1;
        }
        Self(name)
    }

    /// The strong tag of a version in this epoch, `"<epoch>.<version>"`; [`EntityTag::version`] is its inverse.
    #[must_use]
    pub fn version<N: VersionNumber>(self, version: N) -> EntityTag {
        EntityTag::of_parts(self.0, ".", &version.to_string())
    }

    /// The strong tag of a key in this epoch, `"<epoch>.<key>"`; [`EntityTag::key`] is its inverse.
    ///
    /// # Errors
    ///
    /// As for [`EntityTag::from_key`].
    pub fn key(self, key: &str) -> Result<EntityTag, InvalidEntityTag> {
        EntityTag::from_key(key).map(|_| EntityTag::of_parts(self.0, ".", key))
    }

    /// The name of the form.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.0
    }
}
