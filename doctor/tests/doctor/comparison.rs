//! The tags of an origin, compared with those at an edge and at other backends.

use serde_json::{Value, json};

use crate::planted::{Documents, Planted};
use crate::support::{doctor, report, rules, serve, url};

/// What the doctor says of an origin through this edge.
async fn through(origin: Planted, edge: Planted, more: &[&str]) -> (Value, Option<i32>) {
    let (origin, edge) = (origin.serve().await, edge.serve().await);
    let (origin, edge) = (url(origin, "/page"), url(edge, "/page"));
    report(&[&[&*origin, "--through", &edge, "--asks", "2"], more].concat()).await
}

/// As [`through`], of edges that do one thing.
async fn through_edge(edge: fn(Planted) -> Planted) -> (Value, Option<i32>) {
    let documents = Documents::new();
    through(documents.origin(), edge(documents.origin()), &[]).await
}

fn finding<'r>(report: &'r Value, rule: &str) -> &'r Value {
    let mut findings = report["findings"].as_array().unwrap().iter();
    let found = findings.find(|finding| finding["rule"] == rule);
    found.unwrap_or_else(|| panic!("no {rule} in {report:#}"))
}

fn weakened(tag: &str, coding: &str, _: usize) -> Vec<String> {
    match coding {
        "gzip" => vec![format!("W/{tag}")],
        _ => vec![tag.to_owned()],
    }
}

fn suffixed(tag: &str, coding: &str, _: usize) -> Vec<String> {
    match coding {
        "identity" => vec![tag.to_owned()],
        coding => vec![format!("{}-{coding}\"", tag.trim_end_matches('"'))],
    }
}

/// What an origin does that takes rewritten tags.
fn taken(sent: &str) -> String {
    let inside = sent.trim_start_matches("W/").trim_matches('"');
    let plain = inside.split('-').next().unwrap();
    format!("\"{plain}\"")
}

#[tokio::test]
async fn edge_that_changes_nothing() {
    let (found, code) = through_edge(|edge| edge).await;
    assert_eq!((rules(&found), code), (vec![], Some(0)), "{found:#}");
    // Five codings, GET and HEAD, two protocols.
    let tags = found["comparison"]["tags"].as_array().unwrap();
    assert_eq!(tags.len(), 20);
    let row = json!({
        "coding": "gzip",
        "method": "GET",
        "protocol": "HTTP/2",
        "origin": [["\"7\""]],
        "edge": ["\"7\""],
        "content_encoding": null,
        "rewrite": "kept",
        "suffix": null,
        "revalidation": "304",
        "saving": {"works": true, "answer": "200", "asked": "read-at-edge"},
    });
    assert!(tags.contains(&row), "{found:#}");
}

