//! Whatever a server sends is read without a panic, and what is done to a tag is recognised whatever the tag is.

use http::{HeaderMap, HeaderName, HeaderValue};
use proptest::prelude::*;

use tower_conditional_doctor::edge::{Rewrite, Shown, made_of_file, recognise};

/// Bytes that are near to a tag: quotes, `W/`, separators and codings are frequent.
fn nearly_a_tag() -> impl Strategy<Value = Vec<u8>> {
    let part = prop_oneof![
        Just(b"\"".to_vec()),
        Just(b"W/".to_vec()),
        Just(b"-gzip".to_vec()),
        Just(b"--".to_vec()),
        Just(b"65f0a1b2-1f4".to_vec()),
        proptest::collection::vec(any::<u8>(), 0..4),
    ];
    proptest::collection::vec(part, 0..6).prop_map(|parts| parts.concat())
}

/// The characters of a tag (RFC 9110, section 8.8.3), without those that a suffix is made of.
fn opaque() -> impl Strategy<Value = Vec<u8>> {
    let letter = prop_oneof![
        Just(0x21_u8),
        0x23..=0x2a_u8,
        b'0'..=b'9',
        b'A'..=b'Z',
        0x80..=0xff_u8
    ];
    proptest::collection::vec(letter, 0..40)
}

fn field(parts: &[&[u8]]) -> Vec<u8> {
    parts.concat()
}

proptest! {
    #[test]
    fn nothing_panics(origin in nearly_a_tag(), edge in nearly_a_tag()) {
        let rewrite = Rewrite::between(Some(&origin), Some(&edge));
        prop_assert_eq!(rewrite == Rewrite::Kept, origin == edge);
        // A tag is what it was, and nothing else that is done to it is undone by the same.
        prop_assert_eq!(Rewrite::between(Some(&edge), Some(&edge)), Rewrite::Kept);
        let closest = Rewrite::of_any(&[Some(&origin), Some(&edge), None], Some(&edge));
        prop_assert_eq!(closest, Rewrite::Kept);
        let shown = Shown(Some(&edge)).to_string();
        prop_assert!(shown.chars().all(|c| !c.is_control()), "{:?}", shown);
        let _ = made_of_file(&edge);
    }

    #[test]
    fn each_rewrite_of_any_tag_is_recognised(inside in opaque(), coding in "(gzip|br|zstd|deflate)") {
        let strong = field(&[b"\"", &inside, b"\""]);
        let suffix = format!("-{coding}");
        for (edge, expected) in [
            (field(&[b"W/", &strong]), Rewrite::Weakened),
            (field(&[b"\"", &inside, suffix.as_bytes(), b"\""]), Rewrite::Suffixed(&suffix)),
            (
                field(&[b"W/\"", &inside, suffix.as_bytes(), b"\""]),
                Rewrite::SuffixedAndWeakened(&suffix),
            ),
        ] {
            prop_assert_eq!(Rewrite::between(Some(&strong), Some(&edge)), expected);
        }
        prop_assert_eq!(Rewrite::between(Some(&strong), None), Rewrite::Removed);
        let weak = field(&[b"W/", &strong]);
        prop_assert_eq!(Rewrite::between(Some(&weak), Some(&strong)), Rewrite::Strengthened);
    }

    #[test]
    fn any_field_shows_at_most_one_line(value in proptest::collection::vec(any::<u8>(), 0..200)) {
        let Ok(value) = HeaderValue::from_bytes(&value) else { return Ok(()) };
        for name in ["server", "via", "cf-ray", "x-served-by"] {
            let mut edge = HeaderMap::new();
            edge.insert(HeaderName::from_static(name), value.clone());
            for known in recognise(&edge, &HeaderMap::new()) {
                prop_assert!(known.evidence.chars().all(|c| !c.is_control()));
            }
            prop_assert_eq!(recognise(&edge, &edge), []);
        }
    }
}
