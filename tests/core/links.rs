//! The links of the pages resolve: files, modules, headings, and paths in backticks.

use std::fs;
use std::path::{Path, PathBuf};

use crate::tree::{files_under, root};

/// The folders whose files the pages name by their path.
const FOLDERS: [&str; 10] = [
    ".ci/",
    "benches/",
    "doctor/",
    "examples/",
    "fuzz/",
    "scripts/",
    "src/",
    "stores/",
    "testkit/",
    "tests/",
];

#[test]
fn every_relative_link_resolves() {
    let mut dead = Vec::new();
    for page in pages() {
        let text = prose_of(&page);
        for link in links_in(&text) {
            if !resolves(&page, link) {
                dead.push(format!("{}: {link}", page.display()));
            }
        }
    }
    assert!(dead.is_empty(), "{}", dead.join("\n"));
}

#[test]
fn every_path_in_backticks_is_there() {
    let mut dead = Vec::new();
    let sources = ["src", "doctor", "examples", "stores", "testkit", "tests"]
        .map(|folder| files_under(&root().join(folder), "rs"));
    for file in pages().into_iter().chain(sources.concat()) {
        let text = prose_of(&file);
        for path in text.split('`').filter(|path| is_a_path_of_ours(path)) {
            // A page names an example by its folder or by its file.
            let is_there = root().join(path).exists() || root().join(format!("{path}.rs")).exists();
            if !is_there {
                dead.push(format!("{}: {path}", file.display()));
            }
        }
    }
    assert!(dead.is_empty(), "{}", dead.join("\n"));
}

#[test]
fn a_dead_link_is_seen() {
    let readme = root().join("README.md");
    let races = root().join("src/guide/races.md");
    for (page, there, not_there) in [
        (&readme, "CONTRIBUTING.md", "no-such-page.md"),
        (
            &readme,
            "src/guide/placement.md#compression",
            "src/guide/placement.md#no-such-heading",
        ),
        (
            &readme,
            "https://docs.rs/tower-conditional/latest/tower_conditional/guide/placement/#compression",
            "https://docs.rs/tower-conditional/latest/tower_conditional/guide/placement/#no-such-heading",
        ),
        (
            &races,
            "crate::guide::placement#compression",
            "crate::guide::placement#no-such-heading",
        ),
        (
            &races,
            "crate::recipes::operation#how-long-a-write-may-wait",
            "crate::recipes::operation#no-such-heading",
        ),
    ] {
        assert!(resolves(page, there), "{there}");
        assert!(!resolves(page, not_there), "{not_there}");
    }
    let text = "[a](b.md) and\n<img src=\"c.png\">\n[d]: e.md\n";
    assert_eq!(links_in(text), ["b.md", "c.png", "e.md"]);
    assert!(is_a_path_of_ours("tests/core/links.rs"));
    assert!(!is_a_path_of_ours("tests/core/*.rs"));
}

pub(crate) fn pages() -> Vec<PathBuf> {
    let mut pages = files_under(&root().join("src/guide"), "md");
    let beside = fs::read_dir(root()).unwrap();
    let beside = beside.map(|entry| entry.unwrap().path());
    pages.extend(beside.filter(|path| path.extension().is_some_and(|end| end == "md")));
    let others = [
        "client/README.md",
        "doctor/README.md",
        "testkit/README.md",
        "testkit/RULES.md",
        "tests/vectors/README.md",
    ];
    pages.extend(others.map(|page| root().join(page)));
    pages
}

/// A page; of a program the comments alone.
pub(crate) fn text_of(file: &Path) -> String {
    let text = fs::read_to_string(file).unwrap();
    if file.extension().is_some_and(|end| end == "md") {
        return text;
    }
    let lines = text.lines().filter_map(|line| {
        let comment = line.trim_start().strip_prefix("//")?;
        Some(format!(
            "{}\n",
            comment.trim_start_matches(['/', '!']).trim_start()
        ))
    });
    lines.collect()
}

/// The text without its blocks of code.
fn prose_of(file: &Path) -> String {
    let mut in_code = false;
    let mut prose = String::new();
    for line in text_of(file).lines() {
        let is_fence = line.trim_start().starts_with("```");
        in_code ^= is_fence;
        if !in_code && !is_fence {
            prose.push_str(line);
            prose.push('\n');
        }
    }
    prose
}

fn links_in(text: &str) -> Vec<&str> {
    let until = |from: &'static str, to: char| {
        text.split(from)
            .skip(1)
            .filter_map(move |rest| Some(rest.split_once(to)?.0))
    };
    let mut links: Vec<&str> = until("](", ')')
        .chain(until("src=\"", '"'))
        .chain(until("srcset=\"", '"'))
        .collect();
    links.extend(text.lines().filter_map(|line| {
        let (_, target) = line.strip_prefix('[')?.split_once("]: ")?;
        Some(target)
    }));
    links
}

/// The rendered documentation, whose pages README.md links to.
const RENDERED: &str = "https://docs.rs/tower-conditional/latest/tower_conditional/";

/// A test cannot follow links to other sites, and rustdoc sees to links to items; it does not look at their anchors.
fn resolves(page: &Path, link: &str) -> bool {
    let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
    let module = file
        .strip_prefix(RENDERED)
        .map(|path| path.trim_end_matches('/').replace('/', "::"))
        .or_else(|| Some(file.strip_prefix("crate::")?.to_owned()));
    let target = match module {
        Some(module) => match source_of(&module) {
            Some(source) => source,
            None => return true,
        },
        None if link.starts_with("https://") => return true,
        None if file.is_empty() => page.to_owned(),
        None => page.parent().unwrap().join(file),
    };
    let Ok(text) = fs::read(&target) else {
        return target.is_dir() && anchor.is_empty();
    };
    anchor.is_empty() || anchors_of(&String::from_utf8_lossy(&text)).any(|known| known == anchor)
}

/// The file of a module of the guide or the recipes; no other item has anchors that we link to.
fn source_of(module: &str) -> Option<PathBuf> {
    let folder = |name: &str| root().join("src").join(name);
    match module.split_once("::") {
        Some(("guide", page)) => Some(folder("guide").join(format!("{page}.md"))),
        Some(("recipes", recipe)) => Some(folder("recipes").join(format!("{recipe}.rs"))),
        None if module == "guide" || module == "recipes" => Some(folder(module).join("mod.rs")),
        _ => None,
    }
}

/// The headings of a page, or of the documentation of a module, as anchors of links.
fn anchors_of(text: &str) -> impl Iterator<Item = String> {
    let lines = text
        .lines()
        .map(|line| line.strip_prefix("//! ").unwrap_or(line));
    let headings = lines.filter(|line| line.starts_with('#'));
    headings.map(|heading| {
        let words = heading.trim_start_matches('#').trim().to_lowercase();
        let kept = words.chars().filter_map(|character| match character {
            ' ' => Some('-'),
            '-' | '_' => Some(character),
            _ => character.is_alphanumeric().then_some(character),
        });
        kept.collect()
    })
}

fn is_a_path_of_ours(text: &str) -> bool {
    let plain = |character: char| character.is_ascii_alphanumeric() || "._-/".contains(character);
    FOLDERS.iter().any(|folder| text.starts_with(folder)) && text.chars().all(plain)
}
