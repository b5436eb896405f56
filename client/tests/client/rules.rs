//! What is sent, what is never sent, and what is reported.

use std::future::ready;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::Uri;
use tower_conditional::EntityTag;
use tower_conditional_client::{
    Backoff, Client, Current, Enforcement, Error, Json, Rewritten, Seen, UpdateError, Why,
    WriteError,
};

use crate::support::{Reply, Script, answer, no_waiting};

fn uri(path: &str) -> Uri {
    path.parse().unwrap()
}

fn tagged(tag: &'static str, body: &'static str) -> Reply {
    answer(200, &[("etag", tag)], body)
}

fn mine() -> String {
    "mine".to_owned()
}

/// The `Why` of a write that was not performed, and the value and the tag that were given back.
#[track_caller]
fn why(error: WriteError<String>) -> Why {
    match error {
        WriteError::NotPerformed(refused) => {
            assert_eq!(refused.mine.as_deref().unwrap_or("mine"), "mine");
            refused.why
        }
        other => panic!("{other:?}"),
    }
}

/// RFC 9110, section 13.1.1: a write carries the tag of what it was made from, and a creation `*`.
#[tokio::test]
async fn every_write_is_guarded() {
    let script = Script::new([
        tagged("\"1\"", "base"),
        answer(204, &[("etag", "\"2\"")], ""),
        answer(204, &[("etag", "\"3\"")], ""),
        answer(204, &[], ""),
        answer(201, &[("etag", "\"4\"")], ""),
    ]);
    let client = script.client();
    let seen = client.read::<String>(&uri("/a")).await.unwrap();
    assert_eq!(
        (seen.status().as_u16(), &seen.headers()["etag"]),
        (200, &"\"1\"".parse().unwrap())
    );
    let seen = client.save(seen, mine()).await.unwrap();
    let seen = client.save(seen, mine()).await.unwrap();
    client.delete(seen).await.unwrap();
    client.create(&uri("/b"), mine()).await.unwrap();
    let sent = [
        "GET /a",
        "PUT /a if-match: \"1\"",
        "PUT /a if-match: \"2\"",
        "DELETE /a if-match: \"3\"",
        "PUT /b if-none-match: *",
    ];
    assert_eq!(script.take_in_short(), sent);
}

/// A refused tag is never sent again: the way on is the fresh version.
#[tokio::test]
async fn after_a_conflict_the_fresh_tag_is_sent() {
    let script = Script::new([
        tagged("\"1\"", "base"),
        answer(412, &[], ""),
        tagged("\"2\"", "theirs"),
        answer(204, &[("etag", "\"3\"")], ""),
    ]);
    let client = script.client();
    let seen = client.read::<String>(&uri("/a")).await.unwrap();
    let Err(WriteError::Conflict(conflict)) = client.save(seen, mine()).await else {
        panic!("no conflict");
    };
    assert_eq!(
        (conflict.mine.as_deref(), conflict.base.as_deref()),
        (Some("mine"), Some("base"))
    );
    assert_eq!(
        (conflict.response.status().as_u16(), conflict.rewritten),
        (412, None)
    );
    let Current::Exists(theirs) = conflict.theirs else {
        panic!("gone")
    };
    client.save(theirs, mine()).await.unwrap();
    assert_eq!(script.take_in_short()[3], "PUT /a if-match: \"2\"");
}

/// Nothing is sent without a tag, or with one that can never match.
#[tokio::test]
async fn what_cannot_be_saved_is_not_sent() {
    for (reply, is_weak) in [
        (answer(200, &[], "base"), false),
        (answer(200, &[("etag", "unquoted")], "base"), false),
        (
            answer(200, &[("etag", "\"1\""), ("etag", "\"2\"")], "base"),
            false,
        ),
        (tagged("W/\"1\"", "base"), true),
    ] {
        let script = Script::new([reply]);
        let client = script.client();
        for deletes in [false, true] {
            let seen = client.read::<String>(&uri("/a")).await.unwrap();
            script.take_sent();
            let error = if deletes {
                client.delete(seen).await.unwrap_err()
            } else {
                client.save(seen, mine()).await.unwrap_err()
            };
            match why(error) {
                Why::WeakTag => assert!(is_weak),
                Why::NoTag => assert!(!is_weak),
                other => panic!("{other:?}"),
            }
            assert!(script.take_sent().is_empty());
        }
    }
}

