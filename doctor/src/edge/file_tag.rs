//! Tags that file servers make of what the file system says: they differ between machines with equal files.

/// What a tag is made of, if it looks like those of a file server.
///
/// # Examples
///
/// ```
/// use tower_conditional_doctor::edge::made_of_file;
///
/// assert_eq!(made_of_file(b"\"65f0a1b2-1f4\""), Some("modification time and size, as nginx does it"));
/// assert_eq!(made_of_file(b"\"7\""), None);
/// ```
#[must_use]
pub fn made_of_file(tag: &[u8]) -> Option<&'static str> {
    let tag = tag.strip_prefix(b"W/").unwrap_or(tag);
    let inside = tag.strip_prefix(b"\"")?.strip_suffix(b"\"")?;
    let mut parts = inside.split(|byte| *byte == b'-');
    let first = parts.next()?;
    let parts = (first, parts.next()?, parts.next(), parts.next());
    let is_seconds = |part| number(part).is_some_and(|time| PLAUSIBLE.contains(&time));
    let is_micros = |part| number(part).is_some_and(|time| PLAUSIBLE.contains(&(time / 1_000_000)));
    match parts {
        (time, size, None, None) if is_seconds(time) && number(size).is_some() => {
            Some("modification time and size, as nginx does it")
        }
        (size, time, None, None) if number(size).is_some() && is_micros(time) => {
            Some("size and modification time, as Apache httpd does it")
        }
        (inode, size, Some(time), None)
            if number(inode).is_some() && number(size).is_some() && is_micros(time) =>
        {
            Some("inode, size and modification time, as Apache httpd does it with `FileETag All`")
        }
        _ => None,
    }
}

/// From 2001 to 2106, in seconds.
const PLAUSIBLE: std::ops::Range<u64> = 1_000_000_000..(1 << 32);

fn number(part: &[u8]) -> Option<u64> {
    let is_hex = |byte: &u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(byte);
    let text = str::from_utf8(part)
        .ok()
        .filter(|_| part.iter().all(is_hex))?;
    u64::from_str_radix(text, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_of_file_servers_are_recognised() {
        for (tag, expected) in [
            (r#""65f0a1b2-1f4""#, Some("modification time and size")),
            (r#"W/"65f0a1b2-1f4""#, Some("modification time and size")),
            (r#""1f4-613a2b4c5d6e7""#, Some("size and modification time")),
            (r#""2a01-1f4-613a2b4c5d6e7""#, Some("inode, size")),
            // Versions, digests and dates of other kinds.
            (r#""7""#, None),
            (r#""7-8""#, None),
            (r#""65f0a1b2""#, None),
            (r#""65F0A1B2-1F4""#, None),
            (r#""65f0a1b2-1f4-1-2""#, None),
            (r#""-""#, None),
            (r#""65f0a1b2-""#, None),
            ("65f0a1b2-1f4", None),
            ("", None),
            ("\"", None),
        ] {
            let made_of = made_of_file(tag.as_bytes());
            match expected {
                Some(start) => assert!(made_of.is_some_and(|of| of.starts_with(start)), "{tag}"),
                None => assert_eq!(made_of, None, "{tag}"),
            }
        }
    }
}
