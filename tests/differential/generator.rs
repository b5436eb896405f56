//! Random requests, made of values that have names: what counts is which kinds of values meet.

use http::{HeaderMap, HeaderName, HeaderValue};

use crate::naive::bytes;
use crate::support::{BYTES, IM, IMS, INM, IR, IUS, RANGE};

/// SplitMix64: the same numbers for the same seed, everywhere.
#[derive(Clone, Debug)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    pub(crate) fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit as u64) as usize
    }

    pub(crate) fn one_in(&mut self, many: usize) -> bool {
        self.below(many) == 0
    }

    pub(crate) fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }

    /// Visible characters that may be in a tag, but for the backslash, which a kind of list of its own has.
    fn opaque(&mut self) -> String {
        let length = self.below(12);
        let etagc = b"!#$%&'()*+,-./0123456789:;<=>?@ABCXYZ[]^_`abcxyz{|}~";
        (0..length).map(|_| char::from(*self.pick(etagc))).collect()
    }
}

/// The validators of the target, as they are in its response.
#[derive(Clone, Debug)]
pub(crate) struct Known {
    /// Without quotes.
    pub(crate) opaque: String,
    /// Seconds since 1970.
    pub(crate) modified: i64,
}

/// One field of a request, and what is known of its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Given {
    pub(crate) field: &'static str,
    pub(crate) kind: &'static str,
    pub(crate) lines: Vec<Vec<u8>>,
}

/// Kinds of lists. Those that a server most often has to tell apart are named more than once.
const LISTS: [&str; 24] = [
    "current",
    "current",
    "current",
    "current",
    "other",
    "other",
    "*",
    "*",
    "weak",
    "weak",
    "several others",
    "current, first of several",
    "current, last of several",
    "weak, one of several",
    "without spaces",
    "with empty members",
    "after a weak one",
    "after one with a backslash",
    "on two lines",
    "empty",
    "unquoted",
    "w/ in lower case",
    "* in a list",
    "without its last quote",
];

const DATES: [&str; 14] = [
    "current",
    "current",
    "current",
    "earlier",
    "earlier",
    "later",
    "later",
    "current, RFC 850",
    "current, asctime",
    "not a date",
    "a number",
    "wrong weekday",
    "without GMT",
    "on two lines",
];

const RANGE_VALIDATORS: [&str; 9] = [
    "current",
    "current",
    "other",
    "weak",
    "current date",
    "current date",
    "earlier date",
    "later date",
    "not a validator",
];

fn list(random: &mut Random, known: &Known, kind: &str) -> Vec<String> {
    let current = format!("\"{}\"", known.opaque);
    let weak = format!("W/{current}");
    let mut other = || format!("\"other{}\"", random.opaque());
    let one = match kind {
        "*" => "*".into(),
        "current" => current,
        "weak" => weak,
        "other" => other(),
        "current, last of several" => format!("{}, {}, {current}", other(), other()),
        "current, first of several" => format!("{current}, {}", other()),
        "weak, one of several" => format!("{}, {weak}, {}", other(), other()),
        "several others" => format!("{}, {}", other(), other()),
        "after a weak one" => format!("W/{}, {current}", other()),
        "after one with a backslash" => format!("\"a\\\", {current}"),
        "on two lines" => return vec![other(), current],
        "with empty members" => format!(", {},, {current} ,", other()),
        "without spaces" => format!("{},{current},{}", other(), other()),
        "empty" => String::new(),
        "unquoted" => known.opaque.clone(),
        "w/ in lower case" => format!("w/{current}"),
        "* in a list" => format!("{}, *", other()),
        "without its last quote" => format!("\"{}", known.opaque),
        kind => panic!("no such list: {kind}"),
    };
    vec![one]
}

