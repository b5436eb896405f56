// Included by `tests/client/page.rs`, which holds that it is the program of `src/guide/clients.md`.

use axum::Router; // any tower service that sends requests
use tower_conditional_client::{Client, Conflict, Current, WriteError};

/// Appends a line. Where somebody else has saved meanwhile, `merge` makes one text of three.
async fn append(
    notes: &Client<Router>,
    line: &str,
    merge: impl Fn(&str, &str, &str) -> String,
) -> Result<(), Box<dyn std::error::Error>> {
    let mut seen = notes.read::<String>(&"/notes/1".parse()?).await?;
    let mut mine = format!("{}{line}\n", seen.value());
    loop {
        match notes.save(seen, mine).await {
            Ok(_) => return Ok(()),
            Err(WriteError::Conflict(conflict)) if conflict.rewritten.is_none() => match *conflict {
                Conflict { mine: Some(text), base: Some(base), theirs: Current::Exists(theirs), .. } => {
                    mine = merge(&base, &text, theirs.value());
                    seen = theirs; // the merged text, with the tag of the one that it was merged with
                }
                _ => return Err("somebody has removed it".into()),
            },
            Err(other) => return Err(other.into()),
        }
    }
}
