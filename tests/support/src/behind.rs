//! An example behind every proxy.

use crate::client::Protocol;
use crate::documented::expect_documented;
use crate::process::Example;
use crate::proxy::Proxy;

/// All that `scripts/proxies/run.sh` knows.
pub const PROXIES: [&str; 5] = ["nginx-gzip", "nginx-cache", "apache", "varnish", "squid"];

/// Long enough for every compressor.
const NOTE: &str =
    r#"{"title":"Milk","body":"milk milk milk milk milk milk milk milk milk milk milk milk"}"#;

/// Creates, reads, asks again and saves, all through the proxy. The examples are strict, and say `no-cache`.
pub async fn example_is(name: &str, example: &Example, path: &str, proxy: &str) {
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
