//! Prints what every row costs, as a table; fails and names the rows that broke a gate, or cost other than they did or
//! than the page says; draws how the cost grows.

use std::collections::HashMap;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::{env, fs};

mod gate;
mod hold;
mod plot;

use gate::Gate;
use plot::{Line, Plot};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> Result<ExitCode> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        [] => Costs::measured(&[])?.print(),
        ["beside", gates] => Costs::measured(&[])?.print_beside(&Gate::all(gates)?),
        ["hold", gates, counts, page] => return Costs::measured(&[])?.hold(gates, counts, page),
        ["record", counts] => fs::write(counts, Costs::measured(&[])?.to_record())?,
        ["plots", folder] => Costs::measured(&["growth"])?.plot(Path::new(folder))?,
        _ => {
            return Err(
                "cost [beside GATES | hold GATES COUNTS PAGE | record COUNTS | plots FOLDER]"
                    .into(),
            );
        }
    }
    Ok(ExitCode::SUCCESS)
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
    /// All rows, or those that the arguments select.
    fn measured(arguments: &[&str]) -> Result<Self> {
        let mut costs = Self {
            rows: Vec::new(),
            figures: HashMap::new(),
        };
        costs.count(arguments)?;
        costs.count_instructions(arguments)?;
        Ok(costs)
    }

    fn count(&mut self, arguments: &[&str]) -> Result<()> {
        for line in output(Command::new(sibling("counts")?).args(arguments))?.lines() {
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
    fn count_instructions(&mut self, arguments: &[&str]) -> Result<()> {
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
            .arg(sibling("instructions")?)
            .args(arguments);
        for (index, line) in output(&mut valgrind)?.lines().enumerate() {
            let [row, _, operations] = columns(line)?;
            let dump = out.with_extension((2 * index + 2).to_string());
            let each = total(&dump)? / operations.parse::<f64>()?;
            self.figures.insert((row, "instructions".into()), each);
        }
        fs::remove_dir_all(folder)?;
        Ok(())
    }

    /// A figure of a row: its own, or compared with the row's base (`extra …`, `times …`) or its floor (`… over the floor`).
    fn figure(&self, row: &str, what: &str) -> Option<f64> {
        let own = |row: &str, what: &str| self.figures.get(&(row.into(), what.into())).copied();
        let base = || {
            self.rows
                .iter()
                .find(|known| known.name == row)?
                .base
                .as_deref()
        };
        if let Some(what) = what.strip_suffix(" over the floor") {
            return Some(own(row, what)? - own(&format!("floor {row}"), what)?);
        }
        match what.split_once(' ') {
            Some(("extra", what)) => Some(own(row, what)? - own(base()?, what)?),
            Some(("times", what)) => Some(own(row, what)? / own(base()?, what)?),
            _ => own(row, what),
        }
    }

    /// The rows whose instructions are counted.
    fn counted(&self) -> impl Iterator<Item = &Row> {
        self.rows
            .iter()
            .filter(|row| self.figure(&row.name, "instructions").is_some())
    }

    /// What every row costs by itself.
    fn to_record(&self) -> String {
        let header = "# What each row costs by itself, within 2 % (crowds of writers: 10 %). Written by `scripts/gates.sh record`.\n\
                      # row, instructions, allocations\n";
        let line = |row: &Row| {
            let own = |what: &str| self.figure(&row.name, what).unwrap_or_default();
            format!(
                "{}, {:.0}, {:.0}\n",
                row.name,
                own("instructions"),
                own("allocations")
            )
        };
        self.counted()
            .map(line)
            .fold(header.into(), |text, line| text + &line)
    }

    /// Draws every plot into the folder.
    fn plot(&self, folder: &Path) -> Result<()> {
        for (name, what, mut plot) in plots() {
            for row in &self.rows {
                let mut words = row.name.splitn(4, ' ').skip(1);
                let (Some(of), Some(x), Some(line)) = (words.next(), words.next(), words.next())
                else {
                    continue;
                };
                let Some(figure) = self.figure(&row.name, what).filter(|_| of == name) else {
                    continue;
                };
                let point = (x.parse()?, figure);
                match plot.lines.iter_mut().find(|known| known.name == line) {
                    Some(known) => known.points.push(point),
                    None => plot.lines.push(Line {
                        name: line.into(),
                        points: vec![point],
                    }),
                }
            }
            fs::write(folder.join(format!("{name}.svg")), plot.to_svg())?;
        }
        Ok(())
    }

    fn print_beside(&self, gates: &[Gate]) {
        println!("| row | figure | here | goal | best peer |");
        println!("| --- | --- | ---: | ---: | --- |");
        for gate in gates.iter().filter(|gate| gate.is_a_cost()) {
            let figure = self.figure(&gate.row, &gate.what).unwrap_or(f64::NAN);
            println!("{}", gate.page_line(figure));
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

/// The plots: the name of each, the figure that it shows, and its axes.
fn plots() -> [(&'static str, &'static str, Plot); 6] {
    let plot = |title, x, y| Plot {
        title,
        x,
        y,
        lines: Vec::new(),
    };
    const INSTRUCTIONS: &str = "instructions";
    const BYTES: &str = "bytes";
    [
        (
            "headers",
            INSTRUCTIONS,
            plot(
                "A read, by its headers",
                "headers of the request",
                INSTRUCTIONS,
            ),
        ),
        (
            "tags",
            INSTRUCTIONS,
            plot(
                "If-None-Match that misses, by its tags",
                "tags of 43 characters",
                INSTRUCTIONS,
            ),
        ),
        (
            "body",
            INSTRUCTIONS,
            plot(
                "A read, by its body",
                "KiB of body",
                "instructions, without SHA-NI",
            ),
        ),
        (
            "keys",
            INSTRUCTIONS,
            plot(
                "The write lock, by the keys in use",
                "keys that others hold",
                INSTRUCTIONS,
            ),
        ),
        (
            "waiters",
            "held",
            plot("Writes that wait for one key", "waiting writes", BYTES),
        ),
        (
            "routes",
            "held",
            plot("A router, by its routes", "routes", BYTES),
        ),
    ]
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
