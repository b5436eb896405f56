//! The tables in `src/guide/proxies.md` are the tables of the tests: what is measured has to be what they say.

const PAGE: &str = include_str!("../../../src/guide/proxies.md");

/// The rows of this name under this heading are those that were measured.
#[track_caller]
pub fn expect_documented(name: &str, heading: &str, measured: &[String]) {
    let sections = PAGE.split("\n## ");
    let section = sections
        .into_iter()
        .find(|section| section.starts_with(heading));
    let of_this = format!("| {name} |");
    let rows = section.unwrap_or_default().lines();
    let documented: Vec<_> = rows.filter(|row| row.starts_with(&of_this)).collect();
    assert_eq!(measured, documented, "measured is\n{}", measured.join("\n"));
}
