//! The routes in this process: writers that spell one path differently, and readers beside a writer.

use std::fs;

use axum::Router;
use sha2::{Digest, Sha256};
use tempfile::TempDir;
use test_support::{
    Spellings, StalledBody, ask, both_at_once, each_had_one_winner, figure, quick_or_full,
    read_beside_a_writer, request, tag_of, winners,
};
use tokio::{
    task::yield_now,
    time::{Instant, timeout},
};
use tower::ServiceExt;
use tower_conditional::lock::WriteKey;

use crate::{
    app::{self, Files},
    patience::PATIENCE,
    tags::content_tag,
    target::Target,
    upload,
};

fn files() -> (Router, TempDir) {
    files_with(false)
}

fn files_with(requires_preconditions: bool) -> (Router, TempDir) {
    let directory = tempfile::tempdir().unwrap();
    let files = Files::below(directory.path()).unwrap();
    (app::router(files, requires_preconditions), directory)
}

/// Percent-encoded or not, a path is one file. Other paths (`//`, a slash at the end) write nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_of_two_writers_wins_however_they_spell_the_path() {
    let (router, _directory) = files();
    let mut spellings = Spellings::new(1);
    let rounds = quick_or_full(50, 5_000);
    for round in 0..rounds {
        let path = format!("/some folder/file-{round}.txt").replace(' ', "%20");
        let create = ("if-none-match", "*");
        let created = race(&router, &mut spellings, round, create).await;
        assert_eq!(created, 1, "creations of {path}");

        let tag = tag_of(&ask(router.clone(), request("GET", &path, &[], "")).await);
        let saved = race(&router, &mut spellings, round, ("if-match", &tag)).await;
        assert_eq!(saved, 1, "saves of {path}");
    }
    each_had_one_winner("files", 2 * rounds);
}

async fn race(
    router: &Router,
    spellings: &mut Spellings,
    round: usize,
    guard: (&str, &str),
) -> usize {
    let mut put = |writer| {
        let path = spellings.encoded(&format!("/some folder/file-{round}.txt"));
        let text = format!("{} in round {round}, by {writer}", guard.0);
        request("PUT", &path.replace(' ', "%20"), &[guard], text)
    };
    winners(&both_at_once(router, [put("one"), put("two")]).await)
}

#[tokio::test]
async fn what_is_no_spelling_of_a_file_is_not_written() {
    let (router, directory) = files();
    fs::create_dir(directory.path().join("folder")).unwrap();
    fs::write(directory.path().join("folder/a"), "text").unwrap();
    for path in [
        "//folder/a",
        "/folder//a",
        "/folder/a/",
        "/folder/./a",
        "/folder/a%2f",
    ] {
        for guard in [("if-match", "*"), ("if-none-match", "*")] {
            let put = ask(router.clone(), request("PUT", path, &[guard], "other")).await;
            assert_eq!(put.status(), 403, "{path}");
        }
    }
    assert_eq!(
        fs::read(directory.path().join("folder/a")).unwrap(),
        b"text"
    );
}

/// A file system may take them for one file.
#[test]
fn names_that_differ_in_case_have_one_lock() {
    let key = |path: &str| WriteKey::new("", &Target(path.into()));
    for (one, other) in [
        ("/r/a.txt", "/r/A.TXT"),
        ("/r/é", "/r/É"),
        ("/r/ß", "/r/SS"),
    ] {
        assert_eq!(key(one), key(other), "{one} {other}");
    }
    assert_ne!(key("/r/a"), key("/r/b"));
}

/// The writer comes by the service.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bytes_and_parts_of_a_file_are_those_of_its_tag() {
    let (router, _directory) = files();
    let writer = router.clone();
    let write = move |number: usize| {
        let put = request("PUT", "/a", &[], content(number + 1, 200));
        let written = ask(writer.clone(), put);
        async { assert!(written.await.status().is_success()) }
    };
    write(0).await;
    let reads = quick_or_full(300, 50_000);
    let (_, parts) = read_beside_a_writer(reads, write, move || download(router.clone())).await;
    all_were_of_their_tag("a client", &parts);
}

/// The writer is another program, which replaces the file, also while it is hashed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn replaced_file_is_served_as_it_was_or_as_it_is() {
    let (router, directory) = files();
    let write = move |number: usize| {
        let place = |name| directory.path().join(name);
        fs::write(place(".next"), content(number + 1, 10_000)).unwrap();
        fs::rename(place(".next"), place("a")).unwrap();
        yield_now()
    };
    write(0).await;
    let reads = quick_or_full(100, 5_000);
    let (_, parts) = read_beside_a_writer(reads, write, move || download(router.clone())).await;
    all_were_of_their_tag("another program", &parts);
}

