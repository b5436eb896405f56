//! Counts the events of the layer's hook, and prints them in the text format of Prometheus.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use tower_conditional::observe::Evaluation;
use tower_conditional::precondition::Field;

/// Outcomes by route, decision, field and reason; clones share the counts.
#[derive(Clone, Default)]
pub(crate) struct Counters(Arc<Mutex<BTreeMap<Outcome, u64>>>);

/// The labels of one counter. Tags are not among them: they would make a counter for each.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Outcome {
    route: String,
    decision: &'static str,
    field: &'static str,
    reason: &'static str,
}

impl Counters {
    pub(crate) fn count(&self, evaluation: &Evaluation) {
        let outcome = Outcome {
            route: evaluation.route().unwrap_or_default().to_owned(),
            decision: evaluation.outcome.as_str(),
            field: evaluation.field.map_or("", Field::as_str),
            reason: evaluation.reason_str().unwrap_or_default(),
        };
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *counts.entry(outcome).or_default() += 1;
    }
}

impl fmt::Display for Counters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "# TYPE conditional_requests_total counter")?;
        let counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for (outcome, count) in counts.iter() {
            let Outcome {
                route,
                decision,
                field,
                reason,
            } = outcome;
            writeln!(
                f,
                "conditional_requests_total{{route=\"{route}\",decision=\"{decision}\",field=\"{field}\",\
                 reason=\"{reason}\"}} {count}"
            )?;
        }
        Ok(())
    }
}
