//! Conversions from and to the typed headers of the `headers` crate (feature `headers`). This crate does not use the parsers
//! of `headers` for preconditions.

use std::time::SystemTime;

use headers::{ETag, Header, HeaderMapExt, LastModified};
use http::header::ETAG;
use http::{HeaderMap, HeaderValue};

use crate::entity_tag::InvalidEntityTag;
use crate::{EntityTag, HttpDate};

/// The same tag as an [`EntityTag`].
///
/// ```
/// use tower_conditional::EntityTag;
///
/// let typed: headers::ETag = "W/\"v1\"".parse().expect("a tag");
/// let tag = EntityTag::try_from(&typed)?;
/// assert!(tag.is_weak());
/// # Ok::<(), tower_conditional::validator::InvalidEntityTag>(())
/// ```
impl TryFrom<&ETag> for EntityTag {
    type Error = InvalidEntityTag;

    fn try_from(typed: &ETag) -> Result<Self, InvalidEntityTag> {
        let mut fields = HeaderMap::new();
        fields.typed_insert(typed.clone());
        let value = fields.remove(ETAG).ok_or(InvalidEntityTag)?;
        Self::try_from(value)
    }
}

/// Fails for tags that the `headers` crate does not accept, such as those with obs-text.
impl TryFrom<&EntityTag> for ETag {
    type Error = InvalidEntityTag;

    fn try_from(tag: &EntityTag) -> Result<Self, InvalidEntityTag> {
        let value = HeaderValue::from(tag);
        let mut values = std::iter::once(&value);
        Self::decode(&mut values).map_err(|_| InvalidEntityTag)
    }
}

impl From<LastModified> for HttpDate {
    fn from(typed: LastModified) -> Self {
        SystemTime::from(typed).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_come_back_as_they_went() {
        for literal in ["\"v1\"", "W/\"v1\"", "\"\"", "\"a,b\\\""] {
            let tag: EntityTag = literal.parse().unwrap();
            let typed = ETag::try_from(&tag).unwrap();
            let back = EntityTag::try_from(&typed).unwrap();
            assert_eq!(back.as_bytes(), literal.as_bytes());
        }
    }

    #[test]
    fn dates_come_back_as_they_went() {
        let date = HttpDate::from_unix_seconds(1_735_689_600).unwrap();
        let typed = LastModified::from(
            SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_735_689_600),
        );
        assert_eq!(HttpDate::from(typed), date);
    }
}
