//! A naive reading of [RFC 9110, section 13.2.2]: slow, allocating, and as close to the text as code gets.
//!
//! Where the RFC leaves a choice it follows the crate's documentation; those places say "our choice".
//!
//! [RFC 9110, section 13.2.2]: https://www.rfc-editor.org/rfc/rfc9110#section-13.2.2

use http::header::{
    HeaderMap, HeaderName, IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_RANGE,
    IF_UNMODIFIED_SINCE, RANGE,
};
use tower_conditional::precondition::{Field, MethodClass};
use tower_conditional::validator::Absent;
use tower_conditional::{Current, Decision, EntityTag, HttpDate, Representation};

/// What the server has to do with the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    Perform,
    PerformWithoutRange,
    NotModified,
    Failed(Field),
    /// Our choice for "otherwise, the condition is false" where the field is malformed.
    BadRequest(Field),
}

impl From<Decision> for Answer {
    fn from(decision: Decision) -> Self {
        match decision {
            Decision::Proceed => Self::Perform,
            Decision::IgnoreRange => Self::PerformWithoutRange,
            Decision::NotModified => Self::NotModified,
            Decision::PreconditionFailed(failed) => Self::Failed(failed.field()),
            Decision::Malformed(field) => Self::BadRequest(field),
        }
    }
}

impl Answer {
    pub(crate) const fn is_refusal(self) -> bool {
        matches!(self, Self::Failed(_) | Self::BadRequest(_))
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Tag {
    pub(crate) weak: bool,
    /// Without quotes.
    pub(crate) opaque: Vec<u8>,
}

impl Tag {
    /// `[ %s"W/" ] DQUOTE *etagc DQUOTE` and nothing else (section 8.8.3).
    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        let (weak, quoted) = if bytes.starts_with(b"W/") {
            (true, &bytes[2..])
        } else {
            (false, bytes)
        };
        if quoted.len() < 2 || !quoted.starts_with(b"\"") || !quoted.ends_with(b"\"") {
            return None;
        }
        let opaque = &quoted[1..quoted.len() - 1];
        let etagc = |byte: &u8| *byte == 0x21 || (0x23..=0x7E).contains(byte) || *byte >= 0x80;
        opaque.iter().all(etagc).then(|| Self {
            weak,
            opaque: opaque.to_vec(),
        })
    }

    pub(crate) fn of(text: &str) -> Self {
        Self::read(&bytes(text)).unwrap_or_else(|| panic!("not a tag: {text}"))
    }

    /// Section 8.8.3.2: "equivalent if both are not weak and their opaque-tags match character-by-character".
    pub(crate) fn strong_match(&self, other: &Self) -> bool {
        !self.weak && !other.weak && self.opaque == other.opaque
    }

    /// Section 8.8.3.2: "regardless of either or both being tagged as weak".
    pub(crate) fn weak_match(&self, other: &Self) -> bool {
        self.opaque == other.opaque
    }

    pub(crate) fn ours(&self) -> EntityTag {
        let tag = if self.weak {
            EntityTag::weak(&self.opaque)
        } else {
            EntityTag::strong(&self.opaque)
        };
        tag.unwrap()
    }
}

#[derive(Clone, Debug)]
pub(crate) enum List {
    Any,
    Tags(Vec<Tag>),
    Malformed,
}

impl List {
    /// Section 5.3: the combined value is the lines with commas between them.
    /// Section 13.1.1: `"*" / #entity-tag`.
    pub(crate) fn read(lines: &[Vec<u8>]) -> Self {
        let combined = lines.join(&b", "[..]);
        if trim(&combined) == b"*" {
            return Self::Any;
        }
        let mut members = vec![Vec::new()];
        let mut in_quotes = false;
        for byte in combined {
            if byte == b'"' {
                in_quotes = !in_quotes;
            }
            if byte == b',' && !in_quotes {
                members.push(Vec::new());
            } else {
                members.last_mut().unwrap().push(byte);
            }
        }
        let mut tags = Vec::new();
        for member in &members {
            let member = trim(member);
            // Section 5.6.1.2: empty members do not count.
            if member.is_empty() {
                continue;
            }
            match Tag::read(member) {
                Some(tag) => tags.push(tag),
                // Our choice: one bad member spoils the list.
                None => return Self::Malformed,
            }
        }
        Self::Tags(tags)
    }
}

#[derive(Clone, Debug)]
enum RangeValidator {
    Tag(Tag),
    Date(i64),
    Neither,
}

#[derive(Clone, Debug)]
pub(crate) struct Present {
    pub(crate) tag: Option<Tag>,
    /// Tags of the other current representations: they guard writes.
    pub(crate) others: Vec<Tag>,
    /// The date, and whether it is a strong validator.
    pub(crate) modified: Option<(i64, bool)>,
}

/// What the server knows of the target.
#[derive(Clone, Debug)]
pub(crate) enum State {
    Present(Present),
    Absent(Absent),
    Unknown,
    Delegated,
}

impl State {
    pub(crate) const fn present(tag: Option<Tag>, modified: Option<(i64, bool)>) -> Self {
        Self::Present(Present {
            tag,
            others: Vec::new(),
            modified,
        })
    }

