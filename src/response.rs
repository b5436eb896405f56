//! The headers of responses: what a 304 keeps and drops, and which validators are added ([RFC 9110, section 15.4.5]).
//!
//! [RFC 9110, section 15.4.5]: https://www.rfc-editor.org/rfc/rfc9110#section-15.4.5

use http::header::{
    CONTENT_ENCODING, CONTENT_LANGUAGE, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, DATE, ETAG,
    Entry, HeaderMap, HeaderName, LAST_MODIFIED, TRAILER, TRANSFER_ENCODING, VARY,
};

use crate::header_map::{has, remove};
use crate::last_modified::LastModified;
use crate::tag_list::RawTag;
use crate::token_list::add_vary;
use crate::{EntityTag, HttpDate, Representation};

/// Whether a 304 drops the field: metadata of the content. Everything else stays (CORS, cookies, Cache-Control).
fn is_dropped_by_not_modified(name: &HeaderName) -> bool {
    match *name {
        CONTENT_TYPE | CONTENT_ENCODING | CONTENT_LANGUAGE | CONTENT_LENGTH | CONTENT_RANGE
        | TRANSFER_ENCODING | TRAILER => true,
        _ => matches!(
            name.as_str(),
            "content-digest" | "repr-digest" | "digest" | "content-md5"
        ),
    }
}

/// Marks a response that had its Content-Encoding when it was tagged, so that its tag is that of the encoded bytes. It is in
/// the extensions of the response.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TaggedForCoding;

/// Which validators, and whether Content-Encoding, the handler's response has. One walk over the names finds them.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Stated {
    tag: bool,
    date: bool,
    pub(crate) coding: bool,
}

impl Stated {
    /// Finds them in the headers of a response.
    #[inline]
    pub(crate) fn in_headers(headers: &HeaderMap) -> Self {
        let mut stated = Self::default();
        for name in headers.keys() {
            match *name {
                ETAG => stated.tag = true,
                LAST_MODIFIED => stated.date = true,
                CONTENT_ENCODING => stated.coding = true,
                _ => {}
            }
        }
        stated
    }
}

/// Writes the headers of a 304 that is made before the handler runs: a validator, and the fields of the source.
pub(crate) fn write_not_modified_headers(
    headers: &mut HeaderMap,
    current: &mut Representation,
    now: impl FnOnce() -> HttpDate,
) {
    match (current.take_entity_tag(), current.take_modified()) {
        (Some(tag), _) => {
            headers.insert(ETAG, tag.into());
        }
        (None, Some(modified)) => add_last_modified(headers, modified, now),
        (None, None) => {}
    }
    add_source_fields(headers, current);
}

/// Turns the headers of a 200 into those of a 304.
pub(crate) fn strip_to_not_modified(fields: &mut HeaderMap) {
    while let Some(name) = fields.keys().find(|name| is_dropped_by_not_modified(name)) {
        let name = name.clone();
        fields.remove(name);
    }
    if has(fields, &ETAG) {
        remove(fields, &LAST_MODIFIED);
    }
}

/// Whether the validators that the handler has set are those of `current`. `None` if there are none to compare. The tag
/// takes precedence over the date (section 8.8.2).
#[inline]
pub(crate) fn states_version_of(
    headers: &HeaderMap,
    stated: Stated,
    current: &Representation,
    sends_weak_tags: bool,
) -> Option<bool> {
    // Few handlers state a version.
    if stated.tag || stated.date {
        agrees_with(current, headers, sends_weak_tags)
    } else {
        None
    }
}

/// Whether the validators in the headers are those of `current`. `None` if none can be compared.
///
/// Where tags are sent weak, the handler may write them in that form itself.
fn agrees_with(
    current: &Representation,
    headers: &HeaderMap,
    sends_weak_tags: bool,
) -> Option<bool> {
    let stated = Representation::of_response(headers, None);
    if let (Some(theirs), Some(ours)) = (stated.entity_tag(), current.entity_tag()) {
        let as_sent = sends_weak_tags && theirs.weak_eq(ours);
        return Some(as_sent || theirs.as_bytes() == ours.as_bytes());
    }
    let dates = stated
        .last_modified_date()
        .zip(current.last_modified_date());
    dates.map(|(theirs, ours)| theirs == ours)
}

