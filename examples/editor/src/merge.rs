//! A three-way merge of JSON: each member that only one side has changed is taken from that side.

use serde_json::{Map, Value};

/// The result of a merge.
#[derive(Debug, PartialEq)]
pub(crate) enum Merged {
    Clean(Value),
    /// The places that both sides have changed, each in its own way.
    Conflicting(Vec<String>),
}

/// Merges two values that were made from one.
///
/// Objects are merged member by member, and strings line by line. Anything else that both have changed is a conflict: nobody
/// can tell what an array that was changed twice should be.
pub(crate) fn merge(base: &Value, mine: &Value, theirs: &Value) -> Merged {
    let mut conflicts = Vec::new();
    let merged = merge_at("", Some(base), Some(mine), Some(theirs), &mut conflicts);
    match merged {
        Some(merged) if conflicts.is_empty() => Merged::Clean(merged),
        _ => Merged::Conflicting(conflicts),
    }
}

/// What stands at this place, if anything does.
fn merge_at(
    place: &str,
    base: Option<&Value>,
    mine: Option<&Value>,
    theirs: Option<&Value>,
    conflicts: &mut Vec<String>,
) -> Option<Value> {
    if mine == theirs || theirs == base {
        return mine.cloned();
    }
    if mine == base {
        return theirs.cloned();
    }
    match (base, mine, theirs) {
        (Some(Value::Object(base)), Some(Value::Object(mine)), Some(Value::Object(theirs))) => {
            Some(Value::Object(merge_members(
                place, base, mine, theirs, conflicts,
            )))
        }
        (Some(Value::String(base)), Some(Value::String(mine)), Some(Value::String(theirs))) => {
            match diffy::merge(base, mine, theirs) {
                Ok(merged) => Some(Value::String(merged)),
                Err(_) => conflict(place, conflicts),
            }
        }
        _ => conflict(place, conflicts),
    }
}

fn merge_members(
    place: &str,
    base: &Map<String, Value>,
    mine: &Map<String, Value>,
    theirs: &Map<String, Value>,
    conflicts: &mut Vec<String>,
) -> Map<String, Value> {
    let mut merged = Map::new();
    let added = theirs.keys().filter(|name| !mine.contains_key(*name));
    for name in mine.keys().chain(added) {
        let place = format!("{place}/{name}");
        let [base, mine, theirs] = [base, mine, theirs].map(|members| members.get(name));
        if let Some(value) = merge_at(&place, base, mine, theirs, conflicts) {
            merged.insert(name.clone(), value);
        }
    }
    merged
}

fn conflict(place: &str, conflicts: &mut Vec<String>) -> Option<Value> {
    conflicts.push(if place.is_empty() {
        "the whole".to_owned()
    } else {
        place.to_owned()
    });
    None
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_one_side_has_changed_is_taken() {
        let base = json!({"title": "Milk", "body": "a\nb\nc\n", "tags": [1], "old": 1, "n": {"x": 1, "y": 1}});
        let mine = json!({"title": "Eggs", "body": "A\nb\nc\n", "tags": [1], "old": 1, "n": {"x": 2, "y": 1}, "mine": 1});
        let theirs = json!({"title": "Milk", "body": "a\nb\nC\n", "tags": [2], "n": {"x": 1, "y": 2}, "theirs": 1});
        let merged = json!({"title": "Eggs", "body": "A\nb\nC\n", "tags": [2], "n": {"x": 2, "y": 2}, "mine": 1, "theirs": 1});
        assert_eq!(merge(&base, &mine, &theirs), Merged::Clean(merged.clone()));
        assert_eq!(merge(&base, &theirs, &mine), Merged::Clean(merged));
    }

    #[test]
    fn what_both_have_changed_is_a_conflict() {
        for (base, mine, theirs, places) in [
            (
                json!({"a": 1}),
                json!({"a": 2}),
                json!({"a": 3}),
                &["/a"][..],
            ),
            (
                json!({"a": [1]}),
                json!({"a": [1, 2]}),
                json!({"a": [1, 3]}),
                &["/a"],
            ),
            (
                json!({"a": "x"}),
                json!({"a": "y"}),
                json!({"a": "z"}),
                &["/a"],
            ),
            (
                json!({"a": 1, "b": 1}),
                json!({"b": 2}),
                json!({"a": 2, "b": 3}),
                &["/b", "/a"],
            ),
            (
                json!({"a": {"b": 1}}),
                json!({"a": {"b": 2}}),
                json!({"a": 1}),
                &["/a"],
            ),
            (json!(1), json!(2), json!(3), &["the whole"]),
        ] {
            let places = places.iter().map(|place| (*place).to_owned()).collect();
            assert_eq!(
                merge(&base, &mine, &theirs),
                Merged::Conflicting(places),
                "{mine} {theirs}"
            );
        }
    }

    #[test]
    fn the_same_change_twice_is_no_conflict() {
        let (base, both) = (json!({"a": 1}), json!({"a": [2, 3]}));
        assert_eq!(merge(&base, &both, &both), Merged::Clean(both.clone()));
    }
}
