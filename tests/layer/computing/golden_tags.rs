//! The tag must stay the same in every release: the first 16 bytes of a SHA-256 over the bytes, content type, content
//! encoding, content language and the length. A change here is a breaking change. These were made by another program:
//!
//! ```python
//! import base64, hashlib, hmac, struct
//!
//! def tag(fields, body, key=None):
//!     data = body
//!     for name in ("content-type", "content-encoding", "content-language"):
//!         lines = [value for field, value in fields if field == name]
//!         data += struct.pack(">I", len(lines))
//!         data += b"".join(struct.pack(">I", len(line)) + line for line in lines)
//!     data += struct.pack(">Q", len(body))
//!     digest = hmac.digest(key, data, "sha256") if key else hashlib.sha256(data).digest()
//!     return base64.urlsafe_b64encode(digest[:16]).decode().rstrip("=")
//! ```

use std::sync::{Arc, Mutex};

use http::{HeaderValue, Response};
use http_body_util::Full;
use tower_conditional::source::ContentDigest;
use tower_conditional::{BodyHash, EntityTag, Epoch};

use crate::support::{get, tag, through};

/// The fields of a response, its body, and the tag.
type Golden = (
    &'static [(&'static str, &'static [u8])],
    &'static [u8],
    &'static str,
);

const GOLDEN: [Golden; 9] = [
    (&[], b"", "3kfJsn640wDbtfLDU-Yyww"),
    (&[], b"hello", "Nf74R-5Z8eoDvwY3T3otXg"),
    (
        &[("content-type", b"text/plain")],
        b"hello",
        "iWczZefxES_iBWwuUygQGQ",
    ),
    (
        &[("content-type", b"application/json")],
        b"{\"a\":1}",
        "gT0WhmKI0zxiDo3qIZJYIQ",
    ),
    (
        &[
            ("content-type", b"text/plain"),
            ("content-encoding", b"gzip"),
        ],
        b"hello",
        "jMJONlV4zVVzXjmSGrG57A",
    ),
    (
        &[("content-type", b"text/plain"), ("content-language", b"de")],
        b"hello",
        "UqXISdZEsvwoncRBlPu-AA",
    ),
    // Two lines and one line with two members have different tags: the fields are hashed as they are.
    (
        &[
            ("content-type", b"text/plain"),
            ("content-language", b"de"),
            ("content-language", b"en"),
        ],
        b"hello",
        "pcQ6fjrkFy_aZSaNV1RiAQ",
    ),
    (
        &[
            ("content-type", b"text/plain"),
            ("content-language", b"de, en"),
        ],
        b"hello",
        "FnmdLk-ibmlmPtY8_4e2PQ",
    ),
    // No other field takes part (section 8.8.1).
    (
        &[
            ("content-type", b"text/plain"),
            ("x-request-id", b"17"),
            ("cache-control", b"no-cache"),
        ],
        b"hello",
        "iWczZefxES_iBWwuUygQGQ",
    ),
];

