//! The commands that the pages name exist: the script and its part, the package, the test that a filter selects, the
//! feature, the option. Nothing is run.

use std::fs;
use std::path::{Path, PathBuf};

use crate::links::{pages, text_of};
use crate::tree::{files_under, root};

#[test]
fn every_command_of_the_pages_exists() {
    let sources = ["src", "client", "doctor", "testkit", "examples", "stores"]
        .map(|folder| files_under(&root().join(folder), "rs"));
    let mut rotten = Vec::new();
    let mut seen = 0;
    for file in pages().into_iter().chain(sources.concat()) {
        for command in commands_in(&text_of(&file)) {
            seen += 1;
            if let Err(why) = check(&command) {
                rotten.push(format!("{}: {command}: {why}", file.display()));
            }
        }
    }
    assert!(rotten.is_empty(), "{}", rotten.join("\n"));
    assert!(seen > 80, "only {seen} commands were found in the pages");
}

#[test]
fn a_rotten_command_is_seen() {
    for (command, rotten) in [
        (
            "cargo test --test layer explain",
            "cargo test --test layer no_such_test",
        ),
        (
            "cargo test --test layer faults::",
            "cargo test --test no_such_target",
        ),
        (
            "cargo test -p notes --test notes",
            "cargo test -p no_such_package",
        ),
        ("cargo test -p notes", "cargo tset -p notes"),
        ("cargo test --doc guide", "cargo test --doc giude"),
        (
            "cargo run -p metrics -- --play release",
            "cargo run -p metrics -- --no-such-option",
        ),
        (
            "cargo run --manifest-path stores/Cargo.toml -p objects",
            "cargo run --manifest-path no-such/Cargo.toml -p objects",
        ),
        (
            "cargo add tower-conditional --features axum,tracing",
            "cargo add tower-conditional --features no_such",
        ),
        (
            "cargo install tower-conditional-doctor",
            "cargo install tower-conditional-no-such",
        ),
        (
            "UPDATE_DOCS=1 cargo test -p metrics",
            "UPDATE_NO_SUCH=1 cargo test -p metrics",
        ),
        ("scripts/full.sh openapi", "scripts/full.sh no-such-part"),
        ("scripts/fuzz.sh 120 tag_list", "scripts/no-such.sh 120"),
        (
            "tower-conditional-doctor URL --through EDGE",
            "tower-conditional-doctor URL --no-such EDGE",
        ),
    ] {
        assert_eq!(check(command), Ok(()), "{command}");
        assert!(check(rotten).is_err(), "{rotten}");
    }
    let page = "Run `cargo test\n--test core`.\n```console\n$ scripts/a.sh \\\n    b # c\nits answer\n```\n\n\
        ```sh\nA=1 .ci/run && ls\n```\n`a path`";
    assert_eq!(
        commands_in(page),
        ["cargo test --test core", "scripts/a.sh b", "A=1 .ci/run"]
    );
}

/// The commands in backticks, and those in blocks for a shell.
fn commands_in(text: &str) -> Vec<String> {
    let mut prose = String::new();
    let mut typed = Vec::new();
    let mut language = None;
    let joined = text.replace("\\\n", " ");
    for line in joined.lines() {
        match (line.trim_start().strip_prefix("```"), language) {
            (Some(opened), None) => language = Some(opened.trim()),
            (Some(_), Some(_)) => language = None,
            (None, None) => prose.extend([line, "\n"]),
            (None, Some("sh")) => typed.push(line),
            (None, Some("console")) => typed.extend(line.strip_prefix("$ ")),
            (None, Some(_)) => {}
        }
    }
    let lines = typed.iter().map(|line| line.split(" # ").next().unwrap());
    let candidates = prose
        .split('`')
        .chain(lines.flat_map(|line| line.split(" && ")));
    candidates
        .map(|candidate| candidate.split_whitespace().collect::<Vec<_>>().join(" "))
        .filter(|candidate| program_of(candidate).is_some_and(is_ours))
        .collect()
}

fn program_of(command: &str) -> Option<&str> {
    command.split(' ').find(|word| !is_variable(word))
}

fn is_variable(word: &str) -> bool {
    let name = word.split_once('=').map_or("", |(name, _)| name);
    name.starts_with(|first: char| first.is_ascii_uppercase())
}

fn is_ours(program: &str) -> bool {
    let is_script = ["scripts/", ".ci/"]
        .iter()
        .any(|folder| program.starts_with(folder));
    (is_script && !program.contains(['*', '{']))
        || program == "cargo"
        || program == "tower-conditional-doctor"
}

type Checked = Result<(), String>;