/// FHIR, SCIM and OData have weak tags in If-Match.
#[tokio::test]
async fn weak_tags_are_sent_where_the_api_asks_for_it() {
    let script = Script::new([
        tagged("W/\"1\"", "base"),
        answer(204, &[("etag", "W/\"2\"")], ""),
    ]);
    let client = script.client().send_weak_tags();
    let seen = client.read::<String>(&uri("/a")).await.unwrap();
    let seen = client.save(seen, mine()).await.unwrap();
    assert!(seen.tag().is_some_and(EntityTag::is_weak));
    assert_eq!(script.take_in_short()[1], "PUT /a if-match: W/\"1\"");
}

/// What happened to the tag on its way is said, and nothing is sent for it.
#[tokio::test]
async fn rewritten_tags_are_reported() {
    for (refused, fresh, expected) in [
        ("\"1\"", "\"1\"", Some(Rewritten::Refused)),
        ("\"1\"", "W/\"1\"", Some(Rewritten::Weakened)),
        ("\"1-gzip\"", "\"1\"", Some(Rewritten::Suffixed)),
        ("\"1\"", "\"1-br\"", Some(Rewritten::Suffixed)),
        ("\"1\"", "\"1-x\"", None),
        ("\"1\"", "\"2\"", None),
        ("\"\"", "\"-gzip\"", Some(Rewritten::Suffixed)),
    ] {
        let script = Script::new([
            tagged(refused, "base"),
            answer(412, &[], ""),
            tagged(fresh, "theirs"),
        ]);
        let client = script.client();
        let seen = client.read::<String>(&uri("/a")).await.unwrap();
        let Err(WriteError::Conflict(conflict)) = client.save(seen, mine()).await else {
            panic!("no conflict");
        };
        assert_eq!(conflict.rewritten, expected, "{refused}, {fresh}");
        assert_eq!(script.take_sent().len(), 3);
    }
}

/// RFC 9110, section 15.4: what is saved is what was read, and that is where the redirect leads to.
#[tokio::test]
async fn a_redirect_names_the_resource() {
    for (status, location, target) in [
        (301, "/b?x=1#top", "http://host/b?x=1"),
        (302, "http://host/b", "http://host/b"),
        (307, "/b", "http://host/b"),
        (308, "/b", "http://host/b"),
    ] {
        let script = Script::new([
            answer(status, &[("location", location)], ""),
            tagged("\"1\"", "base"),
            answer(204, &[("etag", "\"2\"")], ""),
        ]);
        let client = script.client();
        let seen = client.read::<String>(&uri("http://host/a")).await.unwrap();
        assert_eq!(seen.uri(), target);
        client.save(seen, mine()).await.unwrap();
        let sent = [
            "GET http://host/a",
            &format!("GET {target}"),
            &format!("PUT {target} if-match: \"1\""),
        ];
        assert_eq!(script.take_in_short(), sent);
    }
    // Credentials are for one origin.
    for location in [
        "http://elsewhere/b",
        "https://host/b",
        "//elsewhere/b",
        "relative",
        "http://host:81/b",
    ] {
        let script = Script::new([answer(302, &[("location", location)], "")]);
        let error = script
            .client()
            .read::<String>(&uri("http://host/a"))
            .await
            .unwrap_err();
        assert_eq!(error.status().unwrap(), 302, "{location}");
        assert_eq!(script.take_sent().len(), 1, "{location}");
    }
    // It ends.
    let script = Script::new([answer(302, &[("location", "/a")], "")]);
    let error = script
        .client()
        .read::<String>(&uri("http://host/a"))
        .await
        .unwrap_err();
    assert!(matches!(error, Error::Lost(_)), "{error}");
    assert_eq!(script.take_sent().len(), 6);
}

/// The member of a list is saved with the tag that the list has for it.
#[tokio::test]
async fn a_member_of_a_list() {
    let script = Script::new([answer(204, &[("etag", "\"8\"")], "")]);
    let member = Seen::member(
        uri("/a/7"),
        "base".to_owned(),
        EntityTag::from_static("\"7\""),
    );
    script.client().save(member, mine()).await.unwrap();
    assert_eq!(script.take_in_short(), ["PUT /a/7 if-match: \"7\""]);
}

