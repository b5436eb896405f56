//! What a plain GET has shown of the resource, and the field values that are made from it.

use std::time::SystemTime;

use bytes::Bytes;
use http::Uri;
use http::header::{ETAG, HeaderMap, HeaderName, LAST_MODIFIED};

use super::exchange::Reply;
use tower_conditional::{EntityTag, HttpDate};

/// A tag that no server makes.
pub(crate) const OTHER: &[u8] = b"\"tower-conditional-testkit\"";
/// One tag that looks like three to a parser that splits at every comma; the second would be a wildcard.
pub(crate) const COMMAS: &[u8] = b"\"x,*,y\"";
/// A tag with a byte that is no UTF-8 (obs-text, section 5.5).
pub(crate) const OBS_TEXT: &[u8] = b"\"\xff\"";

/// A resource as a 200 showed it.
#[derive(Clone, Debug)]
pub(crate) struct Known {
    pub(crate) target: Uri,
    pub(crate) tag: Option<EntityTag>,
    pub(crate) modified: Option<HttpDate>,
    pub(crate) fields: HeaderMap,
    pub(crate) body: Bytes,
    pub(crate) is_whole: bool,
}

impl Known {
    pub(crate) fn from_reply(target: &Uri, reply: &Reply) -> Self {
        Self {
            target: target.clone(),
            tag: single(&reply.fields, &ETAG).and_then(|value| value.try_into().ok()),
            modified: single(&reply.fields, &LAST_MODIFIED)
                .and_then(|value| HttpDate::parse(value.as_bytes(), now())),
            fields: reply.fields.clone(),
            body: reply.body.clone(),
            is_whole: reply.is_whole,
        }
    }

    /// The tag, if it is strong: only then can If-Match and If-Range be true with it.
    pub(crate) fn strong_tag(&self) -> Option<&EntityTag> {
        self.tag.as_ref().filter(|tag| !tag.is_weak())
    }

    pub(crate) fn has_text(&self, mark: &str) -> bool {
        self.body
            .windows(mark.len())
            .any(|part| part == mark.as_bytes())
    }

    /// Whether the two show one state of the resource.
    pub(crate) fn is_as(&self, other: &Self) -> bool {
        let tags = (&self.tag, &other.tag);
        let same_tag = match tags {
            (Some(one), Some(other)) => one.as_bytes() == other.as_bytes(),
            _ => tags.0.is_none() && tags.1.is_none(),
        };
        same_tag && self.body == other.body
    }
}

/// The value of a field that has exactly one line.
pub(crate) fn single<'f>(
    fields: &'f HeaderMap,
    name: &HeaderName,
) -> Option<&'f http::HeaderValue> {
    let mut lines = fields.get_all(name).iter();
    lines.next().filter(|_| lines.next().is_none())
}

pub(crate) fn now() -> HttpDate {
    HttpDate::from(SystemTime::now())
}

/// The same tag with the other strength: different under strong comparison, equal under weak comparison.
pub(crate) fn other_strength(tag: &EntityTag) -> Vec<u8> {
    if tag.is_weak() {
        tag.opaque_tag().to_vec()
    } else {
        [b"W/", tag.as_bytes()].concat()
    }
}

/// The tag in its weak form, which is equal to nothing under strong comparison.
pub(crate) fn weak_form(tag: &EntityTag) -> Vec<u8> {
    [b"W/", tag.opaque_tag()].concat()
}

/// The characters between the quotes.
pub(crate) fn inside(tag: &EntityTag) -> &[u8] {
    let quoted = tag.opaque_tag();
    &quoted[1..quoted.len() - 1]
}

pub(crate) fn quoted(parts: &[&[u8]]) -> Vec<u8> {
    [b"\"", parts.concat().as_slice(), b"\""].concat()
}

pub(crate) fn list(members: &[&[u8]]) -> Vec<u8> {
    members.join(&b", "[..])
}

/// The date in the form of RFC 850, if its two digits still mean this year (section 5.6.7), and in asctime's.
pub(crate) fn obsolete_forms(date: HttpDate) -> Vec<String> {
    let text = date.to_string();
    let parts: Vec<&str> = text
        .split([' ', ','])
        .filter(|part| !part.is_empty())
        .collect();
    let &[weekday, day, month, year, time, _] = parts.as_slice() else {
        return Vec::new();
    };
    let long = match weekday {
        "Tue" => "Tuesday",
        "Wed" => "Wednesday",
        "Thu" => "Thursday",
        "Sat" => "Saturday",
        "Mon" => "Monday",
        "Fri" => "Friday",
        _ => "Sunday",
    };
    let rfc850 = format!("{long}, {day}-{month}-{} {time} GMT", &year[2..]);
    let asctime = format!(
        "{weekday} {month} {:>2} {time} {year}",
        day.trim_start_matches('0')
    );
    let reads_back = |form: &String| HttpDate::parse(form.as_bytes(), now()) == Some(date);
    [rfc850, asctime].into_iter().filter(reads_back).collect()
}
