//! The report as data. `docs/doctor.md` describes it; `schema` counts the changes that can break a reader.

use serde_json::{Value, json};

use crate::comparison::{Comparison, Row, Tag};
use crate::edge::escaped;
use crate::report::{Finding, Report};

const SCHEMA: u8 = 1;

pub(crate) fn of(report: &Report) -> Value {
    let (found, error) = match &report.result {
        Ok(found) => (Some(found), None),
        Err(why) => (None, Some(why)),
    };
    let findings: Vec<_> = found
        .iter()
        .flat_map(|found| &found.findings)
        .map(finding)
        .collect();
    let not_checked: Vec<_> = found.iter().flat_map(|found| &found.not_checked).collect();
    json!({
        "schema": SCHEMA,
        "version": env!("CARGO_PKG_VERSION"),
        "urls": report.urls,
        "outcome": report.outcome().name(),
        "error": error,
        "requests": report.requests,
        "findings": findings,
        "not_checked": not_checked,
        "comparison": found.and_then(|found| found.comparison.as_ref()).map(comparison),
    })
}

fn finding(finding: &Finding) -> Value {
    json!({
        "rule": finding.rule,
        "severity": finding.severity.as_str(),
        "section": finding.section,
        "requirement": finding.requirement,
        "request": finding.request,
        "expected": finding.expected,
        "actual": finding.actual,
        "cost": finding.cost,
        "cure": finding.cure,
    })
}

fn comparison(comparison: &Comparison) -> Value {
    let proxies = comparison.proxies.iter();
    let proxies =
        proxies.map(|known| json!({"name": known.proxy.name(), "evidence": known.evidence}));
    json!({
        "through": comparison.through,
        "proxies": proxies.collect::<Vec<_>>(),
        "tags": comparison.rows.iter().map(row).collect::<Vec<_>>(),
    })
}

fn row(row: &Row) -> Value {
    let has_edge = !row.edge.is_empty();
    let rewrite = row.rewrite();
    json!({
        "coding": row.coding,
        "method": row.method,
        "protocol": row.protocol,
        "origin": row.origin.iter().map(|tags| list(tags)).collect::<Vec<_>>(),
        "edge": has_edge.then(|| list(&row.edge)),
        "content_encoding": row.coded,
        "rewrite": has_edge.then(|| rewrite.name()),
        "suffix": rewrite.suffix().filter(|_| has_edge),
        "revalidation": row.revalidated,
        "saving": row.saved.as_ref().map(|saved| json!({
            "works": saved.works,
            "answer": saved.answer,
            "asked": saved.asked.name(),
        })),
    })
}

/// Tags as strings, bytes outside of ASCII escaped; `null` where an answer had none.
fn list(tags: &[Tag]) -> Vec<Option<String>> {
    let text = |tag: &Tag| tag.as_ref().map(|tag| escaped(tag).into_owned());
    tags.iter().map(text).collect()
}
