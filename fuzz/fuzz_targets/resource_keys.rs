//! Keys of the write lock: spellings of one path are one resource, and different resources are different keys.
//!
//! Input: lines with LF between them. The first byte chooses how a path is spelled anew; then a path, another path, and the
//! parts of two keys, with an empty line between the two lists.
#![no_main]

use http::Request;
use http::request::Parts;
use libfuzzer_sys::fuzz_target;
use tower_conditional::lock::{KeyBuf, ResourceKey, WriteKey};
use tower_conditional::source::RequestPath;

fuzz_target!(|data: &[u8]| {
    let Some((&choice, text)) = data.split_first() else {
        return;
    };
    let mut lines = text.split(|&byte| byte == b'\n');
    let paths = [lines.next(), lines.next()].map(Option::unwrap_or_default);
    let paths = paths.map(|path| (head_of(path), segments_of(path)));
    let [(Some(one), segments), (Some(other), others)] = &paths else {
        return keys(lines);
    };
    assert_eq!(path_of(one), joined(segments), "{one:?}");
    let is_one = key_of(one) == key_of(other);
    assert_eq!(is_one, segments == others, "{:?} {:?}", one.uri, other.uri);

    let spelled = spelled_anew(segments, choice);
    let again = head_of(spelled.as_bytes()).expect("a path of unreserved and encoded characters");
    assert!(key_of(one) == key_of(&again), "{:?} {spelled}", one.uri);
    assert_eq!(path_of(one), path_of(&again), "{spelled}");
    keys(lines);
});

/// Keys are equal if all their parts are.
fn keys<'d>(lines: impl Iterator<Item = &'d [u8]>) {
    let lines: Vec<&[u8]> = lines.collect();
    let mut lists = lines.split(|line| line.is_empty());
    let lists = [lists.next(), lists.next()].map(Option::unwrap_or_default);
    let keys = lists.map(|parts| {
        let parts = parts.iter().map(|part| part.to_vec()).collect();
        WriteKey::new("", &Listed(parts))
    });
    assert_eq!(keys[0] == keys[1], lists[0] == lists[1]);
    let length: usize = lists[0].iter().map(|part| 4 + part.len()).sum();
    assert_eq!(
        keys[0].as_bytes().len(),
        4 + length,
        "the bytes of each part, and its length"
    );
}

struct Listed(Vec<Vec<u8>>);

impl ResourceKey for Listed {
    fn write_key(&self, key: &mut KeyBuf) {
        for part in &self.0 {
            key.push(part);
        }
    }
}

fn head_of(path: &[u8]) -> Option<Parts> {
    let path = std::str::from_utf8(path)
        .ok()
        .filter(|path| path.starts_with('/'))?;
    let request = Request::get(path).body(()).ok()?;
    // A query or a fragment is no part of the path.
    (request.uri().path() == path).then(|| request.into_parts().0)
}

fn path_of(head: &Parts) -> String {
    RequestPath::of(head).normalised().into_owned()
}

fn key_of(head: &Parts) -> WriteKey {
    WriteKey::new("", &RequestPath::of(head))
}

/// The model: what a router that decodes once and ignores empty segments takes a path for.
fn segments_of(path: &[u8]) -> Vec<Vec<u8>> {
    let mut segments = vec![Vec::new()];
    let mut place = 0;
    while place < path.len() {
        let encoded = path.get(place..place + 3).and_then(|three| {
            let text = std::str::from_utf8(three).ok()?.strip_prefix('%')?;
            let is_hex = text.chars().all(|digit| digit.is_ascii_hexdigit());
            u8::from_str_radix(text, 16).ok().filter(|_| is_hex)
        });
        match encoded.unwrap_or(path[place]) {
            b'/' => segments.push(Vec::new()),
            byte => segments.last_mut().expect("one at least").push(byte),
        }
        place += if encoded.is_some() { 3 } else { 1 };
    }
    segments.retain(|segment| !segment.is_empty());
    segments
}

fn joined(segments: &[Vec<u8>]) -> String {
    let path: Vec<u8> = segments
        .iter()
        .flat_map(|one| [b"/", &one[..]].concat())
        .collect();
    let path = if path.is_empty() { b"/".to_vec() } else { path };
    String::from_utf8_lossy(&path).into_owned()
}

/// Another spelling of the same path: slashes doubled, characters encoded in one case or the other.
fn spelled_anew(segments: &[Vec<u8>], choice: u8) -> String {
    let slash = ["/", "//", "/", "%2f"][usize::from(choice % 4)];
    let mut path = String::new();
    for (place, byte) in segments
        .iter()
        .flat_map(|one| one.iter().copied().chain([b'/']))
        .enumerate()
    {
        let plain =
            byte.is_ascii_alphanumeric() && !(place + usize::from(choice)).is_multiple_of(3);
        path += &match (byte, plain, choice & 8) {
            (b'/', ..) => slash.to_owned(),
            (_, true, _) => char::from(byte).to_string(),
            (_, false, 0) => format!("%{byte:02x}"),
            (_, false, _) => format!("%{byte:02X}"),
        };
    }
    format!("/{path}")
}
