//! tower-http's `ServeDir`: the kit finds the known defects of its version, and reports nothing that it does right.

use std::fs::{self, File};
use std::time::{Duration, SystemTime};

use tempfile::TempDir;
use tower::Layer;
use tower_conditional::{ConditionalLayer, FromResponse};
use tower_conditional_testkit::{Fixture, check};
use tower_http::compression::CompressionLayer;
use tower_http::services::{ServeDir, ServeFile};

use super::rules;

fn directory() -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    for (name, content) in [
        ("page.txt", "a page that is long enough ".repeat(8)),
        ("404.html", "none".into()),
    ] {
        let path = directory.path().join(name);
        fs::write(&path, content).unwrap();
        let modified = SystemTime::UNIX_EPOCH + Duration::from_secs(1_735_689_600);
        File::options()
            .write(true)
            .open(path)
            .unwrap()
            .set_modified(modified)
            .unwrap();
    }
    directory
}

fn fixture() -> Fixture {
    Fixture::at("/page.txt")
        .expecting_last_modified()
        .expecting_ranges()
}

/// The findings about version 0.7.1, whatever it serves.
const DEFECTS: &[&str] = &[
    "several-lines",
    "if-none-match-empty",
    "precondition-failed-body",
    "if-match-empty",
    "if-modified-since-several",
    "if-unmodified-since-several",
    "range-on-head",
    "range-unit",
    "if-range",
];

#[tokio::test]
async fn serve_dir() {
    let directory = directory();
    let report = check(ServeDir::new(directory.path()), fixture()).await;
    assert_eq!(rules(&report), DEFECTS, "{report}");
}

/// The layer takes over lists, dates and If-Range. A Range without preconditions is still ServeDir's.
#[tokio::test]
async fn with_our_layer_around() {
    let directory = directory();
    let layer = ConditionalLayer::new(FromResponse);
    let report = check(layer.layer(ServeDir::new(directory.path())), fixture()).await;
    assert_eq!(rules(&report), ["range-on-head", "range-unit"], "{report}");
}

#[tokio::test]
async fn precompressed() {
    let directory = directory();
    let service = ServeDir::new(directory.path()).precompressed_gzip();
    let report = check(service, fixture()).await.allowing(DEFECTS);
    assert_eq!(rules(&report), ["not-modified-vary"], "{report}");
}

#[tokio::test]
async fn with_a_page_for_what_is_not_there() {
    let directory = directory();
    let page = ServeFile::new(directory.path().join("404.html"));
    let service = ServeDir::new(directory.path()).not_found_service(page);
    let report = check(service, fixture()).await.allowing(DEFECTS);
    assert_eq!(rules(&report), ["errors-unconditional"], "{report}");
}

#[tokio::test]
async fn compressed() {
    let directory = directory();
    let service = CompressionLayer::new().layer(ServeDir::new(directory.path()));
    let report = check(service, fixture()).await.allowing(DEFECTS);
    assert_eq!(
        rules(&report),
        ["tag-of-coding", "not-modified-vary"],
        "{report}"
    );
}
