//! The order of section 13.2.2.

use tower_conditional::validator::Absent;
use tower_conditional::{Current, EntityTag, Representation};

use crate::decision_table::{self as table, Expected, Policy, ROWS};
use crate::naive::State;
use crate::support::Outcome::{self, Failed, Malformed, NotModified, Run, RunWithoutRange};
use crate::support::{
    BYTES, IM, IMS, INM, IR, IUS, RANGE, T, T_MINUS_1, a, e, l, n, row, strong_l, w,
};

impl table::State {
    /// `None` where the source or the handler decides.
    fn state(self) -> Option<State> {
        Some(match self {
            Self::E => e(),
            Self::W => w(),
            Self::L => l(),
            Self::StrongL => strong_l(),
            Self::N => n(),
            Self::A => a(),
            Self::Delegates => State::Delegated,
            Self::Fails | Self::Answers(_) => return None,
        })
    }
}

impl Expected {
    fn outcome(self) -> Outcome {
        match self {
            Self::Run(_) | Self::RunWithRange | Self::RunIntact => Run,
            Self::RunWithoutRange => RunWithoutRange,
            Self::NotModified => NotModified,
            Self::Refused(412) => Failed,
            Self::Refused(400) => Malformed,
            Self::Refused(status) => panic!("the core knows no {status}"),
        }
    }
}

/// Required preconditions, failing sources and answers that come first are tested through the layer.
#[test]
fn the_decision_table() {
    let mut held = 0;
    for &(section, method, state, policy, fields, expected) in ROWS {
        if let (Some(state), Policy::Optional) = (state.state(), policy) {
            row(section, method, &state, fields, expected.outcome());
            held += 1;
        }
    }
    assert_eq!((held, ROWS.len()), (64, 78));
}

/// Section 13.2.2: after a true condition the evaluation goes on with the next step.
#[test]
fn a_true_condition_leads_to_the_next_step() {
    let (im, ius, inm, ims) = ((IM, "\"v1\""), (IUS, T), (INM, "\"x\""), (IMS, T_MINUS_1));
    let range = [(RANGE, BYTES), (IR, "\"x\"")];
    for first in [im, ius] {
        for second in [inm, ims] {
            let fields = [&[first, second], &range[..]].concat();
            row("13.2.2", "GET", &e(), &fields, RunWithoutRange);
        }
        row("13.2.2", "GET", &e(), &[first, (INM, "*")], NotModified);
        row("13.2.2", "GET", &e(), &[first, (IMS, T)], NotModified);
        row("13.2.2", "PUT", &e(), &[first, (INM, "*")], Failed);
    }
    for (field, value) in [(IM, "\"x\""), (IUS, T_MINUS_1)] {
        row(
            "13.2.2",
            "GET",
            &e(),
            &[(field, value), (INM, "\"v1\"")],
            Failed,
        );
        row("13.2.2", "GET", &e(), &[(field, value), (IMS, T)], Failed);
    }
}

/// Section 13.2.2: only the fields of section 13.1 are evaluated.
#[test]
fn other_fields_are_ignored() {
    for name in [
        "if",
        "if-schedule-tag-match",
        "x-if-match",
        "if-match-x",
        "etag",
        "if-unmodified",
    ] {
        row("13.2.2", "PUT", &e(), &[(name, "\"x\"")], Run);
        row(
            "13.2.2",
            "GET",
            &e(),
            &[(name, "*"), (INM, "\"v1\"")],
            NotModified,
        );
    }
}

/// Section 13.2.1: whether there is a representation decides many conditions, and it may not be known.
#[test]
fn whether_the_target_exists() {
    for (current, exists) in [
        (Current::from(Representation::new()), Some(true)),
        (Current::from(EntityTag::from_version(7)), Some(true)),
        (Current::from(None::<EntityTag>), Some(false)),
        (Current::absent(), Some(false)),
        (Current::Absent(Absent::MaySucceed), Some(false)),
        (Current::Unknown, None),
        (Current::Delegated, None),
    ] {
        assert_eq!(current.exists(), exists, "{current:?}");
        let representation = current.representation();
        assert_eq!(representation.is_some(), exists == Some(true));
    }
}
