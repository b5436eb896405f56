//! Prints the ratios that only wall time shows, as rows of `scripts/figures.sh`.

mod hashing;
mod own_keys;

use std::time::Instant;

const ROUNDS: usize = 1001;

fn main() {
    hashing::print();
    own_keys::print();
}

/// Prints the ratio of the best round of each side. Both run in turn: other programs on the machine only ever add time, so the
/// best round is what repeats.
fn ratio(figure: &str, goal: f64, mut layered: impl FnMut(), mut beside: impl FnMut()) {
    let mut best = [f64::INFINITY; 2];
    for _ in 0..ROUNDS {
        best[0] = best[0].min(seconds(&mut layered));
        best[1] = best[1].min(seconds(&mut beside));
    }
    let times = best[0] / best[1];
    let missed = if times > goal { " (missed)" } else { "" };
    println!("| {figure} | {times:.2}{missed} | the best of {ROUNDS} rounds | at most {goal} |");
}

fn seconds(run: &mut impl FnMut()) -> f64 {
    let start = Instant::now();
    run();
    start.elapsed().as_secs_f64()
}
