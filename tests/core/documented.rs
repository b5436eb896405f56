//! Every public item has an example, or is listed here with the place where one is; every feature is explained.

use std::collections::BTreeSet;
use std::fs;

use crate::tree::{files_under, root};

/// Items whose example is somewhere else, and where.
const SHOWN_ELSEWHERE: [(&str, &str); 35] = [
    ("BoxError", "another name for what is behind it"),
    ("BoxResource", "what a `BoxSource` identifies"),
    ("BoxSource", "`ValidatorSource::boxed`"),
    ("CollectBody", "a bound that `collect_bodies` meets"),
    ("CollectUpTo", "`ConditionalLayer::collect_bodies`"),
    ("Conditional", "what `ConditionalLayer` makes"),
    ("ConditionalBody", "what every response of the layer has"),
    ("Content", "the tour of the testkit"),
    ("ContentCoding", "what `ContentCodingLayer` makes"),
    ("Outcome", "`Evaluation`"),
    ("Either", "what `ValidatorSource::or` identifies"),
    ("ExtractorSource", "`extract::extractor_source`"),
    ("Finding", "`testkit::check`"),
    ("Hammered", "`testkit::hammer`"),
    ("IdentifyHandler", "a bound on what extracts"),
    ("IntoIdentified", "a bound on what is identified"),
    ("InvalidEntityTag", "`EntityTag`"),
    ("KeyBuf", "`ResourceKey`"),
    ("LockedBy", "`ValidatorSource::locked_by`"),
    ("Phase", "a field of `Evaluation`"),
    ("Named", "`ValidatorSource::named`"),
    ("CheckedRejection", "nobody makes one"),
    ("LoadedRejection", "nobody makes one"),
    ("Or", "`ValidatorSource::or`"),
    ("ProbeBody", "a request body that is empty"),
    ("Probing", "`BodyHash::probe_with`"),
    ("Report", "`testkit::check`"),
    ("ResponseFuture", "what `Conditional` answers with"),
    ("Scratch", "`testkit::Fixture`"),
    (
        "Sealed",
        "what seals `layer::CollectBody` and `validator::VersionNumber`",
    ),
    ("SourceFn", "`source_fn`"),
    ("Stating", "`ValidatorSource::stating`"),
    ("Unidentified", "`ValidatorSource`"),
    ("UpdateOnly", "`ValidatorSource::update_only`"),
    ("WriteGuard", "`WriteLock`"),
];

#[test]
fn every_public_item_is_shown() {
    let sources = ["src", "testkit/src"].map(|folder| files_under(&root().join(folder), "rs"));
    let without: BTreeSet<String> = sources
        .concat()
        .iter()
        // The text of a recipe is an example, and no part of the crate.
        .filter(|file| !file.starts_with(root().join("src/recipes/stores")))
        .flat_map(|file| without_example(&fs::read_to_string(file).unwrap()))
        .collect();
    let excused: BTreeSet<String> = SHOWN_ELSEWHERE
        .iter()
        .map(|(name, _)| (*name).to_owned())
        .collect();
    assert_eq!(
        without, excused,
        "items without an example, and those that are excused"
    );
}

#[test]
fn every_feature_is_explained() {
    let manifest = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let (_, features) = manifest.split_once("[features]\n").unwrap();
    let (features, _) = features.split_once("\n[").unwrap();
    let features = features.lines().filter(|line| !line.starts_with('#'));
    let features = features.filter_map(|line| Some(line.split_once(" = ")?.0));
    let features: Vec<_> = features.filter(|name| *name != "default").collect();
    for (page, start) in [("README.md", ""), ("src/lib.rs", "//! ")] {
        let text = fs::read_to_string(root().join(page)).unwrap();
        let row = |name: &str| format!("\n{start}| `{name}` | ");
        let silent = features.iter().filter(|name| !text.contains(&row(name)));
        let silent: Vec<_> = silent.collect();
        assert!(silent.is_empty(), "{page} says nothing of {silent:?}");
    }
    assert!(features.contains(&"layer"), "{features:?}");
}

/// The public items of a file, in its outermost module, whose documentation has no block of code. An item stands with
/// all that belongs to it between two empty lines.
fn without_example(text: &str) -> Vec<String> {
    let mut before: Vec<&str> = Vec::new();
    let mut names = Vec::new();
    for line in text.lines() {
        if let Some(name) = public_item(line)
            && !before.iter().any(|line| line.starts_with("/// ```"))
        {
            names.push(name.to_owned());
        }
        if line.is_empty() {
            before.clear();
        } else {
            before.push(line);
        }
    }
    names
}

fn public_item(line: &str) -> Option<&str> {
    let rest = line.trim_start().strip_prefix("pub ")?;
    // A type may be indented because a macro is around it; an indented function belongs to a type.
    let is_outermost = !line.starts_with(' ');
    let rest = rest
        .trim_start_matches("const ")
        .trim_start_matches("async ");
    let function = rest.strip_prefix("fn ").filter(|_| is_outermost);
    let kinds = ["struct ", "enum ", "trait ", "type "];
    let mut types = kinds.iter().filter_map(|kind| rest.strip_prefix(kind));
    let named = function.or_else(|| types.next())?;
    named
        .split(|character: char| !character.is_ascii_alphanumeric() && character != '_')
        .next()
}
