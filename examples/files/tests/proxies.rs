//! The files behind real proxies; the rows are in `src/guide/proxies.md`.

use test_support::{Example, PROXIES, example_is};

#[tokio::test]
async fn the_files_behind_all_of_them() {
    for proxy in PROXIES {
        let directory = tempfile::tempdir().unwrap();
        let arguments = [
            directory.path().as_os_str(),
            "--port".as_ref(),
            "0".as_ref(),
        ];
        let files = Example::start(env!("CARGO_BIN_EXE_files"), &arguments).await;
        example_is("files", &files, "/note.json", proxy).await;
    }
}
