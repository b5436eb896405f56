//! The layer that remembers: what is asked again, what is returned, what is forgotten.

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use tower::{Layer, ServiceExt};
use tower_conditional_client::{Client, InMemoryStore, ReadTag, Remember, RememberLayer, Store};

use crate::support::{Reply, Script, answer, no_waiting};

async fn ask(
    service: &Remember<Script>,
    method: Method,
    fields: &[(&str, &str)],
) -> (StatusCode, Response<()>, Bytes) {
    let mut request = Request::builder().method(method).uri("/a");
    for (name, value) in fields {
        request = request.header(*name, *value);
    }
    let request = request.body(Full::default()).unwrap();
    let (head, body) = service.clone().oneshot(request).await.unwrap().into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    (head.status, Response::from_parts(head, ()), body)
}

fn not_modified() -> Reply {
    answer(
        304,
        &[("etag", "\"1\""), ("cache-control", "max-age=9")],
        "",
    )
}

fn first() -> Reply {
    answer(
        200,
        &[
            ("etag", "\"1\""),
            ("cache-control", "max-age=1"),
            ("x-kept", "yes"),
        ],
        "text",
    )
}

#[tokio::test]
async fn the_second_read_is_a_304_on_the_wire() {
    let script = Script::new([
        first(),
        not_modified(),
        answer(200, &[("etag", "\"2\"")], "new"),
        not_modified(),
    ]);
    let service = RememberLayer::in_memory(10_000).layer(script.clone());
    let mut bodies = Vec::new();
    for _ in 0..3 {
        let (status, response, body) = ask(&service, Method::GET, &[]).await;
        assert_eq!(status, 200);
        bodies.push(body);
        if bodies.len() == 2 {
            // RFC 9111, section 3.2: the fields of the 304 win, and the others stay.
            assert_eq!(response.headers()["cache-control"], "max-age=9");
            assert_eq!(response.headers()["x-kept"], "yes");
        }
    }
    assert_eq!(bodies, ["text", "text", "new"]);
    let sent = [
        "GET /a",
        "GET /a if-none-match: \"1\"",
        "GET /a if-none-match: \"1\"",
    ];
    assert_eq!(script.take_in_short(), sent);
}

/// RFC 9111, section 4.3.4: a 304 with the tag of another representation does not refresh this one. A save with that tag would
/// overwrite what the caller has never seen.
#[tokio::test]
async fn a_304_with_another_validator_gives_the_body_no_other_one() {
    let dated = answer(
        200,
        &[("last-modified", "Wed, 01 Jan 2025 12:00:00 GMT")],
        "text",
    );
    let later = ("last-modified", "Wed, 01 Jan 2025 12:00:01 GMT");
    for (read, tag, other) in [
        (first(), Some("\"1\""), ("etag", "\"2\"")),
        (dated.clone(), None, ("etag", "\"2\"")),
        (dated, None, later),
    ] {
        let other = answer(304, &[other, ("x-kept", "no")], "");
        let script = Script::new([read.clone(), other, read]);
        let service = RememberLayer::in_memory(10_000).layer(script.clone());
        ask(&service, Method::GET, &[]).await;
        let (status, response, body) = ask(&service, Method::GET, &[]).await;
        let sent = response
            .headers()
            .get("etag")
            .map(|tag| tag.to_str().unwrap());
        assert_eq!((status.as_u16(), &body[..], sent), (200, &b"text"[..], tag));
        assert_ne!(
            response.headers().get("x-kept").map(|v| v.as_bytes()),
            Some(&b"no"[..])
        );
        ask(&service, Method::GET, &[]).await;
        assert_eq!(script.take_in_short()[2], "GET /a", "it is forgotten");
    }
}