fn check(command: &str) -> Checked {
    let words = command.split(' ');
    for variable in words.clone().take_while(|word| is_variable(word)) {
        check_variable(variable.split('=').next().unwrap())?;
    }
    let words: Vec<&str> = words.skip_while(|word| is_variable(word)).collect();
    match words[0] {
        "cargo" => check_cargo(&words[1..]),
        "tower-conditional-doctor" => {
            check_options(&package("tower-conditional-doctor", None)?, &words[1..])
        }
        script => check_script(script, &words[1..]),
    }
}

/// Variables of other programs.
const FOREIGN: [&str; 4] = ["AWS_", "CI", "DATABASE_URL", "PROPTEST_CASES"];

fn check_variable(name: &str) -> Checked {
    if FOREIGN.iter().any(|foreign| name.starts_with(foreign)) {
        return Ok(());
    }
    let readers = ["tests", "testkit", "doctor", "examples", "stores"]
        .map(|folder| files_under(&root().join(folder), "rs"));
    let scripts = [("scripts", "sh"), ("examples", "js")]
        .map(|(folder, extension)| files_under(&root().join(folder), extension));
    let mut readers = readers.into_iter().chain(scripts).flatten();
    // This file names variables that nobody reads.
    let is_read = readers.any(|file| !file.ends_with(file!()) && has_word(&read(&file), name));
    is_read
        .then_some(())
        .ok_or_else(|| format!("nothing reads {name}"))
}

/// A literal argument of a script is a word in it: a subcommand, a part, an option, a target.
fn check_script(script: &str, arguments: &[&str]) -> Checked {
    let path = root().join(script);
    if path.is_dir() {
        return Ok(());
    }
    let text = fs::read_to_string(&path).map_err(|error| error.to_string())?;
    let first = arguments.iter().take_while(|word| **word != "--");
    for argument in first.filter(|word| is_literal(word)) {
        if !has_word(&text, argument.trim_start_matches('-')) {
            return Err(format!("the script has no {argument}"));
        }
    }
    Ok(())
}

/// Neither a placeholder (`URL`, `[PART…]`), nor a number.
fn is_literal(word: &str) -> bool {
    let word = word.trim_start_matches('-');
    let plain = |character: char| {
        character.is_ascii_lowercase() || character.is_ascii_digit() || "_-".contains(character)
    };
    word.starts_with(|first: char| first.is_ascii_lowercase()) && word.chars().all(plain)
}

/// A package of this repository.
struct Package {
    folder: PathBuf,
    manifest: String,
}

const WORKSPACES: [&str; 9] = [
    "client",
    "doctor",
    "examples",
    "testkit",
    "tests/support",
    "neighbours",
    "stores",
    "benches",
    "fuzz",
];

fn package(name: &str, manifest: Option<&str>) -> Result<Package, String> {
    let manifests = match manifest {
        Some(path) => files_under(
            root()
                .join(path)
                .parent()
                .filter(|folder| folder.is_dir())
                .ok_or(path)?,
            "toml",
        ),
        None => WORKSPACES
            .iter()
            .flat_map(|folder| files_under(&root().join(folder), "toml"))
            .collect(),
    };
    let all = manifests.into_iter().chain([root().join("Cargo.toml")]);
    let mut packages = all.map(|path| Package {
        manifest: read(&path),
        folder: path.parent().unwrap().to_owned(),
    });
    let head = format!("[package]\nname = \"{name}\"\n");
    packages
        .find(|package| package.manifest.contains(&head))
        .ok_or_else(|| format!("no package {name}"))
}

/// Options of cargo that have a value in the next word.
const WITH_VALUE: [&str; 8] = [
    "-p",
    "--package",
    "--manifest-path",
    "--test",
    "--example",
    "--bin",
    "--features",
    "--target",
];

fn check_cargo(words: &[&str]) -> Checked {
    let mut words = words.iter().copied().filter(|word| !word.starts_with('+'));
    let subcommand = words.next().unwrap_or("");
    let words: Vec<&str> = words.collect();
    let split = words
        .iter()
        .position(|word| *word == "--")
        .unwrap_or(words.len());
    let (own, passed) = (&words[..split], words.get(split + 1..).unwrap_or(&[]));
    let value = |options: &[&str]| {
        let at = own.iter().position(|word| options.contains(word))?;
        own.get(at + 1).copied()
    };
    let is_value = |at: usize| at > 0 && WITH_VALUE.contains(&own[at - 1]);
    let named = own
        .iter()
        .enumerate()
        .filter(|(at, word)| !word.starts_with('-') && !is_value(*at));
    let named: Vec<&str> = named.map(|(_, word)| *word).collect();
    match subcommand {
        "test" | "run" | "build" | "check" | "bench" | "doc" => {
            let name = value(&["-p", "--package"]).unwrap_or("tower-conditional");
            let package = package(name, value(&["--manifest-path"]))?;
            check_features(&package, value(&["--features"]))?;
            if let Some(example) = value(&["--example"]) {
                target_in(&package.folder.join("examples"), example)?;
            }
            match subcommand {
                "test" if own.contains(&"--doc") => check_examples(&package, &named),
                "test" => check_tests(&package, value(&["--test"]), &named),
                _ => check_options(&package, passed),
            }
        }
        "add" | "install" => match named
            .iter()
            .find(|name| name.starts_with("tower-conditional"))
        {
            Some(name) => check_features(&package(name, None)?, value(&["--features"])),
            None => Ok(()),
        },
        "clippy" | "deny" | "fmt" | "fuzz" | "mutants" | "package" | "publish" | "update"
        | "tree" | "bloat" | "metadata" => Ok(()),
        _ => Err(format!(
            "cargo has no `{subcommand}`, or this test does not know it"
        )),
    }
}

