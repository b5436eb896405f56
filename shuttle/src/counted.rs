//! The checks of `shuttle`, which say how many schedules they have run. `scripts/shuttle.sh` adds that up.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// For `scripts/shuttle.sh`; a few seconds without it.
pub(crate) fn iterations() -> usize {
    let given = std::env::var("SHUTTLE_ITERATIONS").ok();
    given.map_or(1000, |given| given.parse().expect("a number of iterations"))
}

fn counted<F: Fn() + Send + Sync + 'static>(
    test: F,
    check: impl FnOnce(Box<dyn Fn() + Send + Sync>),
) {
    let schedules = Arc::new(AtomicUsize::new(0));
    let counter = schedules.clone();
    check(Box::new(move || {
        counter.fetch_add(1, Ordering::Relaxed);
        test();
    }));
    println!("schedules {}", schedules.load(Ordering::Relaxed));
}

/// At random.
pub(crate) fn check_random(test: impl Fn() + Send + Sync + 'static, iterations: usize) {
    counted(test, |test| shuttle::check_random(test, iterations));
}

/// With few changes of the thread that runs.
pub(crate) fn check_pct(test: impl Fn() + Send + Sync + 'static, iterations: usize) {
    counted(test, |test| shuttle::check_pct(test, iterations, 3));
}

/// All that there are.
pub(crate) fn check_all(test: impl Fn() + Send + Sync + 'static) {
    counted(test, |test| shuttle::check_dfs(test, None));
}
