//! What a test has counted, for the table of `scripts/figures.sh`.

use std::fmt::Display;

/// Prints a row: the figure, what it is now, out of what, and what is wanted.
pub fn figure(figure: impl Display, now: impl Display, of: impl Display, wanted: impl Display) {
    println!("figure: | {figure} | {now} | {of} | {wanted} |");
}
