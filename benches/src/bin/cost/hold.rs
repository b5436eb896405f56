//! What fails the gate: a row that costs more than it may, or other than was recorded, or than the page says.

use std::fs;
use std::process::ExitCode;

use crate::gate::Gate;
use crate::{Costs, Result, Row, columns};

impl Costs {
    /// Fails where a gate does not hold, a row costs other than was recorded, or the page says something else. One whose row
    /// is gone does not hold either.
    pub(crate) fn hold(&self, gates: &str, counts: &str, page: &str) -> Result<ExitCode> {
        let mut code = ExitCode::SUCCESS;
        let gates = Gate::all(gates)?;
        for Gate {
            row, what, held, ..
        } in &gates
        {
            let figure = self.figure(row, what);
            let shown = figure.map_or("not measured".into(), |figure| format!("{figure:.2}"));
            if figure.is_some_and(|figure| figure <= *held) {
                println!("{row}: {what} {shown} (at most {held})");
            } else {
                eprintln!("BROKEN {row}: {what} {shown}, at most {held}");
                code = ExitCode::FAILURE;
            }
        }
        let recorded = fs::read_to_string(counts)?;
        if self.differ_from(&recorded)? {
            eprintln!("If that is meant: scripts/gates.sh record");
            code = ExitCode::FAILURE;
        }
        if self.differs_from_page(&fs::read_to_string(page)?, &gates) {
            eprintln!("If that is meant: scripts/performance.sh counted");
            code = ExitCode::FAILURE;
        }
        Ok(code)
    }

    /// Names the rows whose own count is not the recorded one, within 2 %, of crowds 10 %: worse, or better and not recorded.
    fn differ_from(&self, recorded: &str) -> Result<bool> {
        let mut differ = false;
        for line in recorded.lines().filter(|line| !line.starts_with('#')) {
            let [row, instructions, allocations] = columns(line)?;
            // Crowds share the parts of a table by hashes that each process seeds anew; what is inlined moves with the code beside it.
            let slack = if row.contains("writers") { 0.10 } else { 0.02 };
            for (what, recorded, slack, at_least) in [
                ("instructions", instructions, slack, 10.0),
                ("allocations", allocations, 0.0, 0.0),
            ] {
                let recorded: f64 = recorded.parse()?;
                let figure = self.figure(&row, what).unwrap_or(f64::NAN);
                let is_near = (figure - recorded).abs() <= (recorded * slack).max(at_least);
                if !is_near {
                    eprintln!("CHANGED {row}: {figure:.0} {what}, was {recorded:.0}");
                    differ = true;
                }
            }
        }
        let is_new = |row: &&Row| {
            !recorded
                .lines()
                .any(|line| line.starts_with(&format!("{},", row.name)))
        };
        for row in self.counted().filter(is_new) {
            eprintln!("NEW {}", row.name);
            differ = true;
        }
        Ok(differ)
    }

    /// Names the lines of the page's table that are missing, or say something else.
    fn differs_from_page(&self, page: &str, gates: &[Gate]) -> bool {
        let mut differs = false;
        for gate in gates.iter().filter(|gate| gate.is_a_cost()) {
            let figure = self.figure(&gate.row, &gate.what).unwrap_or(f64::NAN);
            let slack = self.slack(gate);
            let is_said = |line: &str| {
                let shown = gate.shown_in(line);
                shown.is_some_and(|shown| (figure - shown).abs() <= slack)
            };
            if !page.lines().any(is_said) {
                eprintln!("NOT ON THE PAGE {}", gate.page_line(figure));
                differs = true;
            }
        }
        differs
    }

    /// How far a figure may be from the page: 2 % of what the row costs by itself, because what is inlined moves with the code
    /// beside it; what is asked or allocated does not.
    fn slack(&self, gate: &Gate) -> f64 {
        let unit = gate
            .what
            .trim_start_matches("extra ")
            .trim_end_matches(" over the floor");
        match unit {
            "allocations" | "identifications" | "look-ups" => 0.0,
            _ => (self.figure(&gate.row, unit).unwrap_or_default() * 0.02).max(10.0),
        }
    }
}
