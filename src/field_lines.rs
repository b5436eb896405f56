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
