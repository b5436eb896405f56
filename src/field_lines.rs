//! The lines of fields: those of one field, or those of several fields found in one walk.

use std::fmt;

use http::header::{GetAll, HeaderMap, HeaderName, HeaderValue};

use crate::field::Field;
use crate::tag_list::{self, ListForm, RawTag};

/// The lines of one field in a header map.
pub(crate) fn lines_of<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<Lines<'h>> {
    // The short way: no field has several lines.
    if headers.len() == headers.keys_len() {
        return headers.get(name).map(Lines::One);
    }
    let all = headers.get_all(name);
    let mut lines = all.iter();
    match (lines.next(), lines.next()) {
        (None, _) => None,
        (Some(only), None) => Some(Lines::One(only)),
        (Some(_), Some(_)) => Some(Lines::Several(all)),
    }
}

/// The lines of one field among detached lines. Lines of one field are next to each other.
pub(crate) fn lines_among(taken: &[TakenLine], field: Field) -> Option<Lines<'_>> {
    let mut fields = taken.chunk_by(|(a, _), (b, _)| a == b);
    match fields.find(|lines| lines[0].0 == field)? {
        [(_, only)] => Some(Lines::One(only)),
        several => Some(Lines::Taken(several)),
    }
}

/// A line that was taken out of its header map.
pub(crate) type TakenLine = (Field, HeaderValue);

/// The lines of each field for which `place` returns an index, at that index. `None` for a field that is not there.
#[cfg(feature = "layer")]
pub(crate) fn lines_in<const N: usize>(
    headers: &HeaderMap,
    place: impl Fn(&HeaderName) -> Option<usize>,
) -> [Option<Lines<'_>>; N] {
    let mut found = [const { None }; N];
    for (name, line) in headers {
        if let Some(lines) = place(name).and_then(|place| found.get_mut(place)) {
            match lines {
                None => *lines = Some(Lines::One(line)),
                Some(Lines::One(_)) => *lines = Some(Lines::Several(headers.get_all(name))),
                Some(_) => {}
            }
        }
    }
    found
}

/// The lines of one field, in order (section 5.3: several lines are one list).
pub(crate) enum Lines<'h> {
    One(&'h HeaderValue),
    Several(GetAll<'h, HeaderValue>),
    /// Two or more that were taken out of their map.
    Taken(&'h [TakenLine]),
    /// A list of tags that was in no header. It is scanned, and is no line.
    Text(&'h [u8]),
}

impl<'h> Lines<'h> {
    /// The line, if there is exactly one.
    pub(crate) const fn single(&self) -> Option<&'h HeaderValue> {
        match self {
            Self::One(line) => Some(line),
            Self::Several(_) | Self::Taken(_) | Self::Text(_) => None,
        }
    }

    /// Reads the lines as one list of tags, and calls `visit` with each.
    pub(crate) fn scan(&self, visit: impl FnMut(RawTag<'h>)) -> ListForm {
        // One call for both, because the scanner is inlined into each.
        let line = match self {
            Self::One(line) => line.as_bytes(),
            Self::Text(list) => list,
            Self::Several(lines) => return tag_list::scan(lines.iter(), visit),
            Self::Taken(lines) => {
                return tag_list::scan(lines.iter().map(|(_, line)| line), visit);
            }
        };
        tag_list::scan([line], visit)
    }

    /// Calls `visit` with each line.
    pub(crate) fn for_each(&self, visit: impl FnMut(&'h HeaderValue)) {
        match self {
            Self::One(line) => [*line].into_iter().for_each(visit),
            Self::Several(lines) => lines.iter().for_each(visit),
            Self::Taken(lines) => lines.iter().map(|(_, line)| line).for_each(visit),
            Self::Text(_) => {}
        }
    }

    #[cfg(feature = "layer")]
    pub(crate) fn count(&self) -> usize {
        let mut count = 0;
        self.for_each(|_| count += 1);
        count
    }
}

/// Not derived: `GetAll` shows the whole map.
impl fmt::Debug for Lines<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut list = f.debug_list();
        if let Self::Text(text) = self {
            list.entry(&String::from_utf8_lossy(text));
        }
        self.for_each(|line| {
            list.entry(line);
        });
        list.finish()
    }
}

#[cfg(test)]
#[cfg(feature = "layer")]
mod tests {
    use http::header::{ACCEPT, ETAG, IF_MATCH, VARY};

    use super::*;

    const A: HeaderValue = HeaderValue::from_static("a");
    const B: HeaderValue = HeaderValue::from_static("b");
    const C: HeaderValue = HeaderValue::from_static("c");

    #[track_caller]
    fn assert_lines(lines: Option<&Lines<'_>>, expected: &[HeaderValue]) {
        let mut found = Vec::new();
        if let Some(lines) = lines {
            lines.for_each(|line| found.push(line.clone()));
            assert_eq!(lines.count(), expected.len());
            assert_eq!(lines.single().is_some(), expected.len() == 1);
        }
        assert_eq!(found, expected);
        assert_eq!(lines.is_some(), !expected.is_empty());
    }

    /// Section 5.3: several lines of a field are one list, in their order.
    #[test]
    fn one_walk_finds_the_lines_of_each_field() {
        let headers = HeaderMap::from_iter([
            (VARY, A),
            (ETAG, B),
            (ACCEPT, A),
            (VARY, B),
            (IF_MATCH, C),
            (VARY, C),
        ]);
        let found: [_; 4] = lines_in(&headers, |name| match *name {
            VARY => Some(0),
            ETAG => Some(1),
            IF_MATCH => Some(3),
            // Outside of the array.
            ACCEPT => Some(4),
            _ => None,
        });
        let [vary, etag, nothing, if_match] = &found;
        assert_lines(vary.as_ref(), &[A, B, C]);
        assert_lines(etag.as_ref(), &[B]);
        assert_lines(nothing.as_ref(), &[]);
        assert_lines(if_match.as_ref(), &[C]);
    }

    #[test]
    fn the_lines_of_one_field() {
        let headers = HeaderMap::from_iter([(VARY, A), (ETAG, B), (VARY, C)]);
        assert_lines(lines_of(&headers, &VARY).as_ref(), &[A, C]);
        assert_lines(lines_of(&headers, &ETAG).as_ref(), &[B]);
        assert_lines(lines_of(&headers, &ACCEPT).as_ref(), &[]);

        let taken = [
            (Field::IfMatch, A),
            (Field::IfMatch, B),
            (Field::IfRange, C),
        ];
        assert_lines(lines_among(&taken, Field::IfMatch).as_ref(), &[A, B]);
        assert_lines(lines_among(&taken, Field::IfRange).as_ref(), &[C]);
        assert_lines(lines_among(&taken, Field::IfNoneMatch).as_ref(), &[]);
    }
}
