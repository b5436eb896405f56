//! Real proxies between a client and the layer: nginx, Apache httpd, Varnish and Squid.
//!
//! The tables in `docs/proxies.md` are the tables of these tests: what is measured has to be what they say.

mod clients;
mod origin;
mod proxy;

use std::time::Duration;

use origin::{Mode, Origin};
use proxy::{Answer, PATIENCE, Proxy};
use tokio::time::{sleep, timeout};

use crate::client::Protocol;
use crate::process::Example;

const PAGE: &str = include_str!("../../../docs/proxies.md");

const PROXIES: [&str; 5] = ["nginx-gzip", "nginx-cache", "apache", "varnish", "squid"];

/// Long enough for every compressor.
const NOTE: &str =
    r#"{"title":"Milk","body":"milk milk milk milk milk milk milk milk milk milk milk milk"}"#;

#[tokio::test]
async fn nginx_that_compresses() {
    tags_are("nginx-gzip", &["identity", "gzip"], &["no-cache"]).await;
}

#[tokio::test]
async fn nginx_that_caches() {
    tags_are("nginx-cache", &["gzip"], &CACHE_CONTROLS).await;
    stale_copies_are("nginx-cache").await;
}

#[tokio::test]
async fn apache_that_compresses() {
    tags_are("apache", &["identity", "gzip", "br"], &["no-cache"]).await;
}

#[tokio::test]
async fn varnish_that_compresses_and_caches() {
    tags_are("varnish", &["identity", "gzip"], &["max-age=600"]).await;
    stale_copies_are("varnish").await;
}

#[tokio::test]
async fn squid_that_caches() {
    tags_are("squid", &["gzip"], &CACHE_CONTROLS).await;
    stale_copies_are("squid").await;
}

/// What is always asked about, what is served from the store, and what only the client may store.
const CACHE_CONTROLS: [&str; 3] = ["no-cache", "max-age=600", "private"];

#[tokio::test]
async fn the_notes_behind_all_of_them() {
    for proxy in PROXIES {
        let directory = tempfile::tempdir().unwrap();
        let notes = Example::notes(&directory.path().join("notes.db")).await;
        example_is("notes", &notes, "/notes/1", proxy).await;
    }
}

#[tokio::test]
async fn the_files_behind_all_of_them() {
    for proxy in PROXIES {
        let directory = tempfile::tempdir().unwrap();
        let arguments = [
            directory.path().as_os_str(),
            "--port".as_ref(),
            "0".as_ref(),
        ];
        let files = Example::start("files", &arguments).await;
        example_is("files", &files, "/note.json", proxy).await;
    }
}

/// Creates, reads, asks again and saves, all through the proxy. The examples are strict, and say `no-cache`.
async fn example_is(name: &str, example: &Example, path: &str, proxy: &str) {
    let Some(through) = Proxy::start(proxy, example.address().port()).await else {
        return;
    };
    let create = [("if-none-match", "*")];
    let created = through.send("PUT", path, &create, NOTE).await;
    assert_eq!(created.status, 201, "{name} {proxy}: {created:?}");

    let mut direct = example.client(Protocol::Http1).await;
    let own = direct.get(path, &[]).await.field("etag").replace('"', "");

    let gzip = ("accept-encoding", "gzip");
    let seen = through.ask("GET", path, &[gzip]).await;
    let tag = seen.field("etag");
    let again = through
        .ask("GET", path, &[gzip, ("if-none-match", tag)])
        .await;
    let saved = through.send("PUT", path, &[("if-match", tag)], NOTE).await;

    let (again, saved) = (again.tagged(), saved.outcome());
    let row = format!("| {name} | {proxy} | `{tag}` | {again} | {saved} |").replace(&own, "x");
    expect_documented(&format!("{name} | {proxy}"), "The examples", &[row]);
}

