//! What the pages promise of dependencies is what the manifest says and cargo resolves.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use crate::tree::root;

#[test]
fn the_readme_names_the_default_dependencies() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let (_, requirements) = readme.split_once("\n## Requirements\n").unwrap();
    let (default, core) = requirements
        .split_once("with `default-features = false`")
        .unwrap();
    for (text, depth_one) in [
        (default, dependencies(&["--depth", "1"])),
        (
            core,
            dependencies(&["--depth", "1", "--no-default-features"]),
        ),
    ] {
        for name in &depth_one {
            assert!(
                words_of(text).contains(name.as_str()),
                "README.md does not name {name}"
            );
        }
    }
    let few = BTreeSet::from(["bytes", "http", "httpdate"].map(str::to_owned));
    assert_eq!(
        dependencies(&["--depth", "1", "--no-default-features"]),
        few
    );
}

#[test]
fn no_default_dependency_is_a_runtime_a_macro_or_c() {
    let mut tree = Command::new(env!("CARGO"));
    tree.current_dir(root());
    tree.args([
        "tree",
        "--locked",
        "--offline",
        "--edges",
        "normal,build",
        "--prefix",
        "none",
    ]);
    let tree = String::from_utf8(tree.output().unwrap().stdout).unwrap();
    assert!(tree.contains("sha2 v"), "{tree}");
    for line in tree.lines() {
        let name = line.split(' ').next().unwrap();
        assert!(!line.contains("(proc-macro)"), "{line}");
        assert!(
            !["tokio", "cc", "cmake", "smol", "async-std"].contains(&name),
            "{line}"
        );
        assert!(!name.ends_with("-sys"), "{line}");
    }
}

/// The list in `Cargo.toml` is the one that `scripts/full.sh external-types` compares with the API.
#[test]
fn the_page_on_stability_names_every_crate_of_the_api() {
    let manifest = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let (_, types) = manifest.split_once("allowed_external_types = [\n").unwrap();
    let (types, _) = types.split_once("\n]").unwrap();
    let crates = types
        .lines()
        .filter_map(|line| line.trim().strip_prefix('"')?.split("::").next());
    let crates: BTreeSet<_> = crates.map(|name| name.replace('_', "-")).collect();
    assert!(crates.contains("http-body"), "{crates:?}");
    let page = fs::read_to_string(root().join("src/guide/stability.md")).unwrap();
    // `serde_core` is where `serde` has its traits, and follows its versions.
    for name in crates.iter().filter(|name| *name != "serde-core") {
        assert!(
            page.contains(&format!("`{name}`")),
            "stability.md does not name {name}"
        );
    }
}

/// The packages that the library needs itself.
fn dependencies(options: &[&str]) -> BTreeSet<String> {
    let mut tree = Command::new(env!("CARGO"));
    tree.current_dir(root());
    tree.args([
        "tree",
        "--locked",
        "--offline",
        "--edges",
        "normal",
        "--prefix",
        "none",
    ]);
    let output = tree.args(options).output().unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let lines = String::from_utf8(output.stdout).unwrap();
    let names = lines
        .lines()
        .skip(1)
        .filter_map(|line| line.split(' ').next());
    names.map(str::to_owned).collect()
}

fn words_of(text: &str) -> BTreeSet<&str> {
    text.split(|character: char| character.is_whitespace() || ",.;:".contains(character))
        .collect()
}