/// Each fault by itself: its name, its severity, and the exit code.
#[tokio::test]
async fn each_fault_of_an_edge_has_its_name() {
    /// The edge, the rules and severities of what is found, and the exit code.
    type Row = (
        fn(Planted) -> Planted,
        &'static [(&'static str, &'static str)],
        i32,
    );
    let rows: [Row; 17] = [
        (
            |edge| edge.tags(weakened),
            &[("edge-tag-weakened", "error")],
            1,
        ),
        (
            |edge| edge.tags(weakened).sent(taken),
            &[("edge-tag-weakened", "advice")],
            0,
        ),
        (
            |edge| edge.tags(suffixed),
            &[("edge-tag-suffixed", "error")],
            1,
        ),
        (
            |edge| edge.tags(suffixed).sent(taken),
            &[("edge-tag-suffixed", "advice")],
            0,
        ),
        (
            |edge| edge.tags(|tag, coding, at| weakened(&suffixed(tag, coding, at)[0], coding, at)),
            &[("edge-tag-suffixed", "error")],
            1,
        ),
        (
            |edge| edge.tags(|_, _, _| vec![]),
            &[("edge-tag-removed", "error")],
            1,
        ),
        (
            |edge| edge.tags(|_, _, _| vec!["\"other\"".to_owned()]),
            &[("edge-tag-replaced", "error")],
            1,
        ),
        (
            |edge| edge.tags(|tag, _, _| vec![tag.to_owned(), "\"other\"".to_owned()]),
            &[("edge-tag-replaced", "error")],
            1,
        ),
        (
            |edge| edge.tags(|tag, _, _| vec![tag.trim_matches('"').to_owned()]),
            &[("edge-tag-requoted", "error")],
            1,
        ),
        (
            |edge| {
                edge.tags(|tag, _, at| vec![format!("{}{}\"", &tag[..2], at % 2)])
                    .sent(taken)
            },
            &[("edge-tag-replaced", "error"), ("edge-tag-stable", "error")],
            1,
        ),
        (
            |edge| edge.without_if_none_match(),
            &[("edge-revalidation", "deviation")],
            1,
        ),
        (
            |edge| edge.sent(|_| "\"nothing\"".to_owned()),
            &[("edge-save", "error"), ("edge-revalidation", "deviation")],
            1,
        ),
        (
            |edge| edge.content(|text| format!("{text}, minified")),
            &[("edge-content", "deviation")],
            1,
        ),
        // A cache answers If-Match on GET by itself: the origin is asked.
        (|edge| edge.without_if_match(), &[], 0),
        (
            |edge| edge.compresses(),
            &[("edge-tag-of-coding", "deviation")],
            1,
        ),
        (
            |edge| edge.compresses().tags(weakened).sent(taken),
            &[
                ("edge-tag-weakened", "advice"),
                ("edge-tag-of-coding", "deviation"),
            ],
            1,
        ),
        (
            |edge| edge.tags(weakened).without_if_match(),
            &[("edge-tag-weakened", "error")],
            1,
        ),
    ];
    for (place, (edge, expected, expected_code)) in rows.into_iter().enumerate() {
        let (found, code) = through_edge(edge).await;
        let of = |finding: &Value| {
            let part = |name: &str| finding[name].as_str().unwrap().to_owned();
            (part("rule"), part("severity"))
        };
        let mut seen: Vec<_> = found["findings"]
            .as_array()
            .unwrap()
            .iter()
            .map(of)
            .collect();
        let owned = |(rule, severity): &(&str, &str)| ((*rule).to_owned(), (*severity).to_owned());
        let mut expected: Vec<_> = expected.iter().map(owned).collect();
        seen.sort();
        expected.sort();
        assert_eq!(
            (seen, code),
            (expected, Some(expected_code)),
            "row {place}: {found:#}"
        );
    }
}

#[tokio::test]
async fn proxy_that_says_its_name_is_told_its_setting() {
    for (fields, name, setting) in [
        (&[("server", "nginx/1.22.1")][..], "nginx", "`gzip off;`"),
        (
            &[("cf-ray", "8"), ("server", "cloudflare")],
            "Cloudflare",
            "Respect strong ETags",
        ),
        (&[("x-amz-cf-id", "x")], "CloudFront", "`Compress: false`"),
        (
            &[("via", "1.1 varnish (Varnish/7.1)")],
            "Varnish",
            "`set beresp.do_gzip = true;`",
        ),
        (
            &[("sb-request-id", "1")],
            "Supabase",
            "none that you can change",
        ),
    ] {
        // The fields are data of the test, which lives as long as the program.
        let documents = Documents::new();
        let edge = documents.origin().tags(weakened).fields(fields);
        let (found, _) = through(documents.origin(), edge, &[]).await;
        let cure = finding(&found, "edge-tag-weakened")["cure"]
            .as_str()
            .unwrap();
        assert!(cure.starts_with(&format!("The edge is {name}: ")), "{cure}");
        assert!(cure.contains(setting), "{cure}");
        assert!(cure.contains("`ContentCodingLayer`"), "{cure}");
        assert!(
            cure.contains("`.accept_rewritten_tags(RewrittenTags::weakened())`"),
            "{cure}"
        );
        assert_eq!(found["comparison"]["proxies"][0]["name"], name);
    }
}

/// Who says nothing is one of those that do this.
#[tokio::test]
async fn proxy_that_says_nothing_is_known_by_what_it_does() {
    type Tags = fn(&str, &str, usize) -> Vec<String>;
    let rows: [(Tags, &str, &str); 3] = [
        (weakened, "does what nginx does: `gzip off;`", "Apache"),
        (
            |tag, _, _| vec![format!("W/{tag}")],
            "does what Varnish does: no `set beresp.do_gzip",
            "Apache",
        ),
        (
            suffixed,
            "does what Apache httpd does: `SetEnv no-gzip 1`",
            "nginx",
        ),
    ];
    for (tags, expected, other) in rows {
        let documents = Documents::new();
        let (found, _) = through(documents.origin(), documents.origin().tags(tags), &[]).await;
        let cure = found["findings"][0]["cure"].as_str().unwrap();
        let cure = cure.lines().next().unwrap();
        assert!(
            cure.starts_with("The edge does not say what it is"),
            "{cure}"
        );
        assert!(cure.contains(expected), "{cure}");
        assert!(
            cure.contains(". It may also be ") && !cure.contains(other),
            "{cure}"
        );
    }
}

