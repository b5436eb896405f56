//! The tables in `src/guide/doctor.md` are made of what the tests have seen.

use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::{env, fs};

/// One test at a time writes the page.
static PAGE: Mutex<()> = Mutex::new(());

/// The rows of this name under this heading are those that were measured.
#[track_caller]
pub(super) fn expect_rows(heading: &str, name: &str, measured: &[String]) {
    let _alone = PAGE.lock().unwrap_or_else(PoisonError::into_inner);
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../src/guide/doctor.md");
    let text = fs::read_to_string(&page).unwrap();
    let section = text
        .split("\n## ")
        .find(|section| section.starts_with(heading))
        .unwrap_or_else(|| panic!("no {heading} in {}", page.display()));
    let of_this = format!("| {name} |");
    let documented: Vec<_> = section
        .lines()
        .filter(|line| line.starts_with(&of_this))
        .collect();
    if env::var_os("UPDATE_DOCS").is_none() {
        let measured_text = measured.join("\n");
        assert_eq!(
            measured, documented,
            "{heading}: UPDATE_DOCS=1 writes the rows anew; measured is\n{measured_text}"
        );
        return;
    }
    assert!(
        !documented.is_empty(),
        "no row of {name} to write anew under {heading}"
    );
    let written = section.replacen(&documented.join("\n"), &measured.join("\n"), 1);
    fs::write(&page, text.replacen(section, &written, 1)).unwrap();
}
