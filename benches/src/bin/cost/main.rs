//! Prints what every row costs, as a table; with a file of gates, fails and names the rows that broke one.

use std::collections::HashMap;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::{env, fs};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> Result<ExitCode> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let costs = Costs::measured()?;
    match arguments[..] {
        [] => costs.print(),
        ["beside", gates] => costs.print_beside(&Gate::all(gates)?),
        [gates] => return Ok(costs.hold(&Gate::all(gates)?)),
        _ => return Err("cost [beside] [gates.csv]".into()),
    }
    Ok(ExitCode::SUCCESS)
}

/// A line of gates.csv.
struct Gate {
    row: String,
    what: String,
    held: f64,
    asked: f64,
    floor: String,
    peer: String,
}

impl Gate {
    fn all(path: &str) -> Result<Vec<Self>> {
        let text = fs::read_to_string(path)?;
        let lines = text
            .lines()
            .filter(|line| !line.is_empty() && !line.starts_with('#'));
        lines.map(Self::parse).collect()
    }

    fn parse(line: &str) -> Result<Self> {
        let [row, what, held, asked, floor, peer] = columns(line)?;
        Ok(Self {
            row,
            what,
            held: held.parse()?,
            asked: asked.parse()?,
            floor,
            peer,
        })
    }
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
            // Otherwise a row now and then tidies up the small chunks that the rows before have freed.
            .env("GLIBC_TUNABLES", "glibc.malloc.mxfast=0")
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

    /// Fails where a gate does not hold. One whose row is gone does not hold either.
    fn hold(&self, gates: &[Gate]) -> ExitCode {
        let mut code = ExitCode::SUCCESS;
        for Gate {
            row, what, held, ..
        } in gates
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
        code
    }

    fn print_beside(&self, gates: &[Gate]) {
        println!("| row | figure | here | asked | floor | best peer |");
        println!("| --- | --- | ---: | ---: | ---: | --- |");
        for gate in gates {
            let figure = self.figure(&gate.row, &gate.what).unwrap_or(f64::NAN);
            let decimals = if gate.what.starts_with("times") { 2 } else { 0 };
            let missed = if figure > gate.asked { " (missed)" } else { "" };
            println!(
                "| {} | {} | {figure:.decimals$}{missed} | {} | {} | {} |",
                gate.row, gate.what, gate.asked, gate.floor, gate.peer,
            );
        }
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

fn columns<const N: usize>(line: &str) -> Result<[String; N]> {
    let columns: Vec<String> = line.split(',').map(|cell| cell.trim().into()).collect();
    columns
        .try_into()
        .map_err(|_| format!("not {N} columns: {line}").into())
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
