//! The notes behind real proxies; the rows are in `src/guide/proxies.md`.

use test_support::{Example, PROXIES, example_is};

#[tokio::test]
async fn the_notes_behind_all_of_them() {
    for proxy in PROXIES {
        let directory = tempfile::tempdir().unwrap();
        let database = directory.path().join("notes.db");
        let arguments = [database.as_os_str(), "--port".as_ref(), "0".as_ref()];
        let notes = Example::start(env!("CARGO_BIN_EXE_notes"), &arguments).await;
        example_is("notes", &notes, "/notes/1", proxy).await;
    }
}
