//! The picture of the rooms in CONTRIBUTING.md, held: who may name whom.

use std::fs;
use std::path::{Path, PathBuf};

/// A room, and the rooms that it may name. The core is every file directly in `src/` but `lib.rs`.
const ROOMS: [(&str, &[&str]); 6] = [
    ("core", &[]),
    ("source", &["core"]),
    ("middleware", &["core", "source"]),
    ("finish", &["core"]),
    ("axum", &["core", "source"]),
    ("testkit", &["core"]),
];

#[test]
fn every_room_names_only_the_rooms_below_it() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut wrong = Vec::new();
    for (room, below) in ROOMS {
        for file in files_of(&src, room) {
            let text = fs::read_to_string(&file).unwrap();
            let named = ROOMS
                .iter()
                .map(|(name, _)| *name)
                .filter(|name| *name != "core" && text.contains(&format!("crate::{name}::")));
            for named in named.filter(|named| *named != room && !below.contains(named)) {
                wrong.push(format!("{} names {named}", file.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_file_says_first_what_it_is_for() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let files = ROOMS.iter().flat_map(|(room, _)| files_of(&src, room));
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        assert!(text.starts_with("//! "), "{}", file.display());
    }
}

fn files_of(src: &Path, room: &str) -> Vec<PathBuf> {
    if room == "core" {
        let files = entries(src).into_iter().filter(|path| path.is_file());
        return files.filter(|path| !path.ends_with("lib.rs")).collect();
    }
    let mut folders = vec![src.join(room)];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for path in entries(&folder) {
            if path.is_dir() {
                folders.push(path);
            } else {
                files.push(path);
            }
        }
    }
    assert!(!files.is_empty(), "there is no room called {room}");
    files
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap();
    entries.map(|entry| entry.unwrap().path()).collect()
}
