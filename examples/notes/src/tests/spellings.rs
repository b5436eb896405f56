//! All spellings of an id are one note: of two writers with one tag, one wins.

use test_support::{
    Spellings, both_at_once, each_had_one_winner, quick_or_full, request, tag_of, winners,
};

use super::{Notes, draft};

/// The loser is refused before its statement: the lock keeps the two apart, not only the swap in the database.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_of_two_writers_wins_however_they_spell_the_id() {
    let notes = Notes::new();
    let mut spellings = Spellings::new(1);
    let ids = quick_or_full(50, 5_000);
    for id in 1..=ids as u64 {
        let create = ("if-none-match", "*");
        let begun = race(&notes, &mut spellings, id, create).await;
        assert_eq!(begun, (1, 1), "creations of note {id}");

        let read = notes.send("GET", &format!("/notes/{id}"), &[], "").await;
        let save = ("if-match", &*tag_of(&read));
        let begun = race(&notes, &mut spellings, id, save).await;
        assert_eq!(begun, (1, 1), "saves of note {id}");
    }
    each_had_one_winner("notes", 2 * ids);
}

/// How many of two writers have won, and how many have begun to write.
async fn race(
    notes: &Notes,
    spellings: &mut Spellings,
    id: u64,
    guard: (&str, &str),
) -> (usize, usize) {
    let mut put = |body| {
        let path = format!("/notes/{}", spellings.of_number(id));
        request("PUT", &path, &[guard], draft(body))
    };
    let writes = [put("one"), put("two")];
    notes.statements();
    let answers = both_at_once(&notes.router, writes).await;
    let statements = notes.statements();
    let begun = statements.iter().filter(|sql| sql.starts_with("BEGIN"));
    (winners(&answers), begun.count())
}

#[tokio::test]
async fn every_spelling_is_the_same_note() {
    let notes = Notes::new();
    let create = [("if-none-match", "*")];
    let created = notes.send("PUT", "/notes/%37", &create, draft("one")).await;
    assert_eq!(created.status(), 201);
    let mut spellings = Spellings::new(2);
    for _ in 0..100 {
        let path = format!("/notes/{}", spellings.of_number(7));
        let read = notes.send("GET", &path, &[], "").await;
        assert_eq!((read.status().as_u16(), &*tag_of(&read)), (200, "\"n1.1\""));
        let again = notes.send("PUT", &path, &create, draft("two")).await;
        assert_eq!(again.status(), 412, "{path}");
    }
    assert_eq!(notes.send("GET", "/notes/7/", &[], "").await.status(), 404);
}
