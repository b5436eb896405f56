//! The page of the notes in a real Chromium. What people must see there is in `tests/browser`; this starts the
//! service and the browser's side of it.

use std::env;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;
use tokio::time::timeout;

use crate::process::{Example, has_tool};

/// Seconds are usual; what hangs shall fail.
const PATIENCE: Duration = Duration::from_secs(300);

#[cfg(unix)]
#[tokio::test]
async fn what_people_see_of_a_lost_update() {
    if !has_tool("node") || !has_tool("npm") {
        return;
    }
    let Some(chromium) = chromium().await else {
        return skip("Chromium (scripts/browser.sh install)");
    };
    let folder = at_root("tests/browser");
    if !has_packages(&folder).await {
        return skip("what tests/browser/package.json names");
    }
    let directory = tempfile::tempdir().unwrap();
    let example = Example::notes(&directory.path().join("notes.db")).await;
    let people = Command::new("node")
        .args(["--test", "--test-reporter=spec", "notes.test.js"])
        .current_dir(folder)
        .env("NOTES", format!("http://{}/", example.address()))
        .env("CHROMIUM", chromium)
        .env("NO_COLOR", "1")
        .kill_on_drop(true)
        .status();
    let status = timeout(PATIENCE, people).await.expect("an end in time");
    assert!(status.unwrap().success(), "see above");
}

/// A Chromium that is there; in CI it is installed.
async fn chromium() -> Option<PathBuf> {
    let errand = if in_ci() { "install" } else { "path" };
    let found = Command::new(at_root("scripts/browser.sh"))
        .arg(errand)
        .stderr(Stdio::inherit())
        .output()
        .await
        .unwrap();
    let path = String::from_utf8(found.stdout).unwrap();
    found.status.success().then(|| path.trim().into())
}

/// Installs the packages that the lock file names, unless they are there.
async fn has_packages(folder: &Path) -> bool {
    if folder.join("node_modules").exists() {
        return true;
    }
    let installing = Command::new("npm")
        .args(["ci", "--no-audit", "--no-fund", "--ignore-scripts"])
        .current_dir(folder)
        .status();
    installing.await.is_ok_and(|status| status.success())
}

fn skip(missing: &str) {
    assert!(!in_ci(), "{missing} is missing");
    let _ = writeln!(std::io::stderr(), "skipped: {missing} is missing");
}

fn in_ci() -> bool {
    env::var_os("CI").is_some_and(|ci| ci == "true")
}

fn at_root(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}