/// What was read as `application/scim+json` is saved as that.
#[tokio::test]
async fn the_media_type_is_kept() {
    let read = answer(
        200,
        &[("etag", "\"1\""), ("content-type", "application/scim+json")],
        "1",
    );
    let script = Script::new([read, answer(204, &[("etag", "\"2\"")], "")]);
    let client = script.client();
    let seen = client.read::<Json<u8>>(&uri("/a")).await.unwrap();
    client.save(seen, Json(2)).await.unwrap();
    client.create(&uri("/b"), Json(2)).await.unwrap();
    let sent = script.take_sent();
    assert_eq!(sent[0].field("accept"), Some("application/json, */*;q=0.5"));
    assert_eq!(sent[1].field("content-type"), Some("application/scim+json"));
    assert_eq!(sent[1].field("prefer"), None);
    assert_eq!(sent[2].field("content-type"), Some("application/json"));
}

/// RFC 8144, section 3.2: only on request, because such a refusal cannot say why.
#[tokio::test]
async fn the_current_state_is_asked_for_on_request() {
    let script = Script::new([
        tagged("\"1\"", "base"),
        answer(204, &[("etag", "\"2\"")], ""),
    ]);
    let client = script.client().prefer_current_state();
    let seen = client.read::<String>(&uri("/a")).await.unwrap();
    let seen = client.save(seen, mine()).await.unwrap();
    client.delete(seen).await.unwrap();
    client.create(&uri("/b"), mine()).await.unwrap();
    let asked: Vec<_> = script
        .take_sent()
        .iter()
        .map(|sent| sent.field("prefer").is_some())
        .collect();
    assert_eq!(asked, [false, true, true, true]);
}

/// What is no problem of the server must not be taken for its reason.
#[tokio::test]
async fn only_problem_details_give_a_reason() {
    const JSON: &str = r#"{"reason":"taxi","field":"Berlin"}"#;
    for (media_type, reason) in [
        ("application/json", None),
        ("application/scim+json", None),
        ("application/problem+json", Some("taxi")),
        ("Application/Problem+JSON; charset=utf-8", Some("taxi")),
    ] {
        let refused = answer(412, &[("content-type", media_type)], JSON);
        let script = Script::new([tagged("\"1\"", "base"), refused, tagged("\"2\"", "theirs")]);
        let client = script.client();
        let seen = client.read::<String>(&uri("/a")).await.unwrap();
        let Err(WriteError::Conflict(conflict)) = client.save(seen, mine()).await else {
            panic!("no conflict");
        };
        assert_eq!(conflict.reason.as_deref(), reason, "{media_type}");
    }
}

/// An error says what its causes say: that the connection was refused, for one.
#[test]
fn an_error_names_its_causes() {
    #[derive(Debug)]
    struct Outer(std::io::Error);
    impl std::fmt::Display for Outer {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("client error")
        }
    }
    impl std::error::Error for Outer {
        fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
            Some(&self.0)
        }
    }
    let error = Error::Lost(Outer(std::io::Error::other("connection refused")).into());
    assert_eq!(
        error.to_string(),
        "no answer: client error: connection refused"
    );
}

/// The body of an answer is bounded, and so is what a hostile server can make the client hold.
#[tokio::test]
async fn a_body_over_the_limit_is_an_error() {
    let script = Script::new([tagged("\"1\"", "a text of 20 letters")]);
    let error = script
        .client()
        .limit(19)
        .read::<Bytes>(&uri("/a"))
        .await
        .unwrap_err();
    assert!(
        matches!(error, Error::Body(status, _) if status == 200),
        "{error}"
    );
    assert!(
        script
            .client()
            .limit(20)
            .read::<Bytes>(&uri("/a"))
            .await
            .is_ok()
    );
}

#[tokio::test]
async fn a_body_of_another_kind_is_an_error() {
    let script = Script::new([tagged("\"1\"", "no JSON")]);
    let error = script
        .client()
        .read::<Json<u8>>(&uri("/a"))
        .await
        .unwrap_err();
    assert!(matches!(error, Error::Decode(_)), "{error}");
}

