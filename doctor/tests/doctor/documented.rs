//! The page of the doctor says what the doctor says.

use std::path::{Path, PathBuf};
use std::{env, fs};

use tower_conditional_doctor::edge::{Proxy, RULES};

fn page() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../src/guide/doctor.md")
}

/// The rows of the table under this heading, without its head.
fn rows<'p>(text: &'p str, heading: &str) -> Vec<&'p str> {
    let mut sections = text.split("\n## ");
    let section = sections.find(|section| section.starts_with(heading));
    let lines = section
        .unwrap()
        .lines()
        .filter(|line| line.starts_with("| "));
    lines.skip(1).collect()
}

#[test]
fn each_rule_has_a_row() {
    let text = fs::read_to_string(page()).unwrap();
    let named = rows(&text, "What a comparison finds");
    let mut named: Vec<_> = named
        .iter()
        .map(|row| row.split('`').nth(1).unwrap())
        .collect();
    named.sort_unstable();
    assert_eq!(named, RULES);
}

/// `UPDATE_DOCS=1` writes the rows anew.
#[test]
fn each_setting_has_a_row() {
    let text = fs::read_to_string(page()).unwrap();
    let head = "| edge | the setting that leaves tags alone |\n|---|---|\n";
    let row = |proxy: Proxy| {
        let setting = proxy.setting().replace('|', "\\|");
        format!("| {} | {setting} |\n", proxy.name())
    };
    let expected: String = Proxy::ALL.into_iter().map(row).collect();
    if env::var_os("UPDATE_DOCS").is_some() {
        let (before, after) = text.split_once(head).unwrap();
        let rest = after.find("\n\n").map_or("", |end| &after[end + 1..]);
        let rest = if after.starts_with('\n') { after } else { rest };
        fs::write(page(), [before, head, &expected, rest].concat()).unwrap();
        return;
    }
    let documented: Vec<_> = rows(&text, "Settings")
        .iter()
        .map(|row| format!("{row}\n"))
        .collect();
    assert_eq!(
        documented.concat(),
        expected,
        "UPDATE_DOCS=1 writes the rows anew"
    );
}