fn date(random: &mut Random, known: &Known, kind: &str) -> Vec<String> {
    let away = 1 + random.below(100_000) as i64;
    let at = |seconds| written(seconds, 0);
    let one = match kind {
        "current" | "current date" => at(known.modified),
        "earlier" | "earlier date" => at(known.modified - away),
        "later" | "later date" => at(known.modified + away),
        "current, RFC 850" => written(known.modified, 1),
        "current, asctime" => written(known.modified, 2),
        "wrong weekday" => {
            let right = at(known.modified);
            let wrong = if right.starts_with("Mon") {
                "Tue"
            } else {
                "Mon"
            };
            format!("{wrong}{}", &right[3..])
        }
        "without GMT" => at(known.modified).replace(" GMT", ""),
        "a number" => known.modified.to_string(),
        "not a date" => "soon".into(),
        "on two lines" => [at(known.modified), at(known.modified + away)].join("\n"),
        kind => panic!("no such date: {kind}"),
    };
    one.split('\n').map(str::to_owned).collect()
}

fn range_validator(random: &mut Random, known: &Known, kind: &str) -> Vec<String> {
    match kind {
        "current" | "weak" | "other" => list(random, known, kind),
        "not a validator" => vec!["soon".into()],
        kind => date(random, known, kind),
    }
}

/// A date in one of the three forms of section 5.6.7.
fn written(seconds: i64, form: usize) -> String {
    let names = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec";
    let weekdays = "Thursday Friday Saturday Sunday Monday Tuesday Wednesday";
    let (days, clock) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let weekday = weekdays
        .split(' ')
        .nth(days.rem_euclid(7) as usize)
        .unwrap();
    let printed = crate::naive::http_date(seconds).to_string();
    let (day, year) = (&printed[5..7], &printed[12..16]);
    let month = names
        .split(' ')
        .find(|name| printed.contains(name))
        .unwrap();
    let clock = format!(
        "{:02}:{:02}:{:02}",
        clock / 3600,
        clock / 60 % 60,
        clock % 60
    );
    match form {
        0 => printed,
        1 => format!("{weekday}, {day}-{month}-{} {clock} GMT", &year[2..]),
        _ => format!(
            "{} {month} {:>2} {clock} {year}",
            &weekday[..3],
            day.trim_start_matches('0')
        ),
    }
}

/// The kinds of values of a field, the plainest first.
pub(crate) fn kinds(field: &str) -> &'static [&'static str] {
    match field {
        IM | INM => &LISTS,
        IMS | IUS => &DATES,
        IR => &RANGE_VALIDATORS,
        _ => &["bytes"],
    }
}

pub(crate) fn given(
    random: &mut Random,
    known: &Known,
    field: &'static str,
    kind: &'static str,
) -> Given {
    let lines = match field {
        IM | INM => list(random, known, kind),
        IMS | IUS => date(random, known, kind),
        IR => range_validator(random, known, kind),
        _ => vec![BYTES.to_owned()],
    };
    let lines = lines.iter().map(|line| bytes(line)).collect();
    Given { field, kind, lines }
}

/// Each of the six fields is there in half of the requests.
pub(crate) fn fields(random: &mut Random, known: &Known) -> Vec<Given> {
    let mut fields = Vec::new();
    for field in [IM, INM, IMS, IUS, IR, RANGE] {
        if random.one_in(2) {
            let kind = *random.pick(kinds(field));
            fields.push(given(random, known, field, kind));
        }
    }
    fields
}

/// Replaces, adds or removes a byte of one of the values, where the result can still be in a field.
pub(crate) fn spoil(random: &mut Random, given: &mut [Given]) {
    if given.is_empty() {
        return;
    }
    let field = random.below(given.len());
    let Some(line) = given[field].lines.first_mut() else {
        return;
    };
    let mut spoilt = line.clone();
    let place = random.below(spoilt.len() + 1);
    let byte = if random.one_in(2) {
        *random.pick(b"\",*W/\\ \t")
    } else {
        random.below(256) as u8
    };
    match random.below(3) {
        0 if place < spoilt.len() => spoilt[place] = byte,
        1 if place < spoilt.len() => drop(spoilt.remove(place)),
        _ => spoilt.insert(place, byte),
    }
    if HeaderValue::from_bytes(&spoilt).is_ok() {
        *line = spoilt;
    }
}

pub(crate) fn header_map(given: &[Given]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for one in given {
        for line in &one.lines {
            let name = HeaderName::from_bytes(one.field.as_bytes()).unwrap();
            headers.append(name, HeaderValue::from_bytes(line).unwrap());
        }
    }
    headers
}
