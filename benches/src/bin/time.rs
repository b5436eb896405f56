//! Times every row beside its base: all rows in turn, again and again, and of each the best round.
//!
//! Neighbours on the machine only ever add time, so the best round is what repeats.

use std::collections::HashMap;
use std::hint::black_box;
use std::time::{Duration, Instant};

use tower_conditional_benches::meter::{Meter, Row};
use tower_conditional_benches::rows;

const ROUNDS: usize = 15;
const AT_LEAST: Duration = Duration::from_millis(2);

fn main() {
    let mut clock = Clock::default();
    for _ in 0..ROUNDS {
        rows::operations(&mut clock);
        rows::shares_of_hashing(&mut clock);
    }
    println!("| row | ns | times its base | base |");
    println!("| --- | ---: | ---: | --- |");
    for row in &clock.rows {
        let best = clock.best[row.name];
        let times = row
            .base
            .map(|base| format!("{:.3}", best / clock.best[base]));
        let (times, base) = (times.unwrap_or_default(), row.base.unwrap_or_default());
        println!("| {} | {best:.0} | {times} | {base} |", row.name);
    }
}

#[derive(Default)]
struct Clock {
    rows: Vec<Row>,
    best: HashMap<&'static str, f64>,
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
