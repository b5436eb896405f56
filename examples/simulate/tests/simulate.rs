//! The simulation as a program: what it says when it cannot write its page, before the long run.

use std::fs;

use test_support::{Program, run};

const PROGRAM: Program<'_> = Program {
    path: env!("CARGO_BIN_EXE_simulate"),
    usage: "simulate [PAGE]",
    misuse: &[&["a.md", "b.md"]],
};

const PAGE: &str = "<!-- growing -->\nold\n<!-- /growing -->\n<!-- hot -->\nold\n<!-- /hot -->\n";

#[tokio::test]
async fn follows_the_rules_of_all_examples() {
    PROGRAM.follows_the_rules().await;
}

/// Nothing is simulated, and nothing is written.
#[tokio::test]
async fn a_page_that_cannot_be_written_is_named_before_the_long_run() {
    let directory = tempfile::tempdir().unwrap();
    let here = |name: &str| directory.path().join(name);
    let pages = [
        ("no-hot.md", PAGE.replace("<!-- /hot -->", "")),
        ("empty.md", String::new()),
    ];
    for (name, text) in &pages {
        fs::write(here(name), text).unwrap();
    }
    fs::write(here("binary.md"), [0xff]).unwrap();
    let rows = [
        ("missing.md", "cannot read"),
        (".", "cannot read"),
        ("binary.md", "cannot read"),
        ("no-hot.md", "has no place for hot"),
        ("empty.md", "has no place for growing"),
    ];
    for (name, reason) in rows {
        let ended = run(PROGRAM.path, &[here(name).as_os_str()]).await;
        assert_eq!(ended.status.code(), Some(1), "{name}: {ended:?}");
        let line = PROGRAM.only_line(&ended);
        assert!(line.contains(reason), "{line}");
        assert!(line.contains(here(name).to_str().unwrap()), "{line}");
    }
    for (name, text) in pages {
        assert_eq!(fs::read_to_string(here(name)).unwrap(), text);
    }
}

#[cfg(unix)]
#[tokio::test]
async fn a_page_that_must_not_be_written_is_named_before_the_long_run() {
    use std::os::unix::fs::PermissionsExt;

    let directory = tempfile::tempdir().unwrap();
    let page = directory.path().join("page.md");
    fs::write(&page, PAGE).unwrap();
    fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o755)).unwrap();
    for (mode, what) in [(0o444, "cannot write"), (0o000, "cannot read")] {
        fs::set_permissions(&page, fs::Permissions::from_mode(mode)).unwrap();
        let ended = test_support::run_unprivileged(PROGRAM.path, &[page.as_os_str()]).await;
        assert_eq!(ended.status.code(), Some(1), "{ended:?}");
        let line = PROGRAM.only_line(&ended);
        assert!(line.starts_with(what), "{line}");
        assert!(line.contains("Permission denied"), "{line}");
    }
}