/// Whether each download was resumed by a 206.
fn all_were_of_their_tag(writer: &str, parts: &[bool]) {
    let resumed = parts.iter().filter(|&&is_part| is_part).count();
    let whole = 2 * parts.len() - resumed;
    let name = |status| format!("{status}s of another version: files, written by {writer}");
    figure(name(200), 0, format!("of {whole}"), "0 of 100000");
    figure(name(206), 0, format!("of {resumed}"), "0 of 10000");
}

/// Where every write needs a precondition, a client that has read can write: every 200 has a tag, also while another program
/// replaces the file, which has a second name.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_200_has_a_tag_where_preconditions_are_required() {
    let (router, directory) = files_with(true);
    let write = move |number: usize| {
        let place = |name| directory.path().join(name);
        fs::write(place(".next"), content(number + 1, 10_000)).unwrap();
        let _ = fs::remove_file(place("link"));
        fs::hard_link(place(".next"), place("link")).unwrap();
        fs::rename(place(".next"), place("a")).unwrap();
        yield_now()
    };
    write(0).await;
    let reads = quick_or_full(100, 5_000);
    let read = move || {
        let read = ask(router.clone(), request("GET", "/a", &[], ""));
        async {
            let read = read.await;
            assert_eq!(read.status(), 200, "{:?}", read.headers());
            assert_eq!(tag_of(&read), content_tag_of(&[read.body()]));
        }
    };
    read_beside_a_writer(reads, write, read).await;
}

/// A program that writes into the file may make it unreadable for a moment; what is read has a tag all the same.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_200_has_a_tag_where_the_file_is_written_in_place() {
    let (router, directory) = files_with(true);
    let write = move |number: usize| {
        fs::write(directory.path().join("a"), content(number + 1, 10_000)).unwrap();
        yield_now()
    };
    write(0).await;
    let reads = quick_or_full(100, 5_000);
    let read = move || {
        // Its body may end early: the file is shorter for a moment.
        let read = router.clone().oneshot(request("GET", "/a", &[], ""));
        async {
            let head = read.await.unwrap().into_parts().0;
            let has_tag = head.headers.contains_key("etag");
            assert_eq!(has_tag, head.status == 200, "{head:?}");
            assert!(matches!(head.status.as_u16(), 200 | 503), "{head:?}");
            has_tag
        }
    };
    read_beside_a_writer(reads, write, read).await;
}

/// So many bytes have come when a download breaks off.
const HAS: usize = 1000;

/// A whole file, and then the rest of it; whether that was a part. The tag is that of the bytes (RFC 9110, section 8.8.1), and a part under
/// If-Range is of the file that the client has the beginning of (section 13.1.5).
async fn download(router: Router) -> bool {
    let begun = ask(router.clone(), request("GET", "/a", &[], "")).await;
    assert_eq!(begun.status(), 200, "{:?}", begun.headers());
    assert_eq!(tag_of(&begun), content_tag_of(&[begun.body()]));

    let range = [("range", "bytes=1000-"), ("if-range", &*tag_of(&begun))];
    let resumed = ask(router, request("GET", "/a", &range, "")).await;
    let beginning = match resumed.status().as_u16() {
        206 => &begun.body()[..HAS],
        200 => &[],
        _ => panic!("{:?}", resumed.headers()),
    };
    let whole = content_tag_of(&[beginning, resumed.body()]);
    assert_eq!(tag_of(&resumed), whole, "{:?}", resumed.headers());
    resumed.status() == 206
}

/// Different at every place, and now longer, now shorter.
fn content(number: usize, lines: usize) -> Vec<u8> {
    format!("{number:08}\n")
        .repeat(lines + number % 3)
        .into_bytes()
}

fn content_tag_of(parts: &[&[u8]]) -> String {
    let tag = content_tag(Sha256::new_with_prefix(parts.concat())).unwrap();
    String::from_utf8(tag.as_bytes().to_vec()).unwrap()
}

/// A large upload has the lock of its file while it arrives, and while it does not.
#[tokio::test(start_paused = true)]
async fn stalled_upload_is_waited_for_for_a_limited_time() {
    let (router, directory) = files();
    let start = Instant::now();
    let stalled = request("PUT", "/a", &[], "").map(|_| StalledBody(3_000_000));
    let stalled = tokio::spawn(router.clone().oneshot(stalled));
    // Until it is being received.
    while fs::read_dir(directory.path()).unwrap().count() == 0 {
        yield_now().await;
    }
    let waiting = ask(router.clone(), request("PUT", "/a", &[], "text"));
    let waited = timeout(2 * PATIENCE, waiting).await.expect("an end");
    assert_eq!(waited.status(), 503);
    assert_eq!(
        waited.headers()["retry-after"],
        "1",
        "the lock's own answer"
    );
    assert!((PATIENCE..upload::PATIENCE).contains(&start.elapsed()));

    assert_eq!(stalled.await.unwrap().unwrap().status(), 408);
    let saved = ask(router, request("PUT", "/a", &[], "text")).await;
    assert_eq!(saved.status(), 201, "the lock is free again");
}
