//! The picture of the modules in CONTRIBUTING.md shows what the code says: which module uses which.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use crate::tree::{files_under, root};

/// The core is every file directly in `src/` but `lib.rs`; every other module is a folder.
const CORE: &str = "core";

type Modules = BTreeMap<String, BTreeSet<String>>;

#[test]
fn the_picture_is_what_the_code_says() {
    let page = fs::read_to_string(root().join("CONTRIBUTING.md")).unwrap();
    let (_, from_picture) = page.split_once("```text\n").unwrap();
    let (picture, after) = from_picture.split_once("```").unwrap();
    assert_eq!(picture, drawn(&modules()), "the picture, and what is true");

    let (_, table) = after.split_once("| module |").unwrap();
    for module in modules().keys() {
        let row = table.lines().find(|line| {
            line.starts_with(&format!("| {module}: "))
                || line.starts_with(&format!("| `{module}/` "))
        });
        assert!(row.is_some(), "what is the module {module} for?");
    }
}

#[test]
fn no_two_modules_use_each_other() {
    let modules = modules();
    let mut left = modules.clone();
    // Takes away the modules that use none of those left over, until nothing is left.
    while !left.is_empty() {
        let (upper, lower): (Modules, Modules) = left
            .iter()
            .map(|(module, named)| (module.clone(), named.clone()))
            .partition(|(_, named)| named.iter().any(|name| left.contains_key(name)));
        assert!(!lower.is_empty(), "a cycle among {upper:?}");
        left = upper;
    }
}

#[test]
fn every_file_says_first_what_it_is_for() {
    let folders = [
        "src",
        "testkit",
        "tests",
        "examples",
        "benches",
        "fuzz",
        "shuttle",
        "models",
        "stores",
        "neighbours",
    ];
    let silent: Vec<_> = folders
        .iter()
        .flat_map(|folder| files_under(&root().join(folder), "rs"))
        .filter(|file| {
            let text = fs::read_to_string(file).unwrap();
            // What is included into another file cannot begin with a doc comment.
            !text.starts_with("//! ") && !text.starts_with("// ")
        })
        .collect();
    assert!(silent.is_empty(), "{silent:?}");
}

/// One line for each module, those that use the most first.
fn drawn(modules: &Modules) -> String {
    let mut lines: Vec<_> = modules.iter().collect();
    lines.sort_by_key(|(module, named)| (usize::MAX - named.len(), *module));
    let line = |(module, named): (&String, &BTreeSet<String>)| {
        if named.is_empty() {
            return format!("{module}\n");
        }
        let named: Vec<_> = named.iter().map(String::as_str).collect();
        format!("{module:<10} ──► {}\n", named.join(", "))
    };
    lines.into_iter().map(line).collect()
}

/// Each module, and the other modules that its code uses.
fn modules() -> Modules {
    let src = root().join("src");
    let lib = fs::read_to_string(src.join("lib.rs")).unwrap();
    let exported = exports(&lib);
    let mut modules = Modules::new();
    for file in files_under(&src, "rs") {
        let place = file.strip_prefix(&src).unwrap();
        if place == Path::new("lib.rs") {
            continue;
        }
        let module = match place.parent().and_then(|folder| folder.iter().next()) {
            Some(folder) => folder.to_str().unwrap(),
            None => CORE,
        };
        let named = names_in(&fs::read_to_string(&file).unwrap())
            .into_iter()
            .map(|name| exported.get(&name).cloned().unwrap_or(name))
            .map(|module| module_of(&src, module))
            .filter(|other| other != module);
        modules.entry(module.to_owned()).or_default().extend(named);
    }
    modules
}

fn module_of(src: &Path, module: String) -> String {
    if src.join(&module).is_dir() {
        module
    } else {
        CORE.to_owned()
    }
}

/// The module behind each name that `lib.rs` re-exports.
fn exports(lib: &str) -> BTreeMap<String, String> {
    let mut exported = BTreeMap::new();
    for uses in code_of(lib).split("pub use ").skip(1) {
        let (uses, _) = uses.split_once(';').unwrap();
        let path = uses.strip_prefix("crate::").unwrap_or(uses);
        // A name that is re-exported a second time, in a module.
        let Some((module, names)) = path.split_once("::") else {
            continue;
        };
        for name in names.split(|character: char| !is_of_a_name(character)) {
            exported.insert(name.to_owned(), module.to_owned());
        }
    }
    exported
}

/// The first name of each path from the root of the crate: `a` and `B` of `crate::{a::{x, y}, B}`.
fn names_in(text: &str) -> BTreeSet<String> {
    let code = code_of(text);
    let mut names = BTreeSet::new();
    for path in code.split("crate::").skip(1) {
        let mut depth = 0_i32;
        let mut at_start = true;
        let mut name = String::new();
        for character in path.chars().filter(|character| !character.is_whitespace()) {
            if at_start && is_of_a_name(character) {
                name.push(character);
                continue;
            }
            if !name.is_empty() {
                names.insert(std::mem::take(&mut name));
            }
            match character {
                '{' => depth += 1,
                '}' => depth -= 1,
                _ => {}
            }
            at_start = depth == 1 && matches!(character, '{' | ',');
            if depth <= 0 {
                break;
            }
        }
    }
    names
}

fn is_of_a_name(character: char) -> bool {
    character.is_ascii_alphanumeric() || character == '_'
}

/// The text without its comments.
fn code_of(text: &str) -> String {
    let code = text.lines().map(|line| line.split("//").next().unwrap());
    code.collect::<Vec<_>>().join("\n")
}
