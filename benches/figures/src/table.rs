//! A row of the table of figures.

use std::fmt::Display;

/// What a figure has to be, and what it would better be.
#[derive(Clone, Copy)]
pub(crate) enum Wanted {
    AtLeast(f64, f64),
    AtMost(f64, f64),
}

/// Prints a row; `beside` is what the figure was made of. One that could not be measured is `None`, and is missed.
pub(crate) fn row(figure: impl Display, now: Option<f64>, beside: impl Display, wanted: Wanted) {
    let (word, limit, goal, holds) = match wanted {
        Wanted::AtLeast(limit, goal) => {
            ("at least", limit, goal, now.is_some_and(|now| now >= limit))
        }
        Wanted::AtMost(limit, goal) => {
            ("at most", limit, goal, now.is_some_and(|now| now <= limit))
        }
    };
    let now = now.map_or("cut off".to_owned(), |now| format!("{now:.2}"));
    let missed = if holds { "" } else { " (missed)" };
    let goal = if goal == limit {
        String::new()
    } else {
        format!(", goal {goal}")
    };
    println!("| {figure} | {now}{missed} | {beside} | {word} {limit}{goal} |");
}
