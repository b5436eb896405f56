//! Times rows, and keeps the best round of each: other programs on the machine only ever add time.

use std::collections::HashMap;
use std::hint::black_box;
use std::time::{Duration, Instant};

use crate::meter::{Meter, Row};

/// How long a row runs in each round.
const AT_LEAST: Duration = Duration::from_millis(2);

/// The rows in the order in which they came, and the best time of each in nanoseconds.
#[derive(Debug, Default)]
pub struct Clock {
    pub rows: Vec<Row>,
    pub best: HashMap<&'static str, f64>,
}

impl Meter for Clock {
    fn row<I, O>(
        &mut self,
        row: Row,
        mut prepare: impl FnMut() -> I,
        mut operate: impl FnMut(I) -> O,
    ) {
        let mut operations = 0;
        let mut spent = Duration::ZERO;
        while spent < AT_LEAST {
            let inputs: Vec<I> = (0..row.operations).map(|_| prepare()).collect();
            operations += row.operations;
            let start = Instant::now();
            for input in inputs {
                black_box(operate(black_box(input)));
            }
            spent += start.elapsed();
        }
        let each = spent.as_nanos() as f64 / f64::from(operations);
        match self.best.get_mut(row.name) {
            Some(best) => *best = best.min(each),
            None => {
                self.best.insert(row.name, each);
                self.rows.push(row);
            }
        }
    }

    fn count(&mut self, _: &'static str, _: &'static str, _: u64) {}
}
