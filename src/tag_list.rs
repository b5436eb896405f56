//! The scanner of `"*" / #entity-tag` ([RFC 9110, sections 5.6.1 and 13.1.1]).
//!
//! It reads every byte once and allocates nothing. A list is valid or malformed as a whole: the tags before a bad byte do
//! not count.
//!
//! [RFC 9110, sections 5.6.1 and 13.1.1]: https://www.rfc-editor.org/rfc/rfc9110#section-5.6.1

use crate::EntityTag;
use crate::entity_tag::is_etagc;

/// One member of a list, borrowed from the field value.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RawTag<'v> {
    pub(crate) weak: bool,
    /// The `opaque-tag` of the grammar, with its quotes.
    pub(crate) opaque_tag: &'v [u8],
}

impl<'v> RawTag<'v> {
    /// Parses exactly one tag.
    pub(crate) fn parse(value: &'v [u8]) -> Option<Self> {
        match split_tag(value) {
            Some((tag, [])) => Some(tag),
            _ => None,
        }
    }

    /// A tag from bytes that are known to be one.
    pub(crate) fn of_valid(value: &'v [u8]) -> Self {
        match value.strip_prefix(b"W/") {
            Some(opaque_tag) => Self {
                weak: true,
                opaque_tag,
            },
            None => Self {
                weak: false,
                opaque_tag: value,
            },
        }
    }

    /// Strong comparison (section 8.8.3.2).
    pub(crate) fn strong_eq(&self, ours: &EntityTag) -> bool {
        !self.weak && are_equal(self.opaque_tag, ours.as_bytes())
    }

    /// Weak comparison (section 8.8.3.2).
    pub(crate) fn weak_eq(&self, ours: &EntityTag) -> bool {
        are_equal(self.opaque_tag, ours.opaque_tag())
    }

    /// Whether both tags have an epoch, and not the same one.
    pub(crate) fn is_of_another_epoch(&self, ours: &EntityTag) -> bool {
        let epoch = self.in_epoch().0;
        epoch.is_some_and(|theirs| ours.raw().in_epoch().0.is_some_and(|ours| ours != theirs))
    }

    /// The bytes between the quotes.
    pub(crate) fn opaque(&self) -> &'v [u8] {
        match self.opaque_tag {
            [b'"', opaque @ .., b'"'] => opaque,
            other => other,
        }
    }

    /// The epoch before the first dot, if there is one, and the rest without the dot.
    pub(crate) fn in_epoch(&self) -> (Option<&'v [u8]>, &'v [u8]) {
        let opaque = self.opaque();
        // An epoch has 16 characters at most.
        let start = match opaque.first_chunk::<17>() {
            Some(start) if !has_dot(start) => return (None, opaque),
            Some(start) => &start[..],
            None => opaque,
        };
        match start.iter().position(|&byte| byte == b'.') {
            Some(dot) if dot > 0 => (Some(&opaque[..dot]), &opaque[dot + 1..]),
            _ => (None, opaque),
        }
    }
}

/// Compares the first eight bytes before the rest: most tags of a list differ there, and a comparison of any length is a
/// call.
#[inline]
fn are_equal(theirs: &[u8], ours: &[u8]) -> bool {
    theirs.first_chunk::<8>() == ours.first_chunk() && theirs == ours
}

/// Without an early return, so that it compiles to a few vector instructions.
fn has_dot(bytes: &[u8; 17]) -> bool {
    bytes.iter().fold(false, |has, &byte| has | (byte == b'.'))
}

/// The form of the combined value of all lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ListForm {
    /// `*` alone.
    Any,
    /// Zero or more tags.
    Tags,
    /// Anything else. No tag in it counts.
    Malformed,
}

/// Reads all field lines as one list, and calls `visit` with each tag.
///
/// The tags count only if [`ListForm::Tags`] is returned.
pub(crate) fn scan<'v>(
    lines: impl IntoIterator<Item = &'v (impl AsRef<[u8]> + ?Sized + 'v)>,
    mut visit: impl FnMut(RawTag<'v>),
) -> ListForm {
    let mut form = ListForm::Tags;
    let mut first_line = true;
    for line in lines {
        // A wildcard is one only when it is the whole combined value (section 13.1.1).
        form = match scan_line(line.as_ref(), &mut visit) {
            ListForm::Tags if form == ListForm::Tags => ListForm::Tags,
            ListForm::Any if first_line => ListForm::Any,
            _ => return ListForm::Malformed,
        };
        first_line = false;
    }
    form
}

