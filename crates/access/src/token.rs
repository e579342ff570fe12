//! Random tokens: the holder keeps the text, the database its hash only.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use linli_kernel::Ids;
use sha2::{Digest, Sha256};

/// 256 random bits as 43 characters.
pub(crate) fn make(ids: &Ids) -> String {
    URL_SAFE_NO_PAD.encode(ids.bytes::<32>())
}

/// What the database keeps. A token has 256 random bits, so a plain hash is enough.
pub(crate) fn hash(token: &str) -> Vec<u8> {
    Sha256::digest(token.as_bytes()).to_vec()
}

/// `groups` groups of `size` letters and digits that are not mistaken for each other, joined by `-`.
pub(crate) fn readable(ids: &Ids, groups: usize, size: usize) -> String {
    const LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
    let group = || -> String {
        // 32 letters divide 256 evenly: every letter is as likely as another.
        ids.bytes::<16>().iter().take(size).map(|b| char::from(LETTERS[usize::from(b % 32)])).collect()
    };
    (0..groups).map(|_| group()).collect::<Vec<_>>().join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes() {
        let ids = Ids::seeded(1);
        assert_eq!(make(&ids).len(), 43);
        assert_ne!(make(&ids), make(&ids));
        let words = readable(&ids, 4, 4);
        assert_eq!(words.split('-').map(str::len).collect::<Vec<_>>(), [4, 4, 4, 4]);
    }
}
