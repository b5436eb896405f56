//! The Rust program of `src/guide/clients.md`, run beside somebody else who saves.

use std::future::ready;
use std::sync::{Arc, Mutex, Once};

use axum::middleware::map_response;
use axum::response::Response;
use axum::routing::get;
use tower_conditional::source::InMemoryVersions;
use tower_conditional::{ConditionalLayer, WritePolicy};

use crate::support::no_waiting;

include!("../examples/append.rs");

const PROGRAM: &str = include_str!("../examples/append.rs");
const PAGE: &str = include_str!("../../../src/guide/clients.md");

#[test]
fn the_page_has_this_program() {
    let (_, program) = PROGRAM.split_once("\n\n").unwrap();
    assert!(PAGE.contains(program), "{program}");
}

/// The note is a text in memory.
#[tokio::test]
async fn it_loses_nothing() {
    let text = Arc::new(Mutex::new("base\n".to_owned()));
    let versions = InMemoryVersions::new();
    versions.changed("/notes/1");
    let (for_read, for_save, recorder) = (text.clone(), text.clone(), versions.clone());
    let read = move || ready(for_read.lock().unwrap().clone());
    let save = move |new: String| {
        *for_save.lock().unwrap() = new;
        recorder.changed("/notes/1");
        ready(())
    };
    let layer = ConditionalLayer::new(versions.clone()).writes(WritePolicy::required());
    let app = Router::new().route("/notes/1", get(read).put(save).route_layer(layer));
    // Somebody else saves as soon as the first GET is answered.
    let meanwhile = Arc::new((text.clone(), versions, Once::new()));
    let app = app.layer(map_response(move |response: Response| {
        let (text, versions, once) = &*meanwhile;
        once.call_once(|| {
            text.lock().unwrap().push_str("theirs\n");
            versions.changed("/notes/1");
        });
        ready(response)
    }));
    let client = Client::new(app, no_waiting());
    let merge = |base: &str, mine: &str, theirs: &str| {
        assert_eq!(
            (base, mine, theirs),
            ("base\n", "base\nmine\n", "base\ntheirs\n")
        );
        format!("{theirs}mine\n")
    };
    append(&client, "mine", merge).await.unwrap();
    assert_eq!(*text.lock().unwrap(), "base\ntheirs\nmine\n");
}
