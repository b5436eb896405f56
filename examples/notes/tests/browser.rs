//! The page of the notes in a real browser: Chromium, or what the environment variable `NOTES_BROWSER` names. What
//! people must see there is in `browser/`, beside this file, which starts the services and the browsers' side of them.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use futures_util::stream::{self, StreamExt};
use tokio::process::Command;
use tokio::time::timeout;

use test_support::{Example, has_tool, in_ci, skip};

/// A minute is usual in Chromium, and some in Firefox; what hangs shall fail.
const PATIENCE: Duration = Duration::from_secs(900);

/// Before that, in milliseconds, node ends a file whose tests hang, and the browser with it.
const PATIENCE_OF_NODE: &str = "--test-timeout=840000";

/// How many of the files run beside each other, each with a service and a browser of its own.
const AT_ONCE: usize = 3;

/// Those that take longest come first.
const FILES: [&str; 6] = [
    "using.test.js",
    "views.test.js",
    "conflicts.test.js",
    "places.test.js",
    "drafts.test.js",
    "api.test.js",
];

#[cfg(unix)]
#[tokio::test]
async fn what_people_see_of_a_lost_update() {
    let browser = env::var("NOTES_BROWSER").unwrap_or_else(|_| "chromium".to_owned());
    all_is_seen_in(&browser).await;
}

async fn all_is_seen_in(browser: &str) {
    if !has_tool("node") || !has_tool("npm") {
        return;
    }
    let Some(executable) = executable(browser).await else {
        return skip(&format!("{browser} (scripts/browser.sh install {browser})"));
    };
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/browser");
    if !has_packages(&folder).await {
        return skip("what package.json names");
    }
    let tests = FILES.map(|file| is_seen(file, &folder, browser, &executable));
    let ended = stream::iter(tests).buffer_unordered(AT_ONCE);
    let failed: Vec<_> = ended.filter_map(async |failed| failed).collect().await;
    assert!(failed.is_empty(), "see above: {failed:?}");
}

/// Runs the tests of one file, prints what they said, and returns the file if one of them has failed.
async fn is_seen<'a>(
    file: &'a str,
    folder: &Path,
    browser: &str,
    executable: &Path,
) -> Option<&'a str> {
    let directory = tempfile::tempdir().unwrap();
    let database = directory.path().join("notes.db");
    let arguments = [database.as_os_str(), "--port".as_ref(), "0".as_ref()];
    let example = Example::start(env!("CARGO_BIN_EXE_notes"), &arguments).await;
    let people = Command::new("node")
        .args(["--test", "--test-reporter=spec", PATIENCE_OF_NODE, file])
        .current_dir(folder)
        .env("NOTES", format!("http://{}/", example.address()))
        .env("BROWSER", browser)
        .env("EXECUTABLE", executable)
        .env("NO_COLOR", "1")
        .kill_on_drop(true)
        .output();
    let ended = timeout(PATIENCE, people)
        .await
        .expect("an end in time")
        .unwrap();
    let said = [&ended.stdout[..], &ended.stderr[..]].concat();
    eprintln!("{file} in {browser}\n{}", String::from_utf8_lossy(&said));
    (!ended.status.success()).then_some(file)
}

/// A browser that is there; in CI it is installed.
async fn executable(browser: &str) -> Option<PathBuf> {
    let errand = if in_ci() { "install" } else { "path" };
    let found = Command::new(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../scripts/browser.sh"
    ))
    .args([errand, browser])
    .stderr(Stdio::inherit())
    .output()
    .await
    .unwrap();
    let path = String::from_utf8(found.stdout).unwrap();
    found.status.success().then(|| path.trim().into())
}

/// Installs the packages that the lock file names, unless they are there.
async fn has_packages(folder: &Path) -> bool {
    let wanted = fs::read(folder.join("package-lock.json")).unwrap();
    let installed = folder.join("node_modules/installed.json");
    if fs::read(&installed).is_ok_and(|installed| installed == wanted) {
        return true;
    }
    let installing = Command::new("npm")
        .args(["ci", "--no-audit", "--no-fund", "--ignore-scripts"])
        .current_dir(folder)
        .status();
    installing.await.is_ok_and(|status| status.success()) && fs::write(installed, wanted).is_ok()
}