/// A proxy weakens the tag of a 304: the tag of the body stays, so that it can still be sent in If-Match.
#[tokio::test]
async fn a_304_with_the_weakened_tag_leaves_the_strong_one() {
    let weakened = answer(
        304,
        &[("etag", "W/\"1\""), ("cache-control", "max-age=9")],
        "",
    );
    let script = Script::new([first(), weakened]);
    let service = RememberLayer::in_memory(10_000).layer(script.clone());
    ask(&service, Method::GET, &[]).await;
    let (_, response, body) = ask(&service, Method::GET, &[]).await;
    assert_eq!(body, "text");
    assert_eq!(response.headers()["etag"], "\"1\"");
    assert_eq!(response.headers()["cache-control"], "max-age=9");
}

/// A date is a validator, too.
#[tokio::test]
async fn a_date_is_asked_for_again() {
    const DATE: &str = "Wed, 01 Jan 2025 12:00:00 GMT";
    let dated = answer(200, &[("last-modified", DATE)], "text");
    let script = Script::new([dated, answer(304, &[], "")]);
    let service = RememberLayer::in_memory(10_000).layer(script.clone());
    ask(&service, Method::GET, &[]).await;
    assert_eq!(ask(&service, Method::GET, &[]).await.2, "text");
    assert_eq!(
        script.take_in_short()[1],
        format!("GET /a if-modified-since: {DATE}")
    );
}

/// What must not be remembered is asked for as if it were new.
#[tokio::test]
async fn what_is_not_remembered() {
    let long: &'static str = "x".repeat(2000).leak();
    for reply in [
        answer(200, &[], "no validator"),
        answer(
            200,
            &[("etag", "\"1\""), ("cache-control", "private, No-Store")],
            "text",
        ),
        answer(200, &[("etag", "\"1\""), ("vary", "*")], "text"),
        answer(404, &[("etag", "\"1\"")], "text"),
        answer(200, &[("etag", "\"1\"")], long),
    ] {
        let script = Script::new([reply.clone()]);
        let service = RememberLayer::in_memory(10_000)
            .largest(1000)
            .layer(script.clone());
        ask(&service, Method::GET, &[]).await;
        ask(&service, Method::GET, &[]).await;
        assert_eq!(script.take_in_short(), ["GET /a", "GET /a"], "{reply:?}");
    }
}

/// RFC 9111, section 4.1.
#[tokio::test]
async fn vary_tells_representations_apart() {
    let german = answer(
        200,
        &[("etag", "\"1\""), ("vary", "Accept-Language, x-other")],
        "hallo",
    );
    let script = Script::new([german, answer(200, &[("etag", "\"2\"")], "hello")]);
    let service = RememberLayer::in_memory(10_000).layer(script.clone());
    ask(&service, Method::GET, &[("accept-language", "de")]).await;
    ask(&service, Method::GET, &[("accept-language", "en")]).await;
    assert_eq!(script.take_in_short(), ["GET /a", "GET /a"]);
}

/// A caller that asks by itself gets the answer to what it has asked.
#[tokio::test]
async fn conditional_requests_of_the_caller_pass() {
    for field in [
        "if-none-match",
        "if-match",
        "if-modified-since",
        "if-unmodified-since",
        "range",
        "if-range",
    ] {
        let script = Script::new([first(), not_modified()]);
        let service = RememberLayer::in_memory(10_000).layer(script.clone());
        ask(&service, Method::GET, &[]).await;
        let (status, ..) = ask(&service, Method::GET, &[(field, "\"0\"")]).await;
        assert_eq!(status, 304, "{field}");
        assert!(!script.take_in_short()[1].contains("\"1\""), "{field}");
    }
}

/// A write makes what is remembered worthless, whatever its answer: the same 412 must not come for ever.
#[tokio::test]
async fn a_write_forgets() {
    for (status, method) in [
        (204, Method::PUT),
        (412, Method::PUT),
        (412, Method::DELETE),
        (500, Method::PATCH),
        (200, Method::POST),
    ] {
        let script = Script::new([first(), answer(status, &[], ""), first()]);
        let service = RememberLayer::in_memory(10_000).layer(script.clone());
        ask(&service, Method::GET, &[]).await;
        ask(&service, method.clone(), &[]).await;
        ask(&service, Method::GET, &[]).await;
        assert_eq!(script.take_in_short()[2], "GET /a", "{method} {status}");
    }
    let script = Script::new([first(), Reply::Lost, first()]);
    let service = RememberLayer::in_memory(10_000).layer(script.clone());
    ask(&service, Method::GET, &[]).await;
    let put = Request::put("/a").body(Full::default()).unwrap();
    assert!(service.clone().oneshot(put).await.is_err());
    ask(&service, Method::GET, &[]).await;
    assert_eq!(script.take_in_short()[2], "GET /a");
}

