//! What each request is answered, whichever of two processes gets it.

use test_support::{Answer, Client};

/// One note's life, each request to the other process than the request before it.
pub(crate) async fn ask(clients: &mut [Client; 2], path: &str, tags_come_back: bool) {
    let mut other = Other(clients, 0);

    other.get(path, &[]).await.is(404, "");
    other.put(path, &[], "x").await.is(428, "missing");
    other
        .put(path, &[("if-match", "\"1\"")], "x")
        .await
        .is(412, "absent");
    other
        .put(path, &[("if-none-match", "*")], "one")
        .await
        .is(201, "");
    other
        .put(path, &[("if-none-match", "*")], "x")
        .await
        .is(412, "exists");
    let first = other.read(path, "one").await;
    other
        .get(path, &[("if-none-match", &first)])
        .await
        .is(304, "");

    let saved = other.put(path, &[("if-match", &first)], "two").await;
    saved.is(204, "");
    let second = other.read(path, "two").await;
    assert_ne!(first, second);
    assert!(saved.tag().is_none_or(|tag| tag == second), "{saved:?}");
    other
        .put(path, &[("if-match", &first)], "x")
        .await
        .is(412, "stale");
    other
        .get(path, &[("if-none-match", &first)])
        .await
        .is(200, "");
    other
        .delete(path, &[("if-match", &first)])
        .await
        .is(412, "stale");

    // The same text again is a write, too: a row that does not change counts as written.
    other
        .put(path, &[("if-match", &second)], "two")
        .await
        .is(204, "");
    let third = other.read(path, "two").await;
    assert_eq!(second == third, tags_come_back, "{second}, {third}");

    other.delete(path, &[]).await.is(428, "missing");
    other
        .delete(path, &[("if-match", &third)])
        .await
        .is(204, "");
    other.get(path, &[]).await.is(404, "");
    other
        .put(path, &[("if-match", &third)], "x")
        .await
        .is(412, "absent");
    other
        .delete(path, &[("if-match", &third)])
        .await
        .is(404, "");

    // A tag from before a DELETE names nothing that is created later.
    other
        .put(path, &[("if-none-match", "*")], "two")
        .await
        .is(201, "");
    let fourth = other.read(path, "two").await;
    assert_eq!(third == fourth, tags_come_back, "{third}, {fourth}");
    other
        .delete(path, &[("if-match", &fourth)])
        .await
        .is(204, "");
}

struct Other<'c>(&'c mut [Client; 2], usize);

impl Other<'_> {
    async fn send(
        &mut self,
        method: &str,
        path: &str,
        fields: &[(&str, &str)],
        body: &'static str,
    ) -> Asked {
        self.1 += 1;
        let client = &mut self.0[self.1 % 2];
        let answer = client.send(method, path, fields, body).await;
        Asked {
            what: format!("{method} {path} {fields:?}"),
            answer,
        }
    }

    async fn get(&mut self, path: &str, fields: &[(&str, &str)]) -> Asked {
        self.send("GET", path, fields, "").await
    }

    async fn put(&mut self, path: &str, fields: &[(&str, &str)], body: &'static str) -> Asked {
        self.send("PUT", path, fields, body).await
    }

    async fn delete(&mut self, path: &str, fields: &[(&str, &str)]) -> Asked {
        self.send("DELETE", path, fields, "").await
    }

    /// The tag of the note, which has this text in both processes.
    async fn read(&mut self, path: &str, text: &str) -> String {
        let [one, another] = [self.get(path, &[]).await, self.get(path, &[]).await];
        one.is(200, "");
        assert_eq!(
            (&*one.answer.body, one.tag()),
            (text, another.tag()),
            "{one:?}"
        );
        one.tag().expect("a tag").to_owned()
    }
}

/// What was asked, and the answer.
#[derive(Debug)]
struct Asked {
    what: String,
    answer: Answer,
}

impl Asked {
    #[track_caller]
    fn is(&self, status: u16, reason: &str) {
        assert_eq!(
            self.answer.status, status,
            "{}: {:?}",
            self.what, self.answer
        );
        if !reason.is_empty() {
            assert_eq!(self.answer.problem().2, reason, "{}", self.what);
        }
    }

    fn tag(&self) -> Option<&str> {
        self.answer.fields.get("etag").map(String::as_str)
    }
}
