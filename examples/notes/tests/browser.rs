//! The page of the notes in a real Chromium. What people must see there is in `browser/`, beside this
//! file, which starts the service and the browser's side of it.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;
use tokio::time::timeout;

use test_support::{Example, has_tool, in_ci, skip};

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
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/browser");
    if !has_packages(&folder).await {
        return skip("what package.json names");
    }
    let directory = tempfile::tempdir().unwrap();
    let database = directory.path().join("notes.db");
    let arguments = [database.as_os_str(), "--port".as_ref(), "0".as_ref()];
    let example = Example::start(env!("CARGO_BIN_EXE_notes"), &arguments).await;
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
    let found = Command::new(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../scripts/browser.sh"
    ))
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
