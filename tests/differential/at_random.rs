//! As many random requests as there is time for, against the naive model:
//!
//! ```sh
//! TOWER_CONDITIONAL_RANDOM=10000000 cargo test --release --test differential at_random -- --nocapture
//! ```

use std::collections::BTreeMap;
use std::fmt::Write;

use tower_conditional::precondition::{Field, MethodClass};
use tower_conditional::validator::Absent;

use crate::generator::{Given, Known, Random, fields, header_map, spoil};
use crate::naive::{Answer, Present, State, Tag};
use crate::support::{
    IM, IMS, INM, IR, IUS, NOW, RANGE, T_SECONDS, agree, classed_methods, evaluated,
};

/// The steps of section 13.2.2, and the two ends that no step decides.
const ENDS: [&str; 8] = [
    "If-Match: 412",
    "If-Unmodified-Since: 412",
    "If-None-Match: 412",
    "If-None-Match: 304",
    "If-Modified-Since: 304",
    "If-Range: without Range",
    "malformed: 400",
    "performed",
];

fn end(answer: Answer, given: &[Given]) -> usize {
    match answer {
        Answer::Failed(Field::IfMatch) => 0,
        Answer::Failed(Field::IfUnmodifiedSince) => 1,
        Answer::Failed(_) => 2,
        Answer::NotModified if has(given, INM) => 3,
        Answer::NotModified => 4,
        Answer::PerformWithoutRange => 5,
        Answer::BadRequest(_) => 6,
        Answer::Perform => 7,
    }
}

fn has(given: &[Given], field: &str) -> bool {
    given.iter().any(|one| one.field == field)
}

/// Whether requests with these fields can end so.
fn can_end(fields: &[&str], end: usize) -> bool {
    let has = |field| fields.contains(&field);
    match end {
        0 => has(IM),
        1 => has(IUS) && !has(IM),
        2 | 3 => has(INM),
        4 => has(IMS) && !has(INM),
        5 => has(IR) && has(RANGE),
        6 => has(IM) || has(INM),
        _ => true,
    }
}

fn state(random: &mut Random, known: &Known) -> State {
    let absent = [Absent::ByMethod, Absent::MaySucceed, Absent::WillFail];
    match random.below(16) {
        0 => return State::Unknown,
        1 => return State::Delegated,
        2 | 3 => return State::Absent(*random.pick(&absent)),
        _ => {}
    }
    let tag = Tag {
        weak: random.one_in(4),
        opaque: known.opaque.clone().into_bytes(),
    };
    let stale = Tag::of("\"before\"");
    let (tag, others) = match random.below(8) {
        0 => (None, Vec::new()),
        1 => (Some(stale), vec![tag]),
        2 => (None, vec![stale, tag]),
        _ => (Some(tag), Vec::new()),
    };
    let modified = (known.modified, random.one_in(2));
    State::Present(Present {
        tag,
        others,
        modified: (!random.one_in(6)).then_some(modified),
    })
}

fn methods() -> Vec<(MethodClass, &'static str)> {
    let more = [
        ("GET", 8),
        ("HEAD", 3),
        ("PUT", 4),
        ("DELETE", 2),
        ("PATCH", 2),
    ];
    let more = more.iter().flat_map(|(method, many)| {
        let all = classed_methods();
        let one = *all.iter().find(|(_, one)| one == method).unwrap();
        std::iter::repeat_n(one, *many)
    });
    more.chain(classed_methods()).collect()
}

/// How often each combination of fields has ended in each way.
#[derive(Default)]
struct Met(BTreeMap<Vec<&'static str>, [usize; ENDS.len()]>);

impl Met {
    fn count(&mut self, given: &[Given], answer: Answer) {
        let fields = given.iter().map(|one| one.field).collect();
        self.0.entry(fields).or_default()[end(answer, given)] += 1;
    }

    fn assert_is_everything(&self) {
        assert_eq!(self.0.len(), 64, "combinations of the six fields");
        for (fields, ends) in &self.0 {
            for (end, met) in ends.iter().enumerate() {
                let name = ENDS[end];
                assert_eq!(*met > 0, can_end(fields, end), "{fields:?}, {name}: {met}");
            }
        }
    }

    fn report(&self) -> String {
        let mut report = String::new();
        for (end, name) in ENDS.iter().enumerate() {
            let all: usize = self.0.values().map(|ends| ends[end]).sum();
            let each = self.0.values().map(|ends| ends[end]);
            let rarest = each.filter(|met| *met > 0).min().unwrap_or(0);
            let combinations = self.0.values().filter(|ends| ends[end] > 0).count();
            writeln!(
                report,
                "{all:>10} {name}, with {combinations} combinations of fields, {rarest} times or more with each"
            )
            .unwrap();
        }
        report
    }
}

fn number(variable: &str) -> Option<u64> {
    let number = std::env::var(variable).ok()?;
    Some(number.parse().expect(variable))
}

#[test]
fn at_random() {
    let count = number("TOWER_CONDITIONAL_RANDOM").unwrap_or(30_000);
    let seed = number("TOWER_CONDITIONAL_SEED").unwrap_or(1);
    let mut random = Random::new(seed);
    let known = Known {
        opaque: "v1,a".into(),
        modified: T_SECONDS,
    };
    let methods = methods();
    let mut met = Met::default();
    for _ in 0..count {
        let mut given = fields(&mut random, &known);
        if random.one_in(8) {
            spoil(&mut random, &mut given);
        }
        let (class, method) = *random.pick(&methods);
        let state = state(&mut random, &known);
        let headers = header_map(&given);
        agree(class, method, &headers, NOW, std::slice::from_ref(&state));
        met.count(&given, evaluated(class, method, &headers, NOW, &state));
    }
    println!("{count} requests with seed {seed}:\n{}", met.report());
    met.assert_is_everything();
}
