//! Prints what every row costs, as a table; with a file of gates, fails and names the rows that broke one.

use std::collections::HashMap;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::{env, fs};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> Result<ExitCode> {
    let costs = Costs::measured()?;
    let Some(gates) = env::args().nth(1) else {
        costs.print();
        return Ok(ExitCode::SUCCESS);
    };
    let broken = costs.broken(&fs::read_to_string(gates)?)?;
    for gate in &broken {
        eprintln!("broken: {gate}");
    }
    Ok(if broken.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Rows in their order, and what was found of each.
struct Costs {
    rows: Vec<Row>,
    figures: HashMap<(String, String), f64>,
}

struct Row {
    name: String,
    base: Option<String>,
}

impl Costs {
    fn measured() -> Result<Self> {
        let mut costs = Self {
            rows: Vec::new(),
            figures: HashMap::new(),
        };
        costs.count()?;
        costs.count_instructions()?;
        Ok(costs)
    }

    fn count(&mut self) -> Result<()> {
        for line in output(&mut Command::new(sibling("counts")?))?.lines() {
            match columns(line)? {
                [name, over, base] if over == "over" => {
                    let base = Some(base).filter(|base| !base.is_empty());
                    self.rows.push(Row { name, base });
                }
                [row, what, count] => {
                    self.figures.insert((row, what), count.parse()?);
                }
            }
        }
        Ok(())
    }

    /// Callgrind writes two files for each row: the warming up, and what counts.
    fn count_instructions(&mut self) -> Result<()> {
        let folder = env::temp_dir().join(format!("cost-{}", std::process::id()));
        fs::create_dir_all(&folder)?;
        let out = folder.join("out");
        let mut valgrind = Command::new("valgrind");
        valgrind
            .args([
                "--quiet",
                "--tool=callgrind",
                "--toggle-collect=*measured_operation*",
            ])
            .args(["--dump-after=*end_of_row*", "--compress-strings=yes"])
            .arg(format!("--callgrind-out-file={}", out.display()))
            .arg(sibling("instructions")?);
        for (index, line) in output(&mut valgrind)?.lines().enumerate() {
            let [row, _, operations] = columns(line)?;
            let dump = out.with_extension((2 * index + 2).to_string());
            let each = total(&dump)? / operations.parse::<f64>()?;
            self.figures.insert((row, "instructions".into()), each);
        }
        fs::remove_dir_all(folder)?;
        Ok(())
    }

    /// A figure of a row: its own, or (`extra …`, `times …`) compared with the row's base.
    fn figure(&self, row: &str, what: &str) -> Option<f64> {
        let own = |row: &str, what: &str| self.figures.get(&(row.into(), what.into())).copied();
        let base = || {
            self.rows
                .iter()
                .find(|known| known.name == row)?
                .base
                .as_deref()
        };
        match what.split_once(' ') {
            Some(("extra", what)) => Some(own(row, what)? - own(base()?, what)?),
            Some(("times", what)) => Some(own(row, what)? / own(base()?, what)?),
            _ => own(row, what),
        }
    }

    /// The gates that do not hold. One whose row is gone does not hold either.
    fn broken(&self, gates: &str) -> Result<Vec<String>> {
        let mut broken = Vec::new();
        let gates = gates
            .lines()
            .filter(|line| !line.is_empty() && !line.starts_with('#'));
        for gate in gates {
            let [row, what, bound] = columns(gate)?;
            let bound: f64 = bound.parse()?;
            match self.figure(&row, &what) {
                Some(figure) if figure <= bound => {
                    println!("{row}: {what} {figure:.2} (at most {bound})");
                }
                Some(figure) => broken.push(format!("{row}: {what} {figure:.2}, at most {bound}")),
                None => broken.push(format!("{row}: {what} was not measured")),
            }
        }
        Ok(broken)
    }

    fn print(&self) {
        println!(
            "| row | instructions | over its base | times | allocations | over its base | base |"
        );
        println!("| --- | ---: | ---: | ---: | ---: | ---: | --- |");
        for Row { name, base } in &self.rows {
            let cell = |what: &str, decimals: usize, sign: bool| match self.figure(name, what) {
                Some(figure) if sign => format!("{figure:+.decimals$}"),
                Some(figure) => format!("{figure:.decimals$}"),
                None => String::new(),
            };
            println!(
                "| {name} | {} | {} | {} | {} | {} | {} |",
                cell("instructions", 0, false),
                cell("extra instructions", 0, true),
                cell("times instructions", 2, false),
                cell("allocations", 0, false),
                cell("extra allocations", 0, true),
                base.as_deref().unwrap_or_default(),
            );
        }
    }
}

/// The instructions that callgrind has counted.
fn total(dump: &Path) -> Result<f64> {
    let text = fs::read_to_string(dump)?;
    let total = text.lines().find_map(|line| line.strip_prefix("totals: "));
    Ok(total.ok_or("callgrind wrote no total")?.parse()?)
}

fn columns(line: &str) -> Result<[String; 3]> {
    let columns: Vec<String> = line.split(',').map(|cell| cell.trim().into()).collect();
    columns
        .try_into()
        .map_err(|_| format!("not three columns: {line}").into())
}

fn output(command: &mut Command) -> Result<String> {
    let output = command
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| format!("{}: {error}", command.get_program().display()))?;
    if !output.status.success() {
        return Err(format!("{} failed", command.get_program().display()).into());
    }
    Ok(String::from_utf8(output.stdout)?)
}

fn sibling(name: &str) -> Result<PathBuf> {
    Ok(env::current_exe()?.with_file_name(name))
}
