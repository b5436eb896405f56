//! What a row may cost: the lines of benches/gates.csv.

use std::fs;

use crate::{Result, columns};

/// A line of gates.csv.
pub(crate) struct Gate {
    pub(crate) row: String,
    pub(crate) what: String,
    pub(crate) held: f64,
    pub(crate) goal: f64,
    pub(crate) peer: String,
}

impl Gate {
    pub(crate) fn all(path: &str) -> Result<Vec<Self>> {
        let text = fs::read_to_string(path)?;
        let lines = text
            .lines()
            .filter(|line| !line.is_empty() && !line.starts_with('#'));
        lines.map(Self::parse).collect()
    }

    fn parse(line: &str) -> Result<Self> {
        let [row, what, held, goal, peer] = columns(line)?;
        Ok(Self {
            row,
            what,
            held: held.parse()?,
            goal: goal.parse()?,
            peer,
        })
    }

    /// Is it on the page? The others hold that nothing is copied, lost, or worse than linear.
    pub(crate) fn is_a_cost(&self) -> bool {
        self.goal > 0.0 && !self.what.starts_with("times")
    }

    /// The line of the page's table.
    pub(crate) fn page_line(&self, figure: f64) -> String {
        let missed = if figure > self.goal { " (missed)" } else { "" };
        let Self {
            row,
            what,
            goal,
            peer,
            ..
        } = self;
        format!("| {row} | {what} | {figure:.0}{missed} | {goal} | {peer} |")
    }

    /// The figure in a line of the page's table, if it is the line of this gate.
    pub(crate) fn shown_in(&self, line: &str) -> Option<f64> {
        let start = format!("| {} | {} | ", self.row, self.what);
        let figure = line.strip_prefix(&start)?.split(' ').next()?.parse().ok()?;
        (self.page_line(figure) == line).then_some(figure)
    }
}
