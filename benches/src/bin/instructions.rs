//! Runs every row for callgrind, which collects inside [`measured_operation`] alone and dumps after [`end_of_row`].

use std::hint::black_box;

use tower_conditional_benches::meter::{Meter, Row};
use tower_conditional_benches::rows;

fn main() {
    if std::env::args().any(|argument| argument == "growth") {
        rows::growing_operations(&mut Callgrind);
    } else {
        rows::operations(&mut Callgrind);
    }
}

struct Callgrind;

impl Meter for Callgrind {
    fn row<I, O>(
        &mut self,
        row: Row,
        mut prepare: impl FnMut() -> I,
        mut operate: impl FnMut(I) -> O,
    ) {
        for _ in 0..2 {
            measured_operation(&mut operate, prepare());
        }
        end_of_row();
        for _ in 0..row.operations {
            measured_operation(&mut operate, prepare());
        }
        end_of_row();
        println!("{},operations,{}", row.name, row.operations);
    }

    fn count(&mut self, _: &'static str, _: &'static str, _: u64) {}
}

/// There must be no closure in here: its name would contain this one.
#[inline(never)]
fn measured_operation<I, O>(operate: &mut impl FnMut(I) -> O, input: I) {
    black_box(&operate(input));
}

#[inline(never)]
fn end_of_row() {
    black_box(());
}