fn check_features(package: &Package, features: Option<&str>) -> Checked {
    for feature in features.into_iter().flat_map(|list| list.split(',')) {
        let is_there = package.manifest.contains(&format!("\n{feature} = "));
        is_there
            .then_some(())
            .ok_or_else(|| format!("no feature {feature}"))?;
    }
    Ok(())
}

/// A target of its own is a file, or a folder with `main.rs`.
fn target_in(folder: &Path, name: &str) -> Result<PathBuf, String> {
    let candidates = [folder.join(format!("{name}.rs")), folder.join(name)];
    let found = candidates
        .into_iter()
        .find(|path| path.is_file() || path.join("main.rs").is_file());
    found.ok_or_else(|| format!("no target {name} in {}", folder.display()))
}

fn check_tests(package: &Package, target: Option<&str>, filters: &[&str]) -> Checked {
    let tests = package.folder.join("tests");
    let folder = match target {
        Some(name) => target_in(&tests, name)?,
        None => package.folder.clone(),
    };
    let files = match folder.is_file() {
        true => vec![folder.clone()],
        false => files_under(&folder, "rs"),
    };
    for filter in filters
        .iter()
        .filter(|word| is_literal(&word.replace(':', "")))
    {
        let selects = |file: &PathBuf| {
            tests_of(file, &folder)
                .iter()
                .any(|test| test.contains(filter))
        };
        files
            .iter()
            .any(selects)
            .then_some(())
            .ok_or_else(|| format!("no test is named {filter}"))?;
    }
    Ok(())
}

/// The filter of a documentation test selects by the path of its file.
fn check_examples(package: &Package, filters: &[&str]) -> Checked {
    let source = package.folder.join("src");
    let files: Vec<_> = ["rs", "md"]
        .iter()
        .flat_map(|end| files_under(&source, end))
        .collect();
    for filter in filters {
        let selects = |file: &PathBuf| {
            file.strip_prefix(&source)
                .unwrap()
                .to_string_lossy()
                .contains(filter)
        };
        files
            .iter()
            .any(selects)
            .then_some(())
            .ok_or_else(|| format!("no file is named {filter}"))?;
    }
    Ok(())
}

/// The tests in a file, as the filter sees them: the module is the path of the file below the target.
fn tests_of(file: &Path, target: &Path) -> Vec<String> {
    let module = file.strip_prefix(target).unwrap().with_extension("");
    let module = module.to_string_lossy().replace('/', "::");
    let mut names = Vec::new();
    let mut is_test = false;
    for line in read(file).lines().map(str::trim_start) {
        is_test |= line.starts_with("#[") && (line.contains("test]") || line.contains("test("));
        is_test &= !line.starts_with("mod ");
        let function = line.trim_start_matches("async ").strip_prefix("fn ");
        if let Some((name, _)) = function.and_then(|rest| rest.split_once('(')) {
            names.extend(is_test.then(|| format!("{module}::{name}")));
            is_test = false;
        }
    }
    names
}

/// A long option is a word in the sources of the program, as it is or as a name.
fn check_options(package: &Package, words: &[&str]) -> Checked {
    let sources: String = files_under(&package.folder.join("src"), "rs")
        .iter()
        .map(|file| read(file))
        .collect();
    for option in words.iter().filter_map(|word| word.strip_prefix("--")) {
        if !has_word(&sources, option) && !has_word(&sources, &option.replace('-', "_")) {
            return Err(format!("the program has no --{option}"));
        }
    }
    Ok(())
}

fn has_word(text: &str, word: &str) -> bool {
    let is_inside = |character: Option<char>| {
        character.is_some_and(|it| it.is_alphanumeric() || "_-".contains(it))
    };
    text.match_indices(word).any(|(at, _)| {
        let before = text[..at].trim_end_matches("--");
        let is_option = before.len() < at;
        (is_option || !is_inside(before.chars().next_back()))
            && !is_inside(text[at + word.len()..].chars().next())
    })
}

fn read(file: &Path) -> String {
    fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}
