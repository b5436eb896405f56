//! Clients that keep what they got: curl, wget, a Python and a Node library.

use std::env;
use std::path::Path;
use std::process::Stdio;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::time::timeout;

use super::origin::{DATE, Origin};
use test_support::{PATIENCE, has_tool};

/// The day before the page was modified.
const DAY_BEFORE: &str = "Tue, 31 Dec 2024 00:00:00 GMT";

/// What curl says about its request: the status.
async fn curl(directory: &Path, arguments: &[&str]) -> String {
    let mut curl = Command::new("curl");
    curl.args([
        "--silent",
        "--output",
        "page",
        "--write-out",
        "%{http_code}",
    ]);
    let output = curl.args(arguments).current_dir(directory).output();
    let output = timeout(PATIENCE, output).await.unwrap().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[tokio::test]
async fn curl_compares_the_tag_that_it_has_saved() {
    if !has_tool("curl") {
        return;
    }
    let origin = Origin::start().await;
    for (path, coding, tag) in [
        ("/strict/page", "--no-compressed", "\"7\""),
        ("/finished/page", "--compressed", "\"7-"),
    ] {
        let directory = tempfile::tempdir().unwrap();
        let url = origin.url(path);
        let saving = [&url, coding, "--etag-save", "tag", "--etag-compare", "tag"];
        assert_eq!(curl(directory.path(), &saving).await, "200");
        let saved = std::fs::read_to_string(directory.path().join("tag")).unwrap();
        assert!(saved.starts_with(tag), "{saved}");
        assert_eq!(curl(directory.path(), &saving).await, "304");
        assert_eq!(curl(directory.path(), &saving).await, "304");
    }
    assert_eq!(origin.not_modified(), 4);
}

#[tokio::test]
async fn curl_asks_by_date() {
    if !has_tool("curl") {
        return;
    }
    let origin = Origin::start().await;
    let directory = tempfile::tempdir().unwrap();
    let url = origin.url("/dated/page");
    for (condition, status) in [(DATE, "304"), (DAY_BEFORE, "200")] {
        let asked = curl(directory.path(), &[&url, "--time-cond", condition]).await;
        assert_eq!(asked, status, "{condition}");
    }
    assert_eq!(origin.not_modified(), 1);
}

#[tokio::test]
async fn wget_keeps_a_page_that_is_not_newer() {
    if !has_tool("wget") {
        return;
    }
    let origin = Origin::start().await;
    let directory = tempfile::tempdir().unwrap();
    for not_modified in [0, 1, 2] {
        let mut wget = Command::new("wget");
        wget.args(["--quiet", "--timestamping", &origin.url("/dated/page")]);
        let status = wget.current_dir(directory.path()).status();
        assert!(timeout(PATIENCE, status).await.unwrap().unwrap().success());
        assert_eq!(origin.not_modified(), not_modified);
    }
    assert!(directory.path().join("page").metadata().unwrap().len() > 0);
}

/// CacheControl takes the fields of the 304, as RFC 9111 wants it.
#[tokio::test]
async fn a_python_cache_revalidates() {
    revalidates("python", "2").await;
}

/// undici's cache interceptor revalidates, and shows the fields as it had stored them.
#[tokio::test]
async fn a_node_cache_revalidates() {
    revalidates("node", "1").await;
}

/// Installed from PyPI and npm, so only where that is wanted.
async fn revalidates(name: &str, deploy_after: &str) {
    if env::var_os("TOWER_CONDITIONAL_FULL").is_none() {
        return;
    }
    let origin = Origin::start().await;
    origin.serves("max-age=1", "1");
    let mut client = Library::start(name, &origin.url("/strict/page"));
    let stored = client.get().await;
    assert!(stored.starts_with("200 1 "), "{stored}");

    // It is asked until its copy is stale by its own clock.
    origin.serves("max-age=600", "2");
    let mut copy = stored.clone();
    while origin.not_modified() == 0 {
        copy = client.get().await;
    }
    let expected = stored.replacen("200 1", &format!("200 {deploy_after}"), 1);
    assert_eq!(copy, expected);
    assert_eq!(origin.asked(), 2, "the whole page once, and a 304");
}

/// A program that gets a page once for each line, and ends with its input.
struct Library {
    _process: Child,
    asks: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
}

impl Library {
    fn start(name: &str, url: &str) -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut process = Command::new(root.join("scripts/clients/run.sh"))
            .args([name, url])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        Self {
            asks: process.stdin.take().unwrap(),
            answers: BufReader::new(process.stdout.take().unwrap()).lines(),
            _process: process,
        }
    }

    /// Status, X-Deploy and length. The first takes as long as its installation.
    async fn get(&mut self) -> String {
        self.asks.write_all(b"\n").await.unwrap();
        self.answers.next_line().await.unwrap().expect("an answer")
    }
}