async fn tag_of(source: BodyHash, fields: &[(&'static str, &[u8])], body: Vec<u8>) -> String {
    let fields: Vec<_> = fields
        .iter()
        .map(|(name, value)| (*name, HeaderValue::from_bytes(value).unwrap()))
        .collect();
    let response = through(source, get(&[]), move |_| {
        let mut response = Response::new(Full::from(body.clone()));
        for (name, value) in &fields {
            response.headers_mut().append(*name, value.clone());
        }
        response
    })
    .await;
    tag(&response).expect("a tag").to_owned()
}

#[tokio::test]
async fn tags_are_what_they_have_always_been() {
    for (fields, body, expected) in GOLDEN {
        let tag = tag_of(BodyHash::strong(), fields, body.to_vec()).await;
        assert_eq!(tag, format!("\"{expected}\""), "{fields:?}");
    }
}

/// Without a response around them: the first 16 bytes of `sha256sum`, in base64url.
#[test]
fn tags_of_bytes_are_what_they_have_always_been() {
    let all: Vec<u8> = (0..=255).collect();
    for (bytes, expected) in [
        (&b""[..], "47DEQpj8HBSa-_TImW-5JA"),
        (b"hello", "LPJNul-wow4m6Dsqxbning"),
        (&all, "QK_y6dLYki5Hr9RkjmlnSQ"),
    ] {
        let tag = EntityTag::of_bytes(bytes);
        assert_eq!(tag.to_str(), Some(&*format!("\"{expected}\"")));
        assert_eq!(tag.key(), Some(expected));
    }
}

#[tokio::test]
async fn every_byte_is_hashed() {
    let bytes = (0..=255).collect();
    let tag = tag_of(BodyHash::strong(), &[("content-type", b"caf\xe9/x")], bytes).await;
    assert_eq!(tag, "\"CDBQw3vVj2WAXCapv6ymmg\"");
}

#[tokio::test]
async fn a_body_at_the_limit_is_hashed() {
    let mebibyte = (0_u32..1024 * 1024).map(|at| (at % 251) as u8).collect();
    let octet_stream = ("content-type", &b"application/octet-stream"[..]);
    let tag = tag_of(BodyHash::strong(), &[octet_stream], mebibyte).await;
    assert_eq!(tag, "\"TNfUmt3hEp0KRyjOHP4fYg\"");
}

#[tokio::test]
async fn weakness_and_epoch_are_written_around_the_digest_and_not_hashed() {
    const RELEASE: Epoch = Epoch::new("r7");
    let text = [("content-type", &b"text/plain"[..])];
    #[rustfmt::skip]
    let table = [
        (BodyHash::weak(), "W/\"iWczZefxES_iBWwuUygQGQ\""),
        (BodyHash::strong().epoch(RELEASE), "\"r7.iWczZefxES_iBWwuUygQGQ\""),
        (BodyHash::weak().epoch(RELEASE), "W/\"r7.iWczZefxES_iBWwuUygQGQ\""),
    ];
    for (source, expected) in table {
        assert_eq!(tag_of(source, &text, b"hello".to_vec()).await, expected);
    }
}

/// Who does not know the key cannot compute the tag of a guess.
#[tokio::test]
async fn a_key_makes_it_hmac_sha_256() {
    let text = [("content-type", &b"text/plain"[..])];
    #[rustfmt::skip]
    let table = [
        (BodyHash::strong().key("secret"), "\"Qeyly7ZLtsIxIoQia2ApJw\""),
        (BodyHash::strong().key([b'k'; 131]), "\"slElcNEfAYWlxvoqAwcOZQ\""),
    ];
    for (source, expected) in table {
        assert_eq!(tag_of(source, &text, b"hello".to_vec()).await, expected);
    }
}

#[tokio::test]
async fn another_digest_takes_the_place_of_sha_256() {
    struct LengthOnly(u64);
    impl ContentDigest for LengthOnly {
        fn update(&mut self, bytes: &[u8]) {
            self.0 += bytes.len() as u64;
        }
        fn finish(self: Box<Self>) -> [u8; 16] {
            u128::from(self.0).to_be_bytes()
        }
    }
    let source = BodyHash::strong().digest(|| LengthOnly(0));
    // The body, three line counts of four bytes, and its length in eight.
    assert_eq!(
        tag_of(source, &[], b"hello".to_vec()).await,
        "\"AAAAAAAAAAAAAAAAAAAAGQ\""
    );
}

/// A digest that works in aligned chunks keeps its speed: it gets the body first, and no byte before it.
#[tokio::test]
async fn a_digest_gets_the_body_first() {
    #[derive(Clone, Default)]
    struct Recording(Arc<Mutex<Vec<u8>>>);
    impl ContentDigest for Recording {
        fn update(&mut self, bytes: &[u8]) {
            self.0.lock().unwrap().extend_from_slice(bytes);
        }
        fn finish(self: Box<Self>) -> [u8; 16] {
            [0; 16]
        }
    }
    let recording = Recording::default();
    let source = BodyHash::strong().digest({
        let recording = recording.clone();
        move || recording.clone()
    });
    let fields = [
        ("content-language", &b"de"[..]),
        ("content-type", b"text/plain"),
    ];
    tag_of(source, &fields, b"hello".to_vec()).await;
    let expected =
        b"hello\0\0\0\x01\0\0\0\x0atext/plain\0\0\0\0\0\0\0\x01\0\0\0\x02de\0\0\0\0\0\0\0\x05";
    assert_eq!(*recording.0.lock().unwrap(), expected);
}
