//! Edits a JSON resource in `$EDITOR`, and saves it with the tag of what was read.
//!
//! ```sh
//! cargo run -p notes &
//! curl -X PUT http://127.0.0.1:3000/notes/1 -H 'If-None-Match: *' -d '{"title":"Milk","body":"one litre"}'
//! cargo run -p editor -- http://127.0.0.1:3000/notes/1
//! ```
//!
//! If somebody else has saved meanwhile, it shows both changes, merges them, and saves the result with the new tag. What both
//! have changed goes to the editor once more, with both versions in it.

mod arguments;
mod merge;
mod screen;
mod service;
mod text;

use std::process::ExitCode;

use http::Uri;
use serde_json::Value;
use tower_conditional_client::{Applied, Conflict, Current, Json, Seen, Why, WriteError};

use arguments::Arguments;
use merge::{Merged, merge};
use screen::Screen;
use service::Client;
use text::Text;

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = example_support::arguments::read(Arguments::parse);
    match edit(&arguments).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("editor: {why}");
            ExitCode::FAILURE
        }
    }
}

/// Reads, edits and saves, until it is saved.
async fn edit(arguments: &Arguments) -> Result<(), String> {
    let client = service::client(arguments);
    let screen = Screen::new();
    let mut seen = read(&client, &arguments.url).await?;
    let mut text = Text::of(&seen.value().0)?;
    let mut mine = text.edit()?;
    if mine == seen.value().0 {
        println!("Nothing was changed.");
        return Ok(());
    }
    loop {
        let conflict = match client.save(seen, Json(mine.clone())).await {
            Ok(saved) => {
                println!("Saved as {}.", screen::tag(saved.tag()));
                return Ok(());
            }
            Err(WriteError::Conflict(conflict)) => conflict,
            Err(other) => return Err(text.kept(&in_words(&other))),
        };
        let Conflict {
            base: Some(Json(base)),
            theirs,
            rewritten,
            ..
        } = *conflict
        else {
            return Err(text.kept("the server has refused it"));
        };
        if let Some(rewritten) = rewritten {
            return Err(text.kept(&format!("the tag is changed on its way ({rewritten:?})")));
        }
        let theirs = match theirs {
            Current::Exists(theirs) => theirs,
            Current::Gone => return Err(text.kept("somebody else has removed it meanwhile")),
            Current::Unread(error) => return Err(text.kept(&error.to_string())),
        };
        println!(
            "Somebody else has saved meanwhile: {}.",
            screen::tag(theirs.tag())
        );
        screen.change("theirs", &base, &theirs.value().0);
        screen.change("yours", &base, &mine);
        mine = match merge(&base, &mine, &theirs.value().0) {
            Merged::Clean(merged) => {
                println!("Both changes fit together.");
                text.write(&merged)?;
                merged
            }
            Merged::Conflicting(places) => {
                println!(
                    "Both have changed {}: decide in the editor.",
                    places.join(", ")
                );
                text.edit_conflict(&base, &mine, &theirs.value().0)?
            }
        };
        if mine == theirs.value().0 {
            println!("What is there is what you want; nothing is saved.");
            return Ok(());
        }
        seen = theirs;
    }
}

async fn read(client: &Client, url: &Uri) -> Result<Seen<Json<Value>>, String> {
    let seen: Seen<Json<Value>> = client
        .read(url)
        .await
        .map_err(|error| format!("{url}: {error}"))?;
    println!("{} as of {}", seen.uri(), screen::tag(seen.tag()));
    Ok(seen)
}

/// Why it was not saved, and what that means.
fn in_words(error: &WriteError<Json<Value>>) -> String {
    match error {
        WriteError::AnswerLost(lost) => match lost.applied {
            Applied::Yes => format!("{}, but it is saved: the server has your text", lost.error),
            Applied::NotYet => format!("{}; the server still has the old text", lost.error),
            Applied::Unknown => format!("{}; nobody knows whether it was saved", lost.error),
        },
        WriteError::NotPerformed(refused) => match &refused.why {
            Why::NoTag => {
                "the server sends no ETag, so that a save could overwrite what others save"
                    .to_owned()
            }
            Why::WeakTag => {
                "the ETag is weak; an API that wants it all the same needs --weak-tags".to_owned()
            }
            _ => error.to_string(),
        },
        _ => error.to_string(),
    }
}