/// Where nobody evaluates If-Match on GET, nobody can tell by reading whether a save would work: a write can.
#[tokio::test]
async fn saving_is_asked_by_a_write() {
    let documents = Documents::new();
    let origin = || documents.origin().reads_without_if_match();
    let edge = || origin().tags(weakened);
    let (found, code) = through(origin(), edge(), &[]).await;
    assert_eq!(
        (rules(&found), code),
        (vec!["edge-tag-weakened"], Some(0)),
        "{found:#}"
    );

    let (found, code) = through(origin(), edge(), &["--write", "/scratch"]).await;
    assert_eq!(
        (rules(&found), code),
        (vec!["edge-tag-weakened"], Some(1)),
        "{found:#}"
    );
    let tags = found["comparison"]["tags"].as_array().unwrap();
    let saved = |coding: &str| {
        let row = tags
            .iter()
            .find(|row| row["coding"] == coding && row["method"] == "GET");
        row.unwrap()["saving"].clone()
    };
    let expected = json!({"works": false, "answer": "412 not_current", "asked": "write"});
    assert_eq!(saved("gzip"), expected);
    let expected = json!({"works": true, "answer": "204", "asked": "write"});
    assert_eq!(saved("identity"), expected);
    assert!(!documents.has("/scratch"), "it is removed again");

    // What was there stays.
    let (_, code) = through(origin(), origin(), &["--write", "/page"]).await;
    assert_eq!(code, Some(0));
    assert!(documents.has("/page"));
}

/// A header of the command line does not change what is asked.
#[tokio::test]
async fn coding_that_is_asked_for_wins() {
    let documents = Documents::new();
    let edge = documents.origin().tags(weakened);
    let accept = ["-H", "Accept-Encoding: identity"];
    let (found, code) = through(documents.origin(), edge, &accept).await;
    assert_eq!(
        (rules(&found), code),
        (vec!["edge-tag-weakened"], Some(1)),
        "{found:#}"
    );
}

/// The race that matters: of all writers with one tag, each has passed the check before the first has written.
#[tokio::test]
async fn check_at_the_head_and_write_at_the_end() {
    let documents = Documents::new();
    for (origin, is_lost) in [
        (documents.origin().checks_early(), true),
        (documents.origin(), false),
    ] {
        let url = url(origin.serve().await, "/page");
        let (found, _) = report(&[&url, "--write", "/scratch"]).await;
        assert_eq!(rules(&found).contains(&"lost-update"), is_lost, "{found:#}");
        let (found, _) = report(&[&url, "--write", "/scratch", "--sync", "whole"]).await;
        assert_eq!(found["error"], Value::Null);
        assert!(!documents.has("/scratch"));
    }
}

#[tokio::test]
async fn if_match_that_is_lost_on_the_way() {
    let documents = Documents::new();
    let edge = documents.origin().without_if_match();
    let (found, code) = through(documents.origin(), edge.clone(), &["--write", "/scratch"]).await;
    assert_eq!(
        (rules(&found), code),
        (vec!["edge-if-match"], Some(1)),
        "{found:#}"
    );
    let (found, code) = through(edge.clone(), edge, &["--write", "/scratch"]).await;
    assert_eq!(
        (rules(&found), code),
        (vec!["if-match"], Some(1)),
        "{found:#}"
    );
    assert!(!documents.has("/scratch"));
}

#[tokio::test]
async fn backends_with_one_text_and_two_tags() {
    let documents = Documents::new();
    // Two machines, to which the files were copied at two times.
    let one = documents
        .origin()
        .tags(|_, _, _| vec!["\"65f0a1b2-d\"".to_owned()]);
    let other = documents
        .origin()
        .tags(|_, _, _| vec!["\"65f0a1b3-d\"".to_owned()]);
    let (one, other) = (one.serve().await, other.serve().await);
    let (first, second) = (url(one, "/page"), url(other, "/page"));
    let backends = [one.to_string(), other.to_string()];
    for arguments in [
        &[&*first, &second][..],
        &[
            "http://example.org/page",
            "--backend",
            &backends[0],
            "--backend",
            &backends[1],
        ],
        &[&first, &second, "--through", &first],
    ] {
        let (found, code) = report(&[arguments, &["--asks", "2"]].concat()).await;
        assert_eq!(
            (rules(&found), code),
            (vec!["backend-tags-agree"], Some(1)),
            "{found:#}"
        );
        let cure = found["findings"][0]["cure"].as_str().unwrap();
        assert!(
            cure.contains("modification time and size, as nginx does it"),
            "{cure}"
        );
    }
    // One machine twice.
    let (found, code) = report(&[&first, &first]).await;
    assert_eq!((rules(&found), code), (vec![], Some(0)), "{found:#}");
}

