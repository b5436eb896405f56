//! The doctor before real proxies: it names what each does to tags, who it is, and what cures it.
//!
//! The tables in `src/guide/doctor.md` are the tables of these tests. `UPDATE_DOCS=1` writes their rows anew.

mod documented;
mod origin;

use std::env;
use std::ffi::OsStr;

use documented::expect_rows;
use origin::{Mode, Origin};
use serde_json::Value;
use test_support::{Proxy, run};

#[tokio::test]
async fn nginx() {
    is_diagnosed("nginx-gzip", "`gzip off;`").await;
}

#[tokio::test]
async fn nginx_that_caches() {
    is_diagnosed("nginx-cache", "`proxy_cache`").await;
}

#[tokio::test]
async fn apache() {
    is_diagnosed("apache", "`SetEnv no-gzip 1`").await;
}

#[tokio::test]
async fn apache_that_keeps_tags() {
    is_diagnosed("apache-nochange", "`ContentCodingLayer`").await;
}

#[tokio::test]
async fn apache_that_removes_tags() {
    is_diagnosed("apache-remove", "`SetEnv no-gzip 1`").await;
}

#[tokio::test]
async fn varnish() {
    is_diagnosed("varnish", "`set beresp.do_gzip = true;`").await;
}

#[tokio::test]
async fn squid() {
    is_diagnosed("squid", "Squid answers 200").await;
}

/// The settings that the doctor names do what it says.
#[tokio::test]
async fn settings_that_cure() {
    for name in ["nginx-gzip-off", "apache-off", "varnish-off"] {
        is_cured(name).await;
    }
}

#[tokio::test]
async fn haproxy() {
    if in_full() {
        is_diagnosed("haproxy", "`compression algo`").await;
        is_cured("haproxy-off").await;
    }
}

#[tokio::test]
async fn lighttpd() {
    if in_full() {
        is_diagnosed("lighttpd", "`deflate.mimetypes = ()`").await;
        is_cured("lighttpd-off").await;
    }
}

#[tokio::test]
async fn caddy() {
    if in_full() {
        is_diagnosed("caddy", "`ContentCodingLayer`").await;
        is_cured("caddy-off").await;
    }
}

/// Whether to run what needs proxies that the other tests do without.
fn in_full() -> bool {
    env::var_os("TOWER_CONDITIONAL_FULL").is_some()
}

/// What the doctor says of this proxy, in every way in which the origin can serve; of the first its cure has this in it.
async fn is_diagnosed(name: &str, cure: &str) {
    let Some(reports) = reports(name).await else {
        return;
    };
    let [(strict, _), ..] = &reports;
    expect_rows("Edges", name, &tags(strict, name));
    let text = strict["findings"].to_string();
    assert!(text.contains(cure), "{name}: {text}");
    let outcomes = Mode::ALL.iter().zip(&reports);
    let outcomes = outcomes.map(|(mode, (report, code))| {
        format!("| {name} | {} | {} | {code} |", mode.name(), found(report))
    });
    expect_rows("What cures it", name, &outcomes.collect::<Vec<_>>());
}

/// Nothing is found, however the origin serves.
async fn is_cured(name: &str) {
    let Some(reports) = reports(name).await else {
        return;
    };
    for (report, code) in reports {
        assert_eq!(
            (&*found(&report), code),
            ("nothing", 0),
            "{name}: {report:#}"
        );
    }
}

/// One report for each mode; `None` where the proxy is not installed.
async fn reports(name: &str) -> Option<[(Value, i32); 4]> {
    let origin = Origin::start().await;
    let proxy = Proxy::start(name, origin.port()).await?;
    let [strict, no_transform, tolerant, compressing] =
        Mode::ALL.map(|mode| doctor(origin.port(), proxy.port(), mode));
    Some([
        strict.await,
        no_transform.await,
        tolerant.await,
        compressing.await,
    ])
}

fn found(report: &Value) -> String {
    let (rules, severities) = (findings(report, "rule"), findings(report, "severity"));
    let found = rules.iter().zip(severities);
    let found: Vec<_> = found
        .map(|(rule, severity)| format!("{severity} `{rule}`"))
        .collect();
    match found.is_empty() {
        true => "nothing".to_owned(),
        false => found.join(", "),
    }
}

/// The report as data, and the exit code.
async fn doctor(origin: u16, edge: u16, mode: Mode) -> (Value, i32) {
    let url = |port| format!("http://127.0.0.1:{port}/{}/page", mode.name());
    let (origin, edge) = (url(origin), url(edge));
    let arguments = [&*origin, "--through", &edge, "--asks", "2", "--json"];
    let ended = run(
        env!("CARGO_BIN_EXE_tower-conditional-doctor"),
        &arguments.map(OsStr::new),
    )
    .await;
    let report = serde_json::from_str(&ended.stdout);
    let report = report.unwrap_or_else(|error| panic!("{error}: {ended:?}"));
    (report, ended.status.code().unwrap())
}

fn findings<'r>(report: &'r Value, part: &str) -> Vec<&'r str> {
    let findings = report["findings"].as_array().unwrap().iter();
    findings
        .map(|finding| finding[part].as_str().unwrap())
        .collect()
}

/// A row for all codings whose GET has the same outcome.
fn tags(report: &Value, name: &str) -> Vec<String> {
    let comparison = &report["comparison"];
    let who = comparison["proxies"][0]["name"].as_str();
    let cures = findings(report, "cure").join("\n");
    let guessed = cures
        .split("and does what ")
        .nth(1)
        .and_then(|rest| rest.split(" does:").next());
    let who = match (who, guessed) {
        (Some(who), _) => who.to_owned(),
        (None, Some(guessed)) => format!("{guessed}, by what it does"),
        (None, None) => "nobody".to_owned(),
    };
    let mut rows: Vec<(String, Vec<&str>)> = Vec::new();
    for row in comparison["tags"].as_array().unwrap() {
        if row["method"] != "GET" {
            continue;
        }
        let text = |value: &Value| value.as_str().unwrap_or("–").to_owned();
        let tag = |value: &Value| {
            value
                .as_str()
                .map_or_else(|| "none".to_owned(), |tag| format!("`{tag}`"))
        };
        let outcome = [
            tag(&row["origin"][0][0]),
            tag(&row["edge"][0]),
            text(&row["content_encoding"]).replace(row["coding"].as_str().unwrap(), "as asked"),
            text(&row["rewrite"]),
            text(&row["revalidation"]),
            text(&row["saving"]["answer"]),
        ]
        .join(" | ");
        let coding = row["coding"].as_str().unwrap();
        match rows
            .iter_mut()
            .find(|(known, _)| *known == outcome.replace(&format!("-{coding}"), "-…"))
        {
            Some((_, codings)) if codings.contains(&coding) => {}
            Some((_, codings)) => codings.push(coding),
            None => rows.push((outcome.replace(&format!("-{coding}"), "-…"), vec![coding])),
        }
    }
    let line = |(outcome, codings): (String, Vec<&str>)| {
        format!("| {name} | {} | {outcome} | {who} |", codings.join(", "))
    };
    rows.into_iter().map(line).collect()
}
