//! No example is forgotten: each has a test of the rules that `tests/support/src/rules.rs` states.

use std::fs;
use std::path::{Path, PathBuf};

/// `support` is a library. `first` is the program of the README, whose 60 lines have no room for a command line.
const WITHOUT_RULES: [&str; 2] = ["support", "first"];

/// `support` prints for all of them, and `editor` talks to the person who has called it.
const MAY_PRINT: [&str; 2] = ["support", "editor"];

#[test]
fn every_example_has_a_test_of_the_rules() {
    for example in examples_without(&WITHOUT_RULES) {
        let tests = sources_in(&example.join("tests"));
        let is_tested = tests
            .iter()
            .any(|test| test.contains(".follows_the_rules()"));
        assert!(is_tested, "{} is not tested", example.display());
    }
}

/// A service says what happens through `tracing`, and prints its commands with `announce`.
#[test]
fn no_service_prints_by_itself() {
    for example in examples_without(&MAY_PRINT) {
        for source in sources_in(&example.join("src")) {
            for printing in ["print!(", "println!(", "dbg!("] {
                assert!(
                    !source.contains(printing),
                    "{printing} in {}",
                    example.display()
                );
            }
        }
    }
}

fn examples_without(exceptions: &[&str]) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let all = entries(&folder)
        .into_iter()
        .filter(|path| path.join("Cargo.toml").exists());
    let is_exception = |path: &PathBuf| exceptions.iter().any(|name| path.ends_with(name));
    let examples: Vec<_> = all.filter(|path| !is_exception(path)).collect();
    assert!(examples.len() > 8, "{examples:?}");
    examples
}

/// The Rust files of a folder and of those in it.
fn sources_in(folder: &Path) -> Vec<String> {
    let mut sources = Vec::new();
    for path in entries(folder) {
        if path.is_dir() {
            sources.extend(sources_in(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            sources.push(fs::read_to_string(path).unwrap());
        }
    }
    sources
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap();
    entries.map(|entry| entry.unwrap().path()).collect()
}
