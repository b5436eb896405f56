//! Section 8.8.1: the tag depends on the content and on nothing else.

use bytes::Bytes;
use futures_util::FutureExt;
use proptest::prelude::*;
use tower_conditional::BodyHash;

use crate::support::{Scripted, Size, Step, data_of, frames, hashed, tag};

/// The content cut at these places (fractions of its length), with pauses in between.
fn cut(content: &[u8], cuts: &[f64], waits: bool) -> Vec<Step> {
    let mut at: Vec<usize> = cuts
        .iter()
        .map(|cut| (cut * content.len() as f64) as usize)
        .collect();
    at.extend([0, content.len()]);
    at.sort_unstable();
    let pieces = at.windows(2).map(|piece| &content[piece[0]..piece[1]]);
    let steps = pieces.flat_map(|piece| {
        let pause = waits.then_some(Step::Wait);
        pause
            .into_iter()
            .chain([Step::Data(Bytes::copy_from_slice(piece))])
    });
    steps.collect()
}

/// The tag of a body, and the body as it arrived.
fn tag_and_content(source: BodyHash, fields: &[(&str, &str)], body: Scripted) -> (String, Vec<u8>) {
    let fetch = async {
        let response = hashed(source, fields, body).await;
        let tag = tag(&response).expect("a tag").to_owned();
        (tag, data_of(&frames(response.into_body()).await))
    };
    tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("a runtime")
        .block_on(fetch)
}

fn tag_of(fields: &[(&str, &str)], content: &[u8]) -> String {
    let body = Scripted::pieces(Size::Known, [content.to_vec()]);
    tag_and_content(BodyHash::strong(), fields, body).0
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_chunking_has_the_same_tag(
        content in prop::collection::vec(any::<u8>(), 0..2000),
        cuts in prop::collection::vec(0.0..1.0, 0..20),
        waits: bool,
        known: bool,
    ) {
        let size = if known { Size::Known } else { Size::Unknown };
        let body = Scripted::new(size, cut(&content, &cuts, waits));
        let (tag, arrived) = tag_and_content(BodyHash::strong().collect_streams(), &[], body);
        prop_assert_eq!(tag, tag_of(&[], &content));
        prop_assert_eq!(arrived, content);
    }

    #[test]
    fn a_changed_byte_changes_the_tag(
        content in prop::collection::vec(any::<u8>(), 1..500),
        at: prop::sample::Index,
        change in 1_u8..,
    ) {
        let mut changed = content.clone();
        changed[at.index(content.len())] ^= change;
        prop_assert_ne!(tag_of(&[], &content), tag_of(&[], &changed));
    }

    /// Section 8.8.1: equal bytes under other metadata are another representation.
    #[test]
    fn another_type_coding_or_language_changes_the_tag(
        content in prop::collection::vec(any::<u8>(), 0..100),
        name in prop::sample::select(vec!["content-type", "content-encoding", "content-language"]),
        value in "[a-z]{1,8}",
        other in "[A-Z]{1,8}",
    ) {
        let with = tag_of(&[(name, &value)], &content);
        prop_assert_ne!(&with, &tag_of(&[(name, &other)], &content));
        prop_assert_ne!(&with, &tag_of(&[], &content));
    }

    /// Section 8.8.3: generated tags keep to a small alphabet.
    #[test]
    fn a_generated_tag_is_short_and_plain(content in prop::collection::vec(any::<u8>(), 0..100)) {
        let tag = tag_of(&[], &content);
        let opaque = tag.trim_matches('"');
        prop_assert_eq!(opaque.len(), 22);
        prop_assert!(opaque.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)));
    }
}

#[test]
fn moving_bytes_between_fields_and_body_changes_the_tag() {
    let tags = [
        tag_of(&[("content-type", "ab")], b"c"),
        tag_of(&[("content-type", "a")], b"bc"),
        tag_of(&[("content-encoding", "ab")], b"c"),
        tag_of(&[], b"abc"),
    ];
    for (at, one) in tags.iter().enumerate() {
        assert!(!tags[at + 1..].contains(one), "{tags:?}");
    }
}

/// The longest poll is measured in bytes: a large frame is hashed in turns of 256 KiB.
#[test]
fn hashing_gives_others_a_turn() {
    const TURN: usize = 256 * 1024;
    for (length, turns) in [(TURN, 0), (TURN + 1, 1), (4 * TURN, 3)] {
        let body = Scripted::pieces(Size::Known, [vec![7; length]]);
        let mut response = Box::pin(hashed(BodyHash::strong(), &[], body));
        let mut pending = 0;
        while response.as_mut().now_or_never().is_none() {
            pending += 1;
        }
        assert_eq!(pending, turns, "{length} bytes");
    }
}