/// Adds the looked-up validators and fields that the handler did not set. The handler's own take precedence, because it
/// knows which bytes it has sent.
pub(crate) fn add_missing_validators(
    headers: &mut HeaderMap,
    stated: Stated,
    current: &mut Representation,
    now: impl FnOnce() -> HttpDate,
) {
    if !stated.tag
        && let Some(tag) = current.take_entity_tag()
    {
        headers.insert(ETAG, tag.into());
    }
    if !stated.date
        && let Some(modified) = current.take_modified()
    {
        add_last_modified(headers, modified, now);
    }
    add_source_fields(headers, current);
}

/// Adds the headers that the source has stated beside the validators.
pub(crate) fn add_source_fields(headers: &mut HeaderMap, current: &Representation) {
    if let Some(fields) = current.fields() {
        add_fields(headers, fields);
    }
}

/// Adds the fields that are not there yet. The members of Vary are added to its list.
#[inline]
pub(crate) fn add_fields(headers: &mut HeaderMap, fields: &HeaderMap) {
    if !fields.is_empty() {
        add_each(headers, fields);
    }
}

fn add_each(headers: &mut HeaderMap, fields: &HeaderMap) {
    for name in fields.keys() {
        if name == VARY {
            fields
                .get_all(VARY)
                .iter()
                .for_each(|line| add_vary(headers, line));
        } else if !headers.contains_key(name) {
            let lines = fields.get_all(name);
            lines.iter().for_each(|line| {
                headers.append(name, line.clone());
            });
        }
    }
}

/// Adds Last-Modified, at most as late as Date (section 8.8.2.1). If they are close, adds Date from the same clock reading.
fn add_last_modified(
    headers: &mut HeaderMap,
    mut modified: LastModified,
    now: impl FnOnce() -> HttpDate,
) {
    let now = date_of(headers).unwrap_or_else(now);
    modified.not_after(now);
    let comes_close = !modified.is_before_any_date_at(now);
    let Some(line) = modified.into_header_value() else {
        return;
    };
    headers.insert(LAST_MODIFIED, line);
    if comes_close
        && !has(headers, &DATE)
        && let Some(now) = now.to_header_value()
    {
        headers.insert(DATE, now);
    }
}

/// The Date of the response, if the handler has set one.
fn date_of(headers: &HeaderMap) -> Option<HttpDate> {
    let line = has(headers, &DATE).then(|| headers.get(DATE)).flatten()?;
    HttpDate::parse(line.as_bytes(), HttpDate::UNIX_EPOCH)
}

/// Makes the tags of a response weak, for a service that sends no strong one. What is not a tag stays.
///
/// Not inlined, so that a service without the option does not pay for it.
#[cold]
#[inline(never)]
pub(crate) fn weaken_tags(headers: &mut HeaderMap) {
    if !has(headers, &ETAG) {
        return;
    }
    let Entry::Occupied(mut lines) = headers.entry(ETAG) else {
        return;
    };
    for line in lines.iter_mut() {
        // Blanks around a field value are not a part of it (section 5.5).
        let Some(tag) = RawTag::parse(line.as_bytes().trim_ascii()) else {
            continue;
        };
        if !tag.weak {
            *line = EntityTag::of_valid([b"W/", tag.opaque_tag].concat()).into();
        }
    }
}

/// Replaces the validators by those of the version that a write has made, or has failed against.
pub(crate) fn replace_validators(
    headers: &mut HeaderMap,
    new: &Representation,
    now: impl FnOnce() -> HttpDate,
) {
    match new.entity_tag() {
        Some(tag) => drop(headers.insert(ETAG, tag.into())),
        None => remove(headers, &ETAG),
    }
    remove(headers, &LAST_MODIFIED);
    if let Some(modified) = new.modified() {
        add_last_modified(headers, modified.clone(), now);
    }
}
