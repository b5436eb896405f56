//! Times every row beside its base: all rows in turn, again and again, and keeps the best round of each.
//!
//! Other programs on the machine only ever add time, so the best round is what repeats.

use tower_conditional_benches::clock::Clock;
use tower_conditional_benches::rows;

const ROUNDS: usize = 15;

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