/// A GET, its revalidation and a save, both with the tag that the client saw.
async fn tags_are(name: &str, codings: &[&str], cache_controls: &[&'static str]) {
    let origin = Origin::start().await;
    let Some(proxy) = Proxy::start(name, origin.port()).await else {
        return;
    };
    let mut rows = Vec::new();
    for cache_control in cache_controls {
        origin.serves(cache_control, "1");
        for coding in codings {
            for mode in Mode::ALL {
                let path = format!("/{mode}/{cache_control}-{coding}");
                let seen_and_done = see_and_do(&proxy, &origin, &path, coding).await;
                rows.push(format!(
                    "| {name} | {cache_control} | {coding} | {mode} | {seen_and_done} |"
                ));
            }
        }
    }
    expect_documented(name, "Tags", &rows);
}

/// The tag of a GET, what a GET and a PUT with it are answered, and whether the origin was asked for the GET.
async fn see_and_do(proxy: &Proxy, origin: &Origin, path: &str, coding: &str) -> String {
    let accept = ("accept-encoding", coding);
    let seen = proxy.ask("GET", path, &[accept]).await;
    let tag = seen.field("etag");

    let (asked, not_modified) = (origin.asked(), origin.not_modified());
    let again = proxy
        .ask("GET", path, &[accept, ("if-none-match", tag)])
        .await;
    let by_origin = match (origin.asked() - asked, origin.not_modified() - not_modified) {
        (0, _) => "not asked",
        (_, 0) => "200",
        (_, _) => "304",
    };
    let saved = proxy.ask("PUT", path, &[accept, ("if-match", tag)]).await;
    let (again, saved) = (again.tagged(), saved.outcome());
    format!("`{tag}` | {again} | {by_origin} | {saved}")
}

/// A copy that the cache has, and that is stale: the origin's 304 must make it fresh.
async fn stale_copies_are(name: &str) {
    let path_of = |mode| format!("/{mode}/cached");
    let origin = Origin::start().await;
    let Some(proxy) = Proxy::start(name, origin.port()).await else {
        return;
    };
    let gzip = [("accept-encoding", "gzip")];
    origin.serves("max-age=1", "1");
    for path in Mode::ALL.map(path_of) {
        let stored = proxy.ask("GET", &path, &gzip).await;
        assert_eq!(stored.field("x-deploy"), "1");
    }

    origin.serves("max-age=600", "2");
    let mut rows = Vec::new();
    for mode in Mode::ALL {
        let path = path_of(mode);
        let revalidated = until_revalidated(&proxy, &origin, &path);
        timeout(PATIENCE, revalidated).await.unwrap();

        let asked = origin.asked();
        let copy = proxy.ask("GET", &path, &gzip).await;
        assert!(!copy.body.is_empty(), "{name} {mode}");
        let fresh = ["asked for again", "fresh"][usize::from(origin.asked() == asked)];
        let deploy = ["as stored", "updated"][usize::from(copy.field("x-deploy") == "2")];
        let copy = copy.tagged();
        rows.push(format!("| {name} | {mode} | {copy} | {fresh} | {deploy} |"));
    }
    expect_documented(name, "Stale copies", &rows);
}

/// Asks until the copy is stale by the cache's own clock, and the origin has answered 304.
async fn until_revalidated(proxy: &Proxy, origin: &Origin, path: &str) {
    let before = origin.not_modified();
    while origin.not_modified() == before {
        proxy.ask("GET", path, &[("accept-encoding", "gzip")]).await;
        sleep(Duration::from_millis(50)).await;
    }
}

#[track_caller]
fn expect_documented(name: &str, heading: &str, measured: &[String]) {
    let sections = PAGE.split("\n## ");
    let section = sections
        .into_iter()
        .find(|section| section.starts_with(heading));
    let of_this = format!("| {name} |");
    let rows = section.unwrap_or_default().lines();
    let documented: Vec<_> = rows.filter(|row| row.starts_with(&of_this)).collect();
    assert_eq!(measured, documented, "measured is\n{}", measured.join("\n"));
}

impl Answer {
    /// Status and tag.
    fn tagged(&self) -> String {
        match self.field("etag") {
            "" => format!("{}, no tag", self.status),
            tag => format!("{} `{tag}`", self.status),
        }
    }

    /// The status of a write, and why it was refused.
    fn outcome(&self) -> String {
        if self.status < 400 {
            return self.status.to_string();
        }
        let problem: serde_json::Value = serde_json::from_slice(&self.body).unwrap();
        format!("{} `{}`", self.status, problem["reason"].as_str().unwrap())
    }
}
