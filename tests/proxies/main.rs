//! Real proxies between a client and the layer: nginx, Apache httpd, Varnish and Squid.
//!
//! The tables in `src/guide/proxies.md` are the tables of these tests: what is measured has to be what they say. The examples
//! behind the same proxies are tested with the examples.

mod clients;
mod origin;

use std::time::Duration;

use origin::{Mode, Origin};
use tokio::time::{sleep, timeout};

use test_support::{PATIENCE, Proxy, expect_documented};

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
