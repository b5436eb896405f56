//! The picture of the modules in CONTRIBUTING.md is drawn from the code: which module names which.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use crate::tree::{files_under, root};

/// The core is every file directly in `src/` but `lib.rs`; every other room is a folder.
const CORE: &str = "core";

type Rooms = BTreeMap<String, BTreeSet<String>>;

#[test]
fn the_picture_is_what_the_code_says() {
    let page = fs::read_to_string(root().join("CONTRIBUTING.md")).unwrap();
    let (_, from_picture) = page.split_once("```text\n").unwrap();
    let (picture, after) = from_picture.split_once("```").unwrap();
    assert_eq!(picture, drawn(&rooms()), "the picture, and what is true");

    let (_, table) = after.split_once("| module |").unwrap();
    for room in rooms().keys() {
        let row = table.lines().find(|line| {
            line.starts_with(&format!("| {room}: ")) || line.starts_with(&format!("| `{room}/` "))
        });
        assert!(row.is_some(), "what is the module {room} for?");
    }
}

#[test]
fn no_two_rooms_name_each_other() {
    let rooms = rooms();
    let mut left = rooms.clone();
    // Rooms that name none of those left over are taken away until nothing is left.
    while !left.is_empty() {
        let (upper, lower): (Rooms, Rooms) = left
            .iter()
            .map(|(room, named)| (room.clone(), named.clone()))
            .partition(|(_, named)| named.iter().any(|name| left.contains_key(name)));
        assert!(!lower.is_empty(), "a circle among {upper:?}");
        left = upper;
    }
}

#[test]
fn every_file_says_first_what_it_is_for() {
    let folders = [
        "src", "testkit", "tests", "examples", "benches", "fuzz", "shuttle",
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

/// One line for each room, those that name the most first.
fn drawn(rooms: &Rooms) -> String {
    let mut lines: Vec<_> = rooms.iter().collect();
    lines.sort_by_key(|(room, named)| (usize::MAX - named.len(), *room));
    let line = |(room, named): (&String, &BTreeSet<String>)| {
        if named.is_empty() {
            return format!("{room}\n");
        }
        let named: Vec<_> = named.iter().map(String::as_str).collect();
        format!("{room:<10} ──► {}\n", named.join(", "))
    };
    lines.into_iter().map(line).collect()
}

/// Each room, and the other rooms that its code names.
fn rooms() -> Rooms {
    let src = root().join("src");
    let lib = fs::read_to_string(src.join("lib.rs")).unwrap();
    let exported = exports(&lib);
    let mut rooms = Rooms::new();
    for file in files_under(&src, "rs") {
        let place = file.strip_prefix(&src).unwrap();
        if place == Path::new("lib.rs") {
            continue;
        }
        let room = match place.parent().and_then(|folder| folder.iter().next()) {
            Some(folder) => folder.to_str().unwrap(),
            None => CORE,
        };
        let named = names_in(&fs::read_to_string(&file).unwrap())
            .into_iter()
            .map(|name| exported.get(&name).cloned().unwrap_or(name))
            .map(|module| room_of(&src, module))
            .filter(|other| other != room);
        rooms.entry(room.to_owned()).or_default().extend(named);
    }
    rooms
}

fn room_of(src: &Path, module: String) -> String {
    if src.join(&module).is_dir() {
        module
    } else {
        CORE.to_owned()
    }
}

/// The module behind each name that `lib.rs` hands out.
fn exports(lib: &str) -> BTreeMap<String, String> {
    let mut exported = BTreeMap::new();
    for uses in code_of(lib).split("pub use ").skip(1) {
        let (uses, _) = uses.split_once(';').unwrap();
        let path = uses.strip_prefix("crate::").unwrap_or(uses);
        // What is handed out a second time, in a module.
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
