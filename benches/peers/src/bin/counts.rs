//! Counts the allocations of every row.

use std::hint::black_box;

use allocation_counter::measure;
use tower_conditional_benches::meter::{Meter, Row};
use tower_conditional_peers::jobs;

fn main() {
    jobs::looking_up(&mut Counter);
    jobs::hashing(&mut Counter);
    jobs::evaluating(&mut Counter);
}

struct Counter;

impl Meter for Counter {
    fn row<I, O>(
        &mut self,
        row: Row,
        mut prepare: impl FnMut() -> I,
        mut operate: impl FnMut(I) -> O,
    ) {
        black_box(operate(prepare()));
        let input = prepare();
        let counted = measure(|| {
            black_box(operate(input));
        });
        println!("{}\t{}", counted.count_total, row.name);
    }

    fn count(&mut self, _: &'static str, _: &'static str, _: u64) {}
}
