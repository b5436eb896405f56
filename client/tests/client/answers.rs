//! Every answer that a server can give to each call, and what the caller gets.

use tower_conditional_client::{
    Applied, Conflict, Current, Error, Seen, UpdateError, Why, WriteError,
};

use crate::support::{Reply, Script, answer};

const PROBLEM: (&str, &str) = ("content-type", "application/problem+json");
const STALE: &str = r#"{"status":412,"field":"If-Match","reason":"stale"}"#;
const REQUIRED: &str = r#"{"status":428,"field":"If-Match","reason":"missing"}"#;
const UNAVAILABLE: &str = r#"{"status":503,"error":"precondition_unavailable","reason":"lock"}"#;
const APPLIED: (&str, &str) = ("preference-applied", "return=representation");

/// What the calls begin with, and what every read finds after the answer.
fn before() -> Reply {
    answer(200, &[("etag", "\"1\"")], "base")
}

fn after() -> Reply {
    answer(200, &[("etag", "\"9\"")], "theirs")
}

fn in_words<T>(seen: &Seen<T>) -> String
where
    T: AsRef<str>,
{
    let tag = seen.tag().map_or("no tag", |tag| tag.to_text());
    format!("{} as of {tag}", seen.value().as_ref())
}

trait ToText {
    fn to_text(&self) -> &str;
}

impl ToText for tower_conditional::EntityTag {
    fn to_text(&self) -> &str {
        std::str::from_utf8(self.as_bytes()).unwrap()
    }
}

fn of_error(error: &Error) -> String {
    match error {
        Error::NotSent(_) => "not sent".into(),
        Error::Lost(_) => "answer lost".into(),
        Error::Status(response) => format!("{}", response.status().as_u16()),
        Error::Body(status, _) => format!("half a {}", status.as_u16()),
        other => panic!("{other:?}"),
    }
}

fn of_current(current: &Current<String>) -> String {
    match current {
        Current::Exists(theirs) => in_words(theirs),
        Current::Gone => "gone".into(),
        Current::Unread(error) => format!("unread: {}", of_error(error)),
    }
}

fn of_conflict(conflict: &Conflict<String>) -> String {
    let reason = conflict
        .reason
        .as_deref()
        .map_or(String::new(), |reason| format!(" ({reason})"));
    format!("conflict{reason}: {}", of_current(&conflict.theirs))
}

fn of_write(error: &WriteError<String>) -> String {
    match error {
        WriteError::Conflict(conflict) => of_conflict(conflict),
        WriteError::AnswerLost(lost) => {
            let applied = match lost.applied {
                Applied::Yes => "yes",
                Applied::NotYet => "not yet",
                Applied::Unknown => "unknown",
            };
            format!(
                "{}, applied: {applied}, {}",
                of_error(&lost.error),
                of_current(&lost.theirs)
            )
        }
        WriteError::Unread(_, error) => format!("saved, unread: {}", of_error(error)),
        WriteError::NotPerformed(refused) => match &refused.why {
            Why::PreconditionRequired(header, _) => format!("requires {header}"),
            Why::Other(error) => format!("not performed: {}", of_error(error)),
            other => format!("{other:?}"),
        },
        other => panic!("{other:?}"),
    }
}

fn read_by(result: Result<Seen<String>, Error>) -> String {
    match result {
        Ok(seen) => in_words(&seen),
        Err(error) => of_error(&error),
    }
}

fn written(result: Result<Seen<String>, WriteError<String>>) -> String {
    match result {
        Ok(seen) => in_words(&seen),
        Err(error) => of_write(&error),
    }
}

fn deleted(result: Result<(), WriteError<String>>) -> String {
    match result {
        Ok(()) => "deleted".into(),
        Err(error) => of_write(&error),
    }
}

fn updated(result: Result<Seen<String>, UpdateError<String>>) -> String {
    match result {
        Ok(seen) => in_words(&seen),
        Err(UpdateError::Read(error)) => format!("unread: {}", of_error(&error)),
        Err(UpdateError::Write(error)) => of_write(&error),
        Err(UpdateError::TooManyConflicts { attempts, .. }) => format!("lost {attempts} times"),
        Err(other) => panic!("{other:?}"),
    }
}

