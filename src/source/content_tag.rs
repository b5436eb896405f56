//! Entity tags of bytes.

use super::BodyTag;
use super::body_hash::new_digest;
use crate::EntityTag;

impl EntityTag {
    /// The strong tag of these bytes, where a resource has no version: the first 16 bytes of their SHA-256, as 22 characters
    /// of base64url.
    ///
    /// Equal bytes have equal tags in every process and every release. Hash what determines the representation: the content
    /// itself, or the serialised value. A serialised value must come out the same each time: a `HashMap` does not, because its
    /// order changes from one to the next; use a `BTreeMap`, or sort.
    ///
    /// ```
    /// use tower_conditional::EntityTag;
    ///
    /// let settings = serde_json::json!({ "theme": "dark" });
    /// let tag = EntityTag::of_bytes(serde_json::to_vec(&settings)?);
    /// assert_eq!(tag.as_bytes(), b"\"D0-H20VnIyp_F1aqFTTsEw\"");
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    #[doc(alias("hash", "digest", "SHA-256"))]
    #[must_use]
    pub fn of_bytes(bytes: impl AsRef<[u8]>) -> Self {
        let mut tag = BodyTag::of(new_digest(None), 0);
        tag.update(bytes.as_ref());
        tag.finish()
    }
}
