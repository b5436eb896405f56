//! Counts allocations, the peak of what is allocated, and whatever rows count themselves.

use std::hint::black_box;

use allocation_counter::{AllocationInfo, measure};
use tower_conditional_benches::meter::{Meter, Row};
use tower_conditional_benches::rows;

fn main() {
    if std::env::args().any(|argument| argument == "growth") {
        rows::growing_operations(&mut Counter);
        rows::growing_memory(&mut Counter);
    } else {
        rows::operations(&mut Counter);
        rows::once(&mut Counter);
    }
}

struct Counter;

impl Meter for Counter {
    fn row<I, O>(
        &mut self,
        row: Row,
        mut prepare: impl FnMut() -> I,
        mut operate: impl FnMut(I) -> O,
    ) {
        println!("{},over,{}", row.name, row.base.unwrap_or_default());
        black_box(operate(prepare()));
        let once = count(&mut prepare, &mut operate);
        println!("{},allocations,{}", row.name, once.count_total);
        println!("{},bytes,{}", row.name, once.bytes_total);
        println!("{},peak,{}", row.name, once.bytes_max);
    }

    fn held<I, O>(
        &mut self,
        row: Row,
        mut prepare: impl FnMut() -> I,
        mut operate: impl FnMut(I) -> O,
    ) {
        println!("{},over,{}", row.name, row.base.unwrap_or_default());
        black_box(operate(prepare()));
        let (input, mut output) = (prepare(), None);
        let held = measure(|| output = Some(operate(input)));
        println!("{},held,{}", row.name, held.bytes_current);
        black_box(output);
    }

    fn count(&mut self, row: &'static str, what: &'static str, count: u64) {
        println!("{row},{what},{count}");
    }
}

fn count<I, O>(
    prepare: &mut impl FnMut() -> I,
    operate: &mut impl FnMut(I) -> O,
) -> AllocationInfo {
    let input = prepare();
    measure(|| {
        black_box(operate(input));
    })
}