/// RFC 9111, section 4.4: the resources that the answer names, too.
#[tokio::test]
async fn a_write_forgets_what_its_answer_names() {
    for name in ["location", "content-location"] {
        let script = Script::new([first(), answer(201, &[(name, "/a")], ""), first()]);
        let service = RememberLayer::in_memory(10_000).layer(script.clone());
        ask(&service, Method::GET, &[]).await;
        let post = Request::post("/list").body(Full::default()).unwrap();
        service.clone().oneshot(post).await.unwrap();
        ask(&service, Method::GET, &[]).await;
        assert_eq!(script.take_in_short()[2], "GET /a", "{name}");
    }
}

/// The layer sends no tag by itself: it does not know what the caller's text was made from.
#[tokio::test]
async fn a_write_carries_the_tag_that_the_caller_hands_back() {
    let script = Script::new([first(), not_modified(), answer(204, &[], "")]);
    let service = RememberLayer::in_memory(10_000).layer(script.clone());
    ask(&service, Method::GET, &[]).await;
    let (_, remembered, _) = ask(&service, Method::GET, &[]).await;
    ask(&service, Method::PUT, &[]).await;
    let mut put = Request::put("/a").body(Full::default()).unwrap();
    put.extensions_mut()
        .insert(remembered.extensions().get::<ReadTag>().unwrap().clone());
    service.clone().oneshot(put).await.unwrap();
    let sent = script.take_in_short();
    assert_eq!(sent[2..], ["PUT /a", "PUT /a if-match: \"1\""]);
}

/// The typed calls over it: a read of what has not changed is a 304, a conflict reads afresh.
#[tokio::test]
async fn under_the_typed_client() {
    let script = Script::new([
        first(),
        not_modified(),
        answer(412, &[], ""),
        answer(200, &[("etag", "\"2\"")], "theirs"),
    ]);
    let client = Client::new(
        RememberLayer::in_memory(10_000).layer(script.clone()),
        no_waiting(),
    );
    let uri = "/a".parse().unwrap();
    client.read::<String>(&uri).await.unwrap();
    let seen = client.read::<String>(&uri).await.unwrap();
    assert_eq!(seen.value(), "text");
    client.save(seen, "mine".to_owned()).await.unwrap_err();
    let sent = [
        "GET /a",
        "GET /a if-none-match: \"1\"",
        "PUT /a if-match: \"1\"",
        "GET /a",
    ];
    assert_eq!(script.take_in_short(), sent);
}

/// A store that forgets between the question and the 304 does no harm.
#[tokio::test]
async fn a_store_that_forgets_does_no_harm() {
    struct Forgetful(InMemoryStore, std::sync::Mutex<bool>);
    impl Store for Forgetful {
        fn get(&self, uri: &str) -> Option<tower_conditional_client::Remembered> {
            let found = self.0.get(uri);
            self.0.remove(uri);
            *self.1.lock().unwrap() = found.is_some();
            found
        }

        fn put(&self, uri: &str, remembered: tower_conditional_client::Remembered) {
            self.0.put(uri, remembered);
        }

        fn remove(&self, uri: &str) {
            self.0.remove(uri);
        }
    }
    let script = Script::new([first(), not_modified()]);
    let store = Forgetful(InMemoryStore::new(10_000), std::sync::Mutex::default());
    let service = RememberLayer::new(store).layer(script.clone());
    ask(&service, Method::GET, &[]).await;
    for _ in 0..2 {
        let (status, _, body) = ask(&service, Method::GET, &[]).await;
        assert_eq!((status, &body[..]), (StatusCode::OK, &b"text"[..]));
    }
}