/// Reads one line of the list.
fn scan_line<'v>(line: &'v [u8], visit: &mut impl FnMut(RawTag<'v>)) -> ListForm {
    let mut rest = skip_empty_members(line);
    if rest.starts_with(b"*") && is_wildcard(line) {
        return ListForm::Any;
    }
    while !rest.is_empty() {
        let Some((tag, after)) = split_tag(rest) else {
            return ListForm::Malformed;
        };
        visit(tag);
        rest = match after {
            // The separator that all but a few clients write.
            [b',', b' ', next @ ..] if next.starts_with(b"\"") => next,
            _ => match skip_blanks(after) {
                [] => break,
                [b',', next @ ..] => skip_empty_members(next),
                _ => return ListForm::Malformed,
            },
        };
    }
    ListForm::Tags
}

/// Whether the line is `*` between blanks.
fn is_wildcard(line: &[u8]) -> bool {
    matches!(skip_blanks(line), [b'*', after @ ..] if skip_blanks(after).is_empty())
}

/// One tag from the front of `value`, and what follows its closing quote.
#[inline(always)]
fn split_tag(value: &[u8]) -> Option<(RawTag<'_>, &[u8])> {
    let (weak, quoted) = match value {
        [b'W', b'/', quoted @ ..] => (true, quoted),
        _ => (false, value),
    };
    let [b'"', opaque @ ..] = quoted else {
        return None;
    };
    let end = etagc_run(opaque);
    if opaque.get(end) != Some(&b'"') {
        return None;
    }
    let (opaque_tag, rest) = quoted.split_at(end + 2);
    Some((RawTag { weak, opaque_tag }, rest))
}

/// How many bytes at the front are `etagc`.
///
/// Reads many bytes at a time, because caches send lists of a hundred tags, which cost most of their time here.
#[inline(always)]
fn etagc_run(bytes: &[u8]) -> usize {
    let mut rest = bytes;
    while let Some((chunk, after)) = rest.split_first_chunk::<16>()
        && are_etagc(chunk)
    {
        rest = after;
    }
    // The word of eight bytes says where in the chunk the run stops.
    while let Some((word, after)) = rest.split_first_chunk() {
        let stops = not_etagc(u64::from_le_bytes(*word));
        if stops != 0 {
            return bytes.len() - rest.len() + bytes_before(stops);
        }
        rest = after;
    }
    let stop = rest.iter().position(|&byte| !is_etagc(byte));
    bytes.len() - rest.len() + stop.unwrap_or(rest.len())
}

/// Without an early return, so that it compiles to a few vector instructions.
#[inline(always)]
fn are_etagc(chunk: &[u8; 16]) -> bool {
    chunk.iter().fold(true, |all, &byte| all & is_etagc(byte))
}

/// How many bytes of the word are before the first stop: eight if there is none.
const fn bytes_before(stops: u64) -> usize {
    stops.trailing_zeros() as usize / 8
}

/// Sets the high bit of the lowest byte that is not `etagc`: a control, SP, `"` or DEL. Bits of higher bytes may be wrong.
const fn not_etagc(word: u64) -> u64 {
    const ONES: u64 = u64::MAX / 255;
    const HIGH: u64 = ONES * 0x80;
    // Each term sets the high bit of the bytes that it is named after. Bytes that had it set before are obs-text.
    let control_or_blank = word.wrapping_sub(ONES * 0x21);
    let quote = (word ^ (ONES * b'"' as u64)).wrapping_sub(ONES);
    let delete = (word & !HIGH) + ONES;
    (control_or_blank | quote | delete) & !word & HIGH
}

fn skip_blanks(mut value: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] = value {
        value = rest;
    }
    value
}

/// Skips empty members, which are ignored (section 5.6.1.2).
fn skip_empty_members(mut value: &[u8]) -> &[u8] {
    while let [b' ' | b'\t' | b',', rest @ ..] = value {
        value = rest;
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_stops_a_run_exactly_where_the_grammar_says() {
        for byte in 0..=u8::MAX {
            for at in 0..20 {
                let mut bytes = [b'a'; 20];
                bytes[at] = byte;
                let expected = if is_etagc(byte) { 20 } else { at };
                assert_eq!(etagc_run(&bytes), expected, "byte {byte:#04x} at {at}");
                let (short, at) = (&bytes[at..], 0);
                let expected = if is_etagc(byte) { short.len() } else { at };
                assert_eq!(etagc_run(short), expected, "byte {byte:#04x} first");
            }
        }
    }

    #[test]
    fn two_stops_in_one_word_give_the_first() {
        for first in 0..=u8::MAX {
            for second in 0..=u8::MAX {
                let bytes = [b'!', first, second, b'~', 0xFF, 0x80, b'#', b'a'];
                let naive = bytes.iter().position(|&o| !is_etagc(o)).unwrap_or(8);
                assert_eq!(etagc_run(&bytes), naive, "{first:#04x} {second:#04x}");
            }
        }
    }
}
