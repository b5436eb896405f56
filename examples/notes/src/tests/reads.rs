//! A tag belongs to the bytes that come with it, whoever writes at the same time.

use std::collections::HashMap;

use test_support::{ask, figure, quick_or_full, read_beside_a_writer, request, tag_of};

use super::{Notes, draft};

/// RFC 9110, section 8.8.1: a strong tag that came with other bytes would be a 412 at the client's next save, although
/// nobody has changed anything.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tag_of_a_read_is_that_of_its_bytes() {
    let mut count = 0;
    for path in ["/notes/1", "/notes"] {
        let notes = Notes::new();
        let create = [("if-none-match", "*")];
        notes.send("PUT", "/notes/1", &create, draft("")).await;

        let (router, reader) = (notes.router.clone(), notes.router.clone());
        let write = move |number: usize| {
            let router = router.clone();
            async move {
                let any = [("if-match", "*")];
                let save = request("PUT", "/notes/1", &any, draft(&number.to_string()));
                assert_eq!(ask(router.clone(), save).await.status(), 200);
                // Nobody else writes, so that this is the state that the save has made.
                let read = ask(router, request("GET", path, &[], "")).await;
                (tag_of(&read), read.into_body())
            }
        };
        let read = move || {
            // In the list, only a conditional read is looked up.
            let other = [("if-none-match", "\"other\"")];
            ask(reader.clone(), request("GET", path, &other, ""))
        };
        let first = notes.send("GET", path, &[], "").await;
        let reads = quick_or_full(600, 50_000);
        let (written, seen) = read_beside_a_writer(reads, write, read).await;

        let mut bodies: HashMap<_, _> = written.into_iter().collect();
        bodies.insert(tag_of(&first), first.into_body());
        let tags = seen.iter().map(tag_of);
        let wrong = tags
            .zip(&seen)
            .filter(|(tag, read)| bodies.get(tag) != Some(read.body()));
        let wrong: Vec<_> = wrong.collect();
        assert!(seen.len() >= reads);
        assert!(
            wrong.is_empty(),
            "{path}: {} wrong: {:?}",
            wrong.len(),
            wrong[0]
        );
        count += seen.len();
    }
    let name = "200s with a tag of another version: notes";
    figure(name, 0, format!("of {count}"), "0 of 100000");
}
