//! Prints three tables: looking tags up, hashing, and evaluation alone. Each has a row for each crate with its base, and a
//! column for each job.
//!
//! A figure is the best of many rounds in which every row runs: other programs on the machine only ever add time, so the
//! best round is what repeats.

use std::collections::{HashMap, HashSet};
use std::error::Error;
use std::process::{Command, Stdio};

use tower_conditional_benches::clock::Clock;
use tower_conditional_peers::{job_and_who, jobs};

const ROUNDS: usize = 41;

fn main() -> Result<(), Box<dyn Error>> {
    let allocations = allocations()?;
    let mut tables: [Table; 3] = Default::default();
    for _ in 0..ROUNDS {
        let [looking_up, hashing, evaluating] = &mut tables;
        jobs::looking_up(&mut looking_up.0);
        jobs::hashing(&mut hashing.0);
        jobs::evaluating(&mut evaluating.0);
    }
    for table in tables {
        table.print(&allocations);
        println!();
    }
    Ok(())
}

/// They are counted by another program: counting takes time.
fn allocations() -> Result<HashMap<String, u64>, Box<dyn Error>> {
    let program = std::env::current_exe()?.with_file_name("counts");
    let output = Command::new(program).stderr(Stdio::inherit()).output()?;
    if !output.status.success() {
        return Err("the allocations could not be counted".into());
    }
    let mut allocations = HashMap::new();
    for line in str::from_utf8(&output.stdout)?.lines() {
        let (count, row) = line.split_once('\t').ok_or("not a count and a row")?;
        allocations.insert(row.to_owned(), count.parse()?);
    }
    Ok(allocations)
}

/// The rows of one table.
#[derive(Default)]
struct Table(Clock);

impl Table {
    fn print(&self, allocations: &HashMap<String, u64>) {
        let names = self.0.rows.iter().map(|row| job_and_who(row.name));
        let (jobs, whos): (Vec<_>, Vec<_>) = names.unzip();
        let (jobs, whos) = (in_order(jobs), in_order(whos));
        println!("| who | beside | {} |", jobs.join(" | "));
        println!("| --- | --- |{}", " ---: |".repeat(jobs.len()));
        for who in whos {
            let cells: Vec<String> = jobs
                .iter()
                .map(|job| self.cell((job, who), allocations))
                .collect();
            println!("| {who} | {} | {} |", self.base_of(who), cells.join(" | "));
        }
    }

    /// Times the base, and the allocations.
    fn cell(&self, name: (&str, &str), allocations: &HashMap<String, u64>) -> String {
        let Some(row) = self.0.rows.iter().find(|row| job_and_who(row.name) == name) else {
            return String::new();
        };
        let (best, allocated) = (self.0.best[row.name], allocations[row.name]);
        match row.base {
            Some(base) => format!("{:.2} ({allocated})", best / self.0.best[base]),
            None => format!("1 ({allocated})"),
        }
    }

    fn base_of(&self, who: &str) -> &'static str {
        let mut rows = self.0.rows.iter();
        let row = rows.find(|row| job_and_who(row.name).1 == who);
        row.and_then(|row| row.base)
            .map_or("", |base| job_and_who(base).1)
    }
}

/// Each once, where it comes first.
fn in_order(names: Vec<&'static str>) -> Vec<&'static str> {
    let mut known = HashSet::new();
    names
        .into_iter()
        .filter(|name| known.insert(*name))
        .collect()
}
