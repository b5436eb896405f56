//! The report for people.

use std::fmt::Write;

use anstyle::{AnsiColor, Style};
use tower_conditional_testkit::Severity;

use crate::comparison::{Comparison, Row, Tag, in_words};
use crate::report::{Finding, Found, Report};

const BOLD: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();
const RED: Style = AnsiColor::Red.on_default().bold();

const fn colour(severity: Severity) -> Style {
    match severity {
        Severity::Error => RED,
        Severity::Deviation => AnsiColor::Yellow.on_default().bold(),
        // Advice, and what a later kit may add.
        _ => AnsiColor::Cyan.on_default(),
    }
}

/// What people read. Colours are taken out where the output is no terminal.
pub(crate) fn of(report: &Report, found: &Found) -> String {
    let mut text = String::new();
    let mut line = |line: &str| {
        text.push_str(line);
        text.push('\n');
    };
    line(&format!("{BOLD}{}{BOLD:#}", report.urls.join(" → ")));
    if let Some(comparison) = &found.comparison {
        line(table(comparison).trim_end());
    }
    for found in &found.findings {
        line(finding(found).trim_end());
    }
    line("");
    for what in &found.not_checked {
        line(&format!("{DIM}not checked{DIM:#}: {what}"));
    }
    line(&format!(
        "{BOLD}{}{BOLD:#} in {} requests",
        count(&found.findings),
        report.requests
    ));
    text
}

pub(crate) fn not_asked(why: &str) -> String {
    let why: String = why
        .chars()
        .map(|c| if c.is_control() { '?' } else { c })
        .collect();
    format!("tower-conditional-doctor: {RED}could not ask{RED:#}: {why}")
}

fn count(findings: &[Finding]) -> String {
    let of = |severity| {
        findings
            .iter()
            .filter(|finding| finding.severity == severity)
            .count()
    };
    let (errors, deviations, advice) = (
        of(Severity::Error),
        of(Severity::Deviation),
        of(Severity::Advice),
    );
    match (errors, deviations, advice) {
        (0, 0, 0) => "Nothing found".to_owned(),
        (0, 0, _) => format!("Nothing found, {advice} × advice"),
        _ => format!("{errors} × error, {deviations} × deviation, {advice} × advice"),
    }
}

fn finding(finding: &Finding) -> String {
    let style = colour(finding.severity);
    let (severity, rule, section) = (finding.severity.as_str(), finding.rule, finding.section);
    let mut text = format!("\n{style}{severity}{style:#} {BOLD}{rule}{BOLD:#} ({section})\n");
    let mut part = |name: &str, content: &str| {
        if content.is_empty() {
            return;
        }
        for (place, line) in wrapped(content).iter().enumerate() {
            let name = if place == 0 { name } else { "" };
            let _ = writeln!(text, "  {DIM}{name:<10}{DIM:#}{line}");
        }
    };
    part("rule", &finding.requirement);
    part("request", &finding.request);
    part("expected", &finding.expected);
    part("actual", &finding.actual);
    part("cost", &finding.cost);
    part("cure", &finding.cure);
    text
}

/// How long a line gets.
const WIDTH: usize = 88;

/// Lines of words.
fn wrapped(text: &str) -> Vec<String> {
    let mut lines = Vec::new();
    for paragraph in text.lines() {
        let mut line = String::new();
        for word in paragraph.split(' ') {
            if !line.is_empty() && line.chars().count() + word.chars().count() >= WIDTH {
                lines.push(std::mem::take(&mut line));
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
        lines.push(line);
    }
    lines
}

/// One line for all questions with equal answers.
fn table(comparison: &Comparison) -> String {
    let mut lines: Vec<([String; 7], Vec<&Row>)> = Vec::new();
    for row in &comparison.rows {
        let cells = cells(row);
        match lines.iter_mut().find(|(known, _)| *known == cells) {
            Some((_, of)) => of.push(row),
            None => lines.push((cells, vec![row])),
        }
    }
    let has_edge = comparison.through.is_some();
    let mut rows = vec![head(has_edge)];
    rows.extend(lines.into_iter().map(|(mut cells, of)| {
        cells[0] = each(&of, |row| row.coding);
        cells[1] = format!(
            "{} {}",
            each(&of, |row| row.method),
            each(&of, |row| row.protocol)
        );
        cells
    }));
    let mut text = String::new();
    for known in &comparison.proxies {
        let _ = writeln!(
            text,
            "the edge: {} ({})",
            known.proxy.name(),
            known.evidence
        );
    }
    if has_edge && comparison.proxies.is_empty() {
        text.push_str("the edge: does not say what it is\n");
    }
    text.push_str(&aligned(&rows, if has_edge { 7 } else { 3 }));
    text
}

/// `gzip, br`
fn each(rows: &[&Row], of: fn(&Row) -> &'static str) -> String {
    let mut all: Vec<&str> = Vec::new();
    for row in rows {
        if !all.contains(&of(row)) {
            all.push(of(row));
        }
    }
    all.join(", ")
}

fn head(has_edge: bool) -> [String; 7] {
    let origin = if has_edge {
        "origin"
    } else {
        "tag of each backend"
    };
    [
        "coding",
        "asked by",
        origin,
        "edge",
        "rewrite",
        "revalidated",
        "If-Match",
    ]
    .map(str::to_owned)
}

/// All but how it was asked. What GET alone can be asked is left to GET.
fn cells(row: &Row) -> [String; 7] {
    let origin: Vec<_> = row.origin.iter().map(|tags| short(tags)).collect();
    let rewrite = row.rewrite();
    let rewrite = match rewrite.suffix() {
        Some(suffix) => format!("{} {suffix}", rewrite.name()),
        None => rewrite.name().to_owned(),
    };
    let saved = row
        .saved
        .as_ref()
        .map(|saved| match (saved.works, saved.answer.as_str()) {
            (Some(true), answer) => format!("yes ({answer})"),
            (Some(false), "") => "no (weak)".to_owned(),
            (Some(false), answer) => format!("no ({answer})"),
            (None, "") => "?".to_owned(),
            (None, answer) => format!("? ({answer})"),
        });
    [
        String::new(),
        String::new(),
        origin.join(", "),
        short(&row.edge),
        rewrite,
        row.revalidated.clone().unwrap_or_default(),
        saved.unwrap_or_default(),
    ]
}

/// Tags in a table: of a long one its start and its end, where a suffix is.
fn short(tags: &[Tag]) -> String {
    let words = in_words(tags);
    let letters: Vec<_> = words.chars().collect();
    match letters.len() {
        ..=LONG => words,
        _ if tags.len() > 1 => words,
        len => letters[..LONG / 2]
            .iter()
            .chain(&['…'])
            .chain(&letters[len - LONG / 2..])
            .collect(),
    }
}

/// How long a tag may be in the table.
const LONG: usize = 24;

fn aligned(rows: &[[String; 7]], columns: usize) -> String {
    let width = |column: usize| {
        rows.iter()
            .map(|row| row[column].chars().count())
            .max()
            .unwrap_or(0)
    };
    let widths: Vec<_> = (0..columns).map(width).collect();
    let mut text = String::new();
    for (place, row) in rows.iter().enumerate() {
        let mut line = String::from("  ");
        for (cell, width) in row.iter().zip(&widths) {
            let _ = write!(line, "{cell:width$}  ", width = *width);
        }
        let line = line.trim_end();
        match place {
            0 => text.push_str(&format!("{DIM}{line}{DIM:#}\n")),
            _ => text.push_str(&format!("{line}\n")),
        }
    }
    text
}