/// What each call returns, in words.
async fn outcomes(reply: &Reply) -> [String; 5] {
    let uri = "/a".parse().unwrap();
    let mine = || "mine".to_owned();
    let read = Script::new([reply.clone(), after()]).client();
    let save = Script::new([before(), reply.clone(), after()]).client();
    let create = Script::new([reply.clone(), after()]).client();
    let delete = Script::new([before(), reply.clone(), after()]).client();
    let update = Script::new([before(), reply.clone(), after()]).client();
    let (to_save, to_delete) = (
        save.read(&uri).await.unwrap(),
        delete.read(&uri).await.unwrap(),
    );
    [
        read_by(read.read(&uri).await),
        written(save.save(to_save, mine()).await),
        written(create.create(&uri, mine()).await),
        deleted(delete.delete(to_delete).await),
        updated(update.update(&uri, |_: &String| mine()).await),
    ]
}

#[tokio::test]
#[rustfmt::skip]
async fn every_answer_to_every_call() {
    const TAG: (&str, &str) = ("etag", "\"2\"");
    const READ: &str = "theirs as of \"9\"";
    let of = |read: &str, save: &str, create: &str, delete: &str, update: &str| {
        [read, save, create, delete, update].map(str::to_owned)
    };
    // After a refusal the read in between finds `theirs`.
    let conflict = &format!("conflict: {READ}")[..];
    let stale = &format!("conflict (stale): {READ}")[..];
    let lost = |what: &str| format!("{what}, applied: unknown, {READ}");
    let writes = |read: &str, write: &str| of(read, write, write, write, write);
    let table = [
        (answer(200, &[TAG], "text"), of("text as of \"2\"", "mine as of \"2\"", "mine as of \"2\"", "deleted", "mine as of \"2\"")),
        (answer(201, &[TAG], ""), of("201", "mine as of \"2\"", "mine as of \"2\"", "deleted", "mine as of \"2\"")),
        (answer(204, &[TAG], ""), of("204", "mine as of \"2\"", "mine as of \"2\"", "deleted", "mine as of \"2\"")),
        // Without a tag nobody knows which version it was: it is read again.
        (answer(200, &[], "text"), of("text as of no tag", READ, READ, "deleted", READ)),
        (answer(200, &[("etag", "unquoted")], "text"), of("text as of no tag", READ, READ, "deleted", READ)),
        // The server has changed what was sent, and says so.
        (answer(200, &[TAG, APPLIED], "text"), of("text as of \"2\"", "text as of \"2\"", "text as of \"2\"", "deleted", "text as of \"2\"")),
        (answer(200, &[TAG, ("content-location", "/a")], "text"), of("text as of \"2\"", "text as of \"2\"", "text as of \"2\"", "deleted", "text as of \"2\"")),
        // The body, and so the tag, is of another resource.
        (answer(200, &[TAG, ("content-location", "/log/1")], "text"), of("text as of \"2\"", READ, READ, "deleted", READ)),
        (answer(202, &[], ""), writes("202", &lost("202"))),
        // What came of a write, or where to write: only the second one says that nothing was performed.
        (answer(302, &[("location", "/b")], ""), writes(READ, &lost("302"))),
        (answer(303, &[("location", "/b")], ""), writes(READ, &lost("303"))),
        (answer(304, &[TAG], ""), writes("304", "not performed: 304")),
        (answer(307, &[("location", "/b")], ""), writes(READ, "not performed: 307")),
        (answer(307, &[("location", "http://elsewhere/b")], ""), writes("307", "not performed: 307")),
        (answer(400, &[], ""), writes("400", "not performed: 400")),
        (answer(403, &[], ""), writes("403", "not performed: 403")),
        (answer(404, &[], ""), of("404", "conflict: gone", "not performed: 404", "conflict: gone", "conflict: gone")),
        (answer(410, &[], ""), of("410", "conflict: gone", "not performed: 410", "conflict: gone", "conflict: gone")),
        // A time limit around a handler answers 408 as well, and the handler may have written before.
        (answer(408, &[], ""), writes("408", &lost("408"))),
        (answer(409, &[], ""), writes("409", "not performed: 409")),
        (answer(412, &[], ""), of("412", conflict, conflict, conflict, "lost 1 times")),
        (answer(412, &[PROBLEM], STALE), of("412", stale, stale, stale, "lost 1 times")),
        (answer(412, &[TAG, APPLIED], "text"), of("412", "conflict: text as of \"2\"", "conflict: text as of \"2\"", "conflict: text as of \"2\"", "lost 1 times")),
        (answer(412, &[TAG, APPLIED, ("content-location", "/b")], "text"), of("412", conflict, conflict, conflict, "lost 1 times")),
        (Reply::Half(412, vec![]), of("half a 412", conflict, conflict, conflict, "lost 1 times")),
        (answer(428, &[], ""), writes("428", "requires if-match")),
        (answer(428, &[PROBLEM], REQUIRED), writes("428", "requires if-match")),
        (answer(429, &[("retry-after", "1")], ""), writes("429", "not performed: 429")),
        (answer(500, &[], ""), writes("500", &lost("500"))),
        (answer(502, &[], ""), writes("502", &lost("502"))),
        (answer(503, &[], ""), writes("503", &lost("503"))),
        (answer(503, &[PROBLEM], UNAVAILABLE), writes("503", "not performed: 503")),
        (Reply::Half(200, vec![TAG]), of("half a 200", "mine as of \"2\"", "mine as of \"2\"", "deleted", "mine as of \"2\"")),
        (Reply::Half(200, vec![]), of("half a 200", READ, READ, "deleted", READ)),
        (Reply::Half(400, vec![]), writes("half a 400", "not performed: 400")),
        (Reply::Half(500, vec![]), writes("half a 500", &lost("half a 500"))),
        (Reply::Unsent, writes("not sent", "not performed: not sent")),
        (Reply::Lost, writes("answer lost", &lost("answer lost"))),
    ];
    let mut wrong = Vec::new();
    for (reply, expected) in table {
        let got = outcomes(&reply).await;
        for (call, (got, expected)) in
            ["read", "save", "create", "delete", "update"].into_iter().zip(got.into_iter().zip(expected))
        {
            if got != expected {
                wrong.push(format!("{call}, {reply:?}:\n   {got}\n   expected {expected}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What the read finds after a lost answer says whether the write was performed.
#[tokio::test]
async fn after_a_lost_answer_the_state_tells() {
    let mine = answer(200, &[("etag", "\"2\"")], "mine");
    let gone = answer(404, &[], "");
    let broken = answer(500, &[], "");
    let exists = |text: &str| format!("answer lost, applied: {text}");
    let table = [
        (
            mine,
            [
                "yes, mine as of \"2\"",
                "yes, mine as of \"2\"",
                "unknown, mine as of \"2\"",
            ],
        ),
        (
            before(),
            [
                "not yet, base as of \"1\"",
                "unknown, base as of \"1\"",
                "not yet, base as of \"1\"",
            ],
        ),
        (
            after(),
            [
                "unknown, theirs as of \"9\"",
                "unknown, theirs as of \"9\"",
                "unknown, theirs as of \"9\"",
            ],
        ),
        (gone, ["unknown, gone", "not yet, gone", "yes, gone"]),
        (
            broken,
            [
                "unknown, unread: 500",
                "unknown, unread: 500",
                "unknown, unread: 500",
            ],
        ),
    ];
    let uri = "/a".parse().unwrap();
    for (found, expected) in table {
        let begun = || Script::new([before(), Reply::Lost, found.clone()]).client();
        let (save, delete) = (begun(), begun());
        let create = Script::new([Reply::Lost, found.clone()]).client();
        let (to_save, to_delete) = (
            save.read(&uri).await.unwrap(),
            delete.read(&uri).await.unwrap(),
        );
        let got = [
            written(save.save(to_save, "mine".to_owned()).await),
            written(create.create(&uri, "mine".to_owned()).await),
            deleted(delete.delete::<String>(to_delete).await),
        ];
        assert_eq!(got, expected.map(exists), "{found:?}");
    }
}