    /// The same state as a type of the crate.
    pub(crate) fn current(&self) -> Current {
        match self {
            Self::Present(present) => Current::Present(present.representation()),
            Self::Absent(absent) => Current::Absent(*absent),
            Self::Unknown => Current::Unknown,
            Self::Delegated => Current::Delegated,
        }
    }
}

impl Present {
    fn representation(&self) -> Representation {
        let representation = match &self.tag {
            Some(tag) => Representation::tagged(tag.ours()),
            None => Representation::new(),
        };
        let representation = match self.modified {
            Some((date, true)) => representation.strong_last_modified(http_date(date)),
            Some((date, false)) => representation.last_modified(http_date(date)),
            None => representation,
        };
        representation.other_tags(self.others.iter().map(Tag::ours))
    }
}

/// A request, read once.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    class: MethodClass,
    method: String,
    if_match: Option<List>,
    if_none_match: Option<List>,
    /// `None` also where the field is to be ignored because it is not one valid date.
    if_modified_since: Option<i64>,
    if_unmodified_since: Option<i64>,
    has_range: bool,
    if_range: Option<RangeValidator>,
}

impl Request {
    pub(crate) fn read(class: MethodClass, method: &str, headers: &HeaderMap, now: i64) -> Self {
        let lines = |name: HeaderName| -> Vec<Vec<u8>> {
            let lines = headers.get_all(name).iter();
            lines.map(|line| line.as_bytes().to_vec()).collect()
        };
        let list = |name| {
            Some(lines(name))
                .filter(|l| !l.is_empty())
                .map(|l| List::read(&l))
        };
        let only_date = |name| match &lines(name)[..] {
            [line] => date(line, now),
            _ => None,
        };
        let if_range = match &lines(IF_RANGE)[..] {
            [] => None,
            [line] => Some(range_validator(line, now)),
            _ => Some(RangeValidator::Neither),
        };
        Self {
            class,
            method: method.to_owned(),
            if_match: list(IF_MATCH),
            if_none_match: list(IF_NONE_MATCH),
            if_modified_since: only_date(IF_MODIFIED_SINCE),
            if_unmodified_since: only_date(IF_UNMODIFIED_SINCE),
            has_range: headers.contains_key(RANGE),
            if_range,
        }
    }

    /// Our choice: malformed fields are refused in If-Match on every method that is evaluated, and in If-None-Match on
    /// writes.
    pub(crate) fn malformed(&self) -> Option<Field> {
        if self.class == MethodClass::Neither {
            None
        } else if matches!(self.if_match, Some(List::Malformed)) {
            Some(Field::IfMatch)
        } else if self.is_write() && matches!(self.if_none_match, Some(List::Malformed)) {
            Some(Field::IfNoneMatch)
        } else {
            None
        }
    }

    pub(crate) fn evaluate(&self, state: &State) -> Answer {
        // Section 13.2.1: methods that neither select nor modify a representation.
        if self.class == MethodClass::Neither {
            return Answer::Perform;
        }
        match state {
            State::Delegated => Answer::Perform,
            State::Present(present) => self.evaluate_present(present),
            State::Absent(absent) => self.evaluate_absent(*absent),
            State::Unknown => self.evaluate_unknown(),
        }
    }