#[tokio::test]
async fn origin_whose_tag_changes_from_ask_to_ask() {
    let documents = Documents::new();
    let unstable = || {
        documents
            .origin()
            .tags(|_, _, at| vec![format!("\"{}\"", at % 2)])
    };
    let (found, code) = through(unstable(), unstable(), &[]).await;
    assert_eq!(code, Some(1));
    finding(&found, "tag-stable");

    // Other bytes may have other tags.
    let app = axum::Router::new().route(
        "/page",
        axum::routing::get(async || {
            let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
            let now = now.unwrap().as_nanos().to_string();
            ([(http::header::ETAG, format!("\"{now}\""))], now)
        }),
    );
    let url = url(serve(app).await, "/page");
    let (found, code) = report(&[&url, "--through", &url]).await;
    assert_eq!((rules(&found), code), (vec![], Some(0)), "{found:#}");
    let why = found["not_checked"][0].as_str().unwrap();
    assert!(why.starts_with("the bytes differ from ask to ask"), "{why}");
}

#[tokio::test]
async fn origin_without_a_tag() {
    let documents = Documents::new();
    let untagged = || documents.origin().tags(|_, _, _| vec![]);
    let (found, code) = through(untagged(), untagged(), &[]).await;
    assert_eq!(
        (rules(&found), code),
        (vec!["origin-tag"], Some(1)),
        "{found:#}"
    );

    // Its compressor removes the tag.
    let by_coding = |tag: &str, coding: &str, _| match coding {
        "identity" => vec![tag.to_owned()],
        _ => vec![],
    };
    let coded = || documents.origin().tags(by_coding).compresses();
    let (found, code) = through(coded(), coded(), &[]).await;
    assert_eq!(
        (rules(&found), code),
        (vec!["origin-tag-of-coding"], Some(1)),
        "{found:#}"
    );

    let weak = || {
        documents
            .origin()
            .tags(|tag, _, _| vec![format!("W/{tag}")])
    };
    let (found, code) = through(weak(), weak(), &[]).await;
    assert_eq!(
        (rules(&found), code),
        (vec!["origin-tag-weak"], Some(0)),
        "{found:#}"
    );
}

/// Who takes the proxy for the service sees that it weakens the tag: asked alone, as one of two backends, and as the origin.
#[tokio::test]
async fn a_proxy_in_place_of_the_origin() {
    let documents = Documents::new();
    let origin = documents.origin().serve().await;
    let proxy = documents.origin().tags(weakened).compresses().serve().await;
    let (origin, proxy) = (url(origin, "/page"), url(proxy, "/page"));
    for arguments in [
        vec![proxy.as_str()],
        vec![origin.as_str(), proxy.as_str()],
        vec![proxy.as_str(), "--through", origin.as_str()],
    ] {
        let (found, _) = report(&arguments).await;
        assert!(
            rules(&found).contains(&"origin-tag-weakened"),
            "{arguments:?}: {found:#}"
        );
    }
    let (found, _) = report(&[origin.as_str()]).await;
    assert!(!rules(&found).contains(&"origin-tag-weakened"), "{found:#}");
}

#[tokio::test]
async fn table_for_people() {
    let documents = Documents::new();
    let edge = documents
        .origin()
        .tags(weakened)
        .fields(&[("server", "nginx/1.22.1")]);
    let (origin, edge) = (documents.origin().serve().await, edge.serve().await);
    let (origin, edge) = (url(origin, "/page"), url(edge, "/page"));
    let ended = doctor(&[&origin, "--through", &edge, "--http1"]).await;
    let expected = format!(
        r#"{origin} → {edge}
the edge: nginx (server: nginx/1.22.1)
  coding                       asked by       origin  edge   rewrite   revalidated  If-Match
  identity, br, zstd, deflate  GET HTTP/1.1   "7"     "7"    kept      304          yes (200)
  identity, br, zstd, deflate  HEAD HTTP/1.1  "7"     "7"    kept
  gzip                         GET HTTP/1.1   "7"     W/"7"  weakened  304          no (412 not_current)
  gzip                         HEAD HTTP/1.1  "7"     W/"7"  weakened

error edge-tag-weakened (RFC 9110, section 13.1.1)
"#
    );
    assert!(ended.stdout.starts_with(&expected), "{}", ended.stdout);
    assert_eq!(ended.status.code(), Some(1));
}
