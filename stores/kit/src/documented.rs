//! The tables in `src/guide/stores.md` are made of what the tests have seen. `UPDATE_DOCS=1` writes their rows anew.

use std::path::Path;
use std::{env, fs};

/// The row of this store under this heading.
#[track_caller]
pub(crate) fn expect_row(heading: &str, name: &str, cells: &[String]) {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../src/guide/stores.md");
    let text = fs::read_to_string(&page).unwrap();
    let row = format!("| {name} | {} |", cells.join(" | "));
    let section = text
        .split("\n## ")
        .find(|section| section.starts_with(heading))
        .unwrap_or_else(|| panic!("no {heading} in {}", page.display()));
    let of_this = format!("| {name} |");
    let documented = section.lines().find(|line| line.starts_with(&of_this));
    if env::var_os("UPDATE_DOCS").is_none() {
        assert_eq!(
            documented,
            Some(&*row),
            "{heading}: UPDATE_DOCS=1 writes the row anew"
        );
        return;
    }
    let documented = documented.unwrap_or_else(|| panic!("no row of {name} to write anew"));
    let written = section.replacen(documented, &row, 1);
    fs::write(&page, text.replacen(section, &written, 1)).unwrap();
}