    /// Section 13.2.2, word by word.
    fn evaluate_present(&self, current: &Present) -> Answer {
        // "1. When recipient is the origin server and If-Match is present, evaluate the If-Match precondition:"
        if let Some(if_match) = &self.if_match {
            let holds = match if_match {
                List::Any => true,
                List::Tags(tags) => tags.iter().any(|tag| {
                    self.guards(current)
                        .iter()
                        .any(|ours| tag.strong_match(ours))
                }),
                List::Malformed => return Answer::BadRequest(Field::IfMatch),
            };
            // "if true, continue to step 3; if false, respond 412"
            if !holds {
                return Answer::Failed(Field::IfMatch);
            }
        }
        // "2. When recipient is the origin server, If-Match is not present, and If-Unmodified-Since is present"
        else if let (Some(date), Some((modified, _))) =
            (self.if_unmodified_since, current.modified)
            && modified > date
        {
            return Answer::Failed(Field::IfUnmodifiedSince);
        }
        // "3. When If-None-Match is present, evaluate the If-None-Match precondition:"
        if let Some(if_none_match) = &self.if_none_match {
            let holds = match if_none_match {
                List::Any => false,
                List::Tags(tags) => !tags
                    .iter()
                    .any(|tag| self.guards(current).iter().any(|ours| tag.weak_match(ours))),
                // Our choice: on reads it matches nothing.
                List::Malformed if self.is_write() => {
                    return Answer::BadRequest(Field::IfNoneMatch);
                }
                List::Malformed => true,
            };
            // "if true, continue to step 5; if false for GET/HEAD, respond 304; if false for other methods, respond 412"
            if !holds && self.is_write() {
                return Answer::Failed(Field::IfNoneMatch);
            }
            if !holds {
                return Answer::NotModified;
            }
        }
        // "4. When the method is GET or HEAD, If-None-Match is not present, and If-Modified-Since is present"
        else if (self.method == "GET" || self.method == "HEAD")
            && let (Some(date), Some((modified, _))) = (self.if_modified_since, current.modified)
            && modified <= date
        {
            return Answer::NotModified;
        }
        self.evaluate_range(Some(current))
    }

    /// "5. When the method is GET and both Range and If-Range are present, evaluate the If-Range precondition:"
    fn evaluate_range(&self, current: Option<&Present>) -> Answer {
        let Some(if_range) = self.if_range.as_ref().filter(|_| self.is_ranged_get()) else {
            return Answer::Perform;
        };
        let tag = current.and_then(|current| current.tag.as_ref());
        let modified = current.and_then(|current| current.modified);
        let holds = match if_range {
            RangeValidator::Tag(theirs) => tag.is_some_and(|ours| theirs.strong_match(ours)),
            // Our choice: the same instant in any of the three forms.
            RangeValidator::Date(date) => modified == Some((*date, true)),
            RangeValidator::Neither => false,
        };
        if holds {
            Answer::Perform
        } else {
            Answer::PerformWithoutRange
        }
    }

    fn evaluate_absent(&self, absent: Absent) -> Answer {
        if let Some(field) = self.malformed() {
            return Answer::BadRequest(field);
        }
        let may_succeed = match absent {
            Absent::MaySucceed => true,
            Absent::WillFail => false,
            _ => matches!(&self.method[..], "PUT" | "PATCH" | "POST"),
        };
        // Section 13.2.1: ignored where the answer without them would be neither 2xx nor 412.
        if !may_succeed {
            return Answer::Perform;
        }
        // Step 1: neither `*` nor a list is true. Step 2: no modification date, ignored. Step 3: always true.
        // Step 4: as step 2.
        if self.if_match.is_some() {
            return Answer::Failed(Field::IfMatch);
        }
        self.evaluate_range(None)
    }

    /// Our choice: a write that cannot be evaluated is not performed; a read may always be answered without its range.
    fn evaluate_unknown(&self) -> Answer {
        if let Some(field) = self.malformed() {
            return Answer::BadRequest(field);
        }
        if self.is_write() {
            if self.if_match.is_some() {
                return Answer::Failed(Field::IfMatch);
            }
            if self.if_unmodified_since.is_some() {
                return Answer::Failed(Field::IfUnmodifiedSince);
            }
            if self.if_none_match.is_some() {
                return Answer::Failed(Field::IfNoneMatch);
            }
        }
        self.evaluate_range(None)
    }

    /// A read has one selected representation; a write is guarded by every current one (section 13.1.1, prose).
    fn guards(&self, current: &Present) -> Vec<Tag> {
        let mut tags: Vec<Tag> = current.tag.iter().cloned().collect();
        if self.is_write() {
            tags.extend(current.others.iter().cloned());
        }
        tags
    }

    fn is_write(&self) -> bool {
        self.class == MethodClass::Write
    }

    fn is_ranged_get(&self) -> bool {
        self.method == "GET" && self.has_range
    }
}

/// Section 13.1.5: a tag has a DQUOTE among its first three characters, a date has none.
fn range_validator(line: &[u8], now: i64) -> RangeValidator {
    let value = trim(line);
    if value.iter().take(3).any(|byte| *byte == b'"') {
        Tag::read(value).map_or(RangeValidator::Neither, RangeValidator::Tag)
    } else {
        // Second 60 is read as 59, and so is never the very same date.
        let is_leap_second = std::str::from_utf8(value).is_ok_and(|text| text.contains(":60"));
        let date = date(value, now).filter(|_| !is_leap_second);
        date.map_or(RangeValidator::Neither, RangeValidator::Date)
    }
}

