//! Entity tags in serialised values (feature `serde`): a tag is the text that its header carries.

use std::fmt;

use serde::de::{self, Deserialize, Deserializer, Unexpected, Visitor};
use serde::ser::{Error as _, Serialize, Serializer};

use crate::EntityTag;

/// Writes the text of the header, so that the members of a list carry their tags.
///
/// A tag with bytes above 0x7F ([obs-text](https://www.rfc-editor.org/rfc/rfc9110#section-5.5)) is an error, because it
/// would not be the same tag in UTF-8.
///
/// ```
/// use serde::Serialize;
/// use tower_conditional::EntityTag;
///
/// #[derive(Serialize)]
/// struct Member {
///     #[serde(rename = "@odata.etag")]
///     etag: EntityTag,
///     text: String,
/// }
///
/// let member = Member { etag: EntityTag::from_version(7), text: "milk".into() };
/// let json = serde_json::to_string(&member)?;
/// assert_eq!(json, r#"{"@odata.etag":"\"7\"","text":"milk"}"#);
/// # Ok::<(), serde_json::Error>(())
/// ```
impl Serialize for EntityTag {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.to_str() {
            Some(text) => serializer.serialize_str(text),
            None => Err(S::Error::custom("an entity tag with bytes above 0x7F")),
        }
    }
}

/// Reads the text of the header, with its quotes. Characters above U+007F are an error.
///
/// For a tag that a client has sent, evaluate the text as it came:
/// [`Preconditions::if_match`](crate::Preconditions::if_match) also takes lists and `*`.
impl<'de> Deserialize<'de> for EntityTag {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(TagVisitor)
    }
}

struct TagVisitor;

impl Visitor<'_> for TagVisitor {
    type Value = EntityTag;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an entity tag in double quotes, of ASCII characters")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<EntityTag, E> {
        let tag = text.is_ascii().then(|| text.parse().ok()).flatten();
        tag.ok_or_else(|| E::invalid_value(Unexpected::Str(text), &self))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 9110, section 8.8.3: what is written is the tag, and is read as the same one.
    #[test]
    fn tags_come_back_as_they_went() {
        for literal in ["\"v1\"", "W/\"v1\"", "\"\"", "\"a,b\\\"", "\"n1.-7\""] {
            let tag: EntityTag = literal.parse().unwrap();
            let json = serde_json::to_string(&tag).unwrap();
            assert_eq!(json, serde_json::to_string(literal).unwrap());
            let back: EntityTag = serde_json::from_str(&json).unwrap();
            assert_eq!(back.as_bytes(), literal.as_bytes());
        }
    }

    /// RFC 9110, section 5.5: obs-text has no encoding.
    #[test]
    fn bytes_above_ascii_are_an_error_and_not_changed() {
        for opaque in [&b"caf\xe9"[..], "caf\u{e9}".as_bytes(), b"\x80"] {
            let tag = EntityTag::strong(opaque).unwrap();
            let error = serde_json::to_string(&tag).unwrap_err();
            assert!(error.to_string().contains("0x7F"), "{error}");
        }
        let error = serde_json::from_str::<EntityTag>("\"\\\"caf\u{e9}\\\"\"").unwrap_err();
        assert!(error.to_string().contains("ASCII"), "{error}");
    }

    #[test]
    fn what_is_no_tag_is_an_error() {
        for json in [
            "\"v1\"",
            "\"\\\"a\\\", \\\"b\\\"\"",
            "\"*\"",
            "\"\\\"\\u0001\\\"\"",
            "7",
            "null",
        ] {
            assert!(serde_json::from_str::<EntityTag>(json).is_err(), "{json}");
        }
    }
}