/// Waits are drawn between nothing and a bound that doubles; what the server asks for is added.
#[tokio::test]
async fn update_waits_longer_each_time() {
    let waits = Arc::new(Mutex::new(Vec::new()));
    let log = waits.clone();
    let sleep = move |time: Duration| {
        log.lock().unwrap().push(time);
        ready(())
    };
    let ms = Duration::from_millis;
    let backoff = Backoff::new(sleep, || u64::MAX >> 1)
        .between(ms(10), ms(40))
        .attempts(6);
    let script = Script::new([
        tagged("\"1\"", "base"),
        answer(412, &[], ""),
        tagged("\"2\"", "theirs"),
        answer(429, &[("retry-after", "1")], ""),
        tagged("\"2\"", "theirs"),
        answer(412, &[], ""),
        answer(
            503,
            &[
                ("content-type", "application/problem+json"),
                ("retry-after", "x"),
            ],
            r#"{"error":"precondition_unavailable"}"#,
        ),
        tagged("\"3\"", "theirs"),
        answer(412, &[], ""),
        tagged("\"4\"", "theirs"),
        answer(412, &[], ""),
    ]);
    let client = Client::new(script.clone(), backoff);
    let update = client.update(&uri("/a"), |_: &String| mine()).await;
    assert!(
        matches!(
            update,
            Err(UpdateError::TooManyConflicts { attempts: 6, .. })
        ),
        "{update:?}"
    );
    let waits = waits.lock().unwrap();
    assert_eq!(waits.len(), 5);
    let bounds = [ms(10), ms(40) + ms(20), ms(40), ms(40), ms(40)];
    for (attempt, (wait, bound)) in waits.iter().zip(bounds).enumerate() {
        assert!(*wait <= bound, "{attempt}: {wait:?}");
    }
    assert!(
        waits[1] >= ms(40),
        "Retry-After is bounded by the longest wait, and honoured"
    );
}

/// The new value is made of the state that is there, each time.
#[tokio::test]
async fn update_applies_the_change_to_fresh_state() {
    let script = Script::new([
        tagged("\"1\"", "a"),
        answer(412, &[], ""),
        tagged("\"2\"", "b"),
        answer(204, &[("etag", "\"3\"")], ""),
    ]);
    let client = Client::new(script.clone(), no_waiting().attempts(2));
    let saved = client
        .update(&uri("/a"), |now: &String| format!("{now}!"))
        .await
        .unwrap();
    assert_eq!(saved.value(), "b!");
    // Nothing to change is no write.
    script.take_sent();
    let script = Script::new([tagged("\"1\"", "a")]);
    let kept = script
        .client()
        .update(&uri("/a"), |_: &String| None)
        .await
        .unwrap();
    assert_eq!(
        (kept.value().as_str(), script.take_in_short().len()),
        ("a", 1)
    );
}

/// Where the server ignores the headers, the probe itself overwrites: so it stops at what exists.
#[tokio::test]
async fn enforcement_is_looked_for_on_a_scratch_resource_alone() {
    let created = || answer(201, &[("etag", "\"1\"")], "");
    let find = async |replies: Vec<Reply>| {
        let script = Script::new(replies);
        let found = script
            .client()
            .check_enforcement(&uri("/scratch"), mine())
            .await;
        (found, script.take_in_short())
    };
    let absent = || answer(404, &[], "");
    let refused = || answer(412, &[], "");
    let here = || tagged("\"1\"", "mine");
    let gone = || answer(204, &[], "");
    for (answers, if_match, if_none_match) in [
        (
            vec![absent(), created(), refused(), refused(), here(), gone()],
            true,
            true,
        ),
        (
            vec![absent(), created(), gone(), gone(), here(), gone()],
            false,
            false,
        ),
        (
            vec![absent(), created(), gone(), refused(), here(), gone()],
            false,
            true,
        ),
    ] {
        let (found, sent) = find(answers).await;
        let Enforcement {
            if_match: by_match,
            if_none_match: by_none,
            ..
        } = found.unwrap();
        assert_eq!((by_match, by_none), (if_match, if_none_match));
        assert_eq!(sent.last().unwrap(), "DELETE /scratch if-match: \"1\"");
    }
    let (found, sent) = find(vec![here()]).await;
    assert!(matches!(found, Err(Error::ScratchExists)), "{found:?}");
    assert_eq!(sent, ["GET /scratch"]);
}