/// Section 5.6.7, any of the three forms, as seconds since 1970.
///
/// Our choices: the weekday need not be the right one, second 60 is read as 59.
pub(crate) fn date(line: &[u8], now: i64) -> Option<i64> {
    let text = std::str::from_utf8(trim(line)).ok()?;
    let short = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
    let long = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday";

    if looks_like(text, "aaa, 00 aaa 0000 00:00:00 GMT") {
        short.contains(&&text[..3]).then_some(())?;
        let year = number(&text[12..16]);
        return instant(year, &text[8..11], &text[5..7], &text[17..25]);
    }
    if looks_like(text, "aaa aaa 00 00:00:00 0000") || looks_like(text, "aaa aaa  0 00:00:00 0000")
    {
        short.contains(&&text[..3]).then_some(())?;
        let year = number(&text[20..24]);
        return instant(year, &text[4..7], text[8..10].trim(), &text[11..19]);
    }
    let (weekday, rest) = text.split_once(", ")?;
    if looks_like(rest, "00-aaa-00 00:00:00 GMT") {
        long.split(' ').find(|name| *name == weekday)?;
        let (this_year, in_fifty_years) = year_and_fifty_years_on(now);
        let year = this_year / 100 * 100 + number(&rest[7..9]);
        let in_year = |year| instant(year, &rest[3..6], &rest[..2], &rest[10..18]);
        // "appears to be more than 50 years in the future": the most recent past year with these digits.
        return match in_year(year) {
            Some(seconds) if seconds <= in_fifty_years => Some(seconds),
            _ => in_year(year - 100),
        };
    }
    None
}

/// `0` stands for a digit, `a` for a letter, the rest for itself.
fn looks_like(text: &str, pattern: &str) -> bool {
    text.len() == pattern.len()
        && text
            .bytes()
            .zip(pattern.bytes())
            .all(|(byte, expected)| match expected {
                b'0' => byte.is_ascii_digit(),
                b'a' => byte.is_ascii_alphabetic(),
                _ => byte == expected,
            })
}

fn number(digits: &str) -> i64 {
    digits.parse().unwrap()
}

fn instant(year: i64, month: &str, day: &str, clock: &str) -> Option<i64> {
    let names = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec";
    let month = names.split(' ').position(|name| name == month)? as i64 + 1;
    let day = number(day);
    let (hour, minute, second) = (
        number(&clock[..2]),
        number(&clock[3..5]),
        number(&clock[6..]),
    );
    let is_valid = (0..=9999).contains(&year)
        && (1..=days_of_month(year, month)).contains(&day)
        && hour <= 23
        && minute <= 59
        && second <= 60;
    is_valid.then(|| {
        let days = days_before_month(year, month) + day - 1;
        days * 86_400 + hour * 3600 + minute * 60 + second.min(59)
    })
}

fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

fn days_of_year(year: i64) -> i64 {
    if is_leap(year) { 366 } else { 365 }
}

fn days_of_month(year: i64, month: i64) -> i64 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days from 1 January 1970 to the first of the month, counted year by year and month by month.
fn days_before_month(year: i64, month: i64) -> i64 {
    let years: i64 = if year >= 1970 {
        (1970..year).map(days_of_year).sum()
    } else {
        -(year..1970).map(days_of_year).sum::<i64>()
    };
    years
        + (1..month)
            .map(|month| days_of_month(year, month))
            .sum::<i64>()
}

/// The year of an instant, and the instant fifty years on.
fn year_and_fifty_years_on(seconds: i64) -> (i64, i64) {
    let (mut days, clock) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let (mut year, mut month) = (1970, 1);
    while days < 0 {
        year -= 1;
        days += days_of_year(year);
    }
    while days >= days_of_year(year) {
        days -= days_of_year(year);
        year += 1;
    }
    while days >= days_of_month(year, month) {
        days -= days_of_month(year, month);
        month += 1;
    }
    let then = days_before_month(year + 50, month) + days;
    (year, then * 86_400 + clock)
}

/// Section 5.5 and 5.6.3: OWS is SP and HTAB.
fn trim(bytes: &[u8]) -> &[u8] {
    let is_blank = |byte: &u8| *byte == b' ' || *byte == b'\t';
    let Some(start) = bytes.iter().position(|byte| !is_blank(byte)) else {
        return &[];
    };
    let end = bytes.iter().rposition(|byte| !is_blank(byte)).unwrap();
    &bytes[start..=end]
}

/// Each character up to U+00FF is one byte.
pub(crate) fn bytes(text: &str) -> Vec<u8> {
    text.chars().map(|c| u8::try_from(c).unwrap()).collect()
}

pub(crate) fn http_date(seconds: i64) -> HttpDate {
    HttpDate::from_unix_seconds(seconds).unwrap()
}
