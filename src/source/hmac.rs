//! HMAC-SHA-256 ([RFC 2104]) for keyed tags.
//!
//! [RFC 2104]: https://www.rfc-editor.org/rfc/rfc2104

use sha2::{Digest, Sha256};

use super::ContentDigest;
use super::body_hash::first_half;

/// Returns the key.
///
/// # Panics
///
/// If the key is empty.
#[track_caller]
pub(super) fn not_empty(key: &[u8]) -> &[u8] {
    assert!(!key.is_empty(), "the key of a keyed tag must not be empty");
    key
}

/// The digest of a keyed tag.
pub(super) struct HmacSha256 {
    inner: Sha256,
    outer: Sha256,
}

const BLOCK: usize = 64;

impl HmacSha256 {
    pub(super) fn new(key: &[u8]) -> Self {
        let mut block = [0; BLOCK];
        if key.len() > BLOCK {
            block[..32].copy_from_slice(&Sha256::digest(key));
        } else {
            block[..key.len()].copy_from_slice(key);
        }
        let padded = |pad: u8| Sha256::new().chain_update(block.map(|byte| byte ^ pad));
        Self {
            inner: padded(0x36),
            outer: padded(0x5C),
        }
    }

    fn finalize(self) -> [u8; 32] {
        self.outer
            .chain_update(self.inner.finalize())
            .finalize()
            .into()
    }
}

impl ContentDigest for HmacSha256 {
    fn update(&mut self, bytes: &[u8]) {
        self.inner.update(bytes);
    }

    fn finish(self: Box<Self>) -> [u8; 16] {
        first_half(self.finalize())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hmac(key: &[u8], data: &[u8]) -> String {
        let mut hmac = HmacSha256::new(key);
        hmac.update(data);
        hmac.finalize()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect()
    }

    /// RFC 4231, test cases 1, 2 and 6.
    #[test]
    fn agrees_with_the_test_vectors_of_rfc_4231() {
        assert_eq!(
            hmac(&[0x0b; 20], b"Hi There"),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
        );
        assert_eq!(
            hmac(b"Jefe", b"what do ya want for nothing?"),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
        assert_eq!(
            hmac(
                &[0xaa; 131],
                b"Test Using Larger Than Block-Size Key - Hash Key First"
            ),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
        );
    }
}
