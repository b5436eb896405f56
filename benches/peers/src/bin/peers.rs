//! Prints a table each of looking tags up, of hashing and of judging alone: who, beside whom, and a column for each job.
//!
//! A figure is the best of many rounds in which every row had its turn: neighbours on the machine only ever add time, so
//! the best round is what repeats.

use std::collections::{HashMap, HashSet};
use std::error::Error;
use std::hint::black_box;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use tower_conditional_benches::meter::{Meter, Row};
use tower_conditional_peers::{job_and_who, jobs};

const ROUNDS: usize = 41;
const AT_LEAST: Duration = Duration::from_millis(2);

fn main() -> Result<(), Box<dyn Error>> {
    let allocations = allocations()?;
    let mut clocks: [Clock; 3] = Default::default();
    for _ in 0..ROUNDS {
        let [looking_up, hashing, judging] = &mut clocks;
        jobs::looking_up(looking_up);
        jobs::hashing(hashing);
        jobs::judging(judging);
    }
    for clock in clocks {
        clock.print(&allocations);
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

#[derive(Default)]
struct Clock {
    rows: Vec<Row>,
    best: HashMap<&'static str, f64>,
}

impl Clock {
    fn print(&self, allocations: &HashMap<String, u64>) {
        let names = self.rows.iter().map(|row| job_and_who(row.name));
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

    /// Times the base, or the time of the base itself; and the allocations.
    fn cell(&self, name: (&str, &str), allocations: &HashMap<String, u64>) -> String {
        let Some(row) = self.rows.iter().find(|row| job_and_who(row.name) == name) else {
            return String::new();
        };
        let (best, allocated) = (self.best[row.name], allocations[row.name]);
        match row.base {
            Some(base) => format!("{:.2} ({allocated})", best / self.best[base]),
            None => format!("{best:.0} ns ({allocated})"),
        }
    }

    fn base_of(&self, who: &str) -> &'static str {
        let mut rows = self.rows.iter();
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

impl Meter for Clock {
    fn row<I, O>(
        &mut self,
        row: Row,
        mut prepare: impl FnMut() -> I,
        mut operate: impl FnMut(I) -> O,
    ) {
        let mut operations = 0;
        let mut spent = Duration::ZERO;
        while spent < AT_LEAST {
            let inputs: Vec<I> = (0..row.operations).map(|_| prepare()).collect();
            operations += row.operations;
            let start = Instant::now();
            for input in inputs {
                black_box(operate(black_box(input)));
            }
            spent += start.elapsed();
        }
        let each = spent.as_nanos() as f64 / f64::from(operations);
        match self.best.get_mut(row.name) {
            Some(best) => *best = best.min(each),
            None => {
                self.best.insert(row.name, each);
                self.rows.push(row);
            }
        }
    }

    fn count(&mut self, _: &'static str, _: &'static str, _: u64) {}
}
